/* SPDX-License-Identifier: BSD-2-Clause */
/* ipvsadm's rules, as -S -n prints them: -A adds a service, -a a server to one. */
#include "conf/import.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "conf/value.h"

struct rules {
	struct conf conf;
	FILE *said;
	const char *path;
	int line;
};

static void tell(const struct rules *r, const char *word, const char *why)
{
	fprintf(r->said, "%s:%d:1: not taken: %s: %s\n", r->path, r->line, word, why);
}

/* ADDRESS:PORT or [ADDRESS]:PORT, numeric. */
static bool read_host(const char *text, struct addr *addr, __be16 *port)
{
	char copy[ADDR_TEXT];
	char *colon, *host = copy;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return false;
	*port = 0;
	colon = strrchr(copy, ':');
	if (copy[0] == '[') {
		char *end = strchr(copy, ']');

		if (!end)
			return false;
		*end = '\0';
		colon = end[1] == ':' ? end + 1 : NULL;
		host = copy + 1;
	}
	if (colon)
		*colon = '\0';
	return !addr_parse(host, addr) && (!colon || !port_parse(colon + 1, port));
}

/* What a rule says, and the row of the table that reads a value. */
struct rule {
	bool add_service, add_server, bad;
	struct endpoint ep;
	struct conf_service service;
	struct conf_server server;
	const char *tunnel, *tunnel_port;
	bool csum;
};

/* Reads a value as shunt.conf's keyword does; what is wrong is told by that. */
static void by_keyword(struct rules *r, struct rule *rule, enum conf_block block, void *object,
		       const char *name, const char *value)
{
	const struct keyword *k = keyword_find(block, name);
	struct statement *st = calloc(1, sizeof(*st));
	struct lex lex = {.errors = r->said, .prefix = "not taken: "};
	const struct conf_place at = {r->path, r->line, 1};

	if (!st) {
		rule->bad = true;
		return;
	}
	st->n = value ? 2 : 1;
	st->word[0] = (struct word){name, at, false};
	st->word[1] = (struct word){value, at, false};
	if (!k->kind->read(&lex, k, keyword_field(k, block, object), st))
		rule->bad = true;
	free(st);
}

/* An option whose value is a keyword's. */
static const struct option_row {
	const char *option;
	enum conf_block block;
	const char *keyword;
} option_row[] = {
	{"-s", BLOCK_SERVICE, "lb_algo"},
	{"-p", BLOCK_SERVICE, "persistence_timeout"},
	{"-M", BLOCK_SERVICE, "persistence_granularity"},
	{"-w", BLOCK_SERVER, "weight"},
	{"-x", BLOCK_SERVER, "uthreshold"},
	{"-y", BLOCK_SERVER, "lthreshold"},
};

static void read_flags(struct rules *r, struct rule *rule, char *list)
{
	char *save;

	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		const struct keyword *k = keyword_find(BLOCK_SERVICE, w);

		if (k && k->kind == &value_flag8)
			by_keyword(r, rule, BLOCK_SERVICE, &rule->service, w, NULL);
		else
			tell(r, w, "no scheduler of shunt has this flag");
	}
}

/* The service or the server; false if w is neither, or no address follows. */
static bool read_address(struct rule *rule, const char *w, const char *value)
{
	if (!strcmp(w, "-r"))
		return read_host(value, &rule->server.be.addr, &rule->server.be.port);
	if (!strcmp(w, "-t"))
		rule->ep.proto = IPPROTO_TCP;
	else if (!strcmp(w, "-u"))
		rule->ep.proto = IPPROTO_UDP;
	else if (!strcmp(w, "--sctp-service"))
		rule->ep.proto = IPPROTO_SCTP;
	else
		return false;
	return read_host(value, &rule->ep.addr, &rule->ep.port);
}

/* Options without a value; false if w is none. */
static bool read_bare(struct rule *rule, const char *w)
{
	if (!strcmp(w, "-A"))
		rule->add_service = true;
	else if (!strcmp(w, "-a"))
		rule->add_server = true;
	else if (!strcmp(w, "-g"))
		rule->server.be.forward = FORWARD_ROUTE;
	else if (!strcmp(w, "-i"))
		rule->server.be.forward = FORWARD_TUNNEL;
	else if (!strcmp(w, "-o") || !strcmp(w, "--ops"))
		rule->service.svc.flags |= SERVICE_ONE_PACKET;
	else if (!strcmp(w, "--tun-csum"))
		rule->csum = true;
	else
		return !strcmp(w, "--tun-nocsum");
	return true;
}

