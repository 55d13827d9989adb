/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_XDP: one socket with a transmit ring, on the thread's queue. Sleeps between frames when the
 * rate leaves it time to. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <xdp/xsk.h>

#include "base/clock.h"
#include "engine.h"
#include "frame.h"

enum {
	FRAMES = 4096,
	FRAME_SIZE = 2048,
	RING = 2048,
	BATCH = 64,
	TURN_NS = 100 * 1000 * 1000,
	DRAIN_NS = 200 * 1000 * 1000,
	WAKE_NS = 60 * 1000, /* what a sleep may be late by: so much of a wait is spun */
	NAP_MAX_NS = 20 * 1000 * 1000,
	MAX_TX_SKB_BUDGET = 9, /* of SOL_XDP, Linux 6.17: descriptors to a sendto in copy mode */
};

struct engine_run {
	struct xsk_ring_prod tx, fill;
	struct xsk_ring_cons comp;
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	const struct gen_conf *conf;
	struct gen_state state;
	__u8 *area;
	int fd;
	__u32 n_free;
	__u64 free[FRAMES]; /* addresses */
};

static int open_umem(struct engine_run *run)
{
	const struct xsk_umem_config conf = {
		.fill_size = RING, .comp_size = RING, .frame_size = FRAME_SIZE};

	run->area = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (run->area == MAP_FAILED) {
		run->area = NULL;
		return -errno;
	}
	for (__u32 i = 0; i < FRAMES; i++)
		run->free[run->n_free++] = (__u64)i * FRAME_SIZE;
	return xsk_umem__create(&run->umem, run->area, FRAMES * FRAME_SIZE, &run->fill, &run->comp,
				&conf);
}

static int open_socket(struct engine_run *run, const char *nic, unsigned int queue, bool skb)
{
	const struct xsk_socket_config conf = {
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.xdp_flags = skb ? XDP_FLAGS_SKB_MODE : 0,
		.bind_flags = XDP_USE_NEED_WAKEUP | (skb ? XDP_COPY : 0),
	};
	int budget = RING, r;

	r = xsk_socket__create(&run->xsk, nic, queue, run->umem, NULL, &run->tx, &conf);
	if (r)
		return r;
	run->fd = xsk_socket__fd(run->xsk);
	/* Older kernels don't know it, and take 32. */
	r = setsockopt(run->fd, SOL_XDP, MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	(void)r;
	return 0;
}

static void afxdp_close(struct engine_run *run)
{
	if (!run)
		return;
	if (run->xsk)
		xsk_socket__delete(run->xsk);
	if (run->umem)
		xsk_umem__delete(run->umem);
	if (run->area)
		munmap(run->area, FRAMES * FRAME_SIZE);
	free(run);
}

static int afxdp_open(struct engine_run **out, const struct gen_conf *conf, const char *nic,
		      unsigned int queue, bool skb, char *err, size_t size)
{
	struct engine_run *run = calloc(1, sizeof(*run));
	int r;

	if (!run)
		return -ENOMEM;
	run->conf = conf;
	r = open_umem(run);
	if (!r)
		r = open_socket(run, nic, queue, skb);
	if (r) {
		snprintf(err, size, "can't open an AF_XDP socket on %s, queue %u: %s", nic, queue,
			 strerror(-r));
		afxdp_close(run);
		return r;
	}
	*out = run;
	return 0;
}

static struct gen_state *afxdp_state(struct engine_run *run)
{
	return &run->state;
}

static void write_frame(const struct gen_conf *c, const struct frame *f, void *at)
{
	int tcp = c->kind != KIND_UDP;

	if (c->v6 && tcp)
		frame_write_kind(c, f, at, 1, 1);
	else if (c->v6)
		frame_write_kind(c, f, at, 1, 0);
	else if (tcp)
		frame_write_kind(c, f, at, 0, 1);
	else
		frame_write_kind(c, f, at, 0, 0);
}

/* Puts what is due on the ring. Returns how many frames that is. */
static __u32 stage(struct engine_run *run, __u64 now)
{
	const struct gen_conf *c = run->conf;
	struct gen_state *s = &run->state;
	__u32 n = 0, slot = 0;

	while (n < BATCH && run->n_free && xsk_prod_nb_free(&run->tx, 1) &&
	       !frame_over(c, s, now) && frame_due(c, s, now)) {
		struct frame f;
		__u64 addr = run->free[--run->n_free];

		frame_plan(c, s->sent, &f);
		f.ns = (__u32)now;
		write_frame(c, &f, run->area + addr);
		xsk_ring_prod__reserve(&run->tx, 1, &slot);
		*xsk_ring_prod__tx_desc(&run->tx, slot) =
			(struct xdp_desc){.addr = addr, .len = f.len};
		frame_sent(s, &f, now);
		n++;
	}
	if (n)
		xsk_ring_prod__submit(&run->tx, n);
	return n;
}

static void reap(struct engine_run *run)
{
	__u32 start, n = xsk_ring_cons__peek(&run->comp, RING, &start);

	for (__u32 i = 0; i < n; i++)
		run->free[run->n_free++] = *xsk_ring_cons__comp_addr(&run->comp, start + i);
	if (n)
		xsk_ring_cons__release(&run->comp, n);
}

/* Returns 0, also if the kernel is to be asked again, or -errno. */
static int kick(struct engine_run *run)
{
	if (!xsk_ring_prod__needs_wakeup(&run->tx) ||
	    sendto(run->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
		return 0;
	/* EBUSY: the device refused a frame, and counted it. */
	return errno == EAGAIN || errno == EBUSY || errno == ENOBUFS || errno == EINTR ? 0 : -errno;
}

/* Until the next frame is due, or a while. */
static void nap(const struct engine_run *run, __u64 now)
{
	const struct gen_state *s = &run->state;
	__u64 due = s->start + (s->next >> 16), wait = due > now ? due - now : 0;
	struct timespec t = {0};

	if (s->end && s->end < due)
		wait = s->end > now ? s->end - now : 0;
	if (!run->conf->interval || wait <= WAKE_NS)
		return;
	wait -= WAKE_NS;
	t.tv_nsec = wait < NAP_MAX_NS ? (long)wait : NAP_MAX_NS;
	nanosleep(&t, NULL);
}

/* Until everything is sent. What the device doesn't take in time wasn't. */
static int drain(struct engine_run *run)
{
	__u64 end = clock_ns() + DRAIN_NS;
	int r = 0;

	while (run->n_free < FRAMES && !r && clock_ns() < end) {
		r = kick(run);
		reap(run);
	}
	return r;
}

static int afxdp_turn(struct engine_run *run)
{
	__u64 now = clock_ns(), end = now + TURN_NS;
	int r = 0;

	for (; !r && now < end && !frame_over(run->conf, &run->state, now); now = clock_ns()) {
		__u32 n = stage(run, now);

		if (n || run->n_free < FRAMES)
			r = kick(run);
		reap(run);
		if (!n && run->n_free == FRAMES)
			nap(run, now);
	}
	if (!r && run->state.over)
		r = drain(run);
	return r;
}

const struct engine engine_afxdp = {"afxdp", afxdp_open, afxdp_state, afxdp_turn, afxdp_close};
