/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_vip.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum {
	PROTO_BITS = 4,
	WHOLE = 128, /* prefix length of one address */
};

struct vip {
	uint8_t addr[16];
	uint8_t prefix;		   /* 1..128 */
	uint32_t some[PROTO_BITS]; /* services, by protocol bit */
	uint32_t all[PROTO_BITS];  /* of these, for all ports */
};

static int compare(const void *left, const void *right)
{
	const struct vip *a = left, *b = right;
	int order = memcmp(a->addr, b->addr, sizeof(a->addr));

	return order ? order : (int)a->prefix - (int)b->prefix;
}

static struct vip vip_of(const struct steer_key *key)
{
	struct vip v = {.prefix = key->prefix ? key->prefix : WHOLE};

	memcpy(v.addr, key->addr, sizeof(v.addr));
	return v;
}

static struct vip *find(struct steer_vips *v, const struct steer_key *key)
{
	const struct vip want = vip_of(key);
	struct vip **at = tfind(&want, &v->tree, compare);

	return at ? *at : NULL;
}

static struct vip *insert(struct steer_vips *v, const struct steer_key *key)
{
	struct vip *vip = malloc(sizeof(*vip));

	if (!vip)
		return NULL;
	*vip = vip_of(key);
	if (tsearch(vip, &v->tree, compare))
		return vip;
	free(vip);
	return NULL;
}

static uint8_t proto_bits(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return STEER_TCP;
	case IPPROTO_UDP:
		return STEER_UDP;
	case IPPROTO_SCTP:
		return STEER_SCTP;
	default: /* every protocol */
		return STEER_TCP | STEER_UDP | STEER_SCTP | STEER_OTHER;
	}
}

static void tally(struct vip *vip, const struct steer_key *key, int n)
{
	uint8_t bits = proto_bits(key->proto);

	for (int i = 0; i < PROTO_BITS; i++) {
		if (!(bits & 1 << i))
			continue;
		vip->some[i] += (uint32_t)n;
		if (!key->port)
			vip->all[i] += (uint32_t)n;
	}
}

static uint8_t present(const uint32_t *n)
{
	uint8_t bits = 0;

	for (int i = 0; i < PROTO_BITS; i++)
		if (n[i])
			bits |= (uint8_t)(1 << i);
	return bits;
}

static struct steer_vip_key key_of(const struct vip *vip)
{
	struct steer_vip_key key = {.prefix = vip->prefix};

	memcpy(key.addr, vip->addr, sizeof(key.addr));
	return key;
}

static int write_vip(const struct vip *vip, int map)
{
	const struct steer_vip_key key = key_of(vip);
	struct steer_vip value = {
		.prefix = vip->prefix, .some = present(vip->some), .all = present(vip->all)};

	if (!value.some) {
		bpf_map_delete_elem(map, &key);
		return 0;
	}
	memcpy(value.addr, vip->addr, sizeof(value.addr));
	return bpf_map_update_elem(map, &key, &value, BPF_ANY);
}

int steer_vips_add(struct steer_vips *v, int map, const struct steer_key *key)
{
	struct vip *vip = find(v, key), before;
	int err;

	if (!vip)
		vip = insert(v, key);
	if (!vip)
		return -ENOMEM;
	before = *vip;
	tally(vip, key, 1);
	if (present(before.some) == present(vip->some) && present(before.all) == present(vip->all))
		return 0;
	err = write_vip(vip, map);
	if (err)
		*vip = before;
	return err;
}

int steer_vips_del(struct steer_vips *v, int map, const struct steer_key *key)
{
	struct vip *vip = find(v, key);
	int err;

	if (!vip)
		return -ENOENT;
	tally(vip, key, -1);
	err = write_vip(vip, map);
	if (!present(vip->some)) {
		tdelete(vip, &v->tree, compare);
		free(vip);
	}
	return err;
}

void steer_vips_sweep(struct steer_vips *v, int map)
{
	struct steer_vip_key at, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);

	while (more) {
		struct steer_key key = {.prefix = next.prefix == WHOLE ? 0 : (uint8_t)next.prefix};

		at = next;
		more = !bpf_map_get_next_key(map, &at, &next);
		memcpy(key.addr, at.addr, sizeof(key.addr));
		if (!find(v, &key))
			bpf_map_delete_elem(map, &at);
	}
}

void steer_vips_free(struct steer_vips *v)
{
	tdestroy(v->tree, free);
	*v = (struct steer_vips){0};
}
