/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames for tests, with their checksums computed the plain way of RFC 1071. */
#ifndef SHUNT_PATH_CRAFT_TEST_H
#define SHUNT_PATH_CRAFT_TEST_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/wire.h"
#include "path/burst.h"

enum {
	CRAFT_MAX = 2048
};

struct craft {
	bool v6, vlan, udp;
	bool partial;	  /* leaves the checksum to its NIC */
	uint8_t flags;	  /* TCP; 0: ACK */
	uint8_t ttl;	  /* 0: 64 */
	uint16_t client;  /* which: address and port */
	uint16_t port;	  /* of the service; 0: 80 */
	uint32_t options; /* bytes of IPv4 options; a multiple of 4 */
	uint32_t payload, padding;
};

/* The sum of a whole header, checksum field included: 0xffff when that is right. */
static inline uint16_t craft_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static inline uint32_t craft_l3(const struct craft *c)
{
	return sizeof(struct wire_eth) + (c->vlan ? sizeof(struct wire_vlan) : 0);
}

static inline uint32_t craft_l4(const struct craft *c)
{
	uint32_t ip4 = sizeof(struct wire_ip4) + c->options;

	return craft_l3(c) + (c->v6 ? (uint32_t)sizeof(struct wire_ip6) : ip4);
}

/* The pseudo header's sum over a crafted frame's addresses. */
static inline uint16_t craft_pseudo(const struct craft *c, const uint8_t *frame, uint32_t l4_len)
{
	uint32_t addrs = c->v6 ? 32 : 8;
	uint32_t at = craft_l3(c) +
		      (c->v6 ? offsetof(struct wire_ip6, addrs) : offsetof(struct wire_ip4, addrs));

	return craft_sum(l4_len + (c->udp ? IPPROTO_UDP : IPPROTO_TCP), frame + at, addrs);
}

static inline void craft_ip4(const struct craft *c, uint8_t *at, uint32_t l4_len)
{
	uint32_t header = sizeof(struct wire_ip4) + c->options;
	struct wire_ip4 ip = {
		.version_ihl = (uint8_t)(0x40 | header / 4),
		.len = htons((uint16_t)(header + l4_len)),
		.ttl = c->ttl ? c->ttl : 64,
		.proto = c->udp ? IPPROTO_UDP : IPPROTO_TCP,
		.addrs = {10, 0, (uint8_t)(c->client >> 8), (uint8_t)c->client, 192, 168, 1, 222},
	};

	memset(at + sizeof(ip), 1, c->options); /* no operation */
	memcpy(at, &ip, sizeof(ip));
	ip.check = htons((uint16_t)~craft_sum(0, at, header));
	memcpy(at, &ip, sizeof(ip));
}

static inline void craft_ip6(const struct craft *c, uint8_t *at, uint32_t l4_len)
{
	struct wire_ip6 ip = {
		.version_class = 0x60,
		.len = htons((uint16_t)l4_len),
		.next = c->udp ? IPPROTO_UDP : IPPROTO_TCP,
		.hops = c->ttl ? c->ttl : 64,
		.addrs = {0x20, 1, 0xd, 0xb8, [13] = 1, [14] = (uint8_t)(c->client >> 8),
			  [15] = (uint8_t)c->client, [16] = 0x20, 1, 0xd, 0xb8, [31] = 0x80},
	};

	memcpy(at, &ip, sizeof(ip));
}

/* Its checksum field is left 0. Returns the field's offset. */
static inline uint32_t craft_ports(const struct craft *c, uint8_t *at, uint32_t l4_len)
{
	__be16 from = htons((uint16_t)(1024 + c->client)), to = htons(c->port ? c->port : 80);
	struct wire_tcp tcp = {
		.ports = {from, to}, .offset = 5 << 4, .flags = c->flags ? c->flags : TH_ACK};
	struct wire_udp udp = {.ports = {from, to}, .len = htons((uint16_t)l4_len)};

	if (c->udp)
		memcpy(at, &udp, sizeof(udp));
	else
		memcpy(at, &tcp, sizeof(tcp));
	return c->udp ? offsetof(struct wire_udp, check) : offsetof(struct wire_tcp, check);
}

/* Writes the frame into buf of CRAFT_MAX bytes. Returns its length. */
static inline uint32_t craft_frame(const struct craft *c, uint8_t *buf)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	__be16 tag[] = {htons(ETH_P_8021Q), htons(5)}, type = htons(c->v6 ? ETH_P_IPV6 : ETH_P_IP);
	uint32_t header = c->udp ? sizeof(struct wire_udp) : sizeof(struct wire_tcp);
	uint32_t l3 = craft_l3(c), l4 = craft_l4(c), l4_len = header + c->payload, field;
	uint16_t sum;

	memcpy(buf, macs, sizeof(macs));
	memcpy(buf + sizeof(macs), tag, sizeof(tag));
	memcpy(buf + l3 - sizeof(type), &type, sizeof(type));
	if (c->v6)
		craft_ip6(c, buf + l3, l4_len);
	else
		craft_ip4(c, buf + l3, l4_len);
	field = craft_ports(c, buf + l4, l4_len);
	for (uint32_t i = 0; i < c->payload; i++)
		buf[l4 + header + i] = (uint8_t)(i * 7 + c->client);
	memset(buf + l4 + l4_len, 0xee, c->padding);
	sum = craft_pseudo(c, buf, l4_len);
	if (!c->partial)
		sum = (uint16_t)~craft_sum(sum, buf + l4, l4_len);
	if (c->udp && !sum)
		sum = 0xffff;
	sum = htons(sum);
	memcpy(buf + l4 + field, &sum, sizeof(sum));
	return l4 + l4_len + c->padding;
}

#endif
