/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/flow.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	NOW = 1000,
	WAYS = 8,
	SLOTS = 256
};

static uint64_t random64(uint64_t *seed) /* xorshift64* (Vigna 2016) */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1d;
}

/* The slot that is left when the neighbours 1 to 7 have theirs: 1 to 3 take the first line's first
 * three, 4 to 7 the second line. */
enum {
	LAST = 3
};

/* A tag whose eight slots are the first ones of the table. */
static uint64_t neighbour_tag(uint64_t n)
{
	return n << 32 | (n & 4) << 4;
}

static int table_open(void **state)
{
	static struct flow_table t;
	size_t bytes = flow_bytes(0);
	void *memory = aligned_alloc(64, bytes);

	assert_int_equal(bytes, SLOTS * sizeof(struct flow_slot));
	assert_non_null(memory);
	flow_attach(&t, memset(memory, 0, bytes), bytes);
	*state = &t;
	return 0;
}

static int table_close(void **state)
{
	free(((struct flow_table *)*state)->slot);
	return 0;
}

static void is_sized_for_twice_the_flows(void **state)
{
	(void)state;
	assert_int_equal(flow_bytes(0), 4096);
	assert_int_equal(flow_bytes(128), 4096);
	assert_int_equal(flow_bytes(129), 8192);
	assert_int_equal(flow_bytes(1 << 20), 2 * 16 << 20);
	assert_int_equal(flow_bytes(UINT32_MAX), (size_t)16 << 33);
}

static void finds_what_was_added(void **state)
{
	struct flow_table *t = *state;
	struct flow_slot *s = flow_add(t, 77, 5, FLOW_SYN, NOW);
	enum flow_state seen;
	uint32_t backend;

	assert_non_null(s);
	assert_ptr_equal(flow_find(t, 77, NOW), s);
	assert_null(flow_find(t, 78, NOW));
	assert_null(flow_find(t, 77 + SLOTS, NOW)); /* another flow, with the same slots */
	flow_touch(s, FLOW_ESTABLISHED, NOW + 1);
	flow_move(s, 6);
	assert_int_equal(flow_state(s), FLOW_ESTABLISHED);
	assert_true(flow_peek(t, 77, NOW + 1, &backend, &seen));
	assert_int_equal(backend, 6);
	assert_int_equal(seen, FLOW_ESTABLISHED);
	assert_false(flow_peek(t, 78, NOW + 1, &backend, &seen));
}

static void every_state_expires_after_its_time(void **state)
{
	static const uint16_t seconds[] = {60, 900, 120, 10, 300, 900, 300};
	struct flow_table *t = *state;
	enum flow_state seen;
	uint32_t backend;

	for (uint32_t i = 0; i < FLOW_STATES; i++) {
		flow_add(t, 100 + i, 1, i, NOW);
		assert_non_null(flow_find(t, 100 + i, NOW + seconds[i] - 1));
		assert_true(flow_peek(t, 100 + i, NOW + seconds[i] - 1, &backend, &seen));
		assert_null(flow_find(t, 100 + i, NOW + seconds[i]));
		assert_false(flow_peek(t, 100 + i, NOW + seconds[i], &backend, &seen));
	}
}

static void a_reader_whose_clock_is_behind_sees_the_flow(void **state)
{
	struct flow_table *t = *state;
	enum flow_state seen;
	uint32_t backend;

	flow_add(t, 9, 1, FLOW_CLOSED, NOW);
	assert_true(flow_peek(t, 9, NOW - 1, &backend, &seen));
}

static void a_syn_never_evicts_a_proven_flow(void **state)
{
	static const enum flow_state proven[] = {FLOW_ESTABLISHED, FLOW_FIN, FLOW_CLOSED, FLOW_UDP};
	struct flow_table *t = *state;

	for (uint64_t n = 1; n <= WAYS; n++)
		assert_non_null(flow_add(t, neighbour_tag(n), (uint32_t)n, proven[n % 4], NOW));
	assert_null(flow_add(t, neighbour_tag(99), 99, FLOW_SYN, NOW));
	assert_null(flow_add(t, neighbour_tag(99), 99, FLOW_ESTABLISHED, NOW));
	for (uint64_t n = 1; n <= WAYS; n++)
		assert_int_equal(flow_find(t, neighbour_tag(n), NOW)->backend, n);
}

