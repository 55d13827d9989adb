/* SPDX-License-Identifier: BSD-2-Clause */
/* A plan while it is made: what the files of this folder hand to each other. */
#ifndef SHUNT_PLAN_BUILD_H
#define SHUNT_PLAN_BUILD_H

#include "plan/facts.h"
#include "plan/plan.h"

struct build {
	const struct plan_conf *conf;
	const struct facts *facts;
	struct plan *plan;
	char *err;
	size_t size;
};

/* Writes the error and returns -EINVAL. */
int build_fail(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The node that workers should be on: that of the first NIC that has one; -1: any will do. */
int build_home(const struct build *b);

/* place.c: CPUs for the workers (plan.n_workers of them) from --cpus, or the best ones; then for
 * the management thread. Return 0 or -EINVAL. */
int place_workers(struct build *b);
int place_main(struct build *b);

/* The n best of a set, best first: each its own if there are as many, on the home node, one per
 * core, isolated if any are, not CPU 0. from must not be empty. */
void place_best(const struct build *b, const cpu_set_t *from, int n, int *cpu);

/* qmap.c: CPUs for the workers from --queue. Returns 0 or -EINVAL. */
int qmap_place(struct build *b);

/* driver.c: the mode that a driver is known to give on this kernel. */
enum xdp_mode driver_mode(const char *driver, int kernel);

/* warn.c: everything that works but could be better. Last step: it reads the finished plan. */
void warn_all(struct build *b);

#endif
