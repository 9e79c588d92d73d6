#!/bin/sh
# Formatting, vet, and every test, against SQLite and a temporary PostgreSQL.
# Arguments go to go test: scripts/test.sh -run Menu ./internal/...
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { printf 'not formatted (run make fmt):\n%s\n' "$unformatted" >&2; exit 1; }
go vet ./...
if [ $# -gt 0 ]; then
	exec scripts/with-postgres.sh go test -timeout 12m "$@"
fi

# Tests that make real calls hear what a busy machine does to their sound: they
# run one package at a time, after the others. What fails runs once more, alone,
# and is named (scripts/retry.sh).
calls='/(internal/(rtpport|engine|phone|sipua|daemon)|cmd/tandem|bench|test/e2e|test/web)$'
status=0
# libopus; the end-to-end tests build the program with it too.
CGO_ENABLED=1 go test -timeout 2m -tags opus ./internal/media/opus || status=$?
CGO_ENABLED=1 GOFLAGS="$(go env GOFLAGS) -tags=opus" scripts/retry.sh -timeout 5m -run Opus ./internal/rtpport || status=$?
# shellcheck disable=SC2046 # lists of packages
scripts/with-postgres.sh scripts/retry.sh -timeout 20m $(go list ./... | grep -Ev "$calls") || status=$?
# shellcheck disable=SC2046
scripts/retry.sh -p 1 -timeout 40m $(go list ./... | grep -E "$calls") || status=$?
exit "$status"
