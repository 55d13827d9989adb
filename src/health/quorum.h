/* SPDX-License-Identifier: BSD-2-Clause */
/* From the states of its servers to what a service does with them: which serve with what weight,
 * whether the sorry server does instead, and whether the quorum was won or lost. Pure; any
 * thread. */
#ifndef SHUNT_HEALTH_QUORUM_H
#define SHUNT_HEALTH_QUORUM_H

#include <stdbool.h>
#include <stdint.h>

#include "table/service.h"

/* A service's, as its configuration says. */
struct quorum_conf {
	uint32_t quorum;     /* weight of the live servers, at least 1 */
	uint32_t hysteresis; /* more to win it, less to lose it */
	uint32_t panic;	     /* if more percent of the servers fail, the last set stays; 0: off */
	uint64_t at_once;    /* failures so near to each other are one, in milliseconds */
	bool sorry;	     /* there is a sorry server */
	bool sorry_inhibit;  /* it stays there, without weight */
};

/* One server: the caller fills in the first part, quorum_judge the second. */
struct quorum_server {
	bool up;	 /* what health says of it */
	bool inhibit;	 /* down is without weight, not gone */
	uint32_t weight; /* its present one, if it is used */
	uint64_t since;	 /* milliseconds: when up last changed */
	enum backend_use use;
};

/* Of one service; begins as quorum_new says. */
struct quorum {
	bool begun; /* was judged before */
	bool up;
	bool panic;
	uint64_t panic_since;
};

enum quorum_change {
	QUORUM_UP = 1 << 0, /* quorum_up's script is due */
	QUORUM_DOWN = 1 << 1,
	QUORUM_PANIC = 1 << 2, /* began */
	QUORUM_CALM = 1 << 3,  /* panic ended */
};

/* A service that begins with these servers: its quorum is up if it is met, without hysteresis. No
 * script is due for a beginning but if it is up (keepalived runs quorum_up then, too). */
struct quorum quorum_new(void);

/* What follows from the servers' states, at now in milliseconds. Sets each server's use, and *sorry
 * to the sorry server's. Returns enum quorum_change's bits.
 *
 * Quorum, as in keepalived's check_wrapper: while it is up it is lost when the live weight is 0 or
 * below quorum - hysteresis; while it is down it is won at quorum + hysteresis. Without a quorum a
 * sorry server serves alone; if there is none, what lives serves.
 *
 * Panic: when more than so many percent of the servers are down, those that went down last, within
 * at_once of each other, are believed to live; those that were down before stay so. (Envoy's panic
 * threshold uses all hosts instead: also those that were known to be dead.) It ends when no more
 * than so many percent are down. */
unsigned int quorum_judge(struct quorum *q, const struct quorum_conf *conf,
			  struct quorum_server *server, uint32_t n, uint64_t now,
			  enum backend_use *sorry);

#endif
