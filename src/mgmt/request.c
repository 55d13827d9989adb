/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "table/sched.h"

const char *const forward_name[FORWARDS] = {"route", "tunnel"};
const char *const tunnel_name[TUNNEL_TYPES] = {"ipip", "gue", "gre"};
const char *const removed_name[REMOVED_POLICIES] = {"reselect", "reset", "drop"};

int fault_set(struct fault *f, const char *code, const char *fmt, ...)
{
	va_list args;

	f->code = code;
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	for (char *c = f->text; *c; c++) { /* a cut word may end in half a character */
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return -1;
}

static const char *type_name(json_type type)
{
	static const char *const name[] = {
		[JSON_OBJECT] = "an object",	[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",	[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a real number",	[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false", [JSON_NULL] = "null",
	};

	return name[type];
}

/* The member of that name and type: *out is NULL if it isn't there and needn't be. */
static int member(const json_t *object, const char *name, json_type type, bool must,
		  const json_t **out, struct fault *f)
{
	*out = json_object_get(object, name);
	if (!*out && must)
		return fault_set(f, "invalid", "field '%s' is missing", name);
	if (*out && json_typeof(*out) != type)
		return fault_set(f, "invalid", "field '%s' must be %s, not %s", name,
				 type_name(type), type_name(json_typeof(*out)));
	return 0;
}

/* names ends with NULL. */
static int only_members(const json_t *object, const char *const *names, const char *where,
			struct fault *f)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		const char *const *name = names;

		while (*name && strcmp(*name, key))
			name++;
		if (!*name)
			return fault_set(f, "invalid", "field '%.64s' is unknown in '%s'", key,
					 where);
	}
	return 0;
}

static int parse_number(const json_t *object, const char *name, json_int_t most, bool must,
			json_int_t *out, struct fault *f)
{
	const json_t *v;

	if (member(object, name, JSON_INTEGER, must, &v, f))
		return -1;
	if (!v)
		return 0;
	*out = json_integer_value(v);
	if (*out < 0 || *out > most)
		return fault_set(f, "invalid",
				 "%s %" JSON_INTEGER_FORMAT
				 " is out of range: 0 to %" JSON_INTEGER_FORMAT,
				 name, *out, most);
	return 0;
}

/* Packets can neither be sent to such an address nor be for it alone. */
static bool addr_is_one_host(const struct addr *a)
{
	static const struct addr none;
	uint32_t v4 = ntohl(a->w[3]);

	if (addr_is_v4(a))
		return v4 >> 24 && v4 >> 28 < 14;
	return !addr_equal(a, &none) && a->b[0] != 0xff;
}

static int parse_host(const char *text, const char *whose, struct addr *out, struct fault *f)
{
	if (addr_parse(text, out))
		return fault_set(f, "invalid", "'%.64s' is not an IPv4 or IPv6 address", text);
	if (!addr_is_one_host(out))
		return fault_set(f, "invalid", "%.64s can't be a %s's address", text, whose);
	return 0;
}

static int parse_address(const json_t *object, const char *whose, struct addr *out, struct fault *f)
{
	const json_t *v;

	if (member(object, "address", JSON_STRING, true, &v, f))
		return -1;
	return parse_host(json_string_value(v), whose, out, f);
}

/* The addresses of a service: one, or a range that is written ADDRESS/LENGTH. */
static int parse_range(const json_t *object, struct endpoint *ep, struct fault *f)
{
	char text[ADDR_TEXT];
	const char *slash;
	unsigned long bits;
	const json_t *v;
	char *end;

	if (member(object, "address", JSON_STRING, true, &v, f))
		return -1;
	slash = strchr(json_string_value(v), '/');
	if (!slash)
		return parse_host(json_string_value(v), "service", &ep->addr, f);
	snprintf(text, sizeof(text), "%.*s", (int)(slash - json_string_value(v)),
		 json_string_value(v));
	if (parse_host(text, "service", &ep->addr, f))
		return -1;
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > addr_bits(&ep->addr) || !bits)
		return fault_set(f, "invalid", "'%.64s' is not a range: its length is 1 to %u",
				 json_string_value(v), addr_bits(&ep->addr));
	if (bits == addr_bits(&ep->addr))
		return 0;
	ep->prefix = (uint8_t)(128 - addr_bits(&ep->addr) + bits);
	if (!addr_is_prefix(&ep->addr, ep->prefix))
		return fault_set(f, "invalid", "%.64s is not the first address of its range", text);
	return 0;
}

