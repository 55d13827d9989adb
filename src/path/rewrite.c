/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rewrite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"
#include "path/ether.h"
#include "path/tunnel.h"

/* One hop less to live; false, with nothing changed, if this was the last. Time to live, protocol
 * and checksum are a word (of a little-endian machine): one less in the first and one more in the
 * last (csum_ttl_down) is one addition, unless the checksum wraps around. */
static inline bool ttl_decrement4(struct wire_ip4 *ip)
{
	uint32_t word;

	memcpy(&word, &ip->ttl, sizeof(word));
	if ((uint8_t)word <= 1)
		return false;
	if (likely(word < 0xfffe0000)) {
		word += 0x0000ffff;
		memcpy(&ip->ttl, &word, sizeof(word));
		return true;
	}
	ip->ttl--;
	ip->check = csum_ttl_down(ip->check);
	return true;
}

static inline bool ttl_decrement6(struct wire_ip6 *ip)
{
	if (ip->hops <= 1)
		return false;
	ip->hops--;
	return true;
}

/* What is behind the IP header. */
struct l4 {
	uint8_t *header;
	uint8_t *check; /* its checksum field */
	uint32_t len;
};

static inline struct l4 l4_find(const struct pkt *p)
{
	uint8_t *header = p->data + p->l4;
	const struct wire_udp *udp = (const void *)header;

	if (p->proto == IPPROTO_UDP)
		return (struct l4){header, header + offsetof(struct wire_udp, check),
				   ntohs(udp->len)};
	return (struct l4){header, header + offsetof(struct wire_tcp, check),
			   (uint32_t)(p->end - p->l4)};
}

/* Whether the packet's checksum is one that we could complete. SCTP's isn't (a CRC; only a sender
 * without its NIC's help would send it whole), nor that of a fragment, of which we have a part. */
static inline bool has_checksum(const struct pkt *p)
{
	return p->kind == PKT_FLOW && (p->proto == IPPROTO_TCP || p->proto == IPPROTO_UDP);
}

/* Few packets come here: out of the others' way. */
static __attribute__((noinline)) bool csum_complete(const struct pkt *p)
{
	struct l4 l4 = l4_find(p);
	uint16_t old, new = (uint16_t)~csum_fold(csum_add(0, l4.header, l4.len));

	if (p->proto == IPPROTO_UDP && !new)
		new = 0xffff;
	memcpy(&old, l4.check, sizeof(old));
	memcpy(l4.check, &new, sizeof(new));
	return new != old;
}

/* A sender that leaves the checksum to its NIC stores the pseudo header's sum in the field; if the
 * NIC is a virtual one, that is what arrives. The sum from the header on, this field included,
 * is then the whole. A good checksum has this value by chance once in 65536 times: it comes out as
 * it went in. UDP without a checksum has 0 there, a pseudo header's sum never. */
static inline bool csum_is_partial(const uint8_t *check, uint64_t pseudo)
{
	uint16_t sum;

	memcpy(&sum, check, sizeof(sum));
	return csum_folds_to(pseudo, sum);
}

/* The fast lane: offsets are constants. */
static inline bool rewrite_plain(struct pkt *p)
{
	struct wire_plain *h = (void *)p->data;
	uint64_t pseudo = csum_pseudo_sum(h->ip.addrs, sizeof(h->ip.addrs), IPPROTO_TCP,
					  (size_t)p->end - PLAIN_L4);

	if (!ttl_decrement4(&h->ip)) {
		p->drop = DROP_TTL;
		return false;
	}
	memcpy(h->eth.macs, p->backend->macs, sizeof(h->eth.macs));
	return csum_is_partial((uint8_t *)&h->tcp.check, pseudo) && csum_complete(p);
}

/* A packet that has no checksum for us to see to. */
static void rewrite_bare(struct pkt *p)
{
	void *ip = p->data + p->l3;

	if (p->v4 ? ttl_decrement4(ip) : ttl_decrement6(ip))
		memcpy(p->data, p->backend->macs, sizeof(p->backend->macs));
	else
		p->drop = DROP_TTL;
}

/* All others: out of the fast lane's way. */
static __attribute__((noinline)) bool rewrite_other(struct pkt *p)
{
	struct l4 l4;
	uint64_t pseudo;
	bool alive;

	if (!has_checksum(p)) {
		rewrite_bare(p);
		return false;
	}
	l4 = l4_find(p);
	if (p->v4) {
		struct wire_ip4 *ip = (void *)(p->data + p->l3);

		pseudo = csum_pseudo_sum(ip->addrs, sizeof(ip->addrs), p->proto, l4.len);
		alive = ttl_decrement4(ip);
	} else {
		struct wire_ip6 *ip = (void *)(p->data + p->l3);

		pseudo = csum_pseudo_sum(ip->addrs, sizeof(ip->addrs), p->proto, l4.len);
		alive = ttl_decrement6(ip);
	}
	if (!alive) {
		p->drop = DROP_TTL;
		return false;
	}
	memcpy(p->data, p->backend->macs, sizeof(p->backend->macs));
	return csum_is_partial(l4.check, pseudo) && csum_complete(p);
}

static bool last_hop(const struct pkt *p)
{
	const struct wire_ip4 *ip4 = (const void *)(p->data + p->l3);
	const struct wire_ip6 *ip6 = (const void *)(p->data + p->l3);

	return (p->v4 ? ip4->ttl : ip6->hops) <= 1;
}

/* What is too big is left as it was received: an ICMP error may be made of it. */
static bool rewrite_wrapped(struct pkt *p, const struct tunnel *t)
{
	bool completed;

	if (!last_hop(p) && !tunnel_fits(p, t, p->backend->mtu)) {
		p->drop = DROP_TOO_BIG;
		p->mtu = (uint16_t)tunnel_mtu(p, t, p->backend->mtu);
		return false;
	}
	completed = rewrite_other(p);
	if (!p->drop)
		tunnel_wrap(p, t);
	return completed;
}

/* To a server on a VLAN or behind a tunnel: the frame gets another beginning. */
static __attribute__((noinline)) bool rewrite_begun(struct pkt *p, const struct tunnel *tunnel)
{
	const struct backend *b = p->backend;
	bool completed;
	__be16 type;

	if (b->flags & BACKEND_TUNNEL)
		return rewrite_wrapped(p, &tunnel[backend_slot(b->id)]);
	completed = rewrite_other(p);
	memcpy(&type, p->data + p->l3 - sizeof(type), sizeof(type));
	if (!p->drop)
		ether_begin(p, p->data + p->l3, type, ether_priority(p));
	return completed;
}

static inline bool rewrite(struct pkt *p, const struct tunnel *tunnel)
{
	const uint32_t begun = BACKEND_VLAN | BACKEND_TUNNEL;

	if (likely(p->shape == pkt_plain(IPPROTO_TCP) && !(p->backend->flags & begun)))
		return rewrite_plain(p);
	if (p->drop || p->kind == PKT_ANSWER)
		return false;
	return p->backend->flags & begun ? rewrite_begun(p, tunnel) : rewrite_other(p);
}

bool rewrite_pkt(struct pkt *p, const struct tunnel *tunnel)
{
	return rewrite(p, tunnel);
}

void rewrite_burst(struct burst *b, struct worker_counters *c)
{
	const struct tunnel *tunnel = b->tunnel;
	uint64_t completed = 0;

	for (struct pkt *p = b->pkt, *end = p + b->n; p < end; p++)
		completed += rewrite(p, tunnel);
	counter_add(&c->csum_done, completed);
}
