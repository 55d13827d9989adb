/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes, links and lost events, against the kernel. */
#include "mgmt/neigh.h"

#include <unistd.h>

#include "mgmt/neigh_world_test.h"

static void tells_why_a_route_does_not_do(void **state)
{
	static const struct {
		const char *route, *addr;
		enum reach_state state;
	} row[] = {
		{"10.2.0.0/24 dev other", "10.2.0.1", REACH_NO_ROUTE},
		{"blackhole 10.3.0.0/24", "10.3.0.1", REACH_NO_ROUTE},
		{"unreachable 10.4.0.0/24", "10.4.0.1", REACH_NO_ROUTE},
		{"10.6.0.0/24 dev d0", "10.9.0.1", REACH_NO_ROUTE},	/* this host */
		{"10.7.0.0/24 dev d0", "10.99.0.1", REACH_NO_ROUTE},	/* nothing */
		{"10.8.0.0/24 dev d0", "10.9.255.255", REACH_NO_ROUTE}, /* broadcast */
	};
	struct world *w = *state;

	run("ip link add other type veth peer name another && ip link set other up");
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		run("ip route add %s", row[i].route);
		addr_parse(row[i].addr, &w->v4);
		w->r4.state = REACH_UNKNOWN;
		neigh_watch(w->n, &w->v4);
		until(w, w->r4.state != REACH_UNKNOWN, 1000);
		assert_int_equal(w->r4.state, row[i].state);
	}
}

static void resolves_a_servers_router(void **state)
{
	static const struct {
		const char *route, *addr;
		uint16_t mtu;
	} row[] = {
		{"10.1.0.0/24 via 10.9.0.2", "10.1.0.1", 1500},
		{"10.2.0.0/24 via 10.9.0.2 mtu 1400", "10.2.0.1", 1400},
		{"10.5.0.0/24 via inet6 2001:db8::2 dev d0", "10.5.0.1", 1500},
		{"2001:db8:1::/64 via 2001:db8::2", "2001:db8:1::1", 1500},
	};
	struct world *w = *state;
	struct addr own;

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		run("ip route add %s", row[i].route);
		addr_parse(row[i].addr, &w->v4);
		addr_parse(addr_is_v4(&w->v4) ? "10.9.0.1" : "2001:db8::1", &own);
		w->r4.state = REACH_UNKNOWN;
		neigh_watch(w->n, &w->v4);
		until(w, w->r4.state == REACH_OK && w->r4.mtu == row[i].mtu, LONG_MS);
		assert_int_equal(w->r4.state, REACH_OK);
		assert_true(w->r4.gateway);
		assert_true(has_mac(&w->r4, 0xaa));
		assert_int_equal(w->r4.mtu, row[i].mtu);
		assert_true(addr_equal(&w->r4.src, &own));
	}
}

/* One entry for two servers: it goes on being kept when one of them leaves. */
static void shares_a_router(void **state)
{
	struct world *w = *state;
	struct addr other;

	run("ip route add 10.1.0.0/24 via 10.9.0.2");
	addr_parse("10.1.0.1", &w->v4);
	addr_parse("10.1.0.2", &other);
	neigh_watch(w->n, &w->v4);
	neigh_watch(w->n, &other);
	until(w, w->r4.state == REACH_OK && is_managed(), LONG_MS);
	assert_true(is_managed());
	neigh_unwatch(w->n, &other);
	assert_false(is_managed());
	until(w, is_managed(), LONG_MS);
	assert_true(is_managed());
	run("ip route change 10.1.0.0/24 via 10.9.0.2 mtu 1300");
	until(w, w->r4.mtu == 1300, LONG_MS);
	assert_int_equal(w->r4.mtu, 1300);
	run(IN_SERVER "ip link set s0 address 02:00:00:00:00:bb", w->server);
	run("ip neigh replace 10.9.0.2 dev d0 lladdr 02:00:00:00:00:bb nud reachable");
	until(w, has_mac(&w->r4, 0xbb), LONG_MS);
	assert_true(has_mac(&w->r4, 0xbb));
}

static void follows_routes(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip route add 10.9.0.2/32 via 10.9.0.77");
	until(w, w->r4.gateway, 500);
	assert_int_equal(w->r4.state, REACH_UNRESOLVED);
	assert_false(is_managed());
	run("ip route del 10.9.0.2/32");
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	run("ip rule add to 10.9.0.2 unreachable"); /* no word of a route */
	until(w, w->r4.state == REACH_NO_ROUTE, 500);
	assert_int_equal(w->r4.state, REACH_NO_ROUTE);
	run("ip rule del to 10.9.0.2 unreachable");
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	run("ip addr del 10.9.0.1/16 dev d0"); /* takes the route with it */
	until(w, w->r4.state == REACH_NO_ROUTE, 500);
	assert_int_equal(w->r4.state, REACH_NO_ROUTE);
	run("ip addr add 10.9.0.1/16 dev d0");
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
}

