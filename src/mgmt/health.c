/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conf/keyword.h"
#include "health/exec.h"
#include "mgmt/health_impl.h"

enum {
	TICK_MS = 1000,		  /* traffic, and what was held back, is looked at this often */
	TURN_SERVICES = 256,	  /* that change in one turn of the loop */
	PATIENCE = 4,		  /* a client's SYN comes again after 1 s, and after 3 s */
	SAMPLE = 20,		  /* new connections, below which they say nothing of a server */
	REST_MS = 10 * 1000,	  /* a server that they say is down is tried again after this ... */
	REST_MAX_MS = 300 * 1000, /* ... or, if it fails again, after twice as long, up to this */
};

static void script(struct health *h, const struct conf_command *c)
{
	if (c->line && !exec_start(h->loop, c->line, &c->user, 0, NULL, NULL))
		log_error("'%s' can't be run: %s", c->line, strerror(errno));
}

static const char *vip_text(const struct checked_service *s, char text[ADDR_TEXT + 8])
{
	const struct endpoint *ep = &s->conf->svc.ep;
	char host[ADDR_TEXT];

	snprintf(text, ADDR_TEXT + 8, "%s:%s", proto_text(ep->proto),
		 host_text(&ep->addr, ep->port, host));
	return text;
}

const struct model_backend *health_backend(const struct checked_server *s)
{
	const struct backend_conf *be = &s->conf->be;

	return model_backend_get(s->service->health->model, &s->service->conf->svc.ep, &be->addr,
				 be->port);
}

bool health_server_good(const struct checked_server *s)
{
	struct checker_view v;

	for (int i = 0; i < s->conf->n_checks; i++) {
		checker_view(s->link[i].checker, &v);
		if (!v.verdict.up)
			return false;
	}
	return !s->passive.down;
}

/* Of several checks that give a weight, the last one does. */
static struct backend_health health_of(const struct checked_server *s, enum backend_use use)
{
	struct backend_health h = {.use = (uint8_t)use};
	struct checker_view v;

	for (int i = 0; i < s->conf->n_checks; i++) {
		checker_view(s->link[i].checker, &v);
		if (v.weighs) {
			h.weighs = true;
			h.weight = v.weight;
		}
	}
	return h;
}

/* What a server weighs if it is used; nothing if it can't be reached, or was taken out by hand. */
static uint32_t live_weight(const struct checked_server *s)
{
	const struct model_backend *b = health_backend(s);
	struct backend_health h = health_of(s, USE_FULL);

	if (!s->ready || !b || !b->conf.weight)
		return 0;
	return h.weighs ? h.weight : b->conf.weight;
}

void health_touch(struct checked_service *s)
{
	struct health *h = s->health;

	if (s->dirty)
		return;
	s->dirty = true;
	TAILQ_INSERT_TAIL(&h->dirty, s, next);
}

static void on_soon(uv_timer_t *t);

static void on_changed(void *user)
{
	struct checked_server *s = user;

	health_touch(s->service);
	uv_timer_start(&s->service->health->soon, on_soon, 0, 0);
}

static void on_failed(void *ctx, const struct addr *target)
{
	struct health *h = ctx;

	if (h->hooks.suspect)
		h->hooks.suspect(h->hooks.ctx, target);
}

/* Edits the table's draft if the server isn't used so. What was taken out by hand isn't ours. */
static bool use(struct checked_service *s, const struct backend_conf *be,
		const struct backend_health *want)
{
	struct model *m = s->health->model;
	const struct endpoint *ep = &s->conf->svc.ep;
	const struct model_backend *b = model_backend_get(m, ep, &be->addr, be->port);

	if (!b || !memcmp(&b->health, want, sizeof(*want)))
		return false;
	return !model_backend_use(m, ep, &be->addr, be->port, want);
}

static void step_server(struct checked_server *s, uint64_t now)
{
	if (!standing_step(&s->standing, health_server_good(s), now))
		return;
	s->since = now;
	s->changes[s->standing.up]++;
	s->news = true;
}

