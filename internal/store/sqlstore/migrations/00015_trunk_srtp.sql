-- +goose Up
-- Whether media with a trunk is secured by keys in the signalling: off, preferred (also
-- empty) or required.
ALTER TABLE trunks ADD COLUMN srtp TEXT NOT NULL DEFAULT '';
