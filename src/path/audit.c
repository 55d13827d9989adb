/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/audit.h"

#include <errno.h>
#include <stdlib.h>

/* The n addresses from start of a ring of addresses (fill, completion) or descriptors (rx, tx). */
static uint64_t slot_addr(const void *ring, uint32_t mask, bool descs, uint32_t i)
{
	return descs ? ((const struct xdp_desc *)ring)[i & mask].addr
		     : ((const uint64_t *)ring)[i & mask];
}

/* A hand-over that stopped between C and E (frames.h) never reached the kernel: the producer still
 * stands where it started, and the frames are ours. After E they are the kernel's, and marked. */
static void settle_intent(struct frames *f, struct port *const *port, uint32_t n_ports)
{
	struct intent in = *f->intent;
	const struct xsk_ring_prod *r;

	if (!in.n || in.ring / 2 >= n_ports)
		return;
	r = in.ring & 1 ? &port[in.ring / 2]->tx : &port[in.ring / 2]->fill;
	if (*r->producer == in.start)
		for (uint32_t i = 0; i < in.n; i++)
			frames_mark(f, slot_addr(r->ring, r->mask, in.ring & 1, in.start + i),
				    FRAME_HELD);
	frames_intent_done(f);
}

/* Frames that had been marked as held, but whose ring hadn't been released: still on the ring. */
static void reclaim(struct frames *f, const struct xsk_ring_cons *r, bool descs)
{
	uint32_t end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

	for (uint32_t i = *r->consumer; i != end; i++)
		frames_mark(f, slot_addr(r->ring, r->mask, descs, i), FRAME_AWAY);
}

struct seen {
	const struct frames *f;
	uint8_t *mark;
	uint32_t faults;
};

static void see(struct seen *s, const void *ring, uint32_t mask, bool descs, uint32_t from,
		uint32_t to)
{
	for (uint32_t i = from; i != to; i++) {
		uint32_t n =
			(uint32_t)(slot_addr(ring, mask, descs, i) >> s->f->shift) - s->f->first;

		if (n >= s->f->n || s->mark[n] || s->f->owner[n] != FRAME_AWAY) {
			s->faults++;
			continue;
		}
		s->mark[n] = 1;
	}
}

/* Looks through the rings of a port. Rings that the kernel fills are read before those that it
 * empties: a frame that moves meanwhile is missed, not met twice. */
static void see_port(struct seen *s, const struct port *p)
{
	see(s, p->rx.ring, p->rx.mask, true, *p->rx.consumer,
	    __atomic_load_n(p->rx.producer, __ATOMIC_ACQUIRE));
	see(s, p->fill.ring, p->fill.mask, false,
	    __atomic_load_n(p->fill.consumer, __ATOMIC_ACQUIRE), *p->fill.producer);
	see(s, p->comp.ring, p->comp.mask, false, *p->comp.consumer,
	    __atomic_load_n(p->comp.producer, __ATOMIC_ACQUIRE));
	if (p->has_tx)
		see(s, p->tx.ring, p->tx.mask, true,
		    __atomic_load_n(p->tx.consumer, __ATOMIC_ACQUIRE), *p->tx.producer);
}

int audit_frames(struct frames *f, struct port *const *port, uint32_t n_ports, struct audit *out)
{
	struct seen seen = {.f = f, .mark = calloc(f->n, 1)};

	if (!seen.mark)
		return -ENOMEM;
	*out = (struct audit){0};
	settle_intent(f, port, n_ports);
	for (uint32_t i = 0; i < n_ports; i++) {
		reclaim(f, &port[i]->rx, true);
		reclaim(f, &port[i]->comp, false);
		port_resync(port[i]);
		out->rx += port[i]->fill.cached_prod - port[i]->rx.cached_cons;
		if (port[i]->has_tx)
			out->tx += port[i]->tx.cached_prod - port[i]->comp.cached_cons;
	}
	for (uint32_t i = 0; i < n_ports; i++)
		see_port(&seen, port[i]);

	f->n_free = 0;
	for (uint32_t i = 0; i < f->n; i++)
		if (f->owner[i] == FRAME_HELD)
			f->free[f->n_free++] = f->first + i;
	out->held = f->n_free;
	out->twice = seen.faults;
	free(seen.mark);
	return !out->twice && out->held + out->rx + out->tx == f->n ? 0 : -EUCLEAN;
}
