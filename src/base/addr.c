/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct addr addr_v4(__be32 a)
{
	return (struct addr){.w = {0, 0, htonl(0xffff), a}};
}

bool addr_is_v4(const struct addr *a)
{
	return a->q[0] == 0 && a->w[2] == htonl(0xffff);
}

bool addr_is_loopback(const struct addr *a)
{
	static const struct addr v6 = {.b = {[15] = 1}};

	return addr_is_v4(a) ? a->b[12] == 127 : addr_equal(a, &v6);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

int addr_parse(const char *text, struct addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		*out = addr_v4(v4.s_addr);
		return 0;
	}
	return inet_pton(AF_INET6, text, out->b) == 1 ? 0 : -EINVAL;
}

int port_parse(const char *text, __be16 *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > 65535)
		return -EINVAL;
	*out = htons((uint16_t)v);
	return 0;
}

const char *addr_text(const struct addr *a, char *buf)
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, &a->w[3], buf, ADDR_TEXT);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT);
	return buf;
}

const char *host_text(const struct addr *a, __be16 port, char *buf)
{
	char text[INET6_ADDRSTRLEN];
	bool v4 = addr_is_v4(a);

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? (const void *)&a->w[3] : a->b, text, sizeof(text));
	snprintf(buf, ADDR_TEXT, v4 ? "%s:%u" : "[%s]:%u", text, ntohs(port));
	return buf;
}

int addr_port_parse(const char *text, struct addr *addr, __be16 *port)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
	int err;

	if (!len || len >= sizeof(host) || port_parse(colon + 1, port))
		return -EINVAL;
	if (brackets)
		len -= 2;
	memcpy(host, text + brackets, len);
	host[len] = '\0';
	err = addr_parse(host, addr);
	return err || brackets != addr_is_v4(addr) ? err : -EINVAL;
}

const char *mac_text(const uint8_t mac[6], char *buf)
{
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return buf;
}

static const struct {
	const char *name;
	uint8_t proto;
} protos[] = {{"tcp", IPPROTO_TCP}, {"udp", IPPROTO_UDP}, {"sctp", IPPROTO_SCTP}, {"any", 0}};

const char *proto_text(uint8_t proto)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (protos[i].proto == proto)
			return protos[i].name;
	}
	return "?";
}

int proto_parse(const char *text, uint8_t *out)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(*protos); i++) {
		if (strcmp(protos[i].name, text))
			continue;
		*out = protos[i].proto;
		return 0;
	}
	return -EINVAL;
}

unsigned int addr_bits(const struct addr *a)
{
	return addr_is_v4(a) ? 32 : 128;
}

bool addr_is_prefix(const struct addr *a, unsigned int prefix)
{
	for (unsigned int bit = prefix; bit < 128; bit++) {
		if (a->b[bit / 8] & 0x80 >> bit % 8)
			return false;
	}
	return true;
}

bool mac_is_zero(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return !memcmp(mac, zero, sizeof(zero));
}

bool mac_is_multicast(const uint8_t mac[6])
{
	return mac[0] & 1;
}
