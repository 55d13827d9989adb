/* SPDX-License-Identifier: BSD-2-Clause */
/* The form of a configuration file: statements of words, with or without a block. */
#ifndef SHUNT_CONF_LEX_H
#define SHUNT_CONF_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	STATEMENT_WORDS = 64,
	STATEMENT_BYTES = 8192,
	LEX_INCLUDES = 16, /* files inside each other */
	LEX_FILES = 65536, /* in all */
	LEX_FILE_MAX = 64 << 20,
	LEX_ERRORS = 50, /* more aren't shown, unless there is a prefix */
};

struct conf_place {
	const char *file; /* lives as long as the lexer, or who took its files over */
	int line, column; /* from 1; a tab is one column */
};

struct word {
	const char *text; /* without quotes; lives until the next statement */
	struct conf_place at;
	bool quoted;
};

enum statement_kind {
	STATEMENT_WORD,	 /* words alone */
	STATEMENT_OPEN,	 /* words, and { behind them */
	STATEMENT_CLOSE, /* } alone */
	STATEMENT_END,	 /* of all files */
};

struct statement {
	enum statement_kind kind;
	int n;
	struct word word[STATEMENT_WORDS];
	size_t used;
	char text[STATEMENT_BYTES];
};

struct lex_source;

struct lex {
	struct lex_source *top; /* the file that is read; those that include it are below */
	char **file;		/* names of all files so far, owned */
	int n_files;
	FILE *errors;
	const char *prefix; /* of an error's text */
	int n_errors;
	int depth; /* blocks open */
};

/* Start reading a file, or size bytes of text that lives on (called name; it may not include).
 * errors gets a line for each error. Return 0, or -errno with a line in errors. lex_close frees
 * all but errors, also after an error. */
int lex_open_file(struct lex *l, const char *path, FILE *errors);
int lex_open_text(struct lex *l, const char *name, const char *text, size_t size, FILE *errors);
void lex_close(struct lex *l);

/* Reads the next statement; include is done inside. What has no form is reported and left out. */
void lex_next(struct lex *l, struct statement *st);

/* Passes over the rest of a block that st has just opened. */
void lex_skip_block(struct lex *l, struct statement *st);

/* Reports an error at a place: FILE:LINE:COLUMN: TEXT. */
__attribute__((format(printf, 3, 4))) void lex_fail(struct lex *l, const struct conf_place *at,
						    const char *fmt, ...);

#endif
