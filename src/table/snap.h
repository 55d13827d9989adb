/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot: services and backends as the workers see them. Immutable once published; workers
 * read it under QSBR (liburcu), the management thread builds the next and swaps. Where path and
 * mgmt meet. */
#ifndef SHUNT_TABLE_SNAP_H
#define SHUNT_TABLE_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dataplane.h"
#include "base/hash.h"
#include "table/sched.h"
#include "table/service.h"

/* A backend id is its slot and a generation, so that a flow of a removed server is never taken
 * for a flow of the server that got its slot. 0 is no id. */
enum {
	BACKEND_SLOT_BITS = 17
};
_Static_assert(BACKENDS_MAX == 1 << BACKEND_SLOT_BITS, "a slot is the low bits of an id");

static inline uint32_t backend_slot(uint32_t id)
{
	return id & (BACKENDS_MAX - 1);
}

enum backend_flags {
	BACKEND_READY = 1 << 0,	  /* its MAC is known and its NIC is up: flows may go there */
	BACKEND_OPEN = 1 << 1,	  /* takes new flows: weight > 0 and not removed */
	BACKEND_VLAN = 1 << 2,	  /* frames to it carry the tag vlan, whatever they came with */
	BACKEND_TUNNEL = 1 << 3,  /* packets to it are wrapped: tunnel[slot] says how */
	BACKEND_REMOVED = 1 << 4, /* and only there for the flows that it had */
	BACKEND_REFUSE = 1 << 5,  /* removed, and its flows are dropped; never with BACKEND_READY */
	BACKEND_RESET = 1 << 6,	  /* with BACKEND_REFUSE: TCP clients are told by a reset */
};

/* A server of a service: one half of a cache line. */
struct backend {
	uint32_t id;	  /* 0: this slot is free */
	uint32_t flags;	  /* enum backend_flags */
	uint8_t macs[12]; /* the frame's first 12 bytes: server's MAC, egress NIC's MAC */
	uint16_t nic;	  /* egress NIC: index into the worker's transmit ports */
	uint16_t vlan;	  /* with BACKEND_VLAN */
	uint32_t service; /* its service's slot */
	uint16_t mtu;	  /* of the way to it */
	uint16_t pad;
};
_Static_assert(sizeof(struct backend) == 32, "two backends to a cache line");

/* How packets to a server are wrapped. */
struct tunnel {
	struct addr src; /* outer; in bits that src_spread has, the flow's hash takes its place */
	struct addr dst;
	struct addr src_spread;
	uint8_t type;  /* enum tunnel_type */
	uint8_t flags; /* enum tunnel_flags */
	__be16 port;   /* GUE */
	uint32_t pad[3];
};
_Static_assert(sizeof(struct tunnel) == 64, "a tunnel to a cache line");

struct service {
	struct endpoint ep;
	uint32_t slot;		/* the service's own number */
	uint8_t sched;		/* enum sched */
	uint8_t flags;		/* enum service_flags */
	uint8_t persist_prefix; /* as in service_conf, IPv4's counted from bit 96 */
	uint8_t removed;	/* enum removed_policy */
	uint32_t persist;	/* seconds */
	struct pick *pick;	/* never NULL once published; the snapshot's reference */
	uint32_t *cursor;	/* rr, wrr: outlives the snapshot */
};

enum {
	SNAP_PREFIXES = 127
};

struct snap {
	uint64_t generation; /* 1, 2, 3 ... */
	uint32_t n_services;
	uint32_t n_backends; /* slots, used or not */
	struct service *service;
	struct backend *backend;
	struct backend self[NICS_MAX]; /* our own NICs: the way back out of each */
	uint32_t n_tunnels;	       /* backends that have one */
	struct tunnel *tunnel;	       /* by backend slot; NULL: nobody has one */
	uint32_t *index; /* hash index of service: its number + 1, or 0; linear probing */
	uint32_t index_mask;
	uint32_t n_prefixes;
	uint8_t prefix[SNAP_PREFIXES]; /* lengths of the services' ranges, the longest first */
	bool any_port;		       /* some service is for all ports */
	struct hash_key key;	       /* of the index */
	size_t bytes;		       /* of all this: one block */
};

/* An empty snapshot with room for that many services and backend slots (all free), each
 * with one for a tunnel if there are n_tunnels. The caller fills service[], backend[] and tunnel[],
 * then calls snap_index. NULL when out of memory. Management. */
struct snap *snap_new(uint32_t n_services, uint32_t n_backends, uint32_t n_tunnels,
		      const struct hash_key *key);

/* Builds the hash index over service[0..n_services), whose endpoints differ. Management, before
 * publishing. */
void snap_index(struct snap *s);

/* Takes over the index of another snapshot with the same destinations at the same places. */
void snap_index_copy(struct snap *s, const struct snap *from);

/* Frees a snapshot that was never published, and its references to picks; takes NULL. Management
 * thread. */
void snap_free(struct snap *s);

/* Makes next current, frees the old snapshot (and its references to picks) once no worker can
 * hold it: waits until each has passed a quiescent state. Management thread, holding no lock; takes
 * ownership of next; cannot fail. NULL takes the table away, at exit. */
void snap_publish(struct snap *next);

/* The current snapshot, or NULL. Workers: registered with QSBR and online; valid until their next
 * quiescent state. Management: valid until its next snap_publish. */
const struct snap *snap_get(void);

/* The service that is configured as this, or NULL. Whoever may hold s. */
const struct service *snap_service(const struct snap *s, const struct endpoint *ep);

/* The service that a packet to this destination (prefix 0) belongs to, or NULL: of its address and
 * port, else of all ports, else of all protocols; else the same for the ranges that hold the
 * address, the narrowest first. Whoever may hold s. */
const struct service *snap_match(const struct snap *s, const struct endpoint *to);

/* Whether any service is at this address, or for a range that holds it. Goes through all of them:
 * for the few who ask. Whoever may hold s. */
bool snap_has_address(const struct snap *s, const struct addr *a);

/* The backend with this id, or NULL if it is gone. Whoever may hold s. Inline: for each packet, and
 * shorter than a call. */
static inline const struct backend *snap_backend(const struct snap *s, uint32_t id)
{
	uint32_t slot = backend_slot(id);

	if (slot >= s->n_backends || s->backend[slot].id != id || !id)
		return NULL;
	return &s->backend[slot];
}

/* A NIC's own MAC address, as answers have it for their source. Whoever may hold s. */
static inline const uint8_t *snap_own_mac(const struct snap *s, uint32_t nic)
{
	return s->self[nic].macs + 6;
}

#endif
