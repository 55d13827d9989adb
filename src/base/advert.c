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

void advert_write(uint8_t *at, const uint8_t target[16], const uint8_t dst[16], uint32_t flags,
		  const uint8_t own[6])
{
	struct wire_ip6 ip = {
		.version_class = 0x60,
		.len = htons(sizeof(struct advert)),
		.next = IPPROTO_ICMPV6,
		.hops = ND_HOPS,
	};
	struct advert na = {
		.nd = {.type = ND_NEIGHBOR_ADVERT, .flags = flags},
		.mac = {.type = ND_OPT_TARGET_LINKADDR, .len = 1},
	};
	uint32_t sum;

	memcpy(ip.addrs, target, 16);
	memcpy(ip.addrs + 16, dst, 16);
	memcpy(na.nd.target, target, 16);
	memcpy(na.mac.mac, own, 6);
	sum = csum_pseudo(ip.addrs, sizeof(ip.addrs), IPPROTO_ICMPV6, sizeof(na));
	na.nd.check = (__sum16)~csum_fold(csum_add(sum, &na, sizeof(na)));
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), &na, sizeof(na));
}

static uint32_t announce_arp(const struct addr *vip, const uint8_t own[6], uint8_t *at)
{
	struct wire_arp arp = {
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETH_P_IP),
		.hardware_len = sizeof(arp.from_mac),
		.protocol_len = sizeof(arp.from),
		.op = htons(ARPOP_REQUEST),
	};

	memcpy(arp.from_mac, own, sizeof(arp.from_mac));
	memcpy(arp.from, &vip->w[3], sizeof(arp.from));
	memcpy(arp.to, &vip->w[3], sizeof(arp.to));
	memcpy(at, &arp, sizeof(arp));
	return sizeof(arp);
}

uint32_t advert_announce(const struct addr *vip, const uint8_t own[6], uint8_t *frame)
{
	bool v4 = addr_is_v4(vip);
	struct wire_eth eth = {.type = htons(v4 ? ETH_P_ARP : ETH_P_IPV6)};

	memcpy(eth.macs, v4 ? broadcast_mac : all_nodes_mac, 6);
	memcpy(eth.macs + 6, own, 6);
	memcpy(frame, &eth, sizeof(eth));
	if (v4)
		return (uint32_t)sizeof(eth) + announce_arp(vip, own, frame + sizeof(eth));
	advert_write(frame + sizeof(eth), vip->b, all_nodes, ND_NA_FLAG_OVERRIDE, own);
	return ADVERT_MAX;
}
