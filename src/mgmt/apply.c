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

		if (b->leaving || !b->conf.weight || !apply_ready(a, b->reach))
			continue;
		memset(&c[n], 0, sizeof(*c)); /* padding too: it is hashed */
		c[n].addr = b->conf.addr;
		c[n].port = b->conf.port;
		c[n].weight = b->conf.weight;
		c[n].slot = backend_slot(b->id);
		n++;
	}
	return n;
}

/* Making a pick takes a millisecond: the old one stays if it would be made from the same. */
static int pick_refresh(const struct apply *a, struct roster_service *s, struct candidate *c)
{
	uint32_t n = gather_candidates(a, s, c);
	uint64_t hash = XXH3_64bits_withSeed(c, n * sizeof(*c), s->conf.sched);
	struct pick *pick;

	if (s->pick && s->pick_of == hash)
		return 0;
	pick = sched_build(s->conf.sched, c, n);
	if (!pick)
		return -ENOMEM;
	pick_put(s->pick);
	s->pick = pick;
	s->pick_of = hash;
	return 0;
}

static int picks_refresh(const struct apply *a, const struct roster *r)
{
	struct candidate *c;
	uint32_t most = 1;
	int err = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		if (r->service[i]->n > most)
			most = r->service[i]->n;
	}
	c = calloc(most, sizeof(*c));
	if (!c)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->n && !err; i++) {
		if (!r->service[i]->leaving)
			err = pick_refresh(a, r->service[i], c);
	}
	free(c);
	return err;
}

static void fill_backend(const struct apply *a, struct backend *out, const struct model_backend *b,
			 uint32_t service)
{
	out->id = b->id;
	out->service = service;
	if (b->conf.weight && !b->leaving)
		out->flags |= BACKEND_OPEN;
	if (!apply_ready(a, b->reach))
		return;
	out->flags |= BACKEND_READY;
	out->nic = b->reach->nic;
	memcpy(out->macs, b->reach->mac, 6);
	memcpy(out->macs + 6, a->nic[out->nic].mac, 6);
}

static void fill_service(const struct apply *a, struct service *out, const struct roster_service *s)
{
	out->ep = s->conf.ep;
	out->slot = s->slot;
	out->sched = s->conf.sched;
	out->flags = s->conf.flags;
	out->pick = pick_get(s->pick);
	out->cursor = &a->cursor[s->slot];
}

static uint32_t count_steered(const struct roster *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += !r->service[i]->leaving;
	return n;
}

struct snap *apply_snap(struct apply *a, const struct roster *r, uint32_t n_slots)
{
	struct snap *snap;
	uint32_t n = 0;

	if (picks_refresh(a, r))
		return NULL;
	snap = snap_new(count_steered(r), n_slots, state_key(a->state));
	if (!snap)
		return NULL;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct roster_service *s = r->service[i];

		if (!s->leaving)
			fill_service(a, &snap->service[n++], s);
		for (uint32_t k = 0; k < s->n; k++)
			fill_backend(a, &snap->backend[backend_slot(s->backend[k].id)],
				     &s->backend[k], s->slot);
	}
	snap->generation = ++a->generation;
	snap_index(snap);
	return snap;
}

static void save_service(const struct roster_service *s, struct state_service *out,
			 struct state_backend *backend)
{
	out->conf = s->conf;
	out->slot = s->slot;
	out->n_backends = s->n;
	out->leaving = s->leaving;
	out->inherited = s->inherited;
	out->gone = s->gone;
	for (uint32_t i = 0; i < s->n; i++) {
		backend[i].conf = s->backend[i].conf;
		backend[i].id = s->backend[i].id;
		backend[i].leaving = s->backend[i].leaving;
		backend[i].inherited = s->backend[i].inherited;
		backend[i].base = s->backend[i].base;
	}
}

int apply_save(const struct apply *a, const struct roster *r)
{
	struct state_service *service = calloc(r->n + 1, sizeof(*service));
	struct state_backend *backend;
	uint32_t n = 0;
	int err = -ENOMEM;

	for (uint32_t i = 0; i < r->n; i++)
		n += r->service[i]->n;
	backend = calloc(n + 1, sizeof(*backend));
	if (!service || !backend)
		goto out;
	n = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		save_service(r->service[i], &service[i], &backend[n]);
		n += r->service[i]->n;
	}
	err = state_write(a->state, service, r->n, backend, n);
out:
	free(backend);
	free(service);
	return err;
}

int apply_difference(const struct roster *r, const struct roster *other,
		     int (*fn)(void *ctx, const struct endpoint *ep), void *ctx)
{
	uint32_t k = 0;
	int first = 0;

	for (uint32_t i = 0; fn && i < r->n; i++) {
		const struct endpoint *ep = &r->service[i]->conf.ep;
		int order = 1, err;

		if (r->service[i]->leaving)
			continue;
		while (k < other->n) {
			order = roster_compare(&other->service[k]->conf.ep, ep);
			if (order >= 0)
				break;
			k++;
		}
		if (!order && !other->service[k]->leaving)
			continue;
		err = fn(ctx, ep);
		if (err < 0 && !first)
			first = err;
	}
	return first;
}
