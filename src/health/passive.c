/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/passive.h"

static void fall(struct passive *p, const struct passive_conf *conf, uint64_t now)
{
	p->rest = p->rest ? 2 * p->rest : conf->rest;
	if (p->rest > conf->rest_max)
		p->rest = conf->rest_max;
	p->until = now + p->rest;
	p->down = true;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool passive_step(struct passive *p, const struct passive_conf *conf, uint32_t flows,
		  uint32_t stuck, uint64_t now)
{
	bool was = p->down;

	if (!conf->percent || p->down) {
		/* What still comes belongs to connections from before. */
		p->flows = p->stuck = p->steps = 0;
		p->down = p->down && conf->percent && now < p->until;
		return p->down != was;
	}
	p->flows += flows;
	p->stuck += stuck;
	p->steps++;
	if (p->stuck * 100 >= conf->percent * most(p->flows, conf->sample))
		fall(p, conf, now);
	else if (p->flows < conf->sample || p->steps < conf->patience)
		return false;
	else
		p->rest = 0;
	p->flows = p->stuck = p->steps = 0;
	return p->down != was;
}
