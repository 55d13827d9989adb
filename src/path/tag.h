/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet's tag: 64 bits of a keyed hash of its addresses, ports and protocol. The flow table
 * knows a flow by it, and spreads flows by it: whoever picks addresses and ports must not be able
 * to aim at one bucket, or at another's flow. */
#ifndef SHUNT_PATH_TAG_H
#define SHUNT_PATH_TAG_H

#include "base/cmac.h"
#include "base/hash.h"
#include "path/burst.h"

struct tag_key {
	struct cmac_key cmac;
	struct hash_key hash;
	bool aes; /* AES-CMAC; else SipHash-1-3 */
};

/* Makes the key ready for use, for AES if the processor has it: every engine on this machine makes
 * the same of it. Any thread. */
void tag_key_make(struct tag_key *out, const struct hash_key *key);

/* Sets the tag of each packet that wasn't dropped, never 0, and prefetches its flow. Its worker. */
void tag_burst(struct burst *b, const struct tag_key *key, const struct flow_table *flows);

#endif
