/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/mgmt.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/notify.h"
#include "mgmt/announce.h"
#include "mgmt/channels.h"
#include "mgmt/control.h"
#include "mgmt/health.h"
#include "mgmt/metrics.h"
#include "mgmt/model.h"
#include "mgmt/neigh.h"
#include "mgmt/reload.h"
#include "mgmt/source.h"
#include "mgmt/watchdog.h"

enum {
	SWEEP_MS = RATE_MS, /* servers that were removed are looked after this often */
	SECOND_MS =
		1000, /* connections counted, workers put back to their CPUs, new queues served */
	PATIENCE_MS = 3000,   /* for scripts, at the end */
	STALE_MS = 60 * 1000, /* how long a destination of an earlier life is held, dropped */
};

struct mgmt {
	struct mgmt_conf conf;
	struct command_ctx command;
	struct model *model;
	struct neigh *neigh;
	struct control *control;
	struct metrics *metrics;
	struct reload *reload;
	struct health *health;
	struct source *source;
	uv_loop_t loop;
	uv_signal_t term, interrupt, hangup;
	uv_timer_t settle, sweep, second, stale;
	uint8_t mac[NICS_MAX][6]; /* the NICs' present ones */
	int announce_fd;
	struct watchdog watchdog;
	bool away[WORKERS_MAX]; /* from its CPU */
	int unserved[NICS_MAX]; /* queues that it had when that was last said */
	struct addr asked_from; /* by the last check whose source was looked at */
	bool warned_source;	/* it was a virtual address */
	int exit_code;
};

/* Said of each service, also when an engine takes over: neighbours may have heard otherwise. */
static int on_steer_add(void *ctx, const struct endpoint *ep)
{
	struct mgmt *m = ctx;
	int err = steer_add(m->conf.steer, ep);

	if (!err && !ep->prefix)
		announce(m->announce_fd, m->conf.dp, m->mac, &ep->addr);
	return err;
}

static int on_steer_del(void *ctx, const struct endpoint *ep)
{
	return steer_del(((struct mgmt *)ctx)->conf.steer, ep);
}

static void on_watch(void *ctx, const struct addr *server)
{
	char text[ADDR_TEXT];
	int err = neigh_watch(((struct mgmt *)ctx)->neigh, server);

	if (err)
		log_error("server %s: its neighbour can't be watched: %s", addr_text(server, text),
			  strerror(-err));
}

static void on_unwatch(void *ctx, const struct addr *server)
{
	neigh_unwatch(((struct mgmt *)ctx)->neigh, server);
}

static void on_settle(uv_timer_t *t)
{
	struct mgmt *m = t->data;

	model_settle(m->model);
	if (m->health)
		health_look(m->health);
}

static void on_later(void *ctx)
{
	uv_timer_start(&((struct mgmt *)ctx)->settle, on_settle, 0, 0);
}

static void on_reach(void *ctx, const struct addr *server, const struct reach *reach)
{
	model_set_reach(((struct mgmt *)ctx)->model, server, reach);
}

static void on_nic(void *ctx, uint16_t nic, const uint8_t mac[6], bool up)
{
	struct mgmt *m = ctx;
	int err = steer_set_mac(m->conf.steer, nic, mac);

	memcpy(m->mac[nic], mac, sizeof(m->mac[nic]));

	if (err)
		log_error("%s: its new MAC address isn't known to the XDP program: %s",
			  m->conf.dp->nic[nic].name, strerror(-err));
	model_set_nic(m->model, nic, mac, up);
}

static void on_nic_gone(void *ctx, uint16_t nic)
{
	log_error("%s is gone; its queues rest until it is back",
		  ((struct mgmt *)ctx)->conf.dp->nic[nic].name);
}

static void rebuild(struct mgmt *m)
{
	m->exit_code = EXIT_REBUILD;
	uv_stop(&m->loop);
}

static void on_nic_back(void *ctx, uint16_t nic)
{
	struct mgmt *m = ctx;

	log_info("%s is back: sockets and workers are made anew", m->conf.dp->nic[nic].name);
	rebuild(m);
}