static void read_valued(struct rules *r, struct rule *rule, const char *w, char *value)
{
	for (size_t i = 0; i < sizeof(option_row) / sizeof(*option_row); i++) {
		const struct option_row *row = &option_row[i];

		if (strcmp(row->option, w))
			continue;
		by_keyword(r, rule, row->block,
			   row->block == BLOCK_SERVICE ? (void *)&rule->service
						       : (void *)&rule->server,
			   row->keyword, value);
		return;
	}
	if (!strcmp(w, "-b")) {
		read_flags(r, rule, value);
		return;
	}
	if (!strcmp(w, "--tun-type"))
		rule->tunnel = value;
	else if (!strcmp(w, "--tun-port"))
		rule->tunnel_port = value;
	else if (!read_address(rule, w, value)) {
		tell(r, w,
		     "shunt has nothing for it, or a bad value; cure: as ipvsadm -S -n prints");
		rule->bad = true;
	}
}

static void read_tunnel(struct rules *r, struct rule *rule)
{
	struct backend_conf *be = &rule->server.be;

	if (!rule->tunnel || be->forward != FORWARD_TUNNEL)
		return;
	be->tunnel_flags = rule->csum ? TUNNEL_CSUM : 0;
	if (!strcmp(rule->tunnel, "gre"))
		be->tunnel = TUNNEL_GRE;
	else if (!strcmp(rule->tunnel, "gue"))
		be->tunnel = TUNNEL_GUE;
	if (be->tunnel == TUNNEL_GUE &&
	    (!rule->tunnel_port || port_parse(rule->tunnel_port, &be->tunnel_port))) {
		tell(r, "--tun-port", "gue needs its UDP port");
		rule->bad = true;
	}
}

static struct conf_service *find_service(struct rules *r, const struct endpoint *ep)
{
	for (int i = r->conf.n_services - 1; i >= 0; i--)
		if (!memcmp(&r->conf.service[i].svc.ep, ep, sizeof(*ep)))
			return &r->conf.service[i];
	return NULL;
}

static void take_server(struct rules *r, struct rule *rule)
{
	struct conf_service *s = find_service(r, &rule->ep);
	struct conf_server *server;

	read_tunnel(r, rule);
	if (rule->server.be.weight == UNSET)
		rule->server.be.weight = 1;
	if (!s)
		tell(r, "-a", "its service was not taken");
	else if (rule->server.be.forward == UINT8_MAX)
		tell(r, "-m", "shunt doesn't translate addresses; cure: -g or -i");
	else if (addr_is_v4(&rule->server.be.addr) != addr_is_v4(&s->svc.ep.addr))
		tell(r, "-r", "not of the service's address family");
	else if (rule->server.be.lower > rule->server.be.upper)
		tell(r, "-y", "above -x");
	else if (!rule->bad) {
		rule->server.be.port = s->svc.ep.port;
		server = array_add((void **)&s->server, &s->n_servers, sizeof(*server));
		if (server)
			*server = rule->server;
	}
}

static void take_service(struct rules *r, struct rule *rule)
{
	struct conf_service *s;

	if (rule->bad)
		return;
	if (find_service(r, &rule->ep)) {
		tell(r, "-A", "the service is there already");
		return;
	}
	s = array_add((void **)&r->conf.service, &r->conf.n_services, sizeof(*s));
	if (!s)
		return;
	*s = rule->service;
	s->svc.ep = rule->ep;
}

static void read_rule(struct rules *r, char *line)
{
	struct rule rule = {0};
	char *save, *w = strtok_r(line, " \t\r\n", &save);

	if (!w || *w == '#')
		return;
	block_init(BLOCK_SERVICE, &rule.service);
	block_init(BLOCK_SERVER, &rule.server);
	rule.server.be.forward = UINT8_MAX;
	for (; w; w = strtok_r(NULL, " \t\r\n", &save)) {
		char *value;

		if (read_bare(&rule, w))
			continue;
		if (!strcmp(w, "-m"))
			continue;
		value = strtok_r(NULL, " \t\r\n", &save);
		if (value) {
			read_valued(r, &rule, w, value);
		} else {
			tell(r, w, "a value is missing");
			rule.bad = true;
		}
	}
	if (rule.add_service)
		take_service(r, &rule);
	else if (rule.add_server)
		take_server(r, &rule);
	else
		tell(r, "the line", "neither -A nor -a");
}

int conf_import_ipvsadm(const char *path, FILE *out, FILE *said)
{
	struct rules r = {.said = said, .path = path};
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	if (!f) {
		err = -errno;
		fprintf(said, "%s: %s; cure: name a file that can be read\n", path, strerror(-err));
		return err;
	}
	for (r.line = 1; getline(&line, &room, f) > 0; r.line++)
		read_rule(&r, line);
	if (ferror(f))
		err = -EIO;
	free(line);
	fclose(f);
	conf_print(&r.conf, out);
	conf_free(&r.conf);
	return err;
}
