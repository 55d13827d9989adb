/* SPDX-License-Identifier: BSD-2-Clause */
/* The maps of the XDP program while it runs, and the areas that live in maps. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mgmt/steer.h"
#include "mgmt/steer_impl.h"

enum {
	PAGE = 4096
};

static const struct {
	const char *name;
	const char *meaning;
} count_row[STEER_COUNT] = {
	[STEER_REDIRECT] = {"redirect", "handed to the AF_XDP socket of the queue"},
	[STEER_DROP_NO_SOCK] = {"drop_no_socket",
				"a service's packet, but nobody serves its queue"},
	[STEER_PASS_MAC] = {"pass_mac", "not for the NIC's own MAC address"},
	[STEER_PASS_PROTO] = {"pass_proto", "ARP, ICMP, whatever no service can be for"},
	[STEER_PASS_FRAG] = {"pass_fragment", "an IP fragment for no service's address"},
	[STEER_PASS_SERVICE] = {"pass_service", "for this host, but no service has it"},
	[STEER_PASS_SHORT] = {"pass_short", "the frame ends inside its headers"},
};

const char *steer_count_name(enum steer_count c)
{
	return count_row[c].name;
}

const char *steer_count_meaning(enum steer_count c)
{
	return count_row[c].meaning;
}

int steer_set_socket(struct steer *s, uint32_t nic, uint32_t queue, int fd)
{
	return bpf_map_update_elem(s->nic[nic].sockets, &queue, &fd, BPF_ANY);
}

static struct steer_key key_of(const struct endpoint *ep)
{
	struct steer_key key = {.port = ep->port, .proto = ep->proto, .prefix = ep->prefix};

	memcpy(key.addr, ep->addr.b, sizeof(key.addr));
	return key;
}

/* All keys of the service map; the caller frees them. They are listed before anything is done: to
 * delete one while walking would start the walk again. NULL: no memory. */
static struct steer_key *list_keys(const struct steer *s, uint32_t *n)
{
	struct steer_key *key = calloc(STEER_MAX_SERVICES, sizeof(*key));
	int map = s->shared[SHARED_SERVICES].map;

	*n = 0;
	while (key && *n < STEER_MAX_SERVICES &&
	       !bpf_map_get_next_key(map, *n ? &key[*n - 1] : NULL, &key[*n]))
		(*n)++;
	return key;
}

/* The addresses, from the services that are in the map now. Once in each process. */
static int load_vips(struct steer *s)
{
	int map = s->shared[SHARED_VIPS].map, err = 0;
	struct steer_key *key;
	uint32_t n;

	if (s->vips.loaded)
		return 0;
	key = list_keys(s, &n);
	if (!key)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && !err; i++)
		err = steer_vips_add(&s->vips, map, &key[i]);
	free(key);
	if (err) {
		steer_vips_free(&s->vips);
		return err;
	}
	steer_vips_sweep(&s->vips, map);
	s->vips.loaded = true;
	return 0;
}

int steer_add(struct steer *s, const struct endpoint *ep)
{
	const struct steer_key key = key_of(ep);
	const uint32_t here = 1;
	int err = load_vips(s);

	if (err)
		return err;
	err = bpf_map_update_elem(s->shared[SHARED_SERVICES].map, &key, &here, BPF_NOEXIST);
	if (err)
		return err == -EEXIST ? 0 : err;
	err = steer_vips_add(&s->vips, s->shared[SHARED_VIPS].map, &key);
	if (err)
		bpf_map_delete_elem(s->shared[SHARED_SERVICES].map, &key);
	return err;
}

int steer_del(struct steer *s, const struct endpoint *ep)
{
	const struct steer_key key = key_of(ep);
	int err = load_vips(s);

	if (!err)
		err = bpf_map_delete_elem(s->shared[SHARED_SERVICES].map, &key);
	return err ? err : steer_vips_del(&s->vips, s->shared[SHARED_VIPS].map, &key);
}

