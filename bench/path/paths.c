/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/path/paths.h"

#include <string.h>

#include "base/clock.h"
#include "path/parse.h"
#include "path/rewrite.h"
#include "path/rx.h"
#include "path/tx.h"

const char *const stage_name[STAGE_COUNT] = {
	[STAGE_REFILL] = "refill", [STAGE_RX] = "rx",		[STAGE_PARSE] = "parse",
	[STAGE_LOOKUP] = "lookup", [STAGE_REWRITE] = "rewrite", [STAGE_TX] = "tx",
};

const char *const path_name[PATH_COUNT] = {
	[PATH_SHUNT] = "shunt",
	[PATH_NULL] = "null",
	[PATH_PLAIN] = "plain",
};

static struct icmp_limit no_errors; /* all packets live */

static void stage_done(uint64_t *split, enum stage stage, uint64_t *since)
{
	uint64_t now;

	if (!split)
		return;
	now = clock_ns();
	split[stage] += now - *since;
	*since = now;
}

/* As forward() and worker_loop() of worker.c. */
static bool shunt_turn(struct trip *t)
{
	struct port *port = &t->rings->port;
	struct worker_counters *c = &t->rings->worker_counters;
	struct burst *b = &t->burst;
	struct world *w = t->world;
	uint64_t since = t->split ? clock_ns() : 0;

	port_refill(port);
	stage_done(t->split, STAGE_REFILL, &since);
	rx_burst(port, b);
	stage_done(t->split, STAGE_RX, &since);
	if (!b->n)
		return false;
	parse_burst(b, w->lookup.key, &w->flows);
	stage_done(t->split, STAGE_PARSE, &since);
	lookup_burst(b, w->snap, &w->lookup, w->now);
	stage_done(t->split, STAGE_LOOKUP, &since);
	rewrite_burst(b, c);
	stage_done(t->split, STAGE_REWRITE, &since);
	tx_burst(&port, 1, b, &t->rings->frames, &no_errors, c);
	rx_done(port, b);
	port_reap(port);
	counter_add(&c->loops, 1);
	__atomic_store_n(&c->free_frames, t->rings->frames.n_free, __ATOMIC_RELAXED);
	stage_done(t->split, STAGE_TX, &since);
	return true;
}

static void swap_macs(uint8_t *frame)
{
	uint8_t first[6];

	memcpy(first, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, first, 6);
}

static bool null_turn(struct trip *t)
{
	static const struct backend out;
	struct port *port = &t->rings->port;
	struct worker_counters *c = &t->rings->worker_counters;
	struct burst *b = &t->burst;

	port_refill(port);
	rx_burst(port, b);
	if (!b->n)
		return false;
	for (uint32_t i = 0; i < b->n; i++) {
		swap_macs(b->pkt[i].data);
		b->pkt[i].drop = DROP_NONE;
		b->pkt[i].backend = &out;
	}
	tx_burst(&port, 1, b, &t->rings->frames, &no_errors, c);
	rx_done(port, b);
	port_reap(port);
	counter_add(&c->loops, 1);
	__atomic_store_n(&c->free_frames, t->rings->frames.n_free, __ATOMIC_RELAXED);
	return true;
}

/* Sent frames go straight back to be filled, as many as there is room for. */
static void plain_recycle(struct port *p)
{
	uint32_t from, to, n = xsk_ring_cons__peek(&p->comp, BURST_MAX, &from);

	if (!n || xsk_ring_prod__reserve(&p->fill, n, &to) != n) {
		xsk_ring_cons__cancel(&p->comp, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&p->fill, to + i) =
			*xsk_ring_cons__comp_addr(&p->comp, from + i) &
			~(uint64_t)((1 << FRAME_SHIFT) - 1);
	xsk_ring_prod__submit(&p->fill, n);
	xsk_ring_cons__release(&p->comp, n);
}

static bool plain_turn(struct trip *t)
{
	struct port *p = &t->rings->port;
	uint32_t from, to, n;

	plain_recycle(p);
	n = xsk_ring_cons__peek(&p->rx, BURST_MAX, &from);
	if (!n || xsk_ring_prod__reserve(&p->tx, n, &to) != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(t->rings->area + xsk_ring_cons__rx_desc(&p->rx, from + i)->addr,
				   1);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&p->rx, from + i);

		swap_macs(t->rings->area + d->addr);
		*xsk_ring_prod__tx_desc(&p->tx, to + i) =
			(struct xdp_desc){.addr = d->addr, .len = d->len};
	}
	xsk_ring_prod__submit(&p->tx, n);
	xsk_ring_cons__release(&p->rx, n);
	return true;
}

void path_run(enum path path, struct trip *t)
{
	static bool (*const turn[PATH_COUNT])(struct trip *) = {
		[PATH_SHUNT] = shunt_turn,
		[PATH_NULL] = null_turn,
		[PATH_PLAIN] = plain_turn,
	};

	while (turn[path](t))
		;
}

__attribute__((noinline)) void path_run_counted(enum path path, struct trip *t)
{
	path_run(path, t);
	__asm__ volatile(""); /* no tail call: the count ends where this function does */
}
