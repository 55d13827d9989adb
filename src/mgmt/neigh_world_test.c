/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/neigh_world_test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "mgmt/netlink.h"

/* Stands in for base/log.c, which has no argument that could say whose line it is. */
static struct world *hears;

static void log_line(const char *fmt, va_list ap)
{
	vsnprintf(hears->logged, sizeof(hears->logged), fmt, ap);
	hears->overran |= strstr(hears->logged, "events were lost") != NULL;
	if (hears->lines++ < 10)
		print_message("    %s\n", hears->logged);
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

void run(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd))
		fail_msg("failed: %s", cmd);
}

bool shell(const char *cmd)
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

void world_link(struct world *w)
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

void world_neigh(struct world *w)
{
	struct neigh_hooks hooks = {w, on_reach, on_nic, on_gone, on_back};

	assert_int_equal(neigh_open(&w->n, &w->loop, &w->dp, &hooks), 0);
}

int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || unshare(CLONE_NEWNET))
		return -1;
	*state = w;
	hears = w;
	w->nic_up = true;
	w->server = sit_in_namespace();
	world_link(w);
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
	world_neigh(w);
	return 0;
}

int world_close(void **state)
{
	struct world *w = *state;
	int err;

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

void turn_loop(struct world *w, int ms)
{
	uv_timer_start(&w->clock, on_clock, ms, 0);
	uv_run(&w->loop, UV_RUN_ONCE);
}

void pass_ms(struct world *w, int ms)
{
	until(w, false, ms);
}

bool has_mac(const struct reach *r, uint8_t last)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, last};

	return r->state == REACH_OK && r->nic == 0 && !memcmp(r->mac, mac, 6);
}

void watch_and_resolve(struct world *w)
{
	assert_int_equal(neigh_watch(w->n, &w->v4), 0);
	until(w, w->r4.state == REACH_OK, LONG_MS);
	assert_true(has_mac(&w->r4, 0xaa));
}

bool is_managed(void)
{
	return shell("ip neigh show 10.9.0.2 dev d0 | grep -q managed");
}
