/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and endpoints. Both families share one 16-byte form: IPv4 is mapped
 * (::ffff:a.b.c.d), so that every table, map and message needs one kind of key. */
#ifndef SHUNT_BASE_ADDR_H
#define SHUNT_BASE_ADDR_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr {
	union {
		uint8_t b[16];
		uint64_t q[2];
		__be32 w[4];
	};
};

/* A virtual service's identity. Compared as bytes: pad is always 0. */
struct endpoint {
	struct addr addr; /* of a range: its first address, the bits behind prefix are 0 */
	__be16 port;	  /* 0: every port */
	uint8_t proto;	  /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP; 0: every protocol, port is 0 */
	uint8_t prefix;	  /* of a range: 1..127 of 128 bits (IPv4: 96 more); 0: one address */
	uint8_t pad[4];
};
_Static_assert(sizeof(struct endpoint) == 24, "endpoints are compared as bytes");

enum {
	ADDR_TEXT = 64,
	MAC_TEXT = 18
}; /* room for any text below, with its NUL */

/* Any thread may call these; they hold nothing. */
struct addr addr_v4(__be32 a);
bool addr_is_v4(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
bool addr_equal(const struct addr *a, const struct addr *b);

/* Reads a literal IPv4 or IPv6 address, without brackets. Returns 0 or -EINVAL. */
int addr_parse(const char *text, struct addr *out);

/* Reads a decimal port, 0..65535. Returns 0 or -EINVAL. */
int port_parse(const char *text, __be16 *out);

/* Print into buf of ADDR_TEXT (MAC_TEXT) bytes and return buf.
 * addr_text: 192.0.2.1 or 2001:db8::1. host_text: the latter bracketed, with a port:
 * 192.0.2.1:80, [2001:db8::1]:80. */
const char *addr_text(const struct addr *a, char *buf);
const char *host_text(const struct addr *a, __be16 port, char *buf);
/* The reverse of host_text: 0 or -EINVAL. */
int addr_port_parse(const char *text, struct addr *addr, __be16 *port);
const char *mac_text(const uint8_t mac[6], char *buf);
/* "tcp", "udp", "sctp", "any" (0) or "?". */
const char *proto_text(uint8_t proto);
int proto_parse(const char *text, uint8_t *out); /* the reverse: 0 or -EINVAL */

/* 32 or 128, and whether all bits behind the first prefix of 128 are 0. */
unsigned int addr_bits(const struct addr *a);
bool addr_is_prefix(const struct addr *a, unsigned int prefix);

bool mac_is_zero(const uint8_t mac[6]);
bool mac_is_multicast(const uint8_t mac[6]); /* broadcast too */

#endif
