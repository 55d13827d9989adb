/* SPDX-License-Identifier: BSD-2-Clause */
/* Any packet that classify lets through, to servers on VLANs and behind tunnels of all kinds: the first
 * two bytes choose. The frame may grow by REWRITE_GROWTH, which lie in front of it and nothing
 * behind; AddressSanitizer watches both ends. */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "path/classify.h"
#include "path/rewrite.h"
#include "path/tunnel.h"

enum {
	CHOICE = 2
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const uint8_t *byte, struct backend *b, struct tunnel *t)
{
	b->flags = BACKEND_READY | (byte[0] & 1 ? BACKEND_VLAN : 0) |
		   (byte[0] & 2 ? BACKEND_TUNNEL : 0);
	b->mtu = (uint16_t)(byte[1] * 8);
	t->type = (uint8_t)((byte[0] >> 2) % (TUNNEL_GRE + 1));
	t->flags = byte[0] & 0x10 ? TUNNEL_CSUM : 0;
	t->src = byte[0] & 0x20 ? (struct addr){.b = {0xfd, 1}} : addr_v4(htonl(0x0a000001));
	t->dst = byte[0] & 0x20 ? (struct addr){.b = {0xfd, 2}} : addr_v4(htonl(0x0a000002));
	if (byte[0] & 0x40)
		t->src_spread.w[3] = 0xffff0000;
}

/* What is inside is the packet, whole, without padding, and what is in front has the right size. */
static void check_wrapped(const struct pkt *p, const struct pkt *old, const struct tunnel *t,
			  uint32_t tag)
{
	uint32_t inner = (uint32_t)(old->end - old->l3);
	struct pkt again = {.data = p->data, .len = p->len};

	assert(p->len == sizeof(struct wire_eth) + tag + tunnel_overhead(t) + inner);
	assert(!p->backend->mtu || tunnel_overhead(t) + inner <= p->backend->mtu);
	classify_pkt(&again);
	assert(again.l3 == sizeof(struct wire_eth) + tag && again.end == p->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct backend server = {.id = 1 << BACKEND_SLOT_BITS, .macs = {2, 1}, .vlan = 7};
	struct tunnel tunnel = {.port = htons(6080)};
	uint32_t tag;
	uint8_t *memory;
	struct pkt p, old;

	if (size < CHOICE)
		return 0;
	choose(data, &server, &tunnel);
	data += CHOICE;
	size -= CHOICE;
	memory = malloc(REWRITE_GROWTH + size);
	memcpy(memory + REWRITE_GROWTH, data, size);
	p = (struct pkt){
		.data = memory + REWRITE_GROWTH, .addr = REWRITE_GROWTH, .len = (uint32_t)size};
	classify_pkt(&p);
	if (p.drop || (p.kind != PKT_FLOW && p.kind != PKT_FRAGMENT && p.kind != PKT_ICMP_ERROR))
		goto out;
	p.backend = &server;
	old = p;
	rewrite_pkt(&p, &tunnel);
	assert((uint64_t)(p.data - memory) == p.addr);
	if (p.drop) {
		assert(p.data == old.data && !memcmp(p.data, data, size));
		goto out;
	}
	assert(!memcmp(p.data, server.macs, sizeof(server.macs)));
	tag = server.flags & BACKEND_VLAN ? sizeof(struct wire_vlan) : 0;
	if (server.flags & BACKEND_TUNNEL)
		check_wrapped(&p, &old, &tunnel, tag);
	else if (tag)
		assert(p.len == old.len - old.l3 + sizeof(struct wire_eth) + tag);
out:
	free(memory);
	return 0;
}
