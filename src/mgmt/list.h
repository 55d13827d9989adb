/* SPDX-License-Identifier: BSD-2-Clause */
/* The table as the control protocol tells it to ipvsadm's listings: services, servers, rates,
 * connections. Management thread. */
#ifndef SHUNT_MGMT_LIST_H
#define SHUNT_MGMT_LIST_H

#include "mgmt/control.h"

/* Adds the table, or one service of it, to the answer. Returns 0 or -ENOENT. */
int list_table(struct command_ctx *ctx, const struct endpoint *one, json_t *answer);

/* Adds the table that the edits so far would make, without anything that is counted. */
void list_draft(struct command_ctx *ctx, json_t *answer);

/* Adds a page of the live flows, and the "cursor" of the next one if there is one. Returns 0, or -1
 * with the fault told. */
int list_connections(struct command_ctx *ctx, uint64_t cursor, json_t *answer, struct fault *f);

void list_timeouts(struct command_ctx *ctx, json_t *answer);

/* Parts of it, as new references. flows is what model_flows gave. */
json_t *list_endpoint(const struct endpoint *ep);
json_t *list_server(struct command_ctx *ctx, const struct model_backend *b,
		    const struct model_flows *flows);
json_t *list_services(struct command_ctx *ctx);

/* Adds what is known of the way to a server. */
void list_reach(json_t *o, const struct dataplane *dp, const struct reach *r);

#endif
