/* SPDX-License-Identifier: BSD-2-Clause */
#include "valid_test.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "base/wire.h"

/* RFC 1071 as it is written there; not the code under test. */
static uint16_t sum(uint32_t start, const uint8_t *p, size_t len)
{
	uint64_t s = start;

	for (size_t i = 0; i + 1 < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (len % 2)
		s += (uint32_t)p[len - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static const char *ip4(const uint8_t *p, size_t len, struct valid_frame *v)
{
	struct wire_ip4 ip;

	memcpy(&ip, p, sizeof(ip));
	if (ip.version_ihl != 0x45 || !ip.ttl || ntohs(ip.frag) != 0x4000)
		return "IPv4 header";
	if (ntohs(ip.len) != len)
		return "IPv4 length";
	if (sum(0, p, sizeof(ip)) != 0xffff)
		return "IPv4 checksum";
	memcpy(v->src, ip.addrs, 4);
	memcpy(v->dst, ip.addrs + 4, 4);
	v->proto = ip.proto;
	return NULL;
}

static const char *ip6(const uint8_t *p, size_t len, struct valid_frame *v)
{
	struct wire_ip6 ip;

	memcpy(&ip, p, sizeof(ip));
	if (ip.version_class != 0x60 || !ip.hops)
		return "IPv6 header";
	if (ntohs(ip.len) + sizeof(ip) != len)
		return "IPv6 length";
	memcpy(v->src, ip.addrs, 16);
	memcpy(v->dst, ip.addrs + 16, 16);
	v->proto = ip.next;
	return NULL;
}

static const char *tcp(const uint8_t *l4, struct valid_frame *v)
{
	v->seq = get32(l4 + 4);
	v->ns = get32(l4 + 8);
	v->flags = l4[13];
	v->check = get16(l4 + 16);
	v->tag = get32(l4 + 20);
	v->lane = get16(l4 + 24);
	return l4[12] == 0x50 ? NULL : "TCP header length";
}

static const char *udp(const uint8_t *l4, size_t len, struct valid_frame *v)
{
	v->check = get16(l4 + 6);
	v->seq = get32(l4 + 8);
	v->ns = get32(l4 + 12);
	v->tag = get32(l4 + 16);
	v->lane = get16(l4 + 20);
	if (get16(l4 + 4) != len)
		return "UDP length";
	return v->check ? NULL : "UDP checksum 0";
}

static const char *l4(const uint8_t *p, size_t len, size_t addrs, const uint8_t *l4,
		      struct valid_frame *v)
{
	size_t l4_len = (size_t)(p + len - l4), used = v->proto == IPPROTO_TCP ? 26 : 22;
	const char *wrong;

	if (v->proto != IPPROTO_TCP && v->proto != IPPROTO_UDP)
		return "protocol";
	if (l4_len < used)
		return "no room for the stamp";
	if (sum(sum(v->proto + (uint32_t)l4_len, l4 - addrs, addrs), l4, l4_len) != 0xffff)
		return "TCP or UDP checksum";
	v->sport = get16(l4);
	v->dport = get16(l4 + 2);
	wrong = v->proto == IPPROTO_TCP ? tcp(l4, v) : udp(l4, l4_len, v);
	for (size_t i = used; !wrong && i < l4_len; i++)
		if (l4[i])
			wrong = "payload not 0";
	return wrong;
}

const char *valid_frame(const void *frame, size_t len, struct valid_frame *out)
{
	const uint8_t *p = (const uint8_t *)frame + sizeof(struct wire_eth);
	const char *wrong;
	struct wire_eth eth;

	if (len < 60)
		return "too short for Ethernet";
	memcpy(&eth, frame, sizeof(eth));
	len -= sizeof(eth);
	if (eth.type == htons(ETH_P_IP)) {
		wrong = ip4(p, len, out);
		return wrong ? wrong : l4(p, len, 8, p + 20, out);
	}
	if (eth.type != htons(ETH_P_IPV6))
		return "ethertype";
	wrong = ip6(p, len, out);
	return wrong ? wrong : l4(p, len, 32, p + 40, out);
}
