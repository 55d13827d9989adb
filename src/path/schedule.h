/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing a server: for a flow that is new, or whose server is gone. By persistence, else by the
 * service's scheduler. */
#ifndef SHUNT_PATH_SCHEDULE_H
#define SHUNT_PATH_SCHEDULE_H

#include "path/lookup.h"
#include "path/tuple.h"

/* Whether a server can be given new flows now. */
static inline bool schedule_takes_new(const struct backend *be)
{
	const uint32_t both = BACKEND_OPEN | BACKEND_READY;

	return (be->flags & both) == both;
}

/* A server for a flow. */
struct choice {
	const struct backend *backend; /* NULL: there is none */
	bool spare;    /* it follows from the flow's packets alone: any later one finds it, too */
	bool optional; /* without a place all of them go by their hash, and that is consistent */
};

/* The server of a new flow. A TCP flow that is met in its middle (fresh is
 * false) has been forgotten, or never found room: it goes by its hash, as it went then, and doesn't
 * take a turn. Its worker; as the rest. */
struct choice schedule_pick(struct lookup *l, const struct snap *s, const struct service *svc,
			    const struct tuple *t, bool fresh, uint32_t now);

/* The server that follows from the packet alone, for a flow that can't be remembered; or NULL. */
const struct backend *schedule_by_hash(const struct lookup *l, const struct snap *s,
				       const struct service *svc, const struct tuple *t);

#endif
