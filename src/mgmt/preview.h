/* SPDX-License-Identifier: BSD-2-Clause */
/* What the edits so far would do, for commands that are tried ("dry-run"). Management thread. */
#ifndef SHUNT_MGMT_PREVIEW_H
#define SHUNT_MGMT_PREVIEW_H

#include <jansson.h>

#include "mgmt/model.h"

/* Adds "plan" to the answer: services and servers that are added, removed and changed, the places
 * of hash tables that move, and what becomes of the live connections of servers that are removed.
 * Returns 0, or -ENOMEM and hasn't. The draft stays. */
int preview_draft(struct model *m, json_t *answer);

/* The parts that other plans have too, as new references. */
json_t *preview_counts(uint32_t added, uint32_t removed, uint32_t changed);
json_t *preview_move(const struct endpoint *ep, uint32_t moved, uint32_t places);

#endif
