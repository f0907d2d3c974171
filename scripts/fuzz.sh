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

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A busy machine makes go test fail now and then at the end of the time, with "context deadline exceeded" as the only
# complaint and no input: its coordinator and a worker saw the time end at two moments (golang/go issue 75804, fixed in Go 1.27). That is
# no finding; whatever names an input, a seed or a panic is.
ended_late() {
	grep -q '^    context deadline exceeded$' "$log" &&
		! grep -Eq 'Failing input|failure while testing seed|panic|fuzzing process|^        ' "$log"
}

# An input that reaches new code is made smaller before anything else is tried, for up to a minute by default: more than
# all the time that a target has here, when it begins with whole files. A few tries find most of what there is to cut. A
# failing input is then kept as it was found, or nearly.
readonly minimize=20x

while read -r package target; do
	echo "--- $target ($package), $time"
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime "$minimize" "$package" </dev/null >"$log" 2>&1; then
		cat "$log"
	elif ended_late; then
		grep '^fuzz: ' "$log" || true
		echo "--- $target: the time ended in the middle of an input; nothing was found"
	else
		cat "$log"
		exit 1
	fi
done <<<"$targets"
