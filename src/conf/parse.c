/* SPDX-License-Identifier: BSD-2-Clause */
/* Statements become structs: one function for each block, and the table for what is in it. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "conf/value.h"

struct frame {
	struct reading *r;
	enum conf_block block;
	void *object;	  /* never NULL; conf where no row has a field */
	const char *name; /* of an interface */
	uint64_t seen[4]; /* rows that were there */
};
_Static_assert(sizeof(((struct frame *)0)->seen) == 32, "a bit for each row");

void *array_add(void **array, int *n, size_t size)
{
	/* grows when n is a power of two */
	if (!(*n & (*n - 1))) {
		void *more = realloc(*array, (*n ? 2 * (size_t)*n : 1) * size);

		if (!more)
			return NULL;
		*array = more;
	}
	return memset((char *)*array + (size_t)(*n)++ * size, 0, size);
}

#define ADD(array, n) array_add((void **)&(array), &(n), sizeof(*(array)))

static void no_memory(struct reading *r)
{
	lex_fail(&r->lex, &r->st.word[0].at, "no memory; cure: a smaller file");
}

static void read_block(struct frame *f);

static bool read_place(struct lex *l, const struct statement *st, int from, struct addr *addr,
		       __be16 *port)
{
	uint32_t n = 0;

	if (st->n <= from) {
		lex_fail(l, &st->word[0].at, "%s: an address is missing; cure: ADDRESS [PORT]",
			 st->word[0].text);
		return false;
	}
	if (st->n > from + 2) {
		lex_fail(l, &st->word[from + 2].at, "%s: one word too many; cure: ADDRESS [PORT]",
			 st->word[from + 2].text);
		return false;
	}
	if (!read_addr(l, &st->word[from], addr) ||
	    (st->n == from + 2 && !read_number(l, &st->word[from + 1], 0, 65535, &n)))
		return false;
	*port = htons((uint16_t)n);
	return true;
}

/* ADDRESS, ADDRESS-LAST (its last byte, decimal; IPv6: hexadecimal) or ADDRESS/PREFIX. */
static bool read_range(struct lex *l, const struct word *w, struct group_line *line)
{
	size_t len = strcspn(w->text, "-/");
	struct word first = *w;
	char text[ADDR_TEXT], *end;
	uint32_t bits, most;
	bool v4;

	snprintf(text, sizeof(text), "%.*s", (int)len, w->text);
	first.text = text;
	if (!read_addr(l, &first, &line->addr))
		return false;
	v4 = addr_is_v4(&line->addr);
	line->last = line->addr.b[15];
	if (w->text[len] == '-') {
		line->last = (uint32_t)strtoul(w->text + len + 1, &end, v4 ? 10 : 16);
		if (*end || !isxdigit((unsigned char)w->text[len + 1]) ||
		    line->last < line->addr.b[15] || line->last > 255) {
			lex_fail(l, &w->at, "%s: not a range; cure: such as 192.0.2.1-20", w->text);
			return false;
		}
	} else if (w->text[len]) {
		most = v4 ? 32 : 128;
		bits = (uint32_t)strtoul(w->text + len + 1, &end, 10);
		if (*end || !isdigit((unsigned char)w->text[len + 1]) || bits < 1 || bits > most) {
			lex_fail(l, &w->at, "%s: not a prefix; cure: such as 192.0.2.0/24",
				 w->text);
			return false;
		}
		bits += 128 - most;
		line->prefix = bits == 128 ? 0 : (uint8_t)bits;
		for (uint32_t i = bits; i < 128; i++)
			line->addr.b[i / 8] &= (uint8_t) ~(128 >> i % 8);
		line->last = line->addr.b[15];
	}
	return true;
}

static void skip_if_open(struct reading *r)
{
	if (r->st.kind == STATEMENT_OPEN)
		lex_skip_block(&r->lex, &r->st);
}

static bool must_open(struct reading *r, const char *name)
{
	if (r->st.kind == STATEMENT_OPEN)
		return true;
	lex_fail(&r->lex, &r->st.word[0].at, "%s: a block is missing; cure: a { at the line's end",
		 name);
	return false;
}

