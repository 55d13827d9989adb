/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipvs_print.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "ipvs_more.h"

enum {
	SERVICE_COLUMNS = 33, /* protocol and address; IPv4 is cut there, IPv6 runs over */
	SERVER_COLUMNS = 28,
};

struct printer {
	FILE *out;
	unsigned int format;
	const struct names *names;
};

/* A service or a server: its JSON, and what it is sorted by. */
struct entry {
	const json_t *json;
	struct addr addr;
	__be16 port;
	uint8_t proto;
	char range[8]; /* "/24" of a range of addresses */
};

/* How the protocol is called: in listings, and as the option of a rule. */
static const struct {
	uint8_t proto;
	const char *name, *option;
} protos[] = {
	{IPPROTO_TCP, "TCP", "-t"},
	{IPPROTO_UDP, "UDP", "-u"},
	{IPPROTO_SCTP, "SCTP", "--sctp-service"},
	{0, "ANY", "--any-service"}, /* shunt's own: ipvsadm has no such service */
};

/* The words for a way of forwarding: the control protocol's, the listing's, the rule's. */
static const struct {
	const char *name, *title, *option;
} forwards[] = {
	{"route", "Route", "-g"},
	{"tunnel", "Tunnel", "-i"},
	{"masquerade", "Masq", "-m"},
	{"local", "Local", "-g"},
};

static const char *string_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text ? text : "";
}

static uint64_t number_of(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* An address, or a range of them: 192.0.2.0/24. */
static int range_parse(const char *text, struct entry *e)
{
	const char *slash = strchr(text, '/');
	char host[ADDR_TEXT];

	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - text) : ADDR_TEXT - 1, text);
	snprintf(e->range, sizeof(e->range), "%s", slash ? slash : "");
	return addr_parse(host, &e->addr);
}

/* By family, protocol, address, port. */
static int entry_compare(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int d = addr_is_v4(&b->addr) - addr_is_v4(&a->addr);

	if (!d)
		d = a->proto - b->proto;
	if (!d)
		d = memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
	return d ? d : ntohs(a->port) - ntohs(b->port);
}

/* Reads an array of services, or of servers (proto is their service's); what has no valid address
 * is not in it. The caller frees. */
static struct entry *entries_read(const json_t *array, bool servers, uint8_t proto, bool sort,
				  size_t *n)
{
	struct entry *entries = calloc(json_array_size(array) + 1, sizeof(*entries));
	size_t i;
	json_t *o;

	*n = 0;
	if (!entries)
		return NULL;
	json_array_foreach (array, i, o) {
		struct entry *e = &entries[*n];

		if (range_parse(string_of(o, "address"), e))
			continue;
		e->json = o;
		e->port = htons((uint16_t)number_of(o, "port"));
		e->proto = proto;
		if (!servers)
			proto_parse(string_of(o, "proto"), &e->proto);
		++*n;
	}
	if (sort)
		qsort(entries, *n, sizeof(*entries), entry_compare);
	return entries;
}

/* A counter, 9 columns wide: in full as long as it fits, then in thousands, millions... */
static void print_count(const struct printer *p, uint64_t n)
{
	static const struct {
		uint64_t below, unit;
		char letter;
	} scale[] = {
		{1000000000ull, 1000ull, 'K'},
		{100000000000ull, 1000000ull, 'M'},
		{100000000000000ull, 1000000000ull, 'G'},
		{UINT64_MAX, 1000000000000ull, 'T'},
	};
	size_t i = 0;

	if (n < 100000000 || p->format & IPVS_EXACT) {
		fprintf(p->out, " %8llu", (unsigned long long)n);
		return;
	}
	while (n >= scale[i].below && scale[i].below != UINT64_MAX)
		i++;
	fprintf(p->out, "%8llu%c", (unsigned long long)(n / scale[i].unit), scale[i].letter);
}

/* A director never sees an answer: what goes out is 0, unless shuntd says otherwise. ipvsadm cuts
 * the rates of servers short only where they are bytes. */
