/* SPDX-License-Identifier: BSD-2-Clause */
/* Which CPU a worker gets, and which the management thread. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "plan/build.h"

/* What a CPU lacks, as weights: each outweighs all below it together. */
enum {
	LACK_NUMBER_0 = 1,  /* CPU 0 has the kernel's own chores */
	LACK_ISOLATION = 2, /* others are isolated, this one isn't */
	LACK_CORE = 4,	    /* a worker runs on its SMT sibling */
	LACK_QUIET = 8,	    /* --main-cpu is here */
	LACK_NEARNESS = 16, /* it isn't on the NIC's node */
	LACK_SOLITUDE = 32, /* for each worker that it has already */
};

static bool core_busy(const struct facts *facts, int cpu, const int *taken, int n)
{
	for (int i = 0; i < n; i++)
		if (taken[i] != cpu && facts->core[cpu] >= 0 &&
		    facts->core[taken[i]] == facts->core[cpu])
			return true;
	return false;
}

static int lacks(const struct build *b, int cpu, const int *taken, int n)
{
	const struct facts *facts = b->facts;
	cpu_set_t isolated = cpu_usable(&facts->topo);
	int home = build_home(b), sum = 0;

	CPU_AND(&isolated, &isolated, &facts->topo.isolated);
	for (int i = 0; i < n; i++)
		sum += taken[i] == cpu ? LACK_SOLITUDE : 0;
	if (home >= 0 && facts->node[cpu] != home)
		sum += LACK_NEARNESS;
	if (cpu == b->conf->main_cpu)
		sum += LACK_QUIET;
	if (core_busy(facts, cpu, taken, n))
		sum += LACK_CORE;
	if (CPU_COUNT(&isolated) && !CPU_ISSET(cpu, &isolated))
		sum += LACK_ISOLATION;
	return sum + (cpu == 0 ? LACK_NUMBER_0 : 0);
}

void place_best(const struct build *b, const cpu_set_t *from, int n, int *cpu)
{
	for (int w = 0; w < n; w++) {
		int best = -1, least = 0;

		for (int c = 0; c < b->facts->topo.n_cpus; c++) {
			int lack = CPU_ISSET(c, from) ? lacks(b, c, cpu, w) : 0;

			if (!CPU_ISSET(c, from) || (best >= 0 && lack >= least))
				continue;
			best = c;
			least = lack;
		}
		cpu[w] = best;
	}
}

/* Takes the CPUs off a set that are not on the home node, if any is. */
static void stay_home(const struct build *b, cpu_set_t *set)
{
	int home = build_home(b);
	cpu_set_t near;

	if (home < 0 || home >= b->facts->topo.n_nodes)
		return;
	CPU_AND(&near, set, &b->facts->topo.node[home]);
	if (CPU_COUNT(&near))
		*set = near;
}

static void drop_repeats(struct cpulist *list)
{
	int n = 0;

	for (int i = 0; i < list->n; i++) {
		int j = 0;

		while (j < n && list->cpu[j] != list->cpu[i])
			j++;
		if (j == n)
			list->cpu[n++] = list->cpu[i];
	}
	list->n = n;
}

/* As many CPUs as workers: paired as written. Fewer: they go round. More: the best are picked. */
static int place_listed(struct build *b, int *cpu)
{
	struct cpulist list;
	char why[512];
	int n = b->plan->n_workers;

	if (cpulist_parse(b->conf->cpus, &b->facts->topo, &list, why, sizeof(why)))
		return build_fail(b, "--cpus %s: %s", b->conf->cpus, why);
	drop_repeats(&list);
	assert(list.n > 0); /* a list is never empty */
	if (list.n > n) {
		cpu_set_t set = cpulist_set(&list);

		place_best(b, &set, n, cpu);
		return 0;
	}
	for (int w = 0; w < n; w++)
		cpu[w] = list.cpu[w % list.n];
	return 0;
}

int place_workers(struct build *b)
{
	cpu_set_t usable = cpu_usable(&b->facts->topo);
	int cpu[WORKERS_MAX] = {0}, n = b->plan->n_workers, err = 0;

	if (!CPU_COUNT(&usable))
		return build_fail(b, "no CPU is both online and allowed; cure: widen AllowedCPUs= "
				     "or CPUAffinity= of the unit");
	if (b->plan->numa == NUMA_STRICT)
		stay_home(b, &usable);
	if (b->conf->cpus)
		err = place_listed(b, cpu);
	else
		place_best(b, &usable, n, cpu);
	for (int w = 0; w < n && !err; w++)
		b->plan->worker[w].cpu = cpu[w];
	return err;
}

static int workers_on(const struct plan *plan, int cpu)
{
	int n = 0;

	for (int w = 0; w < plan->n_workers; w++)
		n += plan->worker[w].cpu == cpu;
	return n;
}

/* The first that no worker is on, rather one that isn't isolated; else the least used. */
static int quietest(const struct build *b)
{
	const struct cpu_topo *topo = &b->facts->topo;
	int best = -1, least = 0;

	for (int c = 0; c < topo->n_cpus; c++) {
		int lack = 2 * workers_on(b->plan, c) + !!CPU_ISSET(c, &topo->isolated);

		if (!cpu_is_usable(topo, c) || (best >= 0 && lack >= least))
			continue;
		best = c;
		least = lack;
	}
	return best;
}

int place_main(struct build *b)
{
	char why[512];

	b->plan->main_cpu = b->conf->main_cpu;
	if (b->conf->main_cpu < 0)
		b->plan->main_cpu = quietest(b);
	else if (cpu_check(&b->facts->topo, b->conf->main_cpu, why, sizeof(why)))
		return build_fail(b, "--main-cpu %d: %s", b->conf->main_cpu, why);
	return 0;
}
