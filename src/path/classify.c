/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/classify.h"

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/addr.h"
#include "base/csum.h"
#include "base/wire.h"

enum {
	PROTO_HIP = 139,
	PROTO_SHIM6 = 140,
	OPTION_LSRR = 131,
	OPTION_SSRR = 137,
	PACKET_MAX = 65535,
	QUOTED_L4 = 8, /* an ICMP error shows so much of layer 4, at least (RFC 792) */
};

/* Where IP headers lead to. */
struct layer {
	uint32_t l4;
	uint32_t
		piece; /* where a fragment's part of its packet begins: IPv6 headers may be in it */
	uint8_t proto;
	bool fragment;	/* off or more isn't 0 */
	bool has_frag6; /* a fragment header was met */
	bool more;
	uint16_t off;
	__be32 id;
};

static bool is_extension(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return true;
	}
	return false;
}

/* The least that a protocol's header has in its first fragment; 0: doesn't matter. */
static uint32_t l4_least(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return sizeof(struct wire_tcp);
	case IPPROTO_UDP:
		return sizeof(struct wire_udp);
	case IPPROTO_SCTP:
		return sizeof(struct wire_sctp);
	}
	return 0;
}

/* An IPv4 header within [l3, end): its own fields only. */
static enum drop walk_ip4(const uint8_t *data, uint32_t l3, uint32_t end, struct layer *l)
{
	const struct wire_ip4 *ip = (const void *)(data + l3);
	uint16_t frag;

	if (end < l3 + sizeof(*ip))
		return DROP_SHORT;
	if (ip->version_ihl < 0x45 || ip->version_ihl > 0x4f)
		return DROP_BAD_IP;
	frag = ntohs(ip->frag);
	*l = (struct layer){
		.l4 = l3 + (ip->version_ihl & 15) * 4u,
		.proto = ip->proto,
		.fragment = frag & (IP_MF | IP_OFFMASK),
		.more = frag & IP_MF,
		.off = (uint16_t)((frag & IP_OFFMASK) * 8),
		.id = ip->id,
	};
	l->piece = l->l4;
	return l->l4 > end ? DROP_BAD_IP : DROP_NONE;
}

static enum drop walk_frag6(const struct wire_ip6_frag *frag, struct layer *l)
{
	uint16_t offset = ntohs(frag->offset);

	if (l->has_frag6)
		return DROP_FRAG_BAD;
	l->has_frag6 = true;
	l->off = offset & 0xfff8;
	l->more = offset & 1;
	l->fragment = l->off || l->more; /* else atomic: a whole packet (RFC 6946) */
	l->id = frag->id;
	l->piece = l->l4 + (uint32_t)sizeof(*frag);
	return DROP_NONE;
}

/* Steps over the extension header at l->l4. */
static enum drop walk_extension(const uint8_t *data, uint32_t end, struct layer *l)
{
	const struct wire_ip6_ext *ext = (const void *)(data + l->l4);
	uint32_t size = sizeof(*ext);
	enum drop why = DROP_NONE;

	if (end - l->l4 < size)
		return DROP_SHORT;
	if (l->proto == IPPROTO_FRAGMENT)
		why = walk_frag6((const void *)ext, l);
	else
		size = (ext->len + 1u) * 8;
	if (size > end - l->l4)
		return DROP_SHORT;
	if (l->proto == IPPROTO_ROUTING && ext->data[0] == 0)
		why = DROP_SOURCE_ROUTE; /* RFC 5095 */
	l->proto = ext->next;
	l->l4 += size;
	return why;
}

/* An IPv6 header and its extension headers within [l3, end). A later fragment ends the walk: what
 * is behind its header isn't one. */
static enum drop walk_ip6(const uint8_t *data, uint32_t l3, uint32_t end, struct layer *l)
{
	const struct wire_ip6 *ip = (const void *)(data + l3);
	uint32_t first = l3 + sizeof(*ip);
	enum drop why = DROP_NONE;

