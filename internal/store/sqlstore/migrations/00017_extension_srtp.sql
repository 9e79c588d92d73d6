-- +goose Up
-- Whether media with an extension's telephones is secured: off, preferred (also empty) or
-- required.
ALTER TABLE extensions ADD COLUMN srtp TEXT NOT NULL DEFAULT '';
