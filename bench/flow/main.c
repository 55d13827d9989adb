/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-flow: the flow table by itself, at several loads. A load of 1 is as many flows as the table
 * was made for (flow_bytes), with half of its slots taken. Costs are of bursts, with the prefetches
 * of src/path; runs go through all loads, and a run's value is the median of its batches. */
#include <argp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "bench/record.h"
#include "table/flow.h"

enum {
	FLOWS = 1 << 20,
	BATCH = 64,
	BATCHES = 4000,
	NOW = 100000,
};

static const double loads[] = {0.1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75};
enum {
	LOADS = sizeof(loads) / sizeof(*loads)
};

enum op {
	OP_FIND,
	OP_MISS,
	OP_ADD, /* and taking it away again, so that the load stays */
	OPS
};
static const char *const op_name[OPS] = {"find", "miss", "add"};

struct load {
	struct flow_table table;
	size_t bytes;
	uint64_t tried, stored;
	struct series *time[OPS];
};

struct bench {
	const char *out;
	uint32_t runs;
	struct record *record;
	struct load load[LOADS];
};

/* The n-th random tag (a bijection: Stafford's "Mix13"); never 0 for n > 0. */
static uint64_t nth_tag(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

static void fail(const char *why)
{
	fprintf(stderr, "bench-flow: %s\n", why);
	exit(1);
}

static json_t *load_params(uint32_t i)
{
	return json_pack("{s:f, s:i, s:I}", "load", loads[i], "made_for", FLOWS, "slots",
			 (json_int_t)(flow_bytes(FLOWS) / sizeof(struct flow_slot)));
}

static void load_open(struct bench *b, uint32_t i)
{
	struct load *l = &b->load[i];
	void *memory;

	l->bytes = flow_bytes(FLOWS);
	memory = mmap(NULL, l->bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		fail("out of memory");
	flow_attach(&l->table, memory, l->bytes);
	l->tried = (uint64_t)(loads[i] * (double)l->bytes / sizeof(struct flow_slot) / 2);
	for (uint64_t n = 1; n <= l->tried; n++)
		l->stored += !!flow_add(&l->table, nth_tag(n), 1, FLOW_ESTABLISHED, NOW);
	for (enum op o = 0; o < OPS; o++) {
		char name[64];

		snprintf(name, sizeof(name), "load %.2f: %s", loads[i], op_name[o]);
		l->time[o] = record_series(b->record, name, "ns", load_params(i));
	}
}

/* What there is to know without a clock: flows without room, and memory for those with. */
static void load_report(struct bench *b, uint32_t i)
{
	struct load *l = &b->load[i];
	char name[64];

	snprintf(name, sizeof(name), "load %.2f: flows not stored", loads[i]);
	series_add(record_series(b->record, name, "%", load_params(i)),
		   100. * (double)(l->tried - l->stored) / (double)l->tried);
	snprintf(name, sizeof(name), "load %.2f: memory per flow", loads[i]);
	series_add(record_series(b->record, name, "B", load_params(i)),
		   (double)l->bytes / (double)l->stored);
}

/* One burst, in the steps of src/path. Returns how many were found, or added. */
static uint32_t burst(struct flow_table *t, const uint64_t *tag, enum op op)
{
	struct flow_slot *slot[BATCH];
	uint32_t n = 0;

	for (uint32_t k = 0; k < BATCH; k++)
		flow_prefetch(t, tag[k]);
	for (uint32_t k = 0; k < BATCH; k++)
		slot[k] = flow_near(t, tag[k]);
	for (uint32_t k = 0; k < BATCH; k++) {
		if (!slot[k])
			slot[k] = flow_find(t, tag[k], NOW);
		if (!slot[k] && op == OP_ADD)
			slot[k] = flow_add(t, tag[k], 1, FLOW_ESTABLISHED, NOW);
		n += !!slot[k];
	}
	return n;
}

static void take_away(struct flow_table *t, const uint64_t *tag)
{
	for (uint32_t k = 0; k < BATCH; k++) {
		struct flow_slot *s = flow_find(t, tag[k], NOW);

		if (s)
			s->tag = 0;
	}
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void run_op(struct load *l, enum op op, uint64_t *seed)
{
	static double value[BATCHES];

	for (uint32_t i = 0; i < BATCHES; i++) {
		uint64_t tag[BATCH], start;

		for (uint32_t k = 0; k < BATCH; k++) {
			uint64_t random = nth_tag(++*seed << 8);

			tag[k] = op == OP_FIND ? nth_tag(1 + random % l->tried)
					       : nth_tag((1ull << 40) + *seed);
		}
		start = clock_ns();
		if (burst(&l->table, tag, op) < BATCH / 2 && op == OP_FIND)
			fail("flows are missing");
		value[i] = (double)(clock_ns() - start) / BATCH;
		if (op == OP_ADD)
			take_away(&l->table, tag);
	}
	qsort(value, BATCHES, sizeof(*value), compare);
	series_add(l->time[op], value[BATCHES / 2]);
}

static const struct argp_option options[] = {
	{"runs", 'r', "N", 0, "runs (7)", 0},
	{"out", 'o', "FILE", 0, "write the results there, as JSON", 0},
	{0},
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct bench *b = state->input;

	if (key == 'r')
		b->runs = (uint32_t)atoi(arg);
	else if (key == 'o')
		b->out = arg;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void report(struct bench *b)
{
	struct series *memory;

	for (uint32_t i = 0; i < LOADS; i++)
		load_report(b, i);
	/* The table as it is sized by default: what each flow it was made for has of it. */
	memory = record_series(b->record, "memory per tracked flow", "B", NULL);
	series_add(memory, (double)flow_bytes(FLOWS) / FLOWS);
	record_aim(memory, 32, 64);
	record_print(b->record);
}

int main(int argc, char **argv)
{
	static struct bench b = {.runs = 7};
	const struct argp argp = {
		.options = options, .parser = on_option, .doc = "What a flow costs."};
	uint64_t seed = 1;
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &b);
	b.record = record_new("flow");
	if (!b.record)
		fail("out of memory");
	for (uint32_t i = 0; i < LOADS; i++)
		load_open(&b, i);
	for (uint32_t r = 0; r < b.runs; r++)
		for (uint32_t i = 0; i < LOADS; i++)
			for (enum op o = 0; o < OPS; o++)
				run_op(&b.load[i], o, &seed);
	report(&b);
	if (b.out)
		err = record_write(b.record, b.out);
	for (uint32_t i = 0; i < LOADS; i++)
		munmap(b.load[i].table.slot, b.load[i].bytes);
	record_free(b.record);
	return err ? 1 : 0;
}
