#!/bin/sh
# Installs the modules of the web app as package-lock.json has them, when they are
# not there yet.
set -eu
cd "$(dirname "$0")/../internal/web/ui"
if cmp -s package-lock.json node_modules/.lock-as-installed; then
	exit 0
fi
echo "installing the modules of the web app" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! npm ci --no-audit --no-fund >"$log" 2>&1; then
	cat "$log" >&2
	exit 1
fi
cp package-lock.json node_modules/.lock-as-installed
