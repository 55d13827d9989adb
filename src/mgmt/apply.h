/* SPDX-License-Identifier: BSD-2-Clause */
/* From the table as it is edited to what others work with: the workers' snapshot, the state area,
 * and which destinations are steered. Management thread. */
#ifndef SHUNT_MGMT_APPLY_H
#define SHUNT_MGMT_APPLY_H

#include "mgmt/roster.h"
#include "table/snap.h"
#include "table/state.h"

struct apply_nic {
	uint8_t mac[6];
	bool up;
};

struct apply {
	const struct dataplane *dp;
	struct state *state;
	uint32_t *cursor;    /* [SERVICES_MAX], by service slot; outlives snapshots */
	uint64_t generation; /* of the last snapshot */
	bool saved;	     /* the state area holds a table that was saved here */
	struct apply_nic nic[NICS_MAX];
};

/* NICs' addresses are dp's; all are taken to be up. Returns 0 or -ENOMEM. */
int apply_open(struct apply *a, const struct dataplane *dp, struct state *state);
void apply_close(struct apply *a);

/* Whether a server's frames can be sent: its MAC is known and its NIC is up. */
bool apply_ready(const struct apply *a, const struct reach *reach);

/* What surrounds the packets of a server that is reached through a tunnel. */
struct tunnel apply_tunnel(const struct model_backend *b);

/* A whole snapshot with backend slots below n_slots, not published: the caller's. Services whose
 * candidates changed get a new pick. What r shares with base is copied from the published snapshot,
 * which must have been made from base with neighbours and NICs as they are now, and of no more
 * slots; base NULL: everything is looked at. NULL: no memory. */
struct snap *apply_snap(struct apply *a, const struct roster *r, const struct roster *base,
			uint32_t n_slots);

/* Saves the table in the state area: 0, or -ENOSPC and nothing changed. base is what was saved
 * last: only the stretch in which r differs is written. The first time everything is. */
int apply_save(struct apply *a, const struct roster *r, const struct roster *base);

/* Calls fn for each destination that is steered in r and not in other. Returns 0 or the first
 * error of fn, which may be NULL. */
int apply_difference(const struct roster *r, const struct roster *other,
		     int (*fn)(void *ctx, const struct endpoint *ep), void *ctx);

/* What the change from base to r does to the services' tables (see model_preview). */
int apply_preview(const struct apply *a, const struct roster *r, const struct roster *base,
		  void (*fn)(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places),
		  void *ctx);

#endif
