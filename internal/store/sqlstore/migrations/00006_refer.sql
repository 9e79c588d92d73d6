-- +goose Up
-- Whether a trunk takes REFER, and may send it.
ALTER TABLE trunks ADD COLUMN refer BOOLEAN NOT NULL DEFAULT FALSE;
