/* SPDX-License-Identifier: BSD-2-Clause */
/* Shows a plan, to people and to programs. */
#ifndef SHUNT_PLAN_PRINT_H
#define SHUNT_PLAN_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "plan/plan.h"

/* A line per queue, then the management thread, then the warnings. */
void plan_print_text(const struct plan *plan, FILE *out);

/* The whole plan with "schema_version". Returns a new reference, or NULL without memory. */
json_t *plan_json(const struct plan *plan);

/* The same, on a stream, with a newline. Returns 0, -ENOMEM or -EIO. */
int plan_print_json(const struct plan *plan, FILE *out);

#endif
