/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntctl top: what goes on now, by service, server or worker. */
#ifndef SHUNTCTL_TOP_H
#define SHUNTCTL_TOP_H

#include <jansson.h>
#include <stdio.h>

#include "ctl.h"

enum top_view {
	TOP_SERVICES,
	TOP_SERVERS,
	TOP_WORKERS,
	TOP_VIEWS
};

/* What top asks shuntd for, and how people call it. */
struct top_view_row {
	const char *name;
	char key;	  /* switches to it */
	const char *what; /* of the request "show", and of its answer's array */
};
extern const struct top_view_row top_views[TOP_VIEWS];

/* Runs "top [VIEW] [--interval SECONDS] [-n COUNT]"; argv[0] is the word behind top. Returns the
 * exit code. */
int top_run(const struct ctl *ctl, int argc, const char **argv);

/* Prints an answer as a line of titles and one line for each row, the busiest first. before: the
 * answer of so many seconds ago, for what shuntd tells totals of only; NULL: there is none.
 * Pure. */
void top_print(FILE *out, enum top_view view, const json_t *now, const json_t *before,
	       double seconds);

#endif
