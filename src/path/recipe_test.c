/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/recipe_test.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

enum {
	HEADERS_MAX = 16,
	PATCHES_MAX = 8,
	WORD_MAX = 256,
};

enum header_kind {
	HEADER_OTHER,
	HEADER_IP4,
	HEADER_IP6,
	HEADER_TCP,
	HEADER_UDP,
	HEADER_ICMP,
};

struct header {
	enum header_kind kind;
	uint32_t at;
	int32_t more; /* an IP header's lie about its length */
};

struct patch {
	uint32_t at, n;
	uint8_t byte[64];
};

struct recipe {
	uint8_t *frame;
	uint32_t len;
	uint32_t next; /* where the last IP header says what follows; 0: it is an EtherType */
	int ip;	       /* the last IP header; -1: none */
	bool hop;
	bool partial;
	struct header header[HEADERS_MAX];
	int n;
	struct patch put[PATCHES_MAX], raw[PATCHES_MAX];
	int n_put, n_raw;
	uint32_t pad, cut;
};

static void __attribute__((noreturn)) wrong(const char *word)
{
	fprintf(stderr, "recipe: '%s' isn't understood\n", word);
	exit(1);
}

static const struct {
	const char *who;
	uint8_t mac[6];
} mac_row[] = {
	{"director", {2, 0, 0, 0, 0, 1}},	 {"client", {2, 0, 0, 0, 0, 2}},
	{"server", {2, 0, 0, 0, 0, 3}},		 {"other", {2, 0, 0, 0, 0, 4}},
	{"all", {255, 255, 255, 255, 255, 255}}, {"many", {1, 0, 0x5e, 0, 0, 1}},
	{"nodes", {0x33, 0x33, 0, 0, 0, 1}},	 {"nobody", {0}},
};

const uint8_t *recipe_mac(const char *who)
{
	for (size_t i = 0; i < sizeof(mac_row) / sizeof(*mac_row); i++)
		if (!strcmp(mac_row[i].who, who))
			return mac_row[i].mac;
	wrong(who);
}

