/* SPDX-License-Identifier: BSD-2-Clause */
/* What bench-maglev measures: schedulers' tables by themselves, and a table's way through the model
 * to the workers. */
#ifndef BENCH_MAGLEV_TABLES_H
#define BENCH_MAGLEV_TABLES_H

#include <stdint.h>

#include "bench/record.h"

/* Building a service's table, and how much of it moves when a server changes. */
void tables_measure(struct record *r, uint32_t runs);

/* A change of one server's weight, with 100k servers configured, until the workers have it. */
void publish_measure(struct record *r, uint32_t runs);

/* Ends the program. */
void bench_fail(const char *why) __attribute__((noreturn));

#endif
