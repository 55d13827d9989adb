#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/pktgen/one_flow.sh: one flow, whatever the number of threads. One flow means one receive queue and one
# worker of the director: the ceiling of a single connection.
set -euo pipefail
FLOWS=1 exec "$(dirname "$0")/flows.sh" "$@"
