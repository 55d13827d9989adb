/* SPDX-License-Identifier: BSD-2-Clause */
/* Made-up machines, for the tests of this folder. */
#ifndef SHUNT_PLAN_PLAN_TEST_H
#define SHUNT_PLAN_PLAN_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/build.h"
#include "plan/facts.h"
#include "plan/plan.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

struct world {
	struct facts facts;
	struct plan_conf conf;
	struct plan plan;
	char err[512];
};

static inline cpu_set_t set_of(const char *text)
{
	struct cpulist list;
	char err[256];

	assert_int_equal(cpulist_parse(text, NULL, &list, err, sizeof(err)), 0);
	return cpulist_set(&list);
}

static inline struct nic_facts *add_nic(struct world *w, const char *name, int queues, int node)
{
	struct nic_facts *n = &w->facts.nic[w->facts.n_nics];
	struct cpu_nic *c = &w->facts.topo.nic[w->facts.n_nics++];

	*n = (struct nic_facts){
		.ifindex = 10 + w->facts.n_nics,
		.in_sysfs = true,
		.mac = {2, 0, 0, 0, 0, (uint8_t)w->facts.n_nics},
		.ethernet = true,
		.up = true,
		.carrier = true,
		.mtu = 1500,
		.driver = "ice",
		.rx = queues,
		.tx = queues,
		.max_rx = 64,
		.max_tx = 64,
		.channels = true,
		.combined = true,
		.node = node,
		.node_sysfs = node,
	};
	snprintf(n->name, sizeof(n->name), "%s", name);
	snprintf(c->name, sizeof(c->name), "%s", name);
	c->node = node;
	w->facts.topo.n_nics = w->facts.n_nics;
	snprintf(w->conf.nic[w->conf.n_nics++], IFNAMSIZ, "%s", name);
	return n;
}

/* nodes * cores CPUs, and as many again if smt: CPU n + cores is then n's sibling. */
static inline void machine(struct world *w, int nodes, int cores, bool smt)
{
	struct cpu_topo *topo = &w->facts.topo;
	int all = nodes * cores;

	memset(w, 0, sizeof(*w));
	memset(w->facts.core, 0xff, sizeof(w->facts.core));
	memset(w->facts.node, 0xff, sizeof(w->facts.node));
	w->conf.main_cpu = -1;
	w->facts.kernel = 6 << 8 | 1;
	topo->n_cpus = smt ? 2 * all : all;
	topo->n_nodes = nodes;
	for (int c = 0; c < topo->n_cpus; c++) {
		w->facts.core[c] = c % all;
		w->facts.node[c] = c % all / cores;
		w->facts.memory[w->facts.node[c]] = true;
		CPU_SET(c, &topo->online);
		CPU_SET(c, &topo->allowed);
		CPU_SET(c, &topo->node[w->facts.node[c]]);
	}
}

static inline int make(struct world *w)
{
	return plan_make(&w->conf, &w->facts, &w->plan, w->err, sizeof(w->err));
}

static inline void expect_cpus(struct world *w, const char *cpus)
{
	struct cpulist list = {0};
	char text[CPU_TEXT];

	if (make(w))
		fail_msg("no plan: %s", w->err);
	for (int i = 0; i < w->plan.n_workers; i++)
		list.cpu[list.n++] = w->plan.worker[i].cpu;
	assert_string_equal(cpulist_text(&list, text, sizeof(text)), cpus);
}

/* The only warning says this, and its cure is that; NULL: there is none. */
static inline void expect_warning(const struct world *w, const char *text, const char *cure)
{
	for (int i = text ? 1 : 0; i < w->plan.n_warnings; i++)
		fail_msg("warned: %s", w->plan.warning[i].text);
	if (!text)
		return;
	assert_int_equal(w->plan.n_warnings, 1);
	if (!strstr(w->plan.warning[0].text, text))
		fail_msg("warned: %s", w->plan.warning[0].text);
	assert_string_equal(w->plan.warning[0].cure, cure);
}

static inline void expect_error(struct world *w, const char *text)
{
	assert_int_equal(make(w), -EINVAL);
	if (!strstr(w->err, text))
		fail_msg("error: \"%s\", want \"%s\"", w->err, text);
}

#endif
