#!/usr/bin/env bash
# Restarts the nodes that start_3nodes.sh started, one after the other, so that reads and writes go on: each is ready again
# before the next is ended, and who orders the writes hands that over first. For a new version: make build before.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

prepare
for name in slave1 slave2 master; do
	pid_of "$name" >/dev/null || fail "$name does not run, and the others cannot do without one more: scripts/start_3nodes.sh"
done
for name in slave1 slave2 master; do
	end "$name"
	start_program "$name" "${name%[12]}"
	await "$name" "http://$(at "${name%[12]}" "$name" port)/readyz"
	started="" # a node that was restarted stays, whatever becomes of the next
done
