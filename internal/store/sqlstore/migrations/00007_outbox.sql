-- +goose Up
-- What the outbox looks at: of each call and endpoint the delivery whose turn it
-- is, and of each endpoint where any waits when to look there.
ALTER TABLE deliveries ADD COLUMN head BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE deliveries SET head = TRUE WHERE state = 'queued' AND NOT EXISTS (
    SELECT 1 FROM deliveries AS e
    WHERE e.state = 'queued' AND e.call = deliveries.call AND e.endpoint = deliveries.endpoint AND e.tenant = deliveries.tenant
        AND e.seq < deliveries.seq);
CREATE INDEX deliveries_heads ON deliveries (tenant, endpoint, next_at, seq) WHERE head;
DROP INDEX deliveries_queued;

CREATE TABLE outbox (
    tenant   TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    next_at  BIGINT NOT NULL,
    failing  BOOLEAN NOT NULL,
    held     BIGINT NOT NULL,
    CONSTRAINT outbox_endpoint PRIMARY KEY (tenant, endpoint)
);
INSERT INTO outbox (tenant, endpoint, next_at, failing, held)
    SELECT tenant, endpoint, MIN(next_at), FALSE, 0 FROM deliveries WHERE head GROUP BY tenant, endpoint;
CREATE INDEX outbox_due ON outbox (tenant, failing, next_at);
