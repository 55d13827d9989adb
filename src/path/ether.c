/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/ether.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <stddef.h>
#include <string.h>

enum {
	VLAN_ID = 0x0fff /* of a tag; the other bits are priority and drop eligibility */
};

uint16_t ether_priority(const struct pkt *p)
{
	__be16 tci;

	if (!p->tags)
		return 0;
	memcpy(&tci, p->data + sizeof(struct wire_eth), sizeof(tci));
	return ntohs(tci) & (uint16_t)~VLAN_ID;
}

void ether_begin(struct pkt *p, uint8_t *l3, __be16 type, uint16_t priority)
{
	const struct backend *b = p->backend;
	struct wire_eth eth = {.type = type};
	uint8_t *front = l3;
	ptrdiff_t moved;

	memcpy(eth.macs, b->macs, sizeof(eth.macs));
	if (b->flags & BACKEND_VLAN) {
		struct wire_vlan tag = {htons(priority | (b->vlan & VLAN_ID)), type};

		front -= sizeof(tag);
		memcpy(front, &tag, sizeof(tag));
		eth.type = htons(ETH_P_8021Q);
	}
	front -= sizeof(eth);
	memcpy(front, &eth, sizeof(eth));
	moved = p->data - front;
	p->data = front;
	p->addr -= (uint64_t)moved;
	p->len += (uint32_t)moved;
}
