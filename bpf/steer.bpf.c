/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The first to see a frame on an attached NIC: a packet for one of our services goes to the
 * AF_XDP socket of its queue, everything else to the kernel, untouched. A service's packet that
 * finds no socket is dropped: the local stack would answer it with a reset.
 * One instance per NIC; the services are shared by all of them.
 *
 * The straight way is short: MAC, at most two tags, IP, ports, one look into the service map. What
 * belongs to a service without having its ports in that place is found out in functions of their
 * own: fragments, extension headers, ICMP errors, services of whole ranges; and, where shunt owns
 * the virtual addresses, who asks for them. */
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

/* Likewise: the addresses of the services. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, STEER_MAX_SERVICES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct steer_vip_key);
	__type(value, struct steer_vip);
} vips SEC(".maps");

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

enum {
	FRAG_BITS = 0x3fff, /* more fragments, or an offset */
	FRAG_OFFSET = 0x1fff,
	EXTENSIONS_MAX = 8,
	ICMP_HEADER = 8,
	ARP_REQUEST = 1,
};

/* How far the frame is read. Without CAP_PERFMON, which the loader need not have, a packet pointer
 * moves by constants only and can't be compared with NULL: so what only the packet knows, the
 * length of options and extension headers, stands apart from it. */
struct cursor {
	struct xdp_md *ctx;
	void *at;
	void *end;
	__u32 offset;  /* of at */
	__u32 more;    /* bytes of options and extension headers to skip */
	__u8 fragment; /* FRAG_FIRST, FRAG_LATER: of one */
};

enum {
	FRAG_NONE,
	FRAG_FIRST,
	FRAG_LATER
};

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

struct ports {
	__be16 src;
	__be16 dst;
};

struct extension {
	__u8 next;
	__u8 len;
	__be16 frag; /* in a fragment header: offset and flag */
};

struct arp {
	__be16 hardware, protocol;
	__u8 sizes[2];
	__be16 op;
	__u8 sender[6];
	__u8 sender_ip[4];
	__u8 target[6];
	__u8 target_ip[4];
} __attribute__((packed));

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

static __always_inline void map_address(__u8 *out, const void *v4)
{
	out[10] = 0xff;
	out[11] = 0xff;
	__builtin_memcpy(&out[12], v4, 4);
}

static __always_inline __u8 proto_bit(__u8 proto)
{
	return proto == IPPROTO_TCP    ? STEER_TCP
	       : proto == IPPROTO_UDP  ? STEER_UDP
	       : proto == IPPROTO_SCTP ? STEER_SCTP
				       : STEER_OTHER;
}

/* The functions below return STEER_REDIRECT as long as the packet can be a service's, else the
 * reason to pass it. */

/* Not one address and port: a service for all ports, or for a range? */
static __noinline int in_range(const struct steer_key *key)
{
	struct steer_vip_key at = {.prefix = 128};
	struct steer_key range = {.port = key->port, .proto = key->proto};

	__builtin_memcpy(at.addr, key->addr, sizeof(at.addr));
	for (int i = 0; i < STEER_MAX_NESTED; i++) {
		const struct steer_vip *vip = bpf_map_lookup_elem(&vips, &at);

		if (!vip)
			break;
		if (vip->all & proto_bit(key->proto))
			return STEER_REDIRECT;
		if (vip->prefix < 128) {
			__builtin_memcpy(range.addr, vip->addr, sizeof(range.addr));
			range.prefix = vip->prefix;
			if (bpf_map_lookup_elem(&services, &range))
				return STEER_REDIRECT;
		}
		if (!vip->prefix)
			break;
		at.prefix = vip->prefix - 1;
	}
	return STEER_PASS_SERVICE;
}

static __always_inline int find_service(const struct steer_key *key)
{
	if (bpf_map_lookup_elem(&services, key))
		return STEER_REDIRECT;
	return in_range(key);
}

static __always_inline const struct steer_vip *find_vip(const __u8 *addr)
{
	struct steer_vip_key at = {.prefix = 128};

	__builtin_memcpy(at.addr, addr, sizeof(at.addr));
	return bpf_map_lookup_elem(&vips, &at);
}

static __always_inline int is_our_mac(const struct steer_conf *nic, const __u16 *dst)
{
	const __u16 *mac = (const __u16 *)nic->mac;

	return dst[0] == mac[0] && dst[1] == mac[1] && dst[2] == mac[2];
}

