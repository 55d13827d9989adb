/* SPDX-License-Identifier: BSD-2-Clause */
/* What works but could be better, each with the command that cures it. Faults of placement are
 * counted on any list of CPUs, so that a cure is proposed only where it does better. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/build.h"

/* XDP without multi-buffer frames: a page, less headroom and the kernel's own tail. */
enum {
	MTU_MAX = 3498,
	TEXT = 256
};

struct remedy {
	int cpu[WORKERS_MAX];  /* the workers' */
	int best[WORKERS_MAX]; /* what would be chosen if nothing were asked for */
	int n;
};

static struct plan_warning *add(struct build *b)
{
	struct plan *plan = b->plan;

	/* The last one is overwritten, rather than none told. */
	if (plan->n_warnings == PLAN_WARNINGS_MAX)
		plan->n_warnings--;
	return &plan->warning[plan->n_warnings++];
}

__attribute__((format(printf, 3, 4))) static void tell(struct build *b, const char *cure,
						       const char *fmt, ...)
{
	struct plan_warning *w = add(b);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	snprintf(w->cure, sizeof(w->cure), "%s", cure);
}

/* One kind of misplacement: how many of the first n CPUs of a list have it (those in set). */
struct fault {
	int (*count)(const struct build *b, const int *cpu, int n, cpu_set_t *set);
	const char *text;    /* the CPUs come after it */
	const char *other;   /* the cure if neither other CPUs nor fewer workers help */
	bool only_avoidable; /* not worth a word when nothing does better */
};

static int count_shared(const struct build *b, const int *cpu, int n, cpu_set_t *set)
{
	int found = 0;

	(void)b;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if (cpu[i] == cpu[j]) {
				CPU_SET(cpu[i], set);
				found++;
				break;
			}
	return found;
}

static int count_smt(const struct build *b, const int *cpu, int n, cpu_set_t *set)
{
	const int *core = b->facts->core;
	int found = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < i; j++)
			if (cpu[i] != cpu[j] && core[cpu[i]] >= 0 && core[cpu[i]] == core[cpu[j]]) {
				CPU_SET(cpu[i], set);
				CPU_SET(cpu[j], set);
				found++;
				break;
			}
	return found;
}

static int count_cpu0(const struct build *b, const int *cpu, int n, cpu_set_t *set)
{
	(void)b;
	for (int i = 0; i < n; i++)
		if (!cpu[i]) {
			CPU_SET(0, set);
			return 1;
		}
	return 0;
}

static int count_not_isolated(const struct build *b, const int *cpu, int n, cpu_set_t *set)
{
	const struct cpu_topo *topo = &b->facts->topo;
	cpu_set_t isolated = cpu_usable(topo);
	int found = 0;

	CPU_AND(&isolated, &isolated, &topo->isolated);
	if (!CPU_COUNT(&isolated))
		return 0;
	for (int i = 0; i < n; i++)
		if (!CPU_ISSET(cpu[i], &isolated)) {
			CPU_SET(cpu[i], set);
			found++;
		}
	return found;
}

/* A worker serves every NIC, so it is remote when it is so for one of them. */
static int count_remote(const struct build *b, const int *cpu, int n, cpu_set_t *set)
{
	int found = 0;

	if (b->plan->numa == NUMA_OFF)
		return 0;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < b->plan->n_nics; k++) {
			int node = b->plan->nic[k].node;

			if (node < 0 || b->facts->node[cpu[i]] == node)
				continue;
			CPU_SET(cpu[i], set);
			found++;
			break;
		}
	return found;
}

static const struct fault fault[] = {
	{count_shared, "more than one worker on a CPU:",
	 "let shuntd use more CPUs: AllowedCPUs= and CPUAffinity= of the unit", false},
	{count_smt, "workers on SMT siblings, which share a core: CPUs",
	 "let shuntd use more cores: AllowedCPUs= and CPUAffinity= of the unit", false},
	{count_remote, "workers on another NUMA node than a NIC of theirs: CPUs",
	 "put the NICs into slots of one node, or allow that node's CPUs (AllowedCPUs=)", false},
	{count_not_isolated, "workers on CPUs that are not isolated: CPUs",
	 "add them to isolcpus= on the kernel's command line", false},
	{count_cpu0, "others are free, but a worker is on the CPU of the kernel's chores,",
	 "let shuntd use more CPUs", true},
};

