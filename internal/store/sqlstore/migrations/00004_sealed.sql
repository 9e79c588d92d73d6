-- +goose Up
-- The secret of a credential that signs what is sent, sealed; '' = it is not kept.
ALTER TABLE tokens ADD COLUMN sealed TEXT NOT NULL DEFAULT '';
