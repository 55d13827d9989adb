/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csum.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum {
	DATA = 2100
};

/* RFC 1071's definition, byte by byte; the result in network order. */
static uint16_t reference(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)sum);
}

static void fill_random(uint8_t *p, size_t len, uint64_t seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		p[i] = (uint8_t)(seed >> 56);
	}
}

static void sums_the_example_of_rfc_1071(void **state)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(csum_fold(csum_add(0, example, sizeof(example))), htons(0xddf2));
}

static void agrees_with_a_bytewise_sum_at_every_length_and_alignment(void **state)
{
	uint8_t data[DATA];

	(void)state;
	fill_random(data, sizeof(data), 1);
	for (size_t len = 0; len <= 1600; len++)
		for (size_t at = 0; at < 9; at++)
			assert_int_equal(csum_fold(csum_add(0, data + at, len)),
					 reference(data + at, len));
}

static void loses_no_carry(void **state)
{
	uint8_t data[DATA];

	(void)state;
	memset(data, 0xff, sizeof(data));
	for (size_t len = 0; len <= sizeof(data); len++) {
		assert_int_equal(csum_fold(csum_add(0, data, len)), reference(data, len));
		/* A full running sum is a zero of one's complement: it changes nothing. */
		if (len)
			assert_int_equal(csum_fold(csum_add(UINT32_MAX, data, len)),
					 reference(data, len));
	}
	assert_int_equal(csum_add(UINT32_MAX, data, 0), UINT32_MAX);
}

static void sums_in_parts_cut_at_even_offsets(void **state)
{
	uint8_t data[DATA];

	(void)state;
	fill_random(data, sizeof(data), 2);
	for (size_t cut = 0; cut <= 1501; cut += 2) {
		uint32_t sum = csum_add(0, data, cut / 4 * 2);

		sum = csum_add(sum, data + cut / 4 * 2, cut - cut / 4 * 2);
		sum = csum_add(sum, data + cut, 1501 - cut);
		assert_int_equal(csum_fold(sum), reference(data, 1501));
	}
}

static void folds_every_carry(void **state)
{
	(void)state;
	assert_int_equal(csum_fold(0), 0);
	assert_int_equal(csum_fold(0xffff), 0xffff);
	assert_int_equal(csum_fold(0x10000), 1);
	assert_int_equal(csum_fold(0x1ffff), 1);
	assert_int_equal(csum_fold(0xffff0001), 1);
	assert_int_equal(csum_fold(0xffffffff), 0xffff);
}

/* Over all words beside it, so that the checksum takes every value; and all times to live. */
static void a_hop_less_equals_a_new_sum(void **state)
{
	uint8_t header[20];

	(void)state;
	fill_random(header, sizeof(header), 3);
	for (uint32_t beside = 0; beside <= 0xffff; beside++) {
		uint16_t word = (uint16_t)beside;
		__sum16 check;

		memcpy(header + 4, &word, 2);
		header[8] = (uint8_t)(1 + beside % 255);
		check = (__sum16)~reference(header, sizeof(header));
		header[8]--;
		assert_int_equal(csum_ttl_down(check), (__sum16)~reference(header, sizeof(header)));
	}
}

/* As in RFC 1624 section 4: the right answer is 0x0000, where RFC 1141's equation gives 0xffff. */
static void a_hop_less_gets_the_zero_of_rfc_1624_right(void **state)
{
	(void)state;
	assert_int_equal(csum_ttl_down(htons(0xfeff)), 0x0000);
	assert_int_equal(csum_ttl_down(htons(0xfefe)), htons(0xfffe));
	assert_int_equal(csum_ttl_down(htons(0xff00)), htons(0x0001));
}

static void pseudo_header_of_ipv4(void **state)
{
	static const uint8_t by_hand[] = {192, 168, 1, 10, 192, 168, 1, 222, 0, 6, 0x05, 0xc8};

	(void)state;
	assert_int_equal(csum_pseudo(by_hand, 8, IPPROTO_TCP, 0x5c8), reference(by_hand, 12));
	/* 0xc0a8 + 0x010a + 0xc0a8 + 0x01de + 6 + 0x5c8 = 0x18a06 */
	assert_int_equal(csum_pseudo(by_hand, 8, IPPROTO_TCP, 0x5c8), htons(0x8a07));
}

static void pseudo_header_of_ipv6(void **state)
{
	uint8_t by_hand[40];

	(void)state;
	fill_random(by_hand, 32, 4);
	/* A length of more than 16 bits (a jumbogram's): all of it counts. */
	memcpy(by_hand + 32, (const uint8_t[]){0x00, 0x01, 0x86, 0xa0, 0, 0, 0, 17}, 8);
	assert_int_equal(csum_pseudo(by_hand, 32, IPPROTO_UDP, 100000), reference(by_hand, 40));
}

static void a_sum_folds_to_one_value_only(void **state)
{
	uint8_t addrs[8];

	(void)state;
	for (uint64_t seed = 1; seed < 200; seed++) {
		uint64_t sum;
		uint16_t folded;

		fill_random(addrs, sizeof(addrs), seed);
		sum = csum_pseudo_sum(addrs, sizeof(addrs), IPPROTO_TCP, (uint32_t)seed);
		folded = csum_pseudo(addrs, sizeof(addrs), IPPROTO_TCP, (uint32_t)seed);
		for (uint32_t other = 0; other <= 0xffff; other++)
			assert_int_equal(csum_folds_to(sum, (uint16_t)other), other == folded);
	}
	/* One whose folded sum is 0xffff, which isn't 0 then. */
	assert_true(csum_folds_to(0x1fffe0000, 0xffff));
	assert_false(csum_folds_to(0x1fffe0000, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_the_example_of_rfc_1071),
		cmocka_unit_test(agrees_with_a_bytewise_sum_at_every_length_and_alignment),
		cmocka_unit_test(loses_no_carry),
		cmocka_unit_test(sums_in_parts_cut_at_even_offsets),
		cmocka_unit_test(folds_every_carry),
		cmocka_unit_test(a_hop_less_equals_a_new_sum),
		cmocka_unit_test(a_sum_folds_to_one_value_only),
		cmocka_unit_test(a_hop_less_gets_the_zero_of_rfc_1624_right),
		cmocka_unit_test(pseudo_header_of_ipv4),
		cmocka_unit_test(pseudo_header_of_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
