/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The first to see a frame on an attached NIC: a packet for one of our services goes to the
 * AF_XDP socket of its queue, everything else to the kernel, untouched. A service's packet that
 * finds no socket is dropped: the local stack would answer it with a reset.
 * One instance per NIC; the services are shared by all of them. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shunt/abi_steer.h"

const char program_license[] SEC("license") = "Dual BSD/GPL";

/* Written by the management thread. The value says nothing: a key's presence does. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_MAX_SERVICES);
	__type(key, struct steer_key);
	__type(value, __u32);
} services SEC(".maps");

/* Filled by the holder; the kernel takes an entry out when its socket closes. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEER_MAX_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct steer_conf);
} conf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STEER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* How far the frame is read. Without CAP_PERFMON, which the loader need not have, a packet pointer
 * moves by constants only and can't be compared with NULL: so the length of IPv4 options, which
 * only the packet knows, stands apart from it. */
struct cursor {
	struct xdp_md *ctx;
	void *at;
	void *end;
	__u32 offset;  /* of at */
	__u32 options; /* bytes of them to skip */
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct ports {
	__be16 src;
	__be16 dst;
};

/* Are there so many more bytes? */
static __always_inline int has(const struct cursor *c, __u32 bytes)
{
	return c->at + bytes <= c->end;
}

static __always_inline void skip(struct cursor *c, __u32 bytes)
{
	c->at += bytes;
	c->offset += bytes;
}

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &what);

	if (n)
		(*n)++;
}

static __always_inline int is_our_mac(const __u16 *dst)
{
	const __u32 zero = 0;
	const struct steer_conf *nic = bpf_map_lookup_elem(&conf, &zero);
	const __u16 *mac = nic ? (const __u16 *)nic->mac : (void *)0;

	return mac && dst[0] == mac[0] && dst[1] == mac[1] && dst[2] == mac[2];
}

/* The functions below return STEER_REDIRECT as long as the packet can be a service's, else the
 * reason to pass it. */

static __always_inline int read_ethernet(struct cursor *c, __be16 *proto)
{
	const struct ethhdr *eth = c->at;
	const struct vlan_tag *tag;

	if (!has(c, sizeof(*eth)))
		return STEER_PASS_SHORT;
	if (!is_our_mac((const __u16 *)eth->h_dest))
		return STEER_PASS_MAC;
	*proto = eth->h_proto;
	skip(c, sizeof(*eth));
	if (*proto != bpf_htons(ETH_P_8021Q))
		return STEER_REDIRECT;
	tag = c->at;
	if (!has(c, sizeof(*tag)))
		return STEER_PASS_SHORT;
	*proto = tag->proto;
	skip(c, sizeof(*tag));
	return STEER_REDIRECT;
}

static __always_inline int read_ipv4(struct cursor *c, struct steer_key *key)
{
	const struct iphdr *ip = c->at;

	if (!has(c, sizeof(*ip)))
		return STEER_PASS_SHORT;
	if (ip->version != 4 || ip->ihl < 5)
		return STEER_PASS_PROTO;
	if (ip->frag_off & bpf_htons(0x3fff)) /* more fragments, or an offset */
		return STEER_PASS_FRAG;
	c->options = ip->ihl * 4 - sizeof(*ip);
	skip(c, sizeof(*ip));
	key->proto = ip->protocol;
	key->addr[10] = 0xff;
	key->addr[11] = 0xff;
	__builtin_memcpy(&key->addr[12], &ip->daddr, sizeof(ip->daddr));
	return STEER_REDIRECT;
}

/* Extension headers are left to the kernel: a service's packets carry none. */
static __always_inline int read_ipv6(struct cursor *c, struct steer_key *key)
{
	const struct ipv6hdr *ip = c->at;

	if (!has(c, sizeof(*ip)))
		return STEER_PASS_SHORT;
	if (ip->version != 6)
		return STEER_PASS_PROTO;
	if (ip->nexthdr == IPPROTO_FRAGMENT)
		return STEER_PASS_FRAG;
	key->proto = ip->nexthdr;
	__builtin_memcpy(key->addr, &ip->daddr, sizeof(key->addr));
	skip(c, sizeof(*ip));
	return STEER_REDIRECT;
}

static __always_inline int read_ip(struct cursor *c, __be16 proto, struct steer_key *key)
{
	if (proto == bpf_htons(ETH_P_IP))
		return read_ipv4(c, key);
	if (proto == bpf_htons(ETH_P_IPV6))
		return read_ipv6(c, key);
	return STEER_PASS_PROTO;
}

/* Ports are all that a service is known by; the worker checks the rest of the header. */
static __always_inline int read_ports(struct cursor *c, struct steer_key *key)
{
	const struct ports *ports = c->at;
	struct ports copy;

	if (key->proto != IPPROTO_TCP && key->proto != IPPROTO_UDP)
		return STEER_PASS_PROTO;
	if (c->options) {
		if (bpf_xdp_load_bytes(c->ctx, c->offset + c->options, &copy, sizeof(copy)))
			return STEER_PASS_SHORT;
		key->port = copy.dst;
		return STEER_REDIRECT;
	}
	if (!has(c, sizeof(*ports)))
		return STEER_PASS_SHORT;
	key->port = ports->dst;
	return STEER_REDIRECT;
}

static __always_inline int classify(struct cursor *c)
{
	struct steer_key key __attribute__((aligned(8))) = {};
	__be16 proto;
	int what;

	what = read_ethernet(c, &proto);
	if (what == STEER_REDIRECT)
		what = read_ip(c, proto, &key);
	if (what == STEER_REDIRECT)
		what = read_ports(c, &key);
	if (what == STEER_REDIRECT && !bpf_map_lookup_elem(&services, &key))
		what = STEER_PASS_SERVICE;
	return what;
}

SEC("xdp")
int shunt_steer(struct xdp_md *ctx)
{
	struct cursor c = {ctx, (void *)(long)ctx->data, (void *)(long)ctx->data_end, 0, 0};
	int action = XDP_PASS;
	int what = classify(&c);

	if (what == STEER_REDIRECT) {
		action = bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_DROP);
		if (action != XDP_REDIRECT)
			what = STEER_DROP_NO_SOCK;
	}
	count(what);
	return action;
}