static void on_signal(uv_signal_t *s, int signum)
{
	(void)signum;
	uv_stop(s->loop);
}

static void say_change(const struct reload_result *res)
{
	log_info("configuration: services: %u added, %u removed, %u changed; servers: %u added, %u "
		 "removed, %u changed",
		 res->services_added, res->services_removed, res->services_changed,
		 res->servers_added, res->servers_removed, res->servers_changed);
}

static void on_hangup(uv_signal_t *s, int signum)
{
	struct mgmt *m = s->data;
	struct reload_result res;

	(void)signum;
	if (!m->reload)
		log_warn("SIGHUP: there is no configuration file to read again");
	else if (reload_again(m->reload, false, 0, &res))
		log_error("reload refused, the old configuration stays: %s", res.error);
	else
		say_change(&res);
}

static void on_sweep(uv_timer_t *t)
{
	struct mgmt *m = t->data;

	model_sweep(m->model);
	rates_tick(m->command.rates, m->model);
}

/* The kernel lets a thread whose CPU goes offline run anywhere, for good: back it goes. */
static void keep_pinned(struct mgmt *m, uint32_t worker)
{
	const struct worker_info *w = &m->conf.dp->worker[worker];
	pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_RELAXED);
	cpu_set_t set;
	bool away;

	if (!tid || sched_getaffinity(tid, sizeof(set), &set))
		return;
	away = CPU_COUNT(&set) != 1 || !CPU_ISSET(w->cpu, &set);
	if (away)
		away = cpu_pin(tid, w->cpu) != 0;
	if (away && !m->away[worker])
		log_warn("worker %u: CPU %d went offline, it runs elsewhere until that is back",
			 worker, w->cpu);
	else if (!away && m->away[worker])
		log_info("worker %u: on CPU %d again", worker, w->cpu);
	m->away[worker] = away;
}

/* Queues that somebody added have no socket yet, and lose what they receive. */
static void keep_served(struct mgmt *m, uint32_t nic)
{
	const struct dataplane *dp = m->conf.dp;
	int served = 0, there = channels_rx(dp->nic[nic].name);

	for (uint32_t i = 0; i < dp->n_ports; i++)
		served += dp->port[i].nic == nic;
	if (there <= served || m->unserved[nic] == there)
		return;
	m->unserved[nic] = there;
	if (dp->by_hand) {
		log_error("%s: %d receive queues, but %d are served, the others' packets are lost; "
			  "cure: ethtool -L %s combined %d, or start with another --queue",
			  dp->nic[nic].name, there, served, dp->nic[nic].name, served);
		return;
	}
	log_info("%s: %d receive queues now, were %d: sockets and workers are made anew",
		 dp->nic[nic].name, there, served);
	rebuild(m);
}

static void on_second(uv_timer_t *t)
{
	struct mgmt *m = t->data;

	if (watchdog_look(&m->watchdog, m->conf.dp))
		notify("WATCHDOG=1");
	model_settle_conns(m->model);

	for (uint32_t i = 0; i < m->conf.dp->n_workers; i++)
		keep_pinned(m, i);
	for (uint32_t i = 0; i < m->conf.dp->n_nics; i++)
		keep_served(m, i);
}

/* A destination that the XDP program still steers, but that isn't in the table. */
struct stale {
	struct mgmt *mgmt;
	uint32_t n;
	bool remove;
};

static void on_stale(void *ctx, const struct endpoint *ep)
{
	struct stale *s = ctx;
	struct model_service service;

	if (model_service_get(s->mgmt->model, ep, &service))
		return;
	s->n++;
	if (s->remove)
		steer_del(s->mgmt->conf.steer, ep);
}

static void on_stale_timer(uv_timer_t *t)
{
	struct stale s = {.mgmt = t->data, .remove = true};

	steer_each(s.mgmt->conf.steer, on_stale, &s);
	if (s.n)
		log_info("%u destinations of an earlier life are let go", s.n);
}

