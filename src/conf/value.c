/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool want_words(struct lex *l, const struct keyword *k, const struct statement *st, int min,
		int max)
{
	int n = st->n - 1;

	if (n < min)
		lex_fail(l, &st->word[0].at, "%s: a value is missing; cure: %s %s", k->name,
			 k->name, k->args);
	else if (n > max)
		lex_fail(l, &st->word[max + 1].at, "%s: one word too many for %s; cure: %s %s",
			 st->word[max + 1].text, k->name, k->name, k->args);
	return n >= min && n <= max;
}

bool read_number(struct lex *l, const struct word *w, uint32_t min, uint32_t max, uint32_t *out)
{
	unsigned long long v = 0;
	char *end = NULL;

	if (isdigit((unsigned char)w->text[0]))
		v = strtoull(w->text, &end, 10);
	if (!end || *end || v < min || v > max) {
		lex_fail(l, &w->at, "%s: not a number that fits; cure: %u to %u", w->text, min,
			 max);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

bool read_addr(struct lex *l, const struct word *w, struct addr *out)
{
	if (!addr_parse(w->text, out))
		return true;
	lex_fail(l, &w->at, "%s: not an address; cure: such as 192.0.2.1 or 2001:db8::1", w->text);
	return false;
}

static bool read_bool(struct lex *l, const struct keyword *k, void *field,
		      const struct statement *st)
{
	static const char *const word[] = {"false", "true", "off", "on", "no", "yes"};

	if (!want_words(l, k, st, 0, 1))
		return false;
	*(uint32_t *)field = 1;
	if (st->n == 1)
		return true;
	for (unsigned int i = 0; i < 6; i++)
		if (!strcmp(st->word[1].text, word[i])) {
			*(uint32_t *)field = i & 1;
			return true;
		}
	lex_fail(l, &st->word[1].at, "%s: neither yes nor no; cure: true or false",
		 st->word[1].text);
	return false;
}

static bool print_bool(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, "%s", v ? "" : " false");
	return true;
}

static bool read_u32(struct lex *l, const struct keyword *k, void *field,
		     const struct statement *st)
{
	return want_words(l, k, st, 1, 1) && read_number(l, &st->word[1], k->min, k->max, field);
}

static bool print_u32(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, " %u", v);
	return true;
}

/* Seconds with up to three digits behind the point, as milliseconds; -1 if it is none. */
static long long time_ms(const char *text)
{
	long long ms = 0;
	int digits = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text) && ms < 1LL << 40; text++)
		ms = ms * 10 + (*text - '0');
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text) && digits < 3; text++, digits++)
			ms = ms * 10 + (*text - '0');
	for (; digits < 3; digits++)
		ms *= 10;
	while (*text == '0')
		text++;
	return *text ? -1 : ms;
}

static bool read_time(struct lex *l, const struct keyword *k, void *field,
		      const struct statement *st)
{
	long long ms;

	if (!want_words(l, k, st, 1, 1))
		return false;
	ms = time_ms(st->word[1].text);
	if (ms < k->min || ms > k->max) {
		lex_fail(l, &st->word[1].at,
			 "%s: not a time that fits; cure: %u.%03u to %u seconds, whole "
			 "milliseconds",
			 st->word[1].text, k->min / 1000, k->min % 1000, k->max / 1000);
		return false;
	}
	*(uint32_t *)field = (uint32_t)ms;
	return true;
}

static bool print_time(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, v % 1000 ? " %u.%03u" : " %u", v / 1000, v % 1000);
	return true;
}

/* Words go to so many strings in a row. */
static bool read_strings(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	char **string = field;
	int max = k->kind->strings;

	if (!want_words(l, k, st, 1, max))
		return false;
	if (!*st->word[1].text) {
		lex_fail(l, &st->word[1].at, "\"\": empty; cure: %s %s", k->name, k->args);
		return false;
	}
	for (int i = 0; i < max; i++) {
		free(string[i]);
		string[i] = i + 1 < st->n ? strdup(st->word[i + 1].text) : NULL;
		if (i + 1 < st->n && !string[i])
			lex_fail(l, &st->word[0].at, "no memory; cure: a smaller file");
	}
	return true;
}

static bool print_strings(const struct keyword *k, const void *field, FILE *out)
{
	char *const *string = field;

	for (int i = 0; i < k->kind->strings && string[i]; i++) {
		fputc(' ', out);
		word_print(string[i], out);
	}
	return string[0];
}

