/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever a flow's unusual packets say must be what its plain ones say. */
#include "path/tuple.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path/classify.h"
#include "path/parse.h"
#include "path/recipe_test.h"

static const struct hash_key hash_key = {{1, 2}};

static struct tag_key key(bool aes)
{
	struct tag_key k;

	tag_key_make(&k, &hash_key);
	k.aes &= aes;
	return k;
}

static struct pkt classified(const char *recipe, uint8_t *frame)
{
	struct pkt p = {.data = frame, .len = recipe_frame(recipe, frame)};

	classify_pkt(&p);
	if (p.drop)
		fail_msg("%s: %s", recipe, drop_row[p.drop].name);
	return p;
}

static struct tuple tuple_of(const char *recipe)
{
	uint8_t frame[RECIPE_MAX];
	struct pkt p = classified(recipe, frame);
	struct tuple t;

	if (!pkt_tuple(&p, &t))
		fail_msg("%s: no tuple", recipe);
	return t;
}

#define INNER4 "ip4 src:192.168.1.222 dst:10.0.0.1 "
#define INNER6 "ip6 src:2001:db8::80 dst:2001:db8::1 "

/* The flow's own packet, and others of the same flow. */
static const char *const family[][8] = {
	{"ip4 tcp:S", "vlan:5 ip4 opt:01010101 tcp:A pay:9", "ip4 mf tcp:A pay:12",
	 "ip4 icmp:3,4,1400 " INNER4 "df tcp:A sp:80 dp:1025",
	 "ip4 src:10.9.9.9 icmp:11,0 " INNER4 "opt:01010101 mf more:999 l4:6 hex:0050040100000001",
	 "ip4 src:10.9.9.9 icmp:12,0 " INNER4 "l4:6 hex:0050040100000000"},
	{"ip4 udp", "ip4 mf udp pay:8", "ip4 icmp:3,3 " INNER4 "udp sp:80 dp:1025"},
	{"ip4 sctp", "ip4 icmp:3,2 " INNER4 "sctp sp:80 dp:1025"},
	{"ip4 l4:47 pay:20", "ip4 mf l4:47 pay:8",
	 "ip4 icmp:3,1 " INNER4 "l4:47 hex:0102030405060708"},
	{"ip4 icmp:8,0", "ip4 icmp:8,0 pay:90", "ip4 mf icmp:8,0 pay:8", "ip4 icmp:13,0",
	 "ip4 icmp:3,1 " INNER4 "icmp:0,0"},
	{"ip6 tcp:S", "ip6 ext:0 tcp:A", "ip6 frag:0,1,8 tcp:A pay:4", "ip6 frag:0,0,8 tcp:A pay:3",
	 "ip6 src:2001:db8:9::9 icmp:2,0,1400 " INNER6 "tcp:A sp:80 dp:1025",
	 "ip6 icmp:3,0 " INNER6 "ext:60 frag:0,1,4 tcp:A sp:80 dp:1025"},
	{"ip6 udp", "ip6 icmp:1,4 " INNER6 "udp sp:80 dp:1025", "ip6 ext:60 udp"},
	{"ip6 sctp", "ip6 icmp:4,1 " INNER6 "sctp sp:80 dp:1025"},
	{"ip6 l4:50 pay:8", "ip6 l4:50", "ip6 icmp:1,0 " INNER6 "l4:50 pay:8"},
};
enum {
	FAMILIES = sizeof(family) / sizeof(*family)
};

static void all_packets_of_a_flow_have_its_tuple_and_tag(void **state)
{
	(void)state;
	for (int aes = 0; aes < 2; aes++) {
		struct tag_key k = key(aes);

		for (int i = 0; i < FAMILIES; i++) {
			struct tuple first = tuple_of(family[i][0]);
			uint64_t tag = tuple_tag(&first, &k);

			for (int n = 1; n < 8 && family[i][n]; n++) {
				struct tuple t = tuple_of(family[i][n]);

				if (memcmp(&t, &first, offsetof(struct tuple, proto) + 1) != 0)
					fail_msg("%s: another tuple", family[i][n]);
				assert_true(tuple_tag(&t, &k) == tag);
			}
			for (int other = 0; other < i; other++) {
				struct tuple t = tuple_of(family[other][0]);

				assert_false(tuple_tag(&t, &k) == tag);
			}
		}
	}
}

