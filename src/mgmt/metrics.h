/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics by HTTP, on the management thread's loop: GET and HEAD of the pages of metric.h. */
#ifndef SHUNT_MGMT_METRICS_H
#define SHUNT_MGMT_METRICS_H

#include <uv.h>

#include "mgmt/control.h"

struct metrics;

/* Listens on an address and port. ctx is borrowed. Returns 0 or -errno, err then holds one line.
 * Management thread. */
int metrics_open(struct metrics **out, uv_loop_t *loop, const struct endpoint *at,
		 const struct command_ctx *ctx, char *err, size_t err_size);

/* Ends all connections; the loop must run on until the handles are closed, and frees the rest
 * then. Takes NULL. */
void metrics_close(struct metrics *m);

#endif
