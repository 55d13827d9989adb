/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/csum.h"
#include "path/classify.h"
#include "path/craft_test.h"
#include "path/parse.h"

static const struct backend server = {.macs = {2, 5, 5, 5, 5, 1, 2, 9, 9, 9, 9, 1}};

struct frame {
	struct pkt p;
	uint32_t len;
	bool completed;
	uint8_t now[CRAFT_MAX], before[CRAFT_MAX];
};

static void frame_make(struct frame *f, const struct craft *c)
{
	f->len = craft_frame(c, f->now);
	memcpy(f->before, f->now, f->len);
	f->p = (struct pkt){.data = f->now, .len = f->len};
	classify_pkt(&f->p);
	assert_int_equal(f->p.drop, DROP_NONE);
	f->p.backend = &server;
}

static void frame_run(struct frame *f, const struct craft *c)
{
	frame_make(f, c);
	f->completed = rewrite_pkt(&f->p, NULL);
}

/* The i-th of many different packets. */
static struct craft nth(uint32_t i)
{
	return (struct craft){
		.v6 = i & 1,
		.udp = i & 2,
		.vlan = i & 4,
		.options = i & 1 ? 0 : i / 8 % 11 * 4,
		.payload = (uint32_t)random() % 1400,
		.padding = i % 19,
		.client = (uint16_t)(1 + random() % 65000),
		.ttl = (uint8_t)(2 + random() % 254),
		.flags = (uint8_t)(TH_ACK | (random() & (TH_PUSH | TH_URG))),
	};
}

static uint32_t check_offset(const struct craft *c)
{
	return craft_l4(c) +
	       (c->udp ? offsetof(struct wire_udp, check) : offsetof(struct wire_tcp, check));
}

static bool l4_sum_right(const struct craft *c, const struct frame *f)
{
	uint32_t l4 = craft_l4(c), l4_len = f->p.end - l4;

	return craft_sum(craft_pseudo(c, f->now, l4_len), f->now + l4, l4_len) == 0xffff;
}

/* Undoes in the copy of before what may change; then both are alike. */
static void assert_nothing_else_changed(const struct craft *c, struct frame *f)
{
	uint32_t l3 = craft_l3(c), check = check_offset(c);

	memcpy(f->before, server.macs, sizeof(server.macs));
	f->before[l3 + (c->v6 ? 7 : 8)]--;
	if (!c->v6)
		memcpy(f->before + l3 + 10, f->now + l3 + 10, 2);
	if (c->partial)
		memcpy(f->before + check, f->now + check, 2);
	assert_memory_equal(f->now, f->before, f->len);
}

static void changes_macs_ttl_and_header_checksum_only(void **state)
{
	struct frame f;

	(void)state;
	srandom(1);
	for (uint32_t i = 0; i < 20000; i++) {
		struct craft c = nth(i);

		frame_run(&f, &c);
		assert_false(f.completed);
		assert_int_equal(f.p.drop, DROP_NONE);
		assert_nothing_else_changed(&c, &f);
		assert_true(l4_sum_right(&c, &f));
		if (!c.v6)
			assert_int_equal(craft_sum(0, f.now + f.p.l3, f.p.l4 - f.p.l3), 0xffff);
	}
}

/* Some of which wrap around when the time to live goes down. */
static void every_header_checksum_is_updated(void **state)
{
	const struct craft c = {.flags = TH_ACK};
	struct frame f;

	(void)state;
	frame_make(&f, &c);
	assert_true(f.p.shape == pkt_plain(IPPROTO_TCP));
	for (uint32_t check = 0; check <= UINT16_MAX; check++) {
		struct wire_ip4 *ip = (void *)(f.now + f.p.l3);

		ip->ttl = 2;
		ip->check = (uint16_t)check;
		rewrite_pkt(&f.p, NULL);
		assert_int_equal(f.p.drop, DROP_NONE);
		assert_int_equal(ip->ttl, 1);
		assert_int_equal(ip->proto, IPPROTO_TCP);
		assert_int_equal(ip->check, csum_ttl_down((uint16_t)check));
	}
}

static void completes_what_the_sender_left_to_its_nic(void **state)
{
	struct frame f;

	(void)state;
	srandom(2);
	for (uint32_t i = 0; i < 20000; i++) {
		struct craft c = nth(i);
		uint32_t at = check_offset(&c);

		c.partial = true;
		frame_make(&f, &c);
		assert_false(l4_sum_right(&c, &f) && i < 100); /* else the test shows nothing */
		f.completed = rewrite_pkt(&f.p, NULL);
		assert_int_equal(f.completed, memcmp(f.now + at, f.before + at, 2) != 0);
		assert_nothing_else_changed(&c, &f);
		assert_true(l4_sum_right(&c, &f));
	}
}

/* A wrong checksum is the receiver's to find: we don't repair it. */
static void leaves_a_wrong_checksum_wrong(void **state)
{
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct craft c = nth(i);

		frame_make(&f, &c);
		f.now[check_offset(&c)] ^= 0x55;
		f.before[check_offset(&c)] ^= 0x55;
		assert_false(rewrite_pkt(&f.p, NULL));
		assert_nothing_else_changed(&c, &f);
		assert_false(l4_sum_right(&c, &f));
	}
}

static void leaves_udp_without_a_checksum_alone(void **state)
{
	struct craft c = {.udp = true, .payload = 33};
	struct frame f;

	(void)state;
	frame_make(&f, &c);
	memset(f.now + check_offset(&c), 0, 2);
	memset(f.before + check_offset(&c), 0, 2);
	assert_false(rewrite_pkt(&f.p, NULL));
	assert_nothing_else_changed(&c, &f);
}

