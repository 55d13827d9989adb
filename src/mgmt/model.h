/* SPDX-License-Identifier: BSD-2-Clause */
/* The configured table, as the management thread edits it: services, their servers, and what is
 * known of each server's neighbour. Every change ends in model_commit, which makes a snapshot of
 * it, publishes that to the workers, tells the XDP program, and saves the table in the state
 * area. */
#ifndef SHUNT_MGMT_MODEL_H
#define SHUNT_MGMT_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/dataplane.h"
#include "table/flow.h"
#include "table/service.h"
#include "table/snap.h"
#include "table/state.h"

struct model;

/* How a server is reached; filled from routes and neighbours (mgmt/neigh.h). */
enum reach_state {
	REACH_UNKNOWN,	  /* not asked yet */
	REACH_NO_ROUTE,	  /* no route to it, or through a NIC that isn't ours */
	REACH_GATEWAY,	  /* behind a router: direct routing can't; only model_backend's */
	REACH_UNRESOLVED, /* on-link, but its MAC isn't known */
	REACH_BAD_MAC,	  /* its MAC is zero, multicast or our own */
	REACH_DOWN,	  /* the NIC towards it is down */
	REACH_OK,
	REACH_COUNT
};
extern const char *const reach_name[REACH_COUNT];

struct reach {
	enum reach_state state;
	uint16_t nic;	 /* valid from UNRESOLVED on, like the following */
	uint16_t vlan;	 /* the server is in this VLAN of the NIC; 0: in none of its own */
	uint16_t mtu;	 /* of the way to it; 0: not known */
	bool gateway;	 /* mac is a router's: only tunnels may go there */
	struct addr src; /* what the kernel would send from */
	uint8_t mac[6];	 /* valid if OK */
};

/* A server as it is looked at. Valid until the next call that changes the model. */
struct model_backend {
	struct backend_conf conf;
	struct backend_health health;
	uint32_t id;
	bool leaving;		      /* removed; goes when its last flow has gone */
	bool inherited;		      /* of an earlier shuntd, and nobody has asked for it since */
	uint32_t left;		      /* the last sweep that had begun when it was removed */
	struct backend_counters base; /* where its totals start in the workers' counters */
	const struct reach *reach;    /* changes as the neighbour does */
	struct peer *peer;	      /* the model's own */
};

/* A service whose servers haven't all left yet is there after its removal, too: leaving. It is
 * neither steered nor scheduled, and anything that lists what is configured skips it. */
struct model_service {
	struct service_conf conf;
	uint32_t slot;
	bool leaving;
	uint32_t n_backends;
	const struct model_backend *backend; /* in the order of ipvsadm: by address, port */
};

/* What the model needs of the world; any of them may be NULL in tests. */
struct model_hooks {
	void *ctx;
	int (*steer_add)(void *ctx, const struct endpoint *ep);
	int (*steer_del)(void *ctx, const struct endpoint *ep);
	void (*watch)(void *ctx, const struct addr *server);   /* keep its neighbour resolved */
	void (*unwatch)(void *ctx, const struct addr *server); /* its last use is gone */
	/* Asks for a model_settle() soon, when all that is known now has been told: so that a
	 * thousand neighbours make one snapshot. NULL: every change makes its own at once. */
	void (*later)(void *ctx);
};

/* state may hold a table of an earlier engine: model_restore takes it over. dp gives NICs' MACs
 * and the workers' flow tables. All are borrowed. Management thread, as everything here. */
int model_new(struct model **out, const struct dataplane *dp, struct state *state,
	      const struct model_hooks *hooks);

/* Takes the snapshot away from the workers and frees everything. XDP program, state area and
 * neighbours stay as they are: no hook is called. Takes NULL. */
void model_free(struct model *m);

/* Rebuilds services and servers, with their ids, from the state area, and commits: all of them
 * are steered and watched anew. Returns the number of services (without leaving ones) or -errno.
 * Once, after model_new. What the first engine of a shuntd finds there is of an earlier shuntd
 * that was killed: it is in force, and may all be added once more, as scripts do at a start. */
int model_restore(struct model *m);

/* Edits. 0 or: -EEXIST (service or server is there already), -ENOENT (no such service),
 * -ESRCH (no such server), -ENOSPC (table full), -EINVAL, -ENOMEM. Nothing shows until
 * model_commit; model_rollback takes all uncommitted edits back, as model_commit does when it
 * fails. A server that is added again while it is leaving keeps its id, and its flows. */
int model_service_add(struct model *m, const struct service_conf *conf);
int model_service_edit(struct model *m, const struct service_conf *conf);
int model_service_del(struct model *m, const struct endpoint *ep);
int model_backend_add(struct model *m, const struct endpoint *ep, const struct backend_conf *conf);
int model_backend_edit(struct model *m, const struct endpoint *ep, const struct backend_conf *conf);
int model_backend_del(struct model *m, const struct endpoint *ep, const struct addr *addr,
		      __be16 port);
