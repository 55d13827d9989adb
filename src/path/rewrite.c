/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rewrite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"

/* One hop less to live; false, with nothing changed, if this was the last. */
static inline bool ttl_decrement4(struct wire_ip4 *ip)
{
	if (ip->ttl <= 1)
		return false;
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
	bool is_udp;
};

static inline struct l4 l4_find(const struct pkt *p)
{
	uint8_t *header = p->data + p->l4;
	const struct wire_udp *udp = (const void *)header;

	if (p->proto == IPPROTO_UDP)
		return (struct l4){header, header + offsetof(struct wire_udp, check),
				   ntohs(udp->len), true};
	return (struct l4){header, header + offsetof(struct wire_tcp, check),
			   (uint32_t)(p->end - p->l4), false};
}

/* Few packets come here: out of the others' way. */
static __attribute__((noinline)) bool csum_complete(struct l4 l4)
{
	uint16_t old, new = (uint16_t)~csum_fold(csum_add(0, l4.header, l4.len));

	if (l4.is_udp && !new)
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

bool rewrite_pkt(struct pkt *p)
{
	struct l4 l4 = l4_find(p);
	uint64_t pseudo;
	bool alive;

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
	return csum_is_partial(l4.check, pseudo) && csum_complete(l4);
}

void rewrite_burst(struct burst *b, struct worker_counters *c)
{
	uint64_t completed = 0;

	burst_each (b, p)
		completed += rewrite_pkt(p);
	counter_add(&c->csum_done, completed);
}
