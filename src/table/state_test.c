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
	struct state_service service[SERVICES];
	struct state_backend backend[BACKENDS];
};

/* A table that differs from another one in every record. */
static struct table table_make(uint8_t seed)
{
	struct table t;

	memset(&t, 0, sizeof(t));
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

static void table_write(struct state *s, uint8_t seed)
{
	struct table t = table_make(seed);

	assert_int_equal(state_write(s, t.service, SERVICES, t.backend, BACKENDS), 0);
}

static bool table_is(const struct state *s, uint8_t seed)
{
	struct table t = table_make(seed);
	const struct state_service *service;
	const struct state_backend *backend;
	uint32_t n_services, n_backends;

	state_read(s, &service, &n_services, &backend, &n_backends);
	return n_services == SERVICES && n_backends == BACKENDS &&
	       !memcmp(service, t.service, sizeof(t.service)) &&
	       !memcmp(backend, t.backend, sizeof(t.backend));
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
	assert_int_equal(state_write(s, NULL, 0, NULL, 0), 0);
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
	void *area = area_new();
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	table_write(s, 1);
	assert_int_equal(state_write(s, NULL, SERVICES_MAX + 1, NULL, 0), -ENOSPC);
	assert_int_equal(state_write(s, NULL, 0, NULL, BACKENDS_MAX + 1), -ENOSPC);
	assert_true(table_is(s, 1));
	free(area);
}

/* A writer that was killed leaves any mixture of old and new bytes. Every byte that the second
 * write changes is tried as the place where it stopped, in both directions, since the compiler
 * and memcpy may choose either. */
static void a_writer_killed_at_any_byte_leaves_a_whole_table(void **unused)
{
	size_t bytes = state_bytes(), n = 0;
	uint8_t *before = area_new(), *after = area_new(), *torn = area_new();
	size_t *changed = malloc(bytes * sizeof(*changed));
	struct state *s;

	(void)unused;
	assert_non_null(changed);
	assert_int_equal(state_attach(&s, before, bytes), 0);
	for (uint8_t seed = 1; seed < 4; seed++)
		table_write(s, seed);
	memcpy(after, before, bytes);
	assert_int_equal(state_attach(&s, after, bytes), 0);
	table_write(s, 4);
	for (size_t i = 0; i < bytes; i++) {
		if (before[i] != after[i])
			changed[n++] = i;
	}
	assert_true(n > 8);
	memcpy(torn, before, bytes);
	for (size_t i = 0; i <= 2 * n; i++) { /* forwards to after, then forwards back to before */
		assert_int_equal(state_attach(&s, torn, bytes), 0);
		assert_true(table_is(s, i == n ? 4 : 3) || (i > n && table_is(s, 4)));
		memcpy(torn, i < n ? before : after, bytes);
		for (size_t k = 0; k <= i % n; k++)
			torn[changed[k]] = (i < n ? after : before)[changed[k]];
	}
	free(before);
	free(after);
	free(torn);
	free(changed);
}

static void a_changed_byte_is_noticed(void **unused)
{
	uint8_t *area = area_new();
	struct table t = table_make(2);
	uint8_t *at;
	struct state *s;

	(void)unused;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	table_write(s, 1);
	table_write(s, 2);
	at = memmem(area, state_bytes(), &t.backend[1], sizeof(t.backend[1]));
	assert_non_null(at);
	*at ^= 1;
	assert_int_equal(state_attach(&s, area, state_bytes()), 0);
	assert_true(table_is(s, 1));
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
		cmocka_unit_test(a_changed_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
