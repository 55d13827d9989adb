/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SERVICES = 3,
	BACKENDS = 5
};

struct table {
	uint32_t n_services, n_backends;
	struct state_service service[SERVICES];
	struct state_backend backend[BACKENDS];
};

/* A table that differs from another one in every record. */
static struct table table_make(uint8_t seed)
{
	struct table t;

	memset(&t, 0, sizeof(t));
	t.n_services = SERVICES;
	t.n_backends = BACKENDS;
	for (uint32_t i = 0; i < SERVICES; i++) {
		t.service[i].slot = seed + i;
		t.service[i].gone.packets = seed * 1000ull;
	}
	for (uint32_t i = 0; i < BACKENDS; i++) {
		t.backend[i].id = seed * 100u + i;
		t.backend[i].conf.weight = seed;
	}
	return t;
}

/* Writes those records only that part says. */
static void part_write(struct state *s, const struct table *t, const struct state_part *part)
{
	struct state_service *service;
	struct state_backend *backend;

	assert_int_equal(state_begin(s, t->n_services, t->n_backends, &service, &backend), 0);
	for (uint32_t i = part->service; i < part->service_end; i++)
		service[i] = t->service[i];
	for (uint32_t i = part->backend; i < part->backend_end; i++)
		backend[i] = t->backend[i];
	state_end(s, part);
}

static void table_write(struct state *s, uint8_t seed)
{
	const struct state_part all = {.service_end = SERVICES, .backend_end = BACKENDS};
	struct table t = table_make(seed);

	part_write(s, &t, &all);
}

/* A table of so many records from nothing, or where it is longer or shorter than before. */
static void size_write(struct state *s, uint32_t n_services, uint32_t n_backends, uint32_t from)
{
	const struct state_part tail = {from < n_services ? from : n_services, n_services,
					from < n_backends ? from : n_backends, n_backends};
	struct state_service *service;
	struct state_backend *backend;

	assert_int_equal(state_begin(s, n_services, n_backends, &service, &backend), 0);
	for (uint32_t i = tail.service; i < n_services; i++)
		service[i] = (struct state_service){.slot = i + 1};
	for (uint32_t i = tail.backend; i < n_backends; i++)
		backend[i] = (struct state_backend){.id = i + 1};
	state_end(s, &tail);
}

static bool area_has(const struct state *s, const struct table *t)
{
	const struct state_service *service;
	const struct state_backend *backend;
	uint32_t n_services, n_backends;

	state_read(s, &service, &n_services, &backend, &n_backends);
	return n_services == t->n_services && n_backends == t->n_backends &&
	       !memcmp(service, t->service, n_services * sizeof(*service)) &&
	       !memcmp(backend, t->backend, n_backends * sizeof(*backend));
}

static bool table_is(const struct state *s, uint8_t seed)
{
	struct table t = table_make(seed);

	return area_has(s, &t);
}

static uint32_t services_in(const struct state *s)
{
	const struct state_service *service;
	const struct state_backend *backend;
	uint32_t n_services, n_backends;

	state_read(s, &service, &n_services, &backend, &n_backends);
	return n_services;
}

static void *area_new(void)
{
	void *area = aligned_alloc(64, (state_bytes() + 63) / 64 * 64);

	assert_non_null(area);
	memset(area, 0, state_bytes());
	return area;
}

static void fresh_memory_is_empty_and_gets_a_key(void **unused)
{
	void *area = area_new(), *other = area_new();
	struct state *s, *t;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	assert_int_equal(state_attach(&t, other, state_bytes()), 0);
	assert_int_equal(services_in(s), 0);
	assert_memory_not_equal(state_key(s), state_key(t), sizeof(struct hash_key));
	assert_int_equal(state_attach(&s, area, state_bytes() - 1), -EINVAL);
	free(area);
	free(other);
}