static void read_group_line(struct reading *r, struct group *g)
{
	const struct statement *st = &r->st;
	struct group_line *line;
	uint32_t port = 0;

	if (!strcmp(st->word[0].text, "fwmark")) {
		lex_fail(&r->lex, &st->word[0].at,
			 "fwmark: shunt doesn't know marks; cure: addresses and ports");
		return;
	}
	line = ADD(g->line, g->n_lines);
	if (!line) {
		no_memory(r);
		return;
	}
	if (st->n > 2)
		lex_fail(&r->lex, &st->word[2].at, "%s: one word too many; cure: ADDRESS [PORT]",
			 st->word[2].text);
	else if (!read_range(&r->lex, &st->word[0], line) ||
		 (st->n == 2 && !read_number(&r->lex, &st->word[1], 0, 65535, &port)))
		g->n_lines--;
	else
		line->port = htons((uint16_t)port);
}

static void open_group(struct reading *r)
{
	struct statement *st = &r->st;
	struct group *g;
	char *name;

	if (st->n != 2) {
		lex_fail(&r->lex, &st->word[0].at, "%s: one name belongs here; cure: %s NAME {",
			 st->word[0].text, st->word[0].text);
		lex_skip_block(&r->lex, st);
		return;
	}
	name = strdup(st->word[1].text);
	for (int i = 0; name && i < r->n_groups; i++)
		if (!strcmp(r->group[i].name, name))
			lex_fail(&r->lex, &st->word[1].at,
				 "%s: a group of this name is there already; cure: another name",
				 name);
	g = name ? ADD(r->group, r->n_groups) : NULL;
	if (!g) {
		free(name);
		no_memory(r);
		lex_skip_block(&r->lex, st);
		return;
	}
	g->name = name;
	for (lex_next(&r->lex, st); st->kind == STATEMENT_WORD || st->kind == STATEMENT_OPEN;
	     lex_next(&r->lex, st)) {
		read_group_line(r, g);
		skip_if_open(r);
	}
}

static void open_service(struct reading *r)
{
	struct statement *st = &r->st;
	struct draft *d = ADD(r->draft, r->n_drafts);
	struct frame f = {.r = r, .block = BLOCK_SERVICE};
	struct group_line line = {0};
	int errors = r->lex.n_errors;
	uint32_t port = 0;

	if (!d) {
		no_memory(r);
		lex_skip_block(&r->lex, st);
		return;
	}
	block_init(BLOCK_SERVICE, &d->s);
	d->s.svc.ep.proto = UINT8_MAX;
	d->s.way.forward = UINT8_MAX;
	d->s.sorry.forward = UINT8_MAX;
	d->at = st->word[0].at;
	d->s.line = d->at.line;
	if (st->n == 3 && !strcmp(st->word[1].text, "group")) {
		d->group = strdup(st->word[2].text);
	} else if (st->n == 3 && !strcmp(st->word[1].text, "fwmark")) {
		lex_fail(&r->lex, &st->word[1].at,
			 "fwmark: shunt doesn't know marks; cure: an address and a port");
	} else if (st->n < 2 || st->n > 3) {
		lex_fail(&r->lex, &st->word[0].at,
			 "virtual_server: not an address; cure: virtual_server ADDRESS PORT {");
	} else if (read_range(&r->lex, &st->word[1], &line) && line.last != line.addr.b[15]) {
		lex_fail(&r->lex, &st->word[1].at,
			 "%s: a range; cure: put it into a virtual_server_group", st->word[1].text);
	} else if (st->n == 3) {
		read_number(&r->lex, &st->word[2], 0, 65535, &port);
	}
	d->bad = r->lex.n_errors > errors;
	d->s.svc.ep.addr = line.addr;
	d->s.svc.ep.prefix = line.prefix;
	d->s.svc.ep.port = htons((uint16_t)port);
	f.object = d;
	read_block(&f);
	if (!r->import)
		d->bad = r->lex.n_errors > errors;
}

static void open_server(struct reading *r, struct draft *d)
{
	int places = d->s.n_servers;
	struct conf_server *s = ADD(d->s.server, d->s.n_servers);
	struct conf_place *at = s ? ADD(d->server_at, places) : NULL; /* as many as servers */
	struct frame f = {.r = r, .block = BLOCK_SERVER, .object = s};

	if (!at) {
		d->s.n_servers -= s != NULL;
		no_memory(r);
		lex_skip_block(&r->lex, &r->st);
		return;
	}
	*at = r->st.word[0].at;
	block_init(BLOCK_SERVER, s);
	s->inhibit = UNSET;
	s->be.forward = UINT8_MAX;
	read_place(&r->lex, &r->st, 1, &s->be.addr, &s->be.port);
	read_block(&f);
}