/* `ethtool -L` that gives every NIC n queues, as far as it can. */
static void channels_command(const struct build *b, int n, char *buf)
{
	size_t at = 0;

	*buf = '\0';
	for (int i = 0; i < b->plan->n_nics && at < TEXT; i++) {
		const struct nic_facts *f = &b->facts->nic[i];
		const char *and = at ? " && " : "";

		if (f->rx == n && f->tx == n)
			continue;
		if (f->combined)
			at += (size_t)snprintf(buf + at, TEXT - at, "%sethtool -L %s combined %d",
					       and, f->name, n);
		else
			at += (size_t)snprintf(buf + at, TEXT - at, "%sethtool -L %s rx %d tx %d",
					       and, f->name, n, n);
	}
}

static bool channels_settable(const struct build *b)
{
	for (int i = 0; i < b->plan->n_nics; i++)
		if (!b->facts->nic[i].channels)
			return false;
	return true;
}

/* Other CPUs if they do better; else as few workers as do without the fault; else words. */
static void find_cure(const struct build *b, const struct fault *f, const struct remedy *r,
		      bool better, char *cure)
{
	char list[CPU_TEXT];
	struct cpulist best = {.n = r->n};
	cpu_set_t set;
	int fewer = r->n;

	CPU_ZERO(&set);
	memcpy(best.cpu, r->best, (size_t)r->n * sizeof(*r->best));
	while (fewer > 0 && f->count(b, r->best, fewer, &set))
		fewer--;
	if (better)
		snprintf(cure, TEXT, "--cpus %s%s", cpulist_text(&best, list, sizeof(list)),
			 b->conf->n_queue_maps ? " instead of --queue" : "");
	else if (fewer > 0 && fewer < r->n && channels_settable(b))
		channels_command(b, fewer, cure);
	else
		snprintf(cure, TEXT, "%s", f->other);
}

static void warn_fault(struct build *b, const struct fault *f, const struct remedy *r)
{
	char list[CPU_TEXT], cure[TEXT];
	cpu_set_t set, ignore;
	bool better;

	CPU_ZERO(&set);
	CPU_ZERO(&ignore);
	if (!f->count(b, r->cpu, r->n, &set))
		return;
	better = f->count(b, r->best, r->n, &ignore) < f->count(b, r->cpu, r->n, &set);
	if (f->only_avoidable && !better)
		return;
	find_cure(b, f, r, better, cure);
	cpuset_text(&set, list, sizeof(list));
	tell(b, cure, "%s %s", f->text, list);
}

static void warn_placement(struct build *b)
{
	cpu_set_t usable = cpu_usable(&b->facts->topo);
	struct remedy r = {.n = b->plan->n_workers};

	for (int w = 0; w < r.n; w++)
		r.cpu[w] = b->plan->worker[w].cpu;
	place_best(b, &usable, r.n, r.best);
	for (size_t i = 0; i < sizeof(fault) / sizeof(*fault); i++)
		warn_fault(b, &fault[i], &r);
}

/* The management thread on a worker's CPU takes its turns away. */
static void warn_main(struct build *b)
{
	const struct plan *plan = b->plan;
	cpu_set_t idle = cpu_usable(&b->facts->topo);
	int fewer = CPU_COUNT(&idle) - 1;
	char cure[TEXT];
	bool shared = false;

	for (int w = 0; w < plan->n_workers; w++) {
		CPU_CLR(plan->worker[w].cpu, &idle);
		shared |= plan->worker[w].cpu == plan->main_cpu;
	}
	if (!shared)
		return;
	snprintf(cure, sizeof(cure), "let shuntd use one CPU more than it has workers");
	if (CPU_COUNT(&idle))
		snprintf(cure, sizeof(cure), "--main-cpu %d", cpulist_of(&idle).cpu[0]);
	else if (fewer > 0 && fewer < plan->n_workers && channels_settable(b))
		channels_command(b, fewer, cure);
	tell(b, cure, "the management thread shares CPU %d with a worker", plan->main_cpu);
}

/* How many queues every NIC could have, with no more workers than CPUs. */
static int even_queues(const struct build *b)
{
	cpu_set_t usable = cpu_usable(&b->facts->topo);
	int most = 0, n;

	for (int i = 0; i < b->plan->n_nics; i++)
		most = b->plan->nic[i].rx > most ? b->plan->nic[i].rx : most;
	n = CPU_COUNT(&usable) < most ? CPU_COUNT(&usable) : most;
	for (int i = 0; i < b->plan->n_nics; i++) {
		const struct nic_facts *f = &b->facts->nic[i];

		n = f->max_rx < n ? f->max_rx : n;
		n = f->max_tx < n ? f->max_tx : n;
	}
	return n;
}

