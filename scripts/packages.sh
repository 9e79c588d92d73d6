# Read by the set-up scripts: "need PROGRAM PACKAGE" notes a Debian package whose
# program is missing; install_needed installs what was noted, all at once.
needed=""

need() {
	command -v "$1" >/dev/null 2>&1 || needed="$needed $2"
}

# need_file FILE PACKAGE is for packages that bring no program of their own.
need_file() {
	[ -e "$1" ] || needed="$needed $2"
}

install_needed() {
	[ -n "$needed" ] || return 0
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "missing:$needed. This system has no apt-get; install them by its own means." >&2
		return 1
	fi
	as_root=""
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || {
			echo "missing:$needed. Run as root: apt-get install --no-install-recommends$needed" >&2
			return 1
		}
		as_root="sudo"
	fi
	echo "installing:$needed" >&2
	log=$(mktemp)
	# shellcheck disable=SC2086 # a list of packages
	if { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $needed; } >"$log" 2>&1; then
		rm -f "$log"
		return 0
	fi
	tail -n 20 "$log" >&2
	rm -f "$log"
	echo "apt-get could not install:$needed" >&2
	return 1
}
