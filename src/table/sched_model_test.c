/* SPDX-License-Identifier: BSD-2-Clause */
/* Schedulers, thresholds and the flow table together, against an obviously right, slow reference: a
 * list of flows that is counted anew for each question. A million random steps in all, servers
 * coming, going and changing meanwhile, compared at each step. The one argument is the seed. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/flow.h"
#include "table/maglev.h"
#include "table/sched.h"

enum {
	STEPS = 1000000,
	SERVERS = 9,
	FLOWS = 400,
	WEIGHTS = 6,	  /* 0 to 5 */
	LIMITS = 40,	  /* thresholds up to this */
	CYCLE_MAX = 1024, /* of wrr: more than the weights can make */
	CHANGE_ONE_IN = 250,
	NOBODY = -1,
};

/* A server of the reference; its index is its place by address, and its backend slot. */
struct server {
	bool there, reachable;
	uint32_t weight, upper, lower;
	bool full; /* over its threshold, and not below the lower one since */
};

/* counted: until settling finds that it has expired. */
struct flow {
	uint64_t tag;
	bool counted;
	int server;
	enum flow_state state;
	uint32_t seen;
};

struct world {
	enum sched sched;
	bool fallback;
	uint64_t random;
	uint32_t now, begun, turn; /* turn: the reference's cursor */
	struct server server[SERVERS];
	struct flow flow[FLOWS];
	/* what is tested */
	struct flow_table table;
	struct conns conns[SERVERS];
	struct pick *pick;
	uint32_t cursor;
};

static uint64_t random64(struct world *w) /* xorshift64* (Vigna 2016) */
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return w->random * 0x2545f4914f6cdd1d;
}

static uint32_t below(struct world *w, uint32_t n)
{
	return (uint32_t)(random64(w) >> 33) % n;
}

static uint64_t count(const struct world *w, int server, bool active)
{
	uint64_t n = 0;

	for (int i = 0; i < FLOWS; i++)
		n += w->flow[i].counted && w->flow[i].server == server &&
		     flow_is_active(w->flow[i].state) == active;
	return n;
}

/* What the server's threshold says now. */
static void judge(struct world *w, int server)
{
	struct server *s = &w->server[server];
	uint64_t n = count(w, server, true) + count(w, server, false);
	uint32_t lower = s->lower ? s->lower : s->upper - s->upper / 4;

	if (!s->upper || n < (lower < s->upper ? lower : s->upper))
		s->full = false;
	else if (n >= s->upper)
		s->full = true;
}

static bool takes(const struct world *w, int server)
{
	const struct server *s = &w->server[server];

	return s->there && s->reachable && s->weight;
}

/* The i-th server that takes new flows, counted round. */
static int nth(const struct world *w, uint32_t i)
{
	uint32_t n = 0;

	for (int s = 0; s < SERVERS; s++)
		n += takes(w, s);
	i %= n;
	for (int s = 0; s < SERVERS; s++)
		if (takes(w, s) && !i--)
			return s;
	return NOBODY;
}

/* --- the schedulers, as ipvsadm(8) describes them ------------------------------------------- */

/* The cost of one more connection, as a fraction: the least wins, the first of equals. */
struct cost {
	uint64_t over, under;
};

static struct cost lc_cost(uint64_t active, uint64_t inactive, uint64_t weight)
{
	(void)weight;
	return (struct cost){active * 256 + inactive, 1};
}

static struct cost wlc_cost(uint64_t active, uint64_t inactive, uint64_t weight)
{
	return (struct cost){active * 256 + inactive, weight};
}

static struct cost sed_cost(uint64_t active, uint64_t inactive, uint64_t weight)
{
	(void)inactive;
	return (struct cost){active + 1, weight};
}

static struct cost fo_cost(uint64_t active, uint64_t inactive, uint64_t weight)
{
	(void)active, (void)inactive;
	return (struct cost){WEIGHTS - weight, 1};
}

typedef struct cost cost_fn(uint64_t active, uint64_t inactive, uint64_t weight);

