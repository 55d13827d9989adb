/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: JSON, one request and one answer per line. What can be asked stands in the
 * table of commands in command.c; shuntctl(8) lists it. */
#ifndef SHUNT_MGMT_CONTROL_H
#define SHUNT_MGMT_CONTROL_H

#include <jansson.h>
#include <uv.h>

#include "base/dataplane.h"
#include "mgmt/model.h"
#include "mgmt/neigh.h"
#include "mgmt/rate.h"
#include "mgmt/request.h"
#include "mgmt/steer.h"

/* What commands work on; all borrowed. */
struct command_ctx {
	const struct dataplane *dp;
	struct model *model;
	struct neigh *neigh;
	struct steer *steer;
	uint64_t started;      /* CLOCK_MONOTONIC seconds */
	struct rates *rates;   /* NULL: none are told */
	struct reload *reload; /* NULL: there is no configuration file */
	struct health *health; /* likewise */
	struct source *source; /* likewise */
};

/* Carries out one request and returns the answer (a new reference; never NULL, but JSON's null
 * when there is no memory). write: the peer may change things. Management thread. */
json_t *command_run(struct command_ctx *ctx, json_t *request, bool write);

/* The answer that refuses a request (likewise). */
json_t *command_fault(const struct fault *f);

struct control;

/* Listens on a UNIX stream socket of mode 0660, and beside it on one of mode 0666 where nobody may
 * change anything (base/ctl_path.h). Each takes its place as listen_bind does. Thirty-two clients
 * may be connected to both, and four more who may change things. Returns 0 or -errno, err then
 * holds one line. Management thread. */
int control_open(struct control **out, uv_loop_t *loop, const char *path, struct command_ctx *ctx,
		 char *err, size_t err_size);

/* Closes connections and removes the sockets; the loop must run on until the handles are closed,
 * and frees the rest then. Takes NULL. */
void control_close(struct control *c);

#endif
