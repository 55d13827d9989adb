/* SPDX-License-Identifier: BSD-2-Clause */
/* shunt.conf as plain data: what a file says, and nothing of what runs. Everything here is pure
 * but for the reading of files; any thread may call it. */
#ifndef SHUNT_CONF_CONF_H
#define SHUNT_CONF_CONF_H

#include <stdio.h>

#include "conf/check.h"
#include "table/service.h"

struct conf_command {
	char *line; /* NULL: none */
	struct conf_user user;
};

/* An option of shuntd, as its command line knows it. */
struct conf_option {
	const char *name; /* "cpus"; const */
	char *value;
	char *place; /* "FILE:LINE" */
};

struct conf_server {
	struct backend_conf be;
	uint32_t inhibit; /* bool: down is weight 0, not gone */
	struct conf_command notify_up, notify_down;
	struct check_conf *check; /* all must be good */
	int n_checks;
	char *virtualhost;	/* while it is read: what its checks inherit */
	struct check_pace pace; /* likewise */
};

struct conf_service {
	struct service_conf svc;
	struct backend_conf
		sorry;		/* serves while there is no quorum; address :: if there is none */
	uint32_t sorry_inhibit; /* bool: weight 0 when not needed, not gone */
	uint32_t quorum;	/* weight of live servers that makes a service */
	uint32_t hysteresis;	/* above and below quorum */
	uint32_t omega;		/* bool: at shutdown, quorum_down and notify_down run */
	uint32_t panic;	  /* if more percent of the servers fail, the last set stays; 0: off */
	uint32_t passive; /* percent of connections without progress that is a failure; 0: off */
	uint32_t transitions; /* of one server in a minute, then it stays as it is; 0: any number */
	struct conf_command quorum_up, quorum_down;
	struct conf_server *server;
	int n_servers;
	int line;		 /* where it begins, for messages */
	char *virtualhost;	 /* while it is read: what its checks inherit */
	struct check_pace pace;	 /* likewise */
	struct backend_conf way; /* likewise: its servers */
	uint32_t inhibit;	 /* likewise */
};

/* Where services come from, if not from the file. */
struct conf_source {
	char *endpoint; /* URLs of an etcd cluster, with commas between; NULL: nowhere else */
	char *prefix;	/* of its keys; ends in a slash */
	char *user, *password;
	char *ca, *cert, *key; /* files, for TLS */
	char *cache;	       /* the file that keeps what was good last */
	uint32_t commands;     /* bool: MISC_CHECK and scripts are taken from there, too */
};

struct conf {
	struct conf_source source;
	struct conf_option *option; /* in the file's order */
	int n_options;
	struct conf_service *service;
	int n_services;
};

/* Read a file with all that it includes, or text that includes nothing. errors gets one line for
 * each error, FILE:LINE:COLUMN: what is wrong; cure: what to do. Return 0 and *out, to be freed by
 * conf_free; or -EINVAL, -ENOMEM or what the file system said, and *out is empty. */
int conf_parse_file(const char *path, struct conf *out, FILE *errors);
int conf_parse_text(const char *name, const char *text, size_t size, struct conf *out,
		    FILE *errors);
void conf_free(struct conf *c);

/* Whether a source's services, as text, may be taken: they are nothing but services, and run no
 * command unless that is allowed. Returns NULL, or what they have. */
const char *conf_source_refuses(const struct conf_source *source, const struct conf *text);

/* Prints the configuration as a file that reads as an equal one, every default of a check said. */
void conf_print(const struct conf *c, FILE *out);

enum conf_change {
	CONF_ADDED,
	CONF_REMOVED,
	CONF_CHANGED
};

/* What conf_diff tells; NULL members are not called. Of what is added, before is NULL; of what is
 * removed, after is NULL. A service's removal stands for its servers', a server's for its checks';
 * with an added one, what it holds is told too. A service is the same by its endpoint, a server by
 * its address; checks are the same if equal. */
struct conf_diff_ops {
	void (*option)(void *arg, enum conf_change change, const struct conf_option *before,
		       const struct conf_option *after);
	void (*service)(void *arg, enum conf_change change, const struct conf_service *before,
			const struct conf_service *after);
	void (*server)(void *arg, enum conf_change change, const struct conf_service *service,
		       const struct conf_server *before, const struct conf_server *after);
	void (*check)(void *arg, enum conf_change change, const struct conf_service *service,
		      const struct conf_server *server, const struct check_conf *check);
};

/* Calls ops for what differs: removals first, then the rest in the order of the new one. Returns
 * how many differences there are, or -ENOMEM before the first call. */
int conf_diff(const struct conf *before, const struct conf *after, const struct conf_diff_ops *ops,
	      void *arg);

#endif
