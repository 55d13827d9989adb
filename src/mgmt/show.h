/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control protocol tells: the table as ipvsadm lists it, and `show`. Management thread. */
#ifndef SHUNT_MGMT_SHOW_H
#define SHUNT_MGMT_SHOW_H

#include "mgmt/control.h"
#include "mgmt/request.h"

/* Adds the table, or one service of it, to the answer. Returns 0 or -ENOENT. */
int show_list(struct command_ctx *ctx, const struct endpoint *one, json_t *answer);

/* Adds what is asked for. Returns 0, or -1 with the fault told. */
int show_run(struct command_ctx *ctx, const char *what, json_t *answer, struct fault *f);

#endif
