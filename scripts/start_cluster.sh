#!/usr/bin/env bash
# Starts what start_3nodes.sh starts, and the gateway of conf/.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

prepare
start_etcd
start_nodes
load_market
start_gateway
