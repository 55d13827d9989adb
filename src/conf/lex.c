/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/lex.h"

#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct lex_source {
	struct lex_source *below;
	const char *name;
	const char *data;
	char *owned; /* data, if it is ours to free */
	size_t size, at;
	size_t line_at;	 /* where the line begins */
	int line, depth; /* blocks open when it was included */
	dev_t dev;
	ino_t ino;
};

void lex_fail(struct lex *l, const struct conf_place *at, const char *fmt, ...)
{
	va_list ap;

	if (l->n_errors++ >= LEX_ERRORS && !*l->prefix) {
		if (l->n_errors == LEX_ERRORS + 1)
			fprintf(l->errors, "%s: more errors are not shown\n", at->file);
		return;
	}
	if (at->line)
		fprintf(l->errors, "%s:%d:%d: %s", at->file, at->line, at->column, l->prefix);
	else
		fprintf(l->errors, "%s: ", at->file);
	va_start(ap, fmt);
	vfprintf(l->errors, fmt, ap);
	va_end(ap);
	fputc('\n', l->errors);
}

static struct conf_place here(const struct lex_source *s)
{
	return (struct conf_place){s->name, s->line, (int)(s->at - s->line_at) + 1};
}

/* The end of the text counts as a NUL. */
static int peek(const struct lex_source *s)
{
	return s->at < s->size ? (unsigned char)s->data[s->at] : 0;
}

static bool at_end(const struct lex_source *s)
{
	return s->at >= s->size;
}

