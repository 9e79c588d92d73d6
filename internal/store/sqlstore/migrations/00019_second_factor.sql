-- +goose Up
-- Codes of a person's device (RFC 6238); sealed is the shared secret, last_step the last
-- step of 30 s whose code was taken.
CREATE TABLE second_factors (
    user_id   TEXT NOT NULL CONSTRAINT second_factors_user PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    tenant    TEXT NOT NULL,
    sealed    TEXT NOT NULL,
    confirmed BOOLEAN NOT NULL,
    last_step BIGINT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    tenant  TEXT NOT NULL,
    hash    TEXT NOT NULL,
    CONSTRAINT recovery_codes_hash PRIMARY KEY (user_id, hash)
);
-- Whose log-in needs a second factor: '' nobody's, admins, all.
ALTER TABLE tenants ADD COLUMN second_factor TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE tenants DROP COLUMN second_factor;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
