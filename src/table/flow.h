/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow table: which server has this connection. One per worker, of fixed size, in memory that
 * outlives the engine. Only its worker writes it, without locks; other workers may look into it
 * (a flow that changed queues), and so may the management thread (counts, lists).
 *
 * A slot is 16 bytes, four to a cache line; a flow lives in one of the 8 slots of two neighbouring
 * lines. It is known by 64 bits of keyed hash, not by its addresses: at a million flows two of them
 * collide with a probability of 3e-8.
 *
 * A slot's tag is cleared first and written last when the slot changes hands, so that whoever reads
 * it (or takes over after a crash) sees a whole slot or none: letters A and B in flow.c. */
#ifndef SHUNT_TABLE_FLOW_H
#define SHUNT_TABLE_FLOW_H

#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* One-sided TCP state (a director sees the client's half only), as IPVS keeps it for direct
 * routing; its timeouts are flow_timeout[], unless others are set. A spare flow's server follows
 * from its packets alone, as long as it isn't forgotten that it once did: it gives way to one that
 * is needed. */
enum flow_state {
	FLOW_SYN,	  /* SYN seen: 60 s, the first to be evicted */
	FLOW_ESTABLISHED, /* anything else seen: 900 s */
	FLOW_FIN,	  /* FIN seen: 120 s */
	FLOW_CLOSED,	  /* RST seen: 10 s */
	FLOW_UDP,	  /* 300 s; of other protocols than TCP and SCTP, too */
	FLOW_SPARE,	  /* FLOW_ESTABLISHED, but spare */
	FLOW_SPARE_UDP,	  /* FLOW_UDP, but spare */
	FLOW_STATES
};

enum {
	FLOW_PROBES = 8,     /* slots where a flow may live: two lines of four */
	FLOW_STATE_BITS = 4, /* the low ones of seen */
};

struct flow_slot {
	uint64_t tag;	  /* the flow's hash; 0: empty */
	uint32_t backend; /* backend id */
	uint32_t seen;	  /* seconds << 4 | state */
};
_Static_assert(sizeof(struct flow_slot) == 16, "four slots to a cache line");

struct flow_table {
	struct flow_slot *slot;
	uint64_t mask;		 /* number of slots - 1 */
	uint64_t line;		 /* which of a tag's bits are the offset of its first cache line */
	const uint32_t *timeout; /* seconds, by state; shared, may change */
	struct flow_origin *origin; /* of each slot's flow; NULL: not kept */
};

/* Where a flow comes from: for lists, nothing depends on it. Of 18 bytes, so without anything that
 * is aligned. */
struct flow_origin {
	uint8_t addr[16];
	__be16 port;
};
_Static_assert(sizeof(struct flow_origin) == 18, "no holes: there is one for each slot");

extern const uint32_t flow_timeout[FLOW_STATES]; /* seconds: what flow_attach sets */

/* Whether a TCP connection in this state counts as active. */
static inline bool flow_is_active(enum flow_state state)
{
	return state == FLOW_ESTABLISHED || state == FLOW_SPARE;
}

/* A slot's present state. The owning worker. */
static inline enum flow_state flow_state(const struct flow_slot *s)
{
	return (enum flow_state)(s->seen & ((1 << FLOW_STATE_BITS) - 1));
}

enum {
	FLOW_NO_FLAGS = TH_ACK /* stands for the flags of a packet that isn't TCP's */
};

/* True for the flags of a packet that asks for a new connection: a SYN and nothing that speaks
 * against it. Other protocols never open. */
static inline bool flow_opens(uint8_t tcp_flags)
{
	return (tcp_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN)) == TH_SYN;
}

/* Bytes of memory for a table that takes about this many flows: room for twice as many, since a
 * flow has only eight places. A power of two times 16, >= 4096. */
size_t flow_bytes(uint32_t flows);

/* Uses zeroed memory, or a table that another engine left. bytes comes from flow_bytes; memory is
 * 64-byte aligned and stays the caller's. */
void flow_attach(struct flow_table *t, void *memory, size_t bytes);

/* Bytes of memory for the origins of a table of so many bytes; origin is then set to it. */
size_t flow_origin_bytes(size_t bytes);

/* Empties slots that can't be right (unknown state, times ahead of now) after a crash.
 * Returns how many it dropped. No worker runs. */
uint32_t flow_audit(struct flow_table *t, uint32_t now);

/* The i-th of the eight slots where a flow may live. The tag says in which cache line to begin;
 * i = 0..3 stays in that line, i = 4..7 is in its neighbour. */
static inline struct flow_slot *flow_probe(const struct flow_table *t, uint64_t tag, uint32_t i)
{
	uint64_t at = (tag & t->line) ^ (i & 4) * sizeof(struct flow_slot);

	return (struct flow_slot *)((uint8_t *)t->slot + at) + (i & 3);
}

/* A burst's flows are found in three steps, each of which asks the cache for what the next one
 * reads: flow_prefetch, flow_near, flow_find. Inline, since they are shorter than a call and run
 * for each packet. The owning worker. */
static inline void flow_prefetch(const struct flow_table *t, uint64_t tag)
{
	__builtin_prefetch(flow_probe(t, tag, 0), 1);
}

/* The one slot if it has this tag, else the other. By a conditional move, which can't be
 * mispredicted: the compiler would branch if it knew what the pointers are and what follows. */
static inline struct flow_slot *flow_prefer(struct flow_slot *one, struct flow_slot *other,
					    uint64_t tag)
{
	struct flow_slot *s = one->tag == tag ? one : other;

	__asm__("" : "+r"(s));
	return s;
}