static int parse_service(const json_t *v, struct request *r, struct fault *f)
{
	static const char *const names[] = {"proto", "address", "port", NULL};
	struct endpoint *ep = &r->service.ep;
	const json_t *proto;
	json_int_t port = 0;

	if (only_members(v, names, "service", f) ||
	    member(v, "proto", JSON_STRING, true, &proto, f) || parse_range(v, ep, f) ||
	    parse_number(v, "port", 65535, true, &port, f))
		return -1;
	if (proto_parse(json_string_value(proto), &ep->proto))
		return fault_set(f, "invalid",
				 "protocol '%.16s' is unknown: use tcp, udp, sctp or any",
				 json_string_value(proto));
	ep->port = htons((uint16_t)port);
	return 0;
}

static int parse_scheduler(const json_t *v, struct request *r, struct fault *f)
{
	int sched = sched_parse(json_string_value(v));
	char names[128] = "";
	size_t n = 0;

	for (int i = 0; sched < 0 && i < SCHEDULER_COUNT; i++) {
		if (sched_name[i])
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      sched_name[i]);
	}
	if (sched < 0)
		return fault_set(f, "no-scheduler", "scheduler %.16s does not exist here: use %s",
				 json_string_value(v), names);
	r->service.sched = (uint8_t)sched;
	return 0;
}

const struct request_flag request_flags[REQUEST_FLAGS] = {
	{"sh-fallback", SERVICE_FALLBACK, SCHEDULER_SH},
	{"sh-port", SERVICE_HASH_PORT, SCHEDULER_SH},
	{"mh-fallback", SERVICE_FALLBACK, SCHEDULER_MH},
	{"mh-port", SERVICE_HASH_PORT, SCHEDULER_MH},
	{"ops", SERVICE_ONE_PACKET, SCHEDULER_COUNT},
};

static int parse_flags(const json_t *v, struct request *r, struct fault *f)
{
	json_t *flag;
	size_t i;

	json_array_foreach (v, i, flag) {
		const char *name = json_string_value(flag);
		int k = 0;

		if (!name)
			return fault_set(f, "invalid", "field 'flags' must hold strings, not %s",
					 type_name(json_typeof(flag)));
		while (k < REQUEST_FLAGS && strcmp(request_flags[k].name, name))
			k++;
		if (k == REQUEST_FLAGS)
			return fault_set(f, "invalid",
					 "flag %.32s is unknown: use sh-port, sh-fallback, "
					 "mh-port, mh-fallback or ops",
					 name);
		r->service.flags |= request_flags[k].bit;
		r->flags |= 1u << k;
	}
	return 0;
}

static int parse_persistent(const json_t *v, struct request *r, struct fault *f)
{
	json_int_t n = json_integer_value(v);

	if (n < 0 || n > PERSIST_MAX)
		return fault_set(f, "invalid",
				 "persistent %" JSON_INTEGER_FORMAT
				 " is out of range: 0 to %d seconds",
				 n, PERSIST_MAX);
	r->service.persist = (uint32_t)n;
	return 0;
}

static int parse_netmask(const json_t *v, struct request *r, struct fault *f)
{
	json_int_t n = json_integer_value(v);

	if (n < 1 || n > 128)
		return fault_set(f, "invalid",
				 "netmask %" JSON_INTEGER_FORMAT " is out of range: 1 to 128 bits",
				 n);
	r->service.persist_prefix = (uint8_t)n;
	return 0;
}

static int parse_removed(const json_t *v, struct request *r, struct fault *f)
{
	for (int i = 0; i < REMOVED_POLICIES; i++) {
		if (strcmp(removed_name[i], json_string_value(v)))
			continue;
		r->service.removed = (uint8_t)i;
		return 0;
	}
	return fault_set(f, "invalid", "removed '%.16s' is unknown: use reselect, reset or drop",
			 json_string_value(v));
}

static int parse_tunnel(const json_t *v, struct backend_conf *server, struct fault *f)
{
	static const char *const names[] = {"type", "port", "csum", NULL};
	const char *type = json_string_value(json_object_get(v, "type"));
	const json_t *csum = json_object_get(v, "csum");
	json_int_t port = 0;
	int i = 0;

	if (only_members(v, names, "tunnel", f) || parse_number(v, "port", 65535, false, &port, f))
		return -1;
	if (csum && !json_is_boolean(csum))
		return fault_set(f, "invalid", "field 'csum' must be true or false, not %s",
				 type_name(json_typeof(csum)));
	while (type && i < TUNNEL_TYPES && strcmp(tunnel_name[i], type))
		i++;
	if (!type || i == TUNNEL_TYPES)
		return fault_set(f, "invalid", "tunnel '%.16s' is unknown: use ipip, gue or gre",
				 type ? type : "");
	server->tunnel = (uint8_t)i;
	server->tunnel_port = htons((uint16_t)port);
	server->tunnel_flags = json_is_true(csum) ? TUNNEL_CSUM : 0;
	return 0;
}