static bool find_word(struct lex *l, const struct keyword *k, const struct word *w, uint32_t *out)
{
	char all[256] = "";
	size_t at = 0;

	for (uint32_t i = 0; k->words[i]; i++) {
		if (!strcasecmp(k->words[i], w->text)) {
			*out = i;
			return true;
		}
		if (at < sizeof(all))
			at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s", i ? ", " : "",
					       k->words[i]);
	}
	lex_fail(l, &w->at, "%s: no such %s; cure: one of %s", w->text, k->name, all);
	return false;
}

static bool read_word32(struct lex *l, const struct keyword *k, void *field,
			const struct statement *st)
{
	return want_words(l, k, st, 1, 1) && find_word(l, k, &st->word[1], field);
}

static bool print_word32(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t v = *(const uint32_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, " %s", k->words[v]);
	return true;
}

static bool read_word8(struct lex *l, const struct keyword *k, void *field,
		       const struct statement *st)
{
	uint32_t v;

	if (!want_words(l, k, st, 1, 1) || !find_word(l, k, &st->word[1], &v))
		return false;
	*(uint8_t *)field = (uint8_t)v;
	return true;
}

static bool print_word8(const struct keyword *k, const void *field, FILE *out)
{
	uint8_t v = *(const uint8_t *)field;

	if (v == k->def)
		return false;
	fprintf(out, " %s", k->words[v]);
	return true;
}

static bool read_flag8(struct lex *l, const struct keyword *k, void *field,
		       const struct statement *st)
{
	if (!want_words(l, k, st, 0, 0))
		return false;
	*(uint8_t *)field |= (uint8_t)k->max;
	return true;
}

static bool print_flag8(const struct keyword *k, const void *field, FILE *out)
{
	(void)out;
	return *(const uint8_t *)field & k->max;
}

static bool read_address(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	return want_words(l, k, st, 1, 1) && read_addr(l, &st->word[1], field);
}

static bool print_address(const struct keyword *k, const void *field, FILE *out)
{
	static const struct addr none;
	char text[ADDR_TEXT];

	(void)k;
	if (addr_equal(field, &none))
		return false;
	fprintf(out, " %s", addr_text(field, text));
	return true;
}

/* Any words, and nothing comes of them. */
static bool read_ignored(struct lex *l, const struct keyword *k, void *field,
			 const struct statement *st)
{
	(void)l, (void)k, (void)field, (void)st;
	return true;
}

static bool read_bits(struct lex *l, const struct keyword *k, void *field,
		      const struct statement *st)
{
	uint32_t bits = 0, bit;

	if (!want_words(l, k, st, 1, STATEMENT_WORDS))
		return false;
	for (int i = 1; i < st->n; i++) {
		if (!find_word(l, k, &st->word[i], &bit))
			return false;
		bits |= 1U << bit;
	}
	*(uint32_t *)field = bits;
	return true;
}

static bool print_bits(const struct keyword *k, const void *field, FILE *out)
{
	uint32_t bits = *(const uint32_t *)field;

	for (int i = 0; k->words[i]; i++)
		if (bits & 1U << i)
			fprintf(out, " %s", k->words[i]);
	return bits;
}

const struct value_kind value_bool = {read_bool, print_bool, sizeof(uint32_t), 0};
const struct value_kind value_number = {read_u32, print_u32, sizeof(uint32_t), 0};
const struct value_kind value_time = {read_time, print_time, sizeof(uint32_t), 0};
const struct value_kind value_string = {read_strings, print_strings, sizeof(char *), 1};
const struct value_kind value_command = {read_strings, print_strings, 3 * sizeof(char *), 3};
const struct value_kind value_user = {read_strings, print_strings, 2 * sizeof(char *), 2};
const struct value_kind value_word = {read_word32, print_word32, sizeof(uint32_t), 0};
const struct value_kind value_word8 = {read_word8, print_word8, sizeof(uint8_t), 0};
const struct value_kind value_flag8 = {read_flag8, print_flag8, sizeof(uint8_t), 0};
const struct value_kind value_addr = {read_address, print_address, sizeof(struct addr), 0};
const struct value_kind value_ignored = {read_ignored, NULL, 0, 0};
const struct value_kind value_regex_options = {read_bits, print_bits, sizeof(uint32_t), 0};
