/* SPDX-License-Identifier: BSD-2-Clause */
/* When checks run. A check's own number, a hash of what it is, spreads them: checks with equal
 * times don't meet, and one that is started again keeps its place. Pure; any thread. Times are in
 * milliseconds. */
#ifndef SHUNT_HEALTH_PACE_H
#define SHUNT_HEALTH_PACE_H

#include "conf/check.h"

/* From the start until the first try: 0 to warmup, by the check's number. */
uint64_t pace_first(const struct check_pace *pace, uint64_t number);

/* From the start of a check's turn to that of the next: delay_loop, more or less by up to jitter
 * percent. At least 1. */
uint64_t pace_next(const struct check_pace *pace, uint64_t number, uint64_t turn);

/* How long it takes at most from a server's fault until its check is down: what "at once" means
 * when a whole service fails. */
uint64_t pace_detects(const struct check_pace *pace);

#endif
