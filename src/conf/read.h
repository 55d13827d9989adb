/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration while it is read. */
#ifndef SHUNT_CONF_READ_H
#define SHUNT_CONF_READ_H

#include "conf/keyword.h"

struct group_line {
	struct addr addr;
	uint32_t last;	/* the last byte's, of a range; else that of addr */
	uint8_t prefix; /* as in struct endpoint */
	__be16 port;
};

struct group {
	char *name;
	struct group_line *line;
	int n_lines;
};

/* A service as it stands there. */
struct draft {
	struct conf_service s;
	char *group; /* NULL: s.svc.ep is its address */
	struct conf_place at, quorum_at;
	struct conf_place *server_at;
	bool bad; /* an error in it was reported already */
};

struct reading {
	struct lex lex;
	struct conf *conf;
	bool import; /* keepalived's own guesses are taken, and told */
	struct draft *draft;
	int n_drafts;
	struct group *group;
	int n_groups;
	struct conf_place *service_at; /* of conf's services */
	struct statement st;
};

/* Adds a zeroed element to an array of n elements of that size. Returns it, or NULL. */
void *array_add(void **array, int *n, size_t size);

/* Reads all statements into r->draft and conf's options (parse.c). */
void reading_parse(struct reading *r);

/* Makes conf's services out of the drafts: what is inherited, groups, and what must fit together
 * (resolve.c). Drafts are empty afterwards. */
void reading_resolve(struct reading *r);

/* Reads all of r->lex into conf; 0 or -errno. */
int reading_run(struct reading *r, struct conf *out);

void service_clear(struct conf_service *s);

#endif
