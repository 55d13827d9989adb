/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/verdict.h"

enum {
	MINUTE_MS = 60 * 1000
};

struct verdict verdict_new(const struct check_pace *pace)
{
	return (struct verdict){.up = !pace->alpha};
}

static void step_good(struct verdict *v, const struct check_pace *pace)
{
	v->tries = 0;
	v->bad = 0;
	v->good++;
	if (!v->decided || v->good >= pace->rise)
		v->up = true;
	v->decided = true;
}

static enum verdict_next step_bad(struct verdict *v, const struct check_pace *pace)
{
	v->good = 0;
	if (v->up && v->decided && v->tries < pace->retry) {
		v->tries++;
		return VERDICT_RETRY;
	}
	v->tries = 0;
	v->bad++;
	if (!v->decided || v->bad >= pace->fall)
		v->up = false;
	v->decided = true;
	return VERDICT_LOOP;
}

enum verdict_next verdict_step(struct verdict *v, const struct check_pace *pace, bool ok)
{
	if (!ok)
		return step_bad(v, pace);
	step_good(v, pace);
	return VERDICT_LOOP;
}

bool limit_take(struct limit *l, uint64_t now)
{
	uint64_t price, back = now - l->at;

	if (!l->per_minute)
		return true;
	price = MINUTE_MS / l->per_minute;
	l->spent -= back < l->spent ? back : l->spent;
	l->at = now;
	if (l->spent + price > MINUTE_MS)
		return false;
	l->spent += price;
	return true;
}

bool standing_step(struct standing *s, bool all_good, uint64_t now)
{
	s->held = false;
	if (s->up == all_good)
		return false;
	s->held = !limit_take(&s->limit, now);
	if (!s->held)
		s->up = all_good;
	return !s->held;
}
