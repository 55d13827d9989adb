/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/maglev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	UNSET = 0xdeadbeef,
	MOST = 1000,
};

/* What every test works on: too large for the stack. */
struct bench {
	uint32_t table[MAGLEV_SIZE];
	uint32_t other[MAGLEV_SIZE];
	uint32_t count[MOST];
	struct maglev_server server[MOST];
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct bench));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static void make_servers(struct bench *b, uint32_t n, uint32_t size)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t key[18] = {10, 0, (uint8_t)(i >> 8), (uint8_t)i, 0, 80};

		b->server[i] = maglev_server(key, sizeof(key), size);
		b->server[i].weight = 1;
		b->server[i].value = i;
	}
}

/* Fills table from scratch and counts every server's slots; none may be left as it was. */
static void fill(struct bench *b, uint32_t *table, uint32_t n, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		table[i] = UNSET;
	memset(b->count, 0, sizeof(b->count));
	assert_int_equal(maglev_fill(table, size, b->server, n), 0);
	for (uint32_t i = 0; i < size; i++) {
		assert_true(table[i] < n);
		b->count[table[i]]++;
	}
}

static void gives_table_1_of_the_paper(void **state)
{
	struct maglev_server server[] = {
		{.offset = 3, .skip = 4, .weight = 1, .value = 0},
		{.offset = 0, .skip = 2, .weight = 1, .value = 1},
		{.offset = 3, .skip = 1, .weight = 1, .value = 2},
	};
	static const uint32_t before[] = {1, 0, 1, 0, 2, 2, 0};
	static const uint32_t after[] = {0, 0, 0, 0, 2, 2, 2};
	uint32_t table[7];

	(void)state;
	assert_int_equal(maglev_fill(table, 7, server, 3), 0);
	assert_memory_equal(table, before, sizeof(before));

	server[1].weight = 0;
	assert_int_equal(maglev_fill(table, 7, server, 3), 0);
	assert_memory_equal(table, after, sizeof(after));

	server[1] = server[2];
	assert_int_equal(maglev_fill(table, 7, server, 2), 0);
	assert_memory_equal(table, after, sizeof(after));
}

/* Both servers want the slots in the same order, so that the table shows whose turn it was. */
static void turns_are_as_frequent_as_weights(void **state)
{
	static const struct {
		uint32_t size, weight[2], expected[11];
	} vector[] = {
		{7, {3, 1}, {0, 1, 0, 0, 1, 0, 0}},		 /* in rounds 0 and 3 */
		{11, {5, 2}, {0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0}}, /* in rounds 0, 2.5 and 5 */
	};
	uint32_t table[11];

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct maglev_server server[] = {
			{.offset = 0, .skip = 1, .weight = vector[v].weight[0], .value = 0},
			{.offset = 0, .skip = 1, .weight = vector[v].weight[1], .value = 1},
		};

		assert_int_equal(maglev_fill(table, vector[v].size, server, 2), 0);
		assert_memory_equal(table, vector[v].expected, vector[v].size * sizeof(*table));
	}
}

/* Directors of different versions share their clients: these numbers may never change. */
static void a_server_has_the_same_permutation_for_ever(void **state)
{
	static const uint8_t key[18] = {[10] = 0xff, 0xff, 192, 168, 1, 54, 0, 80};
	struct maglev_server s = maglev_server(key, sizeof(key), MAGLEV_SIZE);

	(void)state;
	assert_int_equal(s.offset, 48802);
	assert_int_equal(s.skip, 18548);
	assert_int_equal(s.weight, 0);
	assert_int_equal(s.value, 0);
}

static void permutations_stay_within_the_table(void **state)
{
	uint32_t seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct maglev_server s = maglev_server(&i, sizeof(i), 7);

		assert_in_range(s.offset, 0, 6);
		assert_in_range(s.skip, 1, 6);
		seen |= 1U << s.offset | 0x100U << s.skip;
	}
	assert_int_equal(seen, 0x7e7f); /* and all of them occur */
}

/* Within one of size * weight / sum, both ways. */
static void check_shares(struct bench *b, uint32_t n, uint32_t size)
{
	uint64_t sum = 0;

	fill(b, b->table, n, size);
	for (uint32_t i = 0; i < n; i++)
		sum += b->server[i].weight;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t exact = (uint64_t)size * b->server[i].weight;

		assert_true(b->count[i] * sum < exact + sum);
		assert_true((b->count[i] + 1) * sum > exact);
		assert_int_equal(b->count[i] > 0, b->server[i].weight > 0);
	}
}

static void equal_weights_get_equal_shares(void **state)
{
	static const uint32_t sizes[] = {251, 4099, MAGLEV_SIZE};

	for (size_t s = 0; s < 3; s++) {
		for (uint32_t n = 1; n <= 251; n += 25) {
			make_servers(*state, n, sizes[s]);
			check_shares(*state, n, sizes[s]);
		}
	}
}

static void shares_follow_the_weights_within_one_slot(void **state)
{
	static const uint32_t set[][4] = {
		{1, 2, 3, 0},	   {1, 1, 1, 97}, {97, 1, 1, 1},
		{65535, 1, 65535}, {0, 0, 1, 0},  {4000000000, 4000000000, 1000000, 1000000},
	};
	struct bench *b = *state;

	for (size_t s = 0; s < sizeof(set) / sizeof(*set); s++) {
		make_servers(b, 4, MAGLEV_SIZE);
		for (uint32_t i = 0; i < 4; i++)
			b->server[i].weight = set[s][i];
		check_shares(b, 4, MAGLEV_SIZE);
	}
}