static int least(const struct world *w, cost_fn *fn)
{
	struct cost best = {0};
	int found = NOBODY;

	for (int i = 0; i < SERVERS; i++) {
		struct cost c = fn(count(w, i, true), count(w, i, false), w->server[i].weight);
		uint64_t active = count(w, i, true);

		if (!takes(w, i) || w->server[i].full)
			continue;
		if (w->sched == SCHEDULER_OVF && active >= w->server[i].weight)
			continue;
		if (w->sched == SCHEDULER_NQ && !active)
			return i; /* it never waits */
		if (found == NOBODY || c.over * best.under < best.over * c.under) {
			found = i;
			best = c;
		}
	}
	return found;
}

static int in_turn(struct world *w)
{
	uint32_t turn = w->turn++;

	for (uint32_t i = 0; i < SERVERS; i++) {
		int s = nth(w, turn % w->pick->n + i);

		if (!w->server[s].full)
			return s;
	}
	return NOBODY;
}

/* The sequence of wrr: of the turns that may begin by this place, the one that must end first.
 * Returns its length. */
static uint32_t wrr_cycle(const struct world *w, int *cycle)
{
	uint32_t divisor = 1, n = 0, done[SERVERS] = {0}, turns[SERVERS] = {0};

	for (uint32_t d = 1; d < WEIGHTS; d++) {
		bool divides = true;

		for (int s = 0; s < SERVERS; s++)
			divides &= !takes(w, s) || w->server[s].weight % d == 0;
		if (divides)
			divisor = d;
	}
	for (int s = 0; s < SERVERS; s++) {
		turns[s] = takes(w, s) ? w->server[s].weight / divisor : 0;
		n += turns[s];
	}
	for (uint32_t place = 0; place < n; place++) {
		uint32_t first = UINT32_MAX;

		for (int s = 0; s < SERVERS; s++) {
			if (done[s] == turns[s] || done[s] * n / turns[s] > place)
				continue;
			if (((done[s] + 1) * n + turns[s] - 1) / turns[s] < first) {
				first = ((done[s] + 1) * n + turns[s] - 1) / turns[s];
				cycle[place] = s;
			}
		}
		done[cycle[place]]++;
	}
	return n;
}

static int in_weighted_turn(struct world *w)
{
	int cycle[CYCLE_MAX];
	uint32_t n = wrr_cycle(w, cycle), turn = w->turn++ % n;

	assert_int_equal(n, w->pick->n);
	for (uint32_t i = 0; i < n; i++) {
		int s = cycle[(turn + i) % n];

		if (!w->server[s].full)
			return s;
	}
	return NOBODY;
}

/* Whose the hash's place is; the table itself has tests of its own. */
static int owner(const struct world *w, uint64_t hash, uint32_t further)
{
	uint64_t place = (hash >> 32) * MAGLEV_SIZE / (1ull << 32);

	return (int)w->pick->slot[(place + further) % MAGLEV_SIZE];
}

/* With fallback, whoever has one of the next places, or is any server at all. */
static bool by_hash_agrees(const struct world *w, uint64_t hash, uint32_t got)
{
	int s = owner(w, hash, 0);
	bool any = false;

	if (!w->server[s].full)
		return got == (uint32_t)s;
	if (!w->fallback || w->sched == SCHEDULER_DH)
		return got == PICK_NONE;
	for (uint32_t i = 1; i < 64; i++) {
		s = owner(w, hash, i);
		if (!w->server[s].full)
			return got == (uint32_t)s;
	}
	for (s = 0; s < SERVERS; s++)
		any |= takes(w, s) && !w->server[s].full;
	return any ? got < SERVERS && takes(w, (int)got) && !w->server[got].full : got == PICK_NONE;
}

static int chosen(struct world *w, uint64_t hash)
{
	int s;

	switch (w->sched) {
	case SCHEDULER_RR:
		return in_turn(w);
	case SCHEDULER_WRR:
		return in_weighted_turn(w);
	case SCHEDULER_LC:
		return least(w, lc_cost);
	case SCHEDULER_WLC:
		return least(w, wlc_cost);
	case SCHEDULER_SED:
	case SCHEDULER_NQ:
		return least(w, sed_cost);
	case SCHEDULER_FO:
	case SCHEDULER_OVF:
		return least(w, fo_cost);
	default: /* lblc, lblcr */
		s = owner(w, hash, 0);
		return w->server[s].full ? least(w, wlc_cost) : s;
	}
}

