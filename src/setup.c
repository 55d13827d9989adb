/* SPDX-License-Identifier: BSD-2-Clause */
#include "setup.h"

#include <errno.h>
#include <numaif.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include "base/exit_code.h"
#include "base/log.h"
#include "table/conns.h"
#include "table/flow.h"
#include "table/frag.h"
#include "table/persist.h"
#include "table/state.h"

enum {
	FRAME_SMALL = 11, /* 2 KiB: room for 1792 bytes behind the kernel's headroom */
	FRAME_LARGE = 12, /* 4 KiB: for NICs with a larger MTU */
	MTU_SMALL = 1766, /* the largest that fits a small frame with two VLAN tags */
	MTU_KIB = 1002,	  /* and one KiB */
	CACHE_LINE = 64,
	PERSIST_CLIENTS = 1 << 17,
};

struct message {
	char *text;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct message *m, int code,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->text, m->size, fmt, ap);
	va_end(ap);
	return code;
}

static int make_arrays(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	plan_to_dataplane(conf->plan, &s->dp);
	s->dp.poll_busy = conf->plan->poll_busy;
	s->dp.by_hand = conf->by_hand;
	s->worker = calloc(s->dp.n_workers, sizeof(*s->worker));
	s->port = calloc(s->dp.n_ports, sizeof(*s->port));
	s->umem = calloc(s->dp.n_workers, sizeof(*s->umem));
	return s->worker && s->port && s->umem ? 0 : fail(m, EXIT_OTHER, "out of memory");
}

static void free_arrays(struct setup *s, bool keep)
{
	(void)keep;
	free(s->umem);
	free(s->port);
	free(s->worker);
}

/* Natively, or generically where --mode asks for it or nothing else is to be had. */
static int open_steer(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	unsigned int flags =
		(conf->mode == WANT_SKB ? STEER_SKB : 0) | (conf->heir ? STEER_HEIR : 0);
	int err = steer_open(&s->steer, s->dp.nic, s->dp.n_nics, flags, m->text, m->size);

	if (err && err != -EBUSY && err != -EPERM && conf->mode == WANT_AUTO) {
		snprintf(s->why_skb, sizeof(s->why_skb), "%s", m->text);
		flags |= STEER_SKB;
		err = steer_open(&s->steer, s->dp.nic, s->dp.n_nics, flags, m->text, m->size);
	}
	for (uint32_t i = 0; flags & STEER_SKB && i < s->dp.n_nics; i++)
		s->dp.nic[i].mode = MODE_SKB;
	for (uint32_t i = 0; !err && i < s->dp.n_nics; i++) {
		s->dp.nic[i].owner = conf->vip_owner;
		err = steer_set_owner(s->steer, i, conf->vip_owner);
	}
	return exit_code_of(err);
}

static void close_steer(struct setup *s, bool keep)
{
	steer_close(s->steer, keep);
}

/* Directors with one secret hash alike. Returns whether the key changed: then flows of before can't
 * be found any more. */
static bool use_secret(struct setup *s, const char *secret)
{
	struct state *state;
	struct hash_key key;

	if (!secret || state_attach(&state, s->state, s->state_bytes))
		return false;
	hash_key_from(&key, secret);
	if (!memcmp(&key, state_key(state), sizeof(key)))
		return false;
	state_set_key(state, &key);
	return true;
}

/* The tables that all workers share. */
static int open_shared(struct setup *s, bool state_fresh)
{
	bool fresh;

	s->dp.persist_bytes = persist_bytes(PERSIST_CLIENTS);
	s->dp.persist = steer_area(s->steer, "persist", s->dp.persist_bytes, -1, &fresh);
	if (!s->dp.persist)
		return -errno;
	if (state_fresh && !fresh)
		memset(s->dp.persist, 0, s->dp.persist_bytes);
	s->dp.frags = steer_area(s->steer, "frags", frag_bytes(), -1, &fresh);
	return s->dp.frags ? 0 : -errno;
}

