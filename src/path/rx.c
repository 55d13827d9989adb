/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rx.h"

static void take(struct pkt *p, const struct xdp_desc *slot, uint32_t n, uint8_t *area)
{
#pragma GCC unroll 16
	for (uint32_t i = 0; i < n; i++) {
		p[i].desc = slot[i];
		p[i].data = area + slot[i].addr;
		__builtin_prefetch(p[i].data, 1);
	}
}

void rx_burst(struct port *p, struct burst *b)
{
	uint32_t start, n = xsk_ring_cons__peek(&p->rx, BURST_MAX, &start);
	uint32_t mask = p->rx.mask, first;
	const struct xdp_desc *ring = p->rx.ring;

	b->n = n;
	if (!n)
		return;
	first = port_piece(mask, start, n);
	take(b->pkt, &ring[start & mask], first, p->frames->area);
	take(b->pkt + first, ring, n - first, p->frames->area);
}

void rx_done(struct port *p, const struct burst *b)
{
	xsk_ring_cons__release(&p->rx, b->n);
	counter_add(&p->count->rx, b->n);
	counter_add(&p->worker->rx, b->n);
}