	if (end < first)
		return DROP_SHORT;
	if (ip->version_class >> 4 != 6)
		return DROP_BAD_IP;
	*l = (struct layer){.l4 = first, .proto = ip->next};
	for (uint32_t n = 0; !why && !l->off && is_extension(l->proto); n++) {
		if (n == CLASSIFY_EXTENSIONS)
			return DROP_EXTENSIONS;
		why = walk_extension(data, end, l);
		if (!why && l->l4 - first > CLASSIFY_EXTENSION_BYTES)
			why = DROP_EXTENSIONS;
	}
	return why;
}

static enum drop check_tcp(struct pkt *p, uint32_t room)
{
	const struct wire_tcp *tcp = (const void *)(p->data + p->l4);
	uint32_t header;

	if (room < sizeof(*tcp))
		return DROP_SHORT;
	header = (tcp->offset >> 4) * 4u;
	if (header < sizeof(*tcp) || header > room)
		return DROP_BAD_L4;
	p->tcp_flags = tcp->flags;
	return classify_flags_absurd(tcp->flags) ? DROP_TCP_FLAGS : DROP_NONE;
}

/* whole: not a first fragment, whose datagram is longer than itself. */
static enum drop check_udp(const struct pkt *p, uint32_t room, bool whole)
{
	const struct wire_udp *udp = (const void *)(p->data + p->l4);
	uint32_t len;

	if (room < sizeof(*udp))
		return DROP_SHORT;
	len = ntohs(udp->len);
	return len < sizeof(*udp) || (whole && len > room) ? DROP_BAD_L4 : DROP_NONE;
}

/* The header at l4. */
static enum drop check_l4(struct pkt *p, bool whole)
{
	uint32_t room = (uint32_t)(p->end - p->l4);

	if (p->proto == IPPROTO_TCP)
		return check_tcp(p, room);
	if (p->proto == IPPROTO_UDP)
		return check_udp(p, room, whole);
	return room < l4_least(p->proto) ? DROP_SHORT : DROP_NONE;
}

static const uint8_t *ip_addrs(const struct pkt *p, uint32_t l3)
{
	return p->data + l3 +
	       (p->v4 ? offsetof(struct wire_ip4, addrs) : offsetof(struct wire_ip6, addrs));
}

static uint32_t addr_len(const struct pkt *p)
{
	return p->v4 ? 4 : 16;
}

/* An IPv4-mapped address on the wire would be taken for the IPv4 address. */
static bool is_mapped(const uint8_t *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	return !memcmp(addr, mapped, sizeof(mapped));
}

/* Addresses that no client can have (RFC 1812 5.3.7, RFC 6890). */
static bool addr_absurd(const uint8_t *addr, bool v4)
{
	static const uint8_t compatible[12];

	if (v4)
		return addr[0] == 0 || addr[0] == 127 || addr[0] >= 224;
	return addr[0] == 0xff || !memcmp(addr, compatible, sizeof(compatible)) || is_mapped(addr);
}

bool classify_martian(const struct pkt *p)
{
	const uint8_t *src = ip_addrs(p, p->l3), *dst = src + addr_len(p);

	return !memcmp(src, dst, addr_len(p)) || addr_absurd(src, p->v4) ||
	       (!p->v4 && is_mapped(dst));
}

/* What no reassembly would take: nothing in it, beyond a packet's greatest length, a piece that
 * leaves a gap of its own making; and those whose only use is to slip a header past a filter
 * (RFC 1858, RFC 3128): a first one without its whole header, a later one that reaches into it. */
static enum drop classify_fragment(struct pkt *p, const struct layer *l)
{
	uint32_t room = p->end - l->piece, before = p->v4 ? (uint32_t)(p->l4 - p->l3) : 0;
	enum drop why;

