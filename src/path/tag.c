/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tag.h"

#include <string.h>

#include "path/tuple.h"

void tag_key_make(struct tag_key *out, const struct hash_key *key)
{
	memset(out, 0, sizeof(*out));
	out->hash = *key;
	out->aes = cmac_here();
	if (out->aes)
		cmac_key_make(&out->cmac, key);
}

static uint64_t word(const uint8_t *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof(w));
	return w;
}

static uint64_t ports_proto(const struct pkt *p)
{
	uint32_t ports = 0;

	if (proto_has_ports(p->proto))
		memcpy(&ports, p->data + p->l4, sizeof(ports));
	return (uint64_t)p->proto << 32 | ports;
}

/* IPv4: both addresses fill a word. */
static const uint8_t *addrs4(const struct pkt *p)
{
	return p->data + p->l3 + offsetof(struct wire_ip4, addrs);
}

/* IPv6: they fill four. */
static const uint8_t *addrs6(const struct pkt *p)
{
	return p->data + p->l3 + offsetof(struct wire_ip6, addrs);
}

CMAC_CODE static uint64_t tag_aes(const struct pkt *p, const struct cmac_key *key)
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

uint64_t tag_pkt(const struct pkt *p, const struct tag_key *key)
{
	return tag_nonzero(key->aes ? tag_aes(p, &key->cmac) : tag_siphash(p, &key->hash));
}
