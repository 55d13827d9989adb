/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/steer.skel.h"
#include "mgmt/steer_impl.h"
#include "mgmt/steer_link.h"
#include "mgmt/steer_lock.h"
#include "mgmt/steer_pin.h"

/* Their pins, by enum. */
static const char *const shared_name[SHARED_COUNT] = {
	[SHARED_SERVICES] = "services",
	[SHARED_VIPS] = "vips",
};

static int no_permission(int code, const char *what, char *err, size_t err_size)
{
	if (code == -EPERM || code == -EACCES)
		return steer_fail(-EPERM, err, err_size,
				  "not permitted to load %s: run as root, or with CAP_BPF, "
				  "CAP_PERFMON, CAP_NET_ADMIN and CAP_NET_RAW",
				  what);
	return steer_fail(code, err, err_size, "cannot load %s: %s", what, strerror(-code));
}

/* ---- opening ---- */

static struct steer *steer_new(const struct nic *nic, uint32_t n)
{
	struct steer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->lock = -1;
	for (int k = 0; k < SHARED_COUNT; k++)
		s->shared[k].map = -1;
	s->n = n;
	for (uint32_t i = 0; i < n; i++) {
		struct steer_nic *one = &s->nic[i];

		one->nic = nic[i];
		one->lock = -1;
		one->link = -1;
		snprintf(one->pin, sizeof(one->pin), "link-%d", nic[i].ifindex);
	}
	return s;
}

static int lock_nic(struct steer_nic *one, char *err, size_t err_size)
{
	pid_t owner;

	one->lock = steer_lock_take(one->nic.name, &owner);
	if (one->lock >= 0)
		return 0;
	if (one->lock == -EBUSY)
		return steer_fail(-EBUSY, err, err_size,
				  "another shuntd (pid %d) serves %s: stop it first", (int)owner,
				  one->nic.name);
	return steer_fail(one->lock, err, err_size, "%s: cannot lock it: %s", one->nic.name,
			  strerror(-one->lock));
}

/* Interfaces first, since that message says more. */
static int take_locks(struct steer *s, char *err, size_t err_size)
{
	pid_t owner;
	int rc = 0;

	for (uint32_t i = 0; i < s->n && !rc; i++)
		rc = lock_nic(&s->nic[i], err, err_size);
	if (rc)
		return rc;
	s->lock = steer_lock_take("", &owner);
	if (s->lock >= 0)
		return 0;
	return steer_fail(s->lock, err, err_size,
			  "another shuntd (pid %d) runs in this network namespace: one serves all "
			  "interfaces, give it %s by -i, too",
			  (int)owner, s->nic[0].nic.name);
}

/* Takes an earlier life's link on this NIC, if there is one that is alive. */
static int adopt_link(const struct steer *s, struct steer_nic *one, bool skb, char *err,
		      size_t err_size)
{
	int link = steer_pin_get(s->dir, one->pin);
	bool is_skb;
	int rc;

	if (link == -ENOENT)
		return 0;
	if (link < 0)
		return no_permission(link, "pinned links", err, err_size);
	rc = steer_link_check(link, &one->nic, &is_skb, err, err_size);
	if (!rc && is_skb && !skb)
		rc = steer_fail(-EOPNOTSUPP, err, err_size,
				"%s: an earlier shuntd left its program in generic mode; for "
				"native mode: shuntd --cleanup",
				one->nic.name);
	one->adopted = !rc && is_skb == skb;
	if (one->adopted)
		one->link = link;
	else
		close(link);
	return rc == -ENOENT ? 0 : rc;
}

/* Takes over what an earlier life left in this namespace's directory. Without a living link it is
 * worthless: its flows are long gone, and a namespace's number is given out again. Unless this
 * process left it a moment ago, to start anew with NICs that were replaced. */
static int adopt(struct steer *s, unsigned int flags, char *err, size_t err_size)
{
	int rc = steer_pin_mount(err, err_size);
	int lock;

	if (rc)
		return rc;
	lock = steer_pin_lock();
	if (lock < 0)
		return steer_fail(lock, err, err_size, "cannot lock /sys/fs/bpf: %s",
				  strerror(-lock));
	if (!(flags & STEER_HEIR) && !steer_pin_live(s->dir))
		steer_pin_sweep(s->dir, NULL, NULL);
	for (uint32_t i = 0; i < s->n && !rc; i++)
		rc = adopt_link(s, &s->nic[i], flags & STEER_SKB, err, err_size);
	close(lock);
	return rc;
}

static bool is_same_map(int fd, const struct bpf_map *want)
{
	struct bpf_map_info info = {0};
	uint32_t len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(want) &&
	       info.key_size == bpf_map__key_size(want) &&
	       info.value_size == bpf_map__value_size(want) &&
	       info.max_entries == bpf_map__max_entries(want);
}

