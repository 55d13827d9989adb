/* SPDX-License-Identifier: BSD-2-Clause */
/* The data plane as the holder built it: NICs, ports (one AF_XDP socket each), workers, and the
 * memory that they share. The engine gets it by fork; workers and management both read it, and
 * it doesn't change while an engine lives, but for what is marked. */
#ifndef SHUNT_BASE_DATAPLANE_H
#define SHUNT_BASE_DATAPLANE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"

enum {
	NICS_MAX = 8,
	WORKERS_MAX = 128,
	PORTS_MAX = 512
};

enum xdp_mode {
	MODE_ZEROCOPY,
	MODE_COPY,
	MODE_SKB,
	MODE_COUNT
};
extern const char *const xdp_mode_name[MODE_COUNT]; /* "zerocopy", "copy", "skb" */

/* Any thread. */
struct nic {
	char name[IFNAMSIZ];
	int ifindex;
	uint8_t mac[6];
	uint16_t queues;    /* receive queues, all of them served */
	bool owner;	    /* shunt answers for the virtual addresses here */
	int node;	    /* NUMA node, -1: none */
	enum xdp_mode mode; /* as read back from the kernel */
};

/* One queue of one NIC. */
struct port_info {
	uint16_t nic;
	uint16_t queue;
	uint16_t worker; /* who serves it */
	bool has_tx;	 /* this worker's way out of this NIC */
	bool zerocopy;	 /* as read back */
	int fd;		 /* the AF_XDP socket */
};

/* In shared memory; written by the port's worker. Each is the position of a ring since the socket
 * was made, so that free + fill + rx + tx + completion + in the kernel = frames can be checked. */
struct port_counters {
	uint64_t rx;	    /* frames taken from the receive ring */
	uint64_t tx;	    /* frames put on the transmit ring */
	uint64_t filled;    /* frames put on the fill ring */
	uint64_t completed; /* frames taken from the completion ring */
};

struct worker_info {
	int cpu;
	int node;	 /* of its memory; -1: none */
	int tid;	 /* of the present engine's thread; written by the worker */
	uint32_t frames; /* it owns */
	struct worker_counters *counters;  /* shared */
	struct backend_counters *backends; /* shared; BACKENDS_MAX */
	void *flows;			   /* shared; its flow table */
	size_t flows_bytes;
	void *origins; /* shared; where its flows come from; NULL: not kept */
};

struct dataplane {
	uint32_t n_nics, n_ports, n_workers;
	struct nic nic[NICS_MAX];
	struct port_info port[PORTS_MAX];
	struct port_counters *port_counters; /* shared; [n_ports] */
	struct worker_info worker[WORKERS_MAX];
	void *conns;	    /* shared; of every backend slot (struct conns) */
	uint32_t *timeouts; /* shared; of flows, seconds by state */
	void *persist;	    /* shared; the clients of persistent services */
	size_t persist_bytes;
	void *frags;	  /* shared; datagrams under way in fragments */
	uint32_t engines; /* engines started before this one */
	bool poll_busy;
	bool by_hand; /* queues and CPUs were paired by --queue: nothing but that is served */
	int main_cpu;
};

#endif