int steer_each(struct steer *s, void (*fn)(void *ctx, const struct endpoint *ep), void *ctx)
{
	struct steer_key *key;
	uint32_t n;

	key = list_keys(s, &n);
	if (!key)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct endpoint ep = {
			.port = key[i].port, .proto = key[i].proto, .prefix = key[i].prefix};

		memcpy(ep.addr.b, key[i].addr, sizeof(ep.addr.b));
		fn(ctx, &ep);
	}
	free(key);
	return 0;
}

static int write_conf(struct steer *s, uint32_t nic)
{
	const uint32_t zero = 0;

	return bpf_map_update_elem(s->nic[nic].conf, &zero, &s->conf[nic], BPF_ANY);
}

int steer_set_mac(struct steer *s, uint32_t nic, const uint8_t mac[6])
{
	memcpy(s->conf[nic].mac, mac, sizeof(s->conf[nic].mac));
	return write_conf(s, nic);
}

int steer_set_owner(struct steer *s, uint32_t nic, bool shunt)
{
	s->conf[nic].flags = shunt ? STEER_OWNER : 0;
	return write_conf(s, nic);
}

int steer_counts(struct steer *s, uint32_t nic, uint64_t count[STEER_COUNT])
{
	int map = s->nic[nic].counts;
	int cpus = libbpf_num_possible_cpus();
	uint64_t *of_cpu = cpus > 0 ? calloc((size_t)cpus, sizeof(*of_cpu)) : NULL;
	int rc = of_cpu ? 0 : -ENOMEM;

	for (uint32_t c = 0; c < STEER_COUNT && !rc; c++) {
		rc = bpf_map_lookup_elem(map, &c, of_cpu);
		count[c] = 0;
		for (int i = 0; i < cpus && !rc; i++)
			count[c] += of_cpu[i];
	}
	free(of_cpu);
	return rc;
}

int steer_program_fd(const struct steer *s, uint32_t nic)
{
	return s->nic[nic].program;
}

/* One entry: of more, the kernel rounds the number up to a power of two without CAP_PERFMON. */
static int make_map(uint32_t pages, int node)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);

	if (node >= 0) {
		opts.map_flags |= BPF_F_NUMA_NODE;
		opts.numa_node = (uint32_t)node;
	}
	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "shunt_area", sizeof(uint32_t), pages * PAGE, 1,
			      &opts);
}

static bool is_area(int map, uint32_t pages)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &len) && info.type == BPF_MAP_TYPE_ARRAY &&
	       info.map_flags & BPF_F_MMAPABLE && info.value_size == pages * PAGE &&
	       info.max_entries == 1;
}

size_t steer_area_bytes(const struct steer *s, const char *name)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);
	char pin[PIN_NAME];
	int map;

	snprintf(pin, sizeof(pin), "area-%s", name);
	map = steer_pin_get(s->dir, pin);
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY)
		info.value_size = 0;
	close_fd(&map);
	return info.value_size;
}

/* Sets a->map to an earlier life's, or to a new one. */
static int open_area(const struct steer *s, struct steer_area *a, uint32_t pages, int node)
{
	a->map = steer_pin_get(s->dir, a->pin);
	a->adopted = a->map >= 0 && is_area(a->map, pages);
	if (a->adopted)
		return 0;
	close_fd(&a->map);
	a->map = make_map(pages, node);
	return a->map < 0 ? a->map : 0;
}

void *steer_area(struct steer *s, const char *name, size_t bytes, int node, bool *fresh)
{
	size_t pages = (bytes + PAGE - 1) / PAGE;
	struct steer_area *a;
	void *at = MAP_FAILED;

	if (pages > INT32_MAX / PAGE) {
		errno = E2BIG;
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	snprintf(a->pin, sizeof(a->pin), "area-%s", name);
	errno = -open_area(s, a, (uint32_t)pages, node);
	if (!errno)
		at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, a->map, 0);
	if (at == MAP_FAILED) {
		int why = errno;

		close_fd(&a->map);
		free(a);
		errno = why;
		return NULL;
	}
	*fresh = !a->adopted;
	a->next = s->areas;
	s->areas = a;
	return at;
}