static void the_tag_is_the_fast_lanes(void **state)
{
	uint8_t frame[RECIPE_MAX];

	(void)state;
	for (int aes = 0; aes < 2; aes++) {
		struct tag_key k = key(aes);

		for (int i = 0; i < FAMILIES; i++) {
			struct pkt p = classified(family[i][0], frame);
			struct tuple t;

			assert_true(pkt_tuple(&p, &t));
			assert_true(tag_pkt(&p, &k) == tuple_tag(&t, &k));
		}
	}
}

static void hashes_hang_on_what_they_are_of(void **state)
{
	struct tuple t = tuple_of("ip4 tcp:S"), sport = tuple_of("ip4 tcp:S sp:1026");
	struct tuple dport = tuple_of("ip4 tcp:S dp:81"), dst = tuple_of("ip4 dst:10.1.1.1 tcp:S");

	(void)state;
	assert_true(tuple_source_hash(&t, &hash_key, true) ==
		    tuple_source_hash(&dport, &hash_key, true));
	assert_false(tuple_source_hash(&t, &hash_key, true) ==
		     tuple_source_hash(&sport, &hash_key, true));
	assert_true(tuple_dest_hash(&t, &hash_key, true) ==
		    tuple_dest_hash(&sport, &hash_key, true));
	assert_true(tuple_dest_hash(&t, &hash_key, false) ==
		    tuple_dest_hash(&dport, &hash_key, false));
	assert_false(tuple_dest_hash(&t, &hash_key, true) ==
		     tuple_dest_hash(&dport, &hash_key, true));
	assert_false(tuple_dest_hash(&t, &hash_key, false) ==
		     tuple_dest_hash(&dst, &hash_key, false));
}

static void some_packets_do_not_say(void **state)
{
	static const char *const recipe[] = {
		"ip4 off:80 l4:17 pay:8",
		"ip6 frag:80,1,1 l4:17 pay:8",
		"ip4 icmp:3,1 " INNER4 "off:80 l4:17 pay:8",
		"ip6 icmp:2,0,1300 " INNER6 "frag:80,1,1 l4:17 pay:8",
		"arp:1,client,10.0.0.1,nobody,192.168.1.222",
		"ip6 ttl:255 nd:135,2001:db8::80",
	};
	uint8_t frame[RECIPE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(recipe) / sizeof(*recipe); i++) {
		struct pkt p = classified(recipe[i], frame);
		struct tuple t;

		assert_false(pkt_tuple(&p, &t));
	}
}

/* A frame that ends with its IP packet: not a byte behind it is read for ports. */
static void protocols_without_ports_need_no_payload(void **state)
{
	uint8_t frame[RECIPE_MAX];

	(void)state;
	for (int aes = 0; aes < 2; aes++) {
		uint32_t len = recipe_frame("ip6 l4:59", frame);
		uint8_t *exact = memcpy(malloc(len), frame, len);
		struct pkt p = {.data = exact, .len = len};
		struct tag_key k = key(aes);
		struct tuple t;

		classify_pkt(&p);
		assert_int_equal(p.drop, DROP_NONE);
		assert_true(pkt_tuple(&p, &t));
		assert_int_equal(t.sport | t.dport, 0);
		assert_true(tag_pkt(&p, &k) == tuple_tag(&t, &k));
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_packets_of_a_flow_have_its_tuple_and_tag),
		cmocka_unit_test(the_tag_is_the_fast_lanes),
		cmocka_unit_test(hashes_hang_on_what_they_are_of),
		cmocka_unit_test(some_packets_do_not_say),
		cmocka_unit_test(protocols_without_ports_need_no_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