static void the_next_engine_finds_the_last_table_and_the_key(void **unused)
{
	void *area = area_new();
	struct hash_key key;
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	key = *state_key(s);
	for (uint8_t seed = 1; seed < 6; seed++) {
		table_write(s, seed);
		assert_int_equal(state_attach(&s, area, state_bytes()), 0);
		assert_true(table_is(s, seed));
	}
	assert_memory_equal(state_key(s), &key, sizeof(key));
	size_write(s, 0, 0, 0);
	assert_int_equal(services_in(s), 0);
	free(area);
}

static void memory_of_another_version_starts_empty(void **unused)
{
	uint8_t *area = area_new();
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	table_write(s, 1);
	area[8]++; /* the version, behind the magic */
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	assert_int_equal(services_in(s), 0);
	table_write(s, 2);
	assert_true(table_is(s, 2));
	free(area);
}

static void refuses_more_than_it_has_room_for(void **unused)
{
	struct state_service *service;
	struct state_backend *backend;
	void *area = area_new();
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	table_write(s, 1);
	assert_int_equal(state_begin(s, SERVICES_MAX + 1, 0, &service, &backend), -ENOSPC);
	assert_int_equal(state_begin(s, 0, BACKENDS_MAX + 1, &service, &backend), -ENOSPC);
	assert_true(table_is(s, 1));
	free(area);
}

/* A writer that was killed leaves any mixture of old and new bytes. Every byte that the write
 * changes is tried as the place where it stopped, in both directions, since the compiler and
 * memcpy may choose either. */
static void expect_whole(const uint8_t *before, const uint8_t *after, const struct table *old,
			 const struct table *new)
{
	size_t bytes = state_bytes(), n = 0;
	size_t *changed = malloc(bytes * sizeof(*changed));
	uint8_t *torn = area_new();
	struct state *s;

	assert_non_null(changed);
	for (size_t i = 0; i < bytes; i++) {
		if (before[i] != after[i])
			changed[n++] = i;
	}
	assert_true(n > 8);
	for (size_t i = 0; i <= 2 * n; i++) { /* forwards to after, then forwards back to before */
		memcpy(torn, i < n ? before : after, bytes);
		for (size_t k = 0; k < i % n; k++)
			torn[changed[k]] = (i < n ? after : before)[changed[k]];
		assert_int_equal(state_attach(&s, torn, bytes), 0);
		assert_true((i != n && area_has(s, old)) || (i && area_has(s, new)));
		table_write(s, 9);
		assert_true(table_is(s, 9));
	}
	free(changed);
	free(torn);
}

static void a_writer_killed_at_any_byte_leaves_a_whole_table(void **unused)
{
	uint8_t *before = area_new(), *after = area_new();
	struct table old = table_make(3), new = table_make(4);
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, before, state_bytes()), 0);
	table_write(s, 1);
	table_write(s, 3);
	memcpy(after, before, state_bytes());
	assert_int_equal(state_attach(&s, after, state_bytes()), 0);
	table_write(s, 4);
	expect_whole(before, after, &old, &new);
	free(before);
	free(after);
}

static void so_does_one_that_wrote_a_part(void **unused)
{
	const struct state_part part = {1, 2, 2, 4};
	uint8_t *before = area_new(), *after = area_new();
	struct table old = table_make(3), new = old;
	struct state *s;

	(void)unused;
	new.service[1].gone.packets = 7;
	new.backend[2].conf.weight = 8;
	new.backend[3].id = 9;
	assert_int_equal(state_attach(&s, before, state_bytes()), 0);
	table_write(s, 3);
	memcpy(after, before, state_bytes());
	assert_int_equal(state_attach(&s, after, state_bytes()), 0);
	part_write(s, &new, &part);
	expect_whole(before, after, &old, &new);
	free(before);
	free(after);
}

