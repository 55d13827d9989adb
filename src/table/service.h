/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator configures, as plain data: a virtual service and its real servers. */
#ifndef SHUNT_TABLE_SERVICE_H
#define SHUNT_TABLE_SERVICE_H

#include "base/addr.h"

enum {
	SERVICES_MAX = 16384,  /* also the size of the steering map */
	BACKENDS_MAX = 131072, /* over all services; also of the per-worker counters */
	WEIGHT_MAX = 65535,    /* as in ipvsadm's code */
};

/* Not SCHED_: <sched.h> has an SCHED_RR of its own. */
enum sched {
	SCHEDULER_RR,  /* round robin, weights ignored */
	SCHEDULER_WRR, /* weighted round robin, interleaved */
	SCHEDULER_MH,  /* Maglev hashing, weighted */
	SCHEDULER_COUNT
};

enum service_flags {
	SERVICE_MH_PORT = 1 << 0, /* mh: the client's port counts too, not its address alone */
};

struct service_conf {
	struct endpoint ep;
	uint8_t sched; /* enum sched */
	uint8_t flags; /* enum service_flags */
	uint8_t pad[6];
};

struct backend_conf {
	struct addr addr;
	__be16 port; /* always the service's port: direct routing leaves it alone */
	uint16_t pad;
	uint32_t weight; /* 0..WEIGHT_MAX; 0 takes no new flows */
};

#endif
