/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/apply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

int apply_open(struct apply *a, const struct dataplane *dp, struct state *state)
{
	*a = (struct apply){.dp = dp, .state = state};
	a->cursor = calloc(SERVICES_MAX, sizeof(*a->cursor));
	if (!a->cursor)
		return -ENOMEM;
	for (uint32_t i = 0; i < dp->n_nics; i++) {
		memcpy(a->nic[i].mac, dp->nic[i].mac, sizeof(a->nic[i].mac));
		a->nic[i].up = true;
	}
	return 0;
}

void apply_close(struct apply *a)
{
	free(a->cursor);
	a->cursor = NULL;
}

bool apply_ready(const struct apply *a, const struct reach *reach)
{
	return reach->state == REACH_OK && reach->nic < a->dp->n_nics && a->nic[reach->nic].up;
}

static uint32_t gather_candidates(const struct apply *a, const struct roster_service *s,
				  struct candidate *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct model_backend *b = &s->backend[i];

		if (b->leaving || !model_weight(b) || !apply_ready(a, b->reach))
			continue;
		memset(&c[n], 0, sizeof(*c)); /* padding too: it is hashed */
		c[n].addr = b->conf.addr;
		c[n].port = b->conf.port;
		c[n].weight = model_weight(b);
		c[n].slot = backend_slot(b->id);
		n++;
	}
	return n;
}

/* The servers that the service had and still has, leaving or not. */
static uint32_t gather_living(const struct roster_service *from, const struct roster_service *to,
			      uint32_t *id)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < from->n; i++) {
		const struct model_backend *b = &from->backend[i];
		bool found;
		uint32_t k = roster_find_backend(to, &b->conf.addr, b->conf.port, &found);

		if (found && to->backend[k].id == b->id)
			id[n++] = b->id;
	}
	return n;
}

/* Notes from which servers the new pick moves flows away. */
static int pick_follow(struct pick *pick, const struct roster_service *from,
		       const struct roster_service *to)
{
	uint32_t *living;
	int err;

	if (!from)
		return 0;
	living = calloc(from->n + 1, sizeof(*living));
	if (!living)
		return -ENOMEM;
	err = sched_follow(pick, to->pick, living, gather_living(from, to, living));
	free(living);
	return err;
}

/* Making a pick takes a millisecond: the old one stays if it would be made from the same. */
static int pick_refresh(const struct apply *a, const struct roster_service *from,
			struct roster_service *s)
{
	struct candidate *c = calloc(s->n + 1, sizeof(*c));
	struct pick *pick;
	uint64_t hash;
	uint32_t n;

	if (!c)
		return -ENOMEM;
	n = gather_candidates(a, s, c);
	hash = XXH3_64bits_withSeed(c, n * sizeof(*c), s->conf.sched);
	if (s->pick && s->pick_of == hash) {
		free(c);
		return 0;
	}
	pick = sched_build(s->conf.sched, c, n);
	free(c);
	if (!pick)
		return -ENOMEM;
	if (pick_follow(pick, from, s)) {
		pick_put(pick);
		return -ENOMEM;
	}
	pick_put(s->pick);
	s->pick = pick;
	s->pick_of = hash;
	return 0;
}

struct preview {
	const struct apply *a;
	void (*fn)(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places);
	void *ctx;
};

static int preview_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	const struct preview *v = ctx;
	struct candidate *c;
	struct pick *pick;
	uint32_t moved = 0;

	if (!from || !to || to->leaving || !from->pick || !sched_is_table(to->conf.sched))
		return 0;
	c = calloc(to->n + 1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	pick = sched_build(to->conf.sched, c, gather_candidates(v->a, to, c));
	free(c);
	if (!pick)
		return -ENOMEM;
	for (uint32_t i = 0; i < pick->n && pick->n == from->pick->n; i++)
		moved += pick->slot[i] != from->pick->slot[i];
	if (moved || pick->n != from->pick->n)
		v->fn(v->ctx, &to->conf.ep, moved, pick->n);
	pick_put(pick);
	return 0;
}

int apply_preview(const struct apply *a, const struct roster *r, const struct roster *base,
		  void (*fn)(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places),
		  void *ctx)
{
	struct preview v = {a, fn, ctx};

	return roster_changes(base, r, preview_change, &v);
}

static uint32_t removed_flags(uint8_t policy)
{
	if (policy == REMOVED_RESELECT)
		return BACKEND_REMOVED;
	return BACKEND_REMOVED | BACKEND_REFUSE | (policy == REMOVED_RESET ? BACKEND_RESET : 0);
}

/* Bits of the source aren't spread unless somebody says which are free. */
struct tunnel apply_tunnel(const struct model_backend *b)
{
	return (struct tunnel){
		.src = b->reach->src,
		.dst = b->conf.addr,
		.type = b->conf.tunnel,
		.flags = b->conf.tunnel_flags,
		.port = b->conf.tunnel_port,
	};
}

