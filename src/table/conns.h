/* SPDX-License-Identifier: BSD-2-Clause */
/* How many connections each server has now, for the schedulers that go by that and for thresholds.
 * One array by backend slot, shared by all workers without locks: each adds and subtracts as its
 * flows begin, change and end. Flows that expire in silence are seen by nobody, so the management
 * thread counts the flow tables now and then and overwrites. What happens between its counting and
 * its writing is off until the next time, and so a count may pass below 0: it reads as 0. */
#ifndef SHUNT_TABLE_CONNS_H
#define SHUNT_TABLE_CONNS_H

#include <stdbool.h>
#include <stdint.h>

/* A server's. IPVS's meaning: active is a TCP connection until its FIN or RST; all else is
 * inactive. */
struct conns {
	int32_t active;
	int32_t inactive;
	uint32_t upper;	     /* overloaded from so many on; 0: never (-x) */
	uint32_t lower;	     /* until there are fewer than these; never 0 with an upper (-y) */
	uint32_t overloaded; /* takes no new flows */
	uint32_t pad[3];
};
_Static_assert(sizeof(struct conns) == 32, "two servers to a cache line");

static inline uint32_t conns_active(const struct conns *c)
{
	int32_t n = __atomic_load_n(&c->active, __ATOMIC_RELAXED);

	return n > 0 ? (uint32_t)n : 0;
}

static inline uint32_t conns_inactive(const struct conns *c)
{
	int32_t n = __atomic_load_n(&c->inactive, __ATOMIC_RELAXED);

	return n > 0 ? (uint32_t)n : 0;
}

static inline bool conns_overloaded(const struct conns *c)
{
	return __atomic_load_n(&c->overloaded, __ATOMIC_RELAXED);
}

/* A flow begins, becomes active, stops being active, ends. Any worker; c is the server's. */
void conns_begin(struct conns *c, bool active);
void conns_activate(struct conns *c);
void conns_deactivate(struct conns *c);
void conns_end(struct conns *c, bool active);

/* What the flow tables hold. Management thread, about once a second. */
void conns_settle(struct conns *c, uint32_t active, uint32_t inactive);

/* The server's thresholds, as configured (lower = 0: three quarters of upper). Management
 * thread. */
void conns_limit(struct conns *c, uint32_t upper, uint32_t lower);

/* The slot has another server: nothing counted, no thresholds. Management thread. */
void conns_reset(struct conns *c);

#endif