static void print_stats(const struct printer *p, const json_t *o, bool server)
{
	static const char *const column[] = {"conns", "in_packets", "out_packets", "in_bytes",
					     "out_bytes"};
	bool rates = !(p->format & IPVS_STATS);
	const json_t *stats = json_object_get(o, rates ? "rate" : "stats");

	for (int i = 0; i < 5; i++) {
		uint64_t n = number_of(stats, column[i]);

		if (rates && server && i < 3)
			fprintf(p->out, " %8llu", (unsigned long long)n);
		else
			print_count(p, n);
	}
	putc('\n', p->out);
}

/* A range has no name: 192.0.2.0/24:80, [2001:db8::]/32:80. */
static const char *range_text(const struct entry *e, char *buf)
{
	char host[ADDR_TEXT];
	bool v4 = addr_is_v4(&e->addr);

	snprintf(buf, NAMES_TEXT, "%s%s%s%s:%u", v4 ? "" : "[", addr_text(&e->addr, host),
		 v4 ? "" : "]", e->range, ntohs(e->port));
	return buf;
}

static const char *entry_text(const struct printer *p, const struct entry *e, char *buf)
{
	const struct names *names = p->format & IPVS_NUMERIC ? &names_numeric : p->names;

	if (*e->range)
		return range_text(e, buf);
	return names_text(names, &e->addr, e->port, e->proto, buf);
}

static size_t proto_row(const struct entry *e)
{
	size_t i = 0;

	while (protos[i].proto != e->proto)
		i++;
	return i;
}

/* The scheduler's flags; one-packet scheduling isn't one. */
static void print_flags(const struct printer *p, const json_t *service, const char *before,
			const char *after)
{
	const json_t *flags = json_object_get(service, "flags");
	bool any = false;
	size_t i;
	json_t *flag;

	json_array_foreach (flags, i, flag) {
		if (!strcmp(json_string_value(flag), "ops"))
			continue;
		fprintf(p->out, "%s%s", any ? "," : before, json_string_value(flag));
		any = true;
	}
	if (any)
		fputs(after, p->out);
}

static bool is_one_packet(const json_t *service)
{
	const json_t *flags = json_object_get(service, "flags");
	size_t i;
	json_t *flag;

	json_array_foreach (flags, i, flag) {
		if (!strcmp(json_string_value(flag), "ops"))
			return true;
	}
	return false;
}

/* What tells clients apart, if that isn't all of their address. Returns buf, or NULL. */
static const char *netmask_text(const struct entry *e, char *buf, size_t size)
{
	uint32_t bits = (uint32_t)number_of(e->json, "netmask");
	struct in_addr mask;

	if (!bits || bits == (addr_is_v4(&e->addr) ? 32 : 128))
		return NULL;
	if (addr_is_v4(&e->addr)) {
		mask.s_addr = htonl(~0u << (32 - bits));
		return inet_ntop(AF_INET, &mask, buf, (socklen_t)size);
	}
	snprintf(buf, size, "%u", bits);
	return buf;
}

/* Persistence and one-packet scheduling, as a listing or as a rule has them. */
static void print_options(const struct printer *p, const struct entry *e, bool rule)
{
	uint64_t persistent = number_of(e->json, "persistent");
	char buf[INET_ADDRSTRLEN];
	const char *mask = persistent ? netmask_text(e, buf, sizeof(buf)) : NULL;

	if (persistent)
		fprintf(p->out, rule ? " -p %llu" : " persistent %llu",
			(unsigned long long)persistent);
	if (mask)
		fprintf(p->out, rule ? " -M %s" : " mask %s", mask);
	if (is_one_packet(e->json))
		fputs(rule ? " -o" : " ops", p->out);
}

