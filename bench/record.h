/* SPDX-License-Identifier: BSD-2-Clause */
/* What a benchmark measured: series of values, one per run, written as JSON and printed as a table.
 * On a shared machine only medians with their spread, and ratios of values of the same run, mean
 * anything: every value is kept. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <jansson.h>
#include <stdbool.h>

struct record;
struct series;

/* A benchmark's record. NULL when out of memory. */
struct record *record_new(const char *bench);
void record_free(struct record *r);

/* A new series. params: a JSON object, taken over; NULL: none. Lives as long as the record. Ends
 * the program when out of memory: a benchmark has nobody to tell. */
struct series *record_series(struct record *r, const char *name, const char *unit, json_t *params);
void series_add(struct series *s, double value);
double series_median(const struct series *s);

/* A series of the ratios of two others, value by value of the same run. */
struct series *record_ratio(struct record *r, const char *name, const struct series *over,
			    const struct series *under);

/* Sets the targets of a series: its median shall be at most the goal, and must be at most
 * the floor. */
void record_aim(struct series *s, double goal, double floor);

/* Prints all series as a table, and then those that have targets, with a verdict. */
void record_print(const struct record *r);

/* Writes all to the file. Returns 0 or -errno. */
int record_write(const struct record *r, const char *path);

#endif
