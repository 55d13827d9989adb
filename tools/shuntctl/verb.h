/* SPDX-License-Identifier: BSD-2-Clause */
/* A verb of shuntctl: a row of main.c's table, which help and completion are made from. */
#ifndef SHUNTCTL_VERB_H
#define SHUNTCTL_VERB_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl.h"

struct verb {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(const struct ctl *ctl, int argc, const char **argv); /* argv[0]: the next word */
	void (*more)(FILE *out); /* goes on about it in help, or NULL */
	bool dry;		 /* --dry-run makes sense */
};

/* What may follow a verb, for completion. */
struct verb_words {
	const char *name;
	const char *words;	       /* with commas; NULL: none */
	const char *(*word)(size_t i); /* others, from a table: NULL behind the last; or NULL */
};

struct verb_table {
	const struct verb *verb;
	size_t n;
	const struct verb_words *words;
	size_t n_words;
};

#endif