static void print_service(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT], text[NAMES_TEXT + 8];

	snprintf(text, sizeof(text), "%-4s %s", protos[proto_row(e)].name, entry_text(p, e, host));
	if (addr_is_v4(&e->addr))
		text[SERVICE_COLUMNS] = '\0';
	if (p->format & (IPVS_STATS | IPVS_RATE)) {
		fprintf(p->out, "%-*s", SERVICE_COLUMNS, text);
		print_stats(p, e->json, false);
		return;
	}
	fprintf(p->out, "%s %s", text, string_of(e->json, "scheduler"));
	print_flags(p, e->json, " (", ")");
	print_options(p, e, false);
	putc('\n', p->out);
}

static size_t forward_row(const struct entry *e)
{
	const char *name = string_of(e->json, "forward");
	size_t i = sizeof(forwards) / sizeof(*forwards) - 1;

	while (i && strcmp(forwards[i].name, name))
		i--;
	return i;
}

/* ipip, gue:6080:-c, gre:+c; c is the checksum. */
static void tunnel_text(const struct entry *e, char *buf, size_t size)
{
	const json_t *t = json_object_get(e->json, "tunnel");
	const char *type = string_of(t, "type");
	char sign = json_is_true(json_object_get(t, "csum")) ? '+' : '-';

	if (!t)
		snprintf(buf, size, "n/a");
	else if (!strcmp(type, "gue"))
		snprintf(buf, size, "gue:%u:%cc", (unsigned int)number_of(t, "port"), sign);
	else if (!strcmp(type, "gre"))
		snprintf(buf, size, "gre:%cc", sign);
	else
		snprintf(buf, size, "%s", type);
}

/* What is between a server's address and its connections, by the first of these that was asked
 * for. */
static void print_middle(const struct printer *p, const struct entry *e)
{
	int weight = (int)number_of(e->json, "weight");
	const char *way = forwards[forward_row(e)].title;
	char tunnel[32];

	if (p->format & IPVS_THRESHOLDS) {
		fprintf(p->out, " %-10u %-10u", (unsigned int)number_of(e->json, "upper"),
			(unsigned int)number_of(e->json, "lower"));
	} else if (p->format & IPVS_PERSISTENT_CONN) {
		fprintf(p->out, " %-9d %-11u", weight,
			(unsigned int)number_of(e->json, "persistent_conns"));
	} else if (p->format & IPVS_TUN_INFO) {
		tunnel_text(e, tunnel, sizeof(tunnel));
		fprintf(p->out, " %-7s %-13s %-6d", way, tunnel, weight);
	} else {
		fprintf(p->out, " %-7s %-6d", way, weight);
	}
}

static void print_server(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT];

	entry_text(p, e, host);
	if (addr_is_v4(&e->addr))
		host[SERVER_COLUMNS] = '\0';
	fprintf(p->out, "  -> %-*s", SERVER_COLUMNS, host);
	if (p->format & (IPVS_STATS | IPVS_RATE)) {
		print_stats(p, e->json, true);
		return;
	}
	print_middle(p, e);
	fprintf(p->out, " %-10u %-10u\n", (unsigned int)number_of(e->json, "active"),
		(unsigned int)number_of(e->json, "inactive"));
}

static void print_service_rule(const struct printer *p, const struct entry *e)
{
	char host[NAMES_TEXT];

	fprintf(p->out, "-A %s %s -s %s", protos[proto_row(e)].option, entry_text(p, e, host),
		string_of(e->json, "scheduler"));
	print_flags(p, e->json, " -b ", "");
	print_options(p, e, true);
	putc('\n', p->out);
}

/* As a server's rule ends. ipvsadm itself forgets the thresholds. */
static void print_tunnel_rule(const struct printer *p, const struct entry *e)
{
	const json_t *t = json_object_get(e->json, "tunnel");
	const char *type = string_of(t, "type");
	bool gue = !strcmp(type, "gue");

	if (t)
		fprintf(p->out, " --tun-type %s", type);
	if (gue)
		fprintf(p->out, " --tun-port %u", (unsigned int)number_of(t, "port"));
	if (gue || !strcmp(type, "gre"))
		fputs(json_is_true(json_object_get(t, "csum")) ? " --tun-csum" : " --tun-nocsum",
		      p->out);
}

