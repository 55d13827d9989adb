/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/parse.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include "base/wire.h"
#include "path/classify.h"

/* The fast lane: what classify_pkt would say of an untagged IPv4 packet that is whole and without
 * options, TCP or UDP, but that it also looks at source and checksum. False: this isn't one, or something is wrong with it; nothing is known. */
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
		flags = h->tcp.flags;
		if (header < sizeof(h->tcp) || classify_flags_absurd(flags))
			return false;
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
	classify_pkt(p);
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
