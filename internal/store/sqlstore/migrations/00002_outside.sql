-- +goose Up
-- Everything that vendors call by a number draws it from one counter, so that
-- no two things of the installation share one.
CREATE TABLE counters (
    name    TEXT NOT NULL CONSTRAINT counters_name PRIMARY KEY,
    next_n  BIGINT NOT NULL
);
INSERT INTO counters (name, next_n) VALUES ('serial', 1001);
INSERT INTO counters (name, next_n) VALUES ('delivery', 1);

ALTER TABLE users ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sounds ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE numbers ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;
ALTER TABLE extensions ADD COLUMN serial BIGINT NOT NULL DEFAULT 0;

UPDATE users SET serial = c.next_n + x.n - 1
FROM counters AS c, (SELECT id, ROW_NUMBER() OVER (ORDER BY created, id) AS n FROM users) AS x
WHERE c.name = 'serial' AND x.id = users.id;
UPDATE counters SET next_n = next_n + (SELECT COUNT(*) FROM users) WHERE name = 'serial';

UPDATE apps SET serial = c.next_n + x.n - 1
FROM counters AS c, (SELECT id, ROW_NUMBER() OVER (ORDER BY created, id) AS n FROM apps) AS x
WHERE c.name = 'serial' AND x.id = apps.id;
UPDATE counters SET next_n = next_n + (SELECT COUNT(*) FROM apps) WHERE name = 'serial';

UPDATE sounds SET serial = c.next_n + x.n - 1
FROM counters AS c, (SELECT id, ROW_NUMBER() OVER (ORDER BY created, ref, id) AS n FROM sounds) AS x
WHERE c.name = 'serial' AND x.id = sounds.id;
UPDATE counters SET next_n = next_n + (SELECT COUNT(*) FROM sounds) WHERE name = 'serial';

UPDATE numbers SET serial = c.next_n + x.n - 1
FROM counters AS c, (SELECT e164, ROW_NUMBER() OVER (ORDER BY created, e164) AS n FROM numbers) AS x
WHERE c.name = 'serial' AND x.e164 = numbers.e164;
UPDATE counters SET next_n = next_n + (SELECT COUNT(*) FROM numbers) WHERE name = 'serial';

UPDATE extensions SET serial = c.next_n + x.n - 1
FROM counters AS c, (SELECT username, ROW_NUMBER() OVER (ORDER BY created, tenant, number) AS n FROM extensions) AS x
WHERE c.name = 'serial' AND x.username = extensions.username;
UPDATE counters SET next_n = next_n + (SELECT COUNT(*) FROM extensions) WHERE name = 'serial';

CREATE UNIQUE INDEX users_serial ON users (serial);
CREATE UNIQUE INDEX apps_serial ON apps (serial);
CREATE UNIQUE INDEX sounds_serial ON sounds (serial);
CREATE UNIQUE INDEX numbers_serial ON numbers (serial);
CREATE UNIQUE INDEX extensions_serial ON extensions (serial);

CREATE TABLE resources (
    serial  BIGINT NOT NULL CONSTRAINT resources_serial PRIMARY KEY,
    tenant  TEXT NOT NULL REFERENCES tenants (id),
    kind    TEXT NOT NULL,
    name    TEXT,
    data    TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX resources_tenant_kind_name ON resources (tenant, kind, name);
CREATE INDEX resources_by_tenant ON resources (tenant, kind, serial);
CREATE INDEX resources_by_kind ON resources (kind, serial);

CREATE TABLE deliveries (
    id          TEXT NOT NULL CONSTRAINT deliveries_id PRIMARY KEY,
    tenant      TEXT NOT NULL,
    call        TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    endpoint    TEXT NOT NULL,
    purpose     TEXT NOT NULL,
    method      TEXT NOT NULL,
    url         TEXT NOT NULL,
    headers     TEXT NOT NULL,
    type        TEXT NOT NULL,
    body        TEXT NOT NULL,
    by_operator BOOLEAN NOT NULL,
    tries       BIGINT NOT NULL,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    words       TEXT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE UNIQUE INDEX deliveries_seq ON deliveries (seq);
CREATE INDEX deliveries_by_tenant ON deliveries (tenant, call, seq);
CREATE INDEX deliveries_queued ON deliveries (next_at) WHERE state = 'queued';
CREATE INDEX deliveries_waiting ON deliveries (call, endpoint, tenant, seq) WHERE state = 'queued';
CREATE INDEX deliveries_over ON deliveries (created) WHERE state <> 'queued';

CREATE TABLE access_tokens (
    hash    TEXT NOT NULL CONSTRAINT access_tokens_hash PRIMARY KEY,
    kind    TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    user_id TEXT NOT NULL,
    token   TEXT NOT NULL,
    name    TEXT NOT NULL,
    scopes  TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL
);
CREATE INDEX access_tokens_by_tenant ON access_tokens (tenant, kind, created);
CREATE INDEX access_tokens_by_token ON access_tokens (token);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires) WHERE expires > 0;

ALTER TABLE cdrs ADD COLUMN tag TEXT NOT NULL DEFAULT '';
ALTER TABLE cdrs ADD COLUMN order_ref TEXT NOT NULL DEFAULT '';
CREATE INDEX cdrs_by_order ON cdrs (tenant, order_ref) WHERE order_ref <> '';
