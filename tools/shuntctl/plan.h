/* SPDX-License-Identifier: BSD-2-Clause */
/* What a change would do, told: for plan, and for --dry-run of every command that changes
 * something. */
#ifndef SHUNTCTL_PLAN_H
#define SHUNTCTL_PLAN_H

#include <jansson.h>

#include "ctl.h"

/* Prints on stdout how many services and servers come, go and change. */
void plan_print_counts(const json_t *plan);

/* The same, and the places that move, and what becomes of live connections. */
void plan_print(const json_t *plan);

/* Asks for a change to be tried only, if --dry-run was given. */
void plan_ask(const struct ctl *ctl, json_t *request);

/* Prints the plan of an answer to that. */
void plan_answer(const struct ctl *ctl, const json_t *answer);

#endif
