/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of the model, for model.c (life, commit, what comes in from outside), model_edit.c and
 * model_read.c. */
#ifndef SHUNT_MGMT_MODEL_CORE_H
#define SHUNT_MGMT_MODEL_CORE_H

#include "mgmt/apply.h"
#include "mgmt/model.h"
#include "mgmt/peer.h"
#include "mgmt/roster.h"
#include "mgmt/slots.h"

enum {
	ID_GENERATIONS = (1 << (32 - BACKEND_SLOT_BITS)) - 1
};

struct model {
	const struct dataplane *dp;
	struct model_hooks hooks;
	struct roster *now;   /* what was committed */
	struct roster *draft; /* what is being edited; NULL: nothing */
	struct slots services, backends;
	struct peers peers;
	struct apply apply;
	struct flow_table flows[WORKERS_MAX];
	struct model_flows *counted; /* by backend slot */
	uint32_t *counted_id;	     /* by backend slot: the id that is counted there */
	uint32_t sweeps;
	bool committing;
	bool stale; /* the snapshot isn't what is known of NICs and neighbours */
};

/* Makes sure that there is a draft: 0 or -ENOMEM. */
int model_draft(struct model *m);

/* Inserts a server that has an id already into an owned service: 0 or -ENOMEM. */
int model_insert_backend(struct model *m, struct roster_service *s, uint32_t i,
			 struct model_backend *b);

/* What all workers counted for a backend slot, whoever had it. */
struct backend_counters model_slot_totals(const struct model *m, uint32_t slot);

/* What the server counted goes to its service's account; its own begins anew. */
void model_retire_totals(struct model *m, struct roster_service *s, struct model_backend *b);

#endif