static int parse_forward(const json_t *v, struct backend_conf *server, struct fault *f)
{
	const char *name;
	const json_t *forward, *tunnel;
	int i = 0;

	if (member(v, "forward", JSON_STRING, false, &forward, f) ||
	    member(v, "tunnel", JSON_OBJECT, false, &tunnel, f))
		return -1;
	name = forward ? json_string_value(forward) : forward_name[FORWARD_ROUTE];
	while (i < FORWARDS && strcmp(forward_name[i], name))
		i++;
	if (i == FORWARDS)
		return fault_set(f, "invalid",
				 "forwarding by '%.16s' is not supported: use route or tunnel",
				 name);
	server->forward = (uint8_t)i;
	if (!tunnel)
		return 0;
	if (i != FORWARD_TUNNEL)
		return fault_set(f, "invalid", "field 'tunnel' needs \"forward\":\"tunnel\"");
	return parse_tunnel(tunnel, server, f);
}

static int parse_server(const json_t *v, struct request *r, struct fault *f)
{
	static const char *const names[] = {"address", "port",	"weight", "forward",
					    "tunnel",  "upper", "lower",  NULL};
	json_int_t port = 0, weight = 1, upper = 0, lower = 0;

	if (only_members(v, names, "server", f) || parse_address(v, "server", &r->server.addr, f) ||
	    parse_number(v, "port", 65535, false, &port, f) ||
	    parse_number(v, "weight", WEIGHT_MAX, false, &weight, f) ||
	    parse_number(v, "upper", INT32_MAX, false, &upper, f) ||
	    parse_number(v, "lower", INT32_MAX, false, &lower, f) ||
	    parse_forward(v, &r->server, f))
		return -1;
	r->server.port = htons((uint16_t)port);
	r->server.weight = (uint32_t)weight;
	r->server.upper = (uint32_t)upper;
	r->server.lower = (uint32_t)lower;
	return 0;
}

static int parse_timeouts(const json_t *v, struct request *r, struct fault *f)
{
	static const char *const names[] = {"tcp", "tcpfin", "udp", NULL};
	json_int_t n[3] = {0};

	if (only_members(v, names, "timeouts", f))
		return -1;
	for (int i = 0; i < 3; i++) {
		if (parse_number(v, names[i], PERSIST_MAX, false, &n[i], f))
			return -1;
	}
	r->timeouts = (struct model_timeouts){(uint32_t)n[0], (uint32_t)n[1], (uint32_t)n[2]};
	return 0;
}

static int parse_cursor(const json_t *v, struct request *r, struct fault *f)
{
	if (json_integer_value(v) < 0)
		return fault_set(f, "invalid", "field 'cursor' must be one that was answered");
	r->cursor = (uint64_t)json_integer_value(v);
	return 0;
}

static int parse_dry_run(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->dry_run = json_is_true(v);
	return 0;
}

static int parse_requests(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->requests = v;
	return 0;
}

static int parse_replace(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->replace = json_is_true(v);
	return 0;
}

static int parse_what(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->what = json_string_value(v);
	return 0;
}

static int parse_file(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->file = json_string_value(v);
	return 0;
}

static int parse_protect(const json_t *v, struct request *r, struct fault *f)
{
	(void)f;
	r->protect_live = json_is_true(v);
	return 0;
}

static int parse_confirm(const json_t *v, struct request *r, struct fault *f)
{
	if (json_integer_value(v) < 1 || json_integer_value(v) > 86400)
		return fault_set(f, "invalid",
				 "confirm-within is out of range: 1 to 86400 seconds");
	r->confirm = (uint32_t)json_integer_value(v);
	return 0;
}

static const struct field {
	const char *name;
	unsigned int bit;
	json_type type; /* JSON_TRUE: or JSON_FALSE */
	int (*parse)(const json_t *v, struct request *r, struct fault *f);
} fields[] = {
	{"service", FIELD_SERVICE, JSON_OBJECT, parse_service},
	{"scheduler", FIELD_SCHEDULER, JSON_STRING, parse_scheduler},
	{"flags", FIELD_FLAGS, JSON_ARRAY, parse_flags},
	{"persistent", FIELD_PERSISTENT, JSON_INTEGER, parse_persistent},
	{"netmask", FIELD_NETMASK, JSON_INTEGER, parse_netmask},
	{"removed", FIELD_REMOVED, JSON_STRING, parse_removed},
	{"server", FIELD_SERVER, JSON_OBJECT, parse_server},
	{"timeouts", FIELD_TIMEOUTS, JSON_OBJECT, parse_timeouts},
	{"cursor", FIELD_CURSOR, JSON_INTEGER, parse_cursor},
	{"dry-run", FIELD_DRY_RUN, JSON_TRUE, parse_dry_run},
	{"requests", FIELD_REQUESTS, JSON_ARRAY, parse_requests},
	{"replace", FIELD_REPLACE, JSON_TRUE, parse_replace},
	{"what", FIELD_WHAT, JSON_STRING, parse_what},
	{"file", FIELD_FILE, JSON_STRING, parse_file},
	{"protect-live", FIELD_PROTECT, JSON_TRUE, parse_protect},
	{"confirm-within", FIELD_CONFIRM, JSON_INTEGER, parse_confirm},
};

