/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/csum.h"

typedef unsigned __int128 wide;

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* The up to 7 bytes after the last whole word; len's higher bits don't matter. */
static inline uint64_t tail(const uint8_t *p, size_t len)
{
	uint64_t sum = 0;
	uint32_t four;
	uint16_t two;

	if (len & 4) {
		memcpy(&four, p, 4);
		sum += four;
		p += 4;
	}
	if (len & 2) {
		memcpy(&two, p, 2);
		sum += two;
		p += 2;
	}
	if (len & 1) {
		two = 0;
		memcpy(&two, p, 1);
		sum += two;
	}
	return sum;
}

/* x modulo 2^32 - 1, and therefore modulo 2^16 - 1; 0 only if x is 0. */
static inline uint32_t fold_wide(wide x)
{
	x = (uint64_t)x + (x >> 64);
	x = (uint64_t)x + (x >> 64);
	x = (uint32_t)x + (x >> 32);
	x = (uint32_t)x + (x >> 32);
	return (uint32_t)x;
}

/* One's complement addition doesn't care how wide the words are (RFC 1071, 2.B): 64-bit words go
 * into 128-bit sums, whose upper halves gather the carries. Two of them, for two at a time. */
uint32_t csum_add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	wide even = sum, odd = 0;
	size_t words = len / 8;

	for (; words >= 4; words -= 4, p += 32) {
		even += load64(p);
		odd += load64(p + 8);
		even += load64(p + 16);
		odd += load64(p + 24);
	}
	for (; words; words--, p += 8)
		even += load64(p);
	return fold_wide(even + odd + tail(p, len));
}
