/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071), its update (RFC 1624) and its completion. */
#ifndef SHUNT_BASE_CSUM_H
#define SHUNT_BASE_CSUM_H

#include <arpa/inet.h>
#include <linux/types.h>
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

/* The sum of a TCP or UDP pseudo header (RFC 793, RFC 8200 8.1), folded, not complemented: this
 * is what a sender that leaves the checksum to its NIC stores in the checksum field.
 * addrs: source and destination as they lie in the IP header, 8 bytes (v4) or 32 (v6).
 * l4_len in host order. */
static inline uint16_t csum_pseudo(const uint8_t *addrs, size_t addrs_len, uint8_t proto,
				   uint32_t l4_len)
{
	uint64_t sum = (uint64_t)htonl(l4_len) + htonl(proto);
	uint32_t word;

	for (size_t i = 0; i < addrs_len; i += sizeof(word)) {
		memcpy(&word, addrs + i, sizeof(word));
		sum += word;
	}
	sum = (uint32_t)sum + (sum >> 32);
	return csum_fold((uint32_t)sum + (uint32_t)(sum >> 32));
}

/* The checksum after one 16-bit word of the summed data changed from old to new (RFC 1624,
 * equation 3). All three in network order. */
static inline __sum16 csum_update(__sum16 check, __be16 old, __be16 new)
{
	uint32_t sum = (uint16_t)~check;

	sum += (uint16_t)~old;
	sum += new;
	return (__sum16)~csum_fold(sum);
}

#endif
