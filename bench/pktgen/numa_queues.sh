#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/pktgen/numa_queues.sh: a thread on every CPU of the NIC's NUMA node, at most one for each of its transmit
# queues (THREADS= limits them further); the queues' interrupts are bound to the same CPUs, one to one. FLOWS flows.
set -euo pipefail
here=$(dirname "$0")
threads_wanted=${THREADS:-}
# shellcheck source-path=SCRIPTDIR source=functions.sh
. "$here/functions.sh"
root_check_run_with_sudo "$@"
# shellcheck source-path=SCRIPTDIR source=parameters.sh
. "$here/parameters.sh"

node=$(get_iface_node "$DEV")
read -r -d '' -a cpus <<<"$(get_node_cpus "$node")" || true
read -r -d '' -a irqs <<<"$(get_iface_irqs "$DEV")" || true
queues=$(get_tx_queues "$DEV")
n=${#cpus[@]}
[ "$n" -le "$queues" ] || n=$queues
[ -z "$threads_wanted" ] || [ "$n" -le "$threads_wanted" ] || n=$threads_wanted
info "$DEV is on node $node, CPUs ${cpus[*]}: $n threads"

devices=()
for ((i = 0; i < n; i++)); do
	cpu=${cpus[i]}
	if [ -n "${irqs[i]:-}" ]; then
		echo "$cpu" 2>/dev/null >"/proc/irq/${irqs[i]}/smp_affinity_list" || warn "irq ${irqs[i]} can't be bound to CPU $cpu"
	fi
	device=$(pg_device "$DEV" "$cpu")
	pg_set "$device" queue_map_min $i
	pg_set "$device" queue_map_max $i
	pg_flows "$device"
	devices+=("$device")
done
pg_go "${devices[@]}"
