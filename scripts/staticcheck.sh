#!/bin/sh
# Runs the staticcheck that tools/go.mod pins. It is kept in bin/ and built
# again when the pin changes.
set -eu
cd "$(dirname "$0")/.."

if [ ! -x bin/staticcheck ] || [ tools/go.sum -nt bin/staticcheck ]; then
	mkdir -p bin
	go -C tools build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
fi
exec bin/staticcheck "$@"
