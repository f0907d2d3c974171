#!/usr/bin/env bash
# Starts an etcd unless one answers, then master, slave1 and slave2 of conf/, waits until each is ready, and loads the
# generated market into an empty cluster. What runs already is left as it is. scripts/stop_cluster.sh ends them.
# Logs are in logs/, data and pid files in data/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

prepare
start_etcd
start_nodes
load_market