static void random_weights_get_their_shares_too(void **state)
{
	struct bench *b = *state;

	srandom(1);
	for (uint32_t round = 0; round < 60; round++) {
		uint32_t n = 1 + (uint32_t)random() % 300;
		uint32_t most = round % 2 ? 100 : 20; /* nobody's share falls below one */

		make_servers(b, n, MAGLEV_SIZE);
		for (uint32_t i = 0; i < n; i++)
			b->server[i].weight = (uint32_t)random() % most;
		b->server[random() % n].weight = most;
		check_shares(b, n, MAGLEV_SIZE);
	}
}

static void a_giant_leaves_everybody_one_slot(void **state)
{
	struct bench *b = *state;

	make_servers(b, MOST, MAGLEV_SIZE);
	b->server[500].weight = 65535;
	fill(b, b->table, MOST, MAGLEV_SIZE);
	for (uint32_t i = 0; i < MOST; i++)
		assert_int_equal(b->count[i], i == 500 ? MAGLEV_SIZE - (MOST - 1) : 1);
}

static void as_many_servers_as_slots_get_one_each(void **state)
{
	struct bench *b = *state;

	make_servers(b, 251, 251);
	for (uint32_t i = 0; i < 251; i++)
		b->server[i].weight = 1 + i * i;
	fill(b, b->table, 251, 251);
	for (uint32_t i = 0; i < 251; i++)
		assert_int_equal(b->count[i], 1);
}

static void refuses_no_server_and_too_many(void **state)
{
	struct bench *b = *state;

	make_servers(b, 252, 251);
	assert_int_equal(maglev_fill(b->table, 251, b->server, 0), -EINVAL);
	assert_int_equal(maglev_fill(b->table, 251, b->server, 252), -EINVAL);
	b->server[7].weight = 0;
	assert_int_equal(maglev_fill(b->table, 251, b->server, 252), 0);
	b->server[0].weight = 0;
	assert_int_equal(maglev_fill(b->table, 251, b->server, 1), -EINVAL);
}

/* How many slots move that had no reason to: in 100000ths of those that the change left alone. */
static uint32_t disruption(struct bench *b, uint32_t n, uint32_t changed, uint32_t weight)
{
	uint32_t stayed = 0, moved = 0;

	fill(b, b->table, n, MAGLEV_SIZE);
	b->server[changed].weight = weight;
	fill(b, b->other, n, MAGLEV_SIZE);
	for (uint32_t i = 0; i < MAGLEV_SIZE; i++) {
		if (b->table[i] == changed || b->other[i] == changed)
			continue;
		stayed += b->table[i] == b->other[i];
		moved += b->table[i] != b->other[i];
	}
	return (uint32_t)((uint64_t)moved * 100000 / (moved + stayed));
}

static void removing_one_server_moves_few_others(void **state)
{
	static const uint32_t sizes[] = {3, 10, 100, MOST};
	uint32_t worst = 0;

	for (size_t s = 0; s < 4; s++) {
		uint32_t n = sizes[s];

		for (uint32_t i = 0; i < n; i += (n + 9) / 10) {
			uint32_t moved;

			make_servers(*state, n, MAGLEV_SIZE);
			moved = disruption(*state, n, i, 0);
			if (moved > worst)
				worst = moved;
		}
	}
	print_message("worst: %u.%03u %% moved\n", worst / 1000, worst % 1000);
	assert_true(worst > 0); /* Maglev trades a little of this for evenness */
	assert_true(worst < 1000);
}

static void removing_one_of_many_weights_moves_few_others(void **state)
{
	struct bench *b = *state;
	uint32_t worst = 0;

	for (uint32_t i = 0; i < 100; i += 7) {
		uint32_t moved;

		make_servers(b, 100, MAGLEV_SIZE);
		for (uint32_t j = 0; j < 100; j++)
			b->server[j].weight = 1 + j * j % 100;
		moved = disruption(b, 100, i, 0);
		if (moved > worst)
			worst = moved;
	}
	print_message("worst: %u.%03u %% moved\n", worst / 1000, worst % 1000);
	assert_true(worst > 0);
	assert_true(worst < 2000);
}

static void a_changed_weight_moves_few_others(void **state)
{
	struct bench *b = *state;
	uint32_t moved;

	make_servers(b, 10, MAGLEV_SIZE);
	for (uint32_t i = 0; i < 10; i++)
		b->server[i].weight = 10;
	moved = disruption(b, 10, 4, 5);
	print_message("10 to 5: %u.%03u %% moved\n", moved / 1000, moved % 1000);
	assert_true(moved < 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_table_1_of_the_paper),
		cmocka_unit_test(turns_are_as_frequent_as_weights),
		cmocka_unit_test(a_server_has_the_same_permutation_for_ever),
		cmocka_unit_test(permutations_stay_within_the_table),
		cmocka_unit_test(equal_weights_get_equal_shares),
		cmocka_unit_test(shares_follow_the_weights_within_one_slot),
		cmocka_unit_test(random_weights_get_their_shares_too),
		cmocka_unit_test(a_giant_leaves_everybody_one_slot),
		cmocka_unit_test(as_many_servers_as_slots_get_one_each),
		cmocka_unit_test(refuses_no_server_and_too_many),
		cmocka_unit_test(removing_one_server_moves_few_others),
		cmocka_unit_test(removing_one_of_many_weights_moves_few_others),
		cmocka_unit_test(a_changed_weight_moves_few_others),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
