/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rewrite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"

/* The header checksum counts time to live and protocol as one word. */
static bool ttl_decrement4(struct wire_ip4 *ip)
{
	__be16 old, new;

	if (ip->ttl <= 1)
		return false;
	memcpy(&old, &ip->ttl, sizeof(old));
	new = htons((uint16_t)(ntohs(old) - (1 << 8)));
	memcpy(&ip->ttl, &new, sizeof(new));
	ip->check = csum_update(ip->check, old, new);
	return true;
}

static bool ttl_decrement6(struct wire_ip6 *ip)
{
	if (ip->hops <= 1)
		return false;
	ip->hops--;
	return true;
}

/* One hop less to live; false, with nothing changed, if this was the last. */
static bool ttl_decrement(struct pkt *p)
{
	void *ip = p->data + p->l3;

	return p->v4 ? ttl_decrement4(ip) : ttl_decrement6(ip);
}

/* The pseudo header's folded sum. */
static uint16_t pseudo_sum(const struct pkt *p, uint32_t l4_len)
{
	const struct wire_ip4 *ip4 = (const void *)(p->data + p->l3);
	const struct wire_ip6 *ip6 = (const void *)(p->data + p->l3);

	if (p->v4)
		return csum_pseudo(ip4->addrs, sizeof(ip4->addrs), p->proto, l4_len);
	return csum_pseudo(ip6->addrs, sizeof(ip6->addrs), p->proto, l4_len);
}

/* Few packets come here: not worth their stage's registers. */
static __attribute__((noinline)) bool csum_finish(uint8_t *l4, uint32_t len, uint8_t *field,
						  bool is_udp)
{
	uint16_t old, new = (uint16_t)~csum_fold(csum_add(0, l4, len));

	if (is_udp && !new)
		new = 0xffff;
	memcpy(&old, field, sizeof(old));
	memcpy(field, &new, sizeof(new));
	return new != old;
}

/* A sender that leaves the checksum to its NIC stores the pseudo header's sum in the field; if the
 * NIC is a virtual one, that is what arrives. The sum from the header on, this field included,
 * is then the whole. A good checksum has this value by chance once in 65536 times: it comes out as
 * it went in. */
static bool csum_complete(struct pkt *p)
{
	bool is_udp = p->proto == IPPROTO_UDP;
	uint8_t *l4 = p->data + p->l4;
	const struct wire_udp *udp = (const void *)l4;
	uint32_t len = is_udp ? ntohs(udp->len) : (uint32_t)(p->end - p->l4);
	uint8_t *field =
		l4 + (is_udp ? offsetof(struct wire_udp, check) : offsetof(struct wire_tcp, check));
	uint16_t sum;

	memcpy(&sum, field, sizeof(sum));
	if (sum != pseudo_sum(p, len)) /* UDP without a checksum has 0 here, a pseudo sum never */
		return false;
	return csum_finish(l4, len, field, is_udp);
}

bool rewrite_pkt(struct pkt *p)
{
	if (!ttl_decrement(p)) {
		p->drop = DROP_TTL;
		return false;
	}
	memcpy(p->data, p->backend->macs, sizeof(p->backend->macs));
	return csum_complete(p);
}

void rewrite_burst(struct burst *b, struct worker_counters *c)
{
	uint64_t completed = 0;

	burst_each (b, p)
		completed += rewrite_pkt(p);
	counter_add(&c->csum_done, completed);
}
