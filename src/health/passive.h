/* SPDX-License-Identifier: BSD-2-Clause */
/* What real traffic says of a server. A director in front of direct routing sees one side only: the
 * client's. A connection that makes no progress is one whose SYN comes again and again. Many of
 * those, for one server, and it doesn't answer. Pure; any thread. */
#ifndef SHUNT_HEALTH_PASSIVE_H
#define SHUNT_HEALTH_PASSIVE_H

#include <stdbool.h>
#include <stdint.h>

struct passive_conf {
	uint32_t percent;  /* of new connections without progress that is a failure; 0: off */
	uint32_t sample;   /* fewer new connections count as so many: they say little */
	uint32_t patience; /* intervals that make a sample: longer than until a SYN comes again */
	uint64_t rest;	   /* milliseconds: so long it is down after the first time ... */
	uint64_t rest_max; /* ... and twice as long each further time, up to this */
};

struct passive {
	bool down;
	uint64_t until; /* then it is tried again */
	uint64_t rest;	/* of the last time; 0: it was well for long enough */
	uint64_t flows; /* of the sample that is being taken */
	uint64_t stuck;
	uint64_t steps;
};

/* Takes the counts of an interval that ends at now (milliseconds): flows that began, and SYNs that
 * came again without progress. They are added up to a sample; it is down as soon as they are too
 * many, and a sample is good when it is large and old enough. Returns whether down changed.
 *
 * A server that is down gets no new connections, so that nothing could show that it is well again:
 * it is up again after a rest, which doubles if it fails once more and is forgotten after a good
 * sample (the ejection time of Envoy's outlier detection). */
bool passive_step(struct passive *p, const struct passive_conf *conf, uint32_t flows,
		  uint32_t stuck, uint64_t now);

#endif
