/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/path/rings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void ring_prod(struct xsk_ring_prod *r, struct ring *ring)
{
	*r = (struct xsk_ring_prod){.mask = RING_SIZE - 1,
				    .size = RING_SIZE,
				    .producer = &ring->producer,
				    .consumer = &ring->consumer,
				    .ring = ring->slot,
				    .flags = &ring->flags};
}

static void ring_cons(struct xsk_ring_cons *r, struct ring *ring)
{
	*r = (struct xsk_ring_cons){.mask = RING_SIZE - 1,
				    .size = RING_SIZE,
				    .producer = &ring->producer,
				    .consumer = &ring->consumer,
				    .ring = ring->slot,
				    .flags = &ring->flags};
}

struct rings *rings_new(void)
{
	struct rings *r = aligned_alloc(64, (sizeof(*r) + 63) & ~63ul);

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->area = mmap(NULL, FRAMES << FRAME_SHIFT, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (r->area == MAP_FAILED) {
		free(r);
		return NULL;
	}
	r->frames = (struct frames){.area = r->area,
				    .owner = r->owner,
				    .intent = &r->intent,
				    .shift = FRAME_SHIFT,
				    .n = FRAMES,
				    .free = r->stack};
	for (uint32_t i = 0; i < FRAMES; i++)
		frames_give(&r->frames, (uint64_t)i << FRAME_SHIFT);
	ring_cons(&r->port.rx, &r->rx);
	ring_prod(&r->port.tx, &r->tx);
	ring_prod(&r->port.fill, &r->fill);
	ring_cons(&r->port.comp, &r->comp);
	r->port.frames = &r->frames;
	r->port.worker = &r->worker_counters;
	r->port.count = &r->port_counters;
	r->port.fd = -1;
	r->port.has_tx = true;
	port_resync(&r->port);
	port_refill(&r->port);
	return r;
}

void rings_free(struct rings *r)
{
	munmap(r->area, FRAMES << FRAME_SHIFT);
	free(r);
}

uint32_t rings_kernel(struct rings *r, uint32_t n, uint32_t (*write)(void *ctx, uint8_t *frame),
		      void *ctx)
{
	uint64_t *fill = (uint64_t *)r->fill.slot, *comp = (uint64_t *)r->comp.slot;
	uint32_t i;

	for (; r->tx.consumer != r->tx.producer; r->tx.consumer++)
		comp[r->comp.producer++ % RING_SIZE] = r->tx.slot[r->tx.consumer % RING_SIZE].addr;
	for (i = 0; i < n && r->fill.consumer != r->fill.producer; i++) {
		uint64_t addr = fill[r->fill.consumer++ % RING_SIZE] + FRAME_HEADROOM;
		uint32_t len = write(ctx, r->area + addr);

		r->rx.slot[r->rx.producer++ % RING_SIZE] =
			(struct xdp_desc){.addr = addr, .len = len};
	}
	return i;
}
