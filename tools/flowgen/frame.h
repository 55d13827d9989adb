/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* How a frame comes to be: when (pace), of which flow, how long, and its bytes. One source for
 * both engines, and therefore inline: it is compiled into the BPF program, too. All is computed
 * from the frame's sequence number; no table of flows is needed. Pure but for gen_state, which
 * the generating thread owns. */
#ifndef FLOWGEN_FRAME_H
#define FLOWGEN_FRAME_H

#include <linux/types.h>

#include <bpf/bpf_endian.h>

#include "abi.h"

#define FRAME_INLINE static inline __attribute__((always_inline))

/* Words at any address. BPF's compiler would store packed ones by bytes; its machine needn't. */
#ifdef __bpf__
typedef __u16 frame_u16;
typedef __u32 frame_u32;
#else
typedef __u16 __attribute__((aligned(1), may_alias)) frame_u16;
typedef __u32 __attribute__((aligned(1), may_alias)) frame_u32;
#endif

/* A frame before it has bytes. Numbers in host order. */
struct frame {
	__u32 seq, ns;
	__u32 host; /* source address, low 32 bits */
	__u16 port;
	__u16 lane;
	__u16 len; /* bytes, without FCS */
	__u8 syn;
};

/* A bijection of 64-bit numbers (Steele, Lea, Flood: "Fast splittable pseudorandom number
 * generators", 2014): the random numbers are those of seq, seq + 1, ... */
