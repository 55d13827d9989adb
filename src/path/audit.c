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
 * stands where it started. What was to be filled is held; what was to be sent is on its receive
 * ring. After E the frames are the kernel's, and marked. */
static void settle_intent(struct frames *f, struct port *const *port, uint32_t n_ports)
{
	struct intent in = *f->intent;
	bool tx = in.ring & 1;
	const struct xsk_ring_prod *r;

	if (!in.n || in.ring / 2 >= n_ports)
		return;
	r = tx ? &port[in.ring / 2]->tx : &port[in.ring / 2]->fill;
	if (*r->producer == in.start)
		for (uint32_t i = 0; i < in.n; i++)
			frames_mark(f, slot_addr(r->ring, r->mask, tx, in.start + i),
				    tx ? FRAME_RX : FRAME_HELD);
	frames_intent_done(f);
}

/* Whether [from, end) of a receive ring holds this frame. */
static bool on_ring(const struct frames *f, const struct xsk_ring_cons *r, uint32_t from,
		    uint32_t end, uint64_t addr)
{
	for (; from != end; from++)
		if (slot_addr(r->ring, r->mask, true, from) >> f->shift == addr >> f->shift)
			return true;
	return false;
}

/* Takes the frames that an engine sent or dropped before it died off a receive ring: the others
 * move up to its end, and the consumer index moves behind the gap. The slots are shared memory that
 * the kernel writes only when it produces. Whoever dies between the two steps leaves a frame on
 * the ring twice; the second is then a duplicate to its left. */
static void close_gaps(const struct frames *f, struct xsk_ring_cons *r)
{
	uint32_t start = *r->consumer, end = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);
	struct xdp_desc *desc = r->ring;
	uint32_t to = end;

	for (uint32_t i = end; i != start; i--) {
		struct xdp_desc d = desc[(i - 1) & r->mask];

		if (f->owner[(uint32_t)(d.addr >> f->shift) - f->first] != FRAME_RX)
			continue;
		if (to != i && on_ring(f, r, to, end, d.addr))
			continue;
		to--;
		if (to != i - 1)
			desc[to & r->mask] = d;
	}
	__atomic_store_n(r->consumer, to, __ATOMIC_RELEASE);
}

/* Frames that had been marked as home, but whose ring hadn't been released: still to be reaped. */
static void unreap(struct frames *f, const struct xsk_ring_cons *comp)
{
	uint32_t end = __atomic_load_n(comp->producer, __ATOMIC_ACQUIRE);

	for (uint32_t i = *comp->consumer; i != end; i++)
		frames_mark(f, slot_addr(comp->ring, comp->mask, false, i), FRAME_TX);
}

struct seen {
	const struct frames *f;
	uint8_t *mark;
	uint32_t faults;
};

static void see(struct seen *s, const void *ring, uint32_t mask, enum frame_owner owner, bool descs,
		uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i != to; i++) {
		uint32_t n =
			(uint32_t)(slot_addr(ring, mask, descs, i) >> s->f->shift) - s->f->first;

		if (n >= s->f->n || s->mark[n] || s->f->owner[n] != owner) {
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
	see(s, p->rx.ring, p->rx.mask, FRAME_RX, true, *p->rx.consumer,
	    __atomic_load_n(p->rx.producer, __ATOMIC_ACQUIRE));
	see(s, p->fill.ring, p->fill.mask, FRAME_RX, false,
	    __atomic_load_n(p->fill.consumer, __ATOMIC_ACQUIRE), *p->fill.producer);
	see(s, p->comp.ring, p->comp.mask, FRAME_TX, false, *p->comp.consumer,
	    __atomic_load_n(p->comp.producer, __ATOMIC_ACQUIRE));
	if (p->has_tx)
		see(s, p->tx.ring, p->tx.mask, FRAME_TX, true,
		    __atomic_load_n(p->tx.consumer, __ATOMIC_ACQUIRE), *p->tx.producer);
}

/* The tally by marks; fills the free stack. */
static struct audit count_marks(struct frames *f)
{
	struct audit a = {0};

	f->n_free = 0;
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->owner[i] == FRAME_HELD)
			f->free[f->n_free++] = f->first + i;
		a.rx += f->owner[i] == FRAME_RX;
		a.tx += f->owner[i] == FRAME_TX;
	}
	a.held = f->n_free;
	return a;
}

int audit_frames(struct frames *f, struct port *const *port, uint32_t n_ports, struct audit *out)
{
	struct seen seen = {.f = f, .mark = calloc(f->n, 1)};
	uint32_t rx = 0, tx = 0;

	if (!seen.mark)
		return -ENOMEM;
	settle_intent(f, port, n_ports);
	for (uint32_t i = 0; i < n_ports; i++) {
		close_gaps(f, &port[i]->rx);
		unreap(f, &port[i]->comp);
		port_resync(port[i]);
		rx += port[i]->fill.cached_prod - port[i]->rx.cached_cons;
		if (port[i]->has_tx)
			tx += port[i]->tx.cached_prod - port[i]->comp.cached_cons;
	}
	for (uint32_t i = 0; i < n_ports; i++)
		see_port(&seen, port[i]);
	*out = count_marks(f);
	out->faults = seen.faults;
	free(seen.mark);
	return !out->faults && out->rx == rx && out->tx == tx ? 0 : -EUCLEAN;
}