	p->kind = PKT_FRAGMENT;
	p->frag_id = l->id;
	p->frag_off = l->off;
	p->frag_more = l->more;
	p->frag_skip = (uint8_t)((l->l4 - l->piece) / 8);
	if (p->end == p->l4 || before + l->off + room > PACKET_MAX || (l->more && room % 8))
		return DROP_FRAG_BAD;
	if (l->off)
		return l->off < l4_least(p->proto) ? DROP_FRAG_BAD : DROP_NONE;
	why = check_l4(p, false);
	return why == DROP_SHORT || why == DROP_BAD_L4 ? DROP_FRAG_BAD : why;
}

/* No link's MTU is that small, but an attacker can make a server believe so. */
static bool mtu_absurd(const struct pkt *p, const struct wire_icmp *icmp)
{
	uint32_t mtu;

	if (p->v4)
		return icmp->type == ICMP_UNREACH && icmp->code == ICMP_UNREACH_NEEDFRAG &&
		       ntohs(icmp->mtu) < CLASSIFY_MTU4;
	memcpy(&mtu, &icmp->id, sizeof(mtu));
	return icmp->type == ICMP6_PACKET_TOO_BIG && ntohl(mtu) < CLASSIFY_MTU6;
}

/* An error is about a packet that left a server for a client, with the address that the error came
 * to. */
static enum drop classify_error(struct pkt *p, const struct wire_icmp *icmp)
{
	uint32_t inner = p->l4 + sizeof(*icmp), len = addr_len(p);
	struct layer l;
	enum drop why;

	p->kind = PKT_ICMP_ERROR;
	why = p->v4 ? walk_ip4(p->data, inner, p->end, &l) : walk_ip6(p->data, inner, p->end, &l);
	if (why || memcmp(ip_addrs(p, inner), ip_addrs(p, p->l3) + len, len))
		return DROP_ICMP;
	if (addr_absurd(ip_addrs(p, inner) + len, p->v4))
		return DROP_ICMP;
	if (!l.off && p->end - l.l4 < QUOTED_L4)
		return DROP_ICMP;
	p->inner = (uint16_t)inner;
	p->inner_l4 = (uint16_t)(l.off ? 0 : l.l4);
	p->inner_proto = l.proto;
	return mtu_absurd(p, icmp) ? DROP_ICMP_MTU : DROP_NONE;
}

static bool unspecified6(const uint8_t *addr)
{
	static const uint8_t none[16];

	return !memcmp(addr, none, sizeof(none));
}

/* Every option has a length; without a source address there is no source link-layer address. */
static bool solicit_options_ok(const struct pkt *p, bool anonymous)
{
	const struct wire_nd_option *o;
	uint32_t at = p->l4 + sizeof(struct wire_nd);

	for (; at < p->end; at += o->len * 8u) {
		o = (const void *)(p->data + at);
		if (at + sizeof(*o) > p->end || !o->len || at + o->len * 8u > p->end)
			return false;
		if (o->type == ND_OPT_SOURCE_LINKADDR && (anonymous || o->len != 1))
			return false;
	}
	return true;
}

/* RFC 4861, 7.1.1; RFC 6980: never a fragment, not even an atomic one. */
static enum drop classify_solicit(struct pkt *p, const struct layer *l)
{
	const struct wire_ip6 *ip = (const void *)(p->data + p->l3);
	const struct wire_nd *ns = (const void *)(p->data + p->l4);
	static const uint8_t solicited[13] = {0xff, 2, [11] = 1, 0xff};
	bool anonymous = unspecified6(ip->addrs);
	uint32_t len = (uint32_t)(p->end - p->l4), sum;

	p->kind = PKT_SOLICIT;
	if (len < sizeof(*ns) || ip->hops != 255 || ns->code || ns->target[0] == 0xff)
		return DROP_ICMP;
	if (l->has_frag6 || ip->addrs[0] == 0xff || !solicit_options_ok(p, anonymous))
		return DROP_ICMP;
	if (anonymous && memcmp(ip->addrs + 16, solicited, sizeof(solicited)))
		return DROP_ICMP;
	sum = csum_pseudo(ip->addrs, sizeof(ip->addrs), IPPROTO_ICMPV6, len);
	return csum_fold(csum_add(sum, ns, len)) == 0xffff ? DROP_NONE : DROP_ICMP;
}

