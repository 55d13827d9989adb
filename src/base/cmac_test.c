/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4493, section 4: the key, and a message of four blocks. */
static const uint8_t vector_key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
				       0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
static const uint8_t message[64] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d,
				    0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57,
				    0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf,
				    0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11,
				    0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef, 0xf6, 0x9f,
				    0x24, 0x45, 0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b,
				    0xe6, 0x6c, 0x37, 0x10};

CMAC_CODE static void check_blocks(const struct hash_key *key, size_t n, const char *mac)
{
	struct cmac_key cmac;
	cmac_state x = cmac_start();
	uint64_t block[4][2], got;

	memcpy(block, message, sizeof(block));
	cmac_key_make(&cmac, key);
	for (size_t i = 0; i < n - 1; i++)
		x = cmac_block(&cmac, x, block[i][0], block[i][1]);
	got = cmac_end(&cmac, x, block[n - 1][0], block[n - 1][1]);
	assert_memory_equal(&got, mac, sizeof(got));
}

static void gives_the_vectors_of_rfc_4493(void **state)
{
	struct hash_key key;

	(void)state;
	if (!cmac_here())
		skip();
	memcpy(&key, vector_key, sizeof(key));
	check_blocks(&key, 1, "\x07\x0a\x16\xb4\x6b\x4d\x41\x44");
	check_blocks(&key, 4, "\x51\xf0\xbe\xbf\x7e\x3b\x9d\x92");
}

/* The key's schedule is FIPS 197's, appendix A.1: here its last round; K1 is RFC 4493's. */
static void expands_the_key_as_published(void **state)
{
	static const uint8_t last[16] = {0xd0, 0x14, 0xf9, 0xa8, 0xc9, 0xee, 0x25, 0x89,
					 0xe1, 0x3f, 0x0c, 0xc8, 0xb6, 0x63, 0x0c, 0xa6};
	static const uint8_t k1[16] = {0xfb, 0xee, 0xd6, 0x18, 0x35, 0x71, 0x33, 0x66,
				       0x7c, 0x85, 0xe0, 0x8f, 0x72, 0x36, 0xa8, 0xde};
	struct cmac_key cmac;
	struct hash_key key;

	(void)state;
	if (!cmac_here())
		skip();
	memcpy(&key, vector_key, sizeof(key));
	cmac_key_make(&cmac, &key);
	assert_memory_equal(&cmac.round[CMAC_ROUNDS], last, sizeof(last));
	assert_memory_equal(&cmac.last, k1, sizeof(k1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_vectors_of_rfc_4493),
		cmocka_unit_test(expands_the_key_as_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
