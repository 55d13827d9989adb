/* SPDX-License-Identifier: BSD-2-Clause */
/* The text that a Prometheus server reads: text format 0.0.4, or OpenMetrics 1.0.0. A sample is
 * begun, labelled and given its value; what it becomes is in the same buffer as all before it.
 * Pure, and without a printf: a page may have a million lines. */
#ifndef SHUNT_MGMT_EXPOSITION_H
#define SHUNT_MGMT_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_type {
	METRIC_COUNTER, /* its name ends in _total */
	METRIC_GAUGE,
	METRIC_TYPES
};
extern const char *const metric_type_name[METRIC_TYPES];

/* Zeroed memory is an empty one in the text format. */
struct exposition {
	char *text; /* owned; not a string: no NUL */
	size_t n, room;
	bool openmetrics;
	bool open;   /* within a sample's braces */
	bool failed; /* no memory: the text has a hole */
};

/* Forgets the text, and keeps its memory; frees it. */
void exposition_rewind(struct exposition *e);
void exposition_free(struct exposition *e);

/* The lines before a family's samples. help: one line without \ and ". */
void exposition_family(struct exposition *e, const char *name, enum metric_type type,
		       const char *help);

/* One sample: begin, any number of labels, and a value, which ends it. exposition_labels takes
 * labels that are written already, such as exposition_quote makes them. */
void exposition_begin(struct exposition *e, const char *name);
void exposition_label(struct exposition *e, const char *name, const char *value);
void exposition_label_u32(struct exposition *e, const char *name, uint32_t value);
void exposition_labels(struct exposition *e, const char *text, size_t len);
void exposition_value(struct exposition *e, uint64_t value);
void exposition_value_ns(struct exposition *e, uint64_t ns); /* as seconds */

/* What a page ends with. */
void exposition_end(struct exposition *e);

/* Whether a client that sends this Accept header (NULL: none) wants OpenMetrics rather than
 * text. */
bool exposition_wants_openmetrics(const char *accept);

#endif
