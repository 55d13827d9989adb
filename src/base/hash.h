/* SPDX-License-Identifier: BSD-2-Clause */
/* Keyed hashing. SipHash (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012), in its
 * 1-3 form for the packet path: whoever picks addresses and ports doesn't know the key, and so
 * can't aim at one bucket or one server. */
#ifndef SHUNT_BASE_HASH_H
#define SHUNT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k[2];
};

/* Fills the key from the kernel's random source. Returns 0 or -errno. Management thread. */
int hash_key_random(struct hash_key *key);

/* A key from a secret text, the same on every machine. Any thread. */
void hash_key_from(struct hash_key *key, const char *secret);

/* SipHash-1-3 of n whole 64-bit words (n * 8 bytes). Any thread. */
uint64_t hash_words(const struct hash_key *key, const uint64_t *word, size_t n);

/* SipHash-1-3 and -2-4 of any bytes; little-endian hosts only. The latter is here for its
 * published test vectors: both are one function with other round counts. */
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);
uint64_t hash_bytes_24(const struct hash_key *key, const void *data, size_t len);

#endif
