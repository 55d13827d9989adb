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
	[SCHEDULER_RR] = "rr",
	[SCHEDULER_WRR] = "wrr",
	[SCHEDULER_MH] = "mh",
};

int sched_parse(const char *name)
{
	for (int i = 0; i < SCHEDULER_COUNT; i++)
		if (sched_name[i] && !strcmp(name, sched_name[i]))
			return i;
	return -ENOENT;
}

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
	p->refs = 1;
	p->n = n;
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

static struct pick *mh_build(const struct candidate *c, uint32_t n)
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
		server[i].weight = c[i].weight;
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

struct pick *sched_build(enum sched sched, struct candidate *c, uint32_t n)
{
	static struct pick *(*const build[SCHEDULER_COUNT])(const struct candidate *, uint32_t) = {
		[SCHEDULER_RR] = rr_build,
		[SCHEDULER_WRR] = wrr_build,
		[SCHEDULER_MH] = mh_build,
	};

	if (n > CANDIDATES_MAX)
		return NULL;
	if (!n)
		return pick_new(0);
	qsort(c, n, sizeof(*c), candidate_compare);
	return build[sched](c, n);
}

struct pick *pick_get(struct pick *p)
{
	p->refs++;
	return p;
}

void pick_put(struct pick *p)
{
	if (p && !--p->refs)
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
