/* SPDX-License-Identifier: BSD-2-Clause */
/* What bpf/steer.bpf.c and shuntd agree on: the keys, values and counters of the BPF maps. */
#ifndef SHUNT_ABI_STEER_H
#define SHUNT_ABI_STEER_H

#include <linux/types.h>

enum {
	STEER_MAX_SERVICES = 16384,
	STEER_MAX_QUEUES = 256,
	STEER_MAX_NESTED = 4, /* ranges within ranges that are looked through */
};

/* A service as the program looks it up. IPv4 addresses are mapped (::ffff:a.b.c.d). */
struct steer_key {
	__u8 addr[16];
	__be16 port;
	__u8 proto;  /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	__u8 prefix; /* of a range, 1..127; 0: one address */
};

/* Protocols, as bits of struct steer_vip. */
enum steer_proto {
	STEER_TCP = 1 << 0,
	STEER_UDP = 1 << 1,
	STEER_SCTP = 1 << 2,
	STEER_OTHER = 1 << 3,
};

/* A virtual address or range of them, by longest prefix. */
struct steer_vip_key {
	__u32 prefix; /* 1..128 */
	__u8 addr[16];
};

struct steer_vip {
	__u8 addr[16]; /* the key's, for the service map ... */
	__u8 prefix;   /* ... like this one */
	__u8 some;     /* protocols that have a service here: their later fragments are steered */
	__u8 all;      /* protocols that have a service for all ports here */
	__u8 pad;
};

/* What the program did with a frame; index into the per-CPU counters. */
enum steer_count {
	STEER_REDIRECT,	    /* handed to the queue's AF_XDP socket */
	STEER_DROP_NO_SOCK, /* a service's packet, but nobody serves its queue */
	STEER_PASS_MAC,	    /* not for our MAC: broadcast, multicast, flooded */
	STEER_PASS_PROTO,   /* ARP, ICMP, whatever no service can be for */
	STEER_PASS_FRAG,    /* an IP fragment for no service's address */
	STEER_PASS_SERVICE, /* for us, but no service of ours */
	STEER_PASS_SHORT,   /* headers cut short */
	STEER_COUNT
};

enum steer_conf_flags {
	STEER_OWNER = 1 << 0, /* ARP, neighbour solicitations and echo for VIPs are shunt's */
};

/* One per NIC, in the program's config map. */
struct steer_conf {
	__u8 mac[6]; /* the NIC's own address; others are passed */
	__u16 flags; /* enum steer_conf_flags */
};

#endif
