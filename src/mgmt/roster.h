/* SPDX-License-Identifier: BSD-2-Clause */
/* The table as the model keeps it: services and their servers, in ipvsadm's order. A clone shares
 * the services with its original until it changes one (roster_own), so that a batch of edits can
 * be thrown away. Management thread. */
#ifndef SHUNT_MGMT_ROSTER_H
#define SHUNT_MGMT_ROSTER_H

#include "mgmt/model.h"
#include "mgmt/peer.h"
#include "table/sched.h"

struct roster_service {
	struct service_conf conf;
	uint32_t refs; /* rosters that hold it */
	uint32_t slot;
	bool leaving;
	bool inherited;		      /* see struct model_backend */
	struct backend_counters gone; /* what its former servers counted */
	struct pick *pick;	      /* made from ... */
	uint64_t pick_of;	      /* ... candidates with this hash; kept by apply.c */
	uint32_t n, room;
	struct model_backend *backend; /* by address, port */
};

struct roster {
	uint32_t n;
	struct roster_service *service[SERVICES_MAX];
};

/* An empty one, and one that shares all services; NULL: no memory. */
struct roster *roster_new(void);
struct roster *roster_clone(const struct roster *r);
void roster_free(struct roster *r, struct peers *peers); /* takes NULL */

/* Where the service is (*found), or would have to be inserted. */
uint32_t roster_find(const struct roster *r, const struct endpoint *ep, bool *found);

/* Inserts a service without servers; roster_own for changing one: a pointer from before is
 * stale then. Both return NULL when there is no memory; there is room for one more. */
struct roster_service *roster_insert(struct roster *r, uint32_t i, const struct service_conf *conf,
				     uint32_t slot);
struct roster_service *roster_own(struct roster *r, uint32_t i);
void roster_remove(struct roster *r, uint32_t i, struct peers *peers);

/* The same for the servers of an owned service. Insertion takes over the caller's reference to
 * the peer if it succeeds: 0 or -ENOMEM. */
uint32_t roster_find_backend(const struct roster_service *s, const struct addr *addr, __be16 port,
			     bool *found);
int roster_insert_backend(struct roster_service *s, uint32_t i, const struct model_backend *b);
void roster_remove_backend(struct roster_service *s, uint32_t i, struct peers *peers);

/* Order of services: negative, 0, positive. */
int roster_compare(const struct endpoint *a, const struct endpoint *b);

/* Calls fn for each service that isn't the very same in both, in order; from is NULL if it was
 * added, to if it was removed. A clone shares what wasn't changed, so that this is cheap; before
 * NULL stands for an empty roster. Stops at fn's first error and returns it, else 0. */
typedef int roster_change(void *ctx, const struct roster_service *from, struct roster_service *to);
int roster_changes(const struct roster *before, const struct roster *after, roster_change *fn,
		   void *ctx);

#endif
