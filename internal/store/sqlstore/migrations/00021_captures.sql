-- +goose Up
-- Packets of calls (voice.Capture), in files of the blob store.
CREATE TABLE captures (
    id       TEXT NOT NULL CONSTRAINT captures_id PRIMARY KEY,
    tenant   TEXT NOT NULL,
    call     TEXT NOT NULL,
    state    TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    size     BIGINT NOT NULL,
    sha256   TEXT NOT NULL,
    packets  BIGINT NOT NULL,
    lost     BIGINT NOT NULL,
    words    TEXT NOT NULL,
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL
);
CREATE INDEX captures_by_tenant ON captures (tenant, created, id);
CREATE INDEX captures_by_call ON captures (call);
CREATE INDEX captures_by_age ON captures (created, id);
-- Whether the packets of each call are captured.
ALTER TABLE tenants ADD COLUMN capture_calls BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE tenants DROP COLUMN capture_calls;
DROP TABLE captures;
