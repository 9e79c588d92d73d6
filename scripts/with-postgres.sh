#!/bin/sh
# Runs a command with TANDEM_TEST_POSTGRES set to the address of a temporary
# PostgreSQL, which lives in a temporary folder, listens on a Unix socket there
# and nowhere else, and is gone when the command ends.
# Usage: scripts/with-postgres.sh COMMAND [ARGUMENT...]
set -eu

if [ $# -eq 0 ]; then
	echo "usage: $0 COMMAND [ARGUMENT...]" >&2
	exit 2
fi
if [ -n "${TANDEM_TEST_POSTGRES:-}" ]; then
	exec "$@"
fi
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
	echo "$0: no PostgreSQL under /usr/lib/postgresql: install the package postgresql" >&2
	exit 1
fi

dir=$(mktemp -d /tmp/tandem-pg.XXXXXX)
server=
command=
stop() {
	trap - EXIT INT TERM
	if [ -n "$command" ]; then
		kill "$command" 2>/dev/null || true
		wait "$command" 2>/dev/null || true
	fi
	if [ -n "$server" ]; then
		kill -INT "$server" 2>/dev/null || true # fast shutdown
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# PostgreSQL refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
	chown postgres "$dir"
	as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }
	server_command="exec setpriv --reuid postgres --regid postgres --init-groups"
else
	as_postgres() { "$@"; }
	server_command=exec
fi
cd "$dir"
as_postgres "$bin/initdb" --pgdata "$dir/data" --username postgres --auth trust --encoding UTF8 \
	--locale C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 || {
	cat "$dir/initdb.log" >&2
	exit 1
}
# The server's own shell is replaced, so $! is the postmaster.
sh -c "$server_command \"\$@\"" sh "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= \
	-c fsync=off -c max_connections=200 >"$dir/server.log" 2>&1 &
server=$!
tries=0
until "$bin/pg_isready" --quiet --host "$dir" --username postgres; do
	tries=$((tries + 1))
	if [ $tries -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then
		echo "$0: PostgreSQL did not start:" >&2
		cat "$dir/server.log" >&2
		exit 1
	fi
	sleep 0.1
done
cd "$OLDPWD"
# In the background, so that a signal to this script stops the command too.
TANDEM_TEST_POSTGRES="postgres://postgres@/postgres?host=$dir" "$@" &
command=$!
status=0
wait "$command" || status=$?
command=
exit "$status"