static void fill_backend(const struct apply *a, struct snap *snap, const struct model_backend *b,
			 const struct roster_service *s)
{
	struct backend *out = &snap->backend[backend_slot(b->id)];

	out->id = b->id;
	out->service = s->slot;
	if (!model_listed(b))
		out->flags |= removed_flags(s->conf.removed);
	else if (model_weight(b))
		out->flags |= BACKEND_OPEN;
	if (out->flags & BACKEND_REFUSE || !apply_ready(a, b->reach))
		return;
	out->flags |= BACKEND_READY;
	out->nic = b->reach->nic;
	out->mtu = b->reach->mtu;
	if (b->reach->vlan) {
		out->flags |= BACKEND_VLAN;
		out->vlan = b->reach->vlan;
	}
	if (b->conf.forward == FORWARD_TUNNEL) {
		out->flags |= BACKEND_TUNNEL;
		snap->tunnel[backend_slot(b->id)] = apply_tunnel(b);
	}
	memcpy(out->macs, b->reach->mac, 6);
	memcpy(out->macs + 6, a->nic[out->nic].mac, 6);
}

/* Of the 128 that an address has here. */
static uint8_t persist_bits(const struct service_conf *conf)
{
	if (!conf->persist_prefix)
		return 128;
	return conf->persist_prefix + (addr_is_v4(&conf->ep.addr) ? 96 : 0);
}

static void fill_service(const struct apply *a, struct service *out, const struct roster_service *s)
{
	out->ep = s->conf.ep;
	out->slot = s->slot;
	out->sched = s->conf.sched;
	out->flags = s->conf.flags;
	out->persist = s->conf.persist;
	out->persist_prefix = persist_bits(&s->conf);
	out->removed = s->conf.removed;
	out->pick = s->pick;
	out->cursor = &a->cursor[s->slot];
}

static void fill_self(const struct apply *a, struct snap *snap)
{
	for (uint16_t i = 0; i < a->dp->n_nics; i++) {
		snap->self[i] = (struct backend){.flags = BACKEND_READY, .nic = i};
		memcpy(snap->self[i].macs + 6, a->nic[i].mac, sizeof(a->nic[i].mac));
	}
}

static bool steered(const struct roster_service *s)
{
	return s && !s->leaving;
}

static uint32_t count_steered(const struct roster *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += !r->service[i]->leaving;
	return n;
}

/* A snapshot being made, from another one or from nothing. */
struct remake {
	const struct apply *a;
	const struct snap *old; /* NULL: from nothing */
	struct snap *snap;
	bool moved; /* service[] has others in it than old's */
	uint32_t n_tunnels;
};

static uint32_t count_tunnels(const struct roster_service *s)
{
	uint32_t n = 0;

	for (uint32_t k = 0; s && k < s->n; k++)
		n += s->backend[k].conf.forward == FORWARD_TUNNEL;
	return n;
}

static int prepare_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	struct remake *re = ctx;

	re->moved |= steered(from) != steered(to);
	re->n_tunnels += count_tunnels(to) - count_tunnels(from);
	return steered(to) ? pick_refresh(re->a, from, to) : 0;
}

/* All slots that changed services had, before any is filled: servers may have changed theirs. */
static int clear_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	struct remake *re = ctx;

	(void)to;
	for (uint32_t k = 0; from && k < from->n; k++)
		memset(&re->snap->backend[backend_slot(from->backend[k].id)], 0,
		       sizeof(struct backend));
	return 0;
}

/* What is counted of a slot is its server's, and so are the thresholds. */
static void fill_conns(const struct remake *re, const struct model_backend *b)
{
	uint32_t slot = backend_slot(b->id);
	struct conns *c = re->a->dp->conns;
	bool same = re->old && slot < re->old->n_backends && re->old->backend[slot].id == b->id;

	if (!c)
		return;
	if (re->old && !same)
		conns_reset(&c[slot]);
	conns_limit(&c[slot], b->conf.upper, b->conf.lower);
}

static int fill_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	struct remake *re = ctx;

	(void)from;
	for (uint32_t k = 0; to && k < to->n; k++)
		fill_conns(re, &to->backend[k]);
	for (uint32_t k = 0; to && k < to->n; k++)
		fill_backend(re->a, re->snap, &to->backend[k], to);
	return 0;
}

/* Its place in service[] is where the old snapshot's index has it. */
static int replace_change(void *ctx, const struct roster_service *from, struct roster_service *to)
{
	struct remake *re = ctx;
	const struct service *at;

	(void)from;
	if (!steered(to))
		return 0;
	at = snap_service(re->old, &to->conf.ep);
	fill_service(re->a, &re->snap->service[at - re->old->service], to);
	return 0;
}

static void copy_backends(struct remake *re)
{
	const struct snap *old = re->old;

	memcpy(re->snap->backend, old->backend, old->n_backends * sizeof(*old->backend));
	if (re->snap->tunnel && old->tunnel)
		memcpy(re->snap->tunnel, old->tunnel, old->n_backends * sizeof(*old->tunnel));
}

