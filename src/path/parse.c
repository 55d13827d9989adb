/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/parse.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include "base/wire.h"
#include "path/classify.h"

/* The fast lane: what classify_pkt would say of an untagged TCP packet over IPv4 that is whole and
 * without IP options, but that it also looks at source, checksum and flags. False: this isn't one,
 * or something is wrong with it; nothing is known. The sum of a length near 65536 wraps around to
 * one that is too small. */
static inline bool parse_plain(struct pkt *p)
{
	const struct wire_plain *h = (const void *)p->data;
	uint16_t end;

	if (p->len < sizeof(*h) || h->eth.type != htons(ETH_P_IP) || h->ip.version_ihl != 0x45 ||
	    h->ip.frag & htons(IP_MF | IP_OFFMASK) || h->ip.proto != IPPROTO_TCP ||
	    h->tcp.offset < 5 << 4)
		return false;
	end = (uint16_t)(PLAIN_L3 + ntohs(h->ip.len));
	/* Four times the room for TCP's header; reserved bits look like up to 3 bytes too many. */
	if (h->tcp.offset > (end - PLAIN_L4) * 4 || end > p->len)
		return false;
	p->shape = pkt_plain(IPPROTO_TCP);
	p->end = end;
	p->v4 = true;
	p->tcp_flags = h->tcp.flags;
	return true;
}

/* The same of UDP: a lane beside the fast one. */
static inline bool parse_plain_udp(struct pkt *p)
{
	const struct wire_plain *h = (const void *)p->data;
	uint32_t end, len;

	if (p->len < PLAIN_L4 + sizeof(h->udp) || h->eth.type != htons(ETH_P_IP) ||
	    h->ip.version_ihl != 0x45 || h->ip.frag & htons(IP_MF | IP_OFFMASK) ||
	    h->ip.proto != IPPROTO_UDP)
		return false;
	end = PLAIN_L3 + ntohs(h->ip.len);
	len = ntohs(h->udp.len);
	if (end > UINT16_MAX || end > p->len || len < sizeof(h->udp) || PLAIN_L4 + len > end)
		return false;
	p->shape = pkt_plain(IPPROTO_UDP);
	p->end = (uint16_t)end;
	p->v4 = true;
	p->tcp_flags = FLOW_NO_FLAGS;
	return true;
}

/* All others: out of the fast lane's way. */
static __attribute__((noinline)) void parse_other(struct pkt *p, const struct tag_key *key)
{
	if (!parse_plain_udp(p))
		classify_pkt(p);
	p->tag = p->aside ? 0 : tag_pkt(p, key); /* others have no ports there, or no such place */
}

/* Copies of key and table, so that they can stay in registers: no store to a packet can change
 * them. */
CMAC_CODE static void parse_burst_aes(struct burst *b, const struct tag_key *key,
				      const struct flow_table flows)
{
	const struct tag_plain plain = tag_plain_make(&key->cmac, IPPROTO_TCP);

	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++) {
		if (likely(parse_plain(p)))
			p->tag = tag_plain_aes(p->data, &plain);
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
