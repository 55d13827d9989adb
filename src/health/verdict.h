/* SPDX-License-Identifier: BSD-2-Clause */
/* From single tries to what is said of a server. Two steps, each a small state machine without
 * clocks or sockets of its own:
 *	try, try, ... -> one check's verdict (keepalived's rules, with HAProxy's rise and fall)
 *	verdicts of all its checks -> the server's state (all must be good; not too many changes)
 * All are pure; any thread. */
#ifndef SHUNT_HEALTH_VERDICT_H
#define SHUNT_HEALTH_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/check.h"

struct verdict {
	bool up;
	bool decided;	/* a check was finished: before that, up is only what alpha says */
	uint32_t tries; /* failed ones of the check under way */
	uint32_t good;	/* checks in a row */
	uint32_t bad;
};

enum verdict_next {
	VERDICT_LOOP,  /* the check is finished; the next one at its time */
	VERDICT_RETRY, /* it isn't: another try after delay_before_retry */
};

/* Before the first try: up, or with alpha down. */
struct verdict verdict_new(const struct check_pace *pace);

/* Takes the outcome of a try. As in keepalived, the first check of all decides by its first try, up
 * or down; after that, a check has failed when 1 + retry tries have. A check that is down isn't
 * tried again before its next time. rise and fall count finished checks. */
enum verdict_next verdict_step(struct verdict *v, const struct check_pace *pace, bool ok);

struct limit {
	uint32_t per_minute; /* 0: no limit */
	uint64_t spent;	     /* milliseconds of a minute's budget that are used up ... */
	uint64_t at;	     /* ... at this time */
};

/* Whether a change may be made at now (milliseconds of a clock that only goes forward), and takes
 * it from the budget: per_minute of them at once, and then one each minute / per_minute (a token
 * bucket: Turner, "New directions in communications", 1986). */
bool limit_take(struct limit *l, uint64_t now);

/* A server's state. */
struct standing {
	bool up;
	bool held; /* its checks say otherwise, but it has changed too often */
	struct limit limit;
};

/* The state that follows from what all of its checks say. Returns whether it changed. A held one is
 * to be asked again later, with what the checks say then. */
bool standing_step(struct standing *s, bool all_good, uint64_t now);

#endif