static bool no_words(struct reading *r)
{
	if (r->st.n == 1)
		return true;
	lex_fail(&r->lex, &r->st.word[1].at,
		 "%s: nothing belongs between %s and {; cure: leave it out", r->st.word[1].text,
		 r->st.word[0].text);
	return false;
}

static bool check_is_whole(struct lex *l, const struct check_conf *c, const struct conf_place *at)
{
	const char *name = conf_block_name[BLOCK_CHECK + c->type];

	if ((c->type == CHECK_HTTP || c->type == CHECK_SSL) && !c->n_urls)
		lex_fail(l, at, "%s: a url is missing; cure: url { path / }", name);
	else if (c->type == CHECK_MISC && !c->misc_path)
		lex_fail(l, at, "%s: misc_path is missing; cure: misc_path COMMAND", name);
	else if (c->type == CHECK_UDP && c->reply_min > c->reply_max)
		lex_fail(l, at, "%s: min_reply_length is above max_reply_length; cure: at most %u",
			 name, c->reply_max);
	else
		return true;
	return false;
}

static void open_check(struct reading *r, struct conf_server *s, uint32_t type)
{
	struct check_conf *c = ADD(s->check, s->n_checks);
	struct frame f = {.r = r, .block = BLOCK_CHECK_OF(type), .object = c};
	struct conf_place at = r->st.word[0].at;

	if (!c) {
		no_memory(r);
		lex_skip_block(&r->lex, &r->st);
		return;
	}
	c->type = type;
	block_init(f.block, c);
	no_words(r);
	read_block(&f);
	if (!check_is_whole(&r->lex, c, &at)) {
		check_clear(c);
		s->n_checks--;
	}
}

static void open_url(struct reading *r, struct check_conf *c)
{
	struct check_url *url = ADD(c->url, c->n_urls);
	struct frame f = {.r = r, .block = BLOCK_URL, .object = url};

	if (!url) {
		no_memory(r);
		lex_skip_block(&r->lex, &r->st);
		return;
	}
	no_words(r);
	read_block(&f);
}

static void add_option(struct reading *r, const char *name, const struct word *w, const char *nic)
{
	struct conf_option *o = ADD(r->conf->option, r->conf->n_options);

	if (!o) {
		no_memory(r);
		return;
	}
	o->name = name;
	if (asprintf(&o->value, "%s%s%s", nic ? nic : "", nic ? ":" : "", w->text) < 0)
		o->value = NULL;
	if (asprintf(&o->place, "%s:%d:%d", w->at.file, w->at.line, w->at.column) < 0)
		o->place = NULL;
	if (!o->value || !o->place)
		no_memory(r);
}

static void read_option(struct frame *f, const struct keyword *k)
{
	struct statement *st = &f->r->st;
	uint32_t word;

	if (want_words(&f->r->lex, k, st, 1, 1) &&
	    (!k->words || value_word.read(&f->r->lex, k, &word, st)))
		add_option(f->r, k->name, &st->word[1], f->name);
}

static void open_options(struct reading *r, enum conf_block block)
{
	struct frame f = {.r = r, .block = block, .object = r->conf};
	char *name = NULL;

	if (block == BLOCK_INTERFACE && r->st.n != 2)
		lex_fail(&r->lex, &r->st.word[0].at,
			 "interface: one name belongs here; cure: interface eth0 {");
	else if (block == BLOCK_INTERFACE) {
		name = strdup(r->st.word[1].text);
		add_option(r, "interface", &r->st.word[1], NULL);
	} else
		no_words(r);
	f.name = name;
	read_block(&f);
	free(name);
}

static bool source_is_whole(struct lex *l, struct conf_source *s, const struct conf_place *at)
{
	if (!s->endpoint)
		lex_fail(l, at,
			 "source: endpoint is missing; cure: endpoint http://127.0.0.1:2379");
	else if (s->prefix && (!*s->prefix || s->prefix[strlen(s->prefix) - 1] != '/'))
		lex_fail(l, at, "source: prefix %s doesn't end in a slash; cure: prefix %s/",
			 s->prefix, s->prefix);
	else
		return true;
	return false;
}