/* --- steps ------------------------------------------------------------------------------------ */

/* The shares of a table are those of the weights, but for one place. */
static void check_shares(const struct world *w)
{
	bool even = w->sched != SCHEDULER_MH && w->sched != SCHEDULER_SH;
	uint64_t sum = 0, has[SERVERS] = {0};

	for (int s = 0; s < SERVERS; s++)
		sum += takes(w, s) ? even ? 1 : w->server[s].weight : 0;
	for (uint32_t i = 0; i < MAGLEV_SIZE; i++)
		has[w->pick->slot[i]]++;
	for (int s = 0; s < SERVERS; s++) {
		uint64_t weight = takes(w, s) ? even ? 1 : w->server[s].weight : 0;
		uint64_t due = weight * MAGLEV_SIZE / sum;

		assert_true(has[s] == due || (weight && has[s] == due + 1));
	}
}

static void rebuild(struct world *w)
{
	struct candidate c[SERVERS];
	uint32_t n = 0;

	memset(c, 0, sizeof(c));
	for (int i = SERVERS - 1; i >= 0; i--) { /* the order must not matter */
		if (!takes(w, i))
			continue;
		c[n].addr = addr_v4(htonl(0x0a000001 + (uint32_t)i));
		c[n].weight = w->server[i].weight;
		c[n++].slot = (uint32_t)i;
	}
	pick_put(w->pick);
	w->pick = sched_build(w->sched, c, n);
	assert_non_null(w->pick);
	assert_int_equal(w->pick->n_servers, n);
	if (n && sched_is_table(w->sched))
		check_shares(w);
}

static bool live(const struct world *w, const struct flow *f)
{
	return f->counted && w->now - f->seen < flow_timeout[f->state];
}

/* A server is added, removed, reached, lost, weighted, limited. One that goes takes its flows with
 * it. */
static void change(struct world *w)
{
	int i = (int)below(w, SERVERS);
	struct server *s = &w->server[i];

	switch (below(w, 4)) {
	case 0:
		s->there = !s->there;
		for (int f = 0; f < FLOWS; f++)
			if (w->flow[f].server == i)
				w->flow[f] = (struct flow){0};
		conns_reset(&w->conns[i]);
		s->upper = s->lower = 0;
		s->full = false;
		break;
	case 1:
		s->reachable = below(w, 3) > 0;
		break;
	case 2:
		s->weight = below(w, WEIGHTS);
		break;
	default:
		s->upper = below(w, 3) ? below(w, LIMITS) : 0;
		s->lower = below(w, 2) ? below(w, LIMITS) : 0;
		conns_limit(&w->conns[i], s->upper, s->lower);
		judge(w, i);
	}
	rebuild(w);
}

/* Flows that expired in silence are counted no more. */
static void settle(struct world *w)
{
	for (int i = 0; i < FLOWS; i++)
		w->flow[i].counted = live(w, &w->flow[i]);
	for (int i = 0; i < SERVERS; i++) {
		conns_settle(&w->conns[i], (uint32_t)count(w, i, true),
			     (uint32_t)count(w, i, false));
		judge(w, i);
	}
}

static void begin(struct world *w, struct flow *f)
{
	uint64_t hash = random64(w);
	struct pick_ask ask = {&w->cursor, hash, hash, w->conns, w->fallback};
	uint32_t got;

	if (!w->pick->n)
		return;
	got = pick_server(w->pick, &ask);
	if (w->sched == SCHEDULER_MH || w->sched == SCHEDULER_SH || w->sched == SCHEDULER_DH) {
		if (!by_hash_agrees(w, hash, got))
			fail_msg("%s: %u took the flow", sched_name[w->sched], got);
	} else {
		int s = chosen(w, hash);

		if (got != (s == NOBODY ? PICK_NONE : (uint32_t)s))
			fail_msg("%s: %u took the flow, not %d", sched_name[w->sched], got, s);
	}
	if (got == PICK_NONE)
		return;
	w->begun++;
	*f = (struct flow){random64(w) | 1, true, (int)got, FLOW_SYN, w->now};
	if (below(w, 4) == 0)
		f->state = FLOW_UDP;
	assert_non_null(flow_add(&w->table, f->tag, got, f->state, w->now));
	conns_begin(&w->conns[got], false);
	judge(w, f->server);
}

