#!/bin/sh
# go test with the given arguments, for tests that hear real sound and wait for real
# clocks: those that fail run once more, alone, since a machine that stood still for
# a moment is no fault of ours. What fails twice or does not build is a failure, and
# what was run again is said at the end.
set -eu
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
{ go test "$@" 2>&1 || echo failed >"$dir/failed"; } | tee "$dir/out"
[ -e "$dir/failed" ] || exit 0

# Lines "package pattern", and "package" alone where no test says what failed. Those
# of the web app's pages stand alone by file, and the whole of them takes minutes; the
# parts of other tests lean on the parts before them, so these run whole. A package
# that panicked or ran out of time runs again as a whole.
awk '
	/^--- FAIL: / { if ($3 != "TestPages") tests[++n] = "^" $3 "$" }
	/^    --- FAIL: TestPages\// { sub(/^TestPages\//, "", $3); tests[++n] = "^TestPages$/^" $3 "$" }
	/^panic: / { lost = 1 }
	/^(ok|FAIL|---|\?)[ \t]+[a-z]/ && $1 != "---" {
		if ($1 == "FAIL" && (n == 0 || lost)) print $2
		else if ($1 == "FAIL") for (i = 1; i <= n; i++) print $2, tests[i]
		n = 0; lost = 0
	}' "$dir/out" >"$dir/tests"
if [ ! -s "$dir/tests" ] || grep -q 'build failed\|setup failed' "$dir/out"; then
	echo 'not run again: no test says what failed' >&2
	exit 1
fi
[ "$(wc -l <"$dir/tests")" -le 10 ] || { echo 'not run again: more than ten tests failed' >&2; exit 1; }

status=0
while read -r package test; do
	echo "run again, alone: ${test:-all} of $package"
	go test -count 1 -timeout 20m -run "${test:-.}" "$package" </dev/null || status=1
done <"$dir/tests"
sed 's/^/failed at first: /' "$dir/tests"
exit "$status"
