/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file says becomes what it means: inheritance, groups, and what must fit together. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"

#define PACE_DEFAULTS                                                      \
	{                                                                  \
		60000, UNSET, 5000, 1, 1000, 1, 1, 0, 0, CHECK_PATH_SERVER \
	}
static const struct check_pace pace_default = PACE_DEFAULTS;

enum {
	PACE_WORDS = sizeof(struct check_pace) / sizeof(uint32_t),
	HTTP_DELAY = 3000,
	DNS_RETRY = 3
};

static void inherit(struct check_pace *to, const struct check_pace *from)
{
	uint32_t *a = (uint32_t *)to;
	const uint32_t *b = (const uint32_t *)from;

	for (int i = 0; i < PACE_WORDS; i++)
		if (a[i] == UNSET)
			a[i] = b[i];
}

static void resolve_check(const struct conf_service *service, const struct conf_server *server,
			  struct check_conf *c)
{
	struct check_pace d = pace_default;
	const char *host = server->virtualhost ? server->virtualhost : service->virtualhost;

	inherit(&c->pace, &server->pace);
	inherit(&c->pace, &service->pace);
	d.warmup = c->pace.delay_loop == UNSET ? d.delay_loop : c->pace.delay_loop;
	if (c->type == CHECK_HTTP || c->type == CHECK_SSL)
		d.delay_before_retry = HTTP_DELAY;
	if (c->type == CHECK_DNS) {
		d.delay_before_retry = d.warmup;
		d.retry = DNS_RETRY;
	}
	if (c->type == CHECK_MISC) {
		d.retry = 0;
		c->pace.connect_timeout = 0;
		c->pace.path = CHECK_PATH_SERVER;
	}
	inherit(&c->pace, &d);
	if (c->type == CHECK_MISC && !c->misc_timeout)
		c->misc_timeout = c->pace.delay_loop;
	if ((c->type == CHECK_HTTP || c->type == CHECK_SSL) && !c->virtualhost && host)
		c->virtualhost = strdup(host);
}

static void fill_url(struct check_conf *c)
{
	for (int i = 0; i < c->n_urls; i++)
		if (!c->url[i].path)
			c->url[i].path = strdup("/");
	if (c->type == CHECK_DNS && !c->dns_name)
		c->dns_name = strdup(".");
}

static void copy_way(struct backend_conf *be, const struct backend_conf *way)
{
	if (be->forward != UINT8_MAX)
		return;
	be->forward = way->forward;
	be->tunnel = way->tunnel;
	be->tunnel_port = way->tunnel_port;
	be->tunnel_flags = way->tunnel_flags;
}

/* What a backend must be for the service, for which it stands. */
static void fit_backend(struct reading *r, struct draft *d, const struct conf_place *at,
			struct backend_conf *be)
{
	char text[ADDR_TEXT];
	bool v4 = addr_is_v4(&d->s.svc.ep.addr);

	copy_way(be, &d->s.way);
	if (be->forward == UINT8_MAX) {
		lex_fail(&r->lex, at,
			 "%s: lb_kind is missing; cure: lb_kind DR or TUN in its "
			 "virtual_server (keepalived would take NAT)",
			 addr_text(&be->addr, text));
		d->bad = true;
	}
	if (addr_is_v4(&be->addr) != v4) {
		lex_fail(&r->lex, at,
			 "%s: not of the virtual address' family; cure: an IPv%d address",
			 addr_text(&be->addr, text), v4 ? 4 : 6);
		d->bad = true;
	}
	if (be->lower > be->upper) {
		lex_fail(&r->lex, at, "%s: lthreshold is above uthreshold; cure: at most %u",
			 addr_text(&be->addr, text), be->upper);
		d->bad = true;
	}
	if (be->port && be->port != d->s.svc.ep.port) {
		lex_fail(&r->lex, at,
			 "%s %u: DR and TUN don't change the port; cure: port %u, as the "
			 "virtual_server",
			 addr_text(&be->addr, text), ntohs(be->port), ntohs(d->s.svc.ep.port));
		d->bad = true;
	}
	be->port = d->s.svc.ep.port;
}

/* Those that find a flow's server by a table, and remember it only once it has answered. */
static bool forgets_syns(enum sched sched)
{
	return sched == SCHEDULER_MH || sched == SCHEDULER_SH || sched == SCHEDULER_DH ||
	       sched == SCHEDULER_LBLC || sched == SCHEDULER_LBLCR;
}