static void follows_carrier(void **state)
{
	struct world *w = *state;

	neigh_watch(w->n, &w->v6);
	watch_and_resolve(w);
	run(IN_SERVER "ip link set s0 down", w->server);
	until(w, w->r4.state == REACH_DOWN && w->r6.state == REACH_DOWN, LONG_MS);
	assert_int_equal(w->r4.state, REACH_DOWN);
	assert_int_equal(w->r6.state, REACH_DOWN);
	assert_false(w->nic_up);
	run(IN_SERVER "sh -c 'ip link set s0 up; ip addr add 2001:db8::2/64 dev s0 nodad'",
	    w->server);
	until(w, w->r4.state == REACH_OK && w->r6.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	assert_true(has_mac(&w->r6, 0xaa));
	assert_true(w->nic_up);
	assert_true(is_managed());
}

static void follows_an_administrator(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip link set d0 down");
	until(w, w->r4.state == REACH_DOWN, LONG_MS);
	pass_ms(w, 200);
	assert_int_equal(w->r4.state, REACH_DOWN); /* though its route is gone, too */
	assert_false(w->nic_up);
	run("ip link set d0 up");
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	assert_true(w->nic_up);
}

static void tells_of_its_own_mac(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip link set d0 address 02:00:00:00:00:05");
	until(w, w->nic_calls, 500);
	assert_int_equal(w->nic_mac[5], 5);
	assert_true(w->nic_up);
}

static void tells_of_a_link_that_was_down_before(void **state)
{
	struct world *w = *state;

	neigh_close(w->n);
	run("ip link set d0 down");
	w->dp.nic[0].mac[5] = 9;
	world_neigh(w);
	until(w, w->nic_calls, 500);
	assert_false(w->nic_up);
	assert_int_equal(w->nic_mac[5], 1);
}

static void a_port_that_leaves_a_bridge_is_still_there(void **state)
{
	struct world *w = *state;

	run("ip link add br0 type bridge && ip link set d0 master br0 && ip link set d0 nomaster");
	pass_ms(w, 200);
	assert_int_equal(w->gone, 0);
}

static void tells_of_a_nic_that_goes_and_comes_back(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip link del d0");
	until(w, w->gone && w->r4.state != REACH_OK, 500);
	assert_int_equal(w->gone, 1);
	assert_int_equal(w->r4.state, REACH_DOWN);
	assert_int_equal(w->back, 0);
	world_link(w);
	until(w, w->back, 500);
	pass_ms(w, 200);
	assert_int_equal(w->back, 1);
	assert_int_equal(w->gone, 1);
}

static void flood_events(const char *dev)
{
	run("seq 1 30000 | awk -v d=%s '{ printf \"neigh replace 172.%%d.%%d.%%d lladdr "
	    "02:00:00:00:00:99 nud permanent dev %%s\\n\", 16 + $1 / 65536, $1 / 256 %% 256, "
	    "$1 %% 256, d }' >/tmp/neigh_root_test.%d && ip -batch /tmp/neigh_root_test.%d; "
	    "rm /tmp/neigh_root_test.%d",
	    dev, getpid(), getpid(), getpid());
}

/* What happened after the socket's room was full is not among the events. */
static void recovers_from_an_overrun(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip link add other type veth peer name another && ip link set other up");
	pass_ms(w, 200); /* no timer is armed: it is the poll that finds out */
	flood_events("other");
	run(IN_SERVER "ip link set s0 address 02:00:00:00:00:bb", w->server);
	run("ip link set d0 address 02:00:00:00:00:05");
	until(w, has_mac(&w->r4, 0xbb) && w->nic_calls, 2000);
	assert_true(w->overran);
	assert_true(has_mac(&w->r4, 0xbb));
	assert_int_equal(w->nic_mac[5], 5);
	run(IN_SERVER "ip link set s0 address 02:00:00:00:00:cc", w->server);
	until(w, has_mac(&w->r4, 0xcc), 500); /* and it hears again */
	assert_true(has_mac(&w->r4, 0xcc));
}

static void a_nic_that_goes_in_an_overrun_is_missed(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip link add other type veth peer name another && ip link set other up");
	flood_events("other");
	run("ip link del d0");
	world_link(w);
	until(w, w->back, 2000);
	assert_true(w->overran);
	assert_int_equal(w->gone, 1);
	assert_int_equal(w->back, 1);
}

/* neigh_link_test [pattern]: only tests whose names match. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		in_world(tells_why_a_route_does_not_do),
		in_world(resolves_a_servers_router),
		in_world(shares_a_router),
		in_world(follows_routes),
		in_world(follows_carrier),
		in_world(follows_an_administrator),
		in_world(tells_of_its_own_mac),
		in_world(tells_of_a_link_that_was_down_before),
		in_world(a_port_that_leaves_a_bridge_is_still_there),
		in_world(tells_of_a_nic_that_goes_and_comes_back),
		in_world(recovers_from_an_overrun),
		in_world(a_nic_that_goes_in_an_overrun_is_missed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
