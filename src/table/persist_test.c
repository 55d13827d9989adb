/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/persist.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct persist table(uint32_t clients)
{
	size_t bytes = persist_bytes(clients);
	void *memory = aligned_alloc(64, bytes);
	struct persist p;

	assert_non_null(memory);
	memset(memory, 0, bytes);
	persist_attach(&p, memory, bytes);
	return p;
}

/* Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (2014): its mix. */
static uint64_t tag_of(uint64_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static void a_client_keeps_its_server_until_its_time_is_over(void **state)
{
	struct persist p = table(100);

	(void)state;
	assert_int_equal(persist_get(&p, tag_of(1), 1000, 300), 0);
	assert_int_equal(persist_put(&p, tag_of(1), 7, 0, 1000, 300), 7);
	assert_int_equal(persist_get(&p, tag_of(1), 1000, 300), 7);
	assert_int_equal(persist_get(&p, tag_of(2), 1000, 300), 0);
	assert_int_equal(persist_get(&p, tag_of(1), 1290, 300), 7); /* its time begins anew */
	assert_int_equal(persist_get(&p, tag_of(1), 1580, 300), 7);
	assert_int_equal(persist_count(&p, 1580), 1);
	assert_int_equal(persist_get(&p, tag_of(1), 1580 + 300 + 2 * PERSIST_TICK, 300), 0);
	assert_int_equal(persist_count(&p, 1580 + 300 + 2 * PERSIST_TICK), 0);
	free(p.slot);
}

static void the_first_server_wins_unless_it_is_gone(void **state)
{
	struct persist p = table(100);

	(void)state;
	assert_int_equal(persist_put(&p, tag_of(1), 7, 0, 1000, 300), 7);
	assert_int_equal(persist_put(&p, tag_of(1), 8, 0, 1000, 300), 7);
	assert_int_equal(persist_put(&p, tag_of(1), 9, 7, 1000, 300), 9);
	assert_int_equal(persist_put(&p, tag_of(1), 10, 7, 1000, 300), 9);
	assert_int_equal(persist_get(&p, tag_of(1), 1000, 300), 9);
	free(p.slot);
}

static void places_are_used_again(void **state)
{
	struct persist p = table(2000);
	uint32_t now = 100, kept = 0;

	(void)state;
	for (uint32_t round = 0; round < 20; round++, now += 1000) {
		kept = 0;
		for (uint64_t i = 0; i < 2000; i++)
			persist_put(&p, tag_of(round * 2000 + i), (uint32_t)i + 1, 0, now, 300);
		for (uint64_t i = 0; i < 2000; i++)
			kept += persist_get(&p, tag_of(round * 2000 + i), now, 300) == i + 1;
		assert_true(kept > 1980); /* neighbours fill up: few find no room */
	}
	free(p.slot);
}

static void goes_round_the_clock(void **state)
{
	struct persist p = table(100);
	uint32_t day = 24 * 3600;

	(void)state;
	for (uint32_t now = 0; now < 60 * day; now += day / 2) {
		assert_int_equal(persist_put(&p, tag_of(1), now / 4 + 1, 0, now, day / 4),
				 now / 4 + 1);
		assert_int_equal(persist_get(&p, tag_of(1), now + day / 8, day / 4), now / 4 + 1);
	}
	assert_int_equal(persist_put(&p, tag_of(2), 5, 0, 0, UINT32_MAX), 5);
	assert_int_equal(persist_get(&p, tag_of(2), 5 * day, 300), 5);
	free(p.slot);
}

enum {
	THREADS = 2,
	CLIENTS = 200000,
};

struct racer {
	struct persist p;
	pthread_barrier_t *start;
	uint32_t self;
	uint32_t *got; /* by client */
};

/* All see the same clients in the same order, each with a server of its own choice. */
static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	for (uint64_t i = 0; i < CLIENTS; i++) {
		uint32_t id = persist_get(&r->p, tag_of(i), 50, 300);

		r->got[i] = id ? id : persist_put(&r->p, tag_of(i), r->self + 1, 0, 50, 300);
	}
	return NULL;
}

static void workers_agree_without_locks(void **state)
{
	struct persist p = table(2 * CLIENTS);
	struct racer racer[THREADS];
	pthread_t thread[THREADS];
	pthread_barrier_t start;
	uint32_t differ = 0, full = 0, second = 0;

	(void)state;
	pthread_barrier_init(&start, NULL, THREADS);
	for (uint32_t t = 0; t < THREADS; t++) {
		racer[t] = (struct racer){p, &start, t, calloc(CLIENTS, sizeof(uint32_t))};
		assert_int_equal(pthread_create(&thread[t], NULL, race, &racer[t]), 0);
	}
	for (uint32_t t = 0; t < THREADS; t++)
		pthread_join(thread[t], NULL);
	for (uint64_t i = 0; i < CLIENTS; i++) {
		full += !persist_get(&p, tag_of(i), 50, 300);
		second += racer[0].got[i] == 2;
		differ += racer[0].got[i] != racer[1].got[i] && persist_get(&p, tag_of(i), 50, 300);
	}
	print_message("%u of %d clients were the second worker's, %u found no room\n", second,
		      CLIENTS, full);
	assert_int_equal(differ, 0);
	for (uint32_t t = 0; t < THREADS; t++)
		free(racer[t].got);
	free(p.slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_keeps_its_server_until_its_time_is_over),
		cmocka_unit_test(the_first_server_wins_unless_it_is_gone),
		cmocka_unit_test(places_are_used_again),
		cmocka_unit_test(goes_round_the_clock),
		cmocka_unit_test(workers_agree_without_locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
