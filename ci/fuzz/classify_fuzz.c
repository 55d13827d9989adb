/* SPDX-License-Identifier: BSD-2-Clause */
/* Feeds any bytes to classify and to all that it leads to: tuples, tags, answers, ICMP errors, in
 * memory of exactly the frame's length and the room that each may use. What they promise is
 * asserted; AddressSanitizer watches the bounds. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/csum.h"
#include "path/answer.h"
#include "path/classify.h"
#include "path/icmp_error.h"
#include "path/parse.h"
#include "path/rewrite.h"
#include "path/tuple.h"

static const uint8_t own[6] = {2, 0, 0, 0, 0, 1};
static const struct addr from4 = {.w = {0, 0, 0xffff0000, 0x0100000a}}, from6 = {.b = {0x20, 1}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a packet with room in front of it and behind; the caller frees *memory. */
static struct pkt fresh(const uint8_t *data, size_t size, size_t front, size_t behind,
			uint8_t **memory)
{
	struct pkt p;

	*memory = malloc(front + size + behind + 1);
	memset(&p, 0xaa, sizeof(p));
	p.data = *memory + front;
	p.addr = 4096 + front;
	p.len = (uint32_t)size;
	memcpy(p.data, data, size);
	classify_pkt(&p);
	return p;
}

static void check_classified(const struct pkt *p, size_t size)
{
	uint32_t l3 = 14 + 4u * p->tags;

	assert(p->drop < DROP_COUNT && p->tags <= CLASSIFY_TAGS && p->l3 == l3);
	assert(p->l4 >= l3 && p->end >= p->l4 && p->end <= size);
	if (p->kind == PKT_FLOW && proto_has_ports(p->proto))
		assert(p->l4 + 8 <= p->end);
	if (p->kind == PKT_FRAGMENT)
		assert(p->end > p->l4 && (p->frag_off || p->frag_more));
	if (p->kind == PKT_ICMP_ERROR && p->inner_l4)
		assert(p->inner > p->l4 && p->inner_l4 >= p->inner + 20 &&
		       p->inner_l4 + 8 <= p->end);
}

static void run_tuple(const struct pkt *p)
{
	static const struct hash_key hash = {{1, 2}};
	struct tag_key key;
	struct tuple t;
	struct endpoint ep;

	if (!pkt_tuple(p, &t))
		return;
	tag_key_make(&key, &hash);
	assert(addr_is_v4(&t.src) == p->v4 && addr_is_v4(&t.dst) == p->v4);
	assert(tuple_tag(&t, &key));
	key.aes = false;
	assert(tuple_tag(&t, &key));
	ep = tuple_endpoint(&t);
	assert(ep.proto == t.proto && (ep.port == 0 || proto_has_ports(ep.proto)));
}

/* Forwarded: nothing but MACs, hops and their checksum, unless a checksum was completed. */
static void run_rewrite(const uint8_t *data, size_t size)
{
	static const struct backend server = {.macs = {2, 1}};
	uint8_t *memory;
	struct pkt p = fresh(data, size, 0, 0, &memory);
	uint32_t behind;
	bool completed;

	p.backend = &server;
	completed = rewrite_pkt(&p, NULL);
	behind = p.l3 + (p.v4 ? 12u : 8u);
	if (p.drop)
		assert(!memcmp(p.data, data, size));
	else
		assert(completed || !memcmp(p.data + behind, data + behind, size - behind));
	free(memory);
}

static void run_answer(const uint8_t *data, size_t size)
{
	uint8_t *memory;
	struct pkt p = fresh(data, size, 0, ANSWER_GROWTH, &memory);
	struct addr target = answer_target(&p);
	bool answered;

	assert(addr_is_v4(&target) == p.v4 || p.kind == PKT_SOLICIT);
	if (p.kind == PKT_ARP)
		answered = answer_arp(&p, own);
	else if (p.kind == PKT_SOLICIT)
		answered = answer_solicit(&p, own);
	else
		answered = answer_echo(&p, own);
	if (answered)
		assert(!memcmp(p.data + 6, own, 6) && p.len == p.end &&
		       p.len <= size + ANSWER_GROWTH);
	else
		assert(!memcmp(p.data, data, size));
	free(memory);
}

