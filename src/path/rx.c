/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rx.h"

void rx_burst(struct port *p, struct burst *b)
{
	uint32_t start, n = xsk_ring_cons__peek(&p->rx, BURST_MAX, &start);
	const struct xsk_ring_cons rx = p->rx;
	uint8_t *area = p->frames->area;

	b->n = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&rx, start + i);
		struct pkt *pkt = &b->pkt[i];

		pkt->addr = d->addr;
		pkt->len = d->len;
		pkt->data = area + d->addr;
		pkt->drop = DROP_NONE;
		__builtin_prefetch(pkt->data, 1);
	}
}

void rx_done(struct port *p, const struct burst *b)
{
	xsk_ring_cons__release(&p->rx, b->n);
	counter_add(&p->count->rx, b->n);
	counter_add(&p->worker->rx, b->n);
}
