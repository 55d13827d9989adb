/* SPDX-License-Identifier: BSD-2-Clause */
#define _LGPL_SOURCE
#include "table/snap.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

static const struct hash_key key = {{3, 4}};

static struct endpoint endpoint(uint32_t n)
{
	return (struct endpoint){
		.addr.w = {0, 0, htonl(0xffff), htonl(0x0a000000 + n / 7)},
		.port = htons((uint16_t)(n % 7)),
		.proto = IPPROTO_TCP,
	};
}

/* n services with an empty pick each. */
static struct snap *snap_of(uint32_t n, uint32_t n_backends)
{
	struct snap *s = snap_new(n, n_backends, 0, &key);

	assert_non_null(s);
	for (uint32_t i = 0; i < n; i++) {
		s->service[i].ep = endpoint(i);
		s->service[i].pick = sched_build(SCHEDULER_RR, NULL, 0);
	}
	snap_index(s);
	return s;
}

static void finds_every_service_and_no_other(void **state)
{
	static const uint32_t sizes[] = {0, 1, 2, 3, 64, 65, SERVICES_MAX};

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		struct snap *s = snap_of(sizes[k], 0);
		struct endpoint ep;

		for (uint32_t i = 0; i < sizes[k]; i++) {
			ep = endpoint(i);
			assert_ptr_equal(snap_service(s, &ep), &s->service[i]);
			ep.proto = IPPROTO_UDP;
			assert_null(snap_service(s, &ep));
		}
		for (uint32_t i = sizes[k]; i < sizes[k] + 1000; i++) {
			ep = endpoint(i);
			assert_null(snap_service(s, &ep));
		}
		snap_free(s);
	}
}

/* A service for this address part, port and protocol; "::ffff:0:0" form of IPv4. */
static struct endpoint at(const char *addr, uint8_t prefix, uint16_t port, uint8_t proto)
{
	struct endpoint ep = {.port = htons(port), .proto = proto, .prefix = prefix};

	assert_int_equal(inet_pton(AF_INET6, addr, &ep.addr), 1);
	return ep;
}

static void a_packet_belongs_to_the_narrowest_service(void **state)
{
	const struct endpoint service[] = {
		at("::ffff:10.0.0.1", 0, 80, IPPROTO_TCP),
		at("::ffff:10.0.0.1", 0, 0, IPPROTO_TCP),
		at("::ffff:10.0.0.1", 0, 0, 0),
		at("::ffff:10.0.0.0", 120, 80, IPPROTO_TCP),
		at("::ffff:10.0.0.0", 120, 0, IPPROTO_UDP),
		at("::ffff:10.0.0.0", 105, 443, IPPROTO_TCP),
		at("2001:db8::", 33, 0, 0),
	};
	const struct {
		const char *to;
		uint16_t port;
		uint8_t proto;
		int want;
	} row[] = {
		{"::ffff:10.0.0.1", 80, IPPROTO_TCP, 0},
		{"::ffff:10.0.0.1", 81, IPPROTO_TCP, 1},
		{"::ffff:10.0.0.1", 80, IPPROTO_UDP, 2},
		{"::ffff:10.0.0.1", 0, IPPROTO_GRE, 2},
		{"::ffff:10.0.0.2", 80, IPPROTO_TCP, 3},
		{"::ffff:10.0.0.2", 81, IPPROTO_TCP, -1},
		{"::ffff:10.0.0.2", 81, IPPROTO_UDP, 4},
		{"::ffff:10.0.0.2", 443, IPPROTO_TCP, 5},
		{"::ffff:10.127.0.2", 443, IPPROTO_TCP, 5},
		{"::ffff:10.128.0.2", 443, IPPROTO_TCP, -1},
		{"2001:db8:7fff::1", 1, IPPROTO_SCTP, 6},
		{"2001:db8:8000::1", 1, IPPROTO_SCTP, -1},
	};
	const uint32_t n = sizeof(service) / sizeof(*service);
	struct snap *s = snap_new(n, 0, 0, &key);
	struct snap *copy = snap_new(n, 0, 0, &key);

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		s->service[i].ep = copy->service[i].ep = service[i];
		s->service[i].pick = sched_build(SCHEDULER_RR, NULL, 0);
		copy->service[i].pick = pick_get(s->service[i].pick);
	}
	snap_index(s);
	snap_index_copy(copy, s);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		const struct endpoint to = at(row[i].to, 0, row[i].port, row[i].proto);
		const struct service *got = snap_match(s, &to);

		assert_int_equal(got ? got - s->service : -1, row[i].want);
		got = snap_match(copy, &to);
		assert_int_equal(got ? got - copy->service : -1, row[i].want);
	}
	snap_free(s);
	snap_free(copy);
}

