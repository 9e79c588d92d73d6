#!/bin/sh
# Formatting, vet, and every test, against SQLite and a temporary PostgreSQL.
# Arguments go to go test: scripts/test.sh -run Menu ./internal/...
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { printf 'not formatted (run make fmt):\n%s\n' "$unformatted" >&2; exit 1; }
go vet ./...
[ $# -gt 0 ] || set -- ./...
exec scripts/with-postgres.sh go test -timeout 12m "$@"
