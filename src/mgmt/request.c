/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/request.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "table/sched.h"

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

static int parse_address(const json_t *object, const char *whose, struct addr *out, struct fault *f)
{
	const json_t *v;
	const char *text;

	if (member(object, "address", JSON_STRING, true, &v, f))
		return -1;
	text = json_string_value(v);
	if (addr_parse(text, out))
		return fault_set(f, "invalid", "'%.64s' is not an IPv4 or IPv6 address", text);
	if (!addr_is_one_host(out))
		return fault_set(f, "invalid", "%.64s can't be a %s's address", text, whose);
	return 0;
}

static int parse_service(const json_t *v, struct request *r, struct fault *f)
{
	static const char *const names[] = {"proto", "address", "port", NULL};
	struct endpoint *ep = &r->service.ep;
	const json_t *proto;
	json_int_t port = 0;

	if (only_members(v, names, "service", f) ||
	    member(v, "proto", JSON_STRING, true, &proto, f) ||
	    parse_address(v, "service", &ep->addr, f) ||
	    parse_number(v, "port", 65535, true, &port, f))
		return -1;
	if (!strcmp(json_string_value(proto), "tcp"))
		ep->proto = IPPROTO_TCP;
	else if (!strcmp(json_string_value(proto), "udp"))
		ep->proto = IPPROTO_UDP;
	else
		return fault_set(f, "invalid", "protocol '%.16s' is unknown: use tcp or udp",
				 json_string_value(proto));
	if (!port)
		return fault_set(f, "invalid",
				 "port 0 needs persistence, which is not supported yet");
	ep->port = htons((uint16_t)port);
	return 0;
}

static int parse_scheduler(const json_t *v, struct request *r, struct fault *f)
{
	int sched = sched_parse(json_string_value(v));

	if (sched < 0)
		return fault_set(f, "no-scheduler",
				 "scheduler %.16s does not exist here (yet): use rr, wrr or mh",
				 json_string_value(v));
	r->service.sched = (uint8_t)sched;
	return 0;
}

static int parse_flags(const json_t *v, struct request *r, struct fault *f)
{
	json_t *flag;
	size_t i;

	json_array_foreach (v, i, flag) {
		const char *name = json_string_value(flag);

		if (!name)
			return fault_set(f, "invalid", "field 'flags' must hold strings, not %s",
					 type_name(json_typeof(flag)));
		if (strcmp(name, "mh-port"))
			return fault_set(f, "invalid",
					 "flag %.32s does not exist here (yet): use mh-port", name);
		r->service.flags |= SERVICE_HASH_PORT;
	}
	return 0;
}

static int parse_server(const json_t *v, struct request *r, struct fault *f)
{
	static const char *const names[] = {"address", "port", "weight", "forward", NULL};
	json_int_t port = 0, weight = 1;
	const json_t *forward;

	if (only_members(v, names, "server", f) || parse_address(v, "server", &r->server.addr, f) ||
	    parse_number(v, "port", 65535, false, &port, f) ||
	    parse_number(v, "weight", WEIGHT_MAX, false, &weight, f) ||
	    member(v, "forward", JSON_STRING, false, &forward, f))
		return -1;
	if (forward && strcmp(json_string_value(forward), "route"))
		return fault_set(f, "invalid", "forwarding by '%.16s' is not supported: use route",
				 json_string_value(forward));
	r->server.port = htons((uint16_t)port);
	r->server.weight = (uint32_t)weight;
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

static const struct field {
	const char *name;
	unsigned int bit;
	json_type type; /* JSON_TRUE: or JSON_FALSE */
	int (*parse)(const json_t *v, struct request *r, struct fault *f);
} fields[] = {
	{"service", FIELD_SERVICE, JSON_OBJECT, parse_service},
	{"scheduler", FIELD_SCHEDULER, JSON_STRING, parse_scheduler},
	{"flags", FIELD_FLAGS, JSON_ARRAY, parse_flags},
	{"server", FIELD_SERVER, JSON_OBJECT, parse_server},
	{"requests", FIELD_REQUESTS, JSON_ARRAY, parse_requests},
	{"replace", FIELD_REPLACE, JSON_TRUE, parse_replace},
	{"what", FIELD_WHAT, JSON_STRING, parse_what},
};

static const struct field *field_find(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	}
	return NULL;
}

/* What only shows when all fields are there. */
static int check_together(struct request *r, struct fault *f)
{
	const struct endpoint *ep = &r->service.ep;
	char text[ADDR_TEXT];

	if (r->service.flags & SERVICE_HASH_PORT && r->service.sched != SCHEDULER_MH)
		return fault_set(f, "invalid", "flag mh-port needs scheduler mh");
	if (!(r->has & FIELD_SERVER))
		return 0;
	if (addr_is_v4(&r->server.addr) != addr_is_v4(&ep->addr))
		return fault_set(f, "invalid", "server %s isn't of the service's address family",
				 addr_text(&r->server.addr, text));
	if (addr_equal(&r->server.addr, &ep->addr))
		return fault_set(f, "invalid",
				 "%s is the service's own address: give the server's other one",
				 addr_text(&ep->addr, text));
	if (r->server.port && r->server.port != ep->port)
		return fault_set(
			f, "invalid",
			"server port %u must be the service's: direct routing leaves it alone",
			ntohs(r->server.port));
	r->server.port = ep->port;
	return 0;
}

int request_parse(const json_t *object, unsigned int must, unsigned int may, struct request *out,
		  struct fault *f)
{
	const char *cmd = json_string_value(json_object_get(object, "cmd")), *key;
	const struct field *field;
	json_t *value;

	*out = (struct request){0};
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
