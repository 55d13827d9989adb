/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/classify.h"
#include "path/parse.h"
#include "path/tuple.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path/craft_test.h"

static const struct hash_key key = {{1, 2}};

static const struct craft shape[] = {
	{.flags = TH_SYN},
	{.flags = TH_ACK, .payload = 100, .padding = 7},
	{.options = 40, .payload = 3},
	{.vlan = true, .flags = TH_FIN},
	{.udp = true, .payload = 9},
	{.udp = true, .vlan = true, .options = 4},
	{.v6 = true, .flags = TH_ACK, .payload = 11},
	{.v6 = true, .vlan = true, .padding = 5},
	{.v6 = true, .udp = true, .payload = 1200},
	{.v6 = true, .udp = true, .vlan = true},
};
enum {
	SHAPES = sizeof(shape) / sizeof(*shape)
};

static struct pkt parsed(uint8_t *frame, uint32_t len)
{
	struct pkt p;

	memset(&p, 0xaa, sizeof(p)); /* what the last burst left there */
	p.data = frame;
	p.len = len;
	classify_pkt(&p);
	return p;
}

static void finds_its_way_through_every_header(void **state)
{
	uint8_t frame[CRAFT_MAX];

	(void)state;
	for (const struct craft *c = shape; c < shape + SHAPES; c++) {
		uint32_t len = craft_frame(c, frame);
		struct pkt p = parsed(frame, len);

		assert_int_equal(p.drop, DROP_NONE);
		assert_int_equal(p.proto, c->udp ? IPPROTO_UDP : IPPROTO_TCP);
		assert_int_equal(p.tcp_flags, c->udp	 ? FLOW_NO_FLAGS
					      : c->flags ? c->flags
							 : TH_ACK);
		assert_int_equal(p.v4, !c->v6);
		assert_int_equal(p.l3, craft_l3(c));
		assert_int_equal(p.l4, craft_l4(c));
		assert_int_equal(p.end, len - c->padding);
	}
}

/* Of a parsed packet: where it goes, and the hash of where it comes from. */
static struct endpoint endpoint_of(const struct pkt *p)
{
	struct tuple t;

	assert_true(pkt_tuple(p, &t));
	return tuple_endpoint(&t);
}

static uint64_t source_hash_of(const struct pkt *p, const struct hash_key *k, bool port)
{
	struct tuple t;

	assert_true(pkt_tuple(p, &t));
	return tuple_source_hash(&t, k, port);
}

/* In a buffer of exactly the frame's length, so that AddressSanitizer sees a byte too many. */
static void check_within_bounds(const uint8_t *frame, uint32_t len)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct pkt p;

	memcpy(exact, frame, len);
	p = parsed(exact, len);
	if (!p.drop) {
		assert_in_range(p.l3, sizeof(struct wire_eth), p.l4);
		assert_in_range(p.l4, p.l3, p.end - sizeof(struct wire_udp));
		assert_in_range(p.end, p.l4, len);
		endpoint_of(&p);
		source_hash_of(&p, &key, true);
	}
	free(exact);
}

static void drops_every_frame_cut_short(void **state)
{
	uint8_t frame[CRAFT_MAX];

	(void)state;
	for (const struct craft *c = shape; c < shape + SHAPES; c++) {
		uint32_t len = craft_frame(c, frame);

		for (uint32_t cut = 0; cut < len; cut++) {
			struct pkt p = parsed(frame, cut);

			assert_int_equal(!p.drop, cut >= len - c->padding);
			check_within_bounds(frame, cut);
		}
	}
}

static void stays_within_bounds_whatever_comes(void **state)
{
	uint8_t frame[CRAFT_MAX];

	(void)state;
	srandom(1);
	for (uint32_t i = 0; i < 200000; i++) {
		const struct craft *c = &shape[i % SHAPES];
		uint32_t len = craft_frame(c, frame);

		for (uint32_t n = 0; n < i % 4;
		     n++) /* in the headers, but for the addresses' sake */
			frame[12 + (uint32_t)random() % (craft_l4(c) + 8)] = (uint8_t)random();
		check_within_bounds(frame, (uint32_t)random() % (len + 1));
	}
}

static void takes_no_more_than_16_bits_of_length(void **state)
{
	struct craft c = {.flags = TH_SYN};
	uint32_t len = 70000;
	uint8_t *frame = calloc(1, len);

	(void)state;
	craft_frame(&c, frame);
	frame[16] = 0xff; /* an IP packet of 65535 bytes: its end has no 16-bit offset */
	frame[17] = 0xff;
	assert_int_equal(parsed(frame, len).drop, DROP_BAD_IP);
	frame[17] = 0xf1;
	assert_int_equal(parsed(frame, len).end, 65535);
	free(frame);
}

static void assert_endpoint(const struct endpoint *ep, const char *addr, uint16_t port,
			    uint8_t proto)
{
	struct endpoint want = {.port = htons(port), .proto = proto};

	addr_parse(addr, &want.addr);
	assert_memory_equal(ep, &want, sizeof(want));
}