static void fit_service(struct reading *r, struct draft *d)
{
	struct service_conf *svc = &d->s.svc;
	const char *why = NULL;

	if (svc->ep.proto == UINT8_MAX && r->import) {
		svc->ep.proto = IPPROTO_UDP;
		lex_fail(&r->lex, &d->at,
			 "virtual_server: no protocol, UDP is taken as keepalived "
			 "does; cure: protocol TCP if it is TCP");
	}
	if (svc->ep.proto == UINT8_MAX)
		why = "protocol is missing; cure: protocol TCP or UDP in its block (keepalived "
		      "would take UDP)";
	else if (!svc->ep.proto && svc->ep.port)
		why = "protocol any has no ports; cure: leave the port out";
	else if ((svc->flags & (SERVICE_HASH_PORT | SERVICE_FALLBACK)) &&
		 svc->sched != SCHEDULER_SH && svc->sched != SCHEDULER_MH)
		why = "a flag that its scheduler doesn't have; cure: lb_algo sh or mh, or no flag";
	else if ((svc->flags & SERVICE_ONE_PACKET) && svc->ep.proto != IPPROTO_UDP)
		why = "ops is for UDP; cure: leave it out";
	else if (svc->persist_prefix > 32 && addr_is_v4(&svc->ep.addr))
		why = "persistence_granularity of more than 32 bits; cure: 1 to 32";
	else if (d->s.passive && forgets_syns((enum sched)svc->sched))
		why = "passive_health sees nothing with this lb_algo, which remembers no SYNs; "
		      "cure: rr, wrr, lc, wlc, sed, nq, fo or ovf, or leave it out";
	else if (d->s.hysteresis >= d->s.quorum && d->s.hysteresis)
		why = "hysteresis isn't below quorum; cure: a lower hysteresis";
	if (!why)
		return;
	lex_fail(&r->lex, &d->at, "virtual_server: %s", why);
	d->bad = true;
}

static void fit_quorum(struct reading *r, struct draft *d)
{
	uint64_t sum = 0;

	for (int i = 0; i < d->s.n_servers; i++)
		sum += d->s.server[i].be.weight;
	if (!d->quorum_at.line || d->s.quorum <= sum)
		return;
	lex_fail(&r->lex, &d->quorum_at,
		 "quorum %u: above the sum of the servers' weights, %llu; cure: at most that",
		 d->s.quorum, (unsigned long long)sum);
	if (r->import)
		d->s.quorum = sum ? (uint32_t)sum : 1;
}

static int by_address(const void *a, const void *b)
{
	const struct conf_server *const *x = a, *const *y = b;
	int d = memcmp(&(*x)->be.addr, &(*y)->be.addr, sizeof(struct addr));

	return d ? d : (*x > *y) - (*x < *y);
}

static void find_twins(struct reading *r, struct draft *d)
{
	int n = d->s.n_servers;
	const struct addr *sorry = &d->s.sorry.addr;
	const struct conf_server **all = calloc((size_t)n + 1, sizeof(struct conf_server *));
	char text[ADDR_TEXT];

	for (int i = 0; all && i < n; i++)
		all[i] = &d->s.server[i];
	if (all)
		qsort(all, (size_t)n, sizeof(*all), by_address);
	for (int i = 1; all && i < n; i++)
		if (addr_equal(&all[i]->be.addr, &all[i - 1]->be.addr)) {
			lex_fail(&r->lex, &d->server_at[all[i] - d->s.server],
				 "%s: twice in this virtual_server; cure: one real_server block",
				 addr_text(&all[i]->be.addr, text));
			d->bad = true;
		}
	for (int i = 0; i < n; i++)
		if (addr_equal(&d->s.server[i].be.addr, sorry)) {
			lex_fail(&r->lex, &d->server_at[i],
				 "%s: it is the sorry_server too; cure: another one for either",
				 addr_text(sorry, text));
			d->bad = true;
		}
	free(all);
}

static void resolve_draft(struct reading *r, struct draft *d)
{
	struct conf_service *s = &d->s;
	static const struct addr none;

	fit_service(r, d);
	for (int i = 0; i < s->n_servers; i++) {
		struct conf_server *server = &s->server[i];

		if (server->be.weight == UNSET)
			server->be.weight = s->way.weight == UNSET ? 1 : s->way.weight;
		if (server->inhibit == UNSET)
			server->inhibit = s->inhibit;
		fit_backend(r, d, &d->server_at[i], &server->be);
		for (int j = 0; j < server->n_checks; j++) {
			resolve_check(s, server, &server->check[j]);
			fill_url(&server->check[j]);
		}
		memset(&server->pace, 0xff, sizeof(server->pace));
		free(server->virtualhost);
		server->virtualhost = NULL;
	}
	if (addr_equal(&s->sorry.addr, &none))
		s->sorry.forward = 0;
	else
		fit_backend(r, d, &d->at, &s->sorry);
	find_twins(r, d);
	fit_quorum(r, d);
	memset(&s->pace, 0xff, sizeof(s->pace));
	memset(&s->way, 0, sizeof(s->way));
	s->way.weight = UNSET;
	s->inhibit = 0;
	free(s->virtualhost);
	s->virtualhost = NULL;
}

void service_clear(struct conf_service *s)
{
	for (int i = 0; i < s->n_servers; i++) {
		for (int j = 0; j < s->server[i].n_checks; j++)
			check_clear(&s->server[i].check[j]);
		free(s->server[i].check);
		block_clear(BLOCK_SERVER, &s->server[i]);
	}
	free(s->server);
	block_clear(BLOCK_SERVICE, s);
	memset(s, 0, sizeof(*s));
}

