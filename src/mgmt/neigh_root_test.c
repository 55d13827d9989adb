/* SPDX-License-Identifier: BSD-2-Clause */
/* Against the kernel, in network namespaces without a name that go with the process: the director's
 * (each test moves into a new one) and the server's, joined by a veth pair d0 - s0. */
#include "mgmt/neigh.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "mgmt/netlink.h"

enum {
	SERVERS = 1000,
	LONG_MS = 20000
};

struct world {
	pid_t server; /* a process that sits in the server's namespace */
	uv_loop_t loop;
	uv_timer_t clock;
	struct dataplane dp;
	struct neigh *n;
	struct addr v4, v6;
	struct reach r4, r6;
	int hooks;   /* calls about v4 */
	int ok;	     /* servers, of all that are watched, that became OK */
	uint64_t at; /* when v4's hook was called last */
	bool nic_up;
	uint8_t nic_mac[6];
	int nic_calls, gone, back;
};

/* What was logged last, and how many lines. */
static char logged[512];
static int lines;
static bool overran;

static void log_line(const char *fmt, va_list ap)
{
	vsnprintf(logged, sizeof(logged), fmt, ap);
	overran |= strstr(logged, "events were lost") != NULL;
	if (lines++ < 10)
		print_message("    %s\n", logged);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap);
	va_end(ap);
}

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

/* ---- the world ---- */

__attribute__((format(printf, 1, 2))) static void run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd))
		fail_msg("failed: %s", cmd);
}

#define IN_SERVER "nsenter -t %d -n "

static bool shell(const char *cmd)
{
	return system(cmd) == 0;
}

static pid_t sit_in_namespace(void)
{
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* The kernel's timers, shortened, so that an unanswered probe is noticed in about two seconds. How
 * often it tries an entry that failed can't be set here: 5 s. */
static void shorten_timers(void)
{
	static const char *const value[] = {"base_reachable_time_ms=1000", "retrans_time_ms=100",
					    "delay_first_probe_time=1"};

	for (size_t i = 0; i < sizeof(value) / sizeof(*value); i++)
		run("sysctl -qw net.ipv4.neigh.d0.%s net.ipv6.neigh.d0.%s", value[i], value[i]);
}

static void link_up(struct world *w)
{
	run("sysctl -qw net.ipv6.conf.default.accept_dad=0");
	run("ip link add d0 address 02:00:00:00:00:01 type veth peer name s0 netns %d", w->server);
	run("ip link set d0 up && ip addr add 10.9.0.1/16 dev d0");
	run("ip addr add 2001:db8::1/64 dev d0 nodad");
}

static void read_nic(struct world *w)
{
	struct nl_link l;
	struct nl *nl;

	assert_int_equal(nl_open(&nl), 0);
	assert_int_equal(nl_link_get(nl, 0, "d0", &l), 0);
	nl_close(nl);
	w->dp.n_nics = 1;
	strcpy(w->dp.nic[0].name, "d0");
	w->dp.nic[0].ifindex = l.ifindex;
	memcpy(w->dp.nic[0].mac, l.mac, 6);
}

static void on_reach(void *ctx, const struct addr *server, const struct reach *reach)
{
	struct world *w = ctx;

	w->ok += reach->state == REACH_OK;
	if (addr_equal(server, &w->v4)) {
		w->r4 = *reach;
		w->at = uv_hrtime();
		w->hooks++;
	} else if (addr_equal(server, &w->v6)) {
		w->r6 = *reach;
	}
}

static void on_nic(void *ctx, uint16_t nic, const uint8_t mac[6], bool up)
{
	struct world *w = ctx;

	assert_int_equal(nic, 0);
	memcpy(w->nic_mac, mac, 6);
	w->nic_up = up;
	w->nic_calls++;
}

static void on_gone(void *ctx, uint16_t nic)
{
	((struct world *)ctx)->gone += nic == 0;
}

static void on_back(void *ctx, uint16_t nic)
{
	((struct world *)ctx)->back += nic == 0;
}

static void open_neigh(struct world *w)
{
	struct neigh_hooks hooks = {w, on_reach, on_nic, on_gone, on_back};

	assert_int_equal(neigh_open(&w->n, &w->loop, &w->dp, &hooks), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || unshare(CLONE_NEWNET))
		return -1;
	*state = w;
	lines = 0;
	overran = false;
	w->nic_up = true;
	w->server = sit_in_namespace();
	link_up(w);
	shorten_timers();
	run(IN_SERVER "sh -c 'sysctl -qw net.ipv6.conf.s0.accept_dad=0; ip link set s0 address "
		      "02:00:00:00:00:aa up; ip addr add "
		      "10.9.0.2/16 dev s0; ip addr add 2001:db8::2/64 dev s0 nodad; sysctl -qw "
		      "net.ipv4.conf.s0.arp_notify=1 net.ipv6.conf.s0.ndisc_notify=1'",
	    w->server);
	read_nic(w);
	addr_parse("10.9.0.2", &w->v4);
	addr_parse("2001:db8::2", &w->v6);
	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->clock);
	open_neigh(w);
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	int err;

	old_kernel = false;
	neigh_close(w->n);
	uv_close((uv_handle_t *)&w->clock, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	err = uv_loop_close(&w->loop);
	kill(w->server, SIGKILL);
	waitpid(w->server, NULL, 0);
	free(w);
	return err;
}

static void on_clock(uv_timer_t *t)
{
	(void)t;
}

/* Runs the loop until what is expected has come true, or ms have passed. */
#define until(w, what, ms)                                          \
	do {                                                        \
		uint64_t until_end = uv_hrtime() + (ms)*1000000ull; \
		while (!(what) && uv_hrtime() < until_end)          \
			turn_loop(w, 20);                           \
	} while (0)

static void turn_loop(struct world *w, int ms)
{
	uv_timer_start(&w->clock, on_clock, ms, 0);
	uv_run(&w->loop, UV_RUN_ONCE);
}

static void pass_ms(struct world *w, int ms)
{
	until(w, false, ms);
}

static bool has_mac(const struct reach *r, uint8_t last)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, last};

	return r->state == REACH_OK && r->nic == 0 && !memcmp(r->mac, mac, 6);
}

