/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow tables as the model knows them: timeouts, and a list of connections. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/clock.h"
#include "mgmt/model_core.h"

enum {
	LOOK = 1 << 16,	 /* slots looked at for one page: a tenth of a millisecond */
	WORKER_BIT = 40, /* a cursor is a worker's number and a slot's + 1 */
};

/* The states that each of ipvsadm's three timeouts is for. */
static const struct {
	enum flow_state state;
	size_t member; /* of struct model_timeouts */
} timeout_of[] = {
	{FLOW_ESTABLISHED, offsetof(struct model_timeouts, tcp)},
	{FLOW_SPARE, offsetof(struct model_timeouts, tcp)},
	{FLOW_FIN, offsetof(struct model_timeouts, tcpfin)},
	{FLOW_UDP, offsetof(struct model_timeouts, udp)},
	{FLOW_SPARE_UDP, offsetof(struct model_timeouts, udp)},
};

void model_timeouts(const struct model *m, struct model_timeouts *out)
{
	const uint32_t *t = m->dp->timeouts ? m->dp->timeouts : flow_timeout;

	*out = (struct model_timeouts){
		.tcp = t[FLOW_ESTABLISHED], .tcpfin = t[FLOW_FIN], .udp = t[FLOW_UDP]};
}

int model_set_timeouts(struct model *m, const struct model_timeouts *timeouts)
{
	if (!m->dp->timeouts)
		return -EOPNOTSUPP;
	for (size_t i = 0; i < sizeof(timeout_of) / sizeof(*timeout_of); i++) {
		uint32_t n = *(const uint32_t *)((const char *)timeouts + timeout_of[i].member);

		if (n)
			__atomic_store_n(&m->dp->timeouts[timeout_of[i].state], n,
					 __ATOMIC_RELAXED);
	}
	return 0;
}

/* Whose a backend slot is. */
struct owner {
	const struct roster_service *service;
	const struct model_backend *backend;
};

static struct owner *owners_new(const struct model *m)
{
	struct owner *o = calloc(m->backends.high + 1, sizeof(*o));

	for (uint32_t i = 0; o && i < m->now->n; i++) {
		const struct roster_service *s = m->now->service[i];

		for (uint32_t k = 0; k < s->n; k++)
			o[backend_slot(s->backend[k].id)] = (struct owner){s, &s->backend[k]};
	}
	return o;
}

/* A flow of a server that is gone is nobody's: false. */
static bool fill_conn(const struct model *m, const struct owner *owners, const struct flow_entry *e,
		      struct model_conn *out)
{
	uint32_t slot = backend_slot(e->backend);
	const struct owner *o = &owners[slot];

	if (slot >= m->backends.high || !o->backend || o->backend->id != e->backend)
		return false;
	*out = (struct model_conn){
		.client = e->from,
		.cport = e->port,
		.vip = o->service->conf.ep.addr,
		.vport = o->service->conf.ep.port,
		.server = o->backend->conf.addr,
		.sport = o->backend->conf.port,
		.proto = o->service->conf.ep.proto,
		.state = e->state,
		.expires = e->expires,
	};
	return true;
}

int model_conns(const struct model *m, uint64_t *cursor, struct model_conn *out, uint32_t room)
{
	uint64_t worker = *cursor >> WORKER_BIT, at = *cursor & ((1ull << WORKER_BIT) - 1);
	struct owner *owners = owners_new(m);
	struct flow_entry entry[256];
	uint32_t n = 0, found;

	if (!owners)
		return -ENOMEM;
	if (room > sizeof(entry) / sizeof(*entry))
		room = sizeof(entry) / sizeof(*entry);
	*cursor = 0;
	if (worker < m->dp->n_workers && m->flows[worker].slot) {
		found = flow_list(&m->flows[worker], &at, LOOK, clock_seconds(), entry, room);
		for (uint32_t i = 0; i < found; i++)
			n += fill_conn(m, owners, &entry[i], &out[n]);
		if (at <= m->flows[worker].mask)
			*cursor = worker << WORKER_BIT | at;
		else if (worker + 1 < m->dp->n_workers)
			*cursor = (worker + 1) << WORKER_BIT;
	}
	free(owners);
	return (int)n;
}
