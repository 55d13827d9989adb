/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/icmp_error.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"
#include "path/classify.h"
#include "path/tuple.h"

enum {
	NS_PER_S = 1000000000,
	TTL = 64,
	TOS = 0xc0, /* internetwork control: RFC 1812 4.3.2.5 */
	ERROR4_MAX = 576,
	ERROR6_MAX = 1280,
};

bool icmp_limit_take(struct icmp_limit *l, uint64_t now)
{
	uint64_t cost = l->rate ? NS_PER_S / l->rate : 0, full = cost * ICMP_ERROR_BURST;

	if (!cost)
		return false;
	l->credit += now - l->at;
	l->at = now;
	if (l->credit > full)
		l->credit = full;
	if (l->credit < cost)
		return false;
	l->credit -= cost;
	return true;
}

/* Those that ask something; all others may be errors, of types to come too. */
static bool icmp4_is_query(uint8_t type)
{
	return type == ICMP_ECHO || type == ICMP_ECHOREPLY ||
	       (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
}

static bool icmp6_is_informational(uint8_t type)
{
	return type & ICMP6_INFOMSG_MASK && type != ND_REDIRECT;
}

bool icmp_error_allowed(const struct pkt *p)
{
	const struct wire_ip4 *ip4 = (const void *)(p->data + p->l3);
	const struct wire_ip6 *ip6 = (const void *)(p->data + p->l3);
	const uint8_t *l4 = p->data + p->l4;

	if (p->kind != PKT_FLOW && p->kind != PKT_ECHO &&
	    !(p->kind == PKT_FRAGMENT && !p->frag_off))
		return false;
	if (mac_is_multicast(p->data) || mac_is_multicast(p->data + 6) || classify_martian(p))
		return false;
	if (p->v4)
		return ip4->addrs[4] < 224 && (p->proto != IPPROTO_ICMP || icmp4_is_query(*l4));
	return ip6->addrs[16] != 0xff &&
	       (p->proto != IPPROTO_ICMPV6 || icmp6_is_informational(*l4));
}

/* The checksums of the whole: len bytes of ICMP message behind the IP header. */
static void finish4(struct wire_ip4 *ip, struct wire_icmp *icmp, uint32_t len)
{
	ip->check = (__sum16)~csum_fold(csum_add(0, ip, sizeof(*ip)));
	icmp->check = (__sum16)~csum_fold(csum_add(0, icmp, len));
}

static void make4(uint8_t *l3, enum icmp_error what, uint32_t mtu, uint32_t len, __be32 from,
		  const uint8_t to[4])
{
	struct wire_icmp icmp = {.type = ICMP_TIME_EXCEEDED, .code = ICMP_EXC_TTL};
	struct wire_ip4 ip = {
		.version_ihl = 0x45,
		.tos = TOS,
		.len = htons((uint16_t)(sizeof(ip) + len)),
		.frag = htons(IP_DF), /* so that it needs no id of its own: RFC 6864 */
		.ttl = TTL,
		.proto = IPPROTO_ICMP,
	};

	memcpy(ip.addrs, &from, sizeof(from));
	memcpy(ip.addrs + 4, to, 4);
	if (what == ICMP_ERROR_TOO_BIG)
		icmp = (struct wire_icmp){
			.type = ICMP_UNREACH,
			.code = ICMP_UNREACH_NEEDFRAG,
			.mtu = htons((uint16_t)mtu),
		};
	memcpy(l3, &ip, sizeof(ip));
	memcpy(l3 + sizeof(ip), &icmp, sizeof(icmp));
	finish4((void *)l3, (void *)(l3 + sizeof(ip)), len);
}

static void make6(uint8_t *l3, enum icmp_error what, uint32_t mtu, uint32_t len,
		  const struct addr *from, const uint8_t to[16])
{
	struct wire_icmp icmp = {.type = ICMP6_TIME_EXCEEDED},
			 *at = (void *)(l3 + sizeof(struct wire_ip6));
	struct wire_ip6 ip = {
		.version_class = 0x60,
		.len = htons((uint16_t)len),
		.next = IPPROTO_ICMPV6,
		.hops = TTL,
	};
	uint32_t sum;

	memcpy(ip.addrs, from->b, 16);
	memcpy(ip.addrs + 16, to, 16);
	if (what == ICMP_ERROR_TOO_BIG)
		icmp = (struct wire_icmp){
			.type = ICMP6_PACKET_TOO_BIG,
			.id = htons((uint16_t)(mtu >> 16)),
			.mtu = htons((uint16_t)mtu),
		};
	memcpy(l3, &ip, sizeof(ip));
	memcpy(at, &icmp, sizeof(icmp));
	sum = csum_pseudo(ip.addrs, sizeof(ip.addrs), IPPROTO_ICMPV6, len);
	at->check = (__sum16)~csum_fold(csum_add(sum, at, len));
}

/* The packet stays where it is and becomes the quote; the frame begins further in front. */
void icmp_error_make(struct pkt *p, enum icmp_error what, uint32_t mtu, const struct addr *from,
		     const uint8_t own[6])
{
	uint32_t ip = p->v4 ? sizeof(struct wire_ip4) : sizeof(struct wire_ip6);
	uint32_t grow = ip + (uint32_t)sizeof(struct wire_icmp);
	uint32_t most = (p->v4 ? ERROR4_MAX : ERROR6_MAX) - grow,
		 quote = (uint32_t)(p->end - p->l3);
	uint8_t to[16], mac[6];

	memcpy(to, p->data + p->l3 + (p->v4 ? 12 : 8), p->v4 ? 4 : 16);
	memcpy(mac, p->data + 6, sizeof(mac));
	if (quote > most)
		quote = most;
	memmove(p->data - grow, p->data, p->l3);
	p->data -= grow;
	p->addr -= grow;
	memcpy(p->data, mac, sizeof(mac));
	memcpy(p->data + 6, own, 6);
	if (p->v4)
		make4(p->data + p->l3, what, mtu, grow - ip + quote, from->w[3], to);
	else
		make6(p->data + p->l3, what, mtu, grow - ip + quote, from, to);
	p->l4 = (uint16_t)(p->l3 + ip);
	p->end = (uint16_t)(p->l3 + grow + quote);
	p->len = p->end;
	p->proto = p->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	p->tcp_flags = 0;
	p->kind = PKT_FLOW;
}

bool icmp_error_return(struct pkt *p, const struct backend *self, struct icmp_limit *limit,
		       uint64_t now)
{
	bool too_big = p->drop == DROP_TOO_BIG;
	uint32_t mtu = too_big ? p->mtu : 0;
	struct addr from;

	if (!icmp_error_allowed(p) || !icmp_limit_take(limit, now))
		return false;
	from = tuple_destination(p);
	icmp_error_make(p, too_big ? ICMP_ERROR_TOO_BIG : ICMP_ERROR_TIME, mtu, &from,
			self->macs + 6);
	p->drop = DROP_NONE;
	p->kind = PKT_ANSWER;
	p->backend = self;
	return true;
}
