-- The same text runs on SQLite and PostgreSQL. Times and lengths are BIGINT
-- microseconds (0 = never), ids are text, lists and small structures are JSON
-- in text. A unique index is called table_column_column, so that both
-- databases name a clash alike.

-- +goose Up
CREATE TABLE revision (
    id INTEGER NOT NULL CONSTRAINT revision_id PRIMARY KEY,
    n  BIGINT NOT NULL
);
INSERT INTO revision (id, n) VALUES (1, 1);

CREATE TABLE settings (
    name  TEXT NOT NULL CONSTRAINT settings_name PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE tenants (
    id       TEXT NOT NULL CONSTRAINT tenants_id PRIMARY KEY,
    name     TEXT NOT NULL,
    language TEXT NOT NULL,
    timezone TEXT NOT NULL,
    country  TEXT NOT NULL,
    currency TEXT NOT NULL,
    limits   TEXT NOT NULL,
    created  BIGINT NOT NULL
);

CREATE TABLE users (
    id         TEXT NOT NULL CONSTRAINT users_id PRIMARY KEY,
    tenant     TEXT NOT NULL REFERENCES tenants (id),
    first_name TEXT NOT NULL,
    last_name  TEXT NOT NULL,
    email      TEXT NOT NULL,
    email_key  TEXT,
    role       TEXT NOT NULL,
    extension  TEXT,
    location   TEXT NOT NULL,
    phones     TEXT NOT NULL,
    incoming   TEXT NOT NULL,
    show_id    TEXT NOT NULL,
    created    BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (email_key);
CREATE UNIQUE INDEX users_tenant_extension ON users (tenant, extension);

CREATE TABLE tokens (
    id       TEXT NOT NULL CONSTRAINT tokens_id PRIMARY KEY,
    tenant   TEXT NOT NULL,
    user_id  TEXT NOT NULL,
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL,
    hash     TEXT NOT NULL,
    scopes   TEXT NOT NULL,
    created  BIGINT NOT NULL,
    expires  BIGINT NOT NULL,
    used     BIGINT NOT NULL
);
CREATE UNIQUE INDEX tokens_kind_name_key ON tokens (kind, name_key);
CREATE INDEX tokens_by_tenant ON tokens (tenant, created);

CREATE TABLE refresh_families (
    id      TEXT NOT NULL CONSTRAINT refresh_families_id PRIMARY KEY,
    tenant  TEXT NOT NULL,
    user_id TEXT NOT NULL,
    token   TEXT NOT NULL,
    current TEXT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BOOLEAN NOT NULL
);
CREATE INDEX refresh_families_by_token ON refresh_families (token);
CREATE INDEX refresh_families_by_expiry ON refresh_families (expires);

CREATE TABLE links (
    hash    TEXT NOT NULL CONSTRAINT links_hash PRIMARY KEY,
    purpose TEXT NOT NULL,
    tenant  TEXT NOT NULL,
    user_id TEXT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE apps (
    id        TEXT NOT NULL CONSTRAINT apps_id PRIMARY KEY,
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    kind      TEXT NOT NULL,
    type      TEXT NOT NULL,
    name      TEXT NOT NULL,
    shortcode TEXT NOT NULL,
    standing  BOOLEAN NOT NULL,
    document  TEXT NOT NULL,
    version   BIGINT NOT NULL,
    created   BIGINT NOT NULL,
    updated   BIGINT NOT NULL
);
CREATE INDEX apps_by_tenant ON apps (tenant, created);

CREATE TABLE sounds (
    id        TEXT NOT NULL CONSTRAINT sounds_id PRIMARY KEY,
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    app       TEXT NOT NULL,
    name      TEXT NOT NULL,
    standard  TEXT NOT NULL,
    ref       TEXT NOT NULL,
    source    TEXT NOT NULL,
    file_name TEXT NOT NULL,
    blob_key  TEXT NOT NULL,
    size      BIGINT NOT NULL,
    duration  BIGINT NOT NULL,
    text      TEXT NOT NULL,
    voice     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    updated   BIGINT NOT NULL
);
CREATE INDEX sounds_by_tenant ON sounds (tenant, app);

CREATE TABLE numbers (
    e164      TEXT NOT NULL CONSTRAINT numbers_e164 PRIMARY KEY,
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    dest_kind TEXT NOT NULL,
    dest_id   TEXT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE INDEX numbers_by_tenant ON numbers (tenant);

CREATE TABLE extensions (
    tenant     TEXT NOT NULL REFERENCES tenants (id),
    number     TEXT NOT NULL,
    username   TEXT NOT NULL,
    realm      TEXT NOT NULL,
    ha1_md5    TEXT NOT NULL,
    ha1_sha256 TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    created    BIGINT NOT NULL,
    CONSTRAINT extensions_tenant_number PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX extensions_username ON extensions (username);

CREATE TABLE bindings (
    tenant     TEXT NOT NULL,
    extension  TEXT NOT NULL,
    contact    TEXT NOT NULL,
    source     TEXT NOT NULL,
    transport  TEXT NOT NULL,
    call_id    TEXT NOT NULL,
    cseq       BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    expires    BIGINT NOT NULL,
    CONSTRAINT bindings_tenant_extension_contact PRIMARY KEY (tenant, extension, contact),
    FOREIGN KEY (tenant, extension) REFERENCES extensions (tenant, number) ON DELETE CASCADE
);

CREATE TABLE trunks (
    id        TEXT NOT NULL CONSTRAINT trunks_id PRIMARY KEY,
    tenant    TEXT NOT NULL REFERENCES tenants (id),
    name      TEXT NOT NULL,
    host      TEXT NOT NULL,
    transport TEXT NOT NULL,
    username  TEXT NOT NULL,
    sealed    TEXT NOT NULL,
    register  BOOLEAN NOT NULL,
    priority  BIGINT NOT NULL,
    prefixes  TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE UNIQUE INDEX trunks_tenant_name ON trunks (tenant, name);

CREATE TABLE cdrs (
    call      TEXT NOT NULL CONSTRAINT cdrs_call PRIMARY KEY,
    tenant    TEXT NOT NULL,
    direction TEXT NOT NULL,
    from_addr TEXT NOT NULL,
    from_name TEXT NOT NULL,
    to_addr   TEXT NOT NULL,
    app       TEXT NOT NULL,
    started   BIGINT NOT NULL,
    answered  BIGINT NOT NULL,
    ended     BIGINT NOT NULL,
    cause     TEXT NOT NULL,
    words     TEXT NOT NULL,
    legs      TEXT NOT NULL
);
CREATE INDEX cdrs_by_tenant ON cdrs (tenant, started, call);
CREATE INDEX cdrs_by_start ON cdrs (started, call);
CREATE INDEX cdrs_open ON cdrs (started) WHERE ended = 0;

CREATE TABLE events (
    call       TEXT NOT NULL,
    seq        BIGINT NOT NULL,
    tenant     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    leg        TEXT NOT NULL,
    origin_app TEXT NOT NULL,
    pointer    TEXT NOT NULL,
    text       TEXT NOT NULL,
    data       TEXT NOT NULL,
    CONSTRAINT events_call_seq PRIMARY KEY (call, seq)
);

CREATE TABLE recordings (
    id        TEXT NOT NULL CONSTRAINT recordings_id PRIMARY KEY,
    tenant    TEXT NOT NULL,
    call      TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    purpose   TEXT NOT NULL,
    state     TEXT NOT NULL,
    blob_key  TEXT NOT NULL,
    size      BIGINT NOT NULL,
    sha256    TEXT NOT NULL,
    duration  BIGINT NOT NULL,
    channels  BIGINT NOT NULL,
    from_addr TEXT NOT NULL,
    to_addr   TEXT NOT NULL,
    words     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    ended     BIGINT NOT NULL
);
CREATE INDEX recordings_by_tenant ON recordings (tenant, created, id);
CREATE INDEX recordings_by_call ON recordings (call);
CREATE INDEX recordings_active ON recordings (created) WHERE state = 'recording';

CREATE TABLE messages (
    id        TEXT NOT NULL CONSTRAINT messages_id PRIMARY KEY,
    tenant    TEXT NOT NULL,
    app       TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    call      TEXT NOT NULL,
    recording TEXT NOT NULL,
    from_addr TEXT NOT NULL,
    from_name TEXT NOT NULL,
    to_addr   TEXT NOT NULL,
    duration  BIGINT NOT NULL,
    state     TEXT NOT NULL,
    words     TEXT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE INDEX messages_by_tenant ON messages (tenant, created, id);

CREATE TABLE mails (
    id         TEXT NOT NULL CONSTRAINT mails_id PRIMARY KEY,
    tenant     TEXT NOT NULL,
    message    TEXT NOT NULL,
    call       TEXT NOT NULL,
    to_addr    TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    attachment TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    state      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    words      TEXT NOT NULL,
    created    BIGINT NOT NULL
);
CREATE INDEX mails_by_message ON mails (message);
CREATE INDEX mails_queued ON mails (next_at) WHERE state = 'queued';
