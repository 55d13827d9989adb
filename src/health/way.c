/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/way.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/csum.h"
#include "base/hash.h"
#include "base/wire.h"
#include "table/encap.h"

enum {
	BUCKETS = 1024,
	ROOM = 256,    /* of a frame in the making ... */
	INNER_AT = 96, /* ... and where its inner packet begins, so that a tunnel's headers fit */
	SNAPLEN = 128,
	ANSWERS = 256, /* that are read at one go */
	TTL = 64,
	WINDOW = 1024,
};

struct way_probe {
	struct ways *set;
	LIST_ENTRY(way_probe) bucket;
	struct endpoint vip;
	struct way way;
	uint16_t id;  /* TCP: the source port; ICMP: the echo's */
	uint32_t seq; /* TCP */
	int port_fd;  /* keeps the port ours; -1 */
	uint64_t begun;
	uv_timer_t timer;
	probe_done_fn done;
	void *arg;
	const char *failed; /* before anything was sent */
};

struct tap {
	int fd; /* -1: not open */
	uv_poll_t poll;
};

struct ways {
	uv_loop_t *loop;
	struct hash_key key;
	struct tap tap[2]; /* IPv4, IPv6 */
	int n;		   /* handles that aren't closed */
	bool closing;
	uint16_t echo; /* the last echo's id */
	LIST_HEAD(way_bucket, way_probe) bucket[BUCKETS];
};

static void on_answer(uv_poll_t *poll, int status, int events);

int ways_open(struct ways **out, uv_loop_t *loop)
{
	struct ways *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	err = hash_key_random(&w->key);
	if (err) {
		free(w);
		return err;
	}
	w->loop = loop;
	w->tap[0].fd = w->tap[1].fd = -1;
	*out = w;
	return 0;
}

static void ways_release(struct ways *w)
{
	if (w->closing && !w->n)
		free(w);
}

static void on_tap_closed(uv_handle_t *h)
{
	struct ways *w = h->data;

	w->n--;
	ways_release(w);
}

void ways_close(struct ways *w)
{
	if (!w)
		return;
	w->closing = true;
	for (int i = 0; i < 2; i++) {
		if (w->tap[i].fd < 0)
			continue;
		uv_close((uv_handle_t *)&w->tap[i].poll, on_tap_closed);
		close(w->tap[i].fd);
	}
	ways_release(w);
}

/* ---- packets ---- */

static bool is_tcp(const struct way_probe *p)
{
	return p->vip.proto == IPPROTO_TCP && p->vip.port;
}

/* The transport part and its checksum; addrs: as in the IP header. Returns its length. */
static uint32_t write_tcp(const struct way_probe *p, uint8_t *at, uint8_t flags,
			  const uint8_t *addrs, size_t addrs_len)
{
	struct wire_tcp tcp = {
		.ports = {htons(p->id), p->vip.port},
		.seq = htonl(flags & TH_RST ? p->seq + 1 : p->seq),
		.offset = sizeof(tcp) / 4 << 4,
		.flags = flags,
		.window = htons(flags & TH_RST ? 0 : WINDOW),
	};
	uint32_t sum = csum_pseudo(addrs, addrs_len, IPPROTO_TCP, sizeof(tcp));

	tcp.check = (__sum16)~csum_fold(csum_add(sum, &tcp, sizeof(tcp)));
	memcpy(at, &tcp, sizeof(tcp));
	return sizeof(tcp);
}

static uint32_t write_echo(const struct way_probe *p, uint8_t *at, bool v4, const uint8_t *addrs,
			   size_t addrs_len)
{
	struct wire_icmp echo = {
		.type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
		.id = htons(p->id),
	};
	uint32_t sum = v4 ? 0 : csum_pseudo(addrs, addrs_len, IPPROTO_ICMPV6, sizeof(echo));

	echo.check = (__sum16)~csum_fold(csum_add(sum, &echo, sizeof(echo)));
	memcpy(at, &echo, sizeof(echo));
	return sizeof(echo);
}

static uint32_t write_l4(const struct way_probe *p, uint8_t *at, uint8_t flags, bool v4,
			 const uint8_t *addrs, size_t addrs_len)
{
	if (is_tcp(p))
		return write_tcp(p, at, flags, addrs, addrs_len);
	return write_echo(p, at, v4, addrs, addrs_len);
}