/* A shared map: an earlier life's if it looks as the program wants it, else a new one. */
static int open_shared(const struct steer *s, int kind, struct steer_shared *out,
		       const struct bpf_map *want)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = bpf_map__map_flags(want));

	if (out->map >= 0)
		return 0; /* for an earlier NIC */
	out->map = steer_pin_get(s->dir, shared_name[kind]);
	out->adopted = out->map >= 0 && is_same_map(out->map, want);
	if (out->adopted)
		return 0;
	close_fd(&out->map);
	out->map = bpf_map_create(bpf_map__type(want), shared_name[kind], bpf_map__key_size(want),
				  bpf_map__value_size(want), bpf_map__max_entries(want), &opts);
	return out->map >= 0 ? 0 : out->map;
}

static int share_maps(struct steer *s, struct steer_nic *one, char *err, size_t err_size)
{
	struct bpf_map *const want[SHARED_COUNT] = {
		[SHARED_SERVICES] = one->bpf->maps.services,
		[SHARED_VIPS] = one->bpf->maps.vips,
	};

	for (int k = 0; k < SHARED_COUNT; k++) {
		int rc = open_shared(s, k, &s->shared[k], want[k]);

		if (!rc)
			rc = bpf_map__reuse_fd(want[k], s->shared[k].map);
		if (rc)
			return no_permission(rc, "the service map", err, err_size);
	}
	return 0;
}

static int load(struct steer *s, struct steer_nic *one, char *err, size_t err_size)
{
	int rc;

	one->bpf = steer_bpf__open();
	if (!one->bpf)
		return steer_fail(-errno, err, err_size, "cannot open the XDP program: %s",
				  strerror(errno));
	rc = share_maps(s, one, err, err_size);
	if (rc)
		return rc;
	rc = steer_bpf__load(one->bpf);
	if (rc)
		return no_permission(rc, "the XDP program", err, err_size);
	one->program = bpf_program__fd(one->bpf->progs.shunt_steer);
	one->sockets = bpf_map__fd(one->bpf->maps.sockets);
	one->conf = bpf_map__fd(one->bpf->maps.conf);
	one->counts = bpf_map__fd(one->bpf->maps.counts);
	return 0;
}

/* A link of ours in the other mode must be off before the new one can be on. */
static int attach(const struct steer *s, struct steer_nic *one, bool skb, char *err,
		  size_t err_size)
{
	int lock = steer_pin_lock();

	if (lock >= 0) {
		steer_pin_drop(s->dir, one->pin);
		close(lock);
	}
	one->link = steer_link_attach(&one->nic, one->program, skb, err, err_size);
	return one->link < 0 ? one->link : 0;
}

static int open_nic(struct steer *s, uint32_t i, bool skb, char *err, size_t err_size)
{
	struct steer_nic *one = &s->nic[i];
	int rc = load(s, one, err, err_size);

	if (rc)
		return rc;
	rc = steer_set_mac(s, i, one->nic.mac);
	if (rc)
		return steer_fail(rc, err, err_size, "%s: cannot set the program's MAC address: %s",
				  one->nic.name, strerror(-rc));
	return one->adopted ? 0 : attach(s, one, skb, err, err_size);
}

int steer_open(struct steer **out, const struct nic *nic, uint32_t n, unsigned int flags, char *err,
	       size_t err_size)
{
	struct steer *s;
	int rc;

	if (!n || n > NICS_MAX)
		return steer_fail(-EINVAL, err, err_size, "%u interfaces: 1 to %d can be served", n,
				  NICS_MAX);
	s = steer_new(nic, n);
	if (!s)
		return steer_fail(-ENOMEM, err, err_size, "no memory for the XDP program");
	if (!getenv("SHUNT_DEBUG"))
		libbpf_set_print(NULL); /* its words are many; ours are one line */
	rc = steer_pin_dir(s->dir);
	if (rc)
		steer_fail(rc, err, err_size, "no /proc/self/ns/net: %s", strerror(-rc));
	if (!rc)
		rc = take_locks(s, err, err_size);
	if (!rc)
		rc = adopt(s, flags, err, err_size);
	for (uint32_t i = 0; i < n && !rc; i++)
		rc = open_nic(s, i, flags & STEER_SKB, err, err_size);
	if (rc) {
		steer_close(s, false);
		return rc;
	}
	*out = s;
	return 0;
}

/* ---- activation ---- */