/* A worker's flow table. Started anew because a NIC has more queues, and so more workers, the
 * tables keep their size: a smaller one would begin without the connections that there are. */
static size_t table_bytes(const struct setup *s, const struct setup_conf *conf)
{
	size_t before = conf->heir ? steer_area_bytes(s->steer, "flows0") : 0;

	return before ? before : flow_bytes(conf->flows / s->dp.n_workers);
}

/* State and flows lie in pinned memory: they outlive even the holder. A flow means something only
 * under the key in the state area, so the one goes with the other. */
static int open_tables(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	size_t bytes = table_bytes(s, conf);
	bool fresh, state_fresh;
	char name[24];

	s->state_bytes = state_bytes();
	s->state = steer_area(s->steer, "state", s->state_bytes, -1, &state_fresh);
	if (!s->state)
		return fail(m, EXIT_OTHER, "state area: %s", strerror(errno));
	state_fresh |= use_secret(s, conf->secret);
	if (open_shared(s, state_fresh))
		return fail(m, EXIT_OTHER, "persistence and fragment tables: %s", strerror(errno));
	for (uint32_t i = 0; i < s->dp.n_workers; i++) {
		struct worker_info *w = &s->dp.worker[i];

		snprintf(name, sizeof(name), "flows%u", i);
		w->flows_bytes = bytes;
		w->flows = steer_area(s->steer, name, w->flows_bytes, w->node, &fresh);
		if (!w->flows)
			return fail(m, EXIT_OTHER, "flow table of %zu bytes: %s: lower --flows",
				    w->flows_bytes, strerror(errno));
		if (state_fresh && !fresh)
			memset(w->flows, 0, w->flows_bytes);
		snprintf(name, sizeof(name), "origins%u", i);
		w->origins = steer_area(s->steer, name, flow_origin_bytes(w->flows_bytes), w->node,
					&fresh);
		if (!w->origins)
			return fail(m, EXIT_OTHER, "list of flows: %s: lower --flows",
				    strerror(errno));
	}
	return 0;
}

static uint32_t frames_of(const struct setup *s, const struct setup_conf *conf, uint32_t worker)
{
	uint32_t ports = 0;

	for (uint32_t i = 0; i < s->dp.n_ports; i++)
		ports += s->dp.port[i].worker == worker;
	return ports * conf->frames;
}

