/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tag.h"

#include <string.h>

#include "base/wire.h"

typedef uint64_t block[2];

void tag_key_make(struct tag_key *out, const struct hash_key *key)
{
	memset(out, 0, sizeof(*out));
	out->hash = *key;
	out->aes = cmac_here();
	if (out->aes)
		cmac_key_make(&out->cmac, key);
}

/* Ports and protocol in one word; TCP and UDP both begin with the ports. */
static inline uint64_t ports_proto(const struct pkt *p)
{
	uint32_t ports;

	memcpy(&ports, p->data + p->l4, sizeof(ports));
	return (uint64_t)p->proto << 32 | ports;
}

/* The tuple as blocks: one for IPv4, three for IPv6. */
static inline void tuple4(const struct pkt *p, block *b)
{
	memcpy(&b[0][0], p->data + p->l3 + offsetof(struct wire_ip4, addrs), 8);
	b[0][1] = ports_proto(p);
}

static inline void tuple6(const struct pkt *p, block *b)
{
	memcpy(b, p->data + p->l3 + offsetof(struct wire_ip6, addrs), 32);
	b[2][0] = ports_proto(p);
	b[2][1] = 0;
}

static inline uint64_t nonzero(uint64_t tag)
{
	return tag ? tag : 1; /* 0 is an empty slot's */
}

CMAC_CODE static void tag_burst_aes(struct burst *b, const struct cmac_key *key)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkt[i];
		block tuple[3];

		if (p->drop)
			continue;
		if (p->v4) {
			tuple4(p, tuple);
			p->tag = nonzero(cmac_blocks(key, tuple, 1));
		} else {
			tuple6(p, tuple);
			p->tag = nonzero(cmac_blocks(key, tuple, 3));
		}
	}
}

static void tag_burst_siphash(struct burst *b, const struct hash_key *key)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct pkt *p = &b->pkt[i];
		block tuple[3];

		if (p->drop)
			continue;
		if (p->v4)
			tuple4(p, tuple);
		else
			tuple6(p, tuple);
		p->tag = nonzero(hash_words(key, tuple[0], p->v4 ? 2 : 6));
	}
}

void tag_burst(struct burst *b, const struct tag_key *key)
{
	if (key->aes)
		tag_burst_aes(b, &key->cmac);
	else
		tag_burst_siphash(b, &key->hash);
}
