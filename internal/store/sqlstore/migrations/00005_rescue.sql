-- +goose Up
-- The app that goes on with callers whose flow can't, and the networks that the
-- operator lets an account's URLs lead to.
ALTER TABLE tenants ADD COLUMN rescue TEXT NOT NULL DEFAULT '';
ALTER TABLE tenants ADD COLUMN allow_nets TEXT NOT NULL DEFAULT '[]';
