/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's tag: 64 bits of a keyed hash of its addresses, ports and protocol. The flow table
 * knows a flow by it, and spreads flows by it: whoever picks addresses and ports must not be able
 * to aim at one bucket, or at another's flow. */
#ifndef SHUNT_PATH_TAG_H
#define SHUNT_PATH_TAG_H

#include <stddef.h>
#include <string.h>

#include "base/cmac.h"
#include "base/hash.h"
#include "base/wire.h"
#include "path/burst.h"

struct tag_key {
	struct cmac_key cmac;
	struct hash_key hash;
	bool aes; /* AES-CMAC; else SipHash-1-3 */
};

/* Makes the key ready for use, for AES if the processor has it: every engine on this machine makes
 * the same of it. Any thread. */
void tag_key_make(struct tag_key *out, const struct hash_key *key);

/* The tag of a parsed packet; never 0. Any thread. */
uint64_t tag_pkt(const struct pkt *p, const struct tag_key *key);

/* What a tag is made of, in words. Inline, as the rest: for tag_plain_aes. */
static inline uint64_t tag_word(const uint8_t *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof(w));
	return w;
}

static inline uint64_t tag_word2(const uint8_t *ports, uint8_t proto)
{
	uint32_t w;

	memcpy(&w, ports, sizeof(w));
	return (uint64_t)proto << 32 | w;
}

static inline uint64_t tag_nonzero(uint64_t tag)
{
	return tag + !tag; /* 0 is an empty slot's */
}

/* The same as tag_pkt of an untagged IPv4 packet without options, with AES. frame is the Ethernet
 * header. Any thread. */
CMAC_CODE static inline uint64_t tag_plain_aes(const uint8_t *frame, uint8_t proto,
					       const struct cmac_key *key)
{
	const uint8_t *ip = frame + sizeof(struct wire_eth);
	const uint8_t *addrs = ip + offsetof(struct wire_ip4, addrs);
	const uint8_t *ports = ip + sizeof(struct wire_ip4);

	return tag_nonzero(cmac_end(key, cmac_start(), tag_word(addrs), tag_word2(ports, proto)));
}

#endif