struct icmp_row {
	bool v4;
	uint8_t type;
	uint8_t kind; /* enum pkt_kind */
};

/* All others are as a protocol without ports. */
static const struct icmp_row icmp_row[] = {
	{true, ICMP_UNREACH, PKT_ICMP_ERROR},	      {true, ICMP_TIMXCEED, PKT_ICMP_ERROR},
	{true, ICMP_PARAMPROB, PKT_ICMP_ERROR},	      {true, ICMP_ECHO, PKT_ECHO},
	{false, ICMP6_DST_UNREACH, PKT_ICMP_ERROR},   {false, ICMP6_PACKET_TOO_BIG, PKT_ICMP_ERROR},
	{false, ICMP6_TIME_EXCEEDED, PKT_ICMP_ERROR}, {false, ICMP6_PARAM_PROB, PKT_ICMP_ERROR},
	{false, ICMP6_ECHO_REQUEST, PKT_ECHO},	      {false, ND_NEIGHBOR_SOLICIT, PKT_SOLICIT},
};

static enum drop classify_icmp(struct pkt *p, const struct layer *l)
{
	const struct wire_icmp *icmp = (const void *)(p->data + p->l4);
	const struct icmp_row *row = icmp_row, *end = row + sizeof(icmp_row) / sizeof(*row);

	if (p->end - p->l4 < (int)sizeof(*icmp))
		return DROP_SHORT;
	while (row < end && (row->v4 != p->v4 || row->type != icmp->type))
		row++;
	if (row == end)
		return DROP_NONE;
	p->kind = row->kind;
	if (row->kind == PKT_ICMP_ERROR)
		return classify_error(p, icmp);
	return row->kind == PKT_SOLICIT ? classify_solicit(p, l) : DROP_NONE;
}

/* Behind the IP headers. */
static enum drop classify_rest(struct pkt *p, const struct layer *l)
{
	enum drop why;

	p->l4 = (uint16_t)l->l4;
	p->proto = l->proto;
	if (l->fragment)
		why = classify_fragment(p, l);
	else if (p->proto == (p->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		why = classify_icmp(p, l);
	else
		why = check_l4(p, true);
	if (!why && p->kind != PKT_SOLICIT && classify_martian(p))
		why = DROP_MARTIAN;
	return why;
}

/* len: bytes of options at o. */
static enum drop check_options(const uint8_t *o, uint32_t len)
{
	while (len && *o != IPOPT_EOL) {
		uint32_t size = 1;

		if (*o == OPTION_LSRR || *o == OPTION_SSRR)
			return DROP_SOURCE_ROUTE;
		if (*o != IPOPT_NOP)
			size = len < 2 ? 0 : o[1];
		if (size > len || (*o != IPOPT_NOP && size < 2))
			return DROP_BAD_IP;
		o += size;
		len -= size;
	}
	return DROP_NONE;
}

static bool header_sum_right(const struct wire_ip4 *ip, uint32_t len)
{
	return csum_fold(csum_add(0, ip, len)) == 0xffff;
}

/* l3: where the IP header begins; len: where the frame ends. */
static enum drop classify_ip4(struct pkt *p, uint32_t l3, uint32_t len)
{
	const struct wire_ip4 *ip = (const void *)(p->data + l3);
	struct layer l;
	enum drop why;
	uint32_t end;

	p->v4 = true;
	why = walk_ip4(p->data, l3, len, &l);
	if (why)
		return why;
	end = l3 + ntohs(ip->len);
	if (end < l.l4 || end > len)
		return DROP_BAD_IP;
	p->end = (uint16_t)end;
	if (!header_sum_right(ip, l.l4 - l3))
		return DROP_BAD_CHECK;
	why = check_options((const uint8_t *)(ip + 1), l.l4 - l3 - (uint32_t)sizeof(*ip));
	return why ? why : classify_rest(p, &l);
}

static enum drop classify_ip6(struct pkt *p, uint32_t l3, uint32_t len)
{
	const struct wire_ip6 *ip = (const void *)(p->data + l3);
	struct layer l = {0};
	enum drop why;
	uint32_t end;

	p->v4 = false;
	if (len < l3 + sizeof(*ip))
		return DROP_SHORT;
	end = l3 + (uint32_t)sizeof(*ip) + ntohs(ip->len);
	if (end > len)
		return DROP_BAD_IP;
	p->end = (uint16_t)end;
	why = walk_ip6(p->data, l3, end, &l);
	if (why == DROP_SHORT && l.fragment)
		return DROP_FRAG_BAD; /* its headers go on in the next (RFC 7112) */
	return why ? why : classify_rest(p, &l);
}

/* Only requests are of use: nobody asked for a reply. */
static enum drop classify_arp(struct pkt *p, uint32_t l3, uint32_t len)
{
	const struct wire_arp *arp = (const void *)(p->data + l3);

	if (len < l3 + sizeof(*arp))
		return DROP_SHORT;
	if (arp->hardware != htons(ARPHRD_ETHER) || arp->protocol != htons(ETH_P_IP) ||
	    arp->hardware_len != sizeof(arp->from_mac) || arp->protocol_len != sizeof(arp->from) ||
	    arp->op != htons(ARPOP_REQUEST))
		return DROP_NOT_L4;
	p->v4 = true;
	p->kind = PKT_ARP;
	p->l4 = (uint16_t)l3;
	p->end = (uint16_t)(l3 + sizeof(*arp));
	return DROP_NONE;
}

static bool is_vlan(__be16 type)
{
	return type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD);
}

static enum drop classify_eth(struct pkt *p)
{
	const struct wire_eth *eth = (const void *)p->data;
	uint32_t len = p->len < PACKET_MAX ? p->len : PACKET_MAX; /* offsets have 16 bits */
	uint32_t l3 = sizeof(*eth);
	__be16 type;

