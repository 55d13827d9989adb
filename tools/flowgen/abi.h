/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What flowgen's BPF programs and its C agree on: how frames are made, what a frame carries for
 * the sink, and the sink's counters. No header of the C library: BPF programs include this. */
#ifndef FLOWGEN_ABI_H
#define FLOWGEN_ABI_H

#include <linux/types.h>

enum {
	FCS = 4,	     /* sizes count the frame check sequence, buffers don't hold it */
	HEAD_MAX = 80,	     /* headers and stamp of TCP over IPv6, the longest */
	FRAME_MAX = 1514,    /* without FCS */
	IMIX_SLOTS = 12,     /* 7 + 4 + 1 */
	PORT_BITS = 15,	     /* a flow's source port is 32768 and more */
	HOST_BITS = 17,	     /* and its address varies in up to so many bits */
	ZIPF_SLOTS = 1024,   /* a power of 2, at least HIST_BUCKETS of the most flows */
	STREAMS_MAX = 256,   /* one a generator thread */
	LANES = 65536,	     /* flows of a stream that the sink keeps the order of */
	SEEN_WORDS = 32768,  /* the sink remembers 32 times so many frames of a stream */
	SIZES = 4096,	     /* frames of this size and more are counted as one */
	FLOWS_MAX = 1 << 24, /* 16 Mi */
};

/* Behind the headers of every frame, in network order. sequence and time lie in front of it in a
 * UDP payload; in TCP, where a 64-byte frame has 6 bytes of payload, they are the header's
 * sequence and acknowledgement numbers. */
#define STAMP_MAGIC 0x46470100u /* the low byte is the stream */
struct stamp {
	__be32 tag;  /* magic and stream */
	__be16 lane; /* low bits of the flow's number */
};

enum frame_kind {
	KIND_UDP,
	KIND_ACK,
	KIND_SYN,
	KIND_NEW, /* connections: a SYN each, then ACKs */
};

enum frame_pick {
	PICK_RR,
	PICK_RANDOM,
	PICK_ZIPF,
};

/* A slot of an alias table (Walker; Vose, "A linear algorithm for generating random numbers with
 * a given distribution", 1991) over groups of flows of about the same popularity. */
struct zipf_slot {
	__u32 coin;  /* of 2^32: keep this slot, else take the other */
	__u32 other; /* index */
	__u32 first; /* this slot's flows */
	__u32 width;
};

/* How one thread makes its frames. Doesn't change while it runs: a constant of the BPF program.
 * Sums are one's complement sums in network order of all that doesn't vary from frame to frame. */
struct gen_conf {
	__u8 head[HEAD_MAX]; /* of every frame; what varies is 0 in it */
	__u8 v6, kind, pick, random_tuples;
	__u32 ifindex;
	__u64 ip_sum, l4_sum;
	__u64 seed;
	__u64 count;		    /* frames to send; 0: no end */
	__u64 interval;		    /* between frames, ns << 16; 0: flat out */
	__u64 lag;		    /* ns: who is later than this when paced doesn't catch up */
	__u32 burst;		    /* frames sent together when paced */
	__u32 flows, first, stride; /* this thread has flows first, first + stride, ... */
	__u32 acks;		    /* KIND_NEW: behind each SYN */
	__u32 group;		    /* KIND_NEW: connections that are opened together */
	__u32 host;		    /* source address, low 32 bits, host order */
	__u32 host_bits;	    /* so many of them vary */
	__u32 n_sizes;
	__u32 sizes[IMIX_SLOTS]; /* without FCS */
	__u32 zipf_slots;	 /* in use; the rest is never taken */
	struct zipf_slot zipf[ZIPF_SLOTS];
};

/* What a thread has done. The thread writes, the main thread reads. */
struct gen_state {
	__u64 start, end;  /* ns, monotonic; end 0: none */
	__u64 sent, bytes; /* bytes without FCS */
	__u64 next;	   /* ns << 16 since start: when the next burst is due */
	__u64 missed;	   /* frames that weren't sent because their time had passed */
	__u64 first_ns, last_ns;
	__u32 credit; /* frames left in this burst */
	__u32 over;   /* nothing more is to be sent */
};

/* A stream at the sink, on one CPU. Sequence numbers as 64 bits: the wire has the low half. */
struct sink_stream {
	__u64 frames, bytes; /* bytes without FCS */
	__u64 first, last;   /* lowest and highest sequence number */
	__u64 duplicates, reordered;
	__u64 late; /* so late that a duplicate would not be noticed */
	__u64 syns;
};

/* All that comes in, on one CPU. */
struct sink_total {
	__u64 frames, bytes, foreign, no_room;
	__u64 first_ns, last_ns;
	__u64 latency_sum, latency_min, latency_max;
};

struct sink_server {
	__u64 frames, bytes;
};

#endif