static void watch_and_resolve(struct world *w)
{
	assert_int_equal(neigh_watch(w->n, &w->v4), 0);
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
}

static bool is_managed(void)
{
	return shell("ip neigh show 10.9.0.2 dev d0 | grep -q managed");
}

static bool is_reachable(void)
{
	return shell("ip neigh show 10.9.0.2 dev d0 | grep -q REACHABLE");
}

/* ---- tests ---- */

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
	assert_int_equal(lines, 1);
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
	assert_string_equal(logged, "neighbour 10.9.0.2 on d0: now 02:00:00:00:00:bb, was "
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
	assert_true(has_mac(&w->r4, 0xbb));
}

static void tells_why_a_route_does_not_do(void **state)
{
	static const struct {
		const char *route, *addr;
		enum reach_state state;
	} row[] = {
		{"10.1.0.0/24 via 10.9.0.2", "10.1.0.1", REACH_GATEWAY},
		{"10.2.0.0/24 dev other", "10.2.0.1", REACH_NO_ROUTE},
		{"blackhole 10.3.0.0/24", "10.3.0.1", REACH_NO_ROUTE},
		{"unreachable 10.4.0.0/24", "10.4.0.1", REACH_NO_ROUTE},
		{"10.5.0.0/24 via inet6 2001:db8::2 dev d0", "10.5.0.1", REACH_GATEWAY},
		{"2001:db8:1::/64 via 2001:db8::2", "2001:db8:1::1", REACH_GATEWAY},
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

static void follows_routes(void **state)
{
	struct world *w = *state;

	watch_and_resolve(w);
	run("ip route add 10.9.0.2/32 via 10.9.0.77");
	until(w, w->r4.state == REACH_GATEWAY, 500);
	assert_int_equal(w->r4.state, REACH_GATEWAY);
	assert_false(is_managed());
	run("ip route del 10.9.0.2/32");
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
	run("ip addr del 10.9.0.1/16 dev d0"); /* takes the route with it, silently */
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
	open_neigh(w);
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
	link_up(w);
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
	assert_true(overran);
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
	link_up(w);
	until(w, w->back, 2000);
	assert_true(overran);
	assert_int_equal(w->gone, 1);
	assert_int_equal(w->back, 1);
}

/* 1000 servers: resolved soon, kept though the kernel's garbage collector begins at 512, and no
 * turn of the loop is long. */
static void watches_a_thousand(void **state)
{
	struct world *w = *state;
	uint64_t start = uv_hrtime(), turn, longest = 0;
	char text[ADDR_TEXT];
	struct addr a;

	run(IN_SERVER "sh -c 'ip route add local 10.9.128.0/17 dev s0'", w->server);
	run("ip neigh flush dev d0");
	for (int i = 0; i < SERVERS; i++) {
		snprintf(text, sizeof(text), "10.9.%d.%d", 128 + i / 250, 1 + i % 250);
		addr_parse(text, &a);
		assert_int_equal(neigh_watch(w->n, &a), 0);
	}
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
	pass_ms(w, 7000);
	assert_int_equal(w->ok, SERVERS); /* none was lost and found */
	start = uv_hrtime();
	neigh_close(w->n);
	w->n = NULL;
	print_message("and taken back in %.0f ms\n", (uv_hrtime() - start) / 1e6);
}

#define in_world(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
		in_world(tells_why_a_route_does_not_do),
		in_world(follows_routes),
		in_world(follows_carrier),
		in_world(follows_an_administrator),
		in_world(tells_of_its_own_mac),
		in_world(tells_of_a_link_that_was_down_before),
		in_world(a_port_that_leaves_a_bridge_is_still_there),
		in_world(tells_of_a_nic_that_goes_and_comes_back),
		in_world(recovers_from_an_overrun),
		in_world(a_nic_that_goes_in_an_overrun_is_missed),
		in_world(watches_a_thousand),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
