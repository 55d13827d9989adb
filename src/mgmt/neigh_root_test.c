/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours, against the kernel. */
#include "mgmt/neigh.h"

#include <errno.h>
#include <stdio.h>

#include "mgmt/neigh_world_test.h"
#include "mgmt/netlink.h"

enum {
	SERVERS = 1000
};

/* Makes keep.c meet a kernel without managed entries. */
static bool old_kernel;
int __real_nl_neigh_set(struct nl *nl, enum nl_neigh_op op, int ifindex, const struct addr *a);
int __wrap_nl_neigh_set(struct nl *nl, enum nl_neigh_op op, int ifindex, const struct addr *a);
int __wrap_nl_neigh_set(struct nl *nl, enum nl_neigh_op op, int ifindex, const struct addr *a)
{
	if (old_kernel && op == NEIGH_MANAGE)
		return -EOPNOTSUPP;
	return __real_nl_neigh_set(nl, op, ifindex, a);
}

static bool is_reachable(void)
{
	return shell("ip neigh show 10.9.0.2 dev d0 | grep -q REACHABLE");
}

static void resolves_servers_of_both_families(void **state)
{
	struct world *w = *state;

	neigh_watch(w->n, &w->v4);
	neigh_watch(w->n, &w->v6);
	assert_int_equal(w->hooks, 0); /* never from within */
	until(w, w->r4.state == REACH_OK && w->r6.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	assert_true(has_mac(&w->r6, 0xaa));
	assert_true(is_managed());
}

static void keeps_a_silent_server_fresh(void **state)
{
	struct world *w = *state;
	int hooks;

	watch_and_resolve(w);
	hooks = w->hooks;
	until(w, !is_reachable(), LONG_MS);
	assert_false(is_reachable()); /* not asked for more than the reachable time */
	until(w, is_reachable(), LONG_MS);
	assert_true(is_reachable()); /* nobody sent anything to it: the kernel asked */
	assert_int_equal(w->hooks, hooks);
	assert_int_equal(w->lines, 1);
	assert_true(has_mac(&w->r4, 0xaa));
}

static void follows_a_gratuitous_arp_at_once(void **state)
{
	struct world *w = *state;
	uint64_t start;
	int hooks;

	watch_and_resolve(w);
	hooks = w->hooks;
	start = uv_hrtime();
	run(IN_SERVER "ip link set s0 address 02:00:00:00:00:bb", w->server);
	until(w, has_mac(&w->r4, 0xbb), LONG_MS);
	assert_true(has_mac(&w->r4, 0xbb));
	print_message("from the command that changed the MAC to the hook: %.1f ms\n",
		      (w->at - start) / 1e6);
	assert_true(w->at - start < 100000000);
	assert_int_equal(w->hooks, hooks + 1); /* without a gap */
	assert_string_equal(w->logged, "neighbour 10.9.0.2 on d0: now 02:00:00:00:00:bb, was "
				       "02:00:00:00:00:aa");
}

static void follows_an_unsolicited_advertisement(void **state)
{
	struct world *w = *state;

	neigh_watch(w->n, &w->v6);
	until(w, w->r6.state == REACH_OK, LONG_MS);
	run(IN_SERVER "ip link set s0 address 02:00:00:00:00:bb", w->server);
	until(w, has_mac(&w->r6, 0xbb), 500);
	assert_true(has_mac(&w->r6, 0xbb));
}

static void follows_any_arp_request_of_the_server(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	pass_ms(w, 1200); /* the kernel's locktime: within 1 s it takes no other MAC */
	run(IN_SERVER "sh -c 'sysctl -qw net.ipv4.conf.s0.arp_notify=0; ip link set s0 address "
		      "02:00:00:00:00:bb; bash -c \"echo >/dev/udp/10.9.0.1/9\"'",
	    w->server);
	until(w, has_mac(&w->r4, 0xbb), 500);
	assert_true(has_mac(&w->r4, 0xbb));
}

static void finds_out_by_itself_that_a_mac_changed(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run(IN_SERVER "sh -c 'sysctl -qw net.ipv4.conf.s0.arp_notify=0; "
		      "ip link set s0 address 02:00:00:00:00:bb'",
	    w->server);
	until(w, has_mac(&w->r4, 0xbb), LONG_MS);
	assert_true(has_mac(&w->r4, 0xbb));
}

static void loses_a_server_that_goes_and_finds_it_again(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run(IN_SERVER "ip addr del 10.9.0.2/16 dev s0", w->server);
	until(w, w->r4.state == REACH_UNRESOLVED, LONG_MS);
	assert_int_equal(w->r4.state, REACH_UNRESOLVED);
	assert_int_equal(w->r4.nic, 0);
	run(IN_SERVER "ip addr add 10.9.0.2/16 dev s0", w->server);
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
}

static void makes_a_deleted_entry_anew(void **state)
{
	struct world *w = *state;
	int hooks;

	watch_and_resolve(w);
	hooks = w->hooks;
	run("ip neigh del 10.9.0.2 dev d0");
	until(w, w->hooks > hooks + 1 && w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	assert_true(is_managed());
}

static void takes_a_stolen_entry_back(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip neigh replace 10.9.0.2 dev d0 lladdr 02:00:00:00:00:cc nud stale");
	until(w, has_mac(&w->r4, 0xcc), 500);
	assert_true(has_mac(&w->r4, 0xcc)); /* believed, until it is seen to be wrong */
	until(w, has_mac(&w->r4, 0xaa), LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	assert_true(is_managed());
}

static void leaves_permanent_entries_alone(void **state)
{
	struct world *w = *state;

	run("ip neigh add 10.9.0.2 dev d0 lladdr 02:00:00:00:00:dd nud permanent");
	neigh_watch(w->n, &w->v4);
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xdd));
	assert_false(is_managed());
	run("ip neigh replace 10.9.0.2 dev d0 lladdr 02:00:00:00:00:ee nud permanent");
	until(w, has_mac(&w->r4, 0xee), 500);
	assert_true(has_mac(&w->r4, 0xee));
	neigh_unwatch(w->n, &w->v4);
	assert_true(shell("ip neigh show 10.9.0.2 dev d0 | grep -q 'ee PERMANENT'"));
}

static void leaves_entries_of_other_programs_alone(void **state)
{
	struct world *w = *state;

	run("ip neigh add 10.9.0.2 dev d0 managed protocol 111");
	watch_and_resolve(w);
	neigh_unwatch(w->n, &w->v4);
	assert_true(shell("ip -d neigh show 10.9.0.2 dev d0 | grep -q 'managed.*proto 111'"));
}

static void refuses_a_mac_that_cannot_be(void **state)
{
	static const char *const bad[] = {"01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff",
					  "00:00:00:00:00:00", "02:00:00:00:00:01"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		run("ip neigh replace 10.9.0.2 dev d0 lladdr 02:00:00:00:00:dd nud permanent");
		neigh_watch(w->n, &w->v4);
		until(w, w->r4.state == REACH_OK, LONG_MS);
		assert_true(has_mac(&w->r4, 0xdd));
		run("ip neigh replace 10.9.0.2 dev d0 lladdr %s nud permanent", bad[i]);
		until(w, w->r4.state != REACH_OK, 500);
		assert_int_equal(w->r4.state, REACH_BAD_MAC);
	}
}

static void takes_back_what_it_set(void **state)
{
	struct world *w = *state;
	struct addr nobody;

	addr_parse("10.9.0.99", &nobody);
	neigh_watch(w->n, &nobody);
	watch_and_resolve(w);
	assert_true(is_managed());
	neigh_unwatch(w->n, &w->v4);
	assert_false(is_managed());
	assert_true(shell("ip neigh show 10.9.0.2 dev d0 | grep -q 00:aa")); /* still known */
	neigh_watch(w->n, &w->v4);
	until(w, is_managed(), 500);
	assert_true(is_managed());
	neigh_close(w->n);
	assert_false(shell("ip neigh show | grep -E 'managed|extern_learn|10.9.0.99'"));
	w->n = NULL;
}

static void knows_the_entries_of_an_engine_that_died(void **state)
{
	struct world *w = *state;

	run("ip neigh add 10.9.0.2 dev d0 managed extern_learn protocol %d", NEIGH_PROTO);
	watch_and_resolve(w);
	neigh_unwatch(w->n, &w->v4);
	assert_false(is_managed());
}

static void asks_again_where_the_kernel_does_not(void **state)
{
	struct world *w = *state;

	old_kernel = true;
	watch_and_resolve(w);
	assert_false(is_managed());
	run(IN_SERVER "sh -c 'sysctl -qw net.ipv4.conf.s0.arp_notify=0; "
		      "ip link set s0 address 02:00:00:00:00:bb'",
	    w->server);
	until(w, has_mac(&w->r4, 0xbb), 25000);
	old_kernel = false;
	assert_true(has_mac(&w->r4, 0xbb));
}

static void watch_some(struct world *w, int from, int to)
{
	char text[ADDR_TEXT];
	struct addr a;

	for (int i = from; i < to; i++) {
		snprintf(text, sizeof(text), "10.9.%d.%d", 128 + i / 250, 1 + i % 250);
		addr_parse(text, &a);
		assert_int_equal(neigh_watch(w->n, &a), 0);
	}
}

/* 1000 servers are resolved soon, and no turn of the loop is long. More come later, which makes
 * the kernel's garbage collector run (it begins at 512, and refuses at 1024): it takes none. */
static void watches_a_thousand(void **state)
{
	struct world *w = *state;
	uint64_t start, turn, longest = 0;

	run(IN_SERVER "sh -c 'ip route add local 10.9.128.0/17 dev s0'", w->server);
	start = uv_hrtime();
	watch_some(w, 0, SERVERS);
	while (w->ok < SERVERS && uv_hrtime() < start + LONG_MS * 1000000ull) {
		turn = uv_hrtime();
		uv_run(&w->loop, UV_RUN_NOWAIT);
		turn = uv_hrtime() - turn;
		longest = turn > longest ? turn : longest;
	}
	assert_int_equal(w->ok, SERVERS);
	print_message("%d servers resolved in %.0f ms, longest turn of the loop %.1f ms\n", SERVERS,
		      (uv_hrtime() - start) / 1e6, longest / 1e6);
	assert_true(longest < 100000000);
	pass_ms(w, 6000); /* it spares what is younger than 5 s */
	watch_some(w, SERVERS, SERVERS + 100);
	pass_ms(w, 1000);
	assert_int_equal(w->ok, SERVERS + 100); /* none was lost and found */
	start = uv_hrtime();
	neigh_close(w->n);
	w->n = NULL;
	print_message("and taken back in %.0f ms\n", (uv_hrtime() - start) / 1e6);
}

/* neigh_root_test [pattern]: only tests whose names match. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		in_world(resolves_servers_of_both_families),
		in_world(keeps_a_silent_server_fresh),
		in_world(follows_a_gratuitous_arp_at_once),
		in_world(follows_an_unsolicited_advertisement),
		in_world(follows_any_arp_request_of_the_server),
		in_world(finds_out_by_itself_that_a_mac_changed),
		in_world(loses_a_server_that_goes_and_finds_it_again),
		in_world(makes_a_deleted_entry_anew),
		in_world(takes_a_stolen_entry_back),
		in_world(leaves_permanent_entries_alone),
		in_world(leaves_entries_of_other_programs_alone),
		in_world(refuses_a_mac_that_cannot_be),
		in_world(takes_back_what_it_set),
		in_world(knows_the_entries_of_an_engine_that_died),
		in_world(asks_again_where_the_kernel_does_not),
		in_world(watches_a_thousand),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
