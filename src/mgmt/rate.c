/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/rate.h"

#include <stdlib.h>
#include <string.h>

enum {
	SCALE = 10,    /* bits behind the point */
	QUARTER = 2,   /* the weight of what is new, as a shift */
	PERIOD = 1,    /* two seconds, as a shift */
	ROUND = 0x1ff, /* IPVS adds a little less than half before it cuts */
};

/* By slot; whose it is, is remembered, for slots change hands. Pages that nobody uses cost
 * nothing. */
struct rates {
	struct endpoint service_of[SERVICES_MAX];
	struct rate service[SERVICES_MAX];
	uint32_t backend_of[BACKENDS_MAX];
	struct rate backend[BACKENDS_MAX];
};

static void average(uint64_t *avg, uint64_t now, uint64_t last)
{
	int64_t rate = (int64_t)((now - last) << (SCALE - PERIOD));

	*avg = (uint64_t)((int64_t)*avg + ((rate - (int64_t)*avg) >> QUARTER));
}

void rate_tick(struct rate *r, const struct model_stats *total)
{
	if (total->flows < r->last.flows || total->packets < r->last.packets ||
	    total->bytes < r->last.bytes)
		*r = (struct rate){0};
	average(&r->avg[0], total->flows, r->last.flows);
	average(&r->avg[1], total->packets, r->last.packets);
	average(&r->avg[2], total->bytes, r->last.bytes);
	r->last = *total;
}

void rate_read(const struct rate *r, struct rate_view *out)
{
	out->conns = (r->avg[0] + ROUND) >> SCALE;
	out->packets = (r->avg[1] + ROUND) >> SCALE;
	out->bytes = (r->avg[2] + ROUND) >> SCALE;
}

struct rates *rates_new(void)
{
	return calloc(1, sizeof(struct rates));
}

void rates_free(struct rates *r)
{
	free(r);
}

static void tick_backend(struct rates *r, const struct model *m, const struct model_backend *b)
{
	uint32_t slot = backend_slot(b->id);
	struct model_stats total;

	model_backend_stats(m, b, &total);
	if (r->backend_of[slot] != b->id) {
		r->backend_of[slot] = b->id;
		r->backend[slot] = (struct rate){.last = total};
	}
	rate_tick(&r->backend[slot], &total);
}

void rates_tick(struct rates *r, const struct model *m)
{
	struct model_service s;
	struct model_stats total;

	for (uint32_t i = 0; i < model_services(m); i++) {
		model_service_at(m, i, &s);
		model_service_stats(m, &s.conf.ep, &total);
		if (memcmp(&r->service_of[s.slot], &s.conf.ep, sizeof(s.conf.ep)) != 0) {
			r->service_of[s.slot] = s.conf.ep;
			r->service[s.slot] = (struct rate){.last = total};
		}
		rate_tick(&r->service[s.slot], &total);
		for (uint32_t k = 0; k < s.n_backends; k++)
			tick_backend(r, m, &s.backend[k]);
	}
}

const struct rate *rates_service(const struct rates *r, uint32_t slot, const struct endpoint *ep)
{
	return r && !memcmp(&r->service_of[slot], ep, sizeof(*ep)) ? &r->service[slot] : NULL;
}

const struct rate *rates_backend(const struct rates *r, uint32_t id)
{
	uint32_t slot = backend_slot(id);

	return r && r->backend_of[slot] == id ? &r->backend[slot] : NULL;
}
