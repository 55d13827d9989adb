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

static inline uint64_t tag_nonzero(uint64_t tag)
{
	return tag + !tag; /* 0 is an empty slot's */
}

/* The key as it is for one protocol's plain packets (burst.h): what is the same for all of them has
 * been added already. */
struct tag_plain {
	struct cmac_key cmac;
	cmac_state mask; /* of addresses and ports in the 16 bytes from the addresses on */
};

CMAC_CODE static inline struct tag_plain tag_plain_make(const struct cmac_key *key, uint8_t proto)
{
	return (struct tag_plain){cmac_key_with(key, 0, (uint64_t)proto << 32),
				  cmac_words(UINT64_MAX, UINT32_MAX)};
}

/* With AES, the same as tag_pkt of a plain packet. frame is its Ethernet header. Any thread. */
CMAC_CODE static inline uint64_t tag_plain_aes(const uint8_t *frame, const struct tag_plain *plain)
{
	cmac_state block;

	memcpy(&block, frame + PLAIN_L3 + offsetof(struct wire_ip4, addrs), sizeof(block));
	return tag_nonzero(cmac_only(&plain->cmac, block & plain->mask));
}

#endif
