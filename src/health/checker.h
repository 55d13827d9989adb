/* SPDX-License-Identifier: BSD-2-Clause */
/* A checker asks one target one question again and again, and says what follows: up or down. There
 * is one for each different pair of check and target, however many servers of however many services
 * want to know. On one libuv loop; its thread is the caller of everything here. */
#ifndef SHUNT_HEALTH_CHECKER_H
#define SHUNT_HEALTH_CHECKER_H

#include <sys/queue.h>

#include "health/probe.h"
#include "health/verdict.h"
#include "health/way.h"

struct checkers;
struct checker;

/* What one server has of a checker; in the server, and zero until it joins. */
struct checker_link {
	struct checker *checker;
	void *user;
	LIST_ENTRY(checker_link) link;
};

struct checkers_hooks {
	/* What the checker says changed (its verdict, or the weight that goes with it): told of
	 * each user, never from within a call of this header. */
	void (*changed)(void *user);
	/* Where a client's packet for target->vip goes, if target->server gets it. Returns NULL,
	 * or why it goes nowhere. */
	const char *(*way)(void *ctx, const struct probe_target *target, struct way *out);
	/* A try failed: the target may have another MAC address now. NULL: nobody wants to know. */
	void (*failed)(void *ctx, const struct addr *target);
	void *ctx;
};

/* Returns 0 or -errno. loop is borrowed. */
int checkers_open(struct checkers **out, uv_loop_t *loop, const struct checkers_hooks *hooks);

/* Every link has been left. The loop has to run on until its handles are closed. Takes NULL. */
void checkers_close(struct checkers *set);

/* Links a user to the checker for this check and target, which begins now if nobody had it: up or
 * down as told, until its first try. check is copied. Returns 0, or -ENOMEM and isn't linked. */
int checker_join(struct checkers *set, struct checker_link *link, const struct check_conf *check,
		 const struct probe_target *target, bool up, void *user);

/* Unlinks it; a checker without users ends. Takes a link that hasn't joined. */
void checker_leave(struct checker_link *link);

/* What a checker says, and how it came to that. */
struct checker_view {
	const struct check_conf *check;
	const struct probe_target *target;
	struct verdict verdict;
	struct probe_result last; /* of the last try, if there was one */
	bool weighs;		  /* the last good one gave the server a weight ... */
	uint32_t weight;	  /* ... of so much */
	uint64_t tries, failures;
};
void checker_view(const struct checker *c, struct checker_view *out);

/* How the checkers keep up. */
struct checkers_load {
	uint32_t checkers;
	uint64_t tries;	   /* ever */
	uint64_t late_max; /* milliseconds after its time that one was begun, since last asked */
};
void checkers_load(struct checkers *set, struct checkers_load *out);

#endif
