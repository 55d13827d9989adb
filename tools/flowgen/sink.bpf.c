/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The sink: counts flowgen's frames and drops them; passes everything else. Counters are per CPU.
 * What needs one view of a stream, seen and lanes, is shared: a frame may come in anywhere. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "hist.h"

const char program_license[] SEC("license") = "Dual BSD/GPL";

/* Streams that seen and lanes have room for. */
const volatile __u32 sink_streams = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sink_total);
} total SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STREAMS_MAX);
	__type(key, __u32);
	__type(value, struct sink_stream);
} streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HIST_BUCKETS);
	__type(key, __u32);
	__type(value, __u64);
} latency SEC(".maps");

/* Frames by length, without FCS. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SIZES);
	__type(key, __u32);
	__type(value, __u64);
} sizes SEC(".maps");

/* By destination MAC, in the low 48 bits, first byte highest. Sized by --servers. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct sink_server);
} servers SEC(".maps");

/* Which of a stream's last 2^20 frames have come: 32 of them to a word, whose upper half is their
 * sequence number's upper 12 bits. Sized by --streams, as lanes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

/* The last sequence number of a lane, plus 1. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} lanes SEC(".maps");

/* What a frame says. */
struct mark {
	__u32 seq, ns, stream, lane, syn;
};

enum verdict {
	NEW,
	DUPLICATE,
	LATE,
};

struct cursor {
	void *at, *end;
};

static __always_inline void *take(struct cursor *c, __u32 bytes)
{
	void *at = c->at;

	if (at + bytes > c->end)
		return (void *)0;
	c->at = at + bytes;
	return at;
}

/* Past Ethernet and up to two VLAN tags. Returns the type, in network order. */
static __always_inline __be16 skip_eth(struct cursor *c)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	__be16 type = eth ? eth->h_proto : 0;

	for (int i = 0; i < 2; i++) {
		__be16 *tag;

		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		tag = take(c, 4);
		type = tag ? tag[1] : 0;
	}
	return type;
}

/* Past IP. Returns the protocol, or 0. */
static __always_inline __u8 skip_ip(struct cursor *c, int v6)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	if (v6) {
		ip6 = take(c, sizeof(*ip6));
		return ip6 ? ip6->nexthdr : 0;
	}
	ip = take(c, sizeof(*ip));
	return ip && ip->ihl == 5 ? ip->protocol : 0;
}

static __always_inline int read_stamp(struct cursor *c, struct mark *m)
{
	struct stamp *s = take(c, 6);
	__u32 tag = s ? bpf_ntohl(s->tag) : 0;

	m->stream = tag & 0xff;
	if (tag - m->stream != STAMP_MAGIC)
		return 0;
	m->lane = bpf_ntohs(s->lane);
	return 1;
}

static __always_inline int read_tcp(struct cursor *c, struct mark *m)
{
	struct tcphdr *tcp = take(c, sizeof(*tcp));

	if (!tcp || tcp->doff != 5)
		return 0;
	m->seq = bpf_ntohl(tcp->seq);
	m->ns = bpf_ntohl(tcp->ack_seq);
	m->syn = tcp->syn;
	return read_stamp(c, m);
}

static __always_inline int read_udp(struct cursor *c, struct mark *m)
{
	__be32 *words;

	if (!take(c, sizeof(struct udphdr)))
		return 0;
	words = take(c, 8);
	if (!words)
		return 0;
	m->seq = bpf_ntohl(words[0]);
	m->ns = bpf_ntohl(words[1]);
	m->syn = 0;
	return read_stamp(c, m);
}

/* Is it one of ours? Looks into one tunnel of IP in IP, too. */
static __always_inline int read_mark(struct cursor c, struct mark *m)
{
	__be16 type = skip_eth(&c);
	__u8 proto;

	if (type != bpf_htons(ETH_P_IP) && type != bpf_htons(ETH_P_IPV6))
		return 0;
	proto = skip_ip(&c, type == bpf_htons(ETH_P_IPV6));
	if (proto == IPPROTO_IPIP || proto == IPPROTO_IPV6)
		proto = skip_ip(&c, proto == IPPROTO_IPV6);
	if (proto == IPPROTO_TCP)
		return read_tcp(&c, m);
	return proto == IPPROTO_UDP && read_udp(&c, m);
}

/* Notes the frame in seen. Another CPU may be at the same word: four attempts, after which a
 * duplicate may go unnoticed. */