/* Gives s, a bytewise copy, everything of its own; false without memory. */
static bool service_copy(struct conf_service *s)
{
	const struct conf_server *server = s->server;
	bool ok = block_copy(BLOCK_SERVICE, s);
	int n = s->n_servers;

	s->n_servers = 0;
	s->server = calloc((size_t)n + 1, sizeof(*server));
	for (int i = 0; s->server && i < n; i++) {
		struct conf_server *to = &s->server[s->n_servers++];

		*to = server[i];
		ok = block_copy(BLOCK_SERVER, to) && ok;
		to->n_checks = 0;
		to->check = calloc((size_t)server[i].n_checks + 1, sizeof(*to->check));
		for (int j = 0; to->check && j < server[i].n_checks; j++) {
			to->check[to->n_checks] = server[i].check[j];
			ok = check_copy(&to->check[to->n_checks++]) && ok;
		}
		ok = ok && to->check;
	}
	return ok && s->server;
}

static void set_port(struct conf_service *s, __be16 port)
{
	s->svc.ep.port = port;
	if (s->sorry.weight)
		s->sorry.port = port;
	for (int i = 0; i < s->n_servers; i++)
		s->server[i].be.port = port;
}

static struct conf_service *add_service(struct reading *r, const struct draft *d)
{
	int places = r->conf->n_services;
	struct conf_service *s =
		array_add((void **)&r->conf->service, &r->conf->n_services, sizeof(*s));
	struct conf_place *at = s ? array_add((void **)&r->service_at, &places, sizeof(*at)) : NULL;

	if (s && !at)
		r->conf->n_services--;
	if (!at) {
		lex_fail(&r->lex, &d->at, "no memory; cure: a smaller file");
		return NULL;
	}
	*at = d->at;
	*s = d->s;
	return s;
}

static void expand_line(struct reading *r, struct draft *d, const struct group_line *line)
{
	for (uint32_t last = line->addr.b[15]; last <= line->last; last++) {
		struct conf_service *s = add_service(r, d);

		if (!s)
			return;
		if (!service_copy(s))
			lex_fail(&r->lex, &d->at, "no memory; cure: a smaller file");
		s->svc.ep.addr = line->addr;
		s->svc.ep.addr.b[15] = (uint8_t)last;
		s->svc.ep.prefix = line->prefix;
		set_port(s, line->port);
	}
}

static const struct group *find_group(const struct reading *r, const char *name)
{
	for (int i = 0; i < r->n_groups; i++)
		if (!strcmp(r->group[i].name, name))
			return &r->group[i];
	return NULL;
}

/* The lines of a group are services; what must fit is tried with its first line. */
static void resolve_group(struct reading *r, struct draft *d)
{
	const struct group *g = find_group(r, d->group);

	if (!g || !g->n_lines) {
		lex_fail(&r->lex, &d->at, "group %s: %s; cure: a virtual_server_group %s block",
			 d->group, g ? "it is empty" : "there is none", d->group);
		return;
	}
	d->s.svc.ep.addr = g->line[0].addr;
	d->s.svc.ep.port = g->line[0].port;
	resolve_draft(r, d);
	for (int i = 0; i < g->n_lines && !d->bad; i++) {
		if (addr_is_v4(&g->line[i].addr) != addr_is_v4(&g->line[0].addr))
			lex_fail(&r->lex, &d->at,
				 "group %s: of two address families; cure: one "
				 "group for each",
				 d->group);
		else
			expand_line(r, d, &g->line[i]);
	}
}

static int by_endpoint(const void *a, const void *b)
{
	const struct conf_service *const *x = a, *const *y = b;
	int d = memcmp(&(*x)->svc.ep, &(*y)->svc.ep, sizeof(struct endpoint));

	return d ? d : (*x > *y) - (*x < *y);
}

static void find_twin_services(struct reading *r)
{
	struct conf *c = r->conf;
	const struct conf_service **all =
		calloc((size_t)c->n_services + 1, sizeof(struct conf_service *));
	char text[ADDR_TEXT];

	for (int i = 0; all && i < c->n_services; i++)
		all[i] = &c->service[i];
	if (all)
		qsort(all, (size_t)c->n_services, sizeof(*all), by_endpoint);
	for (int i = 1; all && i < c->n_services; i++)
		if (!memcmp(&all[i]->svc.ep, &all[i - 1]->svc.ep, sizeof(struct endpoint)))
			lex_fail(&r->lex, &r->service_at[all[i] - c->service],
				 "virtual_server %s: there already, on line %d; cure: one block",
				 host_text(&all[i]->svc.ep.addr, all[i]->svc.ep.port, text),
				 all[i - 1]->line);
	free(all);
}

void reading_resolve(struct reading *r)
{
	for (int i = 0; i < r->n_drafts; i++) {
		struct draft *d = &r->draft[i];
		bool keep = !d->bad;

		if (keep && d->group) {
			resolve_group(r, d);
		} else if (keep) {
			resolve_draft(r, d);
			if (!d->bad && add_service(r, d))
				d->s = (struct conf_service){0};
		}
		if (d->bad && r->import)
			lex_fail(&r->lex, &d->at,
				 "virtual_server: left out, for what is said above");
	}
	find_twin_services(r);
}
