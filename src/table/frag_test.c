/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/frag.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct frag_table table(void)
{
	struct frag_table t;
	void *memory = aligned_alloc(64, frag_bytes());

	assert_non_null(memory);
	memset(memory, 0, frag_bytes());
	frag_attach(&t, memory);
	return t;
}

static uint64_t tag_of(uint64_t i)
{
	uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	return z ^ z >> 27;
}

static struct frag_piece piece(uint64_t datagram, uint16_t first, uint16_t units, bool last)
{
	return (struct frag_piece){tag_of(datagram), first, units, last};
}

static enum frag_verdict later(const struct frag_table *t, struct frag_piece p, uint32_t now,
			       uint32_t want)
{
	uint32_t id = 0;
	enum frag_verdict v = frag_later(t, &p, now, &id);

	assert_int_equal(id, v == FRAG_FORWARD ? want : 0);
	return v;
}

static enum frag_verdict first(const struct frag_table *t, struct frag_piece p, uint32_t id,
			       uint32_t now)
{
	return frag_first(t, &p, id, now);
}

static void later_fragments_follow_their_first_in_any_order(void **state)
{
	struct frag_table t = table();

	(void)state;
	assert_int_equal(later(&t, piece(1, 185, 185, false), 9, 7), FRAG_WAIT);
	assert_int_equal(first(&t, piece(1, 0, 185, false), 7, 9), FRAG_FORWARD);
	assert_int_equal(later(&t, piece(1, 370, 9, true), 9, 7), FRAG_FORWARD);
	assert_int_equal(later(&t, piece(1, 185, 185, false), 9, 7), FRAG_FORWARD);
	assert_int_equal(later(&t, piece(2, 185, 185, false), 9, 7), FRAG_WAIT);
	free(t.slot);
}

static void what_overlaps_is_dropped_with_all_that_follows(void **state)
{
	struct frag_table t = table();

	(void)state;
	assert_int_equal(first(&t, piece(1, 0, 100, false), 7, 9), FRAG_FORWARD);
	assert_int_equal(later(&t, piece(1, 200, 100, false), 9, 7), FRAG_FORWARD);
	assert_int_equal(later(&t, piece(1, 99, 2, false), 9, 7), FRAG_OVERLAP);
	assert_int_equal(later(&t, piece(1, 100, 100, false), 9, 7), FRAG_REFUSED);
	assert_int_equal(first(&t, piece(1, 0, 100, false), 7, 9), FRAG_REFUSED);
	assert_int_equal(first(&t, piece(1, 0, 100, false), 7, 9 + FRAG_SECONDS + 1), FRAG_FORWARD);
	assert_int_equal(first(&t, piece(2, 0, 100, false), 7, 9), FRAG_FORWARD);
	assert_int_equal(first(&t, piece(2, 0, 100, false), 8, 9), FRAG_OVERLAP);
	assert_int_equal(later(&t, piece(3, 8190, 3, true), 9, 7), FRAG_OVERLAP); /* 64 KiB */
	free(t.slot);
}

static void an_identification_may_be_used_again_at_once(void **state)
{
	struct frag_table t = table();

	(void)state;
	for (uint32_t i = 1; i <= 100000; i++) {
		uint32_t now = i / 10000;

		if (i % 2)
			assert_int_equal(later(&t, piece(1, 185, 10, true), now, i), FRAG_WAIT);
		assert_int_equal(first(&t, piece(1, 0, 185, false), i, now), FRAG_FORWARD);
		assert_int_equal(later(&t, piece(1, 185, 10, true), now, i), FRAG_FORWARD);
	}
	free(t.slot);
}

static void fragments_of_a_dropped_first_are_dropped(void **state)
{
	struct frag_table t = table();

	(void)state;
	assert_int_equal(first(&t, piece(1, 0, 10, false), FRAG_NOBODY, 9), FRAG_REFUSED);
	assert_int_equal(later(&t, piece(1, 10, 10, true), 9, 7), FRAG_REFUSED);
	free(t.slot);
}

static void incomplete_datagrams_are_forgotten(void **state)
{
	struct frag_table t = table();
	uint32_t refused = 0;

	(void)state;
	for (uint64_t i = 0; i < 2 * FRAG_SLOTS; i++)
		refused += first(&t, piece(i, 0, 10, false), 7, 9) == FRAG_FULL;
	assert_in_range(refused, FRAG_SLOTS, FRAG_SLOTS + FRAG_SLOTS / 8);
	refused = 0;
	for (uint64_t i = 0; i < FRAG_SLOTS / 2; i++)
		refused += first(&t, piece(3 * FRAG_SLOTS + i, 0, 10, false), 7,
				 9 + FRAG_SECONDS + 1) != FRAG_FORWARD;
	assert_true(refused < FRAG_SLOTS / 100); /* neighbours fill up */
	assert_int_equal(later(&t, piece(0, 10, 10, true), 9 + FRAG_SECONDS + 1, 7), FRAG_WAIT);
	free(t.slot);
}

enum {
	DATAGRAMS = 20000,
	PIECES = 40,
};

struct side {
	struct frag_table t;
	uint32_t done; /* datagrams; DATAGRAMS, too, when it gave up */
};

/* Another worker's queue: the later fragments, which may be faster than the first. */
static void *send_later(void *arg)
{
	struct side *s = arg;

	for (uint32_t d = 1; d <= DATAGRAMS; d++) {
		for (uint16_t i = PIECES - 1; i; i--) {
			struct frag_piece p = piece(d % 64, i * 185, 185, i == PIECES - 1);
			uint32_t id = 0;

			while (frag_later(&s->t, &p, 1, &id) == FRAG_WAIT)
				sched_yield();
			if (id != d)
				goto wrong;
		}
		__atomic_store_n(&s->done, d, __ATOMIC_RELEASE);
	}
	return NULL;
wrong:
	__atomic_store_n(&s->done, DATAGRAMS, __ATOMIC_RELEASE);
	return "the server of another datagram, or none";
}

static void two_workers_share_datagrams(void **state)
{
	struct side s = {.t = table()};
	pthread_t thread;
	void *why;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, send_later, &s), 0);
	for (uint32_t d = 1; d <= DATAGRAMS; d++) {
		assert_int_equal(first(&s.t, piece(d % 64, 0, 185, false), d, 1), FRAG_FORWARD);
		while (__atomic_load_n(&s.done, __ATOMIC_ACQUIRE) + 32 < d)
			sched_yield(); /* identifications come round when they are free again */
	}
	pthread_join(thread, &why);
	assert_null(why);
	free(s.t.slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_fragments_follow_their_first_in_any_order),
		cmocka_unit_test(what_overlaps_is_dropped_with_all_that_follows),
		cmocka_unit_test(an_identification_may_be_used_again_at_once),
		cmocka_unit_test(fragments_of_a_dropped_first_are_dropped),
		cmocka_unit_test(incomplete_datagrams_are_forgotten),
		cmocka_unit_test(two_workers_share_datagrams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