int model_backend_use(struct model *m, const struct endpoint *ep, const struct addr *addr,
		      __be16 port, const struct backend_health *health);
int model_clear(struct model *m);
int model_zero(struct model *m, const struct endpoint *ep); /* the totals; NULL: all */

/* Makes the edits effective in workers, XDP program and state area. 0 or -errno, and then it has
 * rolled back. */
int model_commit(struct model *m);
void model_rollback(struct model *m);

/* What model_commit would do to the tables of mh, sh, dh, lblc and lblcr: calls back for each
 * service of the draft in which places change their server. Returns 0 or -ENOMEM. */
int model_preview(struct model *m,
		  void (*fn)(void *ctx, const struct endpoint *ep, uint32_t moved, uint32_t places),
		  void *ctx);

/* Whether the draft (or, without one, the table) has this service. */
bool model_draft_has(const struct model *m, const struct endpoint *ep);

/* What became known of a server's neighbour; a NIC's own MAC address or link state. Not edits:
 * effective at once, or with model_settle if hooks.later is set. */
void model_set_reach(struct model *m, const struct addr *server, const struct reach *reach);
void model_set_nic(struct model *m, uint16_t nic, const uint8_t mac[6], bool up);
void model_settle(struct model *m);

/* Frees servers that were removed and have no flow left; call it every few seconds. */
void model_sweep(struct model *m);

/* Reading, as committed: services, leaving ones too, in ipvsadm's order (address family,
 * protocol, address, port). model_service_get doesn't find leaving ones. */
uint32_t model_services(const struct model *m);
void model_service_at(const struct model *m, uint32_t i, struct model_service *out);
bool model_service_get(const struct model *m, const struct endpoint *ep, struct model_service *out);

/* The index of the first service behind this one, which needn't be there any more. */
uint32_t model_service_after(const struct model *m, const struct endpoint *ep);

/* The same of the table that uncommitted edits make: false behind the last one. */
bool model_draft_at(const struct model *m, uint32_t i, struct model_service *out);

/* The kernel's number of a NIC of ours. */
int model_nic_ifindex(const struct model *m, uint16_t nic);

/* The weight that a server has at present: what was configured, unless health says otherwise. */
uint32_t model_weight(const struct model_backend *b);

/* Whether lists of what is configured show it: it isn't leaving, and health hasn't taken it out. */
bool model_listed(const struct model_backend *b);

/* A configured server, not a leaving one; or NULL. */
const struct model_backend *model_backend_get(const struct model *m, const struct endpoint *ep,
					      const struct addr *addr, __be16 port);

/* Totals of a server or of a service: what the workers counted since it was added or since
 * model_zero. A service's totals include those of servers that are gone. */
struct model_stats {
	uint64_t flows, packets, bytes;
	uint64_t stuck; /* SYNs that came again because nothing answered */
};
void model_backend_stats(const struct model *m, const struct model_backend *b,
			 struct model_stats *out);
void model_service_stats(const struct model *m, const struct endpoint *ep, struct model_stats *out);

/* Live flows of every backend slot, counted now from the flow tables: active (established) and
 * inactive (everything else), as in ipvsadm's ActiveConn and InActConn. Valid until the next
 * call. */
struct model_flows {
	uint32_t active, inactive;
};
const struct model_flows *model_flows(struct model *m);

/* Counts the flows anew for schedulers and thresholds that go by them: those that expired were seen
 * by no worker. Costs nothing if nobody goes by them. Call it every second. */
void model_settle_conns(struct model *m);

/* How long a flow is remembered after its last packet, as ipvsadm's --set has it: seconds. */
struct model_timeouts {
	uint32_t tcp, tcpfin, udp;
};
void model_timeouts(const struct model *m, struct model_timeouts *out);

/* Sets them; 0 leaves one as it is. In force at once, for flows that are there too, until shuntd
 * ends. Returns 0, or -EOPNOTSUPP without a data plane. */
int model_set_timeouts(struct model *m, const struct model_timeouts *timeouts);

/* A live flow, for `-L -c`. */
struct model_conn {
	struct addr client, vip, server;
	__be16 cport, vport, sport;
	uint8_t proto;
	enum flow_state state;
	uint32_t expires; /* seconds left */
};

/* Up to room flows (256 at most) from *cursor on, which is 0 for the first page, and 0 again after
 * the last one; a page may be empty. Of a service for a range or for all ports, the service is
 * told. Returns how many, or -ENOMEM. */
int model_conns(const struct model *m, uint64_t *cursor, struct model_conn *out, uint32_t room);

#endif
