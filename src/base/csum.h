/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071), its update (RFC 1624) and its completion. */
#ifndef SHUNT_BASE_CSUM_H
#define SHUNT_BASE_CSUM_H

#include <arpa/inet.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All are pure and may be called by any thread. Sums are in network order, as they lie in the
 * packet, so that they can be stored as they are. Those that every packet needs are inline: most of
 * them are shorter than a call. */

/* Adds len bytes to a running sum. data needs no alignment; an odd last byte is padded with 0. */
uint32_t csum_add(uint32_t sum, const void *data, size_t len);

/* Folds a running sum to 16 bits, not complemented. */
static inline uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

/* The running sum of a TCP or UDP pseudo header (RFC 793, RFC 8200 8.1), in 64 bits; >= 65535.
 * addrs: source and destination as they lie in the IP header, 8 bytes (v4) or 32 (v6).
 * l4_len in host order. To a sum, which is one modulo 65535, a number with its bytes swapped is the
 * number times 256 (little-endian). */
static inline uint64_t csum_pseudo_sum(const uint8_t *addrs, size_t addrs_len, uint8_t proto,
				       size_t l4_len)
{
	uint64_t sum = 0xffff + proto * 256u + l4_len * 256;
	uint32_t word;

	for (size_t i = 0; i < addrs_len; i += sizeof(word)) {
		memcpy(&word, addrs + i, sizeof(word));
		sum += word;
	}
	return sum;
}

/* The same folded, not complemented: this is what a sender that leaves the checksum to its NIC
 * stores in the checksum field. Never 0. */
static inline uint16_t csum_pseudo(const uint8_t *addrs, size_t addrs_len, uint8_t proto,
				   uint32_t l4_len)
{
	uint64_t sum = csum_pseudo_sum(addrs, addrs_len, proto, l4_len);

	sum = (uint32_t)sum + (sum >> 32);
	return csum_fold((uint32_t)sum + (uint32_t)(sum >> 32));
}

/* Whether a running sum, not less than 65535, folds to this: without folding it, since one's
 * complement sums are equal if they are congruent modulo 65535. */
static inline bool csum_folds_to(uint64_t sum, uint32_t folded)
{
	return (sum - folded) % 0xffff == 0 && folded;
}

/* An IPv4 header's checksum after its time to live went down by one: RFC 1624's equation 3,
 * HC' = ~(~HC + ~m + m'), for a word m whose upper byte falls by one; that is HC + 0x0100.
 * What would come to 0xffff is 0, as there. */
static inline __sum16 csum_ttl_down(__sum16 check)
{
	uint32_t sum = (uint32_t)check + htons(0x0100);

	return (__sum16)(sum + (sum >= 0xffff));
}

#endif
