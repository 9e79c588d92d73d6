-- +goose Up
-- What the flows of calls were told, for replays (replay.Tape, compressed, base64).
CREATE TABLE tapes (
    call    TEXT PRIMARY KEY,
    tenant  TEXT NOT NULL,
    started BIGINT NOT NULL,
    data    TEXT NOT NULL
);
CREATE INDEX tapes_started ON tapes (started);

-- +goose Down
DROP TABLE tapes;
