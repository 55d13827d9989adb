/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntctl show: what shuntd knows, as tables for people. */
#ifndef SHUNTCTL_SHOW_H
#define SHUNTCTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "ctl.h"

/* Runs "show KIND [--all]"; argv[0] is the word after show. Returns the exit code. */
int show_run(const struct ctl *ctl, int argc, const char **argv);

/* Prints shuntd's answer to a "show" of that kind. all: rows of zeros too. Returns false if there
 * is no such kind. */
bool show_print(FILE *out, const char *kind, const json_t *answer, bool all);

/* Lists the kinds, for help. */
void show_usage(FILE *out);

/* The name of a kind; NULL behind the last. */
const char *show_kind(size_t i);

#endif