/* Returns whether the table has to be changed. */
static bool judge_service(struct checked_service *s, uint64_t now)
{
	int n = s->conf->n_servers;
	struct quorum_server *q = calloc((size_t)n + 1, sizeof(*q));
	struct backend_health sorry = {.sorry = true};
	enum backend_use sorry_use;
	bool any = false;

	if (!q)
		return false;
	s->weight = 0;
	for (int i = 0; i < n; i++) {
		struct checked_server *server = &s->server[i];

		step_server(server, now);
		q[i] = (struct quorum_server){
			.up = server->standing.up,
			.inhibit = server->conf->inhibit,
			.weight = live_weight(server),
			.since = server->since,
		};
		if (q[i].up)
			s->weight += q[i].weight;
	}
	s->news |= quorum_judge(&s->quorum, &s->terms, q, (uint32_t)n, now, &sorry_use);
	for (int i = 0; i < n; i++) {
		struct backend_health want = health_of(&s->server[i], q[i].use);

		any |= use(s, &s->conf->server[i].be, &want);
	}
	sorry.use = (uint8_t)sorry_use;
	if (s->terms.sorry)
		any |= use(s, &s->conf->sorry, &sorry);
	free(q);
	return any;
}

/* The reason is that of the first check that is down. */
static void tell_server(struct checked_server *s)
{
	char vip[ADDR_TEXT + 8], text[ADDR_TEXT];
	struct checker_view v = {0};
	const char *why = "", *what = "passive_health";

	for (int i = 0; i < s->conf->n_checks && !*why; i++) {
		checker_view(s->link[i].checker, &v);
		if (v.verdict.up)
			continue;
		what = conf_block_name[BLOCK_CHECK_OF(v.check->type)];
		why = v.last.why;
	}
	vip_text(s->service, vip);
	host_text(&s->conf->be.addr, s->conf->be.port, text);
	if (s->standing.up)
		log_info("backend up vip=%s rs=%s", vip, text);
	else
		log_warn("backend down vip=%s rs=%s check=%s reason=\"%s\"", vip, text, what,
			 *why ? why : "clients' connections make no progress");
	script(s->service->health, s->standing.up ? &s->conf->notify_up : &s->conf->notify_down);
}

static void tell_service(struct checked_service *s)
{
	unsigned long long weight = s->weight;
	char vip[ADDR_TEXT + 8];

	vip_text(s, vip);
	if (s->news & QUORUM_PANIC)
		log_error("panic vip=%s: more than %u %% of the servers failed at once: the last "
			  "set stays in use",
			  vip, s->terms.panic);
	if (s->news & QUORUM_CALM)
		log_info("panic over vip=%s", vip);
	if (s->news & QUORUM_UP && s->begun)
		log_info("quorum gained vip=%s weight=%llu quorum=%u", vip, weight,
			 s->terms.quorum);
	if (s->news & QUORUM_DOWN)
		log_warn("quorum lost vip=%s weight=%llu quorum=%u%s", vip, weight, s->terms.quorum,
			 s->terms.sorry ? ": the sorry server serves" : "");
	if (s->news & QUORUM_UP)
		script(s->health, &s->conf->quorum_up);
	if (s->news & QUORUM_DOWN)
		script(s->health, &s->conf->quorum_down);
}

static void tell(struct checked_service *s)
{
	for (int i = 0; i < s->conf->n_servers; i++) {
		if (!s->server[i].news)
			continue;
		s->server[i].news = false;
		tell_server(&s->server[i]);
	}
	tell_service(s);
	s->news = 0;
	s->begun = true;
}

/* However many changed, they are one change of the table; but of no more than so many services: a
 * server of thousands must not hold everything else until the last of their tables is made. */
static void judge_some(struct health *h, int most)
{
	struct checked_service *s;
	uint64_t now = uv_now(h->loop);
	bool any = false;
	int n = 0;

	TAILQ_FOREACH (s, &h->dirty, next) {
		if (n == most)
			break;
		any |= judge_service(s, now);
		n++;
	}
	if (any && model_commit(h->model)) {
		log_error("health: the table can't be changed now, later again");
		return; /* all that is dirty stays so, until the next tick */
	}
	while (n-- > 0 && (s = TAILQ_FIRST(&h->dirty))) {
		TAILQ_REMOVE(&h->dirty, s, next);
		s->dirty = false;
		tell(s);
	}
	if (!TAILQ_EMPTY(&h->dirty))
		uv_timer_start(&h->soon, on_soon, 0, 0);
}

