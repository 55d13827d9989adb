/* SPDX-License-Identifier: BSD-2-Clause */
/* The outer headers' bytes were computed by hand (by a script of struct.pack, not by this code). */
#include "path/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path/classify.h"
#include "path/craft_test.h"
#include "path/rewrite.h"

enum {
	HEADROOM = 256,
	AREA = 1 << 20, /* where the frame lies in UMEM */
	TAG_PRIORITY = 5 << 13,
};

struct world {
	struct pkt p;
	struct backend backend;
	struct tunnel tunnel[2];
	uint8_t memory[HEADROOM + CRAFT_MAX], before[CRAFT_MAX];
	uint32_t len; /* of the frame before */
	bool completed;
};

static struct addr addr(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void world_init(struct world *w, bool v6)
{
	memset(w, 0, sizeof(*w));
	w->backend = (struct backend){
		.id = 1 << BACKEND_SLOT_BITS | 1,
		.flags = BACKEND_READY | BACKEND_OPEN | BACKEND_TUNNEL,
		.macs = {2, 5, 5, 5, 5, 1, 2, 9, 9, 9, 9, 1},
		.mtu = 1500,
	};
	w->tunnel[1].src = addr(v6 ? "fd00::1" : "10.9.0.1");
	w->tunnel[1].dst = addr(v6 ? "fd00::2" : "10.9.0.2");
	w->tunnel[1].port = htons(6080);
}

static uint8_t *frame_make(struct world *w, const struct craft *c)
{
	uint8_t *frame = w->memory + HEADROOM;

	w->len = craft_frame(c, frame);
	w->p = (struct pkt){.data = frame, .addr = AREA + HEADROOM, .len = w->len};
	return frame;
}

static void frame_rewrite(struct world *w)
{
	memcpy(w->before, w->p.data, w->p.len);
	classify_pkt(&w->p);
	assert_int_equal(w->p.drop, DROP_NONE);
	w->p.tag = 0x0123456789abcdef;
	w->p.backend = &w->backend;
	w->completed = rewrite_pkt(&w->p, w->tunnel);
}

/* After a change in the IPv4 header at l3. */
static void header_mend(uint8_t *l3)
{
	uint16_t sum;

	memset(l3 + 10, 0, sizeof(sum));
	sum = htons((uint16_t)~craft_sum(0, l3, sizeof(struct wire_ip4)));
	memcpy(l3 + 10, &sum, sizeof(sum));
}

static void run(struct world *w, const struct craft *c)
{
	frame_make(w, c);
	frame_rewrite(w);
}

/* Whether the frame begins with these bytes, in hexadecimal with spaces. */
static void assert_front(const struct world *w, const char *hex)
{
	char is[512] = "", *at = is;
	uint32_t i = 0;

	for (const char *h = hex; *h; h++) {
		if (*h == ' ')
			*at++ = ' ';
		else if (++i % 2)
			at += sprintf(at, "%02x", w->p.data[i / 2]);
	}
	assert_string_equal(is, hex);
}

/* The frame ends with the packet as it came, but for its hops; data, addr and len agree. */
static void assert_inside(const struct world *w, const struct craft *c)
{
	uint32_t l3 = craft_l3(c), len = w->len - c->padding - l3;
	const uint8_t *inner = w->p.data + w->p.len - len, *old = w->before + l3;
	uint32_t hops = c->v6 ? 7 : 8;

	assert_int_equal(w->p.data - w->memory, w->p.addr - AREA);
	assert_memory_equal(inner, old, hops);
	assert_int_equal(inner[hops], old[hops] - 1);
	if (c->v6) {
		assert_memory_equal(inner + 8, old + 8, len - 8);
		return;
	}
	assert_int_equal(craft_sum(0, inner, (inner[0] & 15u) * 4), 0xffff);
	assert_memory_equal(inner + 12, old + 12, len - 12);
}

#define MACS "0205 0505 0501 0209 0909 0901 "

static const struct {
	const char *name;
	bool outer6, inner6;
	uint8_t type, flags;
	const char *front;
} row[] = {
	{"IPIP, IPv4 in IPv4", false, false, TUNNEL_IPIP, 0,
	 MACS "0800 "
	      "4500 0034 87cb 0000 4004 dee6 0a09 0001 0a09 0002"},
	{"GRE, IPv4 in IPv4", false, false, TUNNEL_GRE, 0,
	 MACS "0800 "
	      "4500 0038 87cb 0000 402f deb7 0a09 0001 0a09 0002 "
	      "0000 0800"},
	{"GRE, IPv4 in IPv4, checksum", false, false, TUNNEL_GRE, TUNNEL_CSUM,
	 MACS "0800 "
	      "4500 003c 87cb 0000 402f deb3 0a09 0001 0a09 0002 "
	      "8000 0800 44a3 0000"},
	{"GUE, IPv4 in IPv4", false, false, TUNNEL_GUE, 0,
	 MACS "0800 "
	      "4500 0040 87cb 0000 4011 decd 0a09 0001 0a09 0002 "
	      "e1f2 17c0 002c 0000 0004 0000"},
	{"GUE, IPv4 in IPv4, checksum", false, false, TUNNEL_GUE, TUNNEL_CSUM,
	 MACS "0800 "
	      "4500 0040 87cb 0000 4011 decd 0a09 0001 0a09 0002 "
	      "e1f2 17c0 002c be6e 0004 0000"},
	{"IPIP, IPv6 in IPv4", false, true, TUNNEL_IPIP, 0,
	 MACS "0800 "
	      "4500 0048 0000 4000 4029 2679 0a09 0001 0a09 0002"},
	{"GRE, IPv6 in IPv4", false, true, TUNNEL_GRE, 0,
	 MACS "0800 "
	      "4500 004c 0000 4000 402f 266f 0a09 0001 0a09 0002 "
	      "0000 86dd"},
	{"GRE, IPv6 in IPv4, checksum", false, true, TUNNEL_GRE, TUNNEL_CSUM,
	 MACS "0800 "
	      "4500 0050 0000 4000 402f 266b 0a09 0001 0a09 0002 "
	      "8000 86dd 87f3 0000"},
	{"GUE, IPv6 in IPv4", false, true, TUNNEL_GUE, 0,
	 MACS "0800 "
	      "4500 0054 0000 4000 4011 2685 0a09 0001 0a09 0002 "
	      "e1f2 17c0 0040 0000 0029 0000"},
	{"GUE, IPv6 in IPv4, checksum", false, true, TUNNEL_GUE, TUNNEL_CSUM,
	 MACS "0800 "
	      "4500 0054 0000 4000 4011 2685 0a09 0001 0a09 0002 "
	      "e1f2 17c0 0040 804f 0029 0000"},
	{"IPIP, IPv4 in IPv6", true, false, TUNNEL_IPIP, 0,
	 MACS "86dd "
	      "6008 7cbf 0020 0440 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002"},
	{"GRE, IPv4 in IPv6", true, false, TUNNEL_GRE, 0,
	 MACS "86dd "
	      "6008 7cbf 0024 2f40 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "0000 0800"},
	{"GRE, IPv4 in IPv6, checksum", true, false, TUNNEL_GRE, TUNNEL_CSUM,
	 MACS "86dd "
	      "6008 7cbf 0028 2f40 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "8000 0800 44a3 0000"},
	{"GUE, IPv4 in IPv6", true, false, TUNNEL_GUE, 0,
	 MACS "86dd "
	      "6008 7cbf 002c 1140 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "e1f2 17c0 002c 0000 0004 0000"},
	{"GUE, IPv4 in IPv6, checksum", true, false, TUNNEL_GUE, TUNNEL_CSUM,
	 MACS "86dd "
	      "6008 7cbf 002c 1140 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "e1f2 17c0 002c d87e 0004 0000"},
	{"IPIP, IPv6 in IPv6", true, true, TUNNEL_IPIP, 0,
	 MACS "86dd "
	      "6008 7cbf 0034 2940 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002"},
	{"GRE, IPv6 in IPv6", true, true, TUNNEL_GRE, 0,
	 MACS "86dd "
	      "6008 7cbf 0038 2f40 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "0000 86dd"},
	{"GRE, IPv6 in IPv6, checksum", true, true, TUNNEL_GRE, TUNNEL_CSUM,
	 MACS "86dd "
	      "6008 7cbf 003c 2f40 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "8000 86dd 87f3 0000"},
	{"GUE, IPv6 in IPv6", true, true, TUNNEL_GUE, 0,
	 MACS "86dd "
	      "6008 7cbf 0040 1140 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "e1f2 17c0 0040 0000 0029 0000"},
	{"GUE, IPv6 in IPv6, checksum", true, true, TUNNEL_GUE, TUNNEL_CSUM,
	 MACS "86dd "
	      "6008 7cbf 0040 1140 fd00 0000 0000 0000 0000 0000 "
	      "0000 0001 fd00 0000 0000 0000 0000 0000 0000 0002 "
	      "e1f2 17c0 0040 9a5f 0029 0000"},
};

static void outer_headers_are_these(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct craft c = {.v6 = row[i].inner6, .udp = true, .payload = 4, .padding = 14};
		struct world w;

		print_message("%s\n", row[i].name);
		world_init(&w, row[i].outer6);
		w.tunnel[1].type = row[i].type;
		w.tunnel[1].flags = row[i].flags;
		run(&w, &c);
		assert_int_equal(w.p.drop, DROP_NONE);
		assert_front(&w, row[i].front);
		assert_inside(&w, &c);
		assert_int_equal(w.p.len, sizeof(struct wire_eth) + tunnel_overhead(&w.tunnel[1]) +
						  w.len - craft_l3(&c) - c.padding);
	}
}

static void class_and_df_are_the_inner_ones(void **state)
{
	struct craft c4 = {.payload = 1}, c6 = {.v6 = true, .payload = 1};
	struct world w;
	uint8_t *frame;

	(void)state;
	world_init(&w, false);
	frame = frame_make(&w, &c4);
	frame[15] = 0xb8 | 3; /* expedited forwarding, congestion experienced */
	frame[20] = 0x40;     /* DF */
	header_mend(frame + 14);
	frame_rewrite(&w);
	assert_int_equal(w.p.data[15], 0xbb);
	assert_memory_equal(w.p.data + 18, ((uint8_t[]){0, 0, 0x40, 0}), 4);

	frame = frame_make(&w, &c4);
	frame[18] = 0x12;
	frame[19] = 0x34;
	header_mend(frame + 14);
	frame_rewrite(&w);
	assert_memory_equal(w.p.data + 18, ((uint8_t[]){0x99, 0xff, 0, 0}), 4); /* + 0x87cb */

	world_init(&w, true);
	frame = frame_make(&w, &c6);
	frame[14] = 0x6b;
	frame[15] = 0x9f;
	frame_rewrite(&w);
	assert_memory_equal(w.p.data + 14, ((uint8_t[]){0x6b, 0x98, 0x7c, 0xbf}), 4);
}

static void source_is_spread_in_these_bits(void **state)
{
	struct craft c = {.payload = 1};
	struct world w;

	(void)state;
	world_init(&w, false);
	w.tunnel[1].src_spread.w[3] = htonl(0x0000ff0f);
	run(&w, &c);
	/* The hash's last two bytes are cb 87. */
	assert_memory_equal(w.p.data + 26, ((uint8_t[]){10, 9, 0xcb, 0x07}), 4);
	assert_int_equal(craft_sum(0, w.p.data + 14, 20), 0xffff);
	assert_memory_equal(w.p.data + 30, ((uint8_t[]){10, 9, 0, 2}), 4);
}

static void fits_to_the_last_byte(void **state)
{
	struct world w;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct craft c = {.v6 = i, .payload = 1400};
		uint32_t inner = i ? 1460 : 1440;

		world_init(&w, false);
		w.backend.mtu = (uint16_t)(inner + 20);
		run(&w, &c);
		assert_int_equal(w.p.drop, DROP_NONE);
		assert_int_equal(w.p.len, w.backend.mtu + 14);

		w.backend.mtu--;
		run(&w, &c);
		assert_int_equal(w.p.drop, DROP_TOO_BIG);
		assert_int_equal(w.p.mtu, inner - 1);
		assert_ptr_equal(w.p.data, w.memory + HEADROOM);
		assert_memory_equal(w.p.data, w.before, w.len);

		w.backend.mtu = 0; /* unknown */
		run(&w, &c);
		assert_int_equal(w.p.drop, DROP_NONE);

		c.ttl = 1;
		w.backend.mtu = 1000;
		run(&w, &c);
		assert_int_equal(w.p.drop, DROP_TTL);
	}
}

static void mtu_is_never_less_than_the_least(void **state)
{
	struct pkt p4 = {.v4 = true}, p6 = {.v4 = false};
	struct world w;

	(void)state;
	world_init(&w, false);
	assert_int_equal(tunnel_mtu(&p4, &w.tunnel[1], 1500), 1480);
	assert_int_equal(tunnel_mtu(&p4, &w.tunnel[1], 60), 68);
	assert_int_equal(tunnel_mtu(&p6, &w.tunnel[1], 1300), 1280);
	assert_int_equal(tunnel_mtu(&p6, &w.tunnel[1], 1290), 1280);
}

static void checksum_is_completed_before_wrapping(void **state)
{
	struct craft c = {.payload = 33, .partial = true}, whole = {.payload = 33};
	uint8_t want[CRAFT_MAX];
	uint32_t len = craft_frame(&whole, want);
	struct world w;

	(void)state;
	world_init(&w, true);
	w.tunnel[1].type = TUNNEL_GUE;
	w.tunnel[1].flags = TUNNEL_CSUM;
	run(&w, &c);
	assert_true(w.completed);
	assert_memory_equal(w.p.data + w.p.len - 53, want + len - 53, 53);
	assert_int_equal(craft_sum(IPPROTO_UDP + w.p.len - 54, w.p.data + 22, w.p.len - 22),
			 0xffff);
}

static void tags_go_but_for_the_servers_own(void **state)
{
	struct craft c = {.vlan = true, .payload = 7};
	struct world w;
	uint8_t *frame;

	(void)state;
	world_init(&w, false);
	run(&w, &c);
	assert_front(&w, MACS "0800 45");
	assert_inside(&w, &c);

	w.backend.flags |= BACKEND_VLAN;
	w.backend.vlan = 0x123;
	frame = frame_make(&w, &c);
	frame[14] = TAG_PRIORITY >> 8;
	frame_rewrite(&w);
	assert_front(&w, MACS "8100 a123 0800 45");
	assert_inside(&w, &c);
}

/* Direct routing onto a VLAN: whatever tags the frame had, one is left. */
static void direct_routing_sets_the_servers_tag(void **state)
{
	struct craft plain = {.payload = 7, .padding = 3}, tagged = {.vlan = true, .payload = 7};
	struct world w;
	uint8_t *frame;

	(void)state;
	world_init(&w, false);
	w.backend.flags = BACKEND_READY | BACKEND_VLAN;
	w.backend.vlan = 0x123;
	run(&w, &plain);
	assert_front(&w, MACS "8100 0123 0800 45");
	assert_int_equal(w.p.len, w.len + 4);
	assert_memory_equal(w.p.data + 30, w.before + 26, w.len - 26);
	assert_int_equal(w.p.data - w.memory, w.p.addr - AREA);

	frame = frame_make(&w, &tagged);
	frame[14] = TAG_PRIORITY >> 8;
	frame_rewrite(&w);
	assert_front(&w, MACS "8100 a123 0800 45");
	assert_int_equal(w.p.len, w.len);

	frame = frame_make(&w, &tagged); /* QinQ */
	memmove(frame - 4, frame, 12);
	memcpy(frame + 8, ((uint8_t[]){0x88, 0xa8, 0xe0, 9}), 4);
	w.p.data -= 4;
	w.p.addr -= 4;
	w.p.len += 4;
	frame_rewrite(&w);
	assert_front(&w, MACS "8100 e123 0800 45");
	assert_int_equal(w.p.len, w.len);
	assert_int_equal(w.p.data - w.memory, w.p.addr - AREA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outer_headers_are_these),
		cmocka_unit_test(class_and_df_are_the_inner_ones),
		cmocka_unit_test(source_is_spread_in_these_bits),
		cmocka_unit_test(fits_to_the_last_byte),
		cmocka_unit_test(mtu_is_never_less_than_the_least),
		cmocka_unit_test(checksum_is_completed_before_wrapping),
		cmocka_unit_test(tags_go_but_for_the_servers_own),
		cmocka_unit_test(direct_routing_sets_the_servers_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
