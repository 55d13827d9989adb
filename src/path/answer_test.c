/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/answer.h"

#include "base/advert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path/classify.h"
#include "path/recipe_test.h"

/* A question and its answer; none: not to be answered. */
struct row {
	const char *question, *target, *answer;
};

static bool answer(struct pkt *p)
{
	const uint8_t *own = recipe_mac("director");

	if (p->kind == PKT_ARP)
		return answer_arp(p, own);
	return p->kind == PKT_SOLICIT ? answer_solicit(p, own) : answer_echo(p, own);
}

/* In memory of the exact length that it may use. */
static void check_row(const struct row *row)
{
	uint8_t frame[RECIPE_MAX], want[RECIPE_MAX], *exact;
	uint32_t len = recipe_frame(row->question, frame), want_len;
	struct addr target, is;
	struct pkt p;

	exact = malloc(len + ANSWER_GROWTH);
	memcpy(exact, frame, len);
	p = (struct pkt){.data = exact, .len = len};
	classify_pkt(&p);
	assert_int_equal(p.drop, DROP_NONE);
	addr_parse(row->target, &target);
	is = answer_target(&p);
	if (!addr_equal(&is, &target))
		fail_msg("%s: another target", row->question);
	if (answer(&p) != !!row->answer)
		fail_msg("%s: answered, or not", row->question);
	want_len = recipe_frame(row->answer ? row->answer : row->question, want);
	assert_int_equal(p.len, want_len);
	if (memcmp(exact, want, want_len) != 0)
		fail_msg("%s: not %s", row->question, row->answer);
	if (row->answer)
		assert_int_equal(p.end, p.len);
	free(exact);
}

#define BACK  "to:client from:director "
#define PING6 "src:2001:db8::80 dst:2001:db8::1 "

static void answers_in_the_addresss_name(void **state)
{
	static const struct row row[] = {
		{"to:all arp:1,client,10.0.0.1,nobody,192.168.1.222 pad:18", "192.168.1.222",
		 BACK "arp:2,director,192.168.1.222,client,10.0.0.1"},
		{"to:all ad:7 vlan:5,3 arp:1,client,0.0.0.0,nobody,10.1.1.1", "10.1.1.1",
		 BACK "ad:7 vlan:5,3 arp:2,director,10.1.1.1,client,0.0.0.0"},
		{"from:other arp:1,client,10.0.0.1,director,10.1.1.1", "10.1.1.1",
		 BACK "arp:2,director,10.1.1.1,client,10.0.0.1"},
		{"to:all arp:1,all,10.0.0.1,nobody,10.1.1.1", "10.1.1.1", NULL},
		{"to:all arp:1,client,10.1.1.1,nobody,10.1.1.1", "10.1.1.1", NULL},
		{"to:all arp:1,client,224.0.0.1,nobody,10.1.1.1", "10.1.1.1", NULL},
		{"ip4 ttl:9 id:77 tos:8 icmp:8,0,65537 pay:56", "192.168.1.222",
		 BACK "ip4 src:192.168.1.222 dst:10.0.0.1 id:77 tos:8 icmp:0,0,65537 pay:56"},
		{"ip4 df icmp:8,0,65537 pay:1 pad:17", "192.168.1.222",
		 BACK "ip4 src:192.168.1.222 dst:10.0.0.1 df icmp:0,0,65537 pay:1"},
		{"vlan:5 ip4 opt:0107060400000000 icmp:8,0,9 pay:33", "192.168.1.222",
		 BACK "vlan:5 ip4 src:192.168.1.222 dst:10.0.0.1 icmp:0,0,9 pay:33"},
		{"ip4 icmp:8,0,9 raw:2,1234", "192.168.1.222", /* a wrong sum stays as wrong */
		 BACK "ip4 src:192.168.1.222 dst:10.0.0.1 icmp:0,0,9 raw:2,1a34"},
		{"from:many ip4 icmp:8,0", "192.168.1.222", NULL},
		{"ip6 ttl:2 icmp:128,0,65537 pay:56", "2001:db8::80",
		 BACK "ip6 " PING6 "icmp:129,0,65537 pay:56"},
		{"vlan:5 ip6 ext:0 ext:60,24 icmp:128,0,9 pay:7 pad:2", "2001:db8::80",
		 BACK "vlan:5 ip6 " PING6 "icmp:129,0,9 pay:7"},
		{"ip6 frag:0,0,3 icmp:128,0,9", "2001:db8::80", BACK "ip6 " PING6 "icmp:129,0,9"},
		{"to:many ip6 dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80 lla:1,other",
		 "2001:db8::80",
		 "to:other from:director ip6 " PING6
		 "ttl:255 nd:136,2001:db8::80,60000000 lla:2,director"},
		{"vlan:5 ip6 ttl:255 nd:135,2001:db8::80", "2001:db8::80",
		 BACK "vlan:5 ip6 " PING6 "ttl:255 nd:136,2001:db8::80,60000000 lla:2,director"},
		{"ip6 ttl:255 ext:60 nd:135,2001:db8::80 hex:0e01000000000000 lla:1,client",
		 "2001:db8::80",
		 BACK "ip6 " PING6 "ttl:255 nd:136,2001:db8::80,60000000 lla:2,director"},
		{"to:many ip6 src::: dst:ff02::1:ff00:80 ttl:255 nd:135,2001:db8::80",
		 "2001:db8::80",
		 "to:nodes from:director ip6 src:2001:db8::80 dst:ff02::1 ttl:255 "
		 "nd:136,2001:db8::80,20000000 lla:2,director"},
		{"ip6 ttl:255 nd:135,2001:db8::80 lla:1,all", "2001:db8::80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		check_row(&row[i]);
}

static void announces_addresses(void **state)
{
	static const struct row row[] = {
		{.target = "192.168.1.222",
		 .answer =
			 "to:all from:director arp:1,director,192.168.1.222,nobody,192.168.1.222"},
		{.target = "2001:db8::80",
		 .answer = "to:nodes from:director ip6 src:2001:db8::80 dst:ff02::1 ttl:255 "
			   "nd:136,2001:db8::80,20000000 lla:2,director"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		uint8_t *frame = malloc(ADVERT_MAX), want[RECIPE_MAX];
		uint32_t len = recipe_frame(row[i].answer, want);
		struct addr vip;

		addr_parse(row[i].target, &vip);
		assert_int_equal(advert_announce(&vip, recipe_mac("director"), frame), len);
		assert_memory_equal(frame, want, len);
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_in_the_addresss_name),
		cmocka_unit_test(announces_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
