/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/maglev/tables.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/clock.h"
#include "table/maglev.h"
#include "table/sched.h"

enum {
	SERVERS_MAX = 10000
};

struct table_case {
	enum sched sched;
	uint32_t servers;
	bool skewed; /* weights 1 .. 100, else all 1 */
};

static const struct table_case cases[] = {
	{SCHEDULER_MH, 10, false},    {SCHEDULER_MH, 100, false},  {SCHEDULER_MH, 1000, false},
	{SCHEDULER_MH, 10000, false}, {SCHEDULER_MH, 10, true},	   {SCHEDULER_MH, 100, true},
	{SCHEDULER_MH, 1000, true},   {SCHEDULER_RR, 1000, false}, {SCHEDULER_WRR, 1000, true},
};
enum {
	CASES = sizeof(cases) / sizeof(*cases)
};

static json_t *case_params(const struct table_case *c)
{
	return json_pack("{s:s, s:i, s:s}", "sched", sched_name[c->sched], "servers",
			 (int)c->servers, "weights", c->skewed ? "1 to 100" : "equal");
}

static struct series *case_series(struct record *r, const struct table_case *c, const char *what,
				  const char *unit)
{
	char name[80];

	snprintf(name, sizeof(name), "%s, %u %s servers: %s", sched_name[c->sched], c->servers,
		 c->skewed ? "skewed" : "equal", what);
	return record_series(r, name, unit, case_params(c));
}

static void candidates_make(const struct table_case *c, struct candidate *out)
{
	memset(out, 0, c->servers * sizeof(*out));
	for (uint32_t i = 0; i < c->servers; i++) {
		out[i].addr = addr_v4(htonl(0x0a000001 + i));
		out[i].port = htons(80);
		out[i].weight = c->skewed ? 1 + i * 37 % 100 : 1;
		out[i].slot = i;
	}
}

static struct pick *build(const struct table_case *c, struct candidate *candidate, uint32_t n)
{
	struct pick *p = sched_build(c->sched, candidate, n);

	if (!p)
		bench_fail("out of memory");
	return p;
}

static double build_ms(const struct table_case *c)
{
	static struct candidate candidate[SERVERS_MAX];
	struct pick *p;
	uint64_t start;

	candidates_make(c, candidate);
	start = clock_ns();
	p = build(c, candidate, c->servers);
	start = clock_ns() - start;
	pick_put(p);
	return (double)start / 1e6;
}

/* Slots that differ, in percent of all; less those that had to (of server gone, if any). */
static double moved(const struct pick *before, const struct pick *after, uint32_t gone)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < before->n; i++)
		n += before->slot[i] != after->slot[i] && before->slot[i] != gone;
	return 100. * n / before->n;
}

/* One server goes, or gets half of its weight. */
static void disruption(struct record *r, const struct table_case *c)
{
	static struct candidate candidate[SERVERS_MAX];
	struct series *removed = case_series(r, c, "collateral moves, one removed", "% of slots");
	struct series *halved = case_series(r, c, "moves, one weight halved", "% of slots");
	struct pick *before, *after;

	candidates_make(c, candidate);
	for (uint32_t i = 0; i < c->servers; i++)
		candidate[i].weight *= 2;
	before = build(c, candidate, c->servers);
	for (uint32_t k = 0; k < 5; k++) { /* servers at five places of the order */
		uint32_t victim = k * (c->servers - 1) / 4;

		candidate[victim].weight /= 2;
		after = build(c, candidate, c->servers);
		series_add(halved, moved(before, after, UINT32_MAX));
		pick_put(after);
		candidate[victim] = candidate[c->servers - 1];
		after = build(c, candidate, c->servers - 1);
		series_add(removed, moved(before, after, victim));
		pick_put(after);
		candidates_make(c, candidate);
		for (uint32_t i = 0; i < c->servers; i++)
			candidate[i].weight *= 2;
	}
	pick_put(before);
}

void tables_measure(struct record *r, uint32_t runs)
{
	struct series *time[CASES];

	for (uint32_t i = 0; i < CASES; i++)
		time[i] = case_series(r, &cases[i], "build", "ms");
	for (uint32_t k = 0; k < runs; k++)
		for (uint32_t i = 0; i < CASES; i++)
			series_add(time[i], build_ms(&cases[i]));
	record_aim(time[2], 2, 5); /* Maglev, 1000 equal servers */
	record_aim(time[6], 2, 5); /* and skewed ones */
	for (uint32_t i = 0; i < CASES; i++)
		if (cases[i].sched == SCHEDULER_MH)
			disruption(r, &cases[i]);
}
