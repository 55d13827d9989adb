/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/sched.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table/maglev.h"
#include "table/quota.h"

const char *const sched_name[SCHEDULER_COUNT] = {
	[SCHEDULER_RR] = "rr",	 [SCHEDULER_WRR] = "wrr",   [SCHEDULER_LC] = "lc",
	[SCHEDULER_WLC] = "wlc", [SCHEDULER_LBLC] = "lblc", [SCHEDULER_LBLCR] = "lblcr",
	[SCHEDULER_DH] = "dh",	 [SCHEDULER_SH] = "sh",	    [SCHEDULER_SED] = "sed",
	[SCHEDULER_NQ] = "nq",	 [SCHEDULER_FO] = "fo",	    [SCHEDULER_OVF] = "ovf",
	[SCHEDULER_MH] = "mh",
};

int sched_parse(const char *name)
{
	for (int i = 0; i < SCHEDULER_COUNT; i++)
		if (sched_name[i] && !strcmp(name, sched_name[i]))
			return i;
	return -ENOENT;
}

enum {
	PLACES_TRIED = 64
};

static int candidate_compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return order ? order : (int)ntohs(a->port) - (int)ntohs(b->port);
}

static struct pick *pick_new(uint32_t n)
{
	struct pick *p = malloc(sizeof(*p) + n * sizeof(p->slot[0]));

	if (!p)
		return NULL;
	*p = (struct pick){.refs = 1, .n = n};
	return p;
}

static struct pick *rr_build(const struct candidate *c, uint32_t n)
{
	struct pick *p = pick_new(n);

	for (uint32_t i = 0; p && i < n; i++)
		p->slot[i] = c[i].slot;
	return p;
}

/* wrr as a schedule with deadlines: of a sequence of length n, a server that occurs count times
 * has its k-th turn (from 0) somewhere in [k * n / count, (k + 1) * n / count), widened to whole
 * places. Taking whichever open turn must end first meets all of these deadlines (Baruah et al.,
 * "Proportionate progress", 1996, for one resource), so that no server is ever a whole turn ahead
 * of or behind its weight. In O(n log servers), where picking the greatest credit each time is
 * O(n * servers). */
struct wrr {
	uint32_t n;	 /* length of the sequence */
	struct quota *q; /* share: count */
	uint32_t *done;	 /* turns that each server had */
	uint32_t *opens; /* by place: the first server whose next turn opens here (+ 1, or 0) ... */
	uint32_t *another; /* ... and by server: the next with the same place */
	uint64_t *heap;	   /* open turns: deadline << 32 | server; the least on top */
	uint32_t heap_n;
};

