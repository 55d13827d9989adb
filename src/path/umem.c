/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/umem.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <numaif.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	HUGE_PAGE = 2 << 20,
	RETRY_MS = 10, /* a queue's last owner is gone after some 10 ms (deferred in the kernel) */
	RETRY_MAX = 200,
	BUSY_POLL_US = 20,
};

/* Since Linux 6.17: a copy-mode sendto moves so many frames instead of 32. */
#ifndef XDP_MAX_TX_SKB_BUDGET
enum {
	XDP_MAX_TX_SKB_BUDGET = 9
};
#endif

void *umem_alloc(size_t *bytes, int node, bool *huge)
{
	const int flags = MAP_SHARED | MAP_ANONYMOUS;
	size_t size = (*bytes + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
	unsigned long mask = 1ul << (node & 63);
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);

	*huge = area != MAP_FAILED;
	if (!*huge)
		area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	/* A preference: --numa strict has checked before that the node has CPUs and memory. */
	if (node >= 0 && node < 64)
		mbind(area, size, MPOL_PREFERRED, &mask, 65, 0);
	*bytes = size;
	return area;
}

static int register_area(struct umem *u, struct port *p)
{
	const struct xsk_umem_config conf = {
		.fill_size = RING_SIZE,
		.comp_size = RING_SIZE,
		.frame_size = u->frame_size,
	};
	int err = xsk_umem__create(&u->umem, u->area, u->bytes, &p->fill, &p->comp, &conf);

	if (err) {
		u->umem = NULL;
		return err;
	}
	p->fill.cached_cons = p->fill.size; /* libxdp leaves them as they were */
	port_refill(p);
	return 0;
}

/* Takes back what register_area gave: nobody will receive into it. */
static void unregister_area(struct umem *u, struct port *p)
{
	uint32_t n = *p->fill.producer;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = *xsk_ring_prod__fill_addr(&p->fill, i);

		frames_mark(p->frames, addr, FRAME_HELD);
		frames_give(p->frames, addr);
	}
	p->count->filled = 0;
	umem_delete(u);
}

/* One attempt. The rings are zeroed first, since libxdp isn't doing it. */
static int bind_once(struct umem *u, struct port *p, const struct socket_conf *conf)
{
	const struct xsk_socket_config xsk = {
		.rx_size = RING_SIZE,
		.tx_size = RING_SIZE,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP |
			      (conf->mode == MODE_ZEROCOPY ? XDP_ZEROCOPY : XDP_COPY),
	};
	bool first = !u->umem;
	int err = 0;

	memset(&p->rx, 0, sizeof(p->rx));
	memset(&p->tx, 0, sizeof(p->tx));
	memset(&p->fill, 0, sizeof(p->fill));
	memset(&p->comp, 0, sizeof(p->comp));
	p->fd = -1;
	if (first)
		err = register_area(u, p);
	if (err)
		return err;
	err = xsk_socket__create_shared(&p->xsk, conf->ifname, conf->queue, u->umem, &p->rx,
					p->has_tx ? &p->tx : NULL, &p->fill, &p->comp, &xsk);
	if (!err)
		return 0;
	p->xsk = NULL;
	if (first)
		unregister_area(u, p);
	return err;
}

static void set_options(int fd, bool poll_busy)
{
	int one = 1, us = BUSY_POLL_US, budget = 64, tx = RING_SIZE;

	/* Each is a favour that an older kernel may refuse. */
	setsockopt(fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &tx, sizeof(tx));
	if (!poll_busy)
		return;
	setsockopt(fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us));
	setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget));
}

int umem_socket(struct umem *u, struct port *p, const struct socket_conf *conf)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000};
	int err = bind_once(u, p, conf);

	for (int i = 0; err == -EBUSY && i < RETRY_MAX; i++) {
		nanosleep(&pause, NULL);
		err = bind_once(u, p, conf);
	}
	if (err)
		return err;
	p->fd = xsk_socket__fd(p->xsk);
	p->zerocopy = conf->mode == MODE_ZEROCOPY;
	set_options(p->fd, conf->poll_busy);
	if (conf->mode == MODE_ZEROCOPY && !umem_is_zerocopy(p->fd)) {
		umem_close_socket(u, p);
		return -EOPNOTSUPP;
	}
	u->sockets++;
	port_resync(p);
	port_refill(p);
	return 0;
}

void umem_close_socket(struct umem *u, struct port *p)
{
	if (!p->xsk)
		return;
	xsk_socket__delete(p->xsk);
	p->xsk = NULL;
	u->sockets--;
}

void umem_delete(struct umem *u)
{
	if (u->umem)
		xsk_umem__delete(u->umem);
	u->umem = NULL;
}

bool umem_is_zerocopy(int fd)
{
	struct xdp_options opts = {0};
	socklen_t len = sizeof(opts);

	return !getsockopt(fd, SOL_XDP, XDP_OPTIONS, &opts, &len) &&
	       (opts.flags & XDP_OPTIONS_ZEROCOPY);
}