/* With fewer pairs to spare the driver takes none, and locks those that are in use instead. */
static void warn_xdp_queues(struct build *b, const struct nic_facts *f)
{
	char cure[TEXT];

	if (!f->xdp_rx)
		return;
	snprintf(cure, sizeof(cure), "ethtool -L %s combined %d", f->name,
		 f->max_rx - f->xdp_rx + 1);
	tell(b, cure,
	     "%s: with XDP its driver takes %d more queues, which receive, too, and can't be "
	     "zero-copy",
	     f->name, f->xdp_rx);
}

static void warn_uneven(struct build *b)
{
	const struct plan *plan = b->plan;
	const struct plan_nic *most = &plan->nic[0];
	char cure[TEXT];

	for (int i = 1; i < plan->n_nics; i++)
		most = plan->nic[i].rx > most->rx ? &plan->nic[i] : most;
	if (most->rx - most->xdp_rx <= plan->n_workers)
		return;
	snprintf(cure, sizeof(cure), "make the interfaces with equal numbers of queues");
	if (channels_settable(b))
		channels_command(b, even_queues(b), cure);
	tell(b, cure,
	     "unequal queues: %s receives on %d, but %d worker%s can send on every interface, and "
	     "serve%s several queues each",
	     most->name, most->rx, plan->n_workers, plan->n_workers > 1 ? "s" : "",
	     plan->n_workers > 1 ? "" : "s");
}

static void warn_link(struct build *b, const struct nic_facts *f)
{
	char cure[TEXT];

	snprintf(cure, sizeof(cure), "ip link set %s up", f->name);
	if (!f->up)
		tell(b, cure, "%s is down", f->name);
	else if (!f->carrier)
		tell(b, "plug in the cable, or set the peer up", "%s has no carrier", f->name);
	if (f->mtu <= MTU_MAX)
		return;
	snprintf(cure, sizeof(cure), "ip link set %s mtu 1500", f->name);
	tell(b, cure,
	     "%s has an MTU of %d; larger than %d doesn't fit a frame, and drivers may "
	     "refuse XDP",
	     f->name, f->mtu, MTU_MAX);
}

static void warn_offloads(struct build *b, const struct nic_facts *f)
{
	char cure[TEXT];

	snprintf(cure, sizeof(cure), "ethtool -K %s lro off", f->name);
	if (f->lro)
		tell(b, cure, "%s merges received segments (LRO), which must not be forwarded",
		     f->name);
	snprintf(cure, sizeof(cure), "ethtool -K %s rxvlan off", f->name);
	if (f->strips_vlan && f->has_vlans)
		tell(b, cure, "%s strips VLAN tags, so that XDP doesn't see them", f->name);
}

static void warn_node(struct build *b, const struct nic_facts *f)
{
	char cure[TEXT];

	if (f->node < 0 || f->node_sysfs < 0 || f->node == f->node_sysfs ||
	    b->plan->numa == NUMA_OFF)
		return;
	snprintf(cure, sizeof(cure), "mend the firmware's tables, or give --cpus node:%d",
		 f->node_sysfs);
	tell(b, cure, "%s is on node %d by its bus, but on node %d by numa_node", f->name, f->node,
	     f->node_sysfs);
}

static void warn_mode(struct build *b, const struct nic_facts *f)
{
	enum xdp_mode best = driver_mode(f->driver, b->facts->kernel);
	enum mode_wanted wanted = b->conf->mode;

	if (wanted == WANT_ZEROCOPY && best != MODE_ZEROCOPY)
		tell(b, "--mode auto",
		     "%s: driver %s isn't known to have zero-copy on this kernel, the start may "
		     "fail",
		     f->name, *f->driver ? f->driver : "?");
	else if (wanted == WANT_COPY && best == MODE_SKB)
		tell(b, "--mode auto",
		     "%s: driver %s isn't known to have native XDP, the start may fail", f->name,
		     *f->driver ? f->driver : "?");
}

void warn_all(struct build *b)
{
	warn_uneven(b);
	warn_placement(b);
	warn_main(b);
	for (int i = 0; i < b->plan->n_nics; i++) {
		const struct nic_facts *f = &b->facts->nic[i];

		warn_xdp_queues(b, f);
		warn_link(b, f);
		warn_offloads(b, f);
		warn_node(b, f);
		warn_mode(b, f);
	}
}
