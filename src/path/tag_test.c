/* SPDX-License-Identifier: BSD-2-Clause */
/* Every test runs with both hashes. */
#include "path/tag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path/classify.h"
#include "path/craft_test.h"
#include "path/parse.h"

/* Empty: only to be looked at. */
static struct flow_slot slot[4] __attribute__((aligned(64)));
static const struct flow_table table = {.slot = slot, .mask = 3};

static const struct hash_key hash_key = {{1, 2}};

static int with_aes(void **state)
{
	struct tag_key *key = aligned_alloc(16, sizeof(*key));

	tag_key_make(key, &hash_key);
	*state = key;
	return 0;
}

static int with_siphash(void **state)
{
	with_aes(state);
	((struct tag_key *)*state)->aes = false;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* The packet as parsed and tagged, in memory of its exact length for AddressSanitizer. */
static struct pkt tagged(const struct tag_key *key, const uint8_t *frame, uint32_t len)
{
	uint8_t *exact = malloc(len);
	struct burst b = {.n = 1, .pkt = {{.data = exact, .len = len}}};

	memcpy(exact, frame, len);
	parse_burst(&b, key, &table);
	free(exact);
	return b.pkt[0];
}

static uint64_t tag_of(const struct tag_key *key, const struct craft *c)
{
	uint8_t frame[CRAFT_MAX];
	struct pkt p = tagged(key, frame, craft_frame(c, frame));

	assert_int_equal(p.drop, DROP_NONE);
	assert_true(p.tag != 0);
	return p.tag;
}

static void one_flow_has_one_tag(void **state)
{
	struct craft base = {.flags = TH_SYN}, c = base;

	c = (struct craft){.flags = TH_ACK, .vlan = true, .options = 8, .payload = 50, .ttl = 9};
	assert_true(tag_of(*state, &base) == tag_of(*state, &c));
	c = (struct craft){.client = 1};
	assert_false(tag_of(*state, &base) == tag_of(*state, &c));
	c = (struct craft){.port = 81};
	assert_false(tag_of(*state, &base) == tag_of(*state, &c));
	c = (struct craft){.udp = true};
	assert_false(tag_of(*state, &base) == tag_of(*state, &c));
	base.v6 = true;
	c = base;
	c.client = 1;
	assert_false(tag_of(*state, &base) == tag_of(*state, &c));
	c = base;
	c.port = 81;
	assert_false(tag_of(*state, &base) == tag_of(*state, &c));
}

/* Every byte of addresses, ports and protocol counts, and no other byte does. */
static void the_tag_hangs_on_the_five_tuple_alone(void **state)
{
	uint8_t frame[CRAFT_MAX];

	for (int v6 = 0; v6 < 2; v6++) {
		struct craft c = {.v6 = v6, .payload = 20};
		uint32_t len = craft_frame(&c, frame), l3 = craft_l3(&c), l4 = craft_l4(&c);
		uint32_t from = l3 + (v6 ? 8 : 12), to = l4 + 4;
		uint64_t tag = tagged(*state, frame, len).tag;

		for (uint32_t i = 0; i < len; i++) {
			struct pkt p;

			frame[i] ^= 1;
			p = tagged(*state, frame, len);
			if (!p.aside && i != l3 + (v6 ? 6u : 9u))
				assert_int_equal(p.tag != tag, i >= from && i < to);
			frame[i] ^= 1;
		}
	}
}

static void the_tag_hangs_on_the_key(void **state)
{
	const struct craft c = {.flags = TH_SYN}, v6 = {.v6 = true};
	struct tag_key *key = *state;
	bool aes = key->aes;

	for (int i = 0; i < 128; i++) {
		struct hash_key other = hash_key;
		struct tag_key *made = aligned_alloc(16, sizeof(*made));

		other.k[i / 64] ^= 1ull << i % 64;
		tag_key_make(made, &other);
		made->aes = aes;
		assert_false(tag_of(key, &c) == tag_of(made, &c));
		assert_false(tag_of(key, &v6) == tag_of(made, &v6));
		free(made);
	}
}

/* Counts bits, and tags in 1024 buckets by their low bits, of many neighbouring tuples. */
static void tags_are_spread_evenly(void **state)
{
	uint32_t bit[64] = {0}, bucket[1024] = {0};
	double chi = 0;

	for (uint32_t i = 0; i < 65536; i++) {
		struct craft c = {.client = (uint16_t)i};
		uint64_t tag = tag_of(*state, &c);

		bucket[tag % 1024]++;
		for (int k = 0; k < 64; k++)
			bit[k] += tag >> k & 1;
	}
	for (int k = 0; k < 64; k++)
		assert_in_range(bit[k], 32768 - 640, 32768 + 640); /* 5 standard deviations */
	for (int k = 0; k < 1024; k++)
		chi += (bucket[k] - 64.) * (bucket[k] - 64.) / 64;
	assert_true(chi > 1023 - 5 * 45.2 && chi < 1023 + 5 * 45.2);
}

#define BOTH(test)                                                 \
	cmocka_unit_test_setup_teardown(test, with_aes, teardown), \
		cmocka_unit_test_setup_teardown(test, with_siphash, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(one_flow_has_one_tag),
		BOTH(the_tag_hangs_on_the_five_tuple_alone),
		BOTH(the_tag_hangs_on_the_key),
		BOTH(tags_are_spread_evenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