/* The flow's slot among four of its probes, those of one line: the first that has its tag, or NULL.
 * The only branch is whether there is one. */
static inline struct flow_slot *flow_line(const struct flow_table *t, uint64_t tag, uint32_t first)
{
	struct flow_slot *s = flow_probe(t, tag, first + 3);

	__asm__("" : "+r"(s));
	s = flow_prefer(flow_probe(t, tag, first + 2), s, tag);
	s = flow_prefer(flow_probe(t, tag, first + 1), s, tag);
	s = flow_prefer(flow_probe(t, tag, first), s, tag);
	return s->tag == tag ? s : NULL;
}

/* The flow's slot if it lies in the first of its two lines, alive or not. Else NULL, and the other
 * line will be asked for. */
static inline struct flow_slot *flow_near(const struct flow_table *t, uint64_t tag)
{
	struct flow_slot *found = flow_line(t, tag, 0);

	if (!found)
		__builtin_prefetch(flow_probe(t, tag, FLOW_PROBES / 2), 1);
	return found;
}

/* True for the flags of a packet that leaves every state but FLOW_SYN as it is: most packets of
 * most flows. TCP's all have ACK; so have, here, those of other protocols. */
static inline bool flow_ordinary(uint8_t tcp_flags)
{
	return (tcp_flags & (TH_SYN | TH_FIN | TH_RST | TH_ACK)) == TH_ACK;
}

/* Whether the slot is this flow's, and an ordinary packet would leave it as it is, the time too: it
 * was seen in this second, and isn't half-open. */
static inline bool flow_steady(const struct flow_slot *s, uint64_t tag, uint32_t now)
{
	const uint32_t first = FLOW_SYN + 1; /* of the other states, in one comparison */
	uint32_t state = s->seen - (now << FLOW_STATE_BITS | first); /* if of this second */

	return s->tag == tag && state < FLOW_STATES - first;
}

/* Whether an ordinary packet changes nothing but the time, which is noted then: the first one of a
 * second. The owning worker. */
static inline bool flow_renew(const struct flow_table *t, struct flow_slot *s, uint64_t tag,
			      uint32_t now)
{
	uint32_t state = flow_state(s), age = (now << FLOW_STATE_BITS) - (s->seen - state);

	if (s->tag != tag || state == FLOW_SYN || state >= FLOW_STATES ||
	    age >> FLOW_STATE_BITS >= t->timeout[state])
		return false;
	__atomic_store_n(&s->seen, now << FLOW_STATE_BITS | state, __ATOMIC_RELAXED);
	return true;
}

/* Whether the slot's flow hasn't expired. The owning worker. */
bool flow_live(const struct flow_table *t, const struct flow_slot *s, uint32_t now);

/* The flow's slot, or NULL; an expired slot isn't found. tag is never 0; now in seconds
 * of CLOCK_MONOTONIC. The owning worker, which may then call flow_touch on it. */
struct flow_slot *flow_find(struct flow_table *t, uint64_t tag, uint32_t now);

/* The flow's backend id and state as another thread sees them: false if it isn't there. Any
 * thread. */
bool flow_peek(const struct flow_table *t, uint64_t tag, uint32_t now, uint32_t *backend,
	       enum flow_state *state);

/* Notes a packet: time and state. The owning worker. */
void flow_touch(struct flow_slot *s, enum flow_state state, uint32_t now);

/* Points an existing flow to another backend. The owning worker. */
void flow_move(struct flow_slot *s, uint32_t backend);

/* Remembers a flow that flow_find didn't find. Takes an empty or expired slot, else the oldest
 * half-open (FLOW_SYN) one, else, for a proven and needed flow, a spare one's; never a proven and
 * needed flow's. A spare flow takes no other's. Returns NULL when there is no room. The owning
 * worker. */
struct flow_slot *flow_add(struct flow_table *t, uint64_t tag, uint32_t backend,
			   enum flow_state state, uint32_t now);

/* The same for a flow that can do without: takes an empty or expired slot only. */
struct flow_slot *flow_add_if_free(struct flow_table *t, uint64_t tag, uint32_t backend,
				   enum flow_state state, uint32_t now);

/* What a packet does to its flow: the state after it. tcp_flags as in the header's 14th byte;
 * old is the present state, or -1 for a new flow. */
enum flow_state flow_next_state(int old, uint8_t proto, uint8_t tcp_flags);

/* A state's spare form, if it has one. */
enum flow_state flow_spare_state(enum flow_state state);

/* Notes where a slot's flow comes from, if the table keeps that. The owning worker. */
void flow_note(const struct flow_table *t, const struct flow_slot *s, const struct addr *from,
	       __be16 port);

/* One flow of a list. */
struct flow_entry {
	uint32_t backend;
	enum flow_state state;
	uint32_t expires; /* seconds left */
	struct addr from;
	__be16 port; /* 0: not known */
};

/* Up to room live flows from slot *at on; looks at no more than `look` slots, and sets *at to where
 * to go on: above t->mask at the end. Returns how many. Any thread; a flow that changes meanwhile
 * may be seen or not, or be shown with another's client. */
uint32_t flow_list(const struct flow_table *t, uint64_t *at, uint32_t look, uint32_t now,
		   struct flow_entry *out, uint32_t room);

/* Calls back for every live flow. Any thread; a flow that changes meanwhile may be seen or not. */
void flow_each(const struct flow_table *t, uint32_t now,
	       void (*fn)(void *ctx, uint32_t backend, enum flow_state state), void *ctx);

#endif
