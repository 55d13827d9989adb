/* SPDX-License-Identifier: BSD-2-Clause */
/* What the control protocol tells people: `show`. Management thread. */
#ifndef SHUNT_MGMT_SHOW_H
#define SHUNT_MGMT_SHOW_H

#include "mgmt/control.h"
#include "mgmt/request.h"

/* Adds what is asked for. Returns 0, or -1 with the fault told. */
int show_run(struct command_ctx *ctx, const char *what, json_t *answer, struct fault *f);

#endif
