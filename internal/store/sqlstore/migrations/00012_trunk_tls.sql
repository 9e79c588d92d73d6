-- +goose Up
-- TLS with trunks: whom a certificate has to name, who may have signed it, and ours
-- with its key, sealed.
ALTER TABLE trunks ADD COLUMN tls_name TEXT NOT NULL DEFAULT '';
ALTER TABLE trunks ADD COLUMN tls_ca TEXT NOT NULL DEFAULT '';
ALTER TABLE trunks ADD COLUMN tls_cert TEXT NOT NULL DEFAULT '';
ALTER TABLE trunks ADD COLUMN tls_key TEXT NOT NULL DEFAULT '';
