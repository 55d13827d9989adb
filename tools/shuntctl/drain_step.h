/* SPDX-License-Identifier: BSD-2-Clause */
/* Draining a server, step by step: what to ask for, what is left, when it will have gone. Pure. */
#ifndef SHUNTCTL_DRAIN_STEP_H
#define SHUNTCTL_DRAIN_STEP_H

#include <jansson.h>

enum {
	DRAIN_SAMPLES = 10, /* the estimate looks back so far; one is taken each second */
	DRAIN_UNKNOWN = -1,
};

/* Flows left, lately. Zeroed memory has seen none. */
struct drain {
	unsigned int n;		       /* samples so far */
	long long left[DRAIN_SAMPLES]; /* by n modulo their number */
};

/* The named server ({"address", "port"}) in the answer to "list", borrowed from it; or NULL. */
json_t *drain_find(const json_t *list, const json_t *server);

/* A request that gives the server found another weight, and leaves all else as it is. A new
 * reference; both arguments are borrowed. */
json_t *drain_edit(const json_t *service, const json_t *found, long long weight);

/* Flows of the server found, active and inactive. */
long long drain_left(const json_t *found);

/* Notes how many are left, a second after the last time. */
void drain_note(struct drain *d, long long left);

/* Seconds until none will be left, if they go on to end as they did lately: rounded up, 0 if none
 * is left; DRAIN_UNKNOWN if none ended. */
long long drain_estimate(const struct drain *d);

#endif