static void the_oldest_half_open_flow_makes_room(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t n = 1; n <= WAYS; n++)
		flow_add(t, neighbour_tag(n), 1, n % 2 ? FLOW_SYN : FLOW_FIN, NOW - (n ^ 4));
	assert_non_null(flow_add(t, neighbour_tag(99), 99, FLOW_SYN, NOW));
	for (uint64_t n = 1; n <= WAYS; n++) /* 3 ^ 4 is the greatest age of an odd n */
		assert_true(!flow_find(t, neighbour_tag(n), NOW) == (n == 3));
}

static void who_can_do_without_takes_nobodys_place(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t n = 1; n <= WAYS; n++)
		flow_add(t, neighbour_tag(n), 1, n % 2 ? FLOW_SYN : FLOW_SPARE, NOW);
	assert_null(flow_add_if_free(t, neighbour_tag(99), 99, FLOW_SYN, NOW));
	assert_null(flow_add_if_free(t, neighbour_tag(99), 99, FLOW_ESTABLISHED, NOW));
	assert_null(flow_add(t, neighbour_tag(99), 99, FLOW_SPARE, NOW));
	for (uint64_t n = 1; n <= WAYS; n++)
		assert_non_null(flow_find(t, neighbour_tag(n), NOW));
	assert_non_null(flow_add_if_free(t, neighbour_tag(99), 99, FLOW_SYN, NOW + 60));
	assert_non_null(flow_add(t, neighbour_tag(98), 98, FLOW_ESTABLISHED, NOW));
}

static void an_expired_slot_is_taken_before_any_live_one(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t n = 1; n <= WAYS; n++)
		flow_add(t, neighbour_tag(n), 1, n == 5 ? FLOW_CLOSED : FLOW_SYN, NOW);
	assert_non_null(flow_add(t, neighbour_tag(99), 99, FLOW_SYN, NOW + 10));
	for (uint64_t n = 1; n <= WAYS; n++)
		assert_true(!flow_find(t, neighbour_tag(n), NOW + 10) == (n == 5));
}

static void half_the_slots_fill_without_much_loss(void **state)
{
	enum {
		FLOWS = 1 << 16
	};
	size_t bytes = flow_bytes(FLOWS);
	uint32_t lost = 0;
	uint64_t seed = 1;
	struct flow_table t;
	void *memory = aligned_alloc(64, bytes);

	(void)state;
	flow_attach(&t, memset(memory, 0, bytes), bytes);
	for (uint32_t i = 0; i < FLOWS; i++)
		lost += !flow_add(&t, random64(&seed) | 1ull << 63, i, FLOW_UDP, NOW);
	assert_in_range(lost, FLOWS * 5 / 1000, FLOWS * 11 / 1000); /* 0.8 % */
	free(memory);
}

struct row {
	int old;
	uint8_t flags;
	enum flow_state next;
};