static const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	}
	return NULL;
}

/* What only shows when all fields of a service are there. */
static int check_service(const struct request *r, struct fault *f)
{
	const struct service_conf *s = &r->service;

	for (int k = 0; k < REQUEST_FLAGS; k++) {
		const struct request_flag *flag = &request_flags[k];

		if (r->flags & 1u << k && flag->sched != SCHEDULER_COUNT && flag->sched != s->sched)
			return fault_set(f, "invalid", "flag %s needs scheduler %.2s", flag->name,
					 flag->name);
	}
	if (s->flags & SERVICE_ONE_PACKET && s->ep.proto != IPPROTO_UDP)
		return fault_set(f, "invalid", "flag ops is for UDP services only");
	if (!s->ep.proto && s->ep.port)
		return fault_set(f, "invalid", "a service of any protocol has port 0");
	if (s->ep.proto && !s->ep.port && !s->persist)
		return fault_set(f, "invalid", "port 0 needs persistence");
	if (s->persist_prefix && !s->persist)
		return fault_set(f, "invalid", "field 'netmask' needs 'persistent'");
	if (s->persist_prefix > addr_bits(&s->ep.addr))
		return fault_set(f, "invalid", "netmask %u is longer than the address: %u bits",
				 s->persist_prefix, addr_bits(&s->ep.addr));
	return 0;
}

static int check_tunnel(const struct backend_conf *b, struct fault *f)
{
	if (b->forward != FORWARD_TUNNEL)
		return 0;
	if (b->tunnel == TUNNEL_GUE && !b->tunnel_port)
		return fault_set(f, "invalid", "a gue tunnel needs a port");
	if (b->tunnel != TUNNEL_GUE && b->tunnel_port)
		return fault_set(f, "invalid", "a tunnel's port is for gue only");
	if (b->tunnel == TUNNEL_IPIP && b->tunnel_flags)
		return fault_set(f, "invalid", "an ipip tunnel has no checksum");
	return 0;
}

static int check_server(struct request *r, struct fault *f)
{
	const struct endpoint *ep = &r->service.ep;
	struct backend_conf *b = &r->server;
	char text[ADDR_TEXT];

	if (addr_is_v4(&b->addr) != addr_is_v4(&ep->addr) && b->forward != FORWARD_TUNNEL &&
	    r->has & FIELD_CONF)
		return fault_set(f, "invalid",
				 "server %s isn't of the service's address family: only a tunnel "
				 "goes there",
				 addr_text(&b->addr, text));
	if (addr_equal(&b->addr, &ep->addr))
		return fault_set(f, "invalid",
				 "%s is the service's own address: give the server's other one",
				 addr_text(&ep->addr, text));
	if (b->port && b->port != ep->port)
		return fault_set(f, "invalid",
				 "server port %u must be the service's: neither way of forwarding "
				 "changes it",
				 ntohs(b->port));
	if (b->lower > b->upper)
		return fault_set(f, "invalid", "lower %u must not be above upper %u", b->lower,
				 b->upper);
	b->port = ep->port;
	return check_tunnel(b, f);
}

static int check_together(struct request *r, struct fault *f)
{
	if (r->has & FIELD_SCHEDULER && check_service(r, f))
		return -1;
	return r->has & FIELD_SERVER ? check_server(r, f) : 0;
}

int request_parse(const json_t *object, unsigned int must, unsigned int may, struct request *out,
		  struct fault *f)
{
	const char *cmd = json_string_value(json_object_get(object, "cmd")), *key;
	const struct field *field;
	json_t *value;

	*out = (struct request){.has = must & FIELD_CONF};
	json_object_foreach ((json_t *)object, key, value) {
		if (!strcmp(key, "cmd"))
			continue;
		field = field_find(key);
		if (!field || !(field->bit & (must | may)))
			return fault_set(f, "invalid", "field '%.64s' is unknown in '%.64s'", key,
					 cmd ? cmd : "?");
		if (json_typeof(value) != field->type &&
		    !(field->type == JSON_TRUE && json_is_false(value)))
			return fault_set(f, "invalid", "field '%s' must be %s, not %s", key,
					 type_name(field->type), type_name(json_typeof(value)));
		if (field->parse(value, out, f))
			return -1;
		out->has |= field->bit;
	}
	for (field = fields; field < fields + sizeof(fields) / sizeof(*fields); field++) {
		if (must & ~out->has & field->bit)
			return fault_set(f, "invalid", "field '%s' is missing", field->name);
	}
	return check_together(out, f);
}
