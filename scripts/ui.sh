#!/bin/sh
# Builds the web app into internal/web/dist/app, when its sources or the API's types
# have changed since. Node comes from the system, or from npm where that is too old.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh
ui=internal/web/ui

need node nodejs
need npm npm
install_needed
. scripts/node.sh

mkdir -p "$ui/build"
go run ./cmd/tandem openapi >"$ui/build/openapi.new"
cmp -s "$ui/build/openapi.new" "$ui/build/openapi.json" || mv "$ui/build/openapi.new" "$ui/build/openapi.json"
rm -f "$ui/build/openapi.new"

# What the build is made of, and what it was made of last time.
made=$(find "$ui/src" "$ui/public" "$ui/index.html" "$ui/vite.config.ts" "$ui/package-lock.json" "$ui/build/openapi.json" -type f ! -name schema.d.ts -print0 |
	LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [ -f internal/web/dist/app/index.html ] && [ "$made" = "$(cat "$ui/build/made" 2>/dev/null)" ]; then
	exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
step() {
	if ! (cd "$ui" && "$@") >"$log" 2>&1; then
		cat "$log" >&2
		echo "the web app could not be built ($*)" >&2
		exit 1
	fi
}
scripts/modules.sh
echo "building the web app" >&2
step npm run --silent types
step npm run --silent check
step npm run --silent build
printf '%s\n' "$made" >"$ui/build/made"
