# Read by the scripts that need Node: takes one that is new enough for the web app
# from npm, when the system's is older.
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || a === 20 && b >= 19 ? 0 : 1)'; then
	at=$(pwd)/bin/node
	[ -x "$at/node_modules/node/bin/node" ] || {
		echo "installing Node 24, since $(node --version) is too old for the web app" >&2
		mkdir -p "$at"
		npm install --prefix "$at" --no-audit --no-fund --no-save node@24.21.0 >&2
	}
	PATH="$at/node_modules/node/bin:$PATH"
	export PATH
fi
