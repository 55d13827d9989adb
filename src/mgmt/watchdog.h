/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the data plane lives: every worker's heartbeat moves, asleep or not. The service manager
 * is told so only then. Management thread. */
#ifndef SHUNT_MGMT_WATCHDOG_H
#define SHUNT_MGMT_WATCHDOG_H

#include <stdbool.h>

#include "base/dataplane.h"

enum {
	WATCHDOG_LOOKS = 3 /* a worker may stand still between so many looks, less one */
};

struct watchdog {
	uint64_t loops[WORKERS_MAX]; /* at the last look */
	uint32_t still[WORKERS_MAX]; /* looks since it moved */
};

/* Looks at all workers, once a second or more seldom: a sleeping one wakes once a second. False if
 * one has stood still for WATCHDOG_LOOKS looks. */
bool watchdog_look(struct watchdog *w, const struct dataplane *dp);

#endif
