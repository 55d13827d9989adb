/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/answer.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/advert.h"
#include "base/csum.h"
#include "base/wire.h"

enum {
	TTL = 64,
};

static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};

struct addr answer_target(const struct pkt *p)
{
	const uint8_t *l3 = p->data + p->l3;
	const uint8_t *at = l3 + offsetof(struct wire_ip6, addrs) + 16;
	struct addr a;
	__be32 v4;

	if (p->v4) {
		at = l3 + (p->kind == PKT_ARP ? offsetof(struct wire_arp, to)
					      : offsetof(struct wire_ip4, addrs) + 4);
		memcpy(&v4, at, sizeof(v4));
		return addr_v4(v4);
	}
	if (p->kind == PKT_SOLICIT)
		at = p->data + p->l4 + offsetof(struct wire_nd, target);
	memcpy(&a, at, sizeof(a));
	return a;
}

static void send_to(struct pkt *p, const uint8_t to[6], const uint8_t own[6])
{
	struct wire_eth *eth = (void *)p->data;

	memmove(eth->macs, to, 6);
	memcpy(eth->macs + 6, own, 6);
}

static void ends_at(struct pkt *p, uint32_t end)
{
	p->end = (uint16_t)end;
	p->len = end;
}

bool answer_arp(struct pkt *p, const uint8_t own[6])
{
	struct wire_arp *arp = (void *)(p->data + p->l3);
	uint8_t target[4];

	memcpy(target, arp->to, sizeof(target));
	if (mac_is_multicast(arp->from_mac) || mac_is_zero(arp->from_mac) ||
	    !memcmp(arp->from, target, sizeof(target)) || arp->from[0] == 127 ||
	    arp->from[0] >= 224)
		return false;
	arp->op = htons(ARPOP_REPLY);
	memcpy(arp->to_mac, arp->from_mac, sizeof(arp->to_mac));
	memcpy(arp->to, arp->from, sizeof(arp->to));
	memcpy(arp->from_mac, own, sizeof(arp->from_mac));
	memcpy(arp->from, target, sizeof(arp->from));
	send_to(p, arp->to_mac, own);
	ends_at(p, p->end);
	return true;
}

/* Where the one who asks wants its answer: in its option, or else where the frame came from. */
static const uint8_t *solicit_mac(const struct pkt *p)
{
	const struct wire_eth *eth = (const void *)p->data;
	const struct wire_nd_option *o;

	for (uint32_t at = p->l4 + sizeof(struct wire_nd); at < p->end; at += o->len * 8u) {
		o = (const void *)(p->data + at);
		if (o->type == ND_OPT_SOURCE_LINKADDR)
			return o->mac;
	}
	return eth->macs + 6;
}

/* A solicitation without a source asks whether anybody has the address: all are told (RFC 4862). */
bool answer_solicit(struct pkt *p, const uint8_t own[6])
{
	static const uint8_t unspecified[16];
	const struct wire_ip6 *ip = (const void *)(p->data + p->l3);
	const struct wire_nd *ns = (const void *)(p->data + p->l4);
	uint32_t flags = ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_SOLICITED;
	uint8_t target[16], dst[16], mac[6];

	memcpy(target, ns->target, sizeof(target));
	memcpy(dst, ip->addrs, sizeof(dst));
	memcpy(mac, solicit_mac(p), sizeof(mac));
	if (!memcmp(dst, unspecified, sizeof(dst))) {
		flags = ND_NA_FLAG_OVERRIDE;
		memcpy(dst, all_nodes, sizeof(dst));
		memcpy(mac, all_nodes_mac, sizeof(mac));
	} else if (mac_is_multicast(mac) || mac_is_zero(mac)) {
		return false;
	}
	send_to(p, mac, own);
	advert_write(p->data + p->l3, target, dst, flags, own);
	p->l4 = (uint16_t)(p->l3 + sizeof(struct wire_ip6));
	ends_at(p, p->l4 + ADVERT_ND);
	return true;
}

/* RFC 1624, equation 3. */
static void type_change(struct wire_icmp *icmp, uint8_t type)
{
	uint32_t sum = (uint16_t)~icmp->check +
		       (uint32_t)(uint16_t)~htons((uint16_t)(icmp->type << 8)) +
		       htons((uint16_t)(type << 8));

	icmp->type = type;
	icmp->check = (__sum16)~csum_fold(sum);
}

/* The header of the answer: of the least length, options and extension headers are the question's
 * alone. What is behind it moves up. */
static void ip_turn(struct pkt *p)
{
	uint32_t header = p->v4 ? sizeof(struct wire_ip4) : sizeof(struct wire_ip6);
	uint32_t len = (uint32_t)(p->end - p->l4), half = p->v4 ? 4 : 16;
	struct wire_ip4 *ip4 = (void *)(p->data + p->l3);
	struct wire_ip6 *ip6 = (void *)(p->data + p->l3);
	uint8_t *addrs = p->v4 ? ip4->addrs : ip6->addrs, was[16];

	memmove(p->data + p->l3 + header, p->data + p->l4, len);
	memcpy(was, addrs, half);
	memcpy(addrs, addrs + half, half);
	memcpy(addrs + half, was, half);
	p->l4 = (uint16_t)(p->l3 + header);
	ends_at(p, p->l4 + len);
	if (!p->v4) {
		ip6->len = htons((uint16_t)len);
		ip6->next = IPPROTO_ICMPV6;
		ip6->hops = TTL;
		return;
	}
	ip4->version_ihl = 0x45;
	ip4->len = htons((uint16_t)(header + len));
	ip4->ttl = TTL;
	ip4->check = 0;
	ip4->check = (__sum16)~csum_fold(csum_add(0, ip4, header));
}

bool answer_echo(struct pkt *p, const uint8_t own[6])
{
	const struct wire_eth *eth = (const void *)p->data;
	struct wire_icmp *icmp = (void *)(p->data + p->l4);

	if (mac_is_multicast(eth->macs + 6) || mac_is_zero(eth->macs + 6))
		return false;
	type_change(icmp, p->v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
	ip_turn(p);
	send_to(p, eth->macs + 6, own);
	return true;
}
