/* SPDX-License-Identifier: BSD-2-Clause */
/* Values with a form of their own. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf/value.h"

struct number_name {
	const char *name;
	uint8_t number;
};

static const struct number_name proto[] = {
	{"TCP", IPPROTO_TCP}, {"UDP", IPPROTO_UDP}, {"SCTP", IPPROTO_SCTP}, {"any", 0}, {NULL, 0}};
static const struct number_name dns_type[] = {{"A", 1},	      {"NS", 2},   {"CNAME", 5},
					      {"SOA", 6},     {"MX", 15},  {"TXT", 16},
					      {"AAAA", 28},   {"SRV", 33}, {"RRSIG", 46},
					      {"DNSKEY", 48}, {NULL, 0}};

static const struct number_name *by_name(struct lex *l, const struct word *w,
					 const struct number_name *list, const char *what)
{
	char all[128] = "";
	size_t at = 0;

	for (const struct number_name *n = list; n->name; n++) {
		if (!strcasecmp(n->name, w->text))
			return n;
		if (at < sizeof(all))
			at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s",
					       n == list ? "" : ", ", n->name);
	}
	lex_fail(l, &w->at, "%s: no such %s; cure: one of %s", w->text, what, all);
	return NULL;
}

static const char *by_number(uint32_t number, const struct number_name *list)
{
	for (; list->name; list++)
		if (list->number == number)
			return list->name;
	return NULL;
}

static bool read_protocol(struct lex *l, const struct keyword *k, void *field,
			  const struct statement *st)
{
	const struct number_name *n;

	if (!want_words(l, k, st, 1, 1))
		return false;
	n = by_name(l, &st->word[1], proto, k->name);
	if (n)
		*(uint8_t *)field = n->number;
	return n;
}

static bool print_protocol(const struct keyword *k, const void *field, FILE *out)
{
	const char *name = by_number(*(const uint8_t *)field, proto);

	(void)k;
	if (name)
		fprintf(out, " %s", name);
	return name;
}

static bool read_dns_type(struct lex *l, const struct keyword *k, void *field,
			  const struct statement *st)
{
	const struct number_name *n;

	if (!want_words(l, k, st, 1, 1))
		return false;
	n = by_name(l, &st->word[1], dns_type, "record type");
	if (n)
		*(uint32_t *)field = n->number;
	return n;
}

static bool print_dns_type(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, " %s", by_number(v, dns_type));
	return true;
}

static const char *const tunnel_word[] = {
	[TUNNEL_IPIP] = "ipip", [TUNNEL_GUE] = "gue", [TUNNEL_GRE] = "gre"};

static bool bad_tunnel(struct lex *l, const struct word *w, const char *cure)
{
	lex_fail(l, &w->at, "%s: not a way to tunnel; cure: %s", w->text, cure);
	return false;
}

/* type ipip | gue port N | gre, each with [nocsum|csum]. */
static bool read_tunnel(struct lex *l, struct backend_conf *be, const struct statement *st)
{
	uint32_t port;
	int i = 3, type = TUNNEL_IPIP;

	if (strcmp(st->word[2].text, "type") || st->n < 4)
		return bad_tunnel(l, &st->word[2], "TUN type ipip, gue port N, or gre");
	while (type <= TUNNEL_GRE && strcmp(st->word[i].text, tunnel_word[type]))
		type++;
	if (type > TUNNEL_GRE)
		return bad_tunnel(l, &st->word[i], "TUN type ipip, gue port N, or gre");
	be->tunnel = (uint8_t)type;
	i++;
	if (type == TUNNEL_GUE) {
		if (i + 1 >= st->n || strcmp(st->word[i].text, "port"))
			return bad_tunnel(l, &st->word[3], "gue needs its UDP port: gue port 6080");
		if (!read_number(l, &st->word[i + 1], 1, 65535, &port))
			return false;
		be->tunnel_port = htons((uint16_t)port);
		i += 2;
	}
	if (i < st->n && !strcmp(st->word[i].text, "csum") && type != TUNNEL_IPIP)
		be->tunnel_flags = TUNNEL_CSUM;
	else if (i < st->n && strcmp(st->word[i].text, "nocsum"))
		return bad_tunnel(l, &st->word[i], "csum (gue and gre), nocsum, or nothing");
	if (i + 1 < st->n)
		return bad_tunnel(l, &st->word[i + 1], "nothing behind that");
	return true;
}

static bool read_forward(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	struct backend_conf *be = field;
	const struct word *w = &st->word[1];

	if (!want_words(l, k, st, 1, 7))
		return false;
	be->tunnel = 0;
	be->tunnel_port = 0;
	be->tunnel_flags = 0;
	if (!strcmp(w->text, "DR") && st->n == 2) {
		be->forward = FORWARD_ROUTE;
		return true;
	}
	if (!strcmp(w->text, "TUN")) {
		be->forward = FORWARD_TUNNEL;
		return st->n == 2 || read_tunnel(l, be, st);
	}
	if (!strcmp(w->text, "NAT"))
		lex_fail(l, &w->at,
			 "NAT: shunt doesn't translate addresses; cure: %s DR or TUN, "
			 "with the virtual address on the servers' lo",
			 k->name);
	else
		lex_fail(l, &w->at, "%s: no such way of forwarding; cure: %s DR or TUN", w->text,
			 k->name);
	return false;
}

