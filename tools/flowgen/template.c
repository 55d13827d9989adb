/* SPDX-License-Identifier: BSD-2-Clause */
#include "template.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/csum.h"
#include "base/wire.h"
#include "frame.h"
#include "zipf.h"

enum {
	SIZE_MIN = 64,
	GROUP = 32, /* connections that are opened together */
};

static bool is_v6(const struct options *o)
{
	return !addr_is_v4(&o->vip);
}

static bool is_tcp(const struct options *o)
{
	return o->kind != KIND_UDP;
}

unsigned int template_min_size(const struct options *o)
{
	unsigned int size = frame_head_len(is_v6(o), is_tcp(o)) + FCS;

	return size > SIZE_MIN ? size : SIZE_MIN;
}

__u32 template_longest(const struct gen_conf *conf)
{
	__u32 longest = 0;

	for (__u32 i = 0; i < conf->n_sizes; i++)
		if (conf->sizes[i] > longest)
			longest = conf->sizes[i];
	return longest;
}

/* Returns 0 or -EINVAL. */
static int fill_sizes(struct gen_conf *c, const struct options *o, char *err, size_t size)
{
	static const unsigned short imix[IMIX_SLOTS] = {64, 64,	 64,  64,  64,	64,
							64, 570, 570, 570, 570, 1518};
	unsigned int min = template_min_size(o), max = FRAME_MAX + FCS;

	if (o->has_size && o->size && (o->size < min || o->size > max)) {
		snprintf(err, size, "--size %u: these frames have %u to %u bytes, FCS counted",
			 o->size, min, max);
		return -EINVAL;
	}
	c->n_sizes = o->size ? 1 : IMIX_SLOTS;
	for (__u32 i = 0; i < c->n_sizes; i++) {
		unsigned int want = o->size ? o->size : imix[i];

		c->sizes[i] = (want < min ? min : want) - FCS;
	}
	return 0;
}

/* The low 32 bits of the source vary in up to HOST_BITS bits of what its prefix leaves. */
static int fill_source(struct gen_conf *c, const struct options *o, char *err, size_t size)
{
	unsigned int left = (is_v6(o) ? 128 : 32) - o->src_bits;

	if (addr_is_v4(&o->vip) != addr_is_v4(&o->src)) {
		snprintf(err, size, "--src and --vip: one is IPv4, the other IPv6");
		return -EINVAL;
	}
	c->host_bits = left < HOST_BITS ? left : HOST_BITS;
	c->host = ntohl(o->src.w[3]);
	if (o->flows > 1ull << (c->host_bits + PORT_BITS)) {
		snprintf(err, size, "--flows %u: the source prefix holds %llu; cure: a shorter one",
			 o->flows, 1ull << (c->host_bits + PORT_BITS));
		return -EINVAL;
	}
	return 0;
}

static void fill_ip4(struct gen_conf *c, const struct options *o)
{
	struct wire_ip4 ip = {
		.version_ihl = 0x45,
		.frag = htons(0x4000), /* don't fragment */
		.ttl = 64,
		.proto = is_tcp(o) ? IPPROTO_TCP : IPPROTO_UDP,
	};

	memcpy(ip.addrs + 4, &o->vip.w[3], 4);
	c->ip_sum = csum_add(0, &ip, sizeof(ip));
	c->l4_sum = csum_pseudo(ip.addrs, sizeof(ip.addrs), ip.proto, 0);
	memcpy(c->head + ETH_LEN, &ip, sizeof(ip));
}

static void fill_ip6(struct gen_conf *c, const struct options *o)
{
	struct wire_ip6 ip = {
		.version_class = 0x60,
		.next = is_tcp(o) ? IPPROTO_TCP : IPPROTO_UDP,
		.hops = 64,
	};

	memcpy(ip.addrs, o->src.b, 12);
	memcpy(ip.addrs + 16, o->vip.b, 16);
	c->l4_sum = csum_pseudo(ip.addrs, sizeof(ip.addrs), ip.next, 0);
	memcpy(c->head + ETH_LEN, &ip, sizeof(ip));
}

static void fill_l4(struct gen_conf *c, const struct options *o, unsigned int stream)
{
	__u8 *l4 = c->head + ETH_LEN + (c->v6 ? sizeof(struct wire_ip6) : sizeof(struct wire_ip4));
	__be32 tag = htonl(STAMP_MAGIC | stream);

	if (is_tcp(o)) {
		struct wire_tcp tcp = {.ports = {0, o->port}, .window = htons(65535)};

		memcpy(l4, &tcp, sizeof(tcp));
		memcpy(l4 + sizeof(tcp), &tag, sizeof(tag));
	} else {
		struct wire_udp udp = {.ports = {0, o->port}};

		memcpy(l4, &udp, sizeof(udp));
		memcpy(l4 + sizeof(udp) + 8, &tag, sizeof(tag)); /* behind sequence and time */
	}
	c->l4_sum = csum_add((__u32)c->l4_sum, l4, (size_t)(c->head + HEAD_MAX - l4));
}

static void fill_flows(struct gen_conf *c, const struct options *o, unsigned int thread,
		       unsigned int threads)
{
	c->first = thread;
	c->stride = threads;
	c->flows = (o->flows - thread + threads - 1) / threads;
	c->pick = (__u8)o->pick;
	c->random_tuples = o->random_tuples;
	c->acks = o->acks;
	c->group = c->flows < GROUP ? c->flows : GROUP;
	c->seed = frame_mix(o->seed + thread);
	if (o->pick == PICK_ZIPF)
		c->zipf_slots = zipf_fill(c->zipf, c->flows, o->zipf);
}

int template_fill(struct gen_conf *conf, const struct options *o, const uint8_t src_mac[6],
		  unsigned int thread, unsigned int threads, char *err, size_t size)
{
	struct wire_eth eth = {.type = htons(is_v6(o) ? ETH_P_IPV6 : ETH_P_IP)};
	int r;

	assert(thread < threads && threads <= o->flows);
	memset(conf, 0, sizeof(*conf));
	conf->v6 = is_v6(o);
	conf->kind = (__u8)o->kind;
	r = fill_sizes(conf, o, err, size);
	if (!r)
		r = fill_source(conf, o, err, size);
	if (r)
		return r;
	memcpy(eth.macs, o->dst_mac, 6);
	memcpy(eth.macs + 6, o->has_src_mac ? o->src_mac : src_mac, 6);
	memcpy(conf->head, &eth, sizeof(eth));
	if (conf->v6)
		fill_ip6(conf, o);
	else
		fill_ip4(conf, o);
	fill_l4(conf, o, o->stream + thread);
	fill_flows(conf, o, thread, threads);
	conf->count = o->count / threads + (thread < o->count % threads);
	conf->burst = o->burst ? o->burst : 1;
	conf->lag = (__u64)o->lag_ms * 1000000;
	if (o->rate > 0)
		conf->interval = (__u64)(threads * 1e9 * 65536 / o->rate);
	return 0;
}
