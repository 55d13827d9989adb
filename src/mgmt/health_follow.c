/* SPDX-License-Identifier: BSD-2-Clause */
/* From one file to the next: who is in both keeps what is known of him. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "health/pace.h"
#include "mgmt/health_impl.h"

void health_free_services(struct checked_service *s, int n)
{
	for (int i = 0; i < n; i++) {
		for (int k = 0; s[i].server && k < s[i].conf->n_servers; k++) {
			struct checked_server *server = &s[i].server[k];

			for (int c = 0; server->link && c < server->conf->n_checks; c++)
				checker_leave(&server->link[c]);
			free(server->link);
		}
		free(s[i].server);
	}
	free(s);
}

static int by_endpoint(const void *a, const void *b)
{
	const struct checked_service *const *x = a, *const *y = b;

	return memcmp(&(*x)->conf->svc.ep, &(*y)->conf->svc.ep, sizeof(struct endpoint));
}

static struct checked_service **sorted(struct checked_service *s, int n)
{
	struct checked_service **all = calloc((size_t)n + 1, sizeof(*all));

	for (int i = 0; all && i < n; i++)
		all[i] = &s[i];
	if (all)
		qsort(all, (size_t)n, sizeof(*all), by_endpoint);
	return all;
}

static int compare_endpoint(const void *key, const void *at)
{
	const struct checked_service *const *s = at;

	return memcmp(key, &(*s)->conf->svc.ep, sizeof(struct endpoint));
}

struct checked_service *health_find(const struct health *h, const struct endpoint *ep)
{
	struct checked_service **at;

	if (!h->n_services)
		return NULL;
	at = bsearch(ep, h->sorted, (size_t)h->n_services, sizeof(struct checked_service *),
		     compare_endpoint);
	return at ? *at : NULL;
}

/* Files keep their order: the search begins where the last one ended. */
static struct checked_server *find_server(struct checked_service *s, const struct addr *addr,
					  int *from)
{
	int n = s ? s->conf->n_servers : 0;

	for (int i = 0; i < n; i++) {
		int at = (*from + i) % n;

		if (!addr_equal(&s->server[at].conf->be.addr, addr))
			continue;
		*from = at + 1;
		return &s->server[at];
	}
	return NULL;
}

static struct probe_target target_of(const struct checked_server *s, const struct check_conf *c)
{
	static const struct addr none;
	struct probe_target target = {
		.addr = addr_equal(&c->connect_ip, &none) ? s->conf->be.addr : c->connect_ip,
		.port = (uint16_t)(c->connect_port ? c->connect_port : ntohs(s->conf->be.port)),
		.mark = c->fwmark,
	};

	if (c->pace.path == CHECK_PATH_VIP) {
		target.vip = s->service->conf->svc.ep;
		target.server = s->conf->be.addr;
		target.src = c->bindto;
	}
	return target;
}

/* A server that is new here is as the table has it: what alpha says, or an earlier engine left. */
static bool begins_up(const struct checked_server *s)
{
	const struct model_backend *b = health_backend(s);

	return !s->conf->n_checks || !b || b->health.use == USE_FULL;
}

static int begin_server(struct checked_server *s, const struct checked_server *old)
{
	int n = s->conf->n_checks;

	s->ready = true;
	if (old) {
		s->standing = old->standing;
		s->since = old->since;
		s->ready = old->ready;
		s->passive = old->passive;
		s->flows = old->flows;
		s->stuck = old->stuck;
		memcpy(s->changes, old->changes, sizeof(s->changes));
	} else {
		s->standing.up = begins_up(s);
		s->since = uv_now(s->service->health->loop);
	}
	s->standing.limit.per_minute = s->service->conf->transitions;
	s->link = calloc((size_t)n + 1, sizeof(*s->link));
	if (!s->link)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		const struct check_conf *c = &s->conf->check[i];
		struct probe_target target = target_of(s, c);
		int err = checker_join(s->service->health->checkers, &s->link[i], c, &target,
				       s->standing.up, s);

		if (err)
			return err;
	}
	if (!old) /* others may know it already */
		s->standing.up = health_server_good(s);
	return 0;
}

/* Failures of one event are as far apart as it takes to see them. */
static uint64_t at_once(const struct conf_service *c)
{
	uint64_t most = 0;

	for (int i = 0; i < c->n_servers; i++) {
		for (int k = 0; k < c->server[i].n_checks; k++) {
			uint64_t ms = pace_detects(&c->server[i].check[k].pace);

			most = ms > most ? ms : most;
		}
	}
	return most;
}

static bool sorry_serves(const struct checked_service *s)
{
	const struct backend_conf *sorry = &s->conf->sorry;
	const struct model_backend *b =
		model_backend_get(s->health->model, &s->conf->svc.ep, &sorry->addr, sorry->port);

	return b && b->health.sorry && b->health.use == USE_FULL;
}

static int begin_service(struct checked_service *s, struct checked_service *old)
{
	const struct conf_service *c = s->conf;
	static const struct addr none;
	int from = 0, err = 0;

	s->terms = (struct quorum_conf){
		.quorum = c->quorum,
		.hysteresis = c->hysteresis,
		.panic = c->panic,
		.at_once = at_once(c),
		.sorry = !addr_equal(&c->sorry.addr, &none),
		.sorry_inhibit = c->sorry_inhibit,
	};
	s->begun = old || s->health->takeover;
	s->quorum = old ? old->quorum : quorum_new();
	if (!old && s->health->takeover)
		s->quorum.up = !sorry_serves(s);
	s->news = old ? old->news : 0;
	s->server = calloc((size_t)c->n_servers + 1, sizeof(*s->server));
	if (!s->server)
		return -ENOMEM;
	for (int i = 0; i < c->n_servers; i++) {
		s->server[i].service = s;
		s->server[i].conf = &c->server[i];
	}
	for (int i = 0; i < c->n_servers && !err; i++)
		err = begin_server(&s->server[i], find_server(old, &c->server[i].be.addr, &from));
	return err;
}

static int begin_services(struct health *h, const struct conf *now, struct checked_service *s)
{
	int err = 0;

	for (int i = 0; i < now->n_services && !err; i++) {
		s[i].health = h;
		s[i].conf = &now->service[i];
		err = begin_service(&s[i], health_find(h, &s[i].conf->svc.ep));
	}
	return err;
}

int health_follow(struct health *h, const struct conf *now)
{
	struct checked_service *s = calloc((size_t)now->n_services + 1, sizeof(*s));
	struct checked_service **all = NULL;
	int err = s ? begin_services(h, now, s) : -ENOMEM;

	if (!err) {
		all = sorted(s, now->n_services);
		err = all ? 0 : -ENOMEM;
	}
	if (err) {
		log_error("health: no memory: nothing is checked until the next reload");
		if (s)
			health_free_services(s, now->n_services);
		s = NULL;
	}
	health_free_services(h->service, h->n_services);
	TAILQ_INIT(&h->dirty);
	free(h->sorted);
	h->service = s;
	h->sorted = all;
	h->n_services = s ? now->n_services : 0;
	h->takeover = false;
	for (int i = 0; i < h->n_services; i++)
		health_touch(&s[i]);
	health_judge(h);
	return err;
}
