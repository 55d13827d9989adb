/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading is from the committed table, but for model_draft_at. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "mgmt/model_core.h"

struct backend_counters model_slot_totals(const struct model *m, uint32_t slot)
{
	struct backend_counters sum = {0};

	for (uint32_t w = 0; w < m->dp->n_workers; w++) {
		const struct backend_counters *c = m->dp->worker[w].backends;

		if (!c)
			continue;
		sum.flows += counter_get(&c[slot].flows);
		sum.packets += counter_get(&c[slot].packets);
		sum.bytes += counter_get(&c[slot].bytes);
		sum.stuck += counter_get(&c[slot].stuck);
	}
	return sum;
}

static void totals_add(struct backend_counters *to, const struct model *m,
		       const struct model_backend *b)
{
	struct backend_counters now = model_slot_totals(m, backend_slot(b->id));

	to->flows += now.flows - b->base.flows;
	to->packets += now.packets - b->base.packets;
	to->bytes += now.bytes - b->base.bytes;
	to->stuck += now.stuck - b->base.stuck;
}

void model_retire_totals(struct model *m, struct roster_service *s, struct model_backend *b)
{
	totals_add(&s->gone, m, b);
	b->base = model_slot_totals(m, backend_slot(b->id));
}

uint32_t model_services(const struct model *m)
{
	return m->now->n;
}

static void service_view(const struct roster_service *s, struct model_service *out)
{
	*out = (struct model_service){
		.conf = s->conf,
		.slot = s->slot,
		.leaving = s->leaving,
		.n_backends = s->n,
		.backend = s->backend,
	};
}

void model_service_at(const struct model *m, uint32_t i, struct model_service *out)
{
	service_view(m->now->service[i], out);
}

bool model_draft_at(const struct model *m, uint32_t i, struct model_service *out)
{
	const struct roster *r = m->draft ? m->draft : m->now;

	if (i >= r->n)
		return false;
	service_view(r->service[i], out);
	return true;
}

static const struct roster_service *service_find(const struct model *m, const struct endpoint *ep,
						 uint32_t *i)
{
	bool found;

	*i = roster_find(m->now, ep, &found);
	return found ? m->now->service[*i] : NULL;
}

bool model_service_get(const struct model *m, const struct endpoint *ep, struct model_service *out)
{
	uint32_t i;
	const struct roster_service *s = service_find(m, ep, &i);

	if (!s || s->leaving)
		return false;
	model_service_at(m, i, out);
	return true;
}

uint32_t model_service_after(const struct model *m, const struct endpoint *ep)
{
	bool found;
	uint32_t i = roster_find(m->now, ep, &found);

	return i + found;
}

const struct model_backend *model_backend_get(const struct model *m, const struct endpoint *ep,
					      const struct addr *addr, __be16 port)
{
	const struct roster_service *s;
	bool found;
	uint32_t i;

	s = service_find(m, ep, &i);
	if (!s || s->leaving)
		return NULL;
	i = roster_find_backend(s, addr, port, &found);
	return found && !s->backend[i].leaving ? &s->backend[i] : NULL;
}

bool model_is_vip(const struct model *m, const struct addr *a)
{
	for (uint32_t i = 0; i < m->now->n; i++) {
		if (addr_equal(&m->now->service[i]->conf.ep.addr, a))
			return true;
	}
	return false;
}

int model_nic_ifindex(const struct model *m, uint16_t nic)
{
	return m->dp->nic[nic].ifindex;
}

uint32_t model_weight(const struct model_backend *b)
{
	if (b->health.use != USE_FULL || !b->conf.weight)
		return 0; /* drained by hand stays drained */
	return b->health.weighs ? b->health.weight : b->conf.weight;
}

bool model_listed(const struct model_backend *b)
{
	return !b->leaving && b->health.use != USE_NOT;
}

static void stats_set(struct model_stats *out, const struct backend_counters *sum)
{
	*out = (struct model_stats){
		.flows = sum->flows,
		.packets = sum->packets,
		.bytes = sum->bytes,
		.stuck = sum->stuck,
	};
}

void model_backend_stats(const struct model *m, const struct model_backend *b,
			 struct model_stats *out)
{
	struct backend_counters sum = {0};

	totals_add(&sum, m, b);
	stats_set(out, &sum);
}

void model_service_stats(const struct model *m, const struct endpoint *ep, struct model_stats *out)
{
	struct backend_counters sum = {0};
	const struct roster_service *s;
	uint32_t i;

	s = service_find(m, ep, &i);
	if (s)
		sum = s->gone;
	for (i = 0; s && i < s->n; i++)
		totals_add(&sum, m, &s->backend[i]);
	stats_set(out, &sum);
}

static void count_flow(void *ctx, uint32_t backend, enum flow_state state)
{
	struct model *m = ctx;
	uint32_t slot = backend_slot(backend);

	if (m->counted_id[slot] != backend)
		return;
	if (flow_is_active(state))
		m->counted[slot].active++;
	else
		m->counted[slot].inactive++;
}

const struct model_flows *model_flows(struct model *m)
{
	uint32_t now = clock_seconds();

	memset(m->counted, 0, m->backends.high * sizeof(*m->counted));
	memset(m->counted_id, 0, m->backends.high * sizeof(*m->counted_id));
	for (uint32_t i = 0; i < m->now->n; i++) {
		const struct roster_service *s = m->now->service[i];

		for (uint32_t k = 0; k < s->n; k++)
			m->counted_id[backend_slot(s->backend[k].id)] = s->backend[k].id;
	}
	for (uint32_t w = 0; w < m->dp->n_workers; w++) {
		if (m->flows[w].slot)
			flow_each(&m->flows[w], now, count_flow, m);
	}
	return m->counted;
}

static bool goes_by_conns(const struct roster_service *s)
{
	static const bool by_load[SCHEDULER_COUNT] = {
		[SCHEDULER_LC] = true,	  [SCHEDULER_WLC] = true, [SCHEDULER_LBLC] = true,
		[SCHEDULER_LBLCR] = true, [SCHEDULER_SED] = true, [SCHEDULER_NQ] = true,
		[SCHEDULER_OVF] = true,
	};

	for (uint32_t k = 0; k < s->n; k++)
		if (s->backend[k].conf.upper)
			return true;
	return by_load[s->conf.sched];
}

void model_settle_conns(struct model *m)
{
	struct conns *c = m->dp->conns;
	const struct model_flows *counted = NULL;

	for (uint32_t i = 0; c && i < m->now->n; i++) {
		const struct roster_service *s = m->now->service[i];

		if (!goes_by_conns(s))
			continue;
		if (!counted)
			counted = model_flows(m);
		for (uint32_t k = 0; k < s->n; k++) {
			uint32_t slot = backend_slot(s->backend[k].id);

			conns_settle(&c[slot], counted[slot].active, counted[slot].inactive);
		}
	}
}

bool model_draft_has(const struct model *m, const struct endpoint *ep)
{
	const struct roster *r = m->draft ? m->draft : m->now;
	bool found;
	uint32_t i = roster_find(r, ep, &found);

	return found && !r->service[i]->leaving;
}