/* Writes the packet of a client; returns its length. */
static uint32_t write_packet(const struct way_probe *p, uint8_t *at, uint8_t flags)
{
	struct wire_ip6 ip6 = {.version_class = 0x60, .hops = TTL};
	struct wire_ip4 ip4 = {.version_ihl = 0x45, .frag = htons(IP_DF), .ttl = TTL};
	uint32_t len;

	if (addr_is_v4(&p->vip.addr)) {
		memcpy(ip4.addrs, &p->way.src.w[3], 4);
		memcpy(ip4.addrs + 4, &p->vip.addr.w[3], 4);
		len = write_l4(p, at + sizeof(ip4), flags, true, ip4.addrs, sizeof(ip4.addrs));
		ip4.len = htons((uint16_t)(sizeof(ip4) + len));
		ip4.proto = is_tcp(p) ? IPPROTO_TCP : IPPROTO_ICMP;
		ip4.check = (__sum16)~csum_fold(csum_add(0, &ip4, sizeof(ip4)));
		memcpy(at, &ip4, sizeof(ip4));
		return (uint32_t)sizeof(ip4) + len;
	}
	memcpy(ip6.addrs, p->way.src.b, 16);
	memcpy(ip6.addrs + 16, p->vip.addr.b, 16);
	len = write_l4(p, at + sizeof(ip6), flags, false, ip6.addrs, sizeof(ip6.addrs));
	ip6.len = htons((uint16_t)len);
	ip6.next = is_tcp(p) ? IPPROTO_TCP : IPPROTO_ICMPV6;
	memcpy(at, &ip6, sizeof(ip6));
	return (uint32_t)sizeof(ip6) + len;
}

/* The kernel puts the Ethernet header in front. Returns 0 or -errno. */
static int send_packet(struct way_probe *p, uint8_t flags)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_ifindex = p->way.ifindex, .sll_halen = ETH_ALEN};
	bool v4 = addr_is_v4(&p->vip.addr);
	uint8_t room[ROOM], *at = room + INNER_AT, *end;
	struct wire_vlan tag = {.tci = htons(p->way.vlan)};
	uint32_t len = write_packet(p, at, flags);

	end = at + len;
	if (p->way.tunnelled) {
		at = encap_push(&p->way.tunnel, at, len, v4, (uint64_t)p->id << 48);
		v4 = addr_is_v4(&p->way.tunnel.dst);
	}
	tag.type = htons(v4 ? ETH_P_IP : ETH_P_IPV6);
	to.sll_protocol = tag.type;
	if (p->way.vlan) {
		at -= sizeof(tag);
		memcpy(at, &tag, sizeof(tag));
		to.sll_protocol = htons(ETH_P_8021Q);
	}
	memcpy(to.sll_addr, p->way.mac, ETH_ALEN);
	if (sendto(p->set->tap[0].fd, at, (size_t)(end - at), MSG_DONTWAIT,
		   (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

/* ---- answers ---- */

static void on_timer_closed(uv_handle_t *h)
{
	struct way_probe *p = h->data;
	struct ways *w = p->set;

	free(p);
	w->n--;
	ways_release(w);
}

void way_probe_cancel(struct way_probe *p)
{
	LIST_REMOVE(p, bucket);
	if (p->port_fd >= 0)
		close(p->port_fd);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

static void finish(struct way_probe *p, const char *why)
{
	struct probe_result r = {.ok = !why, .ns = uv_hrtime() - p->begun};
	probe_done_fn done = p->done;
	void *arg = p->arg;

	snprintf(r.why, sizeof(r.why), "%s", why ? why : "");
	way_probe_cancel(p);
	done(arg, &r);
}

static void on_timeout(uv_timer_t *t)
{
	struct way_probe *p = t->data;

	finish(p, p->failed ? p->failed : "no answer from the virtual address");
}

static struct way_probe *find(struct ways *w, uint16_t id, bool tcp, const struct addr *from,
			      const struct addr *to)
{
	struct way_probe *p;

	LIST_FOREACH (p, &w->bucket[id % BUCKETS], bucket) {
		if (p->id == id && is_tcp(p) == tcp && addr_equal(&p->vip.addr, from) &&
		    addr_equal(&p->way.src, to))
			return p;
	}
	return NULL;
}

static void tcp_answer(struct ways *w, const uint8_t *at, const struct addr addr[2])
{
	const struct wire_tcp *tcp = (const void *)at;
	struct way_probe *p = find(w, ntohs(tcp->ports[1]), true, &addr[0], &addr[1]);

	if (!p || tcp->ports[0] != p->vip.port || ntohl(tcp->ack) != p->seq + 1)
		return;
	if (tcp->flags & TH_RST) {
		finish(p, "connection to the virtual address refused");
		return;
	}
	send_packet(p, TH_RST); /* lost: the server forgets it later */
	finish(p, NULL);
}

static void echo_answer(struct ways *w, const uint8_t *at, const struct addr addr[2])
{
	const struct wire_icmp *echo = (const void *)at;
	struct way_probe *p = find(w, ntohs(echo->id), false, &addr[0], &addr[1]);

	if (p)
		finish(p, NULL);
}

/* The filter lets nothing else in than what this reads: of TCP and ICMP, what answers. */
static void read_answer(struct ways *w, const uint8_t *at, size_t len)
{
	const struct wire_ip4 *ip4 = (const void *)at;
	const struct wire_ip6 *ip6 = (const void *)at;
	struct addr addr[2];
	size_t header;
	uint8_t proto;

	if (len < sizeof(*ip4))
		return;
	if (ip4->version_ihl >> 4 == 4) {
		for (int i = 0; i < 2; i++) {
			__be32 a;

			memcpy(&a, ip4->addrs + 4 * i, sizeof(a));
			addr[i] = addr_v4(a);
		}
		header = (size_t)(ip4->version_ihl & 0xf) * 4;
		proto = ip4->proto;
	} else {
		if (len < sizeof(*ip6))
			return;
		memcpy(addr, ip6->addrs, sizeof(addr));
		header = sizeof(*ip6);
		proto = ip6->next;
	}
	if (proto == IPPROTO_TCP && len >= header + sizeof(struct wire_tcp))
		tcp_answer(w, at + header, addr);
	else if (proto != IPPROTO_TCP && len >= header + sizeof(struct wire_icmp))
		echo_answer(w, at + header, addr);
}

static void on_answer(uv_poll_t *poll, int status, int events)
{
	struct ways *w = poll->data;
	int fd = w->tap[poll == &w->tap[1].poll].fd;
	uint8_t packet[SNAPLEN];

	(void)status, (void)events;
	for (int i = 0; i < ANSWERS; i++) {
		ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0)
			read_answer(w, packet, (size_t)n);
	}
}

/* ---- sockets ---- */

/* SYN-ACK, RST, echo reply: few packets of what the kernel sees. */
static const struct sock_filter filter4[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 11, 0), /* a later fragment */
	BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 7),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP_ECHOREPLY, 4, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 2, 0),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN | TH_ACK, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SNAPLEN),
	BPF_STMT(BPF_RET | BPF_K, 0),
};
static const struct sock_filter filter6[] = {
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 3, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 7),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMP6_ECHO_REPLY, 4, 5),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40 + 13),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_RST, 2, 0),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN | TH_ACK, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SNAPLEN),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

