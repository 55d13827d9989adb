/* SPDX-License-Identifier: BSD-2-Clause */
/* Edits go to the draft, a clone of the committed table. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "mgmt/model_core.h"

int model_draft(struct model *m)
{
	if (!m->draft)
		m->draft = roster_clone(m->now);
	return m->draft ? 0 : -ENOMEM;
}

/* The service, to be changed: -ENOENT if it isn't configured, -ENOMEM. */
static int draft_service(struct model *m, const struct endpoint *ep, struct roster_service **out)
{
	bool found;
	uint32_t i;

	if (model_draft(m))
		return -ENOMEM;
	i = roster_find(m->draft, ep, &found);
	if (!found || m->draft->service[i]->leaving)
		return -ENOENT;
	*out = roster_own(m->draft, i);
	return *out ? 0 : -ENOMEM;
}

static void totals_zero(struct model *m, struct roster_service *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		s->backend[i].base = model_slot_totals(m, backend_slot(s->backend[i].id));
	s->gone = (struct backend_counters){0};
}

static bool endpoint_valid(const struct endpoint *ep)
{
	static const uint8_t zero[sizeof(ep->pad)];
	bool known = ep->proto == IPPROTO_TCP || ep->proto == IPPROTO_UDP ||
		     ep->proto == IPPROTO_SCTP || (!ep->proto && !ep->port);

	if (ep->prefix && (ep->prefix >= 128 || ep->prefix <= 128 - addr_bits(&ep->addr) ||
			   !addr_is_prefix(&ep->addr, ep->prefix)))
		return false;
	return known && !memcmp(ep->pad, zero, sizeof(zero));
}

static bool conf_valid(const struct service_conf *conf)
{
	bool hashes = conf->sched == SCHEDULER_MH || conf->sched == SCHEDULER_SH;
	uint8_t known = hashes ? SERVICE_HASH_PORT | SERVICE_FALLBACK : 0;

	if (conf->ep.proto == IPPROTO_UDP)
		known |= SERVICE_ONE_PACKET;
	if (conf->ep.proto && !conf->ep.port && !conf->persist)
		return false;
	if (conf->persist > PERSIST_MAX || conf->persist_prefix > addr_bits(&conf->ep.addr))
		return false;
	return conf->sched < SCHEDULER_COUNT && sched_name[conf->sched] &&
	       !(conf->flags & ~known) && conf->removed < REMOVED_POLICIES &&
	       endpoint_valid(&conf->ep);
}

int model_service_add(struct model *m, const struct service_conf *conf)
{
	struct roster_service *s;
	bool found;
	uint32_t i;
	int slot;

	if (!conf_valid(conf))
		return -EINVAL;
	if (model_draft(m))
		return -ENOMEM;
	i = roster_find(m->draft, &conf->ep, &found);
	if (!found) {
		slot = slots_take(&m->services);
		if (slot < 0)
			return slot;
		return roster_insert(m->draft, i, conf, (uint32_t)slot) ? 0 : -ENOMEM;
	}
	s = roster_own(m->draft, i);
	if (!s)
		return -ENOMEM;
	if (!s->leaving && !s->inherited)
		return -EEXIST;
	if (s->leaving)
		totals_zero(m, s);
	s->leaving = false;
	s->inherited = false;
	s->conf = *conf;
	return 0;
}

int model_service_edit(struct model *m, const struct service_conf *conf)
{
	struct roster_service *s;
	int err;

	if (!conf_valid(conf))
		return -EINVAL;
	err = draft_service(m, &conf->ep, &s);
	if (err)
		return err;
	s->conf = *conf;
	s->inherited = false;
	return 0;
}

static void backend_leave(struct model *m, struct model_backend *b)
{
	if (b->leaving)
		return;
	b->leaving = true;
	b->left = m->sweeps;
}

static void service_leave(struct model *m, struct roster_service *s)
{
	s->leaving = true;
	for (uint32_t i = 0; i < s->n; i++)
		backend_leave(m, &s->backend[i]);
}

int model_service_del(struct model *m, const struct endpoint *ep)
{
	struct roster_service *s;
	int err = draft_service(m, ep, &s);

	if (!err)
		service_leave(m, s);
	return err;
}

int model_clear(struct model *m)
{
	if (model_draft(m))
		return -ENOMEM;
	for (uint32_t i = 0; i < m->draft->n; i++) {
		struct roster_service *s = roster_own(m->draft, i);

		if (!s)
			return -ENOMEM;
		service_leave(m, s);
	}
	return 0;
}

int model_zero(struct model *m, const struct endpoint *ep)
{
	struct roster_service *s;
	int err;

	if (ep) {
		err = draft_service(m, ep, &s);
		if (!err)
			totals_zero(m, s);
		return err;
	}
	if (model_draft(m))
		return -ENOMEM;
	for (uint32_t i = 0; i < m->draft->n; i++) {
		s = roster_own(m->draft, i);
		if (!s)
			return -ENOMEM;
		totals_zero(m, s);
	}
	return 0;
}

