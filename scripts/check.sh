#!/bin/sh
# What must hold before a change goes in.
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { printf 'not formatted (run make fmt):\n%s\n' "$unformatted" >&2; exit 1; }
go vet ./...
scripts/staticcheck.sh ./...
exec env CGO_ENABLED=1 scripts/with-postgres.sh go test -race -timeout 25m ./...
