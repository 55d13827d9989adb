/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tag.h"

#include <string.h>

#include "base/wire.h"

void tag_key_make(struct tag_key *out, const struct hash_key *key)
{
	memset(out, 0, sizeof(*out));
	out->hash = *key;
	out->aes = cmac_here();
	if (out->aes)
		cmac_key_make(&out->cmac, key);
}

static inline uint64_t word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* TCP and UDP both begin with the ports. */
static inline uint64_t ports_proto(const struct pkt *p)
{
	uint32_t ports;

	memcpy(&ports, p->data + p->l4, sizeof(ports));
	return (uint64_t)p->proto << 32 | ports;
}

/* IPv4: both addresses fill a word. */
static inline const uint8_t *addrs4(const struct pkt *p)
{
	return p->data + p->l3 + offsetof(struct wire_ip4, addrs);
}

/* IPv6: they fill four. */
static inline const uint8_t *addrs6(const struct pkt *p)
{
	return p->data + p->l3 + offsetof(struct wire_ip6, addrs);
}

static inline uint64_t nonzero(uint64_t tag)
{
	return tag ? tag : 1; /* 0 is an empty slot's */
}

CMAC_CODE static inline uint64_t tag_aes(const struct pkt *p, const struct cmac_key *key)
{
	cmac_state x = cmac_start();
	const uint8_t *a;

	if (p->v4)
		return cmac_end(key, x, word(addrs4(p)), ports_proto(p));
	a = addrs6(p);
	x = cmac_block(key, x, word(a), word(a + 8));
	x = cmac_block(key, x, word(a + 16), word(a + 24));
	return cmac_end(key, x, ports_proto(p), 0);
}

static uint64_t tag_siphash(const struct pkt *p, const struct hash_key *key)
{
	const uint8_t *a = p->v4 ? addrs4(p) : addrs6(p);
	uint64_t tuple[] = {ports_proto(p), word(a), 0, 0, 0};

	if (p->v4)
		return hash_words(key, tuple, 2);
	memcpy(&tuple[2], a + 8, 24);
	return hash_words(key, tuple, 5);
}

/* Copies, so that they can stay in registers: no store to a packet can change them. */
CMAC_CODE static void tag_burst_aes(struct burst *b, const struct cmac_key key,
				    const struct flow_table flows)
{
	burst_each (b, p) {
		p->tag = nonzero(tag_aes(p, &key));
		flow_prefetch(&flows, p->tag);
	}
}

static void tag_burst_siphash(struct burst *b, const struct hash_key *key,
			      const struct flow_table *flows)
{
	burst_each (b, p) {
		p->tag = nonzero(tag_siphash(p, key));
		flow_prefetch(flows, p->tag);
	}
}

void tag_burst(struct burst *b, const struct tag_key *key, const struct flow_table *flows)
{
	if (key->aes)
		tag_burst_aes(b, key->cmac, *flows);
	else
		tag_burst_siphash(b, &key->hash, flows);
}