static bool tunnel_valid(const struct backend_conf *conf)
{
	if (conf->forward == FORWARD_ROUTE)
		return !conf->tunnel && !conf->tunnel_port && !conf->tunnel_flags;
	if (conf->forward != FORWARD_TUNNEL || conf->tunnel >= TUNNEL_TYPES ||
	    conf->tunnel_flags & ~TUNNEL_CSUM)
		return false;
	return (conf->tunnel == TUNNEL_GUE) == (conf->tunnel_port != 0) &&
	       !(conf->tunnel == TUNNEL_IPIP && conf->tunnel_flags);
}

static bool backend_valid(const struct endpoint *ep, const struct backend_conf *conf)
{
	if (addr_is_v4(&conf->addr) != addr_is_v4(&ep->addr) && conf->forward != FORWARD_TUNNEL)
		return false;
	return conf->weight <= WEIGHT_MAX && conf->port == ep->port && conf->lower <= conf->upper &&
	       tunnel_valid(conf) && !addr_equal(&conf->addr, &ep->addr);
}

/* One server may be reached in both ways of forwarding, by different services. */
static void backend_configure(struct model_backend *b, const struct backend_conf *conf)
{
	b->conf = *conf;
	b->reach = conf->forward == FORWARD_TUNNEL ? &b->peer->reach : &b->peer->direct;
}

int model_insert_backend(struct model *m, struct roster_service *s, uint32_t i,
			 struct model_backend *b)
{
	int err;

	b->peer = peer_get(&m->peers, &b->conf.addr);
	if (!b->peer)
		return -ENOMEM;
	backend_configure(b, &b->conf);
	err = roster_insert_backend(s, i, b);
	if (err)
		peer_put(&m->peers, b->peer);
	return err;
}

static int backend_create(struct model *m, struct roster_service *s, uint32_t i,
			  const struct backend_conf *conf)
{
	struct model_backend b = {.conf = *conf};
	int slot;

	if (s->n >= CANDIDATES_MAX)
		return -ENOSPC;
	slot = slots_take(&m->backends);
	if (slot < 0)
		return slot;
	b.id = (uint32_t)slot | (uint32_t)m->backends.generation[slot] << BACKEND_SLOT_BITS;
	b.base = model_slot_totals(m, (uint32_t)slot);
	return model_insert_backend(m, s, i, &b);
}

int model_backend_add(struct model *m, const struct endpoint *ep, const struct backend_conf *conf)
{
	struct roster_service *s;
	struct model_backend *b;
	bool found;
	uint32_t i;
	int err = draft_service(m, ep, &s);

	if (err)
		return err;
	if (!backend_valid(ep, conf))
		return -EINVAL;
	i = roster_find_backend(s, &conf->addr, conf->port, &found);
	if (!found)
		return backend_create(m, s, i, conf);
	b = &s->backend[i];
	if (!b->leaving && !b->inherited && b->health.use != USE_NOT)
		return -EEXIST;
	if (b->leaving)
		model_retire_totals(m, s, b);
	b->leaving = false;
	b->health = (struct backend_health){0};
	b->inherited = false;
	backend_configure(b, conf);
	return 0;
}

/* The server, to be changed: -ENOENT, -ESRCH, -ENOMEM. */
static int draft_backend(struct model *m, const struct endpoint *ep, const struct addr *addr,
			 __be16 port, struct model_backend **out)
{
	struct roster_service *s;
	bool found;
	uint32_t i;
	int err = draft_service(m, ep, &s);

	if (err)
		return err;
	i = roster_find_backend(s, addr, port, &found);
	if (!found || s->backend[i].leaving)
		return -ESRCH;
	*out = &s->backend[i];
	return 0;
}

int model_backend_edit(struct model *m, const struct endpoint *ep, const struct backend_conf *conf)
{
	struct model_backend *b;
	int err = draft_backend(m, ep, &conf->addr, conf->port, &b);

	if (err)
		return err;
	if (!backend_valid(ep, conf))
		return -EINVAL;
	backend_configure(b, conf);
	b->inherited = false;
	return 0;
}

int model_backend_del(struct model *m, const struct endpoint *ep, const struct addr *addr,
		      __be16 port)
{
	struct model_backend *b;
	int err = draft_backend(m, ep, addr, port, &b);

	if (!err)
		backend_leave(m, b);
	return err;
}

int model_backend_use(struct model *m, const struct endpoint *ep, const struct addr *addr,
		      __be16 port, const struct backend_health *health)
{
	struct model_backend *b;
	int err = draft_backend(m, ep, addr, port, &b);

	if (!err)
		b->health = *health;
	return err;
}