static __always_inline enum verdict see(const struct mark *m)
{
	__u32 key = m->stream * SEEN_WORDS + (m->seq / 32) % SEEN_WORDS;
	__u64 *word = bpf_map_lookup_elem(&seen, &key);
	__u64 epoch = m->seq / (32 * SEEN_WORDS), bit = 1ull << (m->seq % 32), old, next;
	__s32 newer;

	if (!word)
		return NEW;
	for (int i = 0; i < 4; i++) {
		old = *(volatile __u64 *)word;
		/* A word without a bit was never used: its epoch says nothing. */
		newer = old ? (__s32)((__u32)(epoch - (old >> 32)) << 20) : 1;
		if (newer < 0)
			return LATE;
		if (!newer && (old & bit))
			return DUPLICATE;
		next = newer ? (epoch << 32) | bit : old | bit;
		if (__sync_val_compare_and_swap(word, old, next) == old)
			break;
	}
	return NEW;
}

/* Did a later frame of its lane come before it? */
static __always_inline int overtaken(const struct mark *m)
{
	__u32 key = m->stream * LANES + m->lane;
	__u32 *last = bpf_map_lookup_elem(&lanes, &key);

	if (!last)
		return 0;
	if (*last && (__s32)(m->seq + 1 - *last) < 0)
		return 1;
	*last = m->seq + 1;
	return 0;
}

static __always_inline void count_stream(const struct mark *m, __u32 len)
{
	__u32 key = m->stream;
	struct sink_stream *s = bpf_map_lookup_elem(&streams, &key);
	enum verdict v = see(m);
	__u64 seq;

	if (!s)
		return;
	seq = s->frames ? s->last + (__s32)(m->seq - (__u32)s->last) : m->seq;
	if (!s->frames || seq < s->first)
		s->first = seq;
	if (!s->frames || seq > s->last)
		s->last = seq;
	s->frames++;
	s->bytes += len;
	s->syns += m->syn;
	if (v == DUPLICATE)
		s->duplicates++;
	else if (overtaken(m))
		s->reordered++;
	if (v == LATE)
		s->late++;
}

static __always_inline void count_latency(struct sink_total *t, __u32 ns)
{
	__u32 key = hist_bucket(ns);
	__u64 *n = bpf_map_lookup_elem(&latency, &key);

	if (n)
		(*n)++;
	t->latency_sum += ns;
	if (!t->frames || ns < t->latency_min)
		t->latency_min = ns;
	if (ns > t->latency_max)
		t->latency_max = ns;
}

static __always_inline void count_server(struct sink_total *t, const __u8 *mac, __u32 len)
{
	struct sink_server *s, zero = {0};
	__u64 key = 0;

	for (int i = 0; i < 6; i++)
		key = key << 8 | mac[i];
	s = bpf_map_lookup_elem(&servers, &key);
	if (!s) {
		bpf_map_update_elem(&servers, &key, &zero, BPF_NOEXIST);
		s = bpf_map_lookup_elem(&servers, &key);
	}
	if (!s) {
		t->no_room++;
		return;
	}
	s->frames++;
	s->bytes += len;
}

static __always_inline void count_size(__u32 len)
{
	__u32 key = len < SIZES ? len : SIZES - 1;
	__u64 *n = bpf_map_lookup_elem(&sizes, &key);

	if (n)
		(*n)++;
}

static __always_inline void count_total(struct sink_total *t, __u64 now, __u32 len)
{
	if (!t->frames)
		t->first_ns = now;
	t->last_ns = now;
	t->frames++;
	t->bytes += len;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	struct cursor c = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	__u32 key = 0, len = (__u32)(c.end - c.at);
	struct sink_total *t = bpf_map_lookup_elem(&total, &key);
	__u64 now = bpf_ktime_get_ns();
	struct mark m = {0};

	if (!t)
		return XDP_PASS;
	if (c.at + ETH_HLEN > c.end || !read_mark(c, &m)) {
		t->foreign++;
		return XDP_PASS;
	}
	if (m.stream < sink_streams)
		count_stream(&m, len);
	else
		t->no_room++;
	count_latency(t, (__u32)now - m.ns);
	count_server(t, c.at, len);
	count_size(len);
	count_total(t, now, len);
	return XDP_DROP;
}

/* The other end of a generator whose own ceiling is to be known. */
SEC("xdp")
int drop(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct sink_total *t = bpf_map_lookup_elem(&total, &key);

	if (t)
		count_total(t, bpf_ktime_get_ns(), (__u32)(ctx->data_end - ctx->data));
	return XDP_DROP;
}