static void tells_destination_and_source(void **state)
{
	struct craft c = {.port = 443, .client = 1}, d = c;
	uint8_t frame[CRAFT_MAX], other[CRAFT_MAX];
	struct pkt p, q;
	struct endpoint ep;

	(void)state;
	p = parsed(frame, craft_frame(&c, frame));
	ep = endpoint_of(&p);
	assert_endpoint(&ep, "192.168.1.222", 443, IPPROTO_TCP);

	c = (struct craft){.v6 = true, .udp = true, .port = 53};
	p = parsed(frame, craft_frame(&c, frame));
	ep = endpoint_of(&p);
	assert_endpoint(&ep, "2001:db8::80", 53, IPPROTO_UDP);

	for (c.v6 = d.v6 = false;; c.v6 = d.v6 = true) {
		c.client = d.client = 1;
		p = parsed(frame, craft_frame(&c, frame));
		q = parsed(other, craft_frame(&d, other));
		other[q.l4 + 1]++; /* another source port */
		assert_true(source_hash_of(&p, &key, false) == source_hash_of(&q, &key, false));
		assert_false(source_hash_of(&p, &key, true) == source_hash_of(&q, &key, true));
		d.client = 2;
		q = parsed(other, craft_frame(&d, other));
		assert_false(source_hash_of(&p, &key, false) == source_hash_of(&q, &key, false));
		if (c.v6)
			break;
	}
}

static void a_burst_is_parsed_to_its_end(void **state)
{
	static uint8_t frame[BURST_MAX][CRAFT_MAX], memory[4096] __attribute__((aligned(64)));
	struct burst b = {.n = BURST_MAX - 1};
	struct tag_key tag_key;
	struct flow_table t;

	(void)state;
	tag_key_make(&tag_key, &key);
	flow_attach(&t, memory, sizeof(memory));
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		b.pkt[i].data = frame[i];
		b.pkt[i].len = craft_frame(&shape[i % SHAPES], frame[i]);
		b.pkt[i].drop = DROP_COUNT;
	}
	b.pkt[7].len = 13;
	parse_burst(&b, &tag_key, &t);
	for (uint32_t i = 0; i < b.n; i++) {
		assert_int_equal(b.pkt[i].drop, i == 7 ? DROP_SHORT : DROP_NONE);
		assert_int_equal(b.pkt[i].tag != 0, i != 7);
	}
	assert_int_equal(b.pkt[b.n].drop, DROP_COUNT);
}

/* Both in memory of their exact length. */
static void assert_parsed_alike(const uint8_t *frame, uint32_t len, const struct tag_key *tag_key,
				const struct flow_table *t)
{
	uint8_t *exact = malloc(len ? len : 1);
	struct burst b = {.n = 1, .pkt = {{.data = exact, .len = len}}};
	struct pkt *fast = &b.pkt[0], slow;

	memcpy(exact, frame, len);
	slow = parsed(exact, len);
	parse_burst(&b, tag_key, t);
	if (pkt_is_plain(fast)) /* the rest is for the packet that begins a flow */
		assert_int_equal(classify_rest_of_plain(fast), slow.drop);
	else
		assert_int_equal(fast->drop, slow.drop);
	if (!slow.drop) {
		assert_true(fast->shape == slow.shape);
		assert_int_equal(fast->end, slow.end);
		assert_int_equal(fast->v4, slow.v4);
		assert_int_equal(fast->tcp_flags, slow.tcp_flags);
		assert_true(fast->tag == tag_pkt(&slow, tag_key));
	}
	free(exact);
}

/* Every value of every header byte of a plain packet, and every length. */
static void parse_all_alike(const struct craft *c, const struct tag_key *tag_key,
			    const struct flow_table *t)
{
	uint8_t frame[CRAFT_MAX];
	uint32_t len = craft_frame(c, frame);

	for (uint32_t i = 0; i <= len; i++)
		assert_parsed_alike(frame, i, tag_key, t);
	for (uint32_t i = 12; i < sizeof(struct wire_plain); i++)
		for (uint32_t change = 1; change < 256; change++) {
			frame[i] ^= (uint8_t)change;
			assert_parsed_alike(frame, len, tag_key, t);
			assert_parsed_alike(frame, len - c->padding, tag_key, t);
			frame[i] ^= (uint8_t)change;
		}
}

static void the_fast_lane_goes_where_the_others_go(void **state)
{
	static uint8_t memory[4096] __attribute__((aligned(64)));
	const struct craft tcp = {.flags = TH_ACK, .payload = 20, .padding = 6};
	const struct craft udp = {.udp = true, .payload = 20, .padding = 6};
	struct tag_key tag_key;
	struct flow_table t;

	(void)state;
	tag_key_make(&tag_key, &key);
	flow_attach(&t, memory, sizeof(memory));
	parse_all_alike(&tcp, &tag_key, &t);
	parse_all_alike(&udp, &tag_key, &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_way_through_every_header),
		cmocka_unit_test(drops_every_frame_cut_short),
		cmocka_unit_test(stays_within_bounds_whatever_comes),
		cmocka_unit_test(takes_no_more_than_16_bits_of_length),
		cmocka_unit_test(tells_destination_and_source),
		cmocka_unit_test(a_burst_is_parsed_to_its_end),
		cmocka_unit_test(the_fast_lane_goes_where_the_others_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
