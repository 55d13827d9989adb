/* SPDX-License-Identifier: BSD-2-Clause */
/* A burst: up to 64 frames that go through rx, parse, lookup, rewrite and tx together. Each stage
 * is one function on the whole burst; what it learns it leaves in the packet for the next. */
#ifndef SHUNT_PATH_BURST_H
#define SHUNT_PATH_BURST_H

#include <linux/if_xdp.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "base/wire.h"
#include "table/flow.h"
#include "table/snap.h"

enum {
	BURST_MAX = 64
};

/* What a packet is. All but flows are few, and leave the stages' straight way. */
enum pkt_kind {
	PKT_FLOW,	/* TCP, UDP, SCTP; any protocol of an any-protocol service */
	PKT_FRAGMENT,	/* of one: its ports may be elsewhere */
	PKT_ICMP_ERROR, /* about one: inner is where its header begins */
	PKT_ECHO,	/* echo request */
	PKT_ARP,
	PKT_SOLICIT, /* IPv6 neighbour solicitation */
	PKT_ANSWER,  /* made of one of these, or in a packet's place: goes back as it is */
};

/* In place of a drop reason: the frame is neither sent nor dropped, but kept. */
enum {
	PKT_KEPT = DROP_COUNT
};

struct pkt {
	/* rx */
	uint8_t *data; /* the frame's first byte, in UMEM */
	union {
		struct xdp_desc desc; /* from ring to ring in one piece */
		struct {
			uint64_t addr;	  /* its UMEM offset, as the rings know it */
			uint32_t len;	  /* bytes, without FCS */
			uint32_t options; /* 0: a whole frame; the transmit ring takes no other */
		};
	};
	/* parse */
	union {
		struct {
			uint8_t drop;  /* enum drop; later stages skip what is dropped */
			uint8_t kind;  /* enum pkt_kind */
			uint8_t tags;  /* VLAN tags in front of l3 */
			uint8_t proto; /* of what is behind the IP headers */
			uint16_t l3;   /* offset of the IP header */
			uint16_t l4;   /* offset of what is behind the IP headers */
		};
		uint16_t aside; /* drop and kind: not 0 if it isn't a flow's packet to forward */
		uint64_t shape; /* all of these, to be set and compared at once */
	};
	uint16_t end; /* offset behind the IP packet; Ethernet padding may follow */
	bool v4;
	uint8_t tcp_flags; /* FLOW_NO_FLAGS for all but TCP */
	uint64_t tag;	   /* keyed hash of addresses, ports, protocol (tag.h); never 0 */
	/* lookup */
	union {
		struct flow_slot *slot; /* what its first pass found; NULL: not where it looked */
		struct {		/* PKT_FRAGMENT; of IPv4, 16 bits are in use */
			__be32 frag_id;
			uint16_t frag_off; /* in bytes; 0: the first, which has the ports */
			bool frag_more;
			uint8_t frag_skip; /* of its bytes, 8 * this are headers before l4 */
		};
		struct {		   /* PKT_ICMP_ERROR: the packet it is about */
			uint16_t inner;	   /* offset of its IP header */
			uint16_t inner_l4; /* 0: it is a later fragment, without ports */
			uint8_t inner_proto;
		};
		uint16_t mtu; /* rewrite: what would have fitted, with DROP_TOO_BIG */
	};
	const struct backend *backend;
};
_Static_assert(sizeof(struct pkt) == 64, "a packet to a cache line");

struct burst {
	uint32_t n;
	const struct backend *self;  /* the way back to where they came from; set by lookup */
	const struct tunnel *tunnel; /* by backend slot; likewise */
	struct pkt pkt[BURST_MAX];
};

enum {
	PLAIN_L3 = sizeof(struct wire_eth),
	PLAIN_L4 = PLAIN_L3 + sizeof(struct wire_ip4)
};

/* The shape of most packets: not dropped, IPv4 without options right behind an Ethernet header (an
 * IPv6 header would be longer), TCP or UDP. A stage may have a fast lane for it, where all offsets
 * are constants. */
static inline uint64_t pkt_plain(uint8_t proto)
{
	const struct pkt p = {.drop = DROP_NONE,
			      .kind = PKT_FLOW,
			      .proto = proto,
			      .l3 = PLAIN_L3,
			      .l4 = PLAIN_L4};

	return p.shape;
}

/* Whether parse took the packet for a plain one by its lengths alone: TCP, or UDP. */
static inline bool pkt_is_plain(const struct pkt *p)
{
	return p->shape == pkt_plain(IPPROTO_TCP) || p->shape == pkt_plain(IPPROTO_UDP);
}

/* For what holds for most packets: the others' code is put out of the way. */
#define likely(condition) __builtin_expect(!!(condition), 1)

/* A stage's loop: p goes over the burst's packets, but for those that an earlier stage dropped. */
#define burst_each(b, p)                                                        \
	for (struct pkt *p = (b)->pkt, *p##_end = p + (b)->n; p < p##_end; p++) \
		if (!p->drop)

#endif
