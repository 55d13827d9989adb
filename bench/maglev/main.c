/* SPDX-License-Identifier: BSD-2-Clause */
/* bench-maglev: what a change of the configuration costs. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/maglev/tables.h"

struct args {
	const char *out;
	uint32_t runs;
};

static const struct argp_option options[] = {
	{"runs", 'r', "N", 0, "runs (7)", 0},
	{"out", 'o', "FILE", 0, "write the results there, as JSON", 0},
	{0},
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	if (key == 'r')
		a->runs = (uint32_t)atoi(arg);
	else if (key == 'o')
		a->out = arg;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

void bench_fail(const char *why)
{
	fprintf(stderr, "bench-maglev: %s\n", why);
	exit(1);
}

int main(int argc, char **argv)
{
	struct args args = {.runs = 7};
	const struct argp argp = {
		.options = options, .parser = on_option, .doc = "What a change costs."};
	struct record *record = record_new("maglev");
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (!record)
		bench_fail("out of memory");
	tables_measure(record, args.runs);
	publish_measure(record, args.runs);
	record_print(record);
	if (args.out)
		err = record_write(record, args.out);
	record_free(record);
	return err ? 1 : 0;
}
