/* SPDX-License-Identifier: BSD-2-Clause */
/* The servers that mgmt/neigh.c watches: a sorted table of them, and a queue of those that have to
 * be looked at anew. Management thread. */
#ifndef SHUNT_MGMT_WATCH_H
#define SHUNT_MGMT_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/addr.h"
#include "mgmt/model.h"

struct watched {
	struct addr addr;
	struct reach reach; /* as the hook was told */
	int ifindex;	    /* where its neighbour entry is; 0: none is looked at */
	struct addr via;    /* whose: the server's own, or its router's */
	struct reach way;   /* what the route says: all of reach but state and mac */
	uint16_t nic;	    /* that of ifindex, or the last one */
	uint16_t nud;	    /* state of the entry when last heard of */
	bool had_nic;	    /* nic holds something */
	bool ours;	    /* the kernel keeps the entry fresh because we asked */
	bool use;	    /* it can't: it has to be asked every few seconds */
	bool retry;	    /* something failed that may work later */
	bool queued;
	enum reach_state said; /* as last logged */
	uint8_t said_mac[6];   /* zero: none yet */
	TAILQ_ENTRY(watched) queue;
	TAILQ_ENTRY(watched) routed; /* if way.gateway */
};

struct watch {
	struct watched **at; /* sorted by address */
	size_t count, room;
	TAILQ_HEAD(watch_queue, watched) queue;
	TAILQ_HEAD(watch_routed, watched) routed; /* those that are behind a router */
};

void watch_init(struct watch *t);

struct watched *watch_find(const struct watch *t, const struct addr *a);

/* The address's entry, new or not, owned by the table. NULL: no memory. */
struct watched *watch_add(struct watch *t, const struct addr *a);

/* Takes it out of table and queue, and frees it. */
void watch_remove(struct watch *t, struct watched *w);

/* Sets the way to it, and its neighbour. */
void watch_way(struct watch *t, struct watched *w, const struct reach *way, const struct addr *via);

void watch_enqueue(struct watch *t, struct watched *w); /* once, however often it is said */
struct watched *watch_dequeue(struct watch *t);		/* NULL: none waits */

/* Logs what became of it, unless that is what was said last: an entry that is resolved again to
 * the same MAC, or a NIC that was down in between, isn't worth a line. oif: the way there, 0: none.
 * why: cause and cure if r isn't REACH_OK; NULL says nothing. */
void watch_say(struct watched *w, const struct reach *r, int oif, const char *why);

void watch_fini(struct watch *t);

#endif
