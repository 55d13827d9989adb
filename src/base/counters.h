/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workers count. Each has its own set, in memory shared with the holder, so that the
 * numbers outlive an engine; the management thread reads them.
 * rx = tx + pass + the sum of drops. */
#ifndef SHUNT_BASE_COUNTERS_H
#define SHUNT_BASE_COUNTERS_H

#include <stdint.h>

/* Why a worker dropped a frame. Name and meaning stand in drop_row[]. */
enum drop {
	DROP_NONE, /* not dropped */
	DROP_SHORT,
	DROP_BAD_IP,
	DROP_BAD_L4,
	DROP_NOT_L4,
	DROP_FRAGMENT,
	DROP_TTL,
	DROP_NO_SERVICE,
	DROP_NO_BACKEND,
	DROP_NO_NEIGHBOUR,
	DROP_TX_FULL,
	DROP_RESTART,
	DROP_BAD_CHECK,
	DROP_VLANS,
	DROP_EXTENSIONS,
	DROP_MARTIAN,
	DROP_SOURCE_ROUTE,
	DROP_TCP_FLAGS,
	DROP_LOOP,
	DROP_ICMP,
	DROP_ICMP_MTU,
	DROP_FRAG_BAD,
	DROP_FRAG_OVERLAP,
	DROP_FRAG_LATE,
	DROP_FRAG_FULL,
	DROP_TOO_BIG,
	DROP_REMOVED,
	DROP_NOT_OURS,
	DROP_COUNT
};

struct drop_row {
	const char *name;
	const char *meaning;
};
extern const struct drop_row drop_row[DROP_COUNT];

/* One worker's. Only the worker writes it (after a crash, the engine before workers start). */
struct worker_counters {
	uint64_t rx;   /* frames taken from receive rings */
	uint64_t tx;   /* frames put on transmit rings */
	uint64_t pass; /* frames given to the kernel: none, so far */
	uint64_t drop[DROP_COUNT];
	uint64_t flow_new;   /* flows scheduled */
	uint64_t flow_moved; /* flows met on another queue than their first */
	uint64_t flow_full;  /* flows that found no room, and go by their hash */
	uint64_t csum_done;  /* checksums completed for the sender */
	uint64_t answered;   /* ARP, neighbour solicitations and echo requests answered for a VIP */
	uint64_t resets;     /* sent to clients of servers that were removed */
	uint64_t icmp_sent;  /* ICMP errors sent in place of a packet */
	uint64_t parked;     /* a gauge: early fragments that wait for their first */
	uint64_t loops;	     /* turns of the loop: its heartbeat */
	uint64_t naps;	     /* times it went to sleep */
	uint64_t kicks;	     /* sendto calls */
	uint64_t kick_busy;  /* frames that the NIC's queue refused after taking them: lost */
	uint64_t free_frames; /* a gauge: frames on the free stack */
	uint64_t rx_before;   /* of sockets that are gone */
	uint64_t tx_before;
	uint64_t busy_ns; /* spent in turns that had frames ... */
	uint64_t poll_ns; /* ... of all the time, naps too */
};

/* One backend's, per worker, by backend slot. */
struct backend_counters {
	uint64_t flows;
	uint64_t packets;
	uint64_t bytes; /* of IP packets: without the Ethernet header */
	uint64_t stuck; /* SYNs of flows that had begun already, and got no further */
};

/* Adds to a counter that one thread writes and others read. */
static inline void counter_add(uint64_t *c, uint64_t n)
{
	__atomic_store_n(c, *c + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_get(const uint64_t *c)
{
	return __atomic_load_n(c, __ATOMIC_RELAXED);
}

#endif