static bool print_forward(const struct keyword *k, const void *field, FILE *out)
{
	static const struct addr none;
	const struct backend_conf *be = field;

	(void)k;
	if (addr_equal(&be->addr, &none))
		return false;
	if (be->forward == FORWARD_ROUTE) {
		fputs(" DR", out);
		return true;
	}
	fprintf(out, " TUN type %s", tunnel_word[be->tunnel]);
	if (be->tunnel == TUNNEL_GUE)
		fprintf(out, " port %u", ntohs(be->tunnel_port));
	if (be->tunnel_flags & TUNNEL_CSUM)
		fputs(" csum", out);
	return true;
}

enum {
	PERSIST_DEFAULT = 360 /* seconds, if only the word stands there */
};

static bool read_persist(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	if (!want_words(l, k, st, 0, 1))
		return false;
	*(uint32_t *)field = PERSIST_DEFAULT;
	return st->n == 1 || read_number(l, &st->word[1], k->min, k->max, field);
}

static bool print_persist(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	(void)k;
	if (v)
		fprintf(out, " %u", v);
	return v;
}

/* A netmask, or a prefix length. */
static bool read_granularity(struct lex *l, const struct keyword *k, void *field,
			     const struct statement *st)
{
	const struct word *w = &st->word[1];
	struct in_addr in;
	uint32_t prefix, mask;

	if (!want_words(l, k, st, 1, 1))
		return false;
	if (!strchr(w->text, '.')) {
		if (!read_number(l, w, 1, 128, &prefix))
			return false;
		*(uint8_t *)field = (uint8_t)prefix;
		return true;
	}
	mask = inet_pton(AF_INET, w->text, &in) == 1 ? ntohl(in.s_addr) : 0;
	if (!mask || (~mask & (~mask + 1))) {
		lex_fail(l, &w->at, "%s: not a netmask; cure: such as 255.255.255.0, or 24",
			 w->text);
		return false;
	}
	*(uint8_t *)field = (uint8_t)__builtin_popcount(mask);
	return true;
}

static bool print_granularity(const struct keyword *k, const void *field, FILE *out)
{
	uint8_t v = *(const uint8_t *)field;

	(void)k;
	if (v)
		fprintf(out, " %u", v);
	return v;
}

static bool read_sorry(struct lex *l, const struct keyword *k, void *field,
		       const struct statement *st)
{
	struct backend_conf *be = field;
	uint32_t port = 0;

	if (!want_words(l, k, st, 1, 2) || !read_addr(l, &st->word[1], &be->addr) ||
	    (st->n == 3 && !read_number(l, &st->word[2], 0, 65535, &port)))
		return false;
	be->port = htons((uint16_t)port);
	be->weight = 1;
	return true;
}

static bool print_sorry(const struct keyword *k, const void *field, FILE *out)
{
	const struct backend_conf *be = field;
	char text[ADDR_TEXT];

	(void)k;
	if (!be->weight)
		return false;
	fprintf(out, " %s", addr_text(&be->addr, text));
	if (be->port)
		fprintf(out, " %u", ntohs(be->port));
	return true;
}

static bool read_status(struct lex *l, const struct keyword *k, void *field,
			const struct statement *st)
{
	uint64_t *bits = field;

	if (!want_words(l, k, st, 1, STATEMENT_WORDS))
		return false;
	for (int i = 1; i < st->n; i++) {
		const struct word *w = &st->word[i];
		unsigned int from, to;
		int used = 0;

		if (sscanf(w->text, "%3u%n-%3u%n", &from, &used, &to, &used) == 1)
			to = from;
		if (!used || w->text[used] || from < STATUS_MIN || to > STATUS_MAX || to < from) {
			lex_fail(l, &w->at,
				 "%s: not a status; cure: N or N-M of %d to %d, such "
				 "as 200-299",
				 w->text, STATUS_MIN, STATUS_MAX);
			return false;
		}
		for (unsigned int s = from - STATUS_MIN; s <= to - STATUS_MIN; s++)
			bits[s / 64] |= 1ULL << (s % 64);
	}
	return true;
}

static bool status_has(const uint64_t *bits, int status)
{
	int s = status - STATUS_MIN;

	return status <= STATUS_MAX && bits[s / 64] >> (s % 64) & 1;
}

