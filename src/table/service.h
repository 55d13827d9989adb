/* SPDX-License-Identifier: BSD-2-Clause */
/* What an operator configures, as plain data: a virtual service and its real servers. */
#ifndef SHUNT_TABLE_SERVICE_H
#define SHUNT_TABLE_SERVICE_H

#include "base/addr.h"

enum {
	SERVICES_MAX = 16384,  /* also the size of the steering map */
	BACKENDS_MAX = 131072, /* over all services; also of the per-worker counters */
	WEIGHT_MAX = 65535,    /* as in ipvsadm's code */
	PERSIST_MAX = 2678400, /* seconds: 31 days, likewise */
};

/* As IPVS names them. Not SCHED_: <sched.h> has an SCHED_RR of its own. */
enum sched {
	SCHEDULER_RR,	 /* round robin, weights ignored */
	SCHEDULER_WRR,	 /* weighted round robin, interleaved */
	SCHEDULER_LC,	 /* least connections */
	SCHEDULER_WLC,	 /* ... for its weight */
	SCHEDULER_LBLC,	 /* by destination; if its server is overloaded, least connections */
	SCHEDULER_LBLCR, /* ... with a set of servers for each destination */
	SCHEDULER_DH,	 /* by a hash of the destination address */
	SCHEDULER_SH,	 /* by a hash of the source address */
	SCHEDULER_SED,	 /* shortest expected delay */
	SCHEDULER_NQ,	 /* an idle server if there is one, else sed */
	SCHEDULER_FO,	 /* the available server with the highest weight */
	SCHEDULER_OVF,	 /* ... that has fewer active connections than its weight */
	SCHEDULER_MH,	 /* Maglev hashing, weighted */
	SCHEDULER_COUNT
};

enum service_flags {
	SERVICE_HASH_PORT = 1 << 0,  /* sh, mh: the client's port counts too (sh-port, mh-port) */
	SERVICE_FALLBACK = 1 << 1,   /* sh, mh: another server if the chosen one is unavailable */
	SERVICE_ONE_PACKET = 1 << 2, /* UDP: each packet is scheduled by itself (--ops) */
};

/* What becomes of a removed server's flows. */
enum removed_policy {
	REMOVED_RESELECT, /* they stay while it can be reached; else another server takes them */
	REMOVED_RESET,	  /* TCP clients get a reset, other packets are dropped */
	REMOVED_DROP,
	REMOVED_POLICIES
};

struct service_conf {
	struct endpoint ep;
	uint8_t sched;		/* enum sched */
	uint8_t flags;		/* enum service_flags */
	uint8_t persist_prefix; /* bits that clients are told apart by: 1..32 or 1..128; 0: all */
	uint8_t removed;	/* enum removed_policy */
	uint32_t persist;	/* seconds that a client stays with its server; 0: not persistent */
};

enum forwarding {
	FORWARD_ROUTE,	/* direct routing (-g) */
	FORWARD_TUNNEL, /* -i */
	FORWARDS
};

enum tunnel_type { /* as IPVS numbers them */
	TUNNEL_IPIP,
	TUNNEL_GUE,
	TUNNEL_GRE,
	TUNNEL_TYPES
};

enum tunnel_flags {
	TUNNEL_CSUM = 1 << 0, /* GUE: the outer UDP checksum; GRE: the checksum field */
};

struct backend_conf {
	struct addr addr;
	__be16 port;	      /* always the service's port: neither way of forwarding changes it */
	uint8_t forward;      /* enum forwarding */
	uint8_t tunnel;	      /* enum tunnel_type */
	uint32_t weight;      /* 0..WEIGHT_MAX; 0 takes no new flows */
	uint32_t upper;	      /* connections at which it takes no more; 0: no limit (-x) */
	uint32_t lower;	      /* and below which it does again; 0: three quarters of upper (-y) */
	__be16 tunnel_port;   /* GUE: the outer UDP destination port */
	uint8_t tunnel_flags; /* enum tunnel_flags */
	uint8_t pad[5];
};

/* What is made of a server at present. */
enum backend_use {
	USE_FULL,
	USE_IDLE, /* no new flows */
	USE_NOT,  /* as if it was removed: lists don't show it, its flows are a removed server's */
};

/* What health says of a server, apart from what was configured. All 0: nobody checks it. */
struct backend_health {
	uint32_t weight; /* that a check gave it ... */
	uint8_t weighs;	 /* ... if one did */
	uint8_t use;	 /* enum backend_use */
	uint8_t sorry;	 /* it is its service's sorry server */
	uint8_t pad;
};

#endif