/* An error of ours is one that we would forward, and is never answered by another. */
static void run_error(const uint8_t *data, size_t size, enum icmp_error what)
{
	uint8_t *memory;
	struct pkt p = fresh(data, size, ICMP_ERROR_HEADROOM, 0, &memory);

	if (icmp_error_allowed(&p)) {
		icmp_error_make(&p, what, 1400, p.v4 ? &from4 : &from6, own);
		assert(p.data >= memory && p.addr - 4096 == (uint64_t)(p.data - memory));
		assert(p.len == p.end && p.end - p.l3 <= (p.v4 ? 576 : 1280));
		classify_pkt(&p);
		assert(p.kind == PKT_ICMP_ERROR && !icmp_error_allowed(&p));
	}
	free(memory);
}

/* What parse takes for a plain packet at a glance is one, but for what it leaves to be looked at
 * later; and the tag that it makes is the tuple's. */
static void run_parse(const uint8_t *data, size_t size)
{
	static const struct hash_key hash = {{1, 2}};
	static uint8_t memory[4096] __attribute__((aligned(64)));
	static struct burst b;
	struct pkt *p = b.pkt, c;
	struct flow_table flows;
	struct tag_key key;
	struct tuple t;
	uint8_t *copy;

	tag_key_make(&key, &hash);
	flow_attach(&flows, memory, sizeof(memory));
	c = fresh(data, size, 0, 0, &copy);
	b.n = 1;
	*p = (struct pkt){.data = c.data, .len = (uint32_t)size};
	parse_burst(&b, &key, &flows);
	if (pkt_is_plain(p)) {
		assert(c.drop == classify_rest_of_plain(p));
		assert(c.drop || (c.shape == p->shape && c.end == p->end && c.proto == p->proto &&
				  c.tcp_flags == p->tcp_flags));
		assert(pkt_tuple(p, &t) && p->tag == tuple_tag(&t, &key));
	}
	free(copy);
}

static void run(const uint8_t *data, size_t size)
{
	uint8_t *memory;
	struct pkt p = fresh(data, size, 0, 0, &memory);

	assert(!memcmp(p.data, data, size)); /* only looked at */
	run_parse(data, size);
	if (p.drop)
		goto out;
	check_classified(&p, size);
	classify_macs(&p, own);
	run_tuple(&p);
	if (p.kind == PKT_ARP || p.kind == PKT_SOLICIT || p.kind == PKT_ECHO) {
		run_answer(data, size);
		goto out;
	}
	run_rewrite(data, size);
	run_error(data, size, ICMP_ERROR_TIME);
	run_error(data, size, ICMP_ERROR_TOO_BIG);
out:
	free(memory);
}

/* Sets the outer IPv4 header's checksum right, which any bytes have by chance only. */
static void mend(uint8_t *frame, size_t size)
{
	size_t l3 = 14, len;
	uint16_t sum;

	while (l3 + 4 <= size && l3 < 22 && (frame[l3 - 2] == 0x81 || frame[l3 - 2] == 0x88) &&
	       (frame[l3 - 1] == 0x00 || frame[l3 - 1] == 0xa8))
		l3 += 4;
	if (l3 + 20 > size)
		return;
	len = (frame[l3] & 15) * 4u;
	if (len < 20 || l3 + len > size)
		return;
	memset(frame + l3 + 10, 0, 2);
	sum = (uint16_t)~csum_fold(csum_add(0, frame + l3, len));
	memcpy(frame + l3 + 10, &sum, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *mended = malloc(size + 1);

	run(data, size);
	memcpy(mended, data, size);
	mend(mended, size);
	run(mended, size);
	free(mended);
	return 0;
}
