#!/bin/sh
# Runs every fuzz target of the tree, one after another and at low priority.
#
#	scripts/fuzz.sh [TIME [PATTERN]]
#
# TIME is what each gets (60s when it is not said, 0x to run the committed inputs
# alone), PATTERN a part of "package/Target". An input that breaks a target stays in
# the package's testdata/fuzz, where go test runs it from then on: mend, and commit
# both. What the Go tool found besides is in its build cache.
set -eu
cd "$(dirname "$0")/.."
time=${1:-60s}
pattern=${2:-}
status=0
n=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for line in $(grep -rEo '^func Fuzz[A-Za-z0-9]+' --include='*_test.go' . | sed -E 's|/[^/]*_test.go:func |:|' | sort); do
	package=${line%:*}
	target=${line##*:}
	case "$package/$target" in
	*"$pattern"*) ;;
	*) continue ;;
	esac
	n=$((n + 1))
	printf '%s %s\n' "$package" "$target"
	if [ "$time" = 0x ]; then
		nice -n 19 go test -run "^$target\$" "$package" || status=1
	else
		nice -n 19 go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x -parallel 1 "$package" >"$log" 2>&1 || {
			# The tool sometimes calls the end of its time a failure.
			grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || status=1
		}
		tail -n 12 "$log"
	fi
done
printf '%s targets\n' "$n"
exit "$status"