static void so_does_one_whose_table_grew_or_shrank(void **unused)
{
	static const uint32_t size[][2] = {{3, 5}, {1, 2}, {0, 0}, {2, 5}, {3, 5}};
	const struct table t = table_make(3);
	uint8_t *before = area_new(), *after = area_new();

	(void)unused;
	for (uint32_t i = 1; i < sizeof(size) / sizeof(*size); i++) {
		const struct state_part part = {0, size[i][0], 0, size[i][1]};
		const struct state_part first = {0, size[i - 1][0], 0, size[i - 1][1]};
		struct table old = t, new = t;
		struct state *s;

		old.n_services = size[i - 1][0];
		old.n_backends = size[i - 1][1];
		new.n_services = size[i][0];
		new.n_backends = size[i][1];
		assert_int_equal(state_attach(&s, before, state_bytes()), 0);
		part_write(s, &old, &first);
		memcpy(after, before, state_bytes());
		assert_int_equal(state_attach(&s, after, state_bytes()), 0);
		part_write(s, &new, &part);
		expect_whole(before, after, &old, &new);
	}
	free(before);
	free(after);
}

/* Sizes around those of the blocks that are summed, longer and shorter, in one area. */
static void a_table_may_grow_and_shrink_at_its_end(void **unused)
{
	static const uint32_t size[] = {0,   1,	    5000, 5001, 1170, 1171, 1170, 910,
					911, 910,   911,  0,	3,    2,    8192, 8191,
					1,   16384, 1820, 1821, 1821, 1820, 1,	  0};
	void *area = area_new();
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	for (uint32_t i = 1; i < sizeof(size) / sizeof(*size); i++) {
		const struct state_service *service;
		const struct state_backend *backend;
		uint32_t n_services, n_backends;

		size_write(s, size[i], 8 * size[i], size[i - 1]);
		assert_int_equal(state_attach(&s, area, state_bytes()), 0);
		state_read(s, &service, &n_services, &backend, &n_backends);
		assert_int_equal(n_services, size[i]);
		assert_int_equal(n_backends, 8 * size[i]);
		for (uint32_t k = 0; k < n_backends; k++)
			assert_int_equal(backend[k].id, k + 1);
	}
	free(area);
}

/* The two copies' second server of the table. */
static uint8_t *find_backend(uint8_t *from, size_t bytes, uint8_t seed)
{
	struct table t = table_make(seed);

	return memmem(from, bytes, &t.backend[1], sizeof(t.backend[1]));
}

static void a_changed_byte_is_noticed(void **unused)
{
	uint8_t *area = area_new(), *end = area + state_bytes();
	uint8_t *first, *second;
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	table_write(s, 2);
	for (uint8_t seed = 2; seed < 4; seed++) { /* the other copy steps in, and mends it */
		first = find_backend(area, state_bytes(), seed);
		assert_non_null(first);
		*first ^= 1;
		assert_true(table_is(s, seed));
		assert_int_equal(state_attach(&s, area, state_bytes()), 0);
		assert_true(table_is(s, seed));
		second = find_backend(first + 1, (size_t)(end - first - 1), seed);
		assert_non_null(second);
		*second ^= 1;
		assert_int_equal(state_attach(&s, area, state_bytes()), 0);
		assert_true(table_is(s, seed));
		table_write(s, seed + 1);
	}
	for (int i = 0; i < 2; i++) {
		first = find_backend(area, state_bytes(), 4);
		assert_non_null(first);
		*first ^= 1;
	}
	assert_int_equal(services_in(s), 0);
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	assert_int_equal(services_in(s), 0);
	table_write(s, 3);
	assert_true(table_is(s, 3));
	free(area);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_memory_is_empty_and_gets_a_key),
		cmocka_unit_test(the_next_engine_finds_the_last_table_and_the_key),
		cmocka_unit_test(memory_of_another_version_starts_empty),
		cmocka_unit_test(refuses_more_than_it_has_room_for),
		cmocka_unit_test(a_writer_killed_at_any_byte_leaves_a_whole_table),
		cmocka_unit_test(so_does_one_that_wrote_a_part),
		cmocka_unit_test(so_does_one_whose_table_grew_or_shrank),
		cmocka_unit_test(a_table_may_grow_and_shrink_at_its_end),
		cmocka_unit_test(a_changed_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
