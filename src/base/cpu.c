/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cpu.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum {
	TERM_TEXT = 64
};

/* One list while it is read. */
struct reader {
	const struct cpu_topo *topo; /* NULL: plain numbers */
	struct cpulist *out;	     /* of the term at hand */
	bool taking_away;	     /* the term is !term: its CPUs needn't be usable */
	int position;		     /* of the term, from 1 */
	char *err;
	size_t size;
};

/* A prefix "position N: " and the message. */
__attribute__((format(printf, 2, 3))) static int fail(struct reader *r, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(r->err, r->size, "position %d: ", r->position);

	if (n < 0 || (size_t)n >= r->size)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(r->err + n, r->size - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

cpu_set_t cpu_usable(const struct cpu_topo *topo)
{
	cpu_set_t set;

	CPU_AND(&set, &topo->online, &topo->allowed);
	return set;
}

bool cpu_is_usable(const struct cpu_topo *topo, int cpu)
{
	return cpu >= 0 && cpu < topo->n_cpus && CPU_ISSET(cpu, &topo->online) &&
	       CPU_ISSET(cpu, &topo->allowed);
}

int cpu_check(const struct cpu_topo *topo, long cpu, char *err, size_t size)
{
	char list[CPU_TEXT];

	if (cpu < 0 || cpu >= topo->n_cpus)
		snprintf(err, size, "there is no CPU %ld; this machine has 0-%d", cpu,
			 topo->n_cpus - 1);
	else if (!CPU_ISSET(cpu, &topo->online))
		snprintf(err, size,
			 "CPU %ld is offline; cure: "
			 "echo 1 > /sys/devices/system/cpu/cpu%ld/online, or take one of %s",
			 cpu, cpu, cpuset_text(&topo->online, list, sizeof(list)));
	else if (!CPU_ISSET(cpu, &topo->allowed))
		snprintf(err, size,
			 "CPU %ld is outside this process's cpuset or affinity; take one of %s",
			 cpu, cpuset_text(&topo->allowed, list, sizeof(list)));
	else
		return 0;
	return -EINVAL;
}

static int push(struct reader *r, long cpu)
{
	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return fail(r, "%ld is too big a number: the limit is %d", cpu, CPU_SETSIZE - 1);
	if (r->out->n == CPU_SETSIZE)
		return fail(r, "the list is longer than %d", CPU_SETSIZE);
	if (r->topo && !r->taking_away) {
		char why[512];

		if (cpu_check(r->topo, cpu, why, sizeof(why)))
			return fail(r, "%s", why);
	}
	r->out->cpu[r->out->n++] = (int)cpu;
	return 0;
}

/* Pushes those of the set that can be used. what names the set. */
static int push_set(struct reader *r, const cpu_set_t *set, const char *what)
{
	cpu_set_t usable = cpu_usable(r->topo);

	CPU_AND(&usable, &usable, set);
	if (!CPU_COUNT(&usable) && !r->taking_away)
		return fail(r, "'%s' holds no CPU that this process may use", what);
	for (int i = 0; i < r->topo->n_cpus; i++)
		if (CPU_ISSET(i, &usable) && push(r, i))
			return -EINVAL;
	return 0;
}

/* Reads a decimal number at *p and steps over it. Returns -1 when there is none. */
static long number(const char **p)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)**p))
		return -1;
	errno = 0;
	v = strtol(*p, &end, 10);
	*p = end;
	return errno || v > 1000000 ? 1000000 : v; /* beyond any limit, refused later */
}

static int bad_term(struct reader *r, const char *term)
{
	if (!*term)
		return fail(r, "a term is missing");
	if (!r->topo)
		return fail(r, "'%s' is none of N, N-M, N-M:STEP, 0xMASK", term);
	return fail(r,
		    "'%s' is none of N, N-M, N-M:STEP, 0xMASK, all, isolated, node:N, nic:IF, "
		    "!term",
		    term);
}

/* N, N-M, N-M:S */
static int read_range(struct reader *r, const char *term)
{
	const char *p = term;
	long first = number(&p), last = first, step = 1;

	if (first >= 0 && *p == '-') {
		p++;
		last = number(&p);
		if (last >= 0 && *p == ':') {
			p++;
			step = number(&p);
		}
	}
	if (first < 0 || last < 0 || step < 0 || *p)
		return bad_term(r, term);
	if (last < first)
		return fail(r, "'%s' runs backwards; write %ld-%ld", term, last, first);
	if (!step)
		return fail(r, "'%s' has a step of 0", term);
	for (long i = first; i <= last; i += step)
		if (push(r, i))
			return -EINVAL;
	return 0;
}

