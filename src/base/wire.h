/* SPDX-License-Identifier: BSD-2-Clause */
/* Headers as they lie in a frame, at any alignment. Only what a director reads has a name of its
 * own; addresses are source, then destination. */
#ifndef SHUNT_BASE_WIRE_H
#define SHUNT_BASE_WIRE_H

#include <linux/types.h>
#include <stdint.h>

#define WIRE __attribute__((packed))

struct wire_eth {
	uint8_t macs[12]; /* destination, source: here the receiver comes first */
	__be16 type;
} WIRE;
_Static_assert(sizeof(struct wire_eth) == 14, "IEEE 802.3");

/* What an 802.1Q tag puts between an Ethernet header and its payload. */
struct wire_vlan {
	__be16 tci;
	__be16 type;
} WIRE;
_Static_assert(sizeof(struct wire_vlan) == 4, "IEEE 802.1Q");

struct wire_ip4 {
	uint8_t version_ihl;
	uint8_t tos;
	__be16 len; /* header and payload */
	__be16 id;
	__be16 frag; /* flags and offset */
	uint8_t ttl;
	uint8_t proto;
	__sum16 check;
	uint8_t addrs[8];
} WIRE;
_Static_assert(sizeof(struct wire_ip4) == 20, "RFC 791");

struct wire_ip6 {
	uint8_t version_class;
	uint8_t class_label[3];
	__be16 len; /* payload */
	uint8_t next;
	uint8_t hops;
	uint8_t addrs[32];
} WIRE;
_Static_assert(sizeof(struct wire_ip6) == 40, "RFC 8200");

struct wire_tcp {
	__be16 ports[2];
	__be32 seq;
	__be32 ack;
	uint8_t offset; /* in words, upper half */
	uint8_t flags;	/* TH_* of netinet/tcp.h */
	__be16 window;
	__sum16 check;
	__be16 urgent;
} WIRE;
_Static_assert(sizeof(struct wire_tcp) == 20, "RFC 9293");

struct wire_udp {
	__be16 ports[2];
	__be16 len; /* header and payload */
	__sum16 check;
} WIRE;
_Static_assert(sizeof(struct wire_udp) == 8, "RFC 768");

struct wire_sctp {
	__be16 ports[2];
	__be32 tag;
	__be32 check; /* CRC32c */
} WIRE;
_Static_assert(sizeof(struct wire_sctp) == 12, "RFC 9260");

/* What all IPv6 extension headers but the fragment header begin with; the least that one has. */
struct wire_ip6_ext {
	uint8_t next;
	uint8_t len;	 /* in units of 8 bytes, the first not counted */
	uint8_t data[6]; /* of a routing header, its type comes first */
} WIRE;
_Static_assert(sizeof(struct wire_ip6_ext) == 8, "RFC 8200");

struct wire_ip6_frag {
	uint8_t next;
	uint8_t reserved;
	__be16 offset; /* in bytes, a multiple of 8; bit 0: more to come */
	__be32 id;
} WIRE;
_Static_assert(sizeof(struct wire_ip6_frag) == 8, "RFC 8200");

/* Version 0, without optional fields. */
struct wire_gue {
	uint8_t version_len; /* 2 bits of version, 1 if it is control, words of options */
	uint8_t proto;	     /* of the payload, as in an IP header */
	__be16 flags;
} WIRE;
_Static_assert(sizeof(struct wire_gue) == 4, "draft-ietf-intarea-gue-09");

struct wire_gre {
	__be16 flags; /* which of the optional fields follow; version */
	__be16 proto; /* EtherType of the payload */
} WIRE;
_Static_assert(sizeof(struct wire_gre) == 4, "RFC 2784");

struct wire_gre_csum {
	__sum16 check; /* of GRE header and payload */
	__be16 reserved;
} WIRE;
_Static_assert(sizeof(struct wire_gre_csum) == 4, "RFC 2784");

struct wire_icmp {
	uint8_t type;
	uint8_t code;
	__sum16 check;
	__be16 id;  /* of an echo */
	__be16 mtu; /* frag needed; of an IPv6 packet too big, the lower half of it */
} WIRE;
_Static_assert(sizeof(struct wire_icmp) == 8, "RFC 792, RFC 4443");

/* Neighbour solicitation and advertisement; options follow. */
struct wire_nd {
	uint8_t type;
	uint8_t code;
	__sum16 check;
	__be32 flags;
	uint8_t target[16];
} WIRE;
_Static_assert(sizeof(struct wire_nd) == 24, "RFC 4861");

/* Source or target link-layer address. */
struct wire_nd_option {
	uint8_t type;
	uint8_t len; /* in units of 8 bytes */
	uint8_t mac[6];
} WIRE;
_Static_assert(sizeof(struct wire_nd_option) == 8, "RFC 4861");

struct wire_arp {
	__be16 hardware;
	__be16 protocol;
	uint8_t hardware_len;
	uint8_t protocol_len;
	__be16 op;
	uint8_t from_mac[6];
	uint8_t from[4];
	uint8_t to_mac[6];
	uint8_t to[4];
} WIRE;
_Static_assert(sizeof(struct wire_arp) == 28, "RFC 826");

/* What most frames are: IPv4 without options, right behind an Ethernet header. */
struct wire_plain {
	struct wire_eth eth;
	struct wire_ip4 ip;
	union {
		struct wire_tcp tcp;
		struct wire_udp udp;
	};
} WIRE;

#endif
