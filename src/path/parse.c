/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/parse.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>

#include "base/wire.h"
#include "path/tuple.h"

/* room: bytes from the header to the end of the IP packet. */
static enum drop parse_tcp(struct pkt *p, const struct wire_tcp *tcp, uint32_t room)
{
	uint32_t header;

	if (room < sizeof(*tcp))
		return DROP_SHORT;
	header = (tcp->offset >> 4) * 4u;
	if (header < sizeof(*tcp) || header > room)
		return DROP_BAD_L4;
	p->tcp_flags = tcp->flags;
	return DROP_NONE;
}

static enum drop parse_udp(struct pkt *p, const struct wire_udp *udp, uint32_t room)
{
	uint32_t len;

	if (room < sizeof(*udp))
		return DROP_SHORT;
	len = ntohs(udp->len);
	if (len < sizeof(*udp) || len > room)
		return DROP_BAD_L4;
	p->tcp_flags = 0;
	return DROP_NONE;
}

static inline enum drop parse_l4(struct pkt *p, uint8_t proto, uint32_t l4, uint32_t end)
{
	const void *header = p->data + l4;

	p->proto = proto;
	p->l4 = (uint16_t)l4;
	p->end = (uint16_t)end;
	if (proto == IPPROTO_TCP)
		return parse_tcp(p, header, end - l4);
	if (proto == IPPROTO_UDP)
		return parse_udp(p, header, end - l4);
	return DROP_NOT_L4;
}

/* l3: where the IP header begins; len: where the frame ends. */
static inline enum drop parse_ip4(struct pkt *p, uint32_t l3, uint32_t len)
{
	const struct wire_ip4 *ip = (const void *)(p->data + l3);
	uint32_t l4, end;

	if (len < l3 + sizeof(*ip))
		return DROP_SHORT;
	if (ip->version_ihl < 0x45 || ip->version_ihl > 0x4f)
		return DROP_BAD_IP;
	l4 = l3 + (ip->version_ihl & 15) * 4u;
	end = l3 + ntohs(ip->len);
	if (end < l4 || end > len)
		return DROP_BAD_IP;
	if (ip->frag & htons(IP_MF | IP_OFFMASK))
		return DROP_FRAGMENT;
	p->v4 = true;
	return parse_l4(p, ip->proto, l4, end);
}

static inline enum drop parse_ip6(struct pkt *p, uint32_t l3, uint32_t len)
{
	const struct wire_ip6 *ip = (const void *)(p->data + l3);
	uint32_t l4 = l3 + sizeof(*ip), end;

	if (len < l4)
		return DROP_SHORT;
	end = l4 + ntohs(ip->len);
	if (ip->version_class >> 4 != 6 || end > len)
		return DROP_BAD_IP;
	if (ip->next == IPPROTO_FRAGMENT)
		return DROP_FRAGMENT;
	p->v4 = false;
	return parse_l4(p, ip->next, l4, end);
}

static inline enum drop parse_eth(struct pkt *p)
{
	const struct wire_eth *eth = (const void *)p->data;
	const struct wire_vlan *vlan = (const void *)(eth + 1);
	uint32_t len = p->len < UINT16_MAX ? p->len : UINT16_MAX; /* offsets have 16 bits */
	uint32_t l3 = sizeof(*eth);
	__be16 type;

	if (len < l3)
		return DROP_SHORT;
	type = eth->type;
	if (type == htons(ETH_P_8021Q)) {
		l3 += sizeof(*vlan);
		if (len < l3)
			return DROP_SHORT;
		type = vlan->type;
	}
	p->l3 = (uint16_t)l3;
	if (type == htons(ETH_P_IP))
		return parse_ip4(p, l3, len);
	if (type == htons(ETH_P_IPV6))
		return parse_ip6(p, l3, len);
	return DROP_NOT_L4;
}

static const uint8_t *ip_addrs(const struct pkt *p)
{
	const uint8_t *l3 = p->data + p->l3;

	return l3 + (p->v4 ? offsetof(struct wire_ip4, addrs) : offsetof(struct wire_ip6, addrs));
}

