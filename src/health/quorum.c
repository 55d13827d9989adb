/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/quorum.h"

struct quorum quorum_new(void)
{
	return (struct quorum){0};
}

static unsigned int judge_panic(struct quorum *q, const struct quorum_conf *conf,
				const struct quorum_server *server, uint32_t n, uint64_t now)
{
	uint64_t down = 0;
	bool panic;

	for (uint32_t i = 0; i < n; i++)
		down += !server[i].up;
	panic = conf->panic && down * 100 > (uint64_t)conf->panic * n;
	if (panic == q->panic)
		return 0;
	q->panic = panic;
	q->panic_since = now;
	return panic ? QUORUM_PANIC : QUORUM_CALM;
}

/* Is it used as if it lived? */
static bool believed(const struct quorum *q, const struct quorum_conf *conf,
		     const struct quorum_server *s)
{
	return s->up || (q->panic && s->since + conf->at_once >= q->panic_since);
}

static bool judge_quorum(const struct quorum *q, const struct quorum_conf *conf, uint64_t weight)
{
	uint64_t threshold = conf->quorum;

	if (q->begun && !q->up)
		threshold += conf->hysteresis;
	else if (q->begun)
		threshold -= conf->hysteresis < threshold ? conf->hysteresis : threshold;
	return weight && weight >= threshold;
}

static enum backend_use use_of(const struct quorum_server *s, bool lives, bool serving)
{
	if (lives && serving)
		return USE_FULL;
	return s->inhibit ? USE_IDLE : USE_NOT;
}

unsigned int quorum_judge(struct quorum *q, const struct quorum_conf *conf,
			  struct quorum_server *server, uint32_t n, uint64_t now,
			  enum backend_use *sorry)
{
	unsigned int change = judge_panic(q, conf, server, n, now);
	uint64_t weight = 0;
	bool up, serving;

	for (uint32_t i = 0; i < n; i++)
		if (believed(q, conf, &server[i]))
			weight += server[i].weight;
	up = judge_quorum(q, conf, weight);
	if (up != q->up)
		change |= up ? QUORUM_UP : QUORUM_DOWN;
	q->begun = true;
	q->up = up;
	serving = up || !conf->sorry;
	for (uint32_t i = 0; i < n; i++)
		server[i].use = use_of(&server[i], believed(q, conf, &server[i]), serving);
	*sorry = USE_NOT;
	if (conf->sorry && !up)
		*sorry = USE_FULL;
	else if (conf->sorry && conf->sorry_inhibit)
		*sorry = USE_IDLE;
	return change;
}
