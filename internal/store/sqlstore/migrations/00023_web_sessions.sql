-- +goose Up
-- Log-ins at the web app (voice.WebSession); hash is the SHA-256 of the cookie's value.
CREATE TABLE web_sessions (
    id      TEXT NOT NULL CONSTRAINT web_sessions_id PRIMARY KEY,
    hash    TEXT NOT NULL CONSTRAINT web_sessions_hash UNIQUE,
    tenant  TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    seen    BIGINT NOT NULL,
    source  TEXT NOT NULL,
    agent   TEXT NOT NULL
);
CREATE INDEX web_sessions_by_user ON web_sessions (tenant, user_id, created);

-- +goose Down
DROP TABLE web_sessions;