static void heap_push(struct wrr *w, uint64_t key)
{
	uint32_t i = w->heap_n++;

	for (; i && w->heap[(i - 1) / 2] > key; i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = key;
}

static uint64_t heap_pop(struct wrr *w)
{
	uint64_t top = w->heap[0], last = w->heap[--w->heap_n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < w->heap_n) {
		if (child + 1 < w->heap_n && w->heap[child + 1] < w->heap[child])
			child++;
		if (w->heap[child] >= last)
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return top;
}

/* Notes where the server's next turn opens. That is never at or before the place just filled, even
 * where the windows of two turns share a place: were a turn to fill its window's last place, then
 * all turns that end by there would fill all places up to there, which they can only if every
 * server's window ends there, unshared. */
static void wrr_await(struct wrr *w, uint32_t i)
{
	uint64_t place = (uint64_t)w->done[i] * w->n / w->q[i].share;

	w->another[i] = w->opens[place];
	w->opens[place] = i + 1;
}

static void wrr_sequence(struct wrr *w, uint32_t *slot, const struct candidate *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		wrr_await(w, i);
	for (uint32_t place = 0; place < w->n; place++) {
		uint32_t i;

		for (i = w->opens[place]; i; i = w->another[i - 1]) {
			uint64_t end = (w->done[i - 1] + 1ULL) * w->n;
			uint32_t share = w->q[i - 1].share;

			heap_push(w, (end + share - 1) / share << 32 | (i - 1));
		}
		i = (uint32_t)heap_pop(w);
		slot[place] = c[i].slot;
		if (++w->done[i] < w->q[i].share)
			wrr_await(w, i);
	}
}

/* Sets each q->share to its weight / the greatest common divisor, or less if the sequence would
 * be too long. Returns its length. */
static uint32_t wrr_counts(struct quota *q, uint32_t n)
{
	uint32_t divisor = 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t b = q[i].weight;

		assert(b);
		sum += b;
		while (b) {
			uint32_t rest = divisor % b;

			divisor = b;
			b = rest;
		}
	}
	assert(divisor); /* somebody has a weight */
	if (sum / divisor > WRR_MAX) {
		quota_share(q, n, WRR_MAX);
		return WRR_MAX;
	}
	for (uint32_t i = 0; i < n; i++)
		q[i].share = q[i].weight / divisor;
	return (uint32_t)(sum / divisor);
}

static struct pick *wrr_build(const struct candidate *c, uint32_t n)
{
	struct wrr w = {0};
	struct pick *p = NULL;

	w.q = calloc(n, sizeof(*w.q));
	if (!w.q)
		return NULL;
	for (uint32_t i = 0; i < n; i++)
		w.q[i].weight = c[i].weight;
	w.n = wrr_counts(w.q, n);
	w.done = calloc(n, sizeof(*w.done));
	w.opens = calloc(w.n, sizeof(*w.opens));
	w.another = calloc(n, sizeof(*w.another));
	w.heap = calloc(n, sizeof(*w.heap));
	if (w.done && w.opens && w.another && w.heap)
		p = pick_new(w.n);
	if (p)
		wrr_sequence(&w, p->slot, c, n);
	free(w.heap);
	free(w.another);
	free(w.opens);
	free(w.done);
	free(w.q);
	return p;
}

/* even: as if all weighed the same. */
static struct pick *table_build(const struct candidate *c, uint32_t n, bool even)
{
	struct maglev_server *server = calloc(n, sizeof(*server));
	struct pick *p = pick_new(MAGLEV_SIZE);

	if (!server || !p)
		goto fail;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t key[sizeof(c->addr) + sizeof(c->port)];

		memcpy(key, &c[i].addr, sizeof(c->addr));
		memcpy(key + sizeof(c->addr), &c[i].port, sizeof(c->port));
		server[i] = maglev_server(key, sizeof(key), MAGLEV_SIZE);
		server[i].weight = even ? 1 : c[i].weight;
		server[i].value = c[i].slot;
	}
	if (maglev_fill(p->slot, MAGLEV_SIZE, server, n))
		goto fail;
	free(server);
	return p;
fail:
	free(p);
	free(server);
	return NULL;
}

static struct pick *mh_build(const struct candidate *c, uint32_t n)
{
	return table_build(c, n, false);
}

static struct pick *dh_build(const struct candidate *c, uint32_t n)
{
	return table_build(c, n, true);
}

bool sched_is_table(enum sched sched)
{
	static const bool table[SCHEDULER_COUNT] = {
		[SCHEDULER_MH] = true,	 [SCHEDULER_SH] = true,	   [SCHEDULER_DH] = true,
		[SCHEDULER_LBLC] = true, [SCHEDULER_LBLCR] = true,
	};

	return table[sched];
}