/* The two bytes of payload make the sum 0xffff, whose complement means "none" in UDP. */
static void udp_never_gets_the_checksum_that_means_none(void **state)
{
	struct craft c = {.udp = true, .payload = 2, .partial = true};
	struct frame f;
	uint32_t l4, rest;

	(void)state;
	frame_make(&f, &c);
	l4 = craft_l4(&c);
	memset(f.now + l4 + 8, 0, 2);
	rest = craft_sum(0, f.now + l4, 10) ^ 0xffff;
	f.now[l4 + 8] = (uint8_t)(rest >> 8);
	f.now[l4 + 9] = (uint8_t)rest;
	assert_true(rewrite_pkt(&f.p, NULL));
	assert_int_equal(f.now[check_offset(&c)], 0xff);
	assert_int_equal(f.now[check_offset(&c) + 1], 0xff);
}

/* With UDP's own length: what lies between its end and the IP packet's isn't summed. */
static void udp_ends_where_it_says(void **state)
{
	struct craft c = {.udp = true, .payload = 8, .partial = true}, shorter = c;
	struct frame f, g;

	(void)state;
	shorter.payload = 4;
	frame_run(&g, &shorter);
	frame_make(&f, &c);
	memcpy(f.now + f.p.l4, g.before + g.p.l4, 12);
	assert_true(rewrite_pkt(&f.p, NULL));
	assert_memory_equal(f.now + f.p.l4, g.now + g.p.l4, 12);
}

static void a_packet_at_its_last_hop_is_dropped_as_it_is(void **state)
{
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		struct craft c = {.v6 = i & 1, .ttl = 77, .partial = true};
		uint8_t ttl = (uint8_t)(i / 2);

		frame_make(&f, &c);
		f.now[f.p.l3 + (c.v6 ? 7 : 8)] = ttl;
		f.before[f.p.l3 + (c.v6 ? 7 : 8)] = ttl;
		assert_int_equal(rewrite_pkt(&f.p, NULL), ttl > 1);
		assert_int_equal(f.p.drop, ttl > 1 ? DROP_NONE : DROP_TTL);
		if (ttl <= 1)
			assert_memory_equal(f.now, f.before, f.len);
		else
			assert_int_equal(f.now[f.p.l3 + (c.v6 ? 7 : 8)], 1);
	}
}

/* Fragments, errors, other protocols: what looks like a checksum field isn't one, or isn't ours. */
static void changes_nothing_behind_the_ip_header_of_other_packets(void **state)
{
	static const struct {
		uint8_t kind, proto;
	} other[] = {
		{PKT_FLOW, IPPROTO_SCTP},	{PKT_FLOW, IPPROTO_GRE},
		{PKT_FRAGMENT, IPPROTO_UDP},	{PKT_FRAGMENT, IPPROTO_TCP},
		{PKT_ICMP_ERROR, IPPROTO_ICMP},
	};
	struct frame f;

	(void)state;
	for (uint32_t i = 0; i < 2 * sizeof(other) / sizeof(*other); i++) {
		struct craft c = {.v6 = i & 1, .udp = true, .partial = true, .payload = 8};

		frame_make(&f, &c);
		f.p.kind = other[i / 2].kind;
		f.p.proto = other[i / 2].proto;
		f.now[f.p.l4 + 4] = f.before[f.p.l4 + 4] = 0xff; /* a length beyond the frame */
		assert_false(rewrite_pkt(&f.p, NULL));
		assert_int_equal(f.p.drop, DROP_NONE);
		c.partial = false; /* not to be completed */
		assert_nothing_else_changed(&c, &f);
		f.now[f.p.l3 + (c.v6 ? 7 : 8)] = 1;
		memcpy(f.before, f.now, f.len);
		assert_false(rewrite_pkt(&f.p, NULL));
		assert_int_equal(f.p.drop, DROP_TTL);
		assert_memory_equal(f.now, f.before, f.len);
	}
}

static void a_burst_skips_what_is_dropped_and_counts_the_completed(void **state)
{
	static struct frame f[4];
	struct worker_counters counters = {.csum_done = 10};
	struct burst b = {.n = 4};

	(void)state;
	for (uint32_t i = 0; i < b.n; i++) {
		struct craft c = {.partial = i != 3, .ttl = i == 2 ? 1 : 64, .payload = 10};

		frame_make(&f[i], &c);
		b.pkt[i] = f[i].p;
	}
	b.pkt[1].drop = DROP_NO_SERVICE;
	b.pkt[1].backend = NULL;
	rewrite_burst(&b, &counters);
	assert_int_equal(counters.csum_done, 11);
	assert_memory_equal(f[1].now, f[1].before, f[1].len);
	assert_int_equal(b.pkt[2].drop, DROP_TTL);
	assert_memory_equal(f[3].now, server.macs, sizeof(server.macs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_macs_ttl_and_header_checksum_only),
		cmocka_unit_test(every_header_checksum_is_updated),
		cmocka_unit_test(completes_what_the_sender_left_to_its_nic),
		cmocka_unit_test(leaves_a_wrong_checksum_wrong),
		cmocka_unit_test(leaves_udp_without_a_checksum_alone),
		cmocka_unit_test(udp_never_gets_the_checksum_that_means_none),
		cmocka_unit_test(udp_ends_where_it_says),
		cmocka_unit_test(a_packet_at_its_last_hop_is_dropped_as_it_is),
		cmocka_unit_test(changes_nothing_behind_the_ip_header_of_other_packets),
		cmocka_unit_test(a_burst_skips_what_is_dropped_and_counts_the_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
