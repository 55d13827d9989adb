/* SPDX-License-Identifier: BSD-2-Clause */
/* The one table of keywords: the parser, its errors, the printing, the copying, the manual page
 * and the completion walk it. */
#ifndef SHUNT_CONF_KEYWORD_H
#define SHUNT_CONF_KEYWORD_H

#include "conf/conf.h"
#include "conf/lex.h"

/* Kinds of blocks, and what their keywords write to. */
enum conf_block {
	BLOCK_TOP,	 /* nothing */
	BLOCK_GLOBAL,	 /* options alone */
	BLOCK_INTERFACE, /* likewise */
	BLOCK_WORKER,	 /* likewise */
	BLOCK_SOURCE,	 /* struct conf_source */
	BLOCK_SERVICE,	 /* struct conf_service */
	BLOCK_SERVER,	 /* struct conf_server */
	BLOCK_CHECK,	 /* struct check_conf; and one for each enum check_type from here */
	BLOCK_URL = BLOCK_CHECK + CHECK_TYPES, /* struct check_url */
	BLOCKS
};
#define BLOCK_CHECK_OF(type) ((enum conf_block)(BLOCK_CHECK + (type)))

enum keyword_flags {
	KEYWORD_REPEAT = 1 << 0, /* may stand there several times */
	KEYWORD_ALIAS = 1 << 1,	 /* another name of the row above */
	KEYWORD_PACE = 1 << 2,	 /* a field of the object's struct check_pace */
	KEYWORD_WAY = 1 << 3,	 /* ... of its struct backend_conf */
};

#define UNSET UINT32_MAX /* a number that is inherited */

struct keyword;
struct value_kind {
	/* Reads the words behind the keyword into field; false if they are bad, reported. */
	bool (*read)(struct lex *l, const struct keyword *k, void *field,
		     const struct statement *st);
	/* Prints them, with a blank before each; returns false if nothing was said. NULL: never. */
	bool (*print)(const struct keyword *k, const void *field, FILE *out);
	size_t size; /* of the field, compared as bytes unless there are strings; 0: none */
	int strings; /* so many char * in a row are the field, owned */
};

struct keyword {
	const char *name;
	uint32_t in; /* a bit for each enum conf_block */
	const struct value_kind *kind;
	uint32_t flags;
	size_t at;
	uint32_t def, min, max;
	const char *const *words;
	const char *args; /* as the manual page writes them */
	const char *help; /* of a refused one: the cure */
};

extern const struct keyword keyword[];
extern const int n_keywords;

extern const char *const conf_block_name[BLOCKS];
extern const struct value_kind value_block, value_option, value_refused;

/* Finds a keyword of a block; NULL if there is none. */
const struct keyword *keyword_find(enum conf_block in, const char *name);

/* The keyword of a block that is most like name, or NULL if none is near. */
const char *keyword_like(enum conf_block in, const char *name);

/* The field that k writes to in an object of that block. */
void *keyword_field(const struct keyword *k, enum conf_block in, void *object);

/* Over all rows of a block: defaults into a zeroed object; print its lines, indented by tabs; free
 * its strings; give dst, a bytewise copy of an object, strings of its own (false: no memory, and
 * those not copied are NULL); compare. What has no row is left to the caller. */
void block_init(enum conf_block in, void *object);
void block_print(enum conf_block in, const void *object, int tabs, FILE *out);
void block_clear(enum conf_block in, void *object);
bool block_copy(enum conf_block in, void *dst);
bool block_equal(enum conf_block in, const void *a, const void *b);

/* Prints one word so that it is read as one. */
void word_print(const char *text, FILE *out);

/* Prints the manual page's list of keywords, and the words of a block on a line. */
void keyword_man(FILE *out);
void keyword_words(enum conf_block in, FILE *out);

#endif
