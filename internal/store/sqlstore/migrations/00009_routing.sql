-- +goose Up
-- The way to a phone that registered through proxies (RFC 3327), and of a trunk
-- its outbound proxy, its trust in identities (RFC 3325) and in redirections.
ALTER TABLE bindings ADD COLUMN path TEXT NOT NULL DEFAULT '[]';
ALTER TABLE trunks ADD COLUMN proxy TEXT NOT NULL DEFAULT '';
ALTER TABLE trunks ADD COLUMN identity BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE trunks ADD COLUMN redirects BOOLEAN NOT NULL DEFAULT FALSE;
