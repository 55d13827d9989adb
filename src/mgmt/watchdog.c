/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/watchdog.h"

bool watchdog_look(struct watchdog *w, const struct dataplane *dp)
{
	bool alive = true;

	for (uint32_t i = 0; i < dp->n_workers; i++) {
		uint64_t loops = counter_get(&dp->worker[i].counters->loops);

		w->still[i] = loops == w->loops[i] ? w->still[i] + 1 : 0;
		w->loops[i] = loops;
		alive &= w->still[i] < WATCHDOG_LOOKS;
	}
	return alive;
}
