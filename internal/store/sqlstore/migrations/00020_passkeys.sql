-- +goose Up
-- Public keys of people's authenticators (W3C Web Authentication); credential and
-- public_key are base64url, party is the host name that they were made for.
CREATE TABLE passkeys (
    id         TEXT NOT NULL CONSTRAINT passkeys_id PRIMARY KEY,
    tenant     TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    party      TEXT NOT NULL,
    credential TEXT NOT NULL CONSTRAINT passkeys_credential UNIQUE,
    public_key TEXT NOT NULL,
    transports TEXT NOT NULL,
    sign_count BIGINT NOT NULL,
    synced     BOOLEAN NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (tenant, user_id);

-- +goose Down
DROP TABLE passkeys;