struct pick *sched_build(enum sched sched, struct candidate *c, uint32_t n)
{
	static struct pick *(*const build[SCHEDULER_COUNT])(const struct candidate *, uint32_t) = {
		[SCHEDULER_RR] = rr_build,   [SCHEDULER_WRR] = wrr_build,
		[SCHEDULER_LC] = rr_build,   [SCHEDULER_WLC] = rr_build,
		[SCHEDULER_LBLC] = dh_build, [SCHEDULER_LBLCR] = dh_build,
		[SCHEDULER_DH] = dh_build,   [SCHEDULER_SH] = mh_build,
		[SCHEDULER_SED] = rr_build,  [SCHEDULER_NQ] = rr_build,
		[SCHEDULER_FO] = rr_build,   [SCHEDULER_OVF] = rr_build,
		[SCHEDULER_MH] = mh_build,
	};
	struct pick *p;

	if (n > CANDIDATES_MAX)
		return NULL;
	if (!n)
		return pick_new(0);
	qsort(c, n, sizeof(*c), candidate_compare);
	p = build[sched](c, n);
	if (!p)
		return NULL;
	p->sched = sched;
	p->server = malloc(n * sizeof(*p->server));
	if (!p->server) {
		pick_put(p);
		return NULL;
	}
	p->n_servers = n;
	for (uint32_t i = 0; i < n; i++)
		p->server[i] = (struct pick_server){.slot = c[i].slot, .weight = c[i].weight};
	return p;
}

static uint32_t slot_of(uint32_t id)
{
	return id & (BACKENDS_MAX - 1);
}

static int slot_compare(const void *left, const void *right)
{
	uint32_t a = slot_of(*(const uint32_t *)left), b = slot_of(*(const uint32_t *)right);

	return a < b ? -1 : a > b;
}

/* The living server in that slot, or 0. */
static uint32_t find_living(const uint32_t *living, uint32_t n, uint32_t slot)
{
	const uint32_t *id = n ? bsearch(&slot, living, n, sizeof(*living), slot_compare) : NULL;

	return id ? *id : 0;
}

/* The oldest living server that had the place and hasn't it now, or 0. */
static uint32_t find_former(const struct pick *p, const struct pick *old, uint32_t place,
			    const uint32_t *living, uint32_t n)
{
	uint32_t was = old->was ? old->was[place] : 0;

	if (!was || find_living(living, n, slot_of(was)) != was) {
		if (old->slot[place] == p->slot[place])
			return 0;
		was = find_living(living, n, old->slot[place]);
	}
	return was && slot_of(was) == p->slot[place] ? 0 : was;
}

int sched_follow(struct pick *p, const struct pick *old, uint32_t *living, uint32_t n)
{
	if (!old || p->n != MAGLEV_SIZE || old->n != p->n || old->sched != p->sched)
		return 0;
	if (n)
		qsort(living, n, sizeof(*living), slot_compare);
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t was = find_former(p, old, i, living, n);

		if (was && !p->was)
			p->was = calloc(p->n, sizeof(*p->was));
		if (was && !p->was)
			return -ENOMEM;
		if (was)
			p->was[i] = was;
	}
	return 0;
}

struct pick *pick_get(struct pick *p)
{
	p->refs++;
	return p;
}

void pick_put(struct pick *p)
{
	if (!p || --p->refs)
		return;
	free(p->server);
	free(p->was);
	free(p);
}

uint32_t pick_next(const struct pick *p, uint32_t *cursor)
{
	return p->slot[__atomic_fetch_add(cursor, 1, __ATOMIC_RELAXED) % p->n];
}

/* The upper half of the hash, since the lower one chose the flow table's bucket; scaled to n by a
 * multiplication, which is cheaper than a remainder. */
uint32_t pick_hash(const struct pick *p, uint64_t hash)
{
	return p->slot[(hash >> 32) * p->n >> 32];
}

static bool is_full(const struct conns *conns, uint32_t slot)
{
	return conns && conns_overloaded(&conns[slot]);
}

/* From this place on, the first server that isn't overloaded: some places further in the array, as
 * these follow the weights, and then each server once, so that the search ends. */
