/* SPDX-License-Identifier: BSD-2-Clause */
/* What bpf/steer.bpf.c and shuntd agree on: the keys, values and counters of the BPF maps. */
#ifndef SHUNT_ABI_STEER_H
#define SHUNT_ABI_STEER_H

#include <linux/types.h>

enum {
	STEER_MAX_SERVICES = 16384,
	STEER_MAX_QUEUES = 256,
};

/* A service as the program looks it up. IPv4 addresses are mapped (::ffff:a.b.c.d). */
struct steer_key {
	__u8 addr[16];
	__be16 port;
	__u8 proto; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 pad;   /* 0 */
};

/* What the program did with a frame; index into the per-CPU counters. */
enum steer_count {
	STEER_REDIRECT,	    /* handed to the queue's AF_XDP socket */
	STEER_DROP_NO_SOCK, /* a service's packet, but nobody serves its queue */
	STEER_PASS_MAC,	    /* not for our MAC: broadcast, multicast, flooded */
	STEER_PASS_PROTO,   /* ARP, ICMP, anything but TCP and UDP over IP */
	STEER_PASS_FRAG,    /* an IP fragment */
	STEER_PASS_SERVICE, /* for us, but no service of ours */
	STEER_PASS_SHORT,   /* headers cut short */
	STEER_COUNT
};

/* One per NIC, in the program's config map. */
struct steer_conf {
	__u8 mac[6]; /* the NIC's own address; others are passed */
	__u8 pad[2];
};

#endif
