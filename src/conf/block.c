/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done with a block's object by walking the table of keywords. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/keyword.h"
#include "conf/value.h"

static bool is_of(const struct keyword *k, enum conf_block in)
{
	return k->in & 1U << in;
}

/* A row of the block that has a field of its own. */
static bool has_field(const struct keyword *k, enum conf_block in)
{
	return is_of(k, in) && !(k->flags & KEYWORD_ALIAS) && k->kind->size;
}

const struct keyword *keyword_find(enum conf_block in, const char *name)
{
	for (int i = 0; i < n_keywords; i++)
		if (is_of(&keyword[i], in) && !strcmp(keyword[i].name, name))
			return &keyword[i];
	return NULL;
}

/* Letters to change, add or leave out (Levenshtein), capitals being no different; long words are
 * far from everything. */
static int distance(const char *a, const char *b)
{
	enum {
		LONGEST = 40
	};
	int row[LONGEST + 1], n = (int)strlen(b), m = (int)strlen(a);

	if (n > LONGEST || m > LONGEST)
		return LONGEST;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; i <= m; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++) {
			int same = tolower((unsigned char)a[i - 1]) ==
				   tolower((unsigned char)b[j - 1]);
			int best = diagonal + !same;

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *keyword_like(enum conf_block in, const char *name)
{
	int near = (int)strlen(name) / 3 + 1;
	const char *best = NULL;

	for (int i = 0; i < n_keywords; i++) {
		int d;

		if (!is_of(&keyword[i], in) || keyword[i].kind == &value_refused)
			continue;
		d = distance(name, keyword[i].name);
		if (d < near) {
			near = d;
			best = keyword[i].name;
		}
	}
	return best;
}

void *keyword_field(const struct keyword *k, enum conf_block in, void *object)
{
	struct conf_service *service = object;
	struct conf_server *server = object;
	struct check_conf *check = object;
	char *base = object;

	if (k->flags & KEYWORD_PACE)
		base = in == BLOCK_SERVICE  ? (char *)&service->pace
		       : in == BLOCK_SERVER ? (char *)&server->pace
					    : (char *)&check->pace;
	else if (k->flags & KEYWORD_WAY)
		base = in == BLOCK_SERVICE ? (char *)&service->way : (char *)&server->be;
	return base + k->at;
}

static const void *field_of(const struct keyword *k, enum conf_block in, const void *object)
{
	return keyword_field(k, in, (void *)object);
}

void block_init(enum conf_block in, void *object)
{
	for (int i = 0; i < n_keywords; i++) {
		const struct keyword *k = &keyword[i];

		if (!has_field(k, in) || !k->def)
			continue;
		if (k->kind->size == sizeof(uint32_t))
			*(uint32_t *)keyword_field(k, in, object) = k->def;
		else if (k->kind->size == 1)
			*(uint8_t *)keyword_field(k, in, object) = (uint8_t)k->def;
	}
}

static void print_name(const struct keyword *k, enum conf_block in, const void *object, FILE *out)
{
	const struct conf_service *s = object;
	bool maglev = in == BLOCK_SERVICE && s->svc.sched == SCHEDULER_MH;

	/* sh-port and sh-fallback are mh's too, under its name */
	if (maglev && k->kind == &value_flag8 && !strncmp(k->name, "sh-", 3))
		fprintf(out, "mh%s", k->name + 2);
	else
		fputs(k->name, out);
}

void block_print(enum conf_block in, const void *object, int tabs, FILE *out)
{
	char *text;
	size_t size;

	for (int i = 0; i < n_keywords; i++) {
		const struct keyword *k = &keyword[i];
		FILE *value;
		bool said;

		if (!is_of(k, in) || k->flags & KEYWORD_ALIAS || !k->kind->print)
			continue;
		value = open_memstream(&text, &size);
		if (!value)
			continue;
		said = k->kind->print(k, field_of(k, in, object), value);
		fclose(value);
		if (said) {
			fprintf(out, "%.*s", tabs, "\t\t\t\t\t\t\t\t");
			print_name(k, in, object, out);
			fprintf(out, "%s\n", text);
		}
		free(text);
	}
}

void block_clear(enum conf_block in, void *object)
{
	for (int i = 0; i < n_keywords; i++) {
		const struct keyword *k = &keyword[i];

		if (!has_field(k, in))
			continue;
		for (int j = 0; j < k->kind->strings; j++) {
			char **string = keyword_field(k, in, object);

			free(string[j]);
			string[j] = NULL;
		}
	}
}

bool block_copy(enum conf_block in, void *dst)
{
	bool ok = true;

	for (int i = 0; i < n_keywords; i++) {
		const struct keyword *k = &keyword[i];

		if (!has_field(k, in))
			continue;
		for (int j = 0; j < k->kind->strings; j++) {
			char **string = keyword_field(k, in, dst);

			if (!string[j])
				continue;
			string[j] = strdup(string[j]);
			ok = ok && string[j];
		}
	}
	return ok;
}

static bool strings_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool block_equal(enum conf_block in, const void *a, const void *b)
{
	for (int i = 0; i < n_keywords; i++) {
		const struct keyword *k = &keyword[i];
		const void *left = field_of(k, in, a), *right = field_of(k, in, b);

		if (!has_field(k, in))
			continue;
		if (!k->kind->strings && memcmp(left, right, k->kind->size))
			return false;
		for (int j = 0; j < k->kind->strings; j++)
			if (!strings_equal(((char *const *)left)[j], ((char *const *)right)[j]))
				return false;
	}
	return true;
}

void word_print(const char *text, FILE *out)
{
	if (*text && !strpbrk(text, " \t\"\\!#{}")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	fputc('"', out);
}

/* Hyphens are escaped, so that they stay ASCII's. */
static void man_text(const char *text, FILE *out)
{
	for (; *text; text++)
		fprintf(out, *text == '-' ? "\\-" : *text == '\\' ? "\\e" : "%c", *text);
}

void keyword_man(FILE *out)
{
	for (int b = 0; b < BLOCKS; b++) {
		fprintf(out, ".SS %s\n", conf_block_name[b]);
		for (int i = 0; i < n_keywords; i++) {
			const struct keyword *k = &keyword[i];

			if (!is_of(k, (enum conf_block)b) || (k->kind == &value_refused && !k->max))
				continue;
			fputs(".TP\n.B ", out);
			man_text(k->name, out);
			if (*k->args)
				fputs(" \\fR", out);
			man_text(k->args, out);
			fputc('\n', out);
			man_text(k->help, out);
			fputc('\n', out);
		}
	}
}

void keyword_words(enum conf_block in, FILE *out)
{
	const char *blank = "";

	for (int i = 0; i < n_keywords; i++)
		if (is_of(&keyword[i], in) &&
		    (keyword[i].kind != &value_refused || keyword[i].max)) {
			fprintf(out, "%s%s", blank, keyword[i].name);
			blank = " ";
		}
	fputc('\n', out);
}
