/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tx.h"

static bool stage(struct port *out, const struct pkt *p)
{
	if (port_stage(out, p->addr, p->len))
		return true;
	port_reap(out); /* a full completion ring is what holds a transmit ring up */
	return port_stage(out, p->addr, p->len);
}

void tx_burst(struct port *const *out, uint32_t n_out, struct burst *b, struct frames *f,
	      struct worker_counters *c)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkt[i];

		if (!p->drop && !stage(out[p->backend->nic], p))
			p->drop = DROP_TX_FULL;
		if (p->drop) {
			frames_mark(f, p->addr, FRAME_HELD);
			frames_give(f, p->addr);
			counter_add(&c->drop[p->drop], 1);
		}
	}
	for (uint32_t i = 0; i < n_out; i++)
		if (out[i]->staged) {
			port_submit(out[i]);
			port_kick(out[i]);
		}
}