/* The source's, or the destination's. */
static __be16 l4_port(const struct pkt *p, uint32_t which)
{
	const struct wire_udp *l4 = (const void *)(p->data + p->l4);

	return proto_has_ports(p->proto) ? l4->ports[which] : 0;
}

void parse_pkt(struct pkt *p)
{
	p->drop = (uint8_t)parse_eth(p);
}

/* The fast lane: what parse_pkt would say of an untagged IPv4 packet that is whole and without
 * options, TCP or UDP. False: this isn't one, or something is wrong with it; nothing is known. */
static inline bool parse_plain(struct pkt *p)
{
	const struct wire_plain *h = (const void *)p->data;
	const uint32_t least = sizeof(*h);
	uint32_t end, header;
	uint8_t flags = 0;

	if (p->len - least > UINT16_MAX - least || h->eth.type != htons(ETH_P_IP) ||
	    h->ip.version_ihl != 0x45 || h->ip.frag & htons(IP_MF | IP_OFFMASK))
		return false;
	if (h->ip.proto == IPPROTO_TCP) {
		header = (h->tcp.offset & 0xf0u) / 4;
		if (header < sizeof(h->tcp))
			return false;
		flags = h->tcp.flags;
	} else if (h->ip.proto == IPPROTO_UDP) {
		header = ntohs(h->udp.len);
		if (header < sizeof(h->udp))
			return false;
	} else {
		return false;
	}
	end = PLAIN_L3 + ntohs(h->ip.len);
	if (PLAIN_L4 + header > end || end > p->len)
		return false;
	p->shape = pkt_plain();
	p->end = (uint16_t)end;
	p->proto = h->ip.proto;
	p->tcp_flags = flags;
	return true;
}

/* All others: out of the fast lane's way. */
static __attribute__((noinline)) void parse_other(struct pkt *p, const struct tag_key *key)
{
	parse_pkt(p);
	p->tag = p->drop ? 0 : tag_pkt(p, key);
}

/* Copies of key and table, so that they can stay in registers: no store to a packet can change
 * them. */
CMAC_CODE static void parse_burst_aes(struct burst *b, const struct tag_key *key,
				      const struct flow_table flows)
{
	const struct cmac_key cmac = key->cmac;

	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		if (parse_plain(p))
			p->tag = tag_plain_aes(p->data, p->proto, &cmac);
		else
			parse_other(p, key);
		flow_prefetch(&flows, p->tag);
	}
}

static void parse_burst_siphash(struct burst *b, const struct tag_key *key,
				const struct flow_table flows)
{
	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		if (parse_plain(p))
			p->tag = tag_pkt(p, key);
		else
			parse_other(p, key);
		flow_prefetch(&flows, p->tag);
	}
}

void parse_burst(struct burst *b, const struct tag_key *key, const struct flow_table *flows)
{
	if (key->aes)
		parse_burst_aes(b, key, *flows);
	else
		parse_burst_siphash(b, key, *flows);
}

static struct addr ip_addr(const struct pkt *p, uint32_t which)
{
	const uint8_t *addrs = ip_addrs(p);
	struct addr a;
	__be32 v4;

	if (p->v4) {
		memcpy(&v4, addrs + which * sizeof(v4), sizeof(v4));
		return addr_v4(v4);
	}
	memcpy(&a, addrs + which * sizeof(a), sizeof(a));
	return a;
}

/* Made of whole words, since it is compared and hashed in words right away: a load that takes
 * together what several stores left has to wait for them. */
struct endpoint parse_endpoint(const struct pkt *p)
{
	struct addr a = ip_addr(p, 1);
	uint64_t word[] = {a.q[0], a.q[1], l4_port(p, 1) | (uint64_t)p->proto << 16};
	struct endpoint ep;

	memcpy(&ep, word, sizeof(ep));
	return ep;
}

uint64_t parse_source_hash(const struct pkt *p, const struct hash_key *key, bool port)
{
	struct addr a = ip_addr(p, 0);
	uint64_t word[] = {a.q[0], a.q[1], l4_port(p, 0)};

	return hash_words(key, word, port ? 3 : 2);
}
