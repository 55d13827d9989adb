/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are loaded as they lie");

struct sip {
	uint64_t v[4];
};

int hash_key_random(struct hash_key *key)
{
	ssize_t n;

	/* Up to 256 bytes come whole, or not at all while the kernel still gathers entropy. */
	do {
		n = getrandom(key, sizeof(*key), 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

/* Round counts are constants at every call, so these loops unroll. */
static inline __attribute__((always_inline)) void sip_rounds(struct sip *s, unsigned int rounds)
{
	for (unsigned int i = 0; i < rounds; i++) {
		s->v[0] += s->v[1];
		s->v[2] += s->v[3];
		s->v[1] = rotl(s->v[1], 13) ^ s->v[0];
		s->v[3] = rotl(s->v[3], 16) ^ s->v[2];
		s->v[0] = rotl(s->v[0], 32);
		s->v[2] += s->v[1];
		s->v[0] += s->v[3];
		s->v[1] = rotl(s->v[1], 17) ^ s->v[2];
		s->v[3] = rotl(s->v[3], 21) ^ s->v[0];
		s->v[2] = rotl(s->v[2], 32);
	}
}

static inline __attribute__((always_inline)) struct sip sip_start(const struct hash_key *key)
{
	return (struct sip){{
		key->k[0] ^ 0x736f6d6570736575,
		key->k[1] ^ 0x646f72616e646f6d,
		key->k[0] ^ 0x6c7967656e657261,
		key->k[1] ^ 0x7465646279746573,
	}};
}

static inline __attribute__((always_inline)) void sip_word(struct sip *s, uint64_t word,
							   unsigned int c)
{
	s->v[3] ^= word;
	sip_rounds(s, c);
	s->v[0] ^= word;
}

/* last: the up to 7 bytes that made no whole word, under the length's low byte. */
static inline __attribute__((always_inline)) uint64_t sip_end(struct sip *s, uint64_t last,
							      unsigned int c, unsigned int d)
{
	sip_word(s, last, c);
	s->v[2] ^= 0xff;
	sip_rounds(s, d);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static inline __attribute__((always_inline)) uint64_t
sip_bytes(const struct hash_key *key, const void *data, size_t len, unsigned int c, unsigned int d)
{
	struct sip s = sip_start(key);
	const uint8_t *p = data;
	const uint8_t *end = p + (len & ~(size_t)7);
	uint64_t last = 0;

	for (; p != end; p += 8) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		sip_word(&s, word, c);
	}
	for (size_t i = 0; i < (len & 7); i++)
		last |= (uint64_t)end[i] << 8 * i;
	return sip_end(&s, last | (uint64_t)len << 56, c, d);
}

uint64_t hash_words(const struct hash_key *key, const uint64_t *word, size_t n)
{
	struct sip s = sip_start(key);

	for (size_t i = 0; i < n; i++)
		sip_word(&s, word[i], 1);
	return sip_end(&s, (uint64_t)n * 8 << 56, 1, 3);
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
	return sip_bytes(key, data, len, 1, 3);
}

uint64_t hash_bytes_24(const struct hash_key *key, const void *data, size_t len)
{
	return sip_bytes(key, data, len, 2, 4);
}

void hash_key_from(struct hash_key *key, const char *secret)
{
	static const struct hash_key first = {{0, 1}}, second = {{0, 2}};

	key->k[0] = hash_bytes_24(&first, secret, strlen(secret));
	key->k[1] = hash_bytes_24(&second, secret, strlen(secret));
}
