#!/usr/bin/env bash
# Runs every fuzz target of some packages, one after the other: scripts/fuzz.sh 30s ./...
# Fails with the first that fails; go test then says which input it was and where it is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?usage: scripts/fuzz.sh TIME PACKAGE...}
shift

# go test -list prints the targets of a package and then "ok PACKAGE".
targets=$(go test -list '^Fuzz' "$@" | awk '
	/^Fuzz/ { name[++n] = $1 }
	/^ok/   { for (i = 1; i <= n; i++) print $2, name[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "no fuzz target in $*" >&2
	exit 1
fi

while read -r package target; do
	echo "--- $target ($package), $time"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null
done <<<"$targets"
