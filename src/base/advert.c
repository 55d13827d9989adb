/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/advert.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"

enum {
	ND_HOPS = 255
};

/* What a neighbour advertisement of ours is. */
struct advert {
	struct wire_nd nd;
	struct wire_nd_option mac;
} WIRE;
_Static_assert(sizeof(struct advert) == ADVERT_ND, "RFC 4861 4.4");

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Writes a message of neighbour discovery, which ends with a MAC address, and its IPv6 header. */
static void write_nd(uint8_t *at, const uint8_t src[16], const uint8_t dst[16], struct advert *nd)
{
	struct wire_ip6 ip = {
		.version_class = 0x60,
		.len = htons(sizeof(*nd)),
		.next = IPPROTO_ICMPV6,
		.hops = ND_HOPS,
	};
	uint32_t sum;

	memcpy(ip.addrs, src, 16);
	memcpy(ip.addrs + 16, dst, 16);
	sum = csum_pseudo(ip.addrs, sizeof(ip.addrs), IPPROTO_ICMPV6, sizeof(*nd));
	nd->nd.check = (__sum16)~csum_fold(csum_add(sum, nd, sizeof(*nd)));
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), nd, sizeof(*nd));
}

void advert_write(uint8_t *at, const uint8_t target[16], const uint8_t dst[16], uint32_t flags,
		  const uint8_t own[6])
{
	struct advert na = {
		.nd = {.type = ND_NEIGHBOR_ADVERT, .flags = flags},
		.mac = {.type = ND_OPT_TARGET_LINKADDR, .len = 1},
	};

	memcpy(na.nd.target, target, 16);
	memcpy(na.mac.mac, own, 6);
	write_nd(at, target, dst, &na);
}

static uint32_t request_arp(const struct addr *src, const struct addr *target, const uint8_t own[6],
			    uint8_t *at)
{
	struct wire_arp arp = {
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETH_P_IP),
		.hardware_len = sizeof(arp.from_mac),
		.protocol_len = sizeof(arp.from),
		.op = htons(ARPOP_REQUEST),
	};

	memcpy(arp.from_mac, own, sizeof(arp.from_mac));
	memcpy(arp.from, &src->w[3], sizeof(arp.from));
	memcpy(arp.to, &target->w[3], sizeof(arp.to));
	memcpy(at, &arp, sizeof(arp));
	return sizeof(arp);
}

static void write_eth(uint8_t *frame, const uint8_t dst[6], const uint8_t own[6], uint16_t type)
{
	struct wire_eth eth = {.type = htons(type)};

	memcpy(eth.macs, dst, 6);
	memcpy(eth.macs + 6, own, 6);
	memcpy(frame, &eth, sizeof(eth));
}

uint32_t advert_announce(const struct addr *vip, const uint8_t own[6], uint8_t *frame)
{
	uint8_t *at = frame + sizeof(struct wire_eth);

	if (addr_is_v4(vip)) {
		write_eth(frame, broadcast_mac, own, ETH_P_ARP);
		return (uint32_t)sizeof(struct wire_eth) + request_arp(vip, vip, own, at);
	}
	write_eth(frame, all_nodes_mac, own, ETH_P_IPV6);
	advert_write(at, vip->b, all_nodes, ND_NA_FLAG_OVERRIDE, own);
	return ADVERT_MAX;
}

uint32_t advert_ask(const struct addr *target, const struct addr *src, const uint8_t own[6],
		    uint8_t *frame)
{
	uint8_t group[16] = {0xff, 2, [11] = 1, 0xff}; /* the solicited node's: RFC 4291, 2.7.1 */
	uint8_t group_mac[6] = {0x33, 0x33, 0xff}, *at = frame + sizeof(struct wire_eth);
	struct advert ns = {
		.nd = {.type = ND_NEIGHBOR_SOLICIT},
		.mac = {.type = ND_OPT_SOURCE_LINKADDR, .len = 1},
	};

	if (addr_is_v4(target)) {
		write_eth(frame, broadcast_mac, own, ETH_P_ARP);
		return (uint32_t)sizeof(struct wire_eth) + request_arp(src, target, own, at);
	}
	memcpy(group + 13, target->b + 13, 3);
	memcpy(group_mac + 3, target->b + 13, 3);
	memcpy(ns.nd.target, target->b, 16);
	memcpy(ns.mac.mac, own, 6);
	write_eth(frame, group_mac, own, ETH_P_IPV6);
	write_nd(at, src->b, group, &ns);
	return ADVERT_MAX;
}