static void step(struct lex_source *s)
{
	bool newline = peek(s) == '\n';

	s->at++;
	if (newline) {
		s->line++;
		s->line_at = s->at;
	}
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_comment(int c)
{
	return c == '!' || c == '#';
}

/* Blanks and a comment, up to a newline; with lines: newlines too. */
static void skip(struct lex_source *s, bool lines)
{
	for (; !at_end(s); step(s)) {
		if (is_comment(peek(s)))
			while (!at_end(s) && peek(s) != '\n')
				step(s);
		if (at_end(s) || !(is_blank(peek(s)) || (lines && peek(s) == '\n')))
			return;
	}
}

static const char *add_name(struct lex *l, const char *name)
{
	char **file = realloc(l->file, ((size_t)l->n_files + 1) * sizeof(*file));

	if (!file)
		return NULL;
	l->file = file;
	file[l->n_files] = strdup(name);
	return file[l->n_files] ? file[l->n_files++] : NULL;
}

static struct lex_source *push(struct lex *l, const char *name)
{
	struct lex_source *s = calloc(1, sizeof(*s));

	if (s)
		s->name = add_name(l, name);
	if (!s || !s->name) {
		free(s);
		return NULL;
	}
	s->line = 1;
	s->depth = l->depth;
	s->below = l->top;
	l->top = s;
	return s;
}

static void pop(struct lex *l)
{
	struct lex_source *s = l->top;

	l->top = s->below;
	free(s->owned);
	free(s);
}

/* Reads f whole into s. Returns 0 or -errno. */
static int slurp(struct lex_source *s, FILE *f)
{
	struct stat st;
	size_t room = 0;

	if (fstat(fileno(f), &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	do {
		char *more = realloc(s->owned, room += room + 65536);

		if (!more)
			return -ENOMEM;
		s->owned = more;
		s->size += fread(more + s->size, 1, room - s->size, f);
	} while (s->size == room && room < LEX_FILE_MAX);
	s->data = s->owned;
	return ferror(f) ? -EIO : s->size > LEX_FILE_MAX ? -EFBIG : 0;
}

static bool is_open(const struct lex_source *top)
{
	for (const struct lex_source *s = top->below; s; s = s->below)
		if (s->owned && s->dev == top->dev && s->ino == top->ino)
			return true;
	return false;
}

/* at: the include that asks for it, or NULL. Returns 0 or -errno, reported. */
static int push_file(struct lex *l, const char *path, const struct conf_place *at)
{
	const struct conf_place self = {path, 0, 0};
	FILE *f = fopen(path, "re");
	int err = f ? 0 : -errno;

	if (!err && !push(l, path))
		err = -ENOMEM;
	else if (!err) {
		err = slurp(l->top, f);
		if (!err && is_open(l->top))
			err = -ELOOP;
		if (err)
			pop(l);
	}
	if (f)
		fclose(f);
	if (err == -ELOOP)
		lex_fail(l, at, "%s: includes itself; cure: take this include out", path);
	else if (err && at)
		lex_fail(l, at, "%s: %s; cure: name a file that can be read", path, strerror(-err));
	else if (err)
		lex_fail(l, &self, "%s; cure: name a file that can be read", strerror(-err));
	return err;
}

int lex_open_file(struct lex *l, const char *path, FILE *errors)
{
	*l = (struct lex){.errors = errors, .prefix = ""};
	return push_file(l, path, NULL);
}

int lex_open_text(struct lex *l, const char *name, const char *text, size_t size, FILE *errors)
{
	struct lex_source *s;

	*l = (struct lex){.errors = errors, .prefix = ""};
	s = push(l, name);
	if (!s)
		return -ENOMEM;
	s->data = text;
	s->size = size;
	return 0;
}

void lex_close(struct lex *l)
{
	while (l->top)
		pop(l);
	for (int i = 0; i < l->n_files; i++)
		free(l->file[i]);
	free(l->file);
	l->file = NULL;
	l->n_files = 0;
}

static bool put(struct statement *st, int c)
{
	if (st->used == sizeof(st->text))
		return false;
	st->text[st->used++] = (char)c;
	return true;
}

/* A quoted word; \" and \\ stand for " and \. */
static bool read_quoted(struct lex *l, struct statement *st, const struct conf_place *at)
{
	struct lex_source *s = l->top;
	bool fits = true;

	for (step(s); !at_end(s) && peek(s) != '\n' && peek(s) != '"'; step(s)) {
		if (peek(s) == '\\' && s->at + 1 < s->size &&
		    (s->data[s->at + 1] == '"' || s->data[s->at + 1] == '\\'))
			step(s);
		fits = put(st, peek(s)) && fits;
	}
	if (peek(s) != '"') {
		lex_fail(l, at, "\": the string isn't closed; cure: a \" on the same line");
		return false;
	}
	step(s);
	return fits && put(st, 0);
}

static bool read_bare(struct lex_source *s, struct statement *st)
{
	bool fits = true;
	int c;

	while (c = peek(s), !at_end(s) && !is_blank(c) && c != '\n' && c != '"' && !is_comment(c)) {
		fits = put(st, c) && fits;
		step(s);
	}
	return put(st, 0) && fits;
}

/* Returns false if the word has no form, reported. */
static bool read_word(struct lex *l, struct statement *st)
{
	struct lex_source *s = l->top;
	struct word word = {st->text + st->used, here(s), peek(s) == '"'};
	size_t from = st->used;
	int errors = l->n_errors;
	bool ok = word.quoted ? read_quoted(l, st, &word.at) : read_bare(s, st);

	if (ok && st->n < STATEMENT_WORDS) {
		size_t n = st->used - from - 1;

		for (size_t i = 0; i < n; i++) {
			unsigned char c = (unsigned char)word.text[i];

			if (c >= ' ' && c != 127)
				continue;
			if (c == '\t' && word.quoted)
				continue;
			lex_fail(l, &word.at, "byte 0x%02x in a word; cure: plain text", c);
			return false;
		}
		st->word[st->n++] = word;
		return true;
	}
	if (l->n_errors == errors)
		lex_fail(l, &word.at, "too long; cure: at most %d words and %d bytes in a line",
			 STATEMENT_WORDS, STATEMENT_BYTES);
	return false;
}

/* A { at the end of the line, or alone on the next one. */
static bool take_open(struct lex *l)
{
	struct lex_source ahead = *l->top;

	skip(&ahead, true);
	if (peek(&ahead) != '{')
		return false;
	step(&ahead);
	*l->top = ahead;
	return true;
}

/* Returns false if it has no form, reported; st->kind is set. */
static bool read_statement(struct lex *l, struct statement *st)
{
	struct lex_source *s = l->top;
	bool ok = true;

	st->kind = STATEMENT_WORD;
	for (;;) {
		skip(s, false);
		if (at_end(s) || peek(s) == '\n' || peek(s) == '{' || peek(s) == '}')
			break;
		if (!read_word(l, st)) {
			ok = false;
			while (!at_end(s) && peek(s) != '\n')
				step(s);
		}
	}
	if (peek(s) != '}' && take_open(l))
		st->kind = STATEMENT_OPEN;
	return ok;
}

/* Files that a pattern finds are read in the order of their names: the last goes on top first. */
static void include(struct lex *l, const struct statement *st)
{
	const struct word *what = &st->word[1];
	const struct conf_place at = what->at;
	const char *slash = strrchr(at.file, '/');
	char path[4096];
	int deep = 0;
	glob_t found;

	if (!l->top->owned) {
		lex_fail(l, &at, "include: only a file can include; cure: put its text here");
		return;
	}
	for (const struct lex_source *s = l->top; s; s = s->below)
		deep += s->owned != NULL;
	if (deep > LEX_INCLUDES || l->n_files >= LEX_FILES) {
		lex_fail(l, &at, "%s: too many files inside each other; cure: at most %d",
			 what->text, LEX_INCLUDES);
		return;
	}
	if (what->text[0] == '/' || !slash)
		snprintf(path, sizeof(path), "%s", what->text);
	else
		snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - at.file), at.file,
			 what->text);
	if (glob(path, GLOB_ERR, NULL, &found)) {
		if (!strpbrk(path, "*?["))
			lex_fail(l, &at, "%s: no such file; cure: a path from this file's folder",
				 what->text);
		return;
	}
	for (size_t i = found.gl_pathc; i-- > 0;)
		push_file(l, found.gl_pathv[i], &at);
	globfree(&found);
}

/* At the end of a file, or at a } that isn't its own. */
static void check_depth(struct lex *l, bool closes)
{
	struct conf_place at = here(l->top);

	if (closes)
		lex_fail(l, &at, "}: there is no block to close here; cure: take it out");
	else
		lex_fail(l, &at, "the file ends inside a block; cure: a } for each {");
}

/* Reads the next statement, as lex_next does. False: it opened a block, but has no form. */
static bool next(struct lex *l, struct statement *st)
{
	for (; l->top; st->n = 0) {
		struct lex_source *s = l->top;

		st->n = 0;
		st->used = 0;
		skip(s, true);
		if (at_end(s) && l->depth > s->depth) {
			check_depth(l, false);
			l->depth--;
			st->kind = STATEMENT_CLOSE;
			return true;
		}
		if (at_end(s)) {
			pop(l);
		} else if (peek(s) == '}') {
			if (l->depth == s->depth)
				check_depth(l, true);
			step(s);
			if (l->depth == s->depth)
				continue;
			l->depth--;
			st->kind = STATEMENT_CLOSE;
			return true;
		} else if (peek(s) == '{') {
			struct conf_place at = here(s);

			lex_fail(l, &at, "{: no word before it; cure: say what block it opens");
			step(s);
			l->depth++;
			return false;
		} else if (!read_statement(l, st)) {
			if (st->kind == STATEMENT_OPEN) {
				l->depth++;
				return false;
			}
		} else if (!strcmp(st->word[0].text, "include") && st->n == 2 &&
			   st->kind == STATEMENT_WORD) {
			include(l, st);
		} else {
			l->depth += st->kind == STATEMENT_OPEN;
			return true;
		}
	}
	st->kind = STATEMENT_END;
	return true;
}

void lex_next(struct lex *l, struct statement *st)
{
	while (!next(l, st))
		lex_skip_block(l, st);
}

void lex_skip_block(struct lex *l, struct statement *st)
{
	int depth = l->depth;

	while (l->top && l->depth >= depth)
		next(l, st);
}
