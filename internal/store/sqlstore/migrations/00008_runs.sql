-- +goose Up
-- A row of events is a run: several events of one call that were stored
-- together, from seq to last, their array in data and no kind. A row of a kind
-- is one event in columns of its own, as all were before.
ALTER TABLE events ADD COLUMN last BIGINT NOT NULL DEFAULT 0;
