# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/pktgen/functions.sh: the kernel's packet generator by its files in /proc/net/pktgen. Sourced.
# The names are those of the kernel's samples/pktgen, so that who knows them finds the way here.

PROC_DIR=/proc/net/pktgen

err() { # STATUS WORDS...
	local status=$1
	shift
	echo "ERROR: $*" >&2
	exit "$status"
}
warn() { echo "WARN : $*" >&2; }
info() { [ -z "${VERBOSE:-}" ] || echo "INFO : $*" >&2; }

root_check_run_with_sudo() { # "$@" of the script: starts it again with sudo if need be
	[ "$(id -u)" != 0 ] || return 0
	command -v sudo >/dev/null || err 4 "needs root"
	exec sudo -E "$0" "$@"
}

# pktgen takes a word even when it can't use it, and says so in its Result line.
proc_cmd() { # FILE WORDS...
	local file=$PROC_DIR/$1 result
	shift
	[ -w "$file" ] || err 1 "no $file: modprobe pktgen, and is the device there?"
	info "$file: $*"
	echo "$*" >"$file" || err 1 "$file refused: $*"
	[ "$file" != "$PROC_DIR/pgctrl" ] || return 0
	result=$(grep '^Result: ' "$file" || true)
	[[ $result != *[Ee]rror* && $result != *[Ii]nvalid* ]] || err 1 "$file: $*: $result"
}
pg_ctrl() { proc_cmd pgctrl "$@"; }
pg_thread() { # THREAD WORDS...
	local thread=$1
	shift
	proc_cmd "kpktgend_$thread" "$@"
}
pg_set() { # DEVICE@THREAD WORDS...
	proc_cmd "$@"
}

get_iface_node() { # IF: its NUMA node, 0 if it has none
	local node
	node=$(cat "/sys/class/net/$1/device/numa_node" 2>/dev/null || echo -1)
	echo $((node < 0 ? 0 : node))
}

expand_list() { # 0-3,8 -> 0 1 2 3 8
	local part
	for part in ${1//,/ }; do
		seq "${part%-*}" "${part#*-}"
	done
}
get_node_cpus() { # NODE
	expand_list "$(cat "/sys/devices/system/node/node$1/cpulist")"
}
get_iface_irqs() { # IF: the interrupts of its queues, in the order of their numbers
	local irqs
	irqs=$(sed -nE "s/^ *([0-9]+):.* $1-.*[0-9]+$/\1/p" /proc/interrupts)
	if [ -z "$irqs" ] && [ -d "/sys/class/net/$1/device/msi_irqs" ]; then
		irqs=$(find "/sys/class/net/$1/device/msi_irqs" -type f -printf '%f\n' | sort -n)
	fi
	echo "$irqs"
}
get_tx_queues() { # IF
	find "/sys/class/net/$1/queues" -maxdepth 1 -name 'tx-*' | wc -l
}

ip_to_number() {
	local a b c d
	IFS=. read -r a b c d <<<"$1"
	echo $(((a << 24) + (b << 16) + (c << 8) + d))
}
number_to_ip() { echo "$(($1 >> 24 & 255)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))"; }

# The addresses of a CIDR block, first and last; of a plain address, itself twice.
ip_range() { # ADDRESS[/BITS]
	local bits=32 first
	[[ $1 != */* ]] || bits=${1#*/}
	first=$(($(ip_to_number "${1%/*}") & (0xffffffff << (32 - bits)) & 0xffffffff))
	[ "$bits" != 32 ] || { echo "${1%/*} ${1%/*}"; return; }
	echo "$(number_to_ip $first) $(number_to_ip $((first + (1 << (32 - bits)) - 1)))"
}

on_exit() { # what a script shows when it ends, also by ^C: what each device says it did
	local dev
	for dev in "$@"; do
		echo "Device: $dev"
		grep -A2 '^Result:' "$PROC_DIR/$dev" || true
	done
}

# What all scripts have in common: the device is added to a thread and told what to send.
pg_device() { # DEVICE THREAD -> the name DEVICE@THREAD is printed
	local dev=$1@$2 low high
	pg_thread "$2" add_device "$dev" >&2
	pg_set "$dev" count "$COUNT"
	pg_set "$dev" clone_skb "$CLONE_SKB"
	pg_set "$dev" pkt_size "$PKT_SIZE"
	pg_set "$dev" delay "$DELAY"
	[ "$BURST" = 0 ] || pg_set "$dev" burst "$BURST"
	pg_set "$dev" flag NO_TIMESTAMP
	pg_set "$dev" dst_mac "$DST_MAC"
	if [ -n "$IP6" ]; then
		pg_set "$dev" dst6 "$DEST_IP"
	else
		read -r low high <<<"$(ip_range "$DEST_IP")"
		pg_set "$dev" dst_min "$low"
		pg_set "$dev" dst_max "$high"
	fi
	[ -z "$UDP_CSUM" ] || pg_set "$dev" flag UDPCSUM
	if [ -n "$DST_PORT" ]; then
		[ "${DST_PORT%-*}" = "${DST_PORT#*-}" ] || pg_set "$dev" flag UDPDST_RND
		pg_set "$dev" udp_dst_min "${DST_PORT%-*}"
		pg_set "$dev" udp_dst_max "${DST_PORT#*-}"
	fi
	echo "$dev"
}

# Sources by which FLOWS flows differ: as many addresses of 198.18.0.0/15 (RFC 2544), at random.
pg_flows() { # DEVICE@THREAD
	local first
	first=$(ip_to_number 198.18.0.1)
	[ "$FLOWS" -le 131070 ] || err 2 "FLOWS is at most 131070, not $FLOWS"
	[ "$FLOWS" = 1 ] || pg_set "$1" flag IPSRC_RND
	pg_set "$1" src_min "$(number_to_ip "$first")"
	pg_set "$1" src_max "$(number_to_ip $((first + FLOWS - 1)))"
	pg_set "$1" udp_src_min 1024
	pg_set "$1" udp_src_max 1024
}

# Starts, waits for the end (count, or ^C), and shows. With -a nothing starts: somebody else will.
pg_go() { # DEVICE@THREAD...
	[ -z "$APPEND" ] || return 0
	trap : INT
	echo "Running... ctrl^C to stop" >&2
	pg_ctrl start
	on_exit "$@"
}
