/* SPDX-License-Identifier: BSD-2-Clause */
/* --queue IF:QLIST@CPULIST: queues and CPUs paired by hand. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/build.h"

enum {
	QUEUES_MAX = PORTS_MAX,
	FREE = -1
};

struct qmap {
	int cpu[NICS_MAX][QUEUES_MAX];
};

static int find_nic(const struct plan *plan, const char *name, size_t len)
{
	for (int i = 0; i < plan->n_nics; i++)
		if (strlen(plan->nic[i].name) == len && !memcmp(plan->nic[i].name, name, len))
			return i;
	return -1;
}

/* Enters the pairs of one --queue. */
static int pair(struct build *b, struct qmap *map, const char *spec, int nic,
		const struct cpulist *queue, const struct cpulist *cpu)
{
	const struct plan_nic *n = &b->plan->nic[nic];

	if (queue->n != cpu->n)
		return build_fail(b,
				  "--queue %s: %d queues but %d CPUs; cure: lists of equal length",
				  spec, queue->n, cpu->n);
	for (int i = 0; i < queue->n; i++) {
		int q = queue->cpu[i];

		if (q >= n->rx)
			return build_fail(b, "--queue %s: %s has no queue %d, only 0-%d", spec,
					  n->name, q, n->rx - 1);
		if (map->cpu[nic][q] != FREE)
			return build_fail(b,
					  "--queue %s: queue %s:%d is given twice; cure: name "
					  "it once",
					  spec, n->name, q);
		map->cpu[nic][q] = cpu->cpu[i];
	}
	return 0;
}

/* Splits one --queue and reads its two lists. */
static int read_map(struct build *b, struct qmap *map, const char *spec)
{
	const char *colon = strchr(spec, ':');
	const char *at = colon ? strchr(colon, '@') : NULL;
	struct cpulist queue, cpu;
	char list[CPU_TEXT], why[512];
	int nic;

	if (!at || (size_t)(at - colon) > sizeof(list))
		return build_fail(b,
				  "--queue %s: not of the form IF:QLIST@CPULIST, such as "
				  "eth0:0-3@4-7",
				  spec);
	nic = find_nic(b->plan, spec, (size_t)(colon - spec));
	if (nic < 0)
		return build_fail(b, "--queue %s: interface %.*s is not in use; cure: add -i %.*s",
				  spec, (int)(colon - spec), spec, (int)(colon - spec), spec);
	snprintf(list, sizeof(list), "%.*s", (int)(at - colon - 1), colon + 1);
	if (cpulist_parse(list, NULL, &queue, why, sizeof(why)))
		return build_fail(b, "--queue %s: list of queues, %s", spec, why);
	if (cpulist_parse(at + 1, &b->facts->topo, &cpu, why, sizeof(why)))
		return build_fail(b, "--queue %s: list of CPUs, %s", spec, why);
	return pair(b, map, spec, nic, &queue, &cpu);
}

/* A worker's first queue decides; its other ones, and other NICs', must agree. */
static int check_queue(struct build *b, const struct qmap *map, int nic, int q)
{
	const struct plan *plan = b->plan;
	const char *name = plan->nic[nic].name;
	int w = q % plan->n_workers, cpu = map->cpu[nic][q];

	if (cpu == FREE && nic == 0 && q == w)
		return build_fail(b,
				  "queue %s:%d has no CPU, its packets would be lost; cure: "
				  "--queue %s:%d@CPU, or drop --queue for a plan of all queues",
				  name, q, name, q);
	if (cpu == FREE)
		return build_fail(b,
				  "queue %s:%d has no CPU, its packets would be lost; cure: "
				  "--queue %s:%d@%d, beside %s:%d",
				  name, q, name, q, map->cpu[0][w], plan->nic[0].name, w);
	if (cpu != map->cpu[0][w])
		return build_fail(b,
				  "queue %s:%d is on CPU %d, but its worker also serves %s:%d on "
				  "CPU %d; cure: --queue %s:%d@%d",
				  name, q, cpu, plan->nic[0].name, w, map->cpu[0][w], name, q,
				  map->cpu[0][w]);
	return 0;
}

int qmap_place(struct build *b)
{
	struct qmap map;

	memset(&map, 0xff, sizeof(map)); /* FREE */
	if (b->conf->cpus)
		return build_fail(b,
				  "--cpus %s: --queue names every CPU already; cure: give one "
				  "of the two",
				  b->conf->cpus);
	for (int i = 0; i < b->conf->n_queue_maps; i++)
		if (read_map(b, &map, b->conf->queue_map[i]))
			return -EINVAL;
	for (int i = 0; i < b->plan->n_nics; i++)
		for (int q = 0; q < b->plan->nic[i].rx; q++)
			if (check_queue(b, &map, i, q))
				return -EINVAL;
	for (int w = 0; w < b->plan->n_workers; w++)
		b->plan->worker[w].cpu = map.cpu[0][w];
	return 0;
}
