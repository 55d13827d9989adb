/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-path: what a packet costs between its rings, in memory, without a NIC.
 *
 * Every run goes through all cases, and in each of them through all paths, batch by batch in turn:
 * what else happens on the machine meets all of them alike, and ratios are of values of one run. A
 * run's value is the median of its batches. Only the paths are timed; the kernel's side, which
 * writes the frames just before, isn't. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/events.h"
#include "bench/path/paths.h"
#include "bench/record.h"

enum {
	BATCHES_MAX = 400,
	WARM = 20, /* batches before a run's: the caches are this case's then */
};

static const struct world_conf cases[] = {
	{"1 flow", TRAFFIC_ESTABLISHED, 1, 1, 4, SCHEDULER_RR, .v6 = false},
	{"1k flows", TRAFFIC_ESTABLISHED, 1000, 1, 4, SCHEDULER_RR, .v6 = false},
	{"100k flows", TRAFFIC_ESTABLISHED, 100000, 1, 4, SCHEDULER_RR, .v6 = false},
	{"1M flows", TRAFFIC_ESTABLISHED, 1000000, 1, 4, SCHEDULER_RR, .v6 = false},
	{"10M flows", TRAFFIC_ESTABLISHED, 10000000, 1, 4, SCHEDULER_RR, .v6 = false},
	{"1M flows, hugepages", TRAFFIC_ESTABLISHED, 1000000, 1, 4, SCHEDULER_RR, .huge = true},
	{"10M flows, hugepages", TRAFFIC_ESTABLISHED, 10000000, 1, 4, SCHEDULER_RR, .huge = true},
	{"1 service", TRAFFIC_ESTABLISHED, 100000, 1, 10000, SCHEDULER_RR, .v6 = false},
	{"100 services", TRAFFIC_ESTABLISHED, 100000, 100, 10000, SCHEDULER_RR, .v6 = false},
	{"10k services", TRAFFIC_ESTABLISHED, 100000, 10000, 10000, SCHEDULER_RR, .v6 = false},
	{"4 servers", TRAFFIC_ESTABLISHED, 100000, 10, 40, SCHEDULER_RR, .v6 = false},
	{"1k servers", TRAFFIC_ESTABLISHED, 100000, 10, 1000, SCHEDULER_RR, .v6 = false},
	{"100k servers", TRAFFIC_ESTABLISHED, 100000, 10, 100000, SCHEDULER_RR, .v6 = false},
	{"new flows", TRAFFIC_NEW, 0, 1, 4, SCHEDULER_RR, .v6 = false},
	{"new flows, mh", TRAFFIC_NEW, 0, 1, 100, SCHEDULER_MH, .v6 = false},
	{"new flows, 10k services", TRAFFIC_NEW, 0, 10000, 100000, SCHEDULER_RR, .v6 = false},
	{"SYN flood", TRAFFIC_SYN, 500000, 1, 4, SCHEDULER_RR, .v6 = false},
	{"1k flows, IPv6", TRAFFIC_ESTABLISHED, 1000, 1, 4, SCHEDULER_RR, .v6 = true},
	{"1M flows, IPv6", TRAFFIC_ESTABLISHED, 1000000, 1, 4, SCHEDULER_RR, .v6 = true},
	{"1k flows, UDP", TRAFFIC_ESTABLISHED, 1000, 1, 4, SCHEDULER_RR, .udp = true},
};

enum {
	CASES = sizeof(cases) / sizeof(*cases)
};

struct args {
	const char *only; /* part of a case's name */
	const char *out;
	enum path path;
	uint32_t runs;
	uint32_t batches;
	bool count; /* for callgrind: one case, one path, its packets on stdout */
};

struct bench {
	struct args args;
	struct record *record;
	struct rings *rings;
	struct world *world[CASES]; /* NULL: not asked for */
	struct series *time[CASES][PATH_COUNT];
	struct series *over_null[CASES]; /* PATH_SHUNT in units of PATH_NULL */
	struct series *split[CASES][STAGE_COUNT];
	struct trip trip;
};

