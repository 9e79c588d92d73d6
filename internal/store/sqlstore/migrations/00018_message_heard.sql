-- +goose Up
-- When a voicemail message was first listened to or marked as heard; 0 = not yet.
ALTER TABLE messages ADD COLUMN heard BIGINT NOT NULL DEFAULT 0;