	if (len < l3)
		return DROP_SHORT;
	for (type = eth->type; is_vlan(type); l3 += sizeof(struct wire_vlan)) {
		const struct wire_vlan *vlan = (const void *)(p->data + l3);

		if (p->tags == CLASSIFY_TAGS)
			return DROP_VLANS;
		if (len < l3 + sizeof(*vlan))
			return DROP_SHORT;
		type = vlan->type;
		p->tags++;
	}
	p->l3 = (uint16_t)l3;
	if (type == htons(ETH_P_IP))
		return classify_ip4(p, l3, len);
	if (type == htons(ETH_P_IPV6))
		return classify_ip6(p, l3, len);
	return type == htons(ETH_P_ARP) ? classify_arp(p, l3, len) : DROP_NOT_L4;
}

void classify_pkt(struct pkt *p)
{
	p->kind = PKT_FLOW;
	p->tags = 0;
	p->proto = 0;
	p->tcp_flags = FLOW_NO_FLAGS;
	p->drop = (uint8_t)classify_eth(p);
}

enum drop classify_rest_of_plain(const struct pkt *p)
{
	if (p->v4 && !header_sum_right((const void *)(p->data + p->l3), (uint32_t)(p->l4 - p->l3)))
		return DROP_BAD_CHECK;
	if (p->proto == IPPROTO_TCP && classify_flags_absurd(p->tcp_flags))
		return DROP_TCP_FLAGS;
	return classify_martian(p) ? DROP_MARTIAN : DROP_NONE;
}

enum drop classify_macs(const struct pkt *p, const uint8_t own[6])
{
	const struct wire_eth *eth = (const void *)p->data;
	bool asks = p->kind == PKT_ARP || p->kind == PKT_SOLICIT;

	if (!memcmp(eth->macs + 6, own, 6))
		return DROP_LOOP;
	if (memcmp(eth->macs, own, 6) && !(asks && mac_is_multicast(eth->macs)))
		return DROP_NOT_OURS;
	return DROP_NONE;
}
