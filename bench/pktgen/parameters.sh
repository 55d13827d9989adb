# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# bench/pktgen/parameters.sh: the options of the kernel's samples/pktgen, each with its variable in the environment.
# Sourced, with the script's arguments.

usage() {
	cat >&2 <<-END
		usage: $0 -i IF -m MAC -d ADDRESS [option]...
		  -i IF        (DEV)       send on this interface; required
		  -m MAC       (DST_MAC)   the director's MAC address; required
		  -d ADDRESS   (DEST_IP)   the virtual address, ADDRESS/BITS for several (198.18.0.42)
		  -p PORT      (DST_PORT)  UDP port, PORT-PORT for a range (9)
		  -s BYTES     (PKT_SIZE)  frame size without the 4 of the checksum (60)
		  -t THREADS   (THREADS)   generator threads (1)
		  -f CPU       (F_THREAD)  the first thread's CPU (0)
		  -n COUNT     (COUNT)     packets of each thread; 0 goes on until ^C (100000)
		  -c COPIES    (CLONE_SKB) times that a packet is sent before the next is made (0)
		  -b BURST     (BURST)     packets handed to the driver at once (0: unset)
		  -w NS        (DELAY)     pause between packets (0)
		  -k           (UDP_CSUM)  with UDP checksums
		  -6           (IP6)       IPv6
		  -a           (APPEND)    adds to the generator's state, and starts nothing
		  -v, -x       (VERBOSE, DEBUG)
		  variables only: FLOWS=N (8000), sources that flows.sh and numa_queues.sh use
	END
	exit 2
}

DEV=${DEV:-} DST_MAC=${DST_MAC:-} DEST_IP=${DEST_IP:-} DST_PORT=${DST_PORT:-9}
PKT_SIZE=${PKT_SIZE:-60} THREADS=${THREADS:-1} F_THREAD=${F_THREAD:-0} COUNT=${COUNT:-100000}
CLONE_SKB=${CLONE_SKB:-0} BURST=${BURST:-0} DELAY=${DELAY:-0} UDP_CSUM=${UDP_CSUM:-} IP6=${IP6:-}
APPEND=${APPEND:-} FLOWS=${FLOWS:-8000} VERBOSE=${VERBOSE:-}

while getopts "i:m:d:p:s:t:f:n:c:b:w:k6avxh" option; do
	case $option in
	i) DEV=$OPTARG ;;
	m) DST_MAC=$OPTARG ;;
	d) DEST_IP=$OPTARG ;;
	p) DST_PORT=$OPTARG ;;
	s) PKT_SIZE=$OPTARG ;;
	t) THREADS=$OPTARG ;;
	f) F_THREAD=$OPTARG ;;
	n) COUNT=$OPTARG ;;
	c) CLONE_SKB=$OPTARG ;;
	b) BURST=$OPTARG ;;
	w) DELAY=$OPTARG ;;
	k) UDP_CSUM=yes ;;
	6) IP6=6 ;;
	a) APPEND=yes ;;
	v) VERBOSE=yes ;;
	x) DEBUG=yes ;;
	*) usage ;;
	esac
done
[ -z "${DEBUG:-}" ] || set -x
if [ -z "$DEV" ] || [ -z "$DST_MAC" ]; then
	usage
fi
if [ -z "$DEST_IP" ]; then
	DEST_IP=198.18.0.42
	[ -z "$IP6" ] || DEST_IP=2001:2::42
fi
[ -d "/sys/class/net/$DEV" ] || err 2 "no interface $DEV"
[ -d "$PROC_DIR" ] || modprobe pktgen || err 1 "this kernel has no pktgen"
[ -n "$APPEND" ] || pg_ctrl reset