/* A packet of a known flow: it goes where the first one went, whatever has become of servers. */
static void go_on(struct world *w, struct flow *f)
{
	static const enum flow_state next[FLOW_STATES] = {
		[FLOW_SYN] = FLOW_ESTABLISHED, [FLOW_ESTABLISHED] = FLOW_FIN,
		[FLOW_FIN] = FLOW_CLOSED,      [FLOW_CLOSED] = FLOW_CLOSED,
		[FLOW_UDP] = FLOW_UDP,
	};
	struct flow_slot *slot = flow_find(&w->table, f->tag, w->now);
	enum flow_state state = below(w, 3) ? f->state : next[f->state];

	assert_non_null(slot);
	assert_int_equal(slot->backend, f->server);
	assert_int_equal(flow_state(slot), f->state);
	if (flow_is_active(state) && !flow_is_active(f->state))
		conns_activate(&w->conns[f->server]);
	if (!flow_is_active(state) && flow_is_active(f->state))
		conns_deactivate(&w->conns[f->server]);
	flow_touch(slot, state, w->now);
	f->state = state;
	f->seen = w->now;
}

static void check_counts(const struct world *w)
{
	for (int i = 0; i < SERVERS; i++) {
		assert_int_equal(conns_active(&w->conns[i]), count(w, i, true));
		assert_int_equal(conns_inactive(&w->conns[i]), count(w, i, false));
		assert_int_equal(conns_overloaded(&w->conns[i]), w->server[i].full);
	}
}

static void step(struct world *w, uint32_t n)
{
	struct flow *f = &w->flow[below(w, FLOWS)];

	if (below(w, CHANGE_ONE_IN) == 0)
		change(w);
	if (n % 64 == 0) {
		w->now += below(w, 4);
		check_counts(w);
	}
	if (n % 512 == 0)
		settle(w);
	if (live(w, f)) {
		go_on(w, f);
	} else if (!f->counted) {
		assert_null(f->tag ? flow_find(&w->table, f->tag, w->now) : NULL);
		begin(w, f);
	}
}

struct run {
	enum sched sched;
	uint64_t seed;
};

static void world_open(struct world *w, const struct run *run, void *memory, size_t bytes)
{
	memset(w, 0, sizeof(*w));
	w->sched = run->sched;
	w->random = run->seed * 0x9e3779b97f4a7c15 + run->sched + 1;
	w->now = 1000;
	flow_attach(&w->table, memset(memory, 0, bytes), bytes);
	for (int i = 0; i < SERVERS; i++)
		w->server[i] = (struct server){.there = true, .reachable = true, .weight = 1};
	rebuild(w);
}

static void does_what_the_slow_one_does(void **state)
{
	const struct run *run = *state;
	size_t bytes = flow_bytes(1 << 16);
	void *memory = aligned_alloc(64, bytes);
	struct world w;

	world_open(&w, run, memory, bytes);
	for (uint32_t n = 0; n < STEPS / SCHEDULER_COUNT + 1; n++) {
		if (n % 4096 == 0)
			w.fallback = !w.fallback;
		step(&w, n);
	}
	print_message("%s: %u flows begun in %u steps, seed %llu\n", sched_name[w.sched], w.begun,
		      STEPS / SCHEDULER_COUNT + 1, (unsigned long long)run->seed);
	assert_true(w.begun > STEPS / SCHEDULER_COUNT / 100);
	pick_put(w.pick);
	free(memory);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 42;
	struct CMUnitTest test[SCHEDULER_COUNT];
	struct run run[SCHEDULER_COUNT];

	for (int i = 0; i < SCHEDULER_COUNT; i++) {
		run[i] = (struct run){(enum sched)i, seed};
		test[i] = (struct CMUnitTest){.name = sched_name[i],
					      .test_func = does_what_the_slow_one_does,
					      .initial_state = &run[i]};
	}
	return cmocka_run_group_tests(test, NULL, NULL);
}
