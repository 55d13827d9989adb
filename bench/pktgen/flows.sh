#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/pktgen/flows.sh: FLOWS flows (8000) in random order, by their source addresses, from THREADS threads,
# each on a transmit queue of its own.
set -euo pipefail
here=$(dirname "$0")
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$here/functions.sh"
root_check_run_with_sudo "$@"
# shellcheck source-path=SCRIPTDIR source=parameters.sh
. "$here/parameters.sh"

devices=()
for ((thread = F_THREAD; thread < F_THREAD + THREADS; thread++)); do
	device=$(pg_device "$DEV" $thread)
	queue=$((thread % $(get_tx_queues "$DEV")))
	pg_set "$device" queue_map_min $queue
	pg_set "$device" queue_map_max $queue
	pg_flows "$device"
	devices+=("$device")
done
pg_go "${devices[@]}"