static void on_soon(uv_timer_t *t)
{
	judge_some(t->data, TURN_SERVICES);
}

void health_judge(struct health *h)
{
	judge_some(h, INT_MAX);
}

void health_look(struct health *h)
{
	for (int i = 0; i < h->n_services; i++) {
		struct checked_service *s = &h->service[i];

		for (int k = 0; k < s->conf->n_servers; k++) {
			const struct model_backend *b = health_backend(&s->server[k]);
			bool ready = !b || b->reach->state == REACH_OK ||
				     b->reach->state == REACH_UNKNOWN;

			if (ready != s->server[k].ready)
				health_touch(s);
			s->server[k].ready = ready;
		}
	}
	if (!TAILQ_EMPTY(&h->dirty))
		uv_timer_start(&h->soon, on_soon, 0, 0);
}

/* What clients' connections said since the last look. */
static void look_at_traffic(struct checked_server *s, uint64_t now)
{
	const struct passive_conf conf = {
		.percent = s->service->conf->passive,
		.sample = SAMPLE,
		.patience = PATIENCE,
		.rest = REST_MS,
		.rest_max = REST_MAX_MS,
	};
	const struct model_backend *b;
	struct model_stats stats = {0};

	if (!conf.percent && !s->passive.down)
		return;
	b = health_backend(s);
	if (b)
		model_backend_stats(s->service->health->model, b, &stats);
	if (stats.flows < s->flows || stats.stuck < s->stuck)
		s->flows = s->stuck = 0; /* they began anew */
	if (passive_step(&s->passive, &conf, (uint32_t)(stats.flows - s->flows),
			 (uint32_t)(stats.stuck - s->stuck), now))
		health_touch(s->service);
	s->flows = stats.flows;
	s->stuck = stats.stuck;
}

static void on_tick(uv_timer_t *t)
{
	struct health *h = t->data;

	for (int i = 0; i < h->n_services; i++) {
		for (int k = 0; k < h->service[i].conf->n_servers; k++) {
			struct checked_server *s = &h->service[i].server[k];

			look_at_traffic(s, uv_now(h->loop));
			if (s->standing.held)
				health_touch(&h->service[i]);
		}
	}
	judge_some(h, TURN_SERVICES);
}

int health_open(struct health **out, uv_loop_t *loop, struct model *m,
		const struct health_hooks *hooks, bool takeover)
{
	struct health *h = calloc(1, sizeof(*h));
	const struct checkers_hooks checkers = {on_changed, health_way, on_failed, h};
	int err;

	if (!h)
		return -ENOMEM;
	h->loop = loop;
	h->model = m;
	h->hooks = *hooks;
	h->takeover = takeover;
	TAILQ_INIT(&h->dirty);
	err = checkers_open(&h->checkers, loop, &checkers);
	if (err) {
		free(h);
		return err;
	}
	uv_timer_init(loop, &h->soon);
	uv_timer_init(loop, &h->tick);
	h->soon.data = h->tick.data = h;
	h->n_timers = 2;
	uv_timer_start(&h->tick, on_tick, TICK_MS, TICK_MS);
	*out = h;
	return 0;
}

void health_omega(struct health *h)
{
	for (int i = 0; h && i < h->n_services; i++) {
		struct checked_service *s = &h->service[i];

		if (!s->conf->omega)
			continue;
		for (int k = 0; k < s->conf->n_servers; k++) {
			if (s->server[k].standing.up)
				script(h, &s->conf->server[k].notify_down);
		}
		if (s->quorum.up)
			script(h, &s->conf->quorum_down);
	}
}

static void on_closed(uv_handle_t *t)
{
	struct health *h = t->data;

	if (!--h->n_timers)
		free(h);
}

void health_close(struct health *h)
{
	if (!h)
		return;
	health_free_services(h->service, h->n_services);
	free(h->sorted);
	checkers_close(h->checkers);
	uv_close((uv_handle_t *)&h->soon, on_closed);
	uv_close((uv_handle_t *)&h->tick, on_closed);
}
