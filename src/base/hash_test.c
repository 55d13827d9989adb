/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The key of the published vectors: bytes 00 01 .. 0f. */
static const struct hash_key vector_key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

static void siphash_2_4_gives_the_published_vectors(void **state)
{
	/* Message n is the n bytes 00 01 .. n-1. The last is the paper's own example. */
	static const uint64_t expected[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
		0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
		0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
	};
	uint8_t message[16];

	(void)state;
	for (size_t n = 0; n < 16; n++) {
		message[n] = (uint8_t)n;
		assert_int_equal(hash_bytes_24(&vector_key, message, n), expected[n]);
	}
}

/* The texts' hashes under the zero key are those that CPython 3.11 computes with its own
 * SipHash-1-3: PYTHONHASHSEED=0 python3 -c 'print(hash(b"abc"))'. */
static void siphash_1_3_agrees_with_other_implementations(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} vector[] = {
		{"abc", 0xc03bc3a0042630f2},
		{"0123456789abcdef", 0x1d42b30f7e060c24},
		{"the quick brown fox jumps", 0x00c98b97e4f70042},
	};
	static const struct hash_key zero;

	(void)state;
	assert_int_equal(hash_bytes(&vector_key, "", 0), 0xabac0158050fc4dc);
	for (size_t i = 0; i < sizeof(vector) / sizeof(*vector); i++)
		assert_int_equal(hash_bytes(&zero, vector[i].text, strlen(vector[i].text)),
				 vector[i].hash);
}

static void words_hash_like_their_bytes(void **state)
{
	uint64_t word[40]; /* more than 255 bytes: the length's low byte wraps */

	(void)state;
	for (size_t i = 0; i < 40; i++)
		word[i] = (i + 1) * 0x9e3779b97f4a7c15;
	for (size_t n = 0; n <= 40; n++)
		assert_int_equal(hash_words(&vector_key, word, n),
				 hash_bytes(&vector_key, word, n * 8));
}

static void bytes_need_no_alignment(void **state)
{
	uint8_t room[64], text[48];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 37 + 5);
	for (size_t shift = 1; shift < 8; shift++) {
		memcpy(room + shift, text, sizeof(text));
		assert_int_equal(hash_bytes(&vector_key, room + shift, sizeof(text)),
				 hash_bytes(&vector_key, text, sizeof(text)));
	}
}

static void every_key_and_input_bit_counts(void **state)
{
	uint64_t word[2] = {1, 2};
	uint64_t plain = hash_words(&vector_key, word, 2);

	(void)state;
	for (int bit = 0; bit < 128; bit++) {
		struct hash_key key = vector_key;

		key.k[bit / 64] ^= 1ULL << bit % 64;
		assert_int_not_equal(hash_words(&key, word, 2), plain);
		word[bit / 64] ^= 1ULL << bit % 64;
		assert_int_not_equal(hash_words(&vector_key, word, 2), plain);
		word[bit / 64] ^= 1ULL << bit % 64;
	}
}

static void random_keys_differ(void **state)
{
	struct hash_key a = {{0, 0}}, b = {{0, 0}};

	(void)state;
	assert_int_equal(hash_key_random(&a), 0);
	assert_int_equal(hash_key_random(&b), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_int_not_equal(a.k[0], 0);
	assert_int_not_equal(a.k[1], 0);
}

static void one_secret_makes_one_key(void **state)
{
	struct hash_key a, b, c;

	(void)state;
	hash_key_from(&a, "correct horse battery");
	hash_key_from(&b, "correct horse battery");
	hash_key_from(&c, "correct horse batterz");
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.k[0] != c.k[0] && a.k[1] != c.k[1] && a.k[0] != a.k[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_secret_makes_one_key),
		cmocka_unit_test(siphash_2_4_gives_the_published_vectors),
		cmocka_unit_test(siphash_1_3_agrees_with_other_implementations),
		cmocka_unit_test(words_hash_like_their_bytes),
		cmocka_unit_test(bytes_need_no_alignment),
		cmocka_unit_test(every_key_and_input_bit_counts),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
