#!/bin/sh
# Installs the programs that tandem uses at run time and that are missing.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

command -v go >/dev/null 2>&1 || { echo "Go is missing: install Go 1.26 or newer from https://go.dev/dl/" >&2; exit 1; }
need espeak-ng espeak-ng
need lame lame
need node nodejs # builds the web app
need npm npm
install_needed