static uint32_t first_free(const struct pick *p, uint32_t place, const struct conns *conns)
{
	for (uint32_t i = 0; i < PLACES_TRIED && i < p->n; i++) {
		uint32_t slot = p->slot[(place + i) % p->n];

		if (!is_full(conns, slot))
			return slot;
	}
	for (uint32_t i = 0; i < p->n_servers; i++) {
		uint32_t slot = p->server[(place + i) % p->n_servers].slot;

		if (!is_full(conns, slot))
			return slot;
	}
	return PICK_NONE;
}

/* A server as a scheduler by load compares it: the least cost / weight is taken. */
struct load {
	uint64_t cost;
	uint64_t weight;
	bool out; /* not to be had */
	bool now; /* to be had at once, whatever the others are like */
};

static struct load load_of(enum sched sched, const struct pick_server *s, const struct conns *c)
{
	uint64_t active = c ? conns_active(c) : 0, inactive = c ? conns_inactive(c) : 0;

	switch (sched) {
	case SCHEDULER_LC:
		return (struct load){.cost = active * 256 + inactive, .weight = 1};
	case SCHEDULER_SED:
		return (struct load){.cost = active + 1, .weight = s->weight};
	case SCHEDULER_NQ:
		return (struct load){.cost = active + 1, .weight = s->weight, .now = !active};
	case SCHEDULER_FO:
		return (struct load){.cost = 1, .weight = s->weight};
	case SCHEDULER_OVF:
		return (struct load){.cost = 1, .weight = s->weight, .out = active >= s->weight};
	default: /* wlc, and what lblc and lblcr fall back to */
		return (struct load){.cost = active * 256 + inactive, .weight = s->weight};
	}
}

/* The first of equals, in order of address. */
static uint32_t least_loaded(const struct pick *p, const struct conns *conns)
{
	uint32_t best = PICK_NONE;
	struct load least = {0};

	for (uint32_t i = 0; i < p->n_servers; i++) {
		const struct pick_server *s = &p->server[i];
		struct load l;

		if (is_full(conns, s->slot))
			continue;
		l = load_of(p->sched, s, conns ? &conns[s->slot] : NULL);
		if (l.now)
			return s->slot;
		if (l.out)
			continue;
		if (best == PICK_NONE || l.cost * least.weight < least.cost * l.weight) {
			best = s->slot;
			least = l;
		}
	}
	return best;
}

static uint32_t by_hash(const struct pick *p, uint64_t hash, const struct pick_ask *ask)
{
	uint32_t slot = pick_hash(p, hash);

	if (!is_full(ask->conns, slot))
		return slot;
	return ask->fallback ? first_free(p, (uint32_t)((hash >> 32) * p->n >> 32), ask->conns)
			     : PICK_NONE;
}

static uint32_t by_turn(const struct pick *p, const struct pick_ask *ask)
{
	uint32_t turn = __atomic_fetch_add(ask->cursor, 1, __ATOMIC_RELAXED) % p->n;

	return is_full(ask->conns, p->slot[turn]) ? first_free(p, turn, ask->conns) : p->slot[turn];
}

/* The destination's server; least connections if that one is overloaded. */
static uint32_t by_locality(const struct pick *p, const struct pick_ask *ask)
{
	uint32_t slot = pick_hash(p, ask->dest);

	return is_full(ask->conns, slot) ? least_loaded(p, ask->conns) : slot;
}

uint32_t pick_server(const struct pick *p, const struct pick_ask *ask)
{
	switch (p->sched) {
	case SCHEDULER_RR:
	case SCHEDULER_WRR:
		return by_turn(p, ask);
	case SCHEDULER_MH:
	case SCHEDULER_SH:
		return by_hash(p, ask->source, ask);
	case SCHEDULER_DH:
		return is_full(ask->conns, pick_hash(p, ask->dest)) ? PICK_NONE
								    : pick_hash(p, ask->dest);
	case SCHEDULER_LBLC:
	case SCHEDULER_LBLCR:
		return by_locality(p, ask);
	default:
		return least_loaded(p, ask->conns);
	}
}