static void print_threshold_rule(const struct printer *p, const struct entry *e)
{
	unsigned int upper = (unsigned int)number_of(e->json, "upper");
	unsigned int lower = (unsigned int)number_of(e->json, "lower");

	if (upper)
		fprintf(p->out, " -x %u", upper);
	if (lower)
		fprintf(p->out, " -y %u", lower);
}

static void print_server_rule(const struct printer *p, const struct entry *service,
			      const struct entry *e)
{
	char host[NAMES_TEXT], server[NAMES_TEXT];

	fprintf(p->out, "-a %s %s -r %s %s -w %d", protos[proto_row(service)].option,
		entry_text(p, service, host), entry_text(p, e, server),
		forwards[forward_row(e)].option, (int)number_of(e->json, "weight"));
	print_tunnel_rule(p, e);
	print_threshold_rule(p, e);
	putc('\n', p->out);
}

/* What the columns are called. */
static void print_title(const struct printer *p)
{
	static const char first[] = "Prot LocalAddress:Port", second[] = "  -> RemoteAddress:Port";

	if (p->format & IPVS_STATS)
		fprintf(p->out, "%-33s %8s %8s %8s %8s %8s\n%s\n", first, "Conns", "InPkts",
			"OutPkts", "InBytes", "OutBytes", second);
	else if (p->format & IPVS_RATE)
		fprintf(p->out, "%-33s %8s %8s %8s %8s %8s\n%s\n", first, "CPS", "InPPS", "OutPPS",
			"InBPS", "OutBPS", second);
	else if (p->format & IPVS_THRESHOLDS)
		fprintf(p->out, "%-33s %-10s %-10s %-10s %-10s\n%s\n", first, "Uthreshold",
			"Lthreshold", "ActiveConn", "InActConn", second);
	else if (p->format & IPVS_PERSISTENT_CONN)
		fprintf(p->out, "%-33s %-9s %-11s %-10s %-10s\n%s\n", first, "Weight",
			"PersistConn", "ActiveConn", "InActConn", second);
	else
		fprintf(p->out,
			"%s Scheduler Flags\n%s           Forward %sWeight ActiveConn "
			"InActConn\n",
			first, second, p->format & IPVS_TUN_INFO ? "TunnelInfo    " : "");
}

static void print_header(const struct printer *p, const json_t *answer)
{
	const json_t *version = json_object_get(answer, "version");

	if (!(p->format & IPVS_ONE))
		fprintf(p->out, "IP Virtual Server version %d.%d.%d (size=%d)\n",
			(int)json_integer_value(json_array_get(version, 0)),
			(int)json_integer_value(json_array_get(version, 1)),
			(int)json_integer_value(json_array_get(version, 2)),
			(int)number_of(answer, "size"));
	print_title(p);
}

static void print_entry(const struct printer *p, const struct entry *service)
{
	bool rules = p->format & IPVS_RULES;
	struct entry *servers;
	size_t n;

	servers = entries_read(json_object_get(service->json, "servers"), true, service->proto,
			       !(p->format & IPVS_NOSORT), &n);
	if (rules)
		print_service_rule(p, service);
	else
		print_service(p, service);
	for (size_t i = 0; i < n; i++) {
		if (rules)
			print_server_rule(p, service, &servers[i]);
		else
			print_server(p, &servers[i]);
	}
	free(servers);
}

void ipvs_print(FILE *out, const json_t *answer, unsigned int format, const struct names *names)
{
	const struct printer p = {.out = out, .format = format, .names = names};
	struct entry *services;
	size_t n;

	if (format & IPVS_TIMEOUTS) {
		ipvs_print_timeouts(out, answer);
		return;
	}

	if (!(format & IPVS_RULES))
		print_header(&p, answer);
	services = entries_read(json_object_get(answer, "services"), false, 0,
				!(format & IPVS_NOSORT), &n);
	for (size_t i = 0; i < n; i++)
		print_entry(&p, &services[i]);
	free(services);
}
