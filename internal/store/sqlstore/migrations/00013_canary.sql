-- +goose Up
-- The document that a part of an app's callers gets already (voice.Canary as JSON);
-- '' = there is none.
ALTER TABLE apps ADD COLUMN canary TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE apps DROP COLUMN canary;