/* 0xMASK, as in smp_affinity; the digits may be any number. */
static int read_mask(struct reader *r, const char *term)
{
	const char *digits = term + 2;
	size_t len = strspn(digits, "0123456789abcdefABCDEF");
	int before = r->out->n;

	if (!len || digits[len])
		return bad_term(r, term);
	for (size_t i = 0; i < len * 4; i++) {
		char c = digits[len - 1 - i / 4];
		int nibble = isdigit((unsigned char)c) ? c - '0' : tolower(c) - 'a' + 10;

		if (nibble >> (i % 4) & 1 && push(r, (long)i))
			return -EINVAL;
	}
	return r->out->n == before ? fail(r, "'%s' has no bit set", term) : 0;
}

static int read_node(struct reader *r, const char *term)
{
	const char *p = term + strlen("node:");
	long node = number(&p);

	if (node < 0 || *p)
		return bad_term(r, term);
	if (node >= r->topo->n_nodes)
		return fail(r, "'%s': there is no such node; this machine has 0-%d", term,
			    r->topo->n_nodes - 1);
	return push_set(r, &r->topo->node[node], term);
}

static int read_nic(struct reader *r, const char *term)
{
	const char *name = term + strlen("nic:");

	for (int i = 0; i < r->topo->n_nics; i++) {
		int node = r->topo->nic[i].node;

		if (strcmp(r->topo->nic[i].name, name))
			continue;
		return push_set(r, node < 0 ? &r->topo->online : &r->topo->node[node], term);
	}
	return fail(r, "'%s': no such interface among those of -i", term);
}

static int read_term(struct reader *r, const char *term)
{
	if (term[0] == '0' && (term[1] == 'x' || term[1] == 'X'))
		return read_mask(r, term);
	if (isdigit((unsigned char)*term) || !r->topo)
		return read_range(r, term);
	if (!strcmp(term, "all"))
		return push_set(r, &r->topo->online, term);
	if (!strcmp(term, "isolated"))
		return push_set(r, &r->topo->isolated, term);
	if (!strncmp(term, "node:", 5))
		return read_node(r, term);
	if (!strncmp(term, "nic:", 4))
		return read_nic(r, term);
	return bad_term(r, term);
}

/* Copies the term that starts at *p and steps to its end. */
static int cut_term(struct reader *r, const char **p, char *term)
{
	size_t len = strcspn(*p, ",");

	if (len >= TERM_TEXT)
		return fail(r, "a term of %zu characters", len);
	memcpy(term, *p, len);
	term[len] = '\0';
	r->taking_away = r->topo && *term == '!';
	*p += len;
	return 0;
}

static void take_away(struct cpulist *list, const struct cpulist *gone)
{
	cpu_set_t set = cpulist_set(gone);
	int n = 0;

	for (int i = 0; i < list->n; i++)
		if (!CPU_ISSET(list->cpu[i], &set))
			list->cpu[n++] = list->cpu[i];
	list->n = n;
}

int cpulist_parse(const char *text, const struct cpu_topo *topo, struct cpulist *out, char *err,
		  size_t size)
{
	struct cpulist gone = {0};
	struct reader r = {.topo = topo, .err = err, .size = size};
	char term[TERM_TEXT] = "";
	const char *p = text;
	bool given = false;

	out->n = 0;
	do {
		r.position = (int)(p - text) + 1;
		if (cut_term(&r, &p, term))
			return -EINVAL;
		r.out = r.taking_away ? &gone : out;
		given |= !r.taking_away;
		if (read_term(&r, term + r.taking_away))
			return -EINVAL;
	} while (*p++);

	r.position = 1;
	r.taking_away = false;
	r.out = out;
	if (!given && push_set(&r, &topo->online, "all"))
		return -EINVAL;
	take_away(out, &gone);
	return out->n ? 0 : fail(&r, "'%s' leaves no CPU", text);
}

const char *cpulist_text(const struct cpulist *list, char *buf, size_t size)
{
	size_t at = 0;

	*buf = '\0';
	for (int i = 0, last; i < list->n && at < size; i = last + 1) {
		for (last = i; last + 1 < list->n && list->cpu[last + 1] == list->cpu[last] + 1;)
			last++;
		at += (size_t)snprintf(buf + at, size - at, "%s%d", i ? "," : "", list->cpu[i]);
		if (last > i && at < size)
			at += (size_t)snprintf(buf + at, size - at, "-%d", list->cpu[last]);
	}
	return buf;
}

const char *cpuset_text(const cpu_set_t *set, char *buf, size_t size)
{
	struct cpulist list = cpulist_of(set);

	return cpulist_text(&list, buf, size);
}

struct cpulist cpulist_of(const cpu_set_t *set)
{
	struct cpulist list = {0};

	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, set))
			list.cpu[list.n++] = i;
	return list;
}

cpu_set_t cpulist_set(const struct cpulist *list)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < list->n; i++)
		CPU_SET(list->cpu[i], &set);
	return set;
}

int cpu_pin(pid_t tid, int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(tid, sizeof(set), &set) ? -errno : 0;
}

void cpu_name_thread(const char *name)
{
	prctl(PR_SET_NAME, name);
}
