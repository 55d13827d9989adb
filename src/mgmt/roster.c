/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/roster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct roster *roster_new(void)
{
	struct roster *r = malloc(sizeof(*r));

	if (r)
		r->n = 0;
	return r;
}

struct roster *roster_clone(const struct roster *r)
{
	struct roster *clone = roster_new();

	if (!clone)
		return NULL;
	for (; clone->n < r->n; clone->n++) {
		clone->service[clone->n] = r->service[clone->n];
		clone->service[clone->n]->refs++;
	}
	return clone;
}

static void service_put(struct roster_service *s, struct peers *peers)
{
	if (--s->refs)
		return;
	for (uint32_t i = 0; i < s->n; i++)
		peer_put(peers, s->backend[i].peer);
	pick_put(s->pick);
	free(s->backend);
	free(s);
}

void roster_free(struct roster *r, struct peers *peers)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->n; i++)
		service_put(r->service[i], peers);
	free(r);
}

int roster_compare(const struct endpoint *a, const struct endpoint *b)
{
	int order = addr_is_v4(&b->addr) - addr_is_v4(&a->addr);

	if (!order)
		order = a->proto - b->proto;
	if (!order)
		order = memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return order ? order : ntohs(a->port) - ntohs(b->port);
}

uint32_t roster_find(const struct roster *r, const struct endpoint *ep, bool *found)
{
	uint32_t low = 0, high = r->n;

	*found = false;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = roster_compare(&r->service[middle]->conf.ep, ep);

		if (!order)
			*found = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct roster_service *roster_insert(struct roster *r, uint32_t i, const struct service_conf *conf,
				     uint32_t slot)
{
	struct roster_service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->conf = *conf;
	s->refs = 1;
	s->slot = slot;
	memmove(&r->service[i + 1], &r->service[i], (r->n - i) * sizeof(*r->service));
	r->service[i] = s;
	r->n++;
	return s;
}

struct roster_service *roster_own(struct roster *r, uint32_t i)
{
	struct roster_service *s = r->service[i], *own;

	if (s->refs == 1)
		return s;
	own = malloc(sizeof(*own));
	if (!own)
		return NULL;
	*own = *s;
	own->refs = 1;
	own->room = own->n;
	own->backend = NULL;
	if (own->n) {
		own->backend = malloc(own->n * sizeof(*own->backend));
		if (!own->backend) {
			free(own);
			return NULL;
		}
		memcpy(own->backend, s->backend, own->n * sizeof(*own->backend));
	}
	for (uint32_t k = 0; k < own->n; k++)
		peer_ref(own->backend[k].peer);
	if (own->pick)
		pick_get(own->pick);
	s->refs--;
	r->service[i] = own;
	return own;
}

void roster_remove(struct roster *r, uint32_t i, struct peers *peers)
{
	service_put(r->service[i], peers);
	r->n--;
	memmove(&r->service[i], &r->service[i + 1], (r->n - i) * sizeof(*r->service));
}

static int backend_compare(const struct backend_conf *b, const struct addr *addr, __be16 port)
{
	int order = memcmp(&b->addr, addr, sizeof(*addr));

	return order ? order : ntohs(b->port) - ntohs(port);
}

uint32_t roster_find_backend(const struct roster_service *s, const struct addr *addr, __be16 port,
			     bool *found)
{
	uint32_t low = 0, high = s->n;

	*found = false;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		int order = backend_compare(&s->backend[middle].conf, addr, port);

		if (!order)
			*found = true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int roster_insert_backend(struct roster_service *s, uint32_t i, const struct model_backend *b)
{
	if (s->n == s->room) {
		uint32_t room = s->room ? 2 * s->room : 4;
		struct model_backend *grown = realloc(s->backend, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->backend = grown;
		s->room = room;
	}
	memmove(&s->backend[i + 1], &s->backend[i], (s->n - i) * sizeof(*b));
	s->backend[i] = *b;
	s->n++;
	return 0;
}

void roster_remove_backend(struct roster_service *s, uint32_t i, struct peers *peers)
{
	peer_put(peers, s->backend[i].peer);
	s->n--;
	memmove(&s->backend[i], &s->backend[i + 1], (s->n - i) * sizeof(*s->backend));
}

int roster_changes(const struct roster *before, const struct roster *after, roster_change *fn,
		   void *ctx)
{
	uint32_t i = 0, k = 0, n = before ? before->n : 0;
	int err = 0;

	while (!err && (i < n || k < after->n)) {
		struct roster_service *from = i < n ? before->service[i] : NULL;
		struct roster_service *to = k < after->n ? after->service[k] : NULL;
		int order = 0;

		if (from != to) {
			if (from && to)
				order = roster_compare(&from->conf.ep, &to->conf.ep);
			else
				order = from ? -1 : 1;
			err = fn(ctx, order <= 0 ? from : NULL, order >= 0 ? to : NULL);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return err;
}
