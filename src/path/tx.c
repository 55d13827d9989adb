/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tx.h"

#include "base/clock.h"

/* The end of the packets from p on that leave by p's NIC, one after the other. */
static struct pkt *run_end(struct pkt *p, const struct pkt *end, bool one_nic)
{
	uint32_t nic = p->backend->nic;

	if (one_nic)
		while (++p < end && !p->drop)
			;
	else
		while (++p < end && !p->drop && p->backend->nic == nic)
			;
	return p;
}

static void give_back(const struct pkt *p, struct frames *f, struct worker_counters *c)
{
	frames_mark(f, p->addr, FRAME_HELD);
	if (p->drop == PKT_KEPT)
		return;
	frames_give(f, p->addr);
	counter_add(&c->drop[p->drop], 1);
}

/* Whether its sender gets word of why it isn't forwarded, in its frame. */
static bool owed(struct pkt *p, const struct backend *self, struct icmp_limit *limit,
		 struct worker_counters *c)
{
	if (!icmp_error_due(p) || !icmp_error_return(p, self, limit, clock_ns()))
		return false;
	counter_add(&c->icmp_sent, 1);
	return true;
}

/* Whatever finds no room even after the port's completions are home is dropped. */
static void stage_run(struct port *out, struct pkt *p, uint32_t n, struct frames *f,
		      struct worker_counters *c)
{
	uint32_t staged = port_stage(out, p, n);

	if (staged == n)
		return;
	port_reap(out); /* a full completion ring is what holds a transmit ring up */
	staged += port_stage(out, p + staged, n - staged);
	for (; staged < n; staged++) {
		p[staged].drop = DROP_TX_FULL;
		give_back(&p[staged], f, c);
	}
}

void tx_burst(struct port *const *out, uint32_t n_out, struct burst *b, struct frames *f,
	      struct icmp_limit *limit, struct worker_counters *c)
{
	struct pkt *p = b->pkt, *end = p + b->n, *run;

	while (p < end) {
		if (p->drop && !owed(p, b->self, limit, c)) {
			give_back(p++, f, c);
			continue;
		}
		run = run_end(p, end, n_out == 1);
		stage_run(out[p->backend->nic], p, (uint32_t)(run - p), f, c);
		p = run;
	}
	for (uint32_t i = 0; i < n_out; i++)
		if (out[i]->staged) {
			port_submit(out[i]);
			port_kick(out[i]);
		}
}
