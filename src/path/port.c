/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/port.h"

#include <errno.h>
#include <sys/socket.h>

enum {
	FILL_MIN = 64,	 /* free fill slots before a refill is worth its while */
	REAP_MAX = 256,	 /* completions taken at once */
	KICK_BATCH = 32, /* frames that a copy-mode sendto moves at least */
	KICK_AGAIN = 64, /* calls until a driver that sent nothing is woken again */
};

static void write_addrs(uint64_t *slot, const uint32_t *frame, uint32_t n, uint32_t shift)
{
#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++)
		slot[i] = (uint64_t)frame[i] << shift;
}

/* Puts n frames into slots that are reserved, and hands them over. */
static void fill(struct port *p, uint32_t start, uint32_t n)
{
	struct frames *f = p->frames;
	const uint32_t *frame = f->free + f->n_free - n;
	uint32_t mask = p->fill.mask, first = port_piece(mask, start, n);
	uint64_t *ring = p->fill.ring;
	uint8_t *marks = frames_marks(f);

	write_addrs(&ring[start & mask], frame, first, f->shift);
	write_addrs(ring, frame + first, n - first, f->shift);
	f->n_free -= n;
	frames_intend(f, 2 * p->self, start, n);
#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++)
		marks[frame[i]] = FRAME_RX;
	xsk_ring_prod__submit(&p->fill, n);
	frames_intent_done(f);
}

void port_refill(struct port *p)
{
	struct frames *f = p->frames;
	uint32_t start, n = xsk_prod_nb_free(&p->fill, FILL_MIN);

	if (n > f->n_free)
		n = f->n_free;
	if (n >= FILL_MIN && xsk_ring_prod__reserve(&p->fill, n, &start) == n) {
		fill(p, start, n);
		counter_add(&p->count->filled, n);
	}
	/* A driver that ran dry sleeps until it is told; receiving nothing is how to tell it. */
	if (xsk_ring_prod__needs_wakeup(&p->fill))
		port_busy_poll(p);
}

uint32_t port_tx_pending(const struct port *p)
{
	return *p->tx.producer - __atomic_load_n(p->tx.consumer, __ATOMIC_ACQUIRE);
}

static void write_descs(struct xdp_desc *slot, const struct pkt *p, uint32_t n)
{
#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++)
		slot[i] = p[i].desc;
}

uint32_t port_stage(struct port *p, const struct pkt *pkt, uint32_t n)
{
	uint32_t start, first, mask = p->tx.mask, room = xsk_prod_nb_free(&p->tx, n);
	struct xdp_desc *ring = p->tx.ring;

	if (n > room)
		n = room;
	if (!xsk_ring_prod__reserve(&p->tx, n, &start))
		return 0;
	first = port_piece(mask, start, n);
	write_descs(&ring[start & mask], pkt, first);
	write_descs(ring, pkt + first, n - first);
	p->staged += n;
	return n;
}

static void mark_descs(const struct frames *f, const struct xdp_desc *slot, uint32_t n)
{
	uint8_t *marks = frames_marks(f);
	uint32_t shift = f->shift;

#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++)
		marks[slot[i].addr >> shift] = FRAME_TX;
}

void port_submit(struct port *p)
{
	uint32_t n = p->staged, start = p->tx.cached_prod - n, mask = p->tx.mask;
	uint32_t first = port_piece(mask, start, n);
	const struct xdp_desc *ring = p->tx.ring;

	frames_intend(p->frames, 2 * p->self + 1, start, n);
	mark_descs(p->frames, &ring[start & mask], first);
	mark_descs(p->frames, ring, n - first);
	xsk_ring_prod__submit(&p->tx, n);
	frames_intent_done(p->frames);
	counter_add(&p->count->tx, n);
	counter_add(&p->worker->tx, n);
	p->staged = 0;
}

/* Whether a zero-copy driver hasn't been woken yet for what is on the ring. */
static bool news(struct port *p)
{
	uint32_t producer = *p->tx.producer;

	if (producer == p->kicked && ++p->waits < KICK_AGAIN)
		return false;
	p->kicked = producer;
	p->waits = 0;
	return true;
}

void port_kick(struct port *p)
{
	uint32_t pending = port_tx_pending(p);
	uint32_t tries = p->zerocopy ? 1 : pending / KICK_BATCH + 2;

	while (pending && tries-- && xsk_ring_prod__needs_wakeup(&p->tx)) {
		if (p->zerocopy && !news(p))
			return;
		counter_add(&p->worker->kicks, 1);
		if (sendto(p->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0) {
			if (errno == EAGAIN) /* a batch is out, or completions are in the way */
				port_reap(p);
			else if (errno == EBUSY) /* one frame was taken and dropped: go on */
				counter_add(&p->worker->kick_busy, 1);
			else if (errno != EINTR)
				return; /* link down, device gone: netlink tells management */
		}
		pending = port_tx_pending(p);
	}
}

static void take_home(struct frames *f, const uint64_t *slot, uint32_t n)
{
	uint32_t *top = f->free + f->n_free, shift = f->shift;
	uint8_t *marks = frames_marks(f);

#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++) {
		uint64_t frame = slot[i] >> shift;

		marks[frame] = FRAME_HELD;
		top[i] = (uint32_t)frame;
	}
	f->n_free += n;
}

void port_reap(struct port *p)
{
	uint32_t start, first, mask = p->comp.mask;
	uint32_t n = xsk_ring_cons__peek(&p->comp, REAP_MAX, &start);
	const uint64_t *ring = p->comp.ring;

	if (!n)
		return;
	first = port_piece(mask, start, n);
	take_home(p->frames, &ring[start & mask], first);
	take_home(p->frames, ring, n - first);
	xsk_ring_cons__release(&p->comp, n);
	counter_add(&p->count->completed, n);
}

void port_busy_poll(struct port *p)
{
	/* No data ever comes this way: the call is made for what it does inside the kernel. */
	if (recvfrom(p->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0)
		return;
}

/* A 64-bit count whose low half is a ring's index: moves it up to where the index is now. */
static void extend(uint64_t *count, uint32_t index)
{
	*count += (uint32_t)(index - (uint32_t)*count);
}

static void prod_resync(struct xsk_ring_prod *r, uint64_t *count)
{
	r->cached_prod = *r->producer;
	r->cached_cons = *r->consumer + r->size; /* as libxdp keeps it */
	extend(count, r->cached_prod);
}

static void cons_resync(struct xsk_ring_cons *r, uint64_t *count)
{
	r->cached_prod = *r->producer;
	r->cached_cons = *r->consumer;
	extend(count, r->cached_cons);
}

void port_resync(struct port *p)
{
	prod_resync(&p->fill, &p->count->filled);
	cons_resync(&p->rx, &p->count->rx);
	if (p->has_tx)
		prod_resync(&p->tx, &p->count->tx);
	cons_resync(&p->comp, &p->count->completed);
	p->staged = 0;
}