static void open_source(struct reading *r)
{
	struct conf_source *s = &r->conf->source;
	struct frame f = {.r = r, .block = BLOCK_SOURCE, .object = s};
	struct conf_place at = r->st.word[0].at;

	if (s->endpoint || r->st.n != 2 || strcmp(r->st.word[1].text, "etcd")) {
		lex_fail(&r->lex, &at, "source: %s; cure: one block, source etcd {",
			 s->endpoint ? "there is one already" : "of what isn't said");
		lex_skip_block(&r->lex, &r->st);
		return;
	}
	read_block(&f);
	if (!source_is_whole(&r->lex, s, &at))
		return;
	if (!s->prefix)
		s->prefix = strdup("/shunt/");
	if (!s->cache)
		s->cache = strdup("/var/lib/shunt/etcd.conf");
	if (!s->prefix || !s->cache)
		no_memory(r);
}

static void open_any(struct frame *f, const struct keyword *k)
{
	struct reading *r = f->r;
	struct draft *d = f->object;

	if (!must_open(r, k->name))
		return;
	if (!strcmp(k->name, "source"))
		open_source(r);
	else if (!strcmp(k->name, "virtual_server_group"))
		open_group(r);
	else if (!strcmp(k->name, "virtual_server"))
		open_service(r);
	else if (!strcmp(k->name, "real_server"))
		open_server(r, d);
	else if (!strcmp(k->name, "url"))
		open_url(r, f->object);
	else
		for (int b = 0; b < BLOCKS; b++) {
			if (strcmp(k->name, conf_block_name[b]))
				continue;
			if (b >= BLOCK_CHECK)
				open_check(r, f->object, (uint32_t)b - BLOCK_CHECK);
			else
				open_options(r, (enum conf_block)b);
		}
}

static void unknown(struct frame *f)
{
	const struct word *w = &f->r->st.word[0];
	const char *like = keyword_like(f->block, w->text);
	const char *where = conf_block_name[f->block];

	if (strchr("$@", w->text[0]) && !w->quoted && *w->text)
		lex_fail(&f->r->lex, &w->at,
			 "%s: shunt.conf has no variables and conditions; cure: write it out",
			 w->text);
	else if (like)
		lex_fail(&f->r->lex, &w->at, "%s: no such word in %s; cure: did you mean %s?",
			 w->text, where, like);
	else
		lex_fail(&f->r->lex, &w->at, "%s: no such word in %s; cure: see shunt.conf(5)",
			 w->text, where);
}

static bool seen_before(struct frame *f, const struct keyword *k)
{
	size_t row = (size_t)(k - keyword);
	bool seen = f->seen[row / 64] >> row % 64 & 1;

	f->seen[row / 64] |= 1ULL << row % 64;
	if (seen && !(k->flags & KEYWORD_REPEAT))
		lex_fail(&f->r->lex, &f->r->st.word[0].at,
			 "%s: said twice in this block; cure: say it once", k->name);
	return seen && !(k->flags & KEYWORD_REPEAT);
}

static void read_statement_of(struct frame *f)
{
	struct reading *r = f->r;
	const struct keyword *k = keyword_find(f->block, r->st.word[0].text);

	if (!k)
		unknown(f);
	else if (k->kind == &value_refused)
		lex_fail(&r->lex, &r->st.word[0].at, "%s: shunt doesn't do this; cure: %s", k->name,
			 k->help);
	else if (seen_before(f, k))
		;
	else if (k->kind == &value_block) {
		open_any(f, k);
		return;
	} else if (r->st.kind == STATEMENT_OPEN)
		lex_fail(&r->lex, &r->st.word[0].at, "%s: opens no block; cure: no { here",
			 k->name);
	else if (k->kind == &value_option)
		read_option(f, k);
	else {
		if (!strcmp(k->name, "quorum"))
			((struct draft *)f->object)->quorum_at = r->st.word[0].at;
		k->kind->read(&r->lex, k, keyword_field(k, f->block, f->object), &r->st);
	}
	skip_if_open(r);
}

/* Up to the end of the block that has just been opened. */
static void read_block(struct frame *f)
{
	struct reading *r = f->r;

	for (lex_next(&r->lex, &r->st);
	     r->st.kind == STATEMENT_WORD || r->st.kind == STATEMENT_OPEN;
	     lex_next(&r->lex, &r->st))
		read_statement_of(f);
}

void reading_parse(struct reading *r)
{
	struct frame top = {.r = r, .block = BLOCK_TOP, .object = r->conf};

	read_block(&top);
}