static void a_backend_is_known_by_slot_and_generation(void **state)
{
	struct snap *s = snap_of(0, 3);
	const uint32_t generation = BACKENDS_MAX;

	(void)state;
	s->backend[1].id = 1 + generation;
	s->backend[2].id = 2 + 5 * generation;
	assert_ptr_equal(snap_backend(s, 1 + generation), &s->backend[1]);
	assert_ptr_equal(snap_backend(s, 2 + 5 * generation), &s->backend[2]);
	assert_null(snap_backend(s, 0));		  /* no id, though a free slot has it */
	assert_null(snap_backend(s, 1 + 2 * generation)); /* its slot's next owner */
	assert_null(snap_backend(s, 2 + 4 * generation)); /* its slot's last owner */
	assert_null(snap_backend(s, generation));	  /* a free slot */
	assert_null(snap_backend(s, 3 + generation));	  /* beyond the last slot */
	assert_null(snap_backend(s, BACKENDS_MAX - 1 + generation));
	snap_free(s);
	s = snap_of(0, 0);
	assert_null(snap_backend(s, 0));
	snap_free(s);
}

static void shares_cache_lines_as_promised(void **state)
{
	struct snap *s = snap_of(3, 5);

	(void)state;
	assert_int_equal((uintptr_t)s->backend % 64, 0);
	assert_int_equal((uintptr_t)s->service % 64, 0);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(s->backend[i].id | s->backend[i].flags, 0);
	snap_free(s);
	snap_free(NULL);
}

static void frees_its_references_to_picks(void **state)
{
	struct snap *s = snap_of(1, 0);
	struct pick *pick = pick_get(s->service[0].pick);

	(void)state;
	assert_int_equal(pick->refs, 2);
	snap_publish(s);
	assert_ptr_equal(snap_get(), s);
	assert_int_equal(pick->refs, 2);
	snap_publish(NULL);
	assert_null(snap_get());
	assert_int_equal(pick->refs, 1);
	pick_put(pick);
}

/* A reader that says when it holds a snapshot, and lets go when it is told to. */
struct holder {
	const struct snap *held;
	bool let_go, published;
};

static void *hold(void *arg)
{
	struct holder *h = arg;

	rcu_register_thread();
	__atomic_store_n(&h->held, snap_get(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&h->let_go, __ATOMIC_ACQUIRE))
		usleep(100);
	rcu_quiescent_state();
	rcu_unregister_thread();
	return NULL;
}

static void *publish_nothing(void *arg)
{
	struct holder *h = arg;

	snap_publish(NULL);
	__atomic_store_n(&h->published, true, __ATOMIC_RELEASE);
	return NULL;
}

static void publishing_waits_for_who_holds_the_old_one(void **state)
{
	struct holder h = {0};
	struct snap *s = snap_of(1, 1);
	pthread_t reader, writer;

	(void)state;
	s->generation = 7;
	snap_publish(s);
	pthread_create(&reader, NULL, hold, &h);
	while (!__atomic_load_n(&h.held, __ATOMIC_ACQUIRE))
		usleep(100);
	pthread_create(&writer, NULL, publish_nothing, &h);
	while (snap_get())
		usleep(100);
	usleep(50000);
	assert_false(__atomic_load_n(&h.published, __ATOMIC_ACQUIRE));
	assert_int_equal(h.held->generation, 7);
	__atomic_store_n(&h.let_go, true, __ATOMIC_RELEASE);
	pthread_join(reader, NULL);
	pthread_join(writer, NULL);
	assert_true(h.published);
}

enum {
	READERS = 3,
	BACKENDS = 100
};

struct torture {
	bool stop;
	uint64_t reads[READERS], wrong[READERS];
};