static void follows_the_clients_half_of_the_connection(void **state)
{
	static const struct row row[] = {
		{-1, TH_SYN, FLOW_SYN},
		{-1, TH_SYN | 0xc0, FLOW_SYN}, /* with ECN */
		{-1, TH_ACK, FLOW_ESTABLISHED},
		{-1, TH_SYN | TH_ACK, FLOW_ESTABLISHED},
		{-1, TH_RST, FLOW_CLOSED},
		{-1, TH_SYN | TH_RST, FLOW_CLOSED},
		{-1, TH_FIN | TH_ACK, FLOW_FIN},
		{-1, 0, FLOW_ESTABLISHED},
		{FLOW_SYN, TH_SYN, FLOW_SYN}, /* a repeated SYN is no proof */
		{FLOW_SYN, TH_ACK, FLOW_ESTABLISHED},
		{FLOW_SYN, TH_RST, FLOW_CLOSED},
		{FLOW_ESTABLISHED, TH_SYN, FLOW_ESTABLISHED}, /* nor does it disprove */
		{FLOW_ESTABLISHED, TH_ACK | TH_PUSH, FLOW_ESTABLISHED},
		{FLOW_ESTABLISHED, TH_FIN | TH_ACK, FLOW_FIN},
		{FLOW_ESTABLISHED, TH_RST | TH_ACK, FLOW_CLOSED},
		{FLOW_FIN, TH_ACK, FLOW_FIN},
		{FLOW_FIN, TH_SYN, FLOW_SYN},
		{FLOW_FIN, TH_RST, FLOW_CLOSED},
		{FLOW_CLOSED, TH_ACK, FLOW_CLOSED},
		{FLOW_CLOSED, TH_SYN, FLOW_SYN},
		{FLOW_SPARE, TH_ACK, FLOW_SPARE}, /* it stays so, as long as it lives */
		{FLOW_SPARE, TH_SYN, FLOW_SPARE},
		{FLOW_SPARE, TH_FIN | TH_ACK, FLOW_FIN},
		{FLOW_SPARE, TH_RST, FLOW_CLOSED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		assert_int_equal(flow_next_state(row[i].old, IPPROTO_TCP, row[i].flags),
				 row[i].next);
	for (int old = -1; old < FLOW_STATES; old++)
		assert_int_equal(flow_next_state(old, IPPROTO_UDP, 0),
				 old == FLOW_SPARE_UDP ? FLOW_SPARE_UDP : FLOW_UDP);
}

static void the_first_look_sees_one_line(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t n = 0; n < WAYS; n++) {
		uint64_t tag = 1ull << 40 | 5 << 8 | 3;
		struct flow_slot *s = flow_probe(t, tag, (uint32_t)n);

		s->tag = tag;
		s->seen = 0; /* expired long ago */
		assert_ptr_equal(flow_near(t, tag), n < WAYS / 2 ? s : NULL);
		assert_null(flow_near(t, tag ^ 1ull << 50));
		s->tag = 0;
	}
}

/* Which of two slots with one tag a flow has is a matter of the probing order, in both lines. */
static void the_first_in_probing_order_is_found(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t home = 0; home < WAYS; home++)
		for (uint32_t i = 0; i < WAYS; i++)
			for (uint32_t k = i + 1; k < WAYS; k++) {
				uint64_t tag = 1ull << 40 | home;
				struct flow_slot *first = flow_probe(t, tag, i);
				struct flow_slot *second = flow_probe(t, tag, k);

				*first = *second = (struct flow_slot){tag, 1, NOW << 4 | FLOW_UDP};
				assert_ptr_equal(flow_find(t, tag, NOW), first);
				first->tag = second->tag = 0;
			}
}

/* What lookup does with an ordinary packet, at length: the slot after it. */
static struct flow_slot touched(struct flow_slot s, uint8_t tcp_flags)
{
	enum flow_state state = flow_state(&s);
	uint8_t proto = state == FLOW_UDP || state == FLOW_SPARE_UDP ? IPPROTO_UDP : IPPROTO_TCP;

	flow_touch(&s, flow_next_state(state, proto, tcp_flags), NOW);
	return s;
}

/* Of every slot and every ordinary packet: if the slot is called steady or renewed, it is as if the
 * packet had gone the long way; all live ones that aren't half-open are. */
static void steady_and_renewed_slots_are_as_after_the_long_way(void **state)
{
	const struct flow_table *t = *state;
	const uint64_t tag = 77;
	uint32_t steady = 0, renewed = 0, live = 0;

	for (uint32_t seen = (NOW - 1000) << 4; seen < (NOW + 2) << 4; seen++)
		for (uint32_t flags = 0; flags < 256; flags++) {
			struct flow_slot s = {tag, 1, seen}, before = s;
			bool was_live = flow_state(&s) < FLOW_STATES && flow_live(t, &s, NOW);

			if (!flow_ordinary((uint8_t)flags))
				continue;
			assert_false(flow_steady(&s, tag + 1, NOW) ||
				     flow_renew(t, &s, tag + 1, NOW));
			assert_memory_equal(&s, &before, sizeof(s));
			live += was_live && flow_state(&s) != FLOW_SYN && seen >> 4 <= NOW;
			steady += flow_steady(&s, tag, NOW);
			if (!flow_renew(t, &s, tag, NOW))
				continue;
			renewed++;
			assert_true(was_live);
			assert_int_equal(s.seen, touched(before, (uint8_t)flags).seen);
			assert_true(flow_steady(&s, tag, NOW));
		}
	assert_int_equal(steady,
			 6 * 16); /* all states but SYN; flags with ACK, without SYN, FIN, RST */
	assert_int_equal(renewed, live);
}