static const struct argp_option options[] = {
	{"case", 'c', "NAME", 0, "only cases whose names have this part", 0},
	{"runs", 'r', "N", 0, "runs (7)", 0},
	{"batches", 'b', "N", 0, "batches of each run (200)", 0},
	{"out", 'o', "FILE", 0, "write the results there, as JSON", 0},
	{"count", 'n', "PATH", 0,
	 "for callgrind: run only this path of one case, print its packets", 0},
	{0},
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'c':
		a->only = arg;
		return 0;
	case 'r':
		a->runs = (uint32_t)atoi(arg);
		return 0;
	case 'b':
		a->batches = (uint32_t)atoi(arg);
		if (a->batches < 1 || a->batches > BATCHES_MAX)
			argp_error(state, "1 to %d batches", BATCHES_MAX);
		return 0;
	case 'o':
		a->out = arg;
		return 0;
	case 'n':
		a->count = true;
		for (a->path = 0; a->path < PATH_COUNT; a->path++)
			if (!strcmp(arg, path_name[a->path]))
				return 0;
		argp_error(state, "no path '%s'", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static _Noreturn void fail(const char *why)
{
	fprintf(stderr, "bench-path: %s\n", why);
	exit(1);
}

/* What is dropped costs something else: such a benchmark would measure nothing. */
static void check_drops(const struct worker_counters *c)
{
	for (int i = 0; i < DROP_COUNT; i++)
		if (c->drop[i])
			fail(drop_row[i].name);
}

static void batch(struct bench *b, struct world *w, enum path path)
{
	b->trip.world = w;
	rings_kernel(b->rings, BATCH, world_write, w);
	path_run(path, &b->trip);
	world_tick(w);
}

static double batch_timed(struct bench *b, struct world *w, enum path path)
{
	uint64_t start, end;
	uint32_t n;

	b->trip.world = w;
	n = rings_kernel(b->rings, BATCH, world_write, w);
	start = clock_ns();
	path_run(path, &b->trip);
	end = clock_ns();
	world_tick(w);
	if (n != BATCH)
		fail("frames are missing");
	return (double)(end - start) / n;
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static double median(double *value, uint32_t n)
{
	qsort(value, n, sizeof(*value), compare);
	return value[n / 2];
}

/* Where the time goes: the mean of a few batches more, which the clock makes slower by itself. */
static void run_split(struct bench *b, uint32_t i)
{
	uint32_t batches = b->args.batches / 4;
	uint64_t split[STAGE_COUNT] = {0};

	b->trip.split = split;
	for (uint32_t k = 0; k < batches; k++)
		batch(b, b->world[i], PATH_SHUNT);
	b->trip.split = NULL;
	for (enum stage s = 0; s < STAGE_COUNT; s++)
		series_add(b->split[i][s], (double)split[s] / batches / BATCH);
}

static void run_case(struct bench *b, uint32_t i)
{
	static double value[PATH_COUNT][BATCHES_MAX];

	world_age(b->world[i]);
	for (uint32_t k = 0; k < WARM; k++)
		batch(b, b->world[i], PATH_SHUNT);
	for (uint32_t k = 0; k < b->args.batches; k++)
		for (enum path p = 0; p < PATH_COUNT; p++)
			value[p][k] = batch_timed(b, b->world[i], p);
	for (enum path p = 0; p < PATH_COUNT; p++)
		series_add(b->time[i][p], median(value[p], b->args.batches));
	if (b->args.batches >= 4)
		run_split(b, i);
}

/* Fills the flow table as traffic does, and where flows come and go, until as many go as come. */
static void world_fill(struct bench *b, struct world *w)
{
	const struct worker_counters *c = &b->rings->worker_counters;
	uint64_t known = w->conf->flows, fresh = 0;

	if (w->conf->traffic != TRAFFIC_ESTABLISHED)
		fresh = b->args.count ? 20000 : 4000000;
	b->trip.world = w;
	while (w->next_flow < known) {
		rings_kernel(b->rings, BATCH, world_write_known, w);
		path_run(PATH_SHUNT, &b->trip);
	}
	while (w->next < fresh)
		batch(b, w, PATH_SHUNT);
	check_drops(c);
}

static json_t *case_params(const struct world_conf *c, const char *path)
{
	static const char *const traffic[] = {"established", "new", "syn"};

	return json_pack("{s:s, s:s, s:i, s:i, s:i, s:s, s:b, s:b, s:b}", "path", path, "traffic",
			 traffic[c->traffic], "flows", (int)c->flows, "services", (int)c->services,
			 "servers", (int)c->servers, "sched", sched_name[c->sched], "ipv6", c->v6,
			 "udp", c->udp, "hugepages", c->huge);
}

static void case_open(struct bench *b, uint32_t i)
{
	const struct world_conf *c = &cases[i];
	char name[80];

	if (b->args.only && !strstr(c->name, b->args.only))
		return;
	b->world[i] = world_new(c);
	if (!b->world[i])
		fail("out of memory");
	world_fill(b, b->world[i]);
	for (enum path p = 0; p < PATH_COUNT; p++) {
		snprintf(name, sizeof(name), "%s: %s", c->name, path_name[p]);
		b->time[i][p] =
			record_series(b->record, name, "ns/packet", case_params(c, path_name[p]));
	}
	for (enum stage s = 0; s < STAGE_COUNT; s++) {
		snprintf(name, sizeof(name), "%s: stage %s", c->name, stage_name[s]);
		b->split[i][s] =
			record_series(b->record, name, "ns/packet", case_params(c, "shunt"));
	}
}

/* Per packet, from the processor's own counters, if there are any. */
static void case_events(struct bench *b, struct events *e, uint32_t i, enum path path)
{
	uint64_t count[EVENT_COUNT];
	char name[80];

	events_take(e, count);
	for (uint32_t k = 0; k < b->args.batches; k++) {
		b->trip.world = b->world[i];
		rings_kernel(b->rings, BATCH, world_write, b->world[i]);
		events_start(e);
		path_run(path, &b->trip);
		events_stop(e);
		world_tick(b->world[i]);
	}
	events_take(e, count);
	for (enum event v = 0; v < EVENT_COUNT; v++) {
		if (e->fd[v] < 0)
			continue;
		snprintf(name, sizeof(name), "%s: %s %s", cases[i].name, path_name[path],
			 event_name[v]);
		series_add(record_series(b->record, name, "per packet",
					 case_params(&cases[i], path_name[path])),
			   (double)count[v] / b->args.batches / BATCH);
	}
}

static void run_events(struct bench *b)
{
	struct events e;

	if (!events_open(&e)) {
		printf("no event counters on this machine: see make bench-path-callgrind\n");
		return;
	}
	for (uint32_t i = 0; i < CASES; i++)
		for (enum path p = 0; b->world[i] && p < PATH_COUNT; p++)
			case_events(b, &e, i, p);
	events_close(&e);
}

static uint32_t case_find(const char *name)
{
	for (uint32_t i = 0; i < CASES; i++)
		if (!strcmp(cases[i].name, name))
			return i;
	fail("no such case");
	return 0;
}

struct target {
	const char *name;
	const char *over, *under; /* cases */
	double goal, floor;
};

static const struct target targets[] = {
	{"1M flows / 1k flows", "1M flows", "1k flows", 1.5, 2.0},
	{"10M flows / 1k flows", "10M flows", "1k flows", 2.0, 2.7},
	{"10k services / 1", "10k services", "1 service", 1.15, 1.3},
	{"100k servers / 4", "100k servers", "4 servers", 1.3, 1.6},
	{"new flows / established", "new flows", "1M flows", 1.5, 2.0},
	{"new flows / 1k flows", "new flows", "1k flows", 1.5, 2.0},
};

/* A virtual machine's clock rate changes by the second, up and down. The null path, which knows
 * nothing of flows and servers, is measured batch by batch beside each case, and so is the unit in
 * which one case is compared with another. */
static void compare_cases(struct bench *b)
{
	char name[80];

	for (uint32_t i = 0; i < CASES; i++) {
		if (!b->world[i])
			continue;
		snprintf(name, sizeof(name), "%s: shunt / null", cases[i].name);
		b->over_null[i] = record_ratio(b->record, name, b->time[i][PATH_SHUNT],
					       b->time[i][PATH_NULL]);
	}
	if (b->world[case_find("1k flows")])
		record_aim(b->over_null[case_find("1k flows")], 1.8, 2.5);
	for (uint32_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
		const struct target *t = &targets[i];
		uint32_t over = case_find(t->over), under = case_find(t->under);

		if (b->world[over] && b->world[under])
			record_aim(record_ratio(b->record, t->name, b->over_null[over],
						b->over_null[under]),
				   t->goal, t->floor);
	}
}

/* The packets that path_run_counted saw, after a warm-up that it didn't. */
static void count(struct bench *b)
{
	struct world *w = b->world[case_find(b->args.only)];
	uint64_t n = 0;

	b->trip.world = w;
	for (uint32_t k = 0; k < 4; k++)
		batch(b, w, b->args.path);
	for (uint32_t k = 0; k < b->args.batches; k++) {
		n += rings_kernel(b->rings, BATCH, world_write, w);
		path_run_counted(b->args.path, &b->trip);
		world_tick(w);
	}
	printf("%lu\n", n);
}

int main(int argc, char **argv)
{
	static struct bench b = {.args = {.runs = 7, .batches = 200}};
	const struct argp argp = {
		.options = options, .parser = on_option, .doc = "What a packet costs in memory."};
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &b.args);
	b.record = record_new("path");
	b.rings = rings_new();
	b.trip.rings = b.rings;
	if (!b.record || !b.rings)
		fail("out of memory");
	for (uint32_t i = 0; i < CASES; i++)
		if (!b.args.count || !strcmp(cases[i].name, b.args.only))
			case_open(&b, i);
	if (b.args.count) {
		count(&b);
	} else {
		for (uint32_t r = 0; r < b.args.runs; r++)
			for (uint32_t i = 0; i < CASES; i++)
				if (b.world[i])
					run_case(&b, i);
		run_events(&b);
		compare_cases(&b);
		record_print(b.record);
		if (b.args.out)
			err = record_write(b.record, b.args.out);
	}
	for (uint32_t i = 0; i < CASES; i++)
		if (b.world[i])
			world_free(b.world[i]);
	rings_free(b.rings);
	record_free(b.record);
	return err ? 1 : 0;
}
