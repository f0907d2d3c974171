#!/usr/bin/env bash
# Ends what start_3nodes.sh and start_cluster.sh started, and nothing else: first who asks, then who is asked. With
# -running it ends nothing and tells whether something runs, by its exit status.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

cd "$cluster_dir"
names="gateway slave2 slave1 master etcd"
if [ "${1:-}" = -running ]; then
	for name in $names; do
		if pid=$(pid_of "$name"); then
			say "$name runs, as process $pid"
			exit 0
		fi
	done
	exit 1
fi
status=0
ended=""
for name in $names; do
	if pid_of "$name" >/dev/null; then ended=yes; fi
	end "$name" || status=1
done
[ -n "$ended" ] || say "nothing runs"
exit $status
