-- +goose Up
-- How a delivery is signed when it is sent, and what came of each attempt.
ALTER TABLE deliveries ADD COLUMN signature TEXT NOT NULL DEFAULT '';

CREATE TABLE delivery_attempts (
    delivery TEXT NOT NULL,
    n        BIGINT NOT NULL,
    tenant   TEXT NOT NULL,
    at       BIGINT NOT NULL,
    latency  BIGINT NOT NULL,
    status   BIGINT NOT NULL,
    headers  TEXT NOT NULL,
    signed   TEXT NOT NULL,
    answer   TEXT NOT NULL,
    words    TEXT NOT NULL,
    CONSTRAINT delivery_attempts_delivery_n PRIMARY KEY (delivery, n)
);
CREATE INDEX deliveries_by_state ON deliveries (tenant, state, seq);
CREATE INDEX deliveries_by_endpoint ON deliveries (tenant, endpoint, seq);
