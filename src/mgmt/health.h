/* SPDX-License-Identifier: BSD-2-Clause */
/* Health: what the checks of shunt.conf say becomes how the table's servers are used. Only servers
 * that the file has are looked after; what was added by hand is its owner's. Management thread. */
#ifndef SHUNT_MGMT_HEALTH_H
#define SHUNT_MGMT_HEALTH_H

#include <jansson.h>
#include <uv.h>

#include "conf/conf.h"
#include "mgmt/model.h"

struct health;

struct health_hooks {
	/* A check failed: the server's neighbour is to be asked anew. NULL: nobody is. */
	void (*suspect)(void *ctx, const struct addr *server);
	void *ctx;
};

/* loop and model are borrowed. takeover: an earlier engine ran the scripts that a beginning is due.
 * Returns 0 or -errno. */
int health_open(struct health **out, uv_loop_t *loop, struct model *m,
		const struct health_hooks *hooks, bool takeover);

/* The file in force is this one now, and the table has been changed to it: checks that are new
 * begin, those that are gone end, all others go on and keep their states. What is new is up, down
 * with alpha; or as the table has it, which an earlier engine left. now is borrowed until the next
 * call. Returns 0, or -ENOMEM: some of the file's servers aren't checked, which is logged. */
int health_follow(struct health *h, const struct conf *now);

/* Neighbours changed: a service whose servers can't be reached has no quorum. */
void health_look(struct health *h);

/* For a shutdown: the omega services' notify_down and quorum_down. */
void health_omega(struct health *h);

/* Ends all checks; the loop has to run on until its handles are closed. Takes NULL. */
void health_close(struct health *h);

/* For `show health`: services with their quorum, servers and checks; and how checks keep up. */
void health_show(struct health *h, json_t *answer);

/* For metrics. Valid until health_follow. */
struct checked_service;
struct health_service {
	const struct checked_service *inside;
	int n_servers;
	uint64_t weight; /* of the live ones */
	bool up, panic;
};
struct health_server {
	struct addr addr;
	bool up;
	uint64_t changes[2]; /* how often it went down, up */
	uint64_t tries, failures;
	uint64_t took_ns; /* the last try of its first check */
};

/* False: there is no such service in the file. h may be NULL: there is no file. */
bool health_service_get(const struct health *h, const struct endpoint *ep,
			struct health_service *out);

/* The i-th of its servers. */
void health_server_at(const struct health_service *s, int i, struct health_server *out);

#endif
