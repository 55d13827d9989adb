/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/tuple.h"

#include <string.h>

#include "base/wire.h"

static struct addr addr_read(const uint8_t *addrs, bool v4, uint32_t which)
{
	struct addr a;
	__be32 four;

	if (v4) {
		memcpy(&four, addrs + which * sizeof(four), sizeof(four));
		return addr_v4(four);
	}
	memcpy(&a, addrs + which * sizeof(a), sizeof(a));
	return a;
}

/* From an IP header and what is behind it. */
static struct tuple tuple_read(const struct pkt *p, uint32_t l3, uint32_t l4, uint8_t proto)
{
	uint32_t at = l3 + (p->v4 ? (uint32_t)offsetof(struct wire_ip4, addrs)
				  : (uint32_t)offsetof(struct wire_ip6, addrs));
	struct tuple t = {.proto = proto};
	__be16 ports[2] = {0, 0};

	if (proto_has_ports(proto))
		memcpy(ports, p->data + l4, sizeof(ports));
	t.src = addr_read(p->data + at, p->v4, 0);
	t.dst = addr_read(p->data + at, p->v4, 1);
	t.sport = ports[0];
	t.dport = ports[1];
	return t;
}

struct addr tuple_destination(const struct pkt *p)
{
	uint32_t at = p->v4 ? (uint32_t)offsetof(struct wire_ip4, addrs)
			    : (uint32_t)offsetof(struct wire_ip6, addrs);

	return addr_read(p->data + p->l3 + at, p->v4, 1);
}

bool pkt_tuple(const struct pkt *p, struct tuple *out)
{
	struct tuple t;

	switch ((enum pkt_kind)p->kind) {
	case PKT_FRAGMENT:
		if (p->frag_off)
			return false;
		/* fall through */
	case PKT_FLOW:
	case PKT_ECHO:
		*out = tuple_read(p, p->l3, p->l4, p->proto);
		return true;
	case PKT_ICMP_ERROR:
		if (!p->inner_l4)
			return false;
		t = tuple_read(p, p->inner, p->inner_l4, p->inner_proto);
		*out = (struct tuple){t.dst, t.src, t.dport, t.sport, t.proto};
		return true;
	case PKT_ARP:
	case PKT_SOLICIT:
	case PKT_ANSWER:
		break;
	}
	return false;
}

/* A tuple as tag.c reads it from a packet: the address words as they lie there (one for IPv4,
 * four for IPv6), then ports and protocol. */
struct words {
	uint32_t n;
	uint64_t addr[4];
	uint64_t ports_proto;
};

static struct words words_of(const struct tuple *t)
{
	uint32_t ports;
	struct words w;

	memcpy(&ports, (__be16[]){t->sport, t->dport}, sizeof(ports));
	w.ports_proto = (uint64_t)t->proto << 32 | ports;
	if (addr_is_v4(&t->src)) {
		w.n = 1;
		memcpy(w.addr, (__be32[]){t->src.w[3], t->dst.w[3]}, sizeof(w.addr[0]));
		return w;
	}
	w.n = 4;
	memcpy(w.addr, &t->src, sizeof(t->src));
	memcpy(w.addr + 2, &t->dst, sizeof(t->dst));
	return w;
}

CMAC_CODE static uint64_t words_aes(const struct words *w, const struct cmac_key *key)
{
	cmac_state x = cmac_start();

	if (w->n == 1)
		return cmac_end(key, x, w->addr[0], w->ports_proto);
	x = cmac_block(key, x, w->addr[0], w->addr[1]);
	x = cmac_block(key, x, w->addr[2], w->addr[3]);
	return cmac_end(key, x, w->ports_proto, 0);
}

static uint64_t words_siphash(const struct words *w, const struct hash_key *key)
{
	uint64_t tuple[5] = {w->ports_proto};

	memcpy(tuple + 1, w->addr, w->n * sizeof(*w->addr));
	return hash_words(key, tuple, 1 + w->n);
}

uint64_t tuple_tag(const struct tuple *t, const struct tag_key *key)
{
	struct words w = words_of(t);
	uint64_t tag = key->aes ? words_aes(&w, &key->cmac) : words_siphash(&w, &key->hash);

	return tag ? tag : 1; /* 0 is an empty slot's */
}

struct endpoint tuple_endpoint(const struct tuple *t)
{
	return (struct endpoint){.addr = t->dst, .port = t->dport, .proto = t->proto};
}

uint64_t tuple_source_hash(const struct tuple *t, const struct hash_key *key, bool port)
{
	uint64_t word[] = {t->src.q[0], t->src.q[1], t->sport};

	return hash_words(key, word, port ? 3 : 2);
}

uint64_t tuple_dest_hash(const struct tuple *t, const struct hash_key *key, bool port)
{
	uint64_t word[] = {t->dst.q[0], t->dst.q[1], t->dport};

	return hash_words(key, word, port ? 3 : 2);
}