static void start_timers(struct mgmt *m)
{
	struct stale s = {.mgmt = m};

	uv_timer_start(&m->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_timer_start(&m->second, on_second, SECOND_MS, SECOND_MS);
	steer_each(m->conf.steer, on_stale, &s);
	if (!s.n)
		return;
	log_warn("%u destinations of an earlier life aren't configured: their packets are dropped "
		 "for %u s, so that no connection is reset before they are",
		 s.n, STALE_MS / 1000);
	uv_timer_start(&m->stale, on_stale_timer, STALE_MS, 0);
}

static void init_timer(struct mgmt *m, uv_timer_t *t)
{
	uv_timer_init(&m->loop, t);
	t->data = m;
}

static int open_model(struct mgmt *m)
{
	const struct model_hooks model_hooks = {
		.ctx = m,
		.steer_add = on_steer_add,
		.steer_del = on_steer_del,
		.watch = on_watch,
		.unwatch = on_unwatch,
		.later = on_later,
	};
	const struct neigh_hooks neigh_hooks = {
		.ctx = m,
		.reach = on_reach,
		.nic = on_nic,
		.nic_gone = on_nic_gone,
		.nic_back = on_nic_back,
	};
	int err = model_new(&m->model, m->conf.dp, m->conf.state, &model_hooks);

	if (err) {
		log_error("table: %s", strerror(-err));
		return err;
	}
	err = neigh_open(&m->neigh, &m->loop, m->conf.dp, &neigh_hooks);
	if (err) {
		log_error("netlink: %s", strerror(-err));
		return err;
	}
	err = model_restore(m->model);
	if (err > 0)
		log_info("%d services taken over", err);
	if (err < 0) {
		log_error("table of an earlier engine: %s", strerror(-err));
		return err;
	}
	neigh_settle(m->neigh); /* the kernel knows most of them already */
	model_settle(m->model);
	return 0;
}

static void on_in_force(void *ctx, struct reload *r, const struct conf *now)
{
	struct mgmt *m = ctx;

	health_follow(m->health, now);
	source_follow(m->source, r, &now->source);
}

/* IPv6's kernel prefers the longest prefix that it has: that of a virtual address. */
static void warn_source(struct mgmt *m, const struct reach *r)
{
	char vip[ADDR_TEXT];

	if (m->warned_source || !r || addr_equal(&r->src, &m->asked_from))
		return;
	m->asked_from = r->src;
	m->warned_source = model_is_vip(m->model, &r->src);
	if (!m->warned_source)
		return;
	addr_text(&r->src, vip);
	log_warn("checks are sent from the virtual address %s, and their answers don't come back; "
		 "cure: ip addr change %s/128 dev %s preferred_lft 0, or bindto",
		 vip, vip, m->conf.dp->nic[r->nic].name);
}

static void on_suspect(void *ctx, const struct addr *server)
{
	struct mgmt *m = ctx;

	neigh_suspect(m->neigh, server);
	warn_source(m, neigh_reach(m->neigh, server));
}

/* The table is the file's when shuntd starts; later engines find it so. */
static int open_file(struct mgmt *m)
{
	const struct health_hooks health_hooks = {on_suspect, m};
	const struct reload_hooks reload_hooks = {on_in_force, m};
	struct reload_result res;
	int err;

	if (!m->conf.file)
		return 0;
	err = source_open(&m->source, &m->loop);
	if (err)
		return err;
	err = health_open(&m->health, &m->loop, m->model, &health_hooks, m->conf.dp->engines);
	if (err) {
		log_error("health: %s", strerror(-err));
		return err;
	}
	err = reload_open(&m->reload, &m->loop, m->model, m->conf.file, !m->conf.dp->engines,
			  &reload_hooks, &res);
	if (err)
		log_error("%s", *res.error ? res.error : strerror(-err));
	else if (!m->conf.dp->engines)
		say_change(&res);
	model_settle(m->model);
	return err;
}

/* An engine that takes over does its work without them, if need be. */
static int open_metrics(struct mgmt *m)
{
	char err[256];

	if (!m->conf.metrics->port ||
	    !metrics_open(&m->metrics, &m->loop, m->conf.metrics, &m->command, err, sizeof(err)))
		return 0;
	log_error("%s", err);
	return m->conf.dp->engines ? 0 : -1;
}

int mgmt_open(struct mgmt **out, const struct mgmt_conf *conf)
{
	struct mgmt *m = calloc(1, sizeof(*m));
	char err[256];

	*out = m;
	if (!m || uv_loop_init(&m->loop))
		return EXIT_OTHER;
	m->conf = *conf;
	for (uint32_t i = 0; i < conf->dp->n_nics; i++)
		memcpy(m->mac[i], conf->dp->nic[i].mac, sizeof(m->mac[i]));
	m->announce_fd = announce_open(conf->dp);
	cpu_name_thread("shunt/mgmt");
	cpu_pin(0, conf->dp->main_cpu);
	uv_signal_init(&m->loop, &m->term);
	uv_signal_start(&m->term, on_signal, SIGTERM);
	uv_signal_init(&m->loop, &m->interrupt);
	uv_signal_start(&m->interrupt, on_signal, SIGINT);
	uv_signal_init(&m->loop, &m->hangup);
	m->hangup.data = m;
	uv_signal_start(&m->hangup, on_hangup, SIGHUP);
	init_timer(m, &m->second);
	init_timer(m, &m->settle);
	init_timer(m, &m->sweep);
	init_timer(m, &m->stale);
	if (open_model(m) || open_file(m))
		return EXIT_OTHER;
	m->command = (struct command_ctx){
		conf->dp,    m->model,	m->neigh,  conf->steer, clock_ns() / 1000000000,
		rates_new(), m->reload, m->health, m->source};
	if (!m->command.rates)
		return EXIT_OTHER;
	if (control_open(&m->control, &m->loop, conf->ctl, &m->command, err, sizeof(err))) {
		log_error("%s", err);
		return EXIT_OTHER;
	}
	if (open_metrics(m))
		return EXIT_OTHER;
	start_timers(m);
	return 0;
}

/* What the start needed of priority (holder.c) is given back: whoever else is on this CPU, a
 * client or a server perhaps, isn't to wait for a long batch. */
int mgmt_run(struct mgmt *m)
{
	setpriority(PRIO_PROCESS, 0, 0); /* of this thread */
	uv_run(&m->loop, UV_RUN_DEFAULT);
	if (!m->exit_code)
		health_omega(m->health);
	return m->exit_code;
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void on_patience_over(uv_timer_t *t)
{
	uv_stop(t->loop);
}

/* What the modules have left to do, scripts above all, has a while to end. */
static void run_out(struct mgmt *m)
{
	uv_handle_t *own[] = {
		(uv_handle_t *)&m->term,   (uv_handle_t *)&m->interrupt, (uv_handle_t *)&m->hangup,
		(uv_handle_t *)&m->settle, (uv_handle_t *)&m->sweep,	 (uv_handle_t *)&m->stale,
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		close_handle(own[i], NULL);
	uv_timer_start(&m->second, on_patience_over, PATIENCE_MS, 0);
	uv_unref((uv_handle_t *)&m->second);
	uv_run(&m->loop, UV_RUN_DEFAULT);
	uv_walk(&m->loop, close_handle, NULL);
	uv_run(&m->loop, UV_RUN_DEFAULT);
}

void mgmt_close(struct mgmt *m)
{
	if (!m)
		return;
	control_close(m->control);
	health_close(m->health);
	source_close(m->source);
	metrics_close(m->metrics);
	reload_close(m->reload);
	neigh_close(m->neigh);
	model_free(m->model);
	rates_free(m->command.rates);
	run_out(m);
	uv_loop_close(&m->loop);
	if (m->announce_fd >= 0)
		close(m->announce_fd);
	free(m);
}