FRAME_INLINE __u64 frame_mix(__u64 x)
{
	x *= 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

/* A bijection of numbers below 2^bits, 16 <= bits <= 32: odd factors and shifts that can be
 * undone. */
FRAME_INLINE __u32 frame_scatter(__u32 x, __u32 bits)
{
	__u32 mask = bits < 32 ? (1u << bits) - 1 : 0xffffffff;
	__u32 half = (bits + 1) / 2;

	x = (x * 0x9e3779b1) & mask;
	x ^= x >> half;
	x = (x * 0x85ebca6b) & mask;
	x ^= x >> half;
	x = (x * 0xc2b2ae35) & mask;
	return x ^ (x >> half);
}

/* The tuple of a flow: all differ, for up to 2^(host_bits + PORT_BITS) flows. */
FRAME_INLINE void frame_tuple(const struct gen_conf *c, __u32 flow, struct frame *f)
{
	__u32 x = c->random_tuples ? frame_scatter(flow, c->host_bits + PORT_BITS) : flow;

	f->port = (1u << PORT_BITS) | (x & ((1u << PORT_BITS) - 1));
	f->host = c->host + (x >> PORT_BITS);
	f->lane = (__u16)flow;
}

FRAME_INLINE __u32 frame_zipf(const struct gen_conf *c, __u64 r)
{
	__u32 i = (__u32)(((__u64)(__u32)r * c->zipf_slots) >> 32) & (ZIPF_SLOTS - 1);
	__u64 again = frame_mix(r);

	if ((__u32)(r >> 32) >= c->zipf[i].coin)
		i = c->zipf[i].other & (ZIPF_SLOTS - 1);
	return c->zipf[i].first + (__u32)(((again >> 32) * c->zipf[i].width) >> 32);
}

/* Connections in groups: a SYN of each, then an ACK of each, as often as there are to be ACKs;
 * then the next group. */
FRAME_INLINE __u32 frame_connection(const struct gen_conf *c, __u64 seq, struct frame *f)
{
	__u64 frames = (__u64)c->group * (c->acks + 1);
	__u64 at = seq % frames;

	f->syn = at < c->group;
	return (__u32)((seq / frames * c->group + at % c->group) % c->flows);
}

/* Which of the thread's flows, and with it the tuple; then the size. */
FRAME_INLINE void frame_plan(const struct gen_conf *c, __u64 seq, struct frame *f)
{
	__u64 r = frame_mix(seq + c->seed);
	__u32 flow;

	f->seq = (__u32)seq;
	f->syn = c->kind == KIND_SYN;
	if (c->kind == KIND_NEW)
		flow = frame_connection(c, seq, f);
	else if (c->pick == PICK_RR)
		flow = (__u32)(seq % c->flows);
	else if (c->pick == PICK_RANDOM)
		flow = (__u32)(((r >> 32) * c->flows) >> 32);
	else
		flow = frame_zipf(c, r);
	frame_tuple(c, c->first + flow * c->stride, f);
	f->len = (__u16)c->sizes[0];
	if (c->n_sizes == IMIX_SLOTS) {
		__u32 i = (__u32)(((frame_mix(~r) >> 32) * IMIX_SLOTS) >> 32);

		f->len = (__u16)c->sizes[i < IMIX_SLOTS ? i : 0];
	}
}

FRAME_INLINE __u16 frame_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

#define AT16(at) (*(frame_u16 *)(at))
#define AT32(at) (*(frame_u32 *)(at))

enum {
	ETH_LEN = 14,
	TCP_SYN_WORD = 0x5002, /* five words of header, SYN */
	TCP_ACK_WORD = 0x5010,
};

/* The addresses' ends that vary and the lengths. Returns where layer 4 begins. */
FRAME_INLINE __u8 *frame_ip(const struct gen_conf *c, const struct frame *f, __u8 *ip, int v6)
{
	__u32 host = bpf_htonl(f->host);
	__u16 len = bpf_htons((__u16)(f->len - ETH_LEN));

	if (v6) {
		AT16(ip + 4) = bpf_htons((__u16)(f->len - ETH_LEN - 40));
		AT32(ip + 20) = host;
		return ip + 40;
	}
	AT16(ip + 2) = len;
	AT16(ip + 10) = frame_fold(c->ip_sum + host + len);
	AT32(ip + 12) = host;
	return ip + 20;
}

FRAME_INLINE void frame_l4(const struct gen_conf *c, const struct frame *f, __u8 *l4, int v6,
			   int tcp)
{
	__u16 len = bpf_htons((__u16)(f->len - ETH_LEN - (v6 ? 40 : 20)));
	__u16 word = bpf_htons(f->syn ? TCP_SYN_WORD : TCP_ACK_WORD), check;
	__u16 port = bpf_htons(f->port), lane = bpf_htons(f->lane);
	__u32 seq = bpf_htonl(f->seq), ns = bpf_htonl(f->ns);
	__u64 sum = c->l4_sum + bpf_htonl(f->host) + port + len + seq + ns + lane;

	AT16(l4) = port;
	if (tcp) {
		AT32(l4 + 4) = seq;
		AT32(l4 + 8) = ns;
		AT16(l4 + 12) = word;
		AT16(l4 + 16) = frame_fold(sum + word);
		AT16(l4 + 24) = lane;
		return;
	}
	check = frame_fold(sum + len); /* the length counts twice: pseudo header and header */
	AT16(l4 + 4) = len;
	AT16(l4 + 6) = check ? check : 0xffff;
	AT32(l4 + 8) = seq;
	AT32(l4 + 12) = ns;
	AT16(l4 + 20) = lane;
}

/* Bytes of headers and stamp. */
FRAME_INLINE __u32 frame_head_len(int v6, int tcp)
{
	return ETH_LEN + (v6 ? 40 : 20) + (tcp ? 26 : 22);
}

/* Writes headers and stamp to `at`, which has room for them; what follows is all 0. v6 and tcp
 * are constants where this is called, so that each kind gets straight code. */
FRAME_INLINE void frame_write_kind(const struct gen_conf *c, const struct frame *f, void *at,
				   int v6, int tcp)
{
	for (__u32 i = 0; i < frame_head_len(v6, tcp) / 4; i++)
		AT32((__u8 *)at + 4 * i) = ((const frame_u32 *)c->head)[i];
	frame_l4(c, f, frame_ip(c, f, (__u8 *)at + ETH_LEN, v6), v6, tcp);
}

/* May the next frame go? now is in ns. Keeps the rate of gen_conf; if it is too late by more than
 * lag, what should have been sent counts as missed: a burst of it would be another test. */
FRAME_INLINE int frame_due(const struct gen_conf *c, struct gen_state *s, __u64 now)
{
	__u64 at = (now - s->start) << 16;

	if (!c->interval)
		return 1;
	if (!s->sent)
		s->next = at; /* an engine may take a while to start */
	if (!s->credit) {
		if ((__s64)(at - s->next) < 0)
			return 0;
		if (at - s->next > c->lag << 16) {
			__u64 n = (at - s->next) / c->interval;

			s->missed += n;
			s->next += n * c->interval;
		}
		s->next += c->interval * c->burst;
		s->credit = c->burst;
	}
	s->credit--;
	return 1;
}

/* Is anything left to be sent? */
FRAME_INLINE int frame_over(const struct gen_conf *c, struct gen_state *s, __u64 now)
{
	if ((c->count && s->sent >= c->count) || (s->end && now >= s->end))
		s->over = 1;
	return s->over;
}

/* Takes note of a frame that is on its way. */
FRAME_INLINE void frame_sent(struct gen_state *s, const struct frame *f, __u64 now)
{
	if (!s->sent)
		s->first_ns = now;
	s->last_ns = now;
	s->sent++;
	s->bytes += f->len;
}

#endif
