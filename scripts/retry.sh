#!/bin/sh
# go test with the given arguments, for tests that hear real sound: those that
# fail run once more, alone, since a machine that stood still for a moment is no
# fault of ours. What fails twice, panics or does not build is a failure, and what
# was run again is said at the end.
set -eu
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
{ go test "$@" 2>&1 || echo failed >"$dir/failed"; } | tee "$dir/out"
[ -e "$dir/failed" ] || exit 0

# Lines "package test", and "package" alone where no test says what failed.
awk '
	/^--- FAIL: / { tests[++n] = $3 }
	/^panic: / { lost = 1 }
	/^(ok|FAIL|---|\?)[ \t]+[a-z]/ && $1 != "---" {
		if ($1 == "FAIL" && (n == 0 || lost)) print $2
		else if ($1 == "FAIL") for (i = 1; i <= n; i++) print $2, tests[i]
		n = 0; lost = 0
	}' "$dir/out" >"$dir/tests"
if [ ! -s "$dir/tests" ] || grep -qv ' ' "$dir/tests"; then
	echo 'not run again: a package failed as a whole' >&2
	exit 1
fi
[ "$(wc -l <"$dir/tests")" -le 5 ] || { echo 'not run again: more than five tests failed' >&2; exit 1; }

status=0
while read -r package test; do
	echo "run again, alone: $test of $package"
	go test -count 1 -timeout 10m -run "^$test\$" "$package" || status=1
done <"$dir/tests"
sed 's/^/failed at first: /' "$dir/tests"
exit "$status"
