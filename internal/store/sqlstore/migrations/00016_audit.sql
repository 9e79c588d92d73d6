-- +goose Up
-- Who did what (voice.AuditEntry); rows are only added, and removed by age and number.
CREATE TABLE audit (
    id         TEXT NOT NULL CONSTRAINT audit_id PRIMARY KEY,
    tenant     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    actor      TEXT NOT NULL,
    via        TEXT NOT NULL,
    source     TEXT NOT NULL,
    action     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    object     TEXT NOT NULL,
    name       TEXT NOT NULL,
    changes    TEXT NOT NULL,
    search     TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (tenant, at, id);
CREATE INDEX audit_by_age ON audit (at);

-- +goose Down
DROP TABLE audit;