static int pin_fresh(struct steer *s)
{
	int rc = steer_pin_make(s->dir);

	for (struct steer_area *a = s->areas; a && !rc; a = a->next)
		if (!a->adopted)
			rc = steer_pin_put(s->dir, a->pin, a->map);
	for (int k = 0; k < SHARED_COUNT && !rc; k++)
		if (!s->shared[k].adopted)
			rc = steer_pin_put(s->dir, shared_name[k], s->shared[k].map);
	for (uint32_t i = 0; i < s->n && !rc; i++)
		if (!s->nic[i].adopted)
			rc = steer_pin_put(s->dir, s->nic[i].pin, s->nic[i].link);
	return rc;
}

static int swap_programs(struct steer *s)
{
	int rc = 0;

	for (uint32_t i = 0; i < s->n && !rc; i++)
		if (s->nic[i].adopted)
			rc = bpf_link_update(s->nic[i].link, s->nic[i].program, NULL);
	return rc;
}

/* The shared map of that pin, or -1. */
static int shared_kind(const char *name)
{
	for (int k = 0; k < SHARED_COUNT; k++)
		if (!strcmp(name, shared_name[k]))
			return k;
	return -1;
}

/* Does this life use the pin? */
static bool is_used(void *ctx, const char *name)
{
	const struct steer *s = ctx;

	for (const struct steer_area *a = s->areas; a; a = a->next)
		if (!strcmp(a->pin, name))
			return true;
	for (uint32_t i = 0; i < s->n; i++)
		if (!strcmp(s->nic[i].pin, name))
			return true;
	return shared_kind(name) >= 0;
}

/* Is it an earlier life's that this one adopted? */
static bool is_adopted(void *ctx, const char *name)
{
	const struct steer *s = ctx;
	int kind;

	for (const struct steer_area *a = s->areas; a; a = a->next)
		if (!strcmp(a->pin, name))
			return a->adopted;
	for (uint32_t i = 0; i < s->n; i++)
		if (!strcmp(s->nic[i].pin, name))
			return s->nic[i].adopted;
	kind = shared_kind(name);
	return kind < 0 || s->shared[kind].adopted;
}

int steer_activate(struct steer *s, char *err, size_t err_size)
{
	int lock = steer_pin_lock();
	int rc = lock < 0 ? lock : pin_fresh(s);

	if (!rc)
		rc = swap_programs(s);
	steer_pin_sweep(s->dir, rc ? is_adopted : is_used, s);
	s->active = !rc;
	if (lock >= 0)
		close(lock);
	if (!rc)
		return 0;
	return steer_fail(rc, err, err_size, "cannot pin or swap the XDP program in %s: %s", s->dir,
			  strerror(-rc));
}

/* ---- the end ---- */

/* Takes the program off: explicitly, for a child may hold copies of the link's fd. */
static void detach_all(struct steer *s, bool adopted_too)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->nic[i].link >= 0 && (adopted_too || !s->nic[i].adopted))
			bpf_link_detach(s->nic[i].link);
}

static void steer_free(struct steer *s)
{
	for (struct steer_area *a = s->areas, *next; a; a = next) {
		next = a->next;
		close_fd(&a->map);
		free(a);
	}
	for (uint32_t i = 0; i < s->n; i++) {
		steer_bpf__destroy(s->nic[i].bpf);
		close_fd(&s->nic[i].link);
		close_fd(&s->nic[i].lock);
	}
	for (int k = 0; k < SHARED_COUNT; k++)
		close_fd(&s->shared[k].map);
	steer_vips_free(&s->vips);
	close_fd(&s->lock);
	free(s);
}

void steer_close(struct steer *s, bool keep)
{
	int lock;

	if (!s)
		return;
	if (!s->active) {
		detach_all(s, false);
	} else if (!keep) {
		detach_all(s, true);
		lock = steer_pin_lock();
		steer_pin_sweep(s->dir, NULL, NULL);
		if (lock >= 0)
			close(lock);
	}
	steer_free(s);
}

struct cleaning {
	const char *own; /* this namespace's directory */
	int removed;
};

static void clean_dir(void *ctx, const char *dir)
{
	struct cleaning *c = ctx;

	if (!strcmp(dir, c->own) || !steer_pin_live(dir))
		c->removed += steer_pin_sweep(dir, NULL, NULL);
}

int steer_cleanup(char *err, size_t err_size)
{
	char own[STEER_PATH];
	struct cleaning c = {.own = own};
	pid_t owner;
	int rc = steer_pin_dir(own);
	int mine, lock;

	if (rc)
		return steer_fail(rc, err, err_size, "no /proc/self/ns/net: %s", strerror(-rc));
	mine = steer_lock_take("", &owner);
	if (mine < 0)
		return steer_fail(mine, err, err_size,
				  "a shuntd (pid %d) runs in this network namespace: stop it first",
				  (int)owner);
	lock = steer_pin_lock();
	if (lock >= 0)
		steer_pin_each_dir(clean_dir, &c);
	close_fd(&lock);
	close(mine);
	return c.removed;
}