static void copy_services(struct remake *re, const struct roster *base, const struct roster *r)
{
	struct snap *snap = re->snap;

	memcpy(snap->service, re->old->service, snap->n_services * sizeof(*snap->service));
	snap_index_copy(snap, re->old);
	roster_changes(base, r, replace_change, re);
}

static void fill_services(struct remake *re, const struct roster *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		if (steered(r->service[i]))
			fill_service(re->a, &re->snap->service[n++], r->service[i]);
	}
	snap_index(re->snap);
}

struct snap *apply_snap(struct apply *a, const struct roster *r, const struct roster *base,
			uint32_t n_slots)
{
	struct remake re = {.a = a, .old = base ? snap_get() : NULL};

	if (re.old)
		re.n_tunnels = re.old->n_tunnels;
	else
		base = NULL;
	if (roster_changes(base, r, prepare_change, &re))
		return NULL;
	re.snap = snap_new(count_steered(r), n_slots, re.n_tunnels, state_key(a->state));
	if (!re.snap)
		return NULL;
	if (re.old) {
		copy_backends(&re);
		roster_changes(base, r, clear_change, &re);
	}
	roster_changes(base, r, fill_change, &re);
	if (re.old && !re.moved)
		copy_services(&re, base, r);
	else
		fill_services(&re, r);
	for (uint32_t i = 0; i < re.snap->n_services; i++)
		pick_get(re.snap->service[i].pick);
	fill_self(a, re.snap);
	re.snap->generation = ++a->generation;
	return re.snap;
}

static void save_service(const struct roster_service *s, struct state_service *out,
			 struct state_backend *backend)
{
	*out = (struct state_service){
		.conf = s->conf,
		.slot = s->slot,
		.n_backends = s->n,
		.leaving = s->leaving,
		.inherited = s->inherited,
		.gone = s->gone,
	};
	for (uint32_t i = 0; i < s->n; i++) {
		backend[i] = (struct state_backend){
			.conf = s->backend[i].conf,
			.health = s->backend[i].health,
			.id = s->backend[i].id,
			.leaving = s->backend[i].leaving,
			.inherited = s->backend[i].inherited,
			.base = s->backend[i].base,
		};
	}
}

static uint32_t count_backends(const struct roster *r, uint32_t first, uint32_t end)
{
	uint32_t n = 0;

	for (uint32_t i = first; i < end; i++)
		n += r->service[i]->n;
	return n;
}

/* The stretch of r, in records, that isn't as in base. What follows it is, but lies elsewhere if
 * the stretch has become longer or shorter. */
static struct state_part save_part(const struct roster *r, const struct roster *base)
{
	uint32_t least = r->n < base->n ? r->n : base->n, n;
	struct state_part p = {.service_end = r->n};

	while (p.service < least && r->service[p.service] == base->service[p.service])
		p.service++;
	if (r->n == base->n) {
		while (p.service_end > p.service &&
		       r->service[p.service_end - 1] == base->service[p.service_end - 1])
			p.service_end--;
	}
	n = count_backends(r, p.service, p.service_end);
	if (n != count_backends(base, p.service, p.service_end < base->n ? p.service_end : base->n))
		p.service_end = r->n;
	p.backend = count_backends(r, 0, p.service);
	p.backend_end = p.backend + count_backends(r, p.service, p.service_end);
	return p;
}

int apply_save(struct apply *a, const struct roster *r, const struct roster *base)
{
	uint32_t n = count_backends(r, 0, r->n);
	struct state_part part = {.service_end = r->n, .backend_end = n};
	struct state_service *service;
	struct state_backend *backend;
	int err = state_begin(a->state, r->n, n, &service, &backend);

	if (err)
		return err;
	if (a->saved)
		part = save_part(r, base);
	n = part.backend;
	for (uint32_t i = part.service; i < part.service_end; i++) {
		save_service(r->service[i], &service[i], &backend[n]);
		n += r->service[i]->n;
	}
	state_end(a->state, &part);
	a->saved = true;
	return 0;
}

struct difference {
	int (*fn)(void *ctx, const struct endpoint *ep);
	void *ctx;
	int first; /* error */
};

static int difference_change(void *ctx, const struct roster_service *from,
			     struct roster_service *to)
{
	struct difference *d = ctx;
	int err;

	if (!steered(to) || steered(from))
		return 0;
	err = d->fn(d->ctx, &to->conf.ep);
	if (err < 0 && !d->first)
		d->first = err;
	return 0;
}

int apply_difference(const struct roster *r, const struct roster *other,
		     int (*fn)(void *ctx, const struct endpoint *ep), void *ctx)
{
	struct difference d = {.fn = fn, .ctx = ctx};

	if (fn)
		roster_changes(other, r, difference_change, &d);
	return d.first;
}