static void *carve(uint8_t **next, size_t bytes)
{
	void *p = *next;

	*next += (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	return p;
}

/* Where its pages shall be, whoever touches them first. The plan has all workers on one node if it
 * can; when it can't, some are remote, and it has said so. */
static void prefer_node(void *area, size_t bytes, int node)
{
	unsigned long mask = 1ul << (node & 63);

	if (node >= 0 && node < 64)
		mbind(area, bytes, MPOL_PREFERRED, &mask, 65, 0);
}

/* One mapping for everything that is counted or marked, so that it outlives an engine. */
static int make_counters(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	const size_t backends = BACKENDS_MAX * sizeof(struct backend_counters);
	const size_t each = sizeof(struct worker_counters) + sizeof(struct intent) + backends;
	const size_t conns =
		BACKENDS_MAX * sizeof(struct conns) + sizeof(flow_timeout) + CACHE_LINE;
	size_t bytes = s->dp.n_ports * (conf->frames + sizeof(struct port_counters) + CACHE_LINE) +
		       s->dp.n_workers * (each + 4 * CACHE_LINE) + conns;
	uint8_t *next = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (next == MAP_FAILED)
		return fail(m, EXIT_OTHER, "%zu bytes of counters: %s", bytes, strerror(errno));
	prefer_node(next, bytes, s->dp.worker[0].node);
	s->counters = next;
	s->counters_bytes = bytes;
	s->dp.conns = carve(&next, BACKENDS_MAX * sizeof(struct conns));
	s->dp.timeouts = carve(&next, sizeof(flow_timeout));
	memcpy(s->dp.timeouts, flow_timeout, sizeof(flow_timeout));
	s->dp.port_counters = carve(&next, s->dp.n_ports * sizeof(struct port_counters));
	for (uint32_t i = 0; i < s->dp.n_workers; i++) {
		struct worker_info *w = &s->dp.worker[i];

		w->frames = frames_of(s, conf, i);
		w->counters = carve(&next, sizeof(*w->counters));
		w->backends = carve(&next, backends);
		s->worker[i].frames.intent = carve(&next, sizeof(struct intent));
		s->worker[i].frames.owner = carve(&next, w->frames);
	}
	return 0;
}

static void free_counters(struct setup *s, bool keep)
{
	(void)keep;
	if (s->counters)
		munmap(s->counters, s->counters_bytes);
}

static struct umem_node *node_of(struct setup *s, int node)
{
	for (uint32_t i = 0; i < s->n_nodes; i++)
		if (s->node[i].node == node)
			return &s->node[i];
	if (s->n_nodes == sizeof(s->node) / sizeof(*s->node))
		return &s->node[0];
	s->node[s->n_nodes].node = node;
	return &s->node[s->n_nodes++];
}

static int alloc_node(struct setup *s, struct umem_node *n, const struct message *m)
{
	uint32_t frames = 0;

	for (uint32_t i = 0; i < s->dp.n_workers; i++)
		if (s->dp.worker[i].node == n->node)
			frames += s->dp.worker[i].frames;
	n->bytes = (size_t)frames << s->frame_shift;
	n->area = umem_alloc(&n->bytes, n->node, &n->huge);
	if (!n->area)
		return fail(m, EXIT_OTHER, "%zu bytes of UMEM: %s: lower --frames", n->bytes,
			    strerror(errno));
	return 0;
}

/* Some NICs count the room of a zero-copy buffer in whole KiB (SRRCTL.BSIZEPACKET): the 1792 bytes
 * of a small frame are one to them, and a longer packet comes as two that nobody can read. */
static bool needs_large_frames(const struct plan_nic *nic)
{
	static const char *const whole_kib[] = {"igb", "igc", "ixgbe"};

	if (nic->mtu > MTU_SMALL)
		return true;
	for (size_t i = 0; i < sizeof(whole_kib) / sizeof(*whole_kib); i++)
		if (!strcmp(nic->driver, whole_kib[i]))
			return nic->mode == MODE_ZEROCOPY && nic->mtu > MTU_KIB;
	return false;
}

/* Gives each worker its frames: a run of its node's area, all of them free. */
static int make_frames(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	int err = 0;

	s->frame_shift = FRAME_SMALL;
	for (int i = 0; i < conf->plan->n_nics; i++)
		if (needs_large_frames(&conf->plan->nic[i]))
			s->frame_shift = FRAME_LARGE;
	for (uint32_t i = 0; i < s->dp.n_workers && !err; i++) {
		struct umem_node *n = node_of(s, s->dp.worker[i].node);
		struct frames *f = &s->worker[i].frames;

		if (!n->area)
			err = alloc_node(s, n, m);
		f->area = n->area;
		f->shift = s->frame_shift;
		f->first = n->frames;
		f->n = s->dp.worker[i].frames;
		f->free = malloc(f->n * sizeof(*f->free));
		if (!f->free)
			return fail(m, EXIT_OTHER, "out of memory");
		n->frames += f->n;
		while (f->n_free < f->n) {
			f->free[f->n_free] = f->first + f->n_free;
			f->n_free++;
		}
		for (int k = 0; k < UMEM_KINDS; k++)
			s->umem[i][k] = (struct umem){.area = n->area,
						      .bytes = n->bytes,
						      .frame_size = 1u << s->frame_shift};
	}
	return err;
}

static void free_frames(struct setup *s, bool keep)
{
	(void)keep;
	for (uint32_t i = 0; i < s->dp.n_workers; i++)
		free(s->worker[i].frames.free);
	for (uint32_t i = 0; i < s->n_nodes; i++)
		if (s->node[i].area)
			munmap(s->node[i].area, s->node[i].bytes);
}

static int try_mode(struct setup *s, uint32_t i, enum xdp_mode mode)
{
	const struct port_info *info = &s->dp.port[i];
	const struct socket_conf sock = {
		.ifname = s->dp.nic[info->nic].name,
		.queue = info->queue,
		.mode = mode,
		.poll_busy = s->dp.poll_busy,
	};
	int kind = mode == MODE_ZEROCOPY ? UMEM_ZEROCOPY : UMEM_COPY;

	return umem_socket(&s->umem[info->worker][kind], &s->port[i], &sock);
}

/* Binds a port in the best mode that its NIC and --mode allow. A NIC's first port finds out; the
 * others follow, so that a NIC never mixes modes. */
static int bind_port(struct setup *s, const struct setup_conf *conf, uint32_t i)
{
	struct port_info *info = &s->dp.port[i];
	struct nic *nic = &s->dp.nic[info->nic];
	bool first = info->queue == 0;
	bool copy = conf->mode == WANT_COPY ||
		    (conf->mode == WANT_AUTO && conf->plan->nic[info->nic].xdp_rx);
	int err;

	if (first && nic->mode != MODE_SKB)
		nic->mode = copy ? MODE_COPY : MODE_ZEROCOPY;
	err = try_mode(s, i, nic->mode);
	/* Copying would fail for want of permission, memory or the queue just the same. */
	if (err && err != -EPERM && err != -ENOBUFS && err != -EBUSY && first &&
	    conf->mode == WANT_AUTO && nic->mode == MODE_ZEROCOPY) {
		s->no_zerocopy[info->nic] = -err;
		nic->mode = MODE_COPY;
		err = try_mode(s, i, nic->mode);
	}
	if (err)
		return err;
	info->fd = s->port[i].fd;
	info->zerocopy = umem_is_zerocopy(info->fd);
	return 0;
}

static int bind_failed(const struct setup *s, const struct setup_conf *conf, uint32_t i, int err,
		       const struct message *m)
{
	const struct port_info *p = &s->dp.port[i];
	const char *name = s->dp.nic[p->nic].name;

	switch (err) {
	case -EBUSY:
		return fail(m, EXIT_TRY_AGAIN,
			    "%s queue %u: another AF_XDP socket has it; cure: stop its owner, "
			    "or wait a moment",
			    name, p->queue);
	case -EPERM:
		return fail(m, EXIT_NO_PERMISSION,
			    "%s queue %u: no permission for AF_XDP; cure: run as root, or with "
			    "CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF",
			    name, p->queue);
	case -ENOBUFS:
		return fail(
			m, EXIT_NO_PERMISSION,
			"%s queue %u: RLIMIT_MEMLOCK is below the %zu KiB that its frames need; "
			"cure: ulimit -l unlimited, LimitMEMLOCK=infinity in the unit, or "
			"CAP_IPC_LOCK",
			name, p->queue, s->umem[p->worker][0].bytes >> 10);
	case -EAFNOSUPPORT:
		return fail(m, EXIT_OTHER, "this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
	default:
		break;
	}
	if (conf->mode == WANT_ZEROCOPY)
		return fail(m, EXIT_OTHER,
			    "%s queue %u: no zero-copy: %s; cure: --mode auto or copy, another "
			    "driver, or an MTU of at most %u",
			    name, p->queue, strerror(-err), MTU_SMALL);
	return fail(m, EXIT_OTHER, "%s queue %u: cannot bind an AF_XDP socket: %s", name, p->queue,
		    strerror(-err));
}

static int open_ports(struct setup *s, const struct setup_conf *conf, const struct message *m)
{
	for (uint32_t i = 0; i < s->dp.n_ports; i++) {
		struct port_info *info = &s->dp.port[i];
		struct worker *w = &s->worker[info->worker];
		struct port *p = &s->port[i];
		int err;

		p->frames = &w->frames;
		p->worker = s->dp.worker[info->worker].counters;
		p->count = &s->dp.port_counters[i];
		p->nic = info->nic;
		p->has_tx = info->has_tx;
		p->self = w->n_ports;
		err = bind_port(s, conf, i);
		if (err)
			return bind_failed(s, conf, i, err, m);
		w->port[w->n_ports++] = p;
		if (p->has_tx)
			w->out[p->nic] = p;
		err = steer_set_socket(s->steer, info->nic, info->queue, info->fd);
		if (err)
			return fail(m, EXIT_OTHER, "%s queue %u: XSKMAP: %s",
				    s->dp.nic[info->nic].name, info->queue, strerror(-err));
	}
	for (uint32_t i = 0; i < s->dp.n_workers; i++) {
		s->worker[i].self = i;
		s->worker[i].info = &s->dp.worker[i];
		s->worker[i].n_out = s->dp.n_nics;
		s->worker[i].poll_busy = s->dp.poll_busy;
	}
	return exit_code_of(steer_activate(s->steer, m->text, m->size));
}

static void close_ports(struct setup *s, bool keep)
{
	(void)keep;
	for (uint32_t i = 0; i < s->dp.n_ports; i++) {
		struct umem *u = s->umem[s->dp.port[i].worker];

		umem_close_socket(s->dp.port[i].zerocopy ? &u[UMEM_ZEROCOPY] : &u[UMEM_COPY],
				  &s->port[i]);
	}
	for (uint32_t i = 0; i < s->dp.n_workers; i++)
		for (int k = 0; k < UMEM_KINDS; k++)
			umem_delete(&s->umem[i][k]);
}

/* The program is detached before its sockets close: some drivers want it in this order, and on a
 * kept program the packets are dropped instead of going to a socket that is about to go. */
static const struct step {
	int (*open)(struct setup *s, const struct setup_conf *conf, const struct message *m);
	void (*close)(struct setup *s, bool keep);
} steps[] = {
	{make_arrays, free_arrays},
	{NULL, close_ports},
	{open_steer, close_steer},
	{open_tables, NULL},
	{make_counters, free_counters},
	{make_frames, free_frames},
	{open_ports, NULL},
};
enum {
	STEPS = sizeof(steps) / sizeof(*steps)
};

static void undo(struct setup *s, int done, bool keep)
{
	while (done--)
		if (steps[done].close)
			steps[done].close(s, keep);
}

int setup_open(struct setup *s, const struct setup_conf *conf, char *err, size_t err_size)
{
	const struct message m = {err, err_size};

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < STEPS; i++) {
		int code = steps[i].open ? steps[i].open(s, conf, &m) : 0;

		if (code) {
			undo(s, i + 1, false);
			return code;
		}
	}
	return 0;
}

void setup_report(const struct setup *s)
{
	for (uint32_t i = 0; i < s->n_nodes; i++)
		if (!s->node[i].huge)
			log_warn("UMEM of %zu MiB lies in 4 KiB pages: no free hugepages; cure: "
				 "sysctl -w vm.nr_hugepages=%zu, and start again",
				 s->node[i].bytes >> 20, s->node[i].bytes >> 21);
	for (uint32_t i = 0; i < s->dp.n_nics; i++)
		if (s->no_zerocopy[i])
			log_info("%s: no zero-copy (%s): frames are copied", s->dp.nic[i].name,
				 strerror(s->no_zerocopy[i]));
	if (s->why_skb[0])
		log_warn("generic XDP, which is slow: %s", s->why_skb);
}

void setup_close(struct setup *s, bool keep)
{
	undo(s, STEPS, keep);
}