struct torture_reader {
	struct torture *t;
	uint32_t n;
};

/* Every backend's id carries the generation; a freed snapshot's is 0. */
static struct snap *torture_snap(uint64_t generation)
{
	struct snap *s = snap_of(1, BACKENDS);

	s->generation = generation;
	for (uint32_t i = 0; i < BACKENDS; i++)
		s->backend[i].id = (uint32_t)generation << BACKEND_SLOT_BITS | i;
	return s;
}

static bool torture_whole(const struct snap *s, uint64_t at_least)
{
	uint64_t generation = __atomic_load_n(&s->generation, __ATOMIC_RELAXED);
	struct endpoint ep = endpoint(0);
	bool whole = generation >= at_least && snap_service(s, &ep);

	for (uint32_t i = 0; i < BACKENDS; i++)
		whole &= s->backend[i].id >> BACKEND_SLOT_BITS == (generation & 0x7fff);
	return whole && generation == __atomic_load_n(&s->generation, __ATOMIC_RELAXED);
}

static void *torture_read(void *arg)
{
	struct torture_reader *r = arg;
	uint64_t last = 1;

	rcu_register_thread();
	while (!__atomic_load_n(&r->t->stop, __ATOMIC_RELAXED)) {
		const struct snap *s = snap_get();

		if (torture_whole(s, last))
			last = s->generation;
		else
			r->t->wrong[r->n]++;
		r->t->reads[r->n]++;
		rcu_quiescent_state();
	}
	rcu_unregister_thread();
	return NULL;
}

static void readers_see_whole_snapshots_only(void **state)
{
	struct torture t = {0};
	struct torture_reader reader[READERS];
	pthread_t thread[READERS];
	uint64_t generation = 1;
	struct timespec now, end;

	(void)state;
	snap_publish(torture_snap(generation));
	for (uint32_t i = 0; i < READERS; i++) {
		reader[i] = (struct torture_reader){&t, i};
		pthread_create(&thread[i], NULL, torture_read, &reader[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec++;
	do {
		snap_publish(torture_snap(++generation));
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec ||
		 (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < READERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(t.wrong[i], 0);
		assert_true(t.reads[i] > 0);
	}
	assert_true(generation > 10);
	snap_publish(NULL);
}

/* Negative control: what the readers of the test above would see of a snapshot freed too early. */
static void a_freed_snapshot_does_not_pass_for_a_whole_one(void **state)
{
	struct snap *s = torture_snap(5);

	(void)state;
	assert_true(torture_whole(s, 5));
	assert_false(torture_whole(s, 6));
	s->generation = 0;
	assert_false(torture_whole(s, 1));
	snap_free(s);
}

/* Each change leaves something small on the heap, as a changed service's pick. (A sanitizer's heap
 * tells nothing: there this can't fail.) */
static void changes_of_a_large_table_do_not_make_the_heap_grow(void **state)
{
	enum {
		CHANGES = 200,
		SLOTS = 100000
	};
	void *small[CHANGES];
	size_t before;

	(void)state;
	snap_publish(snap_of(1, SLOTS));
	before = mallinfo2().arena;
	for (int i = 0; i < CHANGES; i++) {
		struct snap *next = snap_of(1, SLOTS);

		small[i] = malloc(200000);
		assert_non_null(small[i]);
		small[i] = realloc(small[i], 100);
		snap_publish(next);
	}
	assert_true(mallinfo2().arena < before + SLOTS * sizeof(struct backend));
	snap_publish(NULL);
	for (int i = 0; i < CHANGES; i++)
		free(small[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_service_and_no_other),
		cmocka_unit_test(a_packet_belongs_to_the_narrowest_service),
		cmocka_unit_test(a_backend_is_known_by_slot_and_generation),
		cmocka_unit_test(shares_cache_lines_as_promised),
		cmocka_unit_test(frees_its_references_to_picks),
		cmocka_unit_test(publishing_waits_for_who_holds_the_old_one),
		cmocka_unit_test(changes_of_a_large_table_do_not_make_the_heap_grow),
		cmocka_unit_test(readers_see_whole_snapshots_only),
		cmocka_unit_test(a_freed_snapshot_does_not_pass_for_a_whole_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
