/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of the control protocol about the configuration file: reload, confirm, undo, plan,
 * diff. Management thread. */
#ifndef SHUNT_MGMT_RELOAD_COMMAND_H
#define SHUNT_MGMT_RELOAD_COMMAND_H

#include "mgmt/control.h"
#include "mgmt/request.h"

/* Each fills the answer and returns 0, or -1 with the fault told; as rows of command.c have it. */
int reload_command(struct command_ctx *ctx, const struct request *r, json_t *answer,
		   struct fault *f);
int confirm_command(struct command_ctx *ctx, const struct request *r, json_t *answer,
		    struct fault *f);
int undo_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f);
int plan_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f);
int diff_command(struct command_ctx *ctx, const struct request *r, json_t *answer, struct fault *f);

#endif
