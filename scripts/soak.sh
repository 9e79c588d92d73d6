#!/bin/sh
# The long forms of tests that have one: TANDEM_SOAK=1 tells them. Arguments go to
# go test: scripts/soak.sh -run Mutated ./internal/sipua/transact. TANDEM_SOAK_CALLS
# and TANDEM_SOAK_AT_ONCE set the mixed calls of test/e2e.
set -eu
cd "$(dirname "$0")/.."
export TANDEM_SOAK=1
TANDEM_BIN=${TANDEM_BIN:-$PWD/bin/tandem}
export TANDEM_BIN
[ $# -gt 0 ] && exec go test -timeout 8h -v "$@"
# shellcheck disable=SC2046 # a list of packages
exec go test -timeout 8h -p 1 $(grep -rlE 'TANDEM_SOAK|siptest\.Soak|soak\(' --include='*_test.go' . | xargs -n 1 dirname | sort -u)
