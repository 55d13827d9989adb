/* SPDX-License-Identifier: BSD-2-Clause */
/* AES-CMAC (RFC 4493, NIST SP 800-38B) of whole 16-byte blocks by the processor's own AES: a keyed
 * hash as strong as they come, and for a block or three cheaper than any made of plain arithmetic.
 * Inline, since its callers work on bursts with the key schedule in registers. */
#ifndef SHUNT_BASE_CMAC_H
#define SHUNT_BASE_CMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

enum {
	CMAC_ROUNDS = 10
};

#ifdef __x86_64__

#include <wmmintrin.h>

struct cmac_key {
	__m128i round[CMAC_ROUNDS + 1]; /* AES-128's key schedule */
	__m128i last;			/* K1: what the last block, if whole, is added to */
};

/* Stands before every function that calls one of these. */
#define CMAC_CODE __attribute__((target("aes")))

/* Whether this processor can. If not, nothing else here may be called. */
static inline bool cmac_here(void)
{
	return __builtin_cpu_supports("aes");
}

CMAC_CODE static inline __m128i cmac_encrypt(const struct cmac_key *key, __m128i x)
{
	x = _mm_xor_si128(x, key->round[0]);
	x = _mm_aesenc_si128(x, key->round[1]);
	x = _mm_aesenc_si128(x, key->round[2]);
	x = _mm_aesenc_si128(x, key->round[3]);
	x = _mm_aesenc_si128(x, key->round[4]);
	x = _mm_aesenc_si128(x, key->round[5]);
	x = _mm_aesenc_si128(x, key->round[6]);
	x = _mm_aesenc_si128(x, key->round[7]);
	x = _mm_aesenc_si128(x, key->round[8]);
	x = _mm_aesenc_si128(x, key->round[9]);
	return _mm_aesenclast_si128(x, key->round[CMAC_ROUNDS]);
}

/* One step of AES-128's key expansion (FIPS 197, 5.2); assist: the instruction's help for it. */
CMAC_CODE static inline __m128i cmac_expand(__m128i k, __m128i assist)
{
	k = _mm_xor_si128(k, _mm_slli_si128(k, 4));
	k = _mm_xor_si128(k, _mm_slli_si128(k, 8));
	return _mm_xor_si128(k, _mm_shuffle_epi32(assist, 0xff));
}

/* Twice x in the field of 2^128 elements, as RFC 4493 has it: big-endian. */
static inline __m128i cmac_double(__m128i x)
{
	uint64_t high = __builtin_bswap64((uint64_t)x[0]), low = __builtin_bswap64((uint64_t)x[1]);
	uint64_t carry = high >> 63 ? 0x87 : 0;

	high = high << 1 | low >> 63;
	low = low << 1 ^ carry;
	return _mm_set_epi64x((int64_t)__builtin_bswap64(low), (int64_t)__builtin_bswap64(high));
}

/* The key's bytes are those of k, in memory order. */
CMAC_CODE static inline void cmac_key_make(struct cmac_key *out, const struct hash_key *k)
{
	__m128i *r = out->round;

	r[0] = _mm_set_epi64x((int64_t)k->k[1], (int64_t)k->k[0]);
	r[1] = cmac_expand(r[0], _mm_aeskeygenassist_si128(r[0], 0x01));
	r[2] = cmac_expand(r[1], _mm_aeskeygenassist_si128(r[1], 0x02));
	r[3] = cmac_expand(r[2], _mm_aeskeygenassist_si128(r[2], 0x04));
	r[4] = cmac_expand(r[3], _mm_aeskeygenassist_si128(r[3], 0x08));
	r[5] = cmac_expand(r[4], _mm_aeskeygenassist_si128(r[4], 0x10));
	r[6] = cmac_expand(r[5], _mm_aeskeygenassist_si128(r[5], 0x20));
	r[7] = cmac_expand(r[6], _mm_aeskeygenassist_si128(r[6], 0x40));
	r[8] = cmac_expand(r[7], _mm_aeskeygenassist_si128(r[7], 0x80));
	r[9] = cmac_expand(r[8], _mm_aeskeygenassist_si128(r[8], 0x1b));
	r[10] = cmac_expand(r[9], _mm_aeskeygenassist_si128(r[9], 0x36));
	out->last = cmac_double(cmac_encrypt(out, _mm_setzero_si128()));
}

/* A message is chained block by block, each two words as they lie in memory, from cmac_start to
 * cmac_end, which takes the last and returns the first 64 bits of the MAC. By value, and without a
 * loop: blocks that pass through memory cost more than their encryption. */
typedef __m128i cmac_state;

static inline cmac_state cmac_start(void)
{
	return _mm_setzero_si128();
}

CMAC_CODE static inline cmac_state cmac_block(const struct cmac_key *key, cmac_state x, uint64_t w0,
					      uint64_t w1)
{
	return cmac_encrypt(key, x ^ _mm_set_epi64x((int64_t)w1, (int64_t)w0));
}

CMAC_CODE static inline uint64_t cmac_end(const struct cmac_key *key, cmac_state x, uint64_t w0,
					  uint64_t w1)
{
	return (uint64_t)_mm_cvtsi128_si64(cmac_block(key, x ^ key->last, w0, w1));
}

/* Two words as they lie in memory. */
static inline cmac_state cmac_words(uint64_t w0, uint64_t w1)
{
	return _mm_set_epi64x((int64_t)w1, (int64_t)w0);
}

/* For messages of one block, all of which have the bits of (w0, w1) in common: cmac_only with the
 * key that this makes is cmac_end with the key it is made of, if those bits are clear in the
 * block. The first thing that happens to a block is that keys are added. */
CMAC_CODE static inline struct cmac_key cmac_key_with(const struct cmac_key *key, uint64_t w0,
						      uint64_t w1)
{
	struct cmac_key out = *key;

	out.round[0] ^= key->last ^ cmac_words(w0, w1);
	return out;
}

CMAC_CODE static inline uint64_t cmac_only(const struct cmac_key *key, cmac_state block)
{
	return (uint64_t)_mm_cvtsi128_si64(cmac_encrypt(key, block));
}

#else

struct cmac_key {
	uint64_t none;
};

#define CMAC_CODE

static inline bool cmac_here(void)
{
	return false;
}

static inline void cmac_key_make(struct cmac_key *out, const struct hash_key *k)
{
	out->none = k->k[0];
}

typedef uint64_t cmac_state;

static inline cmac_state cmac_start(void)
{
	return 0;
}

static inline cmac_state cmac_block(const struct cmac_key *key, cmac_state x, uint64_t w0,
				    uint64_t w1)
{
	return key->none ^ x ^ w0 ^ w1;
}

static inline uint64_t cmac_end(const struct cmac_key *key, cmac_state x, uint64_t w0, uint64_t w1)
{
	return cmac_block(key, x, w0, w1);
}

static inline cmac_state cmac_words(uint64_t w0, uint64_t w1)
{
	return w0 ^ w1;
}

static inline struct cmac_key cmac_key_with(const struct cmac_key *key, uint64_t w0, uint64_t w1)
{
	return (struct cmac_key){key->none ^ w0 ^ w1};
}

static inline uint64_t cmac_only(const struct cmac_key *key, cmac_state block)
{
	return key->none ^ block;
}

#endif
#endif
