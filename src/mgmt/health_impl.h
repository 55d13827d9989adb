/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of mgmt/health.h, for health.c (whom there is, and what follows), health_follow.c
 * (from one file to the next), health_way.c and health_show.c. */
#ifndef SHUNT_MGMT_HEALTH_IMPL_H
#define SHUNT_MGMT_HEALTH_IMPL_H

#include <sys/queue.h>

#include "health/checker.h"
#include "health/passive.h"
#include "health/quorum.h"
#include "mgmt/health.h"

struct checked_server {
	struct checked_service *service;
	const struct conf_server *conf;
	struct checker_link *link; /* one for each of conf's checks */
	struct standing standing;
	uint64_t since;	     /* milliseconds: when its state last changed */
	uint64_t changes[2]; /* how often it went down, up */
	struct passive passive;
	uint64_t flows, stuck; /* totals when the passive check looked last */
	bool ready;	       /* it can be reached, as far as is known */
	bool news;	       /* its state changed, and nobody was told yet */
};

struct checked_service {
	struct health *health;
	const struct conf_service *conf;
	struct quorum_conf terms;
	struct quorum quorum;
	uint64_t weight;	       /* of the live servers */
	struct checked_server *server; /* conf->n_servers */
	unsigned int news;	       /* enum quorum_change, likewise */
	bool begun;		       /* it was judged before */
	bool dirty;
	TAILQ_ENTRY(checked_service) next; /* of those that are dirty */
};

struct health {
	uv_loop_t *loop;
	struct model *model;
	struct checkers *checkers;
	struct health_hooks hooks;
	struct checked_service *service;
	struct checked_service **sorted; /* the same, by endpoint */
	int n_services;
	bool takeover; /* nothing was followed yet, and the table is an earlier engine's */
	TAILQ_HEAD(dirty_services, checked_service) dirty;
	uv_timer_t soon, tick;
	int n_timers; /* that aren't closed */
};

/* The service with this endpoint, or NULL. */
struct checked_service *health_find(const struct health *h, const struct endpoint *ep);

/* Has it judged anew, soon. */
void health_touch(struct checked_service *s);

/* Judges all that is dirty, now: the table is changed, and who wants to know is told. */
void health_judge(struct health *h);

/* Whether all that is known of a server is good. */
bool health_server_good(const struct checked_server *s);

/* Its place in the table; NULL if it isn't there. */
const struct model_backend *health_backend(const struct checked_server *s);

/* checkers_hooks.way; ctx is the struct health. */
const char *health_way(void *ctx, const struct probe_target *target, struct way *out);

/* Ends the services' checks, and frees them. */
void health_free_services(struct checked_service *s, int n);

#endif