/* A line takes few words, and a field may have many ranges: one word each, on further lines. */
static bool print_status(const struct keyword *k, const void *field, FILE *out)
{
	const uint64_t *bits = field;
	int n = 0;

	for (int s = STATUS_MIN; s <= STATUS_MAX; s++) {
		int from = s;

		if (!status_has(bits, s))
			continue;
		while (status_has(bits, s + 1))
			s++;
		if (n && n % 32 == 0)
			fprintf(out, "\n%s", k->name);
		n++;
		fprintf(out, from == s ? " %d" : " %d-%d", from, s);
	}
	return n;
}

static bool read_digest(struct lex *l, const struct keyword *k, void *field,
			const struct statement *st)
{
	const char *text = st->word[1].text;
	char **digest = field;

	if (!want_words(l, k, st, 1, 1))
		return false;
	if (strlen(text) != 32 || strspn(text, "0123456789abcdefABCDEF") != 32) {
		lex_fail(l, &st->word[1].at,
			 "%s: not an MD5 digest; cure: 32 hex digits, as md5sum prints", text);
		return false;
	}
	free(*digest);
	*digest = strdup(text);
	for (char *c = *digest; c && *c; c++)
		*c = (char)tolower(*c);
	return *digest;
}

static bool print_digest(const struct keyword *k, const void *field, FILE *out)
{
	const char *text = *(char *const *)field;

	(void)k;
	if (text)
		fprintf(out, " %s", text);
	return text;
}

/* Two hex digits a byte; with wild: X for any. */
static bool read_bytes(struct lex *l, const struct word *w, bool wild, struct check_bytes *b)
{
	size_t n = strlen(w->text);

	if (!n || n % 2 || n / 2 > UDP_PAYLOAD_MAX ||
	    strspn(w->text, wild ? "0123456789abcdefABCDEFxX" : "0123456789abcdefABCDEF") != n) {
		lex_fail(l, &w->at, "%s: not bytes; cure: two hex digits each%s, at most %d",
			 w->text, wild ? ", X for any digit" : "", UDP_PAYLOAD_MAX);
		return false;
	}
	free(b->byte);
	free(b->mask);
	b->n = (uint32_t)n / 2;
	b->byte = calloc(1, b->n);
	b->mask = wild ? calloc(1, b->n) : NULL;
	for (size_t i = 0; i < n && b->byte; i++) {
		int c = tolower((unsigned char)w->text[i]), shift = i % 2 ? 0 : 4;

		if (c == 'x')
			continue;
		c = isdigit(c) ? c - '0' : c - 'a' + 10;
		b->byte[i / 2] |= (uint8_t)(c << shift);
		if (b->mask)
			b->mask[i / 2] |= (uint8_t)(15 << shift);
	}
	return b->byte && (b->mask || !wild);
}

static void print_bytes(const struct check_bytes *b, FILE *out)
{
	for (uint32_t i = 0; i < 2 * b->n; i++) {
		int shift = i % 2 ? 0 : 4;
		bool any = b->mask && !(b->mask[i / 2] >> shift & 15);

		fputc(any ? 'X' : "0123456789abcdef"[b->byte[i / 2] >> shift & 15], out);
	}
}

static bool read_payload(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	return want_words(l, k, st, 1, 1) && read_bytes(l, &st->word[1], false, field);
}

static bool print_payload(const struct keyword *k, const void *field, FILE *out)
{
	const struct check_bytes *b = field;

	(void)k;
	if (b->n)
		fputc(' ', out);
	print_bytes(b, out);
	return b->n;
}

static bool read_reply(struct lex *l, const struct keyword *k, void *field,
		       const struct statement *st)
{
	struct check_conf *c = field;

	if (!want_words(l, k, st, 0, 1))
		return false;
	c->require_reply = 1;
	return st->n == 1 || read_bytes(l, &st->word[1], true, &c->reply);
}

static bool print_reply(const struct keyword *k, const void *field, FILE *out)
{
	const struct check_conf *c = field;

	(void)k;
	if (c->reply.n)
		fputc(' ', out);
	print_bytes(&c->reply, out);
	return c->require_reply;
}

const struct value_kind value_protocol = {read_protocol, print_protocol, 1, 0};
const struct value_kind value_dns_type = {read_dns_type, print_dns_type, sizeof(uint32_t), 0};
const struct value_kind value_forward = {read_forward, print_forward, 0, 0};
const struct value_kind value_persist = {read_persist, print_persist, sizeof(uint32_t), 0};
const struct value_kind value_granularity = {read_granularity, print_granularity, 1, 0};
const struct value_kind value_sorry = {read_sorry, print_sorry, sizeof(struct backend_conf), 0};
const struct value_kind value_status = {read_status, print_status,
					sizeof(((struct check_url *)0)->status), 0};
const struct value_kind value_digest = {read_digest, print_digest, sizeof(char *), 1};
const struct value_kind value_payload = {read_payload, print_payload, 0, 0};
const struct value_kind value_reply = {read_reply, print_reply, 0, 0};
