/* SPDX-License-Identifier: BSD-2-Clause */
/* What stays when an engine dies: XDP programs, memory, sockets. Made by the holder in the order
 * of a table, undone in reverse. */
#ifndef SHUNT_SETUP_H
#define SHUNT_SETUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/dataplane.h"
#include "mgmt/steer.h"
#include "path/umem.h"
#include "path/worker.h"
#include "plan/plan.h"

struct setup_conf {
	const struct plan *plan;
	enum mode_wanted mode;
	uint32_t flows;	    /* entries of the flow tables, in all */
	uint32_t frames;    /* for each port */
	const char *secret; /* that directors share; NULL: a key of its own */
	bool vip_owner;	    /* shunt answers for the virtual addresses */
	bool by_hand;	    /* --queue */
	bool heir;	    /* this process has left what is pinned, to start anew */
};

/* One worker's registrations: zero-copy sockets and copying ones can't share one. */
enum {
	UMEM_ZEROCOPY,
	UMEM_COPY,
	UMEM_KINDS
};

struct setup {
	struct dataplane dp;
	struct steer *steer;
	void *state; /* the state area */
	size_t state_bytes;
	struct worker *worker;		 /* [n_workers] */
	struct port *port;		 /* [n_ports] */
	struct umem (*umem)[UMEM_KINDS]; /* [n_workers] */
	struct umem_node {
		int node;
		void *area;
		size_t bytes;
		uint32_t frames; /* handed out so far */
		bool huge;
	} node[64];
	uint32_t n_nodes;
	uint32_t frame_shift;
	int no_zerocopy[NICS_MAX]; /* errno of the attempt; 0: got it, or didn't ask */
	char why_skb[256];	   /* "": native */
	void *counters; /* one mapping with all that the workers count, and their frames' owners */
	size_t counters_bytes;
};

/* Makes everything, or nothing. err gets one line. Returns an exit code: 0, or 1, 4, 70, 75. */
int setup_open(struct setup *s, const struct setup_conf *conf, char *err, size_t err_size);

/* Logs what isn't as good as it could be, and the cures. */
void setup_report(const struct setup *s);

/* Undoes it. keep: program, tables and flows stay pinned for the next start, and service packets
 * are dropped until then; else nothing is left. */
void setup_close(struct setup *s, bool keep);

#endif
