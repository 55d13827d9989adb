/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/record.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
	SCHEMA_VERSION = 1,
	VALUES_MAX = 64, /* runs */
	SERIES_MAX = 512,
	NAME_BYTES = 64,
};

struct series {
	char name[NAME_BYTES];
	const char *unit;
	json_t *params;
	double goal, floor; /* floor 0: no targets */
	uint32_t n;
	double value[VALUES_MAX];
};

struct record {
	const char *bench;
	uint32_t n;
	struct series *series[SERIES_MAX];
};

struct record *record_new(const char *bench)
{
	struct record *r = calloc(1, sizeof(*r));

	if (r)
		r->bench = bench;
	return r;
}

void record_free(struct record *r)
{
	for (uint32_t i = 0; r && i < r->n; i++) {
		json_decref(r->series[i]->params);
		free(r->series[i]);
	}
	free(r);
}

struct series *record_series(struct record *r, const char *name, const char *unit, json_t *params)
{
	struct series *s = calloc(1, sizeof(*s));

	if (!s || r->n == SERIES_MAX) {
		fprintf(stderr, "bench: no room for series %s\n", name);
		exit(1);
	}
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->unit = unit;
	s->params = params ? params : json_object();
	r->series[r->n++] = s;
	return s;
}

void series_add(struct series *s, double value)
{
	if (s->n < VALUES_MAX)
		s->value[s->n++] = value;
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The value at this part of the sorted values: 0 the least, 1/2 the median, 1 the greatest. */
static double quantile(const struct series *s, double part)
{
	double sorted[VALUES_MAX];
	double at = part * (s->n - 1);
	uint32_t i = (uint32_t)at;

	if (!s->n)
		return 0;
	memcpy(sorted, s->value, s->n * sizeof(*sorted));
	qsort(sorted, s->n, sizeof(*sorted), compare);
	if (i + 1 == s->n)
		return sorted[i];
	return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

double series_median(const struct series *s)
{
	return quantile(s, 0.5);
}

struct series *record_ratio(struct record *r, const char *name, const struct series *over,
			    const struct series *under)
{
	struct series *s = record_series(r, name, "ratio", NULL);

	json_object_set_new(s->params, "over", json_string(over->name));
	json_object_set_new(s->params, "under", json_string(under->name));
	for (uint32_t i = 0; i < over->n && i < under->n; i++)
		series_add(s, over->value[i] / under->value[i]);
	return s;
}

static const char *verdict(const struct series *s)
{
	double median = series_median(s);

	return median <= s->goal ? "goal" : median <= s->floor ? "floor" : "MISS";
}

void record_aim(struct series *s, double goal, double floor)
{
	s->goal = goal;
	s->floor = floor;
}

void record_print(const struct record *r)
{
	printf("%-46s %10s %10s %10s %4s  %s\n", r->bench, "median", "min", "max", "runs", "unit");
	for (uint32_t i = 0; i < r->n; i++) {
		const struct series *s = r->series[i];

		printf("%-46s %10.3f %10.3f %10.3f %4u  %s\n", s->name, quantile(s, 0.5),
		       quantile(s, 0), quantile(s, 1), s->n, s->unit);
	}
	for (uint32_t i = 0; i < r->n; i++) {
		const struct series *s = r->series[i];

		if (s->floor > 0)
			printf("target %s/%-40s %8.2f (%.2f .. %.2f) %-6s goal %g, floor %g: %s\n",
			       r->bench, s->name, series_median(s), quantile(s, 0), quantile(s, 1),
			       s->unit, s->goal, s->floor, verdict(s));
	}
}

/* The processor's name as the kernel tells it. */
static json_t *cpu_model(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	char line[256], name[200] = "?";

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %199[^\n]", name) == 1)
			break;
	if (f)
		fclose(f);
	return json_string(name);
}

static json_t *machine(void)
{
	const char *commit = getenv("BENCH_COMMIT"), *flags = getenv("BENCH_CFLAGS");
	struct utsname u;

	uname(&u);
	return json_pack("{s:o, s:i, s:s, s:s, s:s, s:s}", "cpu", cpu_model(), "cores",
			 (int)sysconf(_SC_NPROCESSORS_ONLN), "kernel", u.release, "compiler",
			 __VERSION__, "cflags", flags ? flags : "?", "commit",
			 commit ? commit : "?");
}

static json_t *series_json(const struct series *s)
{
	json_t *values = json_array(), *run;

	for (uint32_t i = 0; i < s->n; i++)
		json_array_append_new(values, json_real(s->value[i]));
	run = json_pack("{s:s, s:O, s:s, s:o, s:f, s:f, s:f}", "name", s->name, "params", s->params,
			"unit", s->unit, "values", values, "median", quantile(s, 0.5), "min",
			quantile(s, 0), "max", quantile(s, 1));
	if (s->floor > 0)
		json_object_set_new(run, "target",
				    json_pack("{s:f, s:f, s:s}", "goal", s->goal, "floor", s->floor,
					      "verdict", verdict(s)));
	return run;
}

int record_write(const struct record *r, const char *path)
{
	json_t *runs = json_array(), *all;
	int err;

	for (uint32_t i = 0; i < r->n; i++)
		json_array_append_new(runs, series_json(r->series[i]));
	all = json_pack("{s:i, s:s, s:o, s:o}", "schema_version", SCHEMA_VERSION, "bench", r->bench,
			"machine", machine(), "runs", runs);
	err = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ? -errno : 0;
	json_decref(all);
	return err;
}
