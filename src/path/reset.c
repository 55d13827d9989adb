/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/reset.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"

enum {
	TTL = 64
};

static void swap(uint8_t *a, uint8_t *b, uint32_t n)
{
	uint8_t kept[16];

	memcpy(kept, a, n);
	memcpy(a, b, n);
	memcpy(b, kept, n);
}

/* What the client's packet takes up in its sequence space. */
static uint32_t sequence_len(const struct pkt *p, const struct wire_tcp *tcp)
{
	uint32_t flags = !!(tcp->flags & TH_SYN) + !!(tcp->flags & TH_FIN);

	return p->end - p->l4 - (tcp->offset >> 4) * 4u + flags;
}

static struct wire_tcp reset_of(const struct pkt *p, const struct wire_tcp *tcp)
{
	struct wire_tcp rst = {
		.ports = {tcp->ports[1], tcp->ports[0]},
		.offset = sizeof(rst) / 4 << 4,
		.flags = TH_RST,
	};

	if (tcp->flags & TH_ACK) {
		rst.seq = tcp->ack;
		return rst;
	}
	rst.flags |= TH_ACK;
	rst.ack = htonl(ntohl(tcp->seq) + sequence_len(p, tcp));
	return rst;
}

static void finish4(struct wire_ip4 *ip)
{
	swap(ip->addrs, ip->addrs + 4, 4);
	ip->ttl = TTL;
	ip->len = htons(sizeof(*ip) + sizeof(struct wire_tcp));
	ip->frag = htons(0x4000); /* don't fragment */
	ip->check = 0;
	ip->check = (__sum16)~csum_fold(csum_add(0, ip, sizeof(*ip)));
}

static void finish6(struct wire_ip6 *ip)
{
	swap(ip->addrs, ip->addrs + 16, 16);
	ip->hops = TTL;
	ip->len = htons(sizeof(struct wire_tcp));
}

bool reset_make(struct pkt *p, const uint8_t own[6])
{
	uint8_t *l3 = p->data + p->l3, *addrs;
	uint32_t header = p->v4 ? sizeof(struct wire_ip4) : sizeof(struct wire_ip6);
	uint32_t addrs_len = p->v4 ? 8 : 32;
	struct wire_tcp *tcp = (void *)(p->data + p->l4), rst;

	if (p->proto != IPPROTO_TCP || tcp->flags & TH_RST || p->l3 + header != p->l4)
		return false;
	rst = reset_of(p, tcp);
	if (p->v4)
		finish4((void *)l3);
	else
		finish6((void *)l3);
	addrs = l3 + (p->v4 ? offsetof(struct wire_ip4, addrs) : offsetof(struct wire_ip6, addrs));
	rst.check = (__sum16)~csum_fold(csum_add(
		csum_pseudo(addrs, addrs_len, IPPROTO_TCP, sizeof(rst)), &rst, sizeof(rst)));
	memcpy(tcp, &rst, sizeof(rst));
	memcpy(p->data, p->data + 6, 6);
	memcpy(p->data + 6, own, 6);
	p->end = (uint16_t)(p->l4 + sizeof(rst));
	p->len = p->end;
	return true;
}