static void audit_empties_only_what_cannot_be_right(void **state)
{
	struct flow_table *t = *state;

	for (uint64_t n = 1; n <= 6; n++)
		flow_add(t, neighbour_tag(n), 1, FLOW_UDP, NOW);
	assert_int_equal(flow_audit(t, NOW), 0);
	flow_find(t, neighbour_tag(2), NOW)->seen |= 15;       /* no such state */
	flow_find(t, neighbour_tag(4), NOW)->seen += 1 << 4;   /* a second ahead */
	flow_find(t, neighbour_tag(6), NOW)->seen -= 500 << 4; /* expired, but that is no fault */
	assert_int_equal(flow_audit(t, NOW), 2);
	assert_int_equal(flow_audit(t, NOW), 0);
	for (uint64_t n = 1; n <= 6; n++)
		assert_true(!flow_find(t, neighbour_tag(n), NOW) == !(n % 2));
}

static void count_one(void *ctx, uint32_t backend, enum flow_state state)
{
	uint32_t *count = ctx;

	assert_int_equal(backend % FLOW_STATES, state);
	count[backend]++;
}

static void timeouts_can_be_set(void **state)
{
	struct flow_table *t = *state;
	uint32_t seconds[FLOW_STATES];

	memcpy(seconds, flow_timeout, sizeof(seconds));
	t->timeout = seconds;
	flow_add(t, 9, 1, FLOW_UDP, NOW);
	assert_non_null(flow_find(t, 9, NOW + 299));
	seconds[FLOW_UDP] = 10;
	assert_null(flow_find(t, 9, NOW + 10));
	assert_non_null(flow_find(t, 9, NOW + 9));
}

static void each_calls_back_once_for_every_live_flow(void **state)
{
	uint32_t count[100] = {0};

	for (uint32_t i = 0; i < 100; i++)
		flow_add(*state, (1 + i) << 6, i, i % FLOW_STATES, NOW);
	flow_each(*state, NOW + 60, count_one, count);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(count[i], flow_timeout[i % FLOW_STATES] > 60);
}

/* One writer makes a slot change hands all the time, while we look at it. No tag comes twice. */
struct torn {
	struct flow_table *t;
	void (*add)(struct flow_table *t, uint64_t tag);
	uint64_t n; /* of the next tag */
	bool stop;
};

static uint32_t torn_backend(uint64_t tag)
{
	return (uint32_t)(tag >> 32) * 0x9e3779b1u;
}

static void add_properly(struct flow_table *t, uint64_t tag)
{
	flow_add(t, tag, torn_backend(tag), FLOW_SYN, NOW);
}

/* Negative control: the tag first, a moment later the rest. */
static void add_tag_first(struct flow_table *t, uint64_t tag)
{
	__atomic_store_n(&t->slot[LAST].tag, tag, __ATOMIC_RELEASE);
	for (int i = 0; i < 100; i++)
		__atomic_store_n(&t->slot[LAST].seen, NOW << 4, __ATOMIC_RELAXED);
	__atomic_store_n(&t->slot[LAST].backend, torn_backend(tag), __ATOMIC_RELAXED);
}

