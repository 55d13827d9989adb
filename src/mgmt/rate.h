/* SPDX-License-Identifier: BSD-2-Clause */
/* Rates per second of every service and server, estimated as IPVS does it (Linux,
 * net/netfilter/ipvs/ip_vs_est.c): every two seconds the average moves a quarter of the way to what
 * was counted since. Management thread. */
#ifndef SHUNT_MGMT_RATE_H
#define SHUNT_MGMT_RATE_H

#include <stdint.h>

#include "mgmt/model.h"

enum {
	RATE_MS = 2000, /* between ticks */
};

/* One estimator. Zeroed memory is a fresh one. */
struct rate {
	struct model_stats last; /* totals at the last tick */
	uint64_t avg[3];	 /* flows, packets, bytes: 1024ths per second */
};

/* Whole units per second, rounded as IPVS does. */
struct rate_view {
	uint64_t conns, packets, bytes;
};

/* Takes the totals of now. Totals that fell were set to zero: it begins anew. */
void rate_tick(struct rate *r, const struct model_stats *total);
void rate_read(const struct rate *r, struct rate_view *out);

struct rates;

/* All of a model's; NULL: no memory. rates_free takes NULL. */
struct rates *rates_new(void);
void rates_free(struct rates *r);

/* To be called every RATE_MS. */
void rates_tick(struct rates *r, const struct model *m);

/* NULL: it was not there at the last tick; r may be NULL. Borrowed until the next tick. */
const struct rate *rates_service(const struct rates *r, uint32_t slot, const struct endpoint *ep);
const struct rate *rates_backend(const struct rates *r, uint32_t id);

#endif