/* The sum of RFC 1071, byte by byte. */
static uint32_t plain_sum(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static uint8_t *header_add(struct recipe *r, enum header_kind kind, const void *data, uint32_t len)
{
	uint8_t *at = r->frame + r->len;

	if (r->n == HEADERS_MAX)
		wrong("too many headers");
	r->header[r->n++] = (struct header){kind, r->len, 0};
	memcpy(at, data, len);
	r->len += len;
	return at;
}

/* What comes now: a protocol for the IP header, an EtherType for Ethernet. */
static void follow(struct recipe *r, uint32_t proto, uint32_t ether)
{
	if (r->next)
		r->frame[r->next] = (uint8_t)proto;
	else
		put16(r->frame + r->len - 2, ether);
}

static uint32_t hex(const char *text, uint8_t *out)
{
	uint32_t n = 0;
	unsigned int byte;

	for (; text[2 * n] && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
		out[n] = (uint8_t)byte;
	return n;
}

static uint8_t *ip_at(const struct recipe *r)
{
	if (r->ip < 0)
		wrong("an IP header's word without one");
	return r->frame + r->header[r->ip].at;
}

static bool is_v4(const struct recipe *r)
{
	return r->header[r->ip].kind == HEADER_IP4;
}

static void addr_put(const char *text, bool v4, uint8_t *at)
{
	if (inet_pton(v4 ? AF_INET : AF_INET6, text, at) != 1)
		wrong(text);
}

static void ip_add(struct recipe *r, bool v4)
{
	struct wire_ip4 ip4 = {
		.version_ihl = 0x45, .ttl = 64, .addrs = {10, 0, 0, 1, 192, 168, 1, 222}};
	struct wire_ip6 ip6 = {.version_class = 0x60, .hops = 64, .next = IPPROTO_NONE};
	bool inner = r->ip >= 0;
	uint8_t *at;

	addr_put("2001:db8::1", false, ip6.addrs);
	addr_put("2001:db8::80", false, ip6.addrs + 16);
	if (!r->n || r->next >= r->header[r->n - 1].at) /* else it is layer 4's payload */
		follow(r, v4 ? IPPROTO_IPIP : IPPROTO_IPV6, v4 ? ETH_P_IP : ETH_P_IPV6);
	at = v4 ? header_add(r, HEADER_IP4, &ip4, sizeof(ip4))
		: header_add(r, HEADER_IP6, &ip6, sizeof(ip6));
	at[v4 ? 8 : 7] = (uint8_t)(at[v4 ? 8 : 7] - (r->hop && !inner));
	r->ip = r->n - 1;
	r->next = (uint32_t)(at - r->frame) + (v4 ? 9 : 6);
}

static void ip_option(struct recipe *r, const char *arg)
{
	uint32_t n = hex(arg, r->frame + r->len);

	ip_at(r)[0] = (uint8_t)(ip_at(r)[0] + n / 4);
	r->len += n;
}

/* A word of the last IP header. False: it isn't one. */
static bool ip_word(struct recipe *r, const char *word, const char *arg)
{
	uint32_t value = (uint32_t)strtoul(arg, NULL, 0);
	uint8_t *ip;

	if (!strcmp(word, "ip4") || !strcmp(word, "ip6")) {
		ip_add(r, word[2] == '4');
		return true;
	}
	if (r->ip < 0)
		return false;
	ip = ip_at(r);
	if (!strcmp(word, "src"))
		addr_put(arg, is_v4(r), ip + (is_v4(r) ? 12 : 8));
	else if (!strcmp(word, "dst"))
		addr_put(arg, is_v4(r), ip + (is_v4(r) ? 16 : 24));
	else if (!strcmp(word, "ttl"))
		ip[is_v4(r) ? 8 : 7] = (uint8_t)(value - (r->hop && r->n == r->ip + 1 && value));
	else if (!strcmp(word, "tos"))
		ip[1] = (uint8_t)value;
	else if (!strcmp(word, "id"))
		put16(ip + 4, value);
	else if (!strcmp(word, "df"))
		ip[6] |= 0x40;
	else if (!strcmp(word, "mf"))
		ip[6] |= 0x20;
	else if (!strcmp(word, "off"))
		put16(ip + 6, (uint32_t)(ip[6] & 0xe0) << 8 | value / 8);
	else if (!strcmp(word, "opt"))
		ip_option(r, arg);
	else if (!strcmp(word, "more"))
		r->header[r->ip].more = atoi(arg);
	else
		return false;
	return true;
}

static void ext_add(struct recipe *r, uint8_t proto, const uint8_t *data, uint32_t len)
{
	uint8_t *at;

	follow(r, proto, 0);
	at = header_add(r, HEADER_OTHER, data, len);
	r->next = (uint32_t)(at - r->frame);
}

/* Filled with PadN: two bytes, then zeros. */
static void ext_pad(struct recipe *r, const char *arg)
{
	uint8_t ext[2048] = {IPPROTO_NONE, 0, 1};
	uint32_t type = 0, len = 8;

	sscanf(arg, "%u,%u", &type, &len);
	ext[1] = (uint8_t)(len / 8 - 1);
	ext[3] = (uint8_t)(len - 4);
	ext_add(r, (uint8_t)type, ext, len);
}

static bool ext_word(struct recipe *r, const char *word, const char *arg)
{
	uint8_t ext[8] = {IPPROTO_NONE};
	uint32_t off = 0, more = 0, id = 0;

	if (!strcmp(word, "ext")) {
		ext_pad(r, arg);
		return true;
	}
	if (!strcmp(word, "rth")) {
		ext[2] = (uint8_t)atoi(arg);
		ext_add(r, IPPROTO_ROUTING, ext, sizeof(ext));
		return true;
	}
	if (strcmp(word, "frag") != 0)
		return false;
	sscanf(arg, "%u,%u,%u", &off, &more, &id);
	put16(ext + 2, off | more);
	put16(ext + 4, id >> 16);
	put16(ext + 6, id);
	ext_add(r, IPPROTO_FRAGMENT, ext, sizeof(ext));
	return true;
}

static uint8_t tcp_flags(const char *arg)
{
	static const char letter[] = "FSRPAU";
	uint8_t flags = 0;

	for (; *arg && *arg != '-'; arg++) {
		const char *at = strchr(letter, *arg);

		if (!at)
			wrong(arg);
		flags = (uint8_t)(flags | 1 << (at - letter));
	}
	return flags;
}

static bool l4_word(struct recipe *r, const char *word, const char *arg)
{
	const __be16 from = htons(1025), to = htons(80);
	struct wire_tcp tcp = {.ports = {from, to}, .offset = 5 << 4, .flags = tcp_flags("")};
	struct wire_udp udp = {.ports = {from, to}};
	struct wire_sctp sctp = {.ports = {from, to}, .tag = htonl(7), .check = htonl(9)};

	if (!strcmp(word, "tcp")) {
		tcp.flags = tcp_flags(arg);
		follow(r, IPPROTO_TCP, 0);
		header_add(r, HEADER_TCP, &tcp, sizeof(tcp));
	} else if (!strcmp(word, "udp")) {
		follow(r, IPPROTO_UDP, 0);
		header_add(r, HEADER_UDP, &udp, sizeof(udp));
	} else if (!strcmp(word, "sctp")) {
		follow(r, IPPROTO_SCTP, 0);
		header_add(r, HEADER_OTHER, &sctp, sizeof(sctp));
	} else if (!strcmp(word, "l4")) {
		follow(r, (uint32_t)atoi(arg), 0);
		header_add(r, HEADER_OTHER, "", 0);
	} else if (!strcmp(word, "sp") || !strcmp(word, "dp")) {
		put16(r->frame + r->header[r->n - 1].at + (*word == 'd' ? 2 : 0),
		      (uint32_t)atoi(arg));
	} else {
		return false;
	}
	return true;
}

static void nd_add(struct recipe *r, const char *arg)
{
	struct wire_nd nd = {0};
	char target[WORD_MAX];
	unsigned int type = 0, flags = 0;

	sscanf(arg, "%u,%255[^,],%x", &type, target, &flags);
	nd.type = (uint8_t)type;
	nd.flags = htonl(flags);
	addr_put(target, false, nd.target);
	follow(r, IPPROTO_ICMPV6, 0);
	header_add(r, HEADER_ICMP, &nd, sizeof(nd));
}

static void lla_add(struct recipe *r, const char *arg)
{
	struct wire_nd_option o = {.len = 1};
	char who[WORD_MAX];
	unsigned int type = 0;

	sscanf(arg, "%u,%255s", &type, who);
	o.type = (uint8_t)type;
	memcpy(o.mac, recipe_mac(who), 6);
	memcpy(r->frame + r->len, &o, sizeof(o));
	r->len += sizeof(o);
}

static void arp_add(struct recipe *r, const char *arg)
{
	struct wire_arp arp = {.hardware = htons(1),
			       .protocol = htons(ETH_P_IP),
			       .hardware_len = 6,
			       .protocol_len = 4};
	char who[2][WORD_MAX], addr[2][WORD_MAX];
	unsigned int op = 0;

	if (sscanf(arg, "%u,%255[^,],%255[^,],%255[^,],%255s", &op, who[0], addr[0], who[1],
		   addr[1]) != 5)
		wrong(arg);
	arp.op = htons((uint16_t)op);
	memcpy(arp.from_mac, recipe_mac(who[0]), 6);
	memcpy(arp.to_mac, recipe_mac(who[1]), 6);
	addr_put(addr[0], true, arp.from);
	addr_put(addr[1], true, arp.to);
	follow(r, 0, ETH_P_ARP);
	header_add(r, HEADER_OTHER, &arp, sizeof(arp));
}

static bool message_word(struct recipe *r, const char *word, const char *arg)
{
	struct wire_icmp icmp = {0};
	unsigned int type = 0, code = 0, rest = 0;

	if (!strcmp(word, "icmp")) {
		sscanf(arg, "%u,%u,%u", &type, &code, &rest);
		icmp.type = (uint8_t)type;
		icmp.code = (uint8_t)code;
		icmp.id = htons((uint16_t)(rest >> 16));
		icmp.mtu = htons((uint16_t)rest);
		ip_at(r);
		follow(r, is_v4(r) ? IPPROTO_ICMP : IPPROTO_ICMPV6, 0);
		header_add(r, HEADER_ICMP, &icmp, sizeof(icmp));
	} else if (!strcmp(word, "nd")) {
		nd_add(r, arg);
	} else if (!strcmp(word, "lla")) {
		lla_add(r, arg);
	} else if (!strcmp(word, "arp")) {
		arp_add(r, arg);
	} else {
		return false;
	}
	return true;
}

static bool ether_word(struct recipe *r, const char *word, const char *arg)
{
	uint8_t tag[4] = {0};
	unsigned int id = 0, prio = 0;

	if (!strcmp(word, "to") || !strcmp(word, "from")) {
		if (!r->hop)
			memcpy(r->frame + (*word == 'f' ? 6 : 0), recipe_mac(arg), 6);
	} else if (!strcmp(word, "vlan") || !strcmp(word, "ad")) {
		sscanf(arg, "%u,%u", &id, &prio);
		follow(r, 0, *word == 'a' ? ETH_P_8021AD : ETH_P_8021Q);
		put16(tag, prio << 13 | id);
		memcpy(r->frame + r->len, tag, sizeof(tag));
		r->len += sizeof(tag);
	} else if (!strcmp(word, "type")) {
		follow(r, 0, (uint32_t)strtoul(arg, NULL, 16));
	} else {
		return false;
	}
	return true;
}

static void patch_add(struct recipe *r, struct patch *patch, int *n, const char *arg)
{
	const char *comma = strchr(arg, ',');

	if (!comma || *n == PATCHES_MAX || !r->n)
		wrong(arg);
	patch[*n].at = r->header[r->n - 1].at + (uint32_t)atoi(arg);
	patch[*n].n = hex(comma + 1, patch[*n].byte);
	(*n)++;
}

static bool rest_word(struct recipe *r, const char *word, const char *arg)
{
	if (!strcmp(word, "pay"))
		for (int i = 0, n = atoi(arg); i < n; i++)
			r->frame[r->len++] = (uint8_t)(i * 7 + 1);
	else if (!strcmp(word, "hex"))
		r->len += hex(arg, r->frame + r->len);
	else if (!strcmp(word, "put"))
		patch_add(r, r->put, &r->n_put, arg);
	else if (!strcmp(word, "raw"))
		patch_add(r, r->raw, &r->n_raw, arg);
	else if (!strcmp(word, "partial"))
		r->partial = true;
	else if (!strcmp(word, "pad"))
		r->pad = (uint32_t)atoi(arg);
	else if (!strcmp(word, "cut"))
		r->cut = (uint32_t)atoi(arg);
	else
		return false;
	return true;
}

static void patch(uint8_t *frame, const struct patch *p, int n)
{
	for (; n; n--, p++)
		memcpy(frame + p->at, p->byte, p->n);
}

static void ip_length(const struct recipe *r, const struct header *h)
{
	uint32_t len = r->len - h->at + (uint32_t)h->more;

	if (h->kind == HEADER_IP4)
		put16(r->frame + h->at + 2, len);
	else
		put16(r->frame + h->at + 4, len - (uint32_t)sizeof(struct wire_ip6));
}

/* Of TCP, UDP and ICMPv6 with a pseudo header of the IP header before. */
static void l4_check(const struct recipe *r, const struct header *h, const struct header *ip)
{
	uint8_t *at = r->frame + h->at;
	uint32_t len = r->len - h->at, sum = len, field = 2;
	bool v4 = ip->kind == HEADER_IP4;

	if (h->kind == HEADER_TCP)
		field = 16;
	if (h->kind == HEADER_UDP)
		field = 6;
	sum += h->kind == HEADER_TCP   ? IPPROTO_TCP
	       : h->kind == HEADER_UDP ? IPPROTO_UDP
				       : IPPROTO_ICMPV6;
	sum = plain_sum(sum, r->frame + ip->at + (v4 ? 12 : 8), v4 ? 8 : 32);
	if (h->kind == HEADER_ICMP && v4)
		sum = 0;
	if (!r->partial)
		sum = ~plain_sum(sum, at, len) & 0xffff;
	put16(at + field, h->kind == HEADER_UDP && !sum ? 0xffff : sum);
}

/* From the last header to the first, since the outer checksums are over the inner ones. */
static void finish(struct recipe *r)
{
	for (int i = 0; i < r->n; i++) {
		const struct header *h = &r->header[i];

		if (h->kind == HEADER_IP4 || h->kind == HEADER_IP6)
			ip_length(r, h);
		if (h->kind == HEADER_UDP)
			put16(r->frame + h->at + 4, r->len - h->at);
	}
	patch(r->frame, r->put, r->n_put);
	for (int i = r->n - 1; i >= 0; i--) {
		const struct header *h = &r->header[i], *ip = h;
		uint8_t *at = r->frame + h->at;

		if (h->kind == HEADER_IP4)
			put16(at + 10, ~plain_sum(0, at, (at[0] & 15) * 4u) & 0xffff);
		if (h->kind < HEADER_TCP)
			continue;
		while (ip->kind != HEADER_IP4 && ip->kind != HEADER_IP6)
			ip--;
		l4_check(r, h, ip);
	}
	patch(r->frame, r->raw, r->n_raw);
	memset(r->frame + r->len, 0xee, r->pad);
	r->len += r->pad;
	r->len -= r->cut < r->len ? r->cut : r->len;
}

static uint32_t cook(const char *text, const uint8_t *macs, bool hop, uint8_t *frame)
{
	struct recipe r = {.frame = frame, .len = sizeof(struct wire_eth), .ip = -1, .hop = hop};
	char word[WORD_MAX];
	int n;

	memset(frame, 0, RECIPE_MAX);
	memcpy(frame, macs, 12);
	for (; sscanf(text, "%255s%n", word, &n) == 1; text += n) {
		char *colon = strchr(word, ':');
		const char *arg = colon ? colon + 1 : "";

		if (colon)
			*colon = 0;
		if (!ether_word(&r, word, arg) && !ip_word(&r, word, arg) &&
		    !ext_word(&r, word, arg) && !l4_word(&r, word, arg) &&
		    !message_word(&r, word, arg) && !rest_word(&r, word, arg))
			wrong(word);
	}
	finish(&r);
	return r.len;
}

uint32_t recipe_frame(const char *text, uint8_t *frame)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

	return cook(text, macs, false, frame);
}

uint32_t recipe_forwarded(const char *text, const uint8_t macs[12], uint8_t *frame)
{
	return cook(text, macs, true, frame);
}
