/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/exposition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	ROOM_MIN = 64 * 1024,
	DIGITS = 20,
	NS_DIGITS = 9,
	WHOLE = 1000, /* q=1 */
};

const char *const metric_type_name[METRIC_TYPES] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
};

void exposition_rewind(struct exposition *e)
{
	e->n = 0;
}

void exposition_free(struct exposition *e)
{
	free(e->text);
	*e = (struct exposition){0};
}

static void put(struct exposition *e, const char *text, size_t len)
{
	if (e->room - e->n < len) {
		size_t room = 2 * (e->room + len) + ROOM_MIN;
		char *grown = realloc(e->text, room);

		if (!grown) {
			e->failed = true;
			return;
		}
		e->text = grown;
		e->room = room;
	}
	memcpy(e->text + e->n, text, len);
	e->n += len;
}

static void put_text(struct exposition *e, const char *text)
{
	put(e, text, strlen(text));
}

/* Decimal, with zeros in front up to width. */
static void put_number(struct exposition *e, uint64_t n, int width)
{
	char digits[DIGITS], *at = digits + DIGITS;

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
		width--;
	} while (n || width > 0);
	put(e, at, (size_t)(digits + DIGITS - at));
}

/* OpenMetrics calls a family of counters without the _total of its samples. */
static void put_family(struct exposition *e, const char *name, enum metric_type type)
{
	size_t len = strlen(name);

	if (e->openmetrics && type == METRIC_COUNTER)
		len -= strlen("_total");
	put(e, name, len);
}

void exposition_family(struct exposition *e, const char *name, enum metric_type type,
		       const char *help)
{
	put_text(e, "# HELP ");
	put_family(e, name, type);
	put_text(e, " ");
	put_text(e, help);
	put_text(e, "\n# TYPE ");
	put_family(e, name, type);
	put_text(e, " ");
	put_text(e, metric_type_name[type]);
	put_text(e, "\n");
}

void exposition_begin(struct exposition *e, const char *name)
{
	put_text(e, name);
	e->open = false;
}

void exposition_labels(struct exposition *e, const char *text, size_t len)
{
	put(e, e->open ? "," : "{", 1);
	e->open = true;
	put(e, text, len);
}

void exposition_label(struct exposition *e, const char *name, const char *value)
{
	size_t plain;

	exposition_labels(e, name, strlen(name));
	put_text(e, "=\"");
	for (; *value; value += plain + (value[plain] != '\0')) {
		plain = strcspn(value, "\"\\\n");
		put(e, value, plain);
		if (value[plain]) {
			put_text(e, "\\");
			put(e, value[plain] == '\n' ? "n" : value + plain, 1);
		}
	}
	put_text(e, "\"");
}

void exposition_label_u32(struct exposition *e, const char *name, uint32_t value)
{
	exposition_labels(e, name, strlen(name));
	put_text(e, "=\"");
	put_number(e, value, 0);
	put_text(e, "\"");
}

static void put_space(struct exposition *e)
{
	if (e->open)
		put_text(e, "}");
	put_text(e, " ");
}

void exposition_value(struct exposition *e, uint64_t value)
{
	put_space(e);
	put_number(e, value, 0);
	put_text(e, "\n");
}

void exposition_value_ns(struct exposition *e, uint64_t ns)
{
	put_space(e);
	put_number(e, ns / 1000000000, 0);
	put_text(e, ".");
	put_number(e, ns % 1000000000, NS_DIGITS);
	put_text(e, "\n");
}

void exposition_end(struct exposition *e)
{
	if (e->openmetrics)
		put_text(e, "# EOF\n");
}

/* "q=0.75" in thousandths; WHOLE if there is none. */
static int quality(const char *item, size_t len)
{
	int q = 0, scale = WHOLE;

	for (size_t i = 0; i + 2 < len; i++) {
		if (strncasecmp(item + i, ";q=", 3) != 0)
			continue;
		for (i += 3;
		     i < len && scale && (item[i] == '.' || (item[i] >= '0' && item[i] <= '9'));
		     i++) {
			if (item[i] == '.')
				continue;
			q += (item[i] - '0') * scale;
			scale /= 10;
		}
		return q;
	}
	return WHOLE;
}

static bool has(const char *item, size_t len, const char *word)
{
	return memmem(item, len, word, strlen(word)) != NULL;
}

bool exposition_wants_openmetrics(const char *accept)
{
	int open = 0, plain = 0;
	char item[256];

	while (accept && *accept) {
		size_t len = strcspn(accept, ","), n = 0;

		for (size_t i = 0; i < len && n < sizeof(item); i++)
			if (accept[i] != ' ' && accept[i] != '\t')
				item[n++] = accept[i];
		if (has(item, n, "application/openmetrics-text") &&
		    (!has(item, n, ";version=") || has(item, n, ";version=1.0.0")))
			open = quality(item, n);
		else if (has(item, n, "text/plain"))
			plain = quality(item, n);
		accept += len + (accept[len] == ',');
	}
	return open && open >= plain;
}
