/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rx.h"

static void rx_pkt(struct pkt *p, const struct xdp_desc *d, uint8_t *area)
{
	p->desc = *d;
	p->data = area + d->addr;
	p->drop = DROP_NONE;
	__builtin_prefetch(p->data, 1);
}

void rx_burst(struct port *p, struct burst *b)
{
	uint32_t start, n = xsk_ring_cons__peek(&p->rx, BURST_MAX, &start);
	const struct xdp_desc *ring = p->rx.ring;
	uint32_t mask = p->rx.mask;
	uint8_t *area = p->frames->area;

	b->n = n;
	for (uint32_t i = 0; i < n; i++)
		rx_pkt(&b->pkt[i], &ring[(start + i) & mask], area);
}

void rx_done(struct port *p, const struct burst *b)
{
	xsk_ring_cons__release(&p->rx, b->n);
	counter_add(&p->count->rx, b->n);
	counter_add(&p->worker->rx, b->n);
}