/* *ours: it is for our MAC. */
static __always_inline int read_ethernet(struct cursor *c, const struct steer_conf *nic,
					 __be16 *proto, int *ours)
{
	const struct ethhdr *eth = c->at;
	const struct vlan_tag *tag;

	if (!has(c, sizeof(*eth)))
		return STEER_PASS_SHORT;
	*ours = is_our_mac(nic, (const __u16 *)eth->h_dest);
	if (!*ours && !(nic->flags & STEER_OWNER))
		return STEER_PASS_MAC;
	*proto = eth->h_proto;
	skip(c, sizeof(*eth));
	for (int i = 0; i < 2; i++) {
		if (*proto != bpf_htons(ETH_P_8021Q) && *proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = c->at;
		if (!has(c, sizeof(*tag)))
			return STEER_PASS_SHORT;
		*proto = tag->proto;
		skip(c, sizeof(*tag));
	}
	return STEER_REDIRECT;
}

static __always_inline int read_ipv4(struct cursor *c, struct steer_key *key)
{
	const struct iphdr *ip = c->at;

	if (!has(c, sizeof(*ip)))
		return STEER_PASS_SHORT;
	if (ip->version != 4 || ip->ihl < 5)
		return STEER_PASS_PROTO;
	if (ip->frag_off & bpf_htons(FRAG_BITS))
		c->fragment = ip->frag_off & bpf_htons(FRAG_OFFSET) ? FRAG_LATER : FRAG_FIRST;
	c->more = ip->ihl * 4 - sizeof(*ip);
	skip(c, sizeof(*ip));
	key->proto = ip->protocol;
	map_address(key->addr, &ip->daddr);
	return STEER_REDIRECT;
}

static __always_inline int is_extension(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_MH;
}

/* Walks extension headers from *at on: *proto is what the last of them says. */
static __noinline int skip_extensions(struct xdp_md *ctx, __u32 *at, __u8 *proto)
{
	int fragment = FRAG_NONE;
	struct extension e;

	for (int i = 0; i < EXTENSIONS_MAX && is_extension(*proto); i++) {
		if (*at > 1024 || bpf_xdp_load_bytes(ctx, *at, &e, sizeof(e)))
			break;
		if (*proto != IPPROTO_FRAGMENT) {
			*at += (e.len + 1) * 8;
			*proto = e.next;
			continue;
		}
		*at += 8;
		*proto = e.next;
		if (e.frag & bpf_htons(0xfff8))
			return FRAG_LATER; /* what follows isn't a header */
		if (e.frag & bpf_htons(1))
			fragment = FRAG_FIRST;
	}
	return is_extension(*proto) ? FRAG_LATER : fragment; /* no end: its ports aren't known */
}

static __always_inline int read_ipv6(struct cursor *c, struct steer_key *key)
{
	const struct ipv6hdr *ip = c->at;
	__u32 at;

	if (!has(c, sizeof(*ip)))
		return STEER_PASS_SHORT;
	if (ip->version != 6)
		return STEER_PASS_PROTO;
	key->proto = ip->nexthdr;
	__builtin_memcpy(key->addr, &ip->daddr, sizeof(key->addr));
	skip(c, sizeof(*ip));
	if (!is_extension(key->proto))
		return STEER_REDIRECT;
	at = c->offset;
	c->fragment = skip_extensions(c->ctx, &at, &key->proto);
	c->more = at - c->offset;
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

static __always_inline int has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* Ports are all that a service is known by; the worker checks the rest of the header. */
static __always_inline int read_ports(struct cursor *c, struct steer_key *key)
{
	const struct ports *ports = c->at;
	struct ports copy;

	if (c->more) {
		if (bpf_xdp_load_bytes(c->ctx, c->offset + c->more, &copy, sizeof(copy)))
			return STEER_PASS_SHORT;
		key->port = copy.dst;
		return STEER_REDIRECT;
	}
	if (!has(c, sizeof(*ports)))
		return STEER_PASS_SHORT;
	key->port = ports->dst;
	return STEER_REDIRECT;
}

/* A later fragment has no ports: it is ours if its protocol has a service at this address. If only
 * the first one tells the protocol, behind an extension header, any service will do. */
static __noinline int later_fragment(const struct steer_key *key)
{
	__u8 bits = is_extension(key->proto) ? 0xff : proto_bit(key->proto);
	struct steer_vip_key at = {.prefix = 128};

	__builtin_memcpy(at.addr, key->addr, sizeof(at.addr));
	for (int i = 0; i < STEER_MAX_NESTED; i++) {
		const struct steer_vip *vip = bpf_map_lookup_elem(&vips, &at);

		if (!vip)
			break;
		if (vip->some & bits)
			return STEER_REDIRECT;
		if (!vip->prefix)
			break;
		at.prefix = vip->prefix - 1;
	}
	return STEER_PASS_FRAG;
}

/* The packet that an ICMP error quotes went from a service to a client: key becomes that of the
 * client's own packets. */
static __noinline int quoted_service(struct xdp_md *ctx, __u32 at, int v4, struct steer_key *key)
{
	struct ports ports;
	struct ipv6hdr ip6;
	struct iphdr ip4;

	__builtin_memset(key, 0, sizeof(*key));
	if (v4) {
		if (bpf_xdp_load_bytes(ctx, at, &ip4, sizeof(ip4)))
			return STEER_PASS_SHORT;
		key->proto = ip4.protocol;
		map_address(key->addr, &ip4.saddr);
		at += ip4.ihl * 4;
		if (ip4.frag_off & bpf_htons(FRAG_OFFSET))
			return later_fragment(key);
	} else {
		if (bpf_xdp_load_bytes(ctx, at, &ip6, sizeof(ip6)))
			return STEER_PASS_SHORT;
		key->proto = ip6.nexthdr;
		__builtin_memcpy(key->addr, &ip6.saddr, sizeof(key->addr));
		at += sizeof(ip6);
		if (skip_extensions(ctx, &at, &key->proto) == FRAG_LATER)
			return later_fragment(key);
	}
	if (has_ports(key->proto)) {
		if (bpf_xdp_load_bytes(ctx, at, &ports, sizeof(ports)))
			return STEER_PASS_SHORT;
		key->port = ports.src;
	}
	return find_service(key);
}

static __always_inline int is_error4(__u8 type)
{
	return type == 3 || type == 11 || type == 12; /* unreachable, time exceeded, parameter */
}

static __always_inline int is_error6(__u8 type)
{
	return type >= 1 && type <= 4; /* unreachable, too big, time exceeded, parameter */
}

/* An error about a service's flow is the flow's; an echo request is ours if the address is. */
static __noinline int read_icmp(struct cursor *c, const struct steer_key *key, __u16 flags)
{
	int v4 = key->proto == IPPROTO_ICMP;
	__u32 at = c->offset + c->more;
	struct steer_key quoted;
	__u8 type;

	if (bpf_xdp_load_bytes(c->ctx, at, &type, sizeof(type)))
		return STEER_PASS_SHORT;
	if (v4 ? is_error4(type) : is_error6(type))
		return quoted_service(c->ctx, at + ICMP_HEADER, v4, &quoted);
	if (flags & STEER_OWNER && type == (v4 ? 8 : 128) && find_vip(key->addr))
		return STEER_REDIRECT;
	return STEER_PASS_PROTO;
}

/* Who has one of the addresses that shunt owns? */
static __noinline int read_arp(struct cursor *c)
{
	__u8 addr[16] = {};
	struct arp arp;

	if (bpf_xdp_load_bytes(c->ctx, c->offset, &arp, sizeof(arp)))
		return STEER_PASS_SHORT;
	if (arp.op != bpf_htons(ARP_REQUEST))
		return STEER_PASS_PROTO;
	map_address(addr, arp.target_ip);
	return find_vip(addr) ? STEER_REDIRECT : STEER_PASS_PROTO;
}

static __noinline int read_solicitation(struct cursor *c)
{
	struct {
		__u8 type, code;
		__be16 check;
		__be32 reserved;
		__u8 target[16];
	} nd;
	struct ipv6hdr ip;

	if (bpf_xdp_load_bytes(c->ctx, c->offset, &ip, sizeof(ip)) ||
	    ip.nexthdr != IPPROTO_ICMPV6 ||
	    bpf_xdp_load_bytes(c->ctx, c->offset + sizeof(ip), &nd, sizeof(nd)))
		return STEER_PASS_MAC;
	return nd.type == 135 && find_vip(nd.target) ? STEER_REDIRECT : STEER_PASS_MAC;
}

/* Requests for addresses that shunt owns; most are broadcast or multicast. STEER_COUNT: no such
 * request. */
static __always_inline int read_request(struct cursor *c, __be16 proto)
{
	int what;

	if (proto == bpf_htons(ETH_P_ARP))
		return read_arp(c);
	if (proto != bpf_htons(ETH_P_IPV6))
		return STEER_COUNT;
	what = read_solicitation(c);
	return what == STEER_REDIRECT ? what : STEER_COUNT;
}

static __always_inline int classify(struct cursor *c)
{
	struct steer_key key __attribute__((aligned(8))) = {};
	const __u32 zero = 0;
	const struct steer_conf *nic = bpf_map_lookup_elem(&conf, &zero);
	__be16 proto;
	int what, ours;

	if (!nic)
		return STEER_PASS_MAC;
	what = read_ethernet(c, nic, &proto, &ours);
	if (what != STEER_REDIRECT)
		return what;
	if (nic->flags & STEER_OWNER) {
		what = read_request(c, proto);
		if (what != STEER_COUNT)
			return what;
		if (!ours)
			return STEER_PASS_MAC;
	}
	what = read_ip(c, proto, &key);
	if (what != STEER_REDIRECT)
		return what;
	if (c->fragment == FRAG_LATER)
		return later_fragment(&key);
	if (has_ports(key.proto)) {
		what = read_ports(c, &key);
		return what == STEER_REDIRECT ? find_service(&key) : what;
	}
	if ((key.proto == IPPROTO_ICMP || key.proto == IPPROTO_ICMPV6) && !c->fragment) {
		what = read_icmp(c, &key, nic->flags);
		if (what == STEER_REDIRECT)
			return what;
	}
	return in_range(&key) == STEER_REDIRECT ? STEER_REDIRECT : STEER_PASS_PROTO;
}

SEC("xdp")
int shunt_steer(struct xdp_md *ctx)
{
	struct cursor c = {
		.ctx = ctx, .at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end};
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