/* Returns a packet socket, or -errno. It hears of nothing before it has its filter. */
static int tap_socket(uint16_t protocol, const struct sock_fprog *filter)
{
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, sizeof(*filter)) &&
	    !bind(fd, (const struct sockaddr *)&all, sizeof(all)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int tap_open(struct ways *w, struct tap *t, uint16_t protocol,
		    const struct sock_fprog *filter)
{
	int fd, err;

	if (t->fd >= 0)
		return 0;
	fd = tap_socket(protocol, filter);
	if (fd < 0)
		return fd;
	err = uv_poll_init(w->loop, &t->poll, fd);
	if (err) {
		close(fd);
		return err;
	}
	t->fd = fd;
	t->poll.data = w;
	w->n++;
	return uv_poll_start(&t->poll, UV_READABLE, on_answer);
}

/* The first of them sends, too. */
static int taps_open(struct ways *w)
{
	const struct sock_fprog program4 = {sizeof(filter4) / sizeof(*filter4),
					    (struct sock_filter *)filter4};
	const struct sock_fprog program6 = {sizeof(filter6) / sizeof(*filter6),
					    (struct sock_filter *)filter6};
	int err = tap_open(w, &w->tap[0], ETH_P_IP, &program4);

	return err ? err : tap_open(w, &w->tap[1], ETH_P_IPV6, &program6);
}

/* Has the kernel keep a source port for us: it answers a late SYN-ACK to it with a reset, as we
 * would. Returns the socket or -errno. */
static int reserve_port(const struct addr *src, uint16_t *port)
{
	bool v4 = addr_is_v4(src);
	struct sockaddr_in6 sa6 = {.sin6_family = AF_INET6};
	struct sockaddr_in sa4 = {.sin_family = AF_INET, .sin_addr = {src->w[3]}};
	struct sockaddr *sa = v4 ? (struct sockaddr *)&sa4 : (struct sockaddr *)&sa6;
	socklen_t len = v4 ? sizeof(sa4) : sizeof(sa6);
	int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	memcpy(&sa6.sin6_addr, src, sizeof(sa6.sin6_addr));
	if (!bind(fd, sa, len) && !getsockname(fd, sa, &len)) {
		*port = ntohs(v4 ? sa4.sin_port : sa6.sin6_port);
		return fd;
	}
	err = -errno;
	close(fd);
	return err;
}

/* Gives it what tells its answer from others', and sends. Returns NULL or what went wrong. */
static const char *begin(struct way_probe *p)
{
	struct ways *w = p->set;
	uint64_t word[2] = {p->begun, (uintptr_t)p};
	int err = taps_open(w);

	p->seq = (uint32_t)hash_words(&w->key, word, 2);
	p->id = ++w->echo;
	if (!err && is_tcp(p)) {
		p->port_fd = reserve_port(&p->way.src, &p->id);
		err = p->port_fd < 0 ? p->port_fd : 0;
	}
	if (!err)
		err = send_packet(p, TH_SYN);
	return err ? strerror(-err) : NULL;
}

struct way_probe *way_probe_start(struct ways *w, const struct endpoint *vip, const struct way *way,
				  uint64_t timeout, probe_done_fn done, void *arg)
{
	struct way_probe *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->set = w;
	p->vip = *vip;
	p->way = *way;
	p->done = done;
	p->arg = arg;
	p->begun = uv_hrtime();
	p->port_fd = -1;
	uv_timer_init(w->loop, &p->timer);
	p->timer.data = p;
	w->n++;
	p->failed = begin(p);
	LIST_INSERT_HEAD(&w->bucket[p->id % BUCKETS], p, bucket);
	uv_timer_start(&p->timer, on_timeout, p->failed ? 0 : timeout, 0);
	return p;
}
