/* SPDX-License-Identifier: BSD-2-Clause */
/* What real traffic says of a server. A director in front of direct routing sees one side only: the
 * client's. A connection that makes no progress is one whose SYN comes again and again. Many of
 * those, for one server, and it doesn't answer. Pure; any thread. */
#ifndef SHUNT_HEALTH_PASSIVE_H
#define SHUNT_HEALTH_PASSIVE_H

#include <stdbool.h>
#include <stdint.h>

struct passive_conf {
	uint32_t
		percent; /* of the new connections without progress, from which it is down; 0: off */
	uint32_t sample;   /* new connections, below which nothing is said */
	uint64_t rest;	   /* milliseconds: so long it is down after the first time ... */
	uint64_t rest_max; /* ... and twice as long each further time, up to this */
};

struct passive {
	bool down;
	uint64_t until; /* then it is tried again */
	uint64_t rest;	/* of the last time; 0: it was well for long enough */
	uint64_t flows; /* since something was said */
	uint64_t stuck;
};

/* Takes the counts of an interval that ends at now (milliseconds): flows that began, and those of
 * which a SYN was sent again without progress. Counts of several intervals are added up until there
 * are conf->sample flows. Returns whether down changed.
 *
 * A server that is down gets no new connections, so that nothing could show that it is well again:
 * it is up again after a rest, which doubles if it fails once more and is forgotten after a good
 * sample (the ejection time of Envoy's outlier detection). */
bool passive_step(struct passive *p, const struct passive_conf *conf, uint32_t flows,
		  uint32_t stuck, uint64_t now);

#endif
