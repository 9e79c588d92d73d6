-- +goose Up
-- Why a call ended, of a closed list (voice.EndReason); '' = it is up, or ended before
-- reasons were kept.
ALTER TABLE cdrs ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE cdrs DROP COLUMN reason;