static void *torn_writer(void *arg)
{
	struct torn *w = arg;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(&w->n, w->n + 1, __ATOMIC_RELAXED);
		w->add(w->t, neighbour_tag(w->n * 8));
		for (uint32_t i = 0; i < w->n % 64; i++)
			__atomic_store_n(&w->n, w->n, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Looks until it has seen that many whole slots, or a torn one: true. */
static bool sees_torn(struct flow_table *t, void (*add)(struct flow_table *, uint64_t),
		      uint32_t enough)
{
	struct torn w = {.t = t, .add = add};
	time_t end = time(NULL) + 20;
	uint32_t backend;
	bool torn = false;
	enum flow_state state;
	pthread_t thread;

	for (uint64_t n = 1; n < WAYS; n++) /* all places but one are taken for good */
		flow_add(t, neighbour_tag(n), 1, FLOW_UDP, NOW);
	assert_int_equal(pthread_create(&thread, NULL, torn_writer, &w), 0);
	for (uint32_t whole = 0; whole < enough && !torn && time(NULL) < end;) {
		uint64_t tag = neighbour_tag(__atomic_load_n(&w.n, __ATOMIC_RELAXED) * 8);

		if (!flow_peek(t, tag, NOW, &backend, &state))
			continue;
		torn = backend != torn_backend(tag) || state != FLOW_SYN;
		whole++;
	}
	__atomic_store_n(&w.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return torn;
}

static void other_threads_never_see_a_torn_slot(void **state)
{
	assert_false(sees_torn(*state, add_properly, 300000));
}

static void a_writer_without_the_order_is_found_out(void **state)
{
	assert_true(sees_torn(*state, add_tag_first, UINT32_MAX));
}

/* Kills a writer after each of its instructions, so to say: a child fills a slot that was another
 * flow's, step by step, while we look whether its successor would find a whole slot or none.
 * Returns the number of moments when it would not; -1: it can't be traced here. */
static int count_torn_moments(void (*add)(struct flow_table *, uint64_t))
{
	const uint64_t old = neighbour_tag(8), new = neighbour_tag(16);
	void *memory = mmap(NULL, flow_bytes(0), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
	const volatile struct flow_slot *s = (struct flow_slot *)memory + LAST;
	int status, torn = 0;
	struct flow_table t;
	pid_t child;

	flow_attach(&t, memory, flow_bytes(0));
	for (uint64_t n = 1; n < WAYS; n++)
		flow_add(&t, neighbour_tag(n), 1, FLOW_UDP, NOW);
	add_properly(&t, old);
	child = fork();
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(1);
		raise(SIGSTOP);
		add(&t, new);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (!WIFSTOPPED(status))
		torn = -1;
	while (WIFSTOPPED(status)) {
		torn += s->tag && s->backend != torn_backend(s->tag);
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
		waitpid(child, &status, 0);
	}
	assert_true(torn < 0 || (s->tag == new && s->backend == torn_backend(new)));
	munmap(memory, flow_bytes(0));
	return torn;
}

static void a_crash_at_any_instruction_leaves_no_torn_slot(void **state)
{
	int torn = count_torn_moments(add_properly);

	(void)state;
	if (torn < 0)
		skip();
	assert_int_equal(torn, 0);
	assert_int_not_equal(count_torn_moments(add_tag_first), 0); /* negative control */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, table_open, table_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_sized_for_twice_the_flows),
		TEST(finds_what_was_added),
		TEST(every_state_expires_after_its_time),
		TEST(a_reader_whose_clock_is_behind_sees_the_flow),
		TEST(a_syn_never_evicts_a_proven_flow),
		TEST(the_oldest_half_open_flow_makes_room),
		TEST(who_can_do_without_takes_nobodys_place),
		TEST(an_expired_slot_is_taken_before_any_live_one),
		cmocka_unit_test(half_the_slots_fill_without_much_loss),
		cmocka_unit_test(follows_the_clients_half_of_the_connection),
		TEST(the_first_look_sees_one_line),
		TEST(the_first_in_probing_order_is_found),
		TEST(timeouts_can_be_set),
		TEST(steady_and_renewed_slots_are_as_after_the_long_way),
		TEST(audit_empties_only_what_cannot_be_right),
		TEST(each_calls_back_once_for_every_live_flow),
		TEST(other_threads_never_see_a_torn_slot),
		TEST(a_writer_without_the_order_is_found_out),
		cmocka_unit_test(a_crash_at_any_instruction_leaves_no_torn_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
