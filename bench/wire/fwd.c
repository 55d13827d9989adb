/* SPDX-License-Identifier: BSD-2-Clause */
/* fwd: what shunt is measured against on the wire. It swaps a frame's MAC addresses and sends it
 * back out of the NIC that it came in on, by AF_XDP in copy mode or zero-copy, and does nothing
 * else: no service, no flow, no counter, one socket.
 *
 * Two ways to do it:
 *   best    as fast as we could make it; the ceiling for AF_XDP on this machine
 *   sample  as the well-known samples do it: 64 frames at a time, one kick for each batch, sent
 *           frames go from the completion ring to the fill ring
 * and, without AF_XDP, --kernel tx or drop: an XDP program does it, or drops everything. */
#include <argp.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "bench/wire/fwd.skel.h"

enum {
	RING = 2048,
	FRAMES = 2 * RING,
	FRAME_SIZE = 2048,
	BATCH_MAX = 512,
	SAMPLE_BATCH = 64,
	NAP_AFTER_NS = 50000,
	NAP_MS = 1000,
	TX_SKB_BUDGET = 9, /* XDP_MAX_TX_SKB_BUDGET, Linux 6.17: frames to a sendto, not 32 */
};

struct args {
	const char *nic;
	unsigned int queue;
	int cpu;
	bool sample;
	bool busy;
	bool zerocopy;
	const char *kernel; /* tx or drop; NULL: AF_XDP */
	unsigned int batch;
	unsigned int fill;
};

struct fwd {
	struct args args;
	struct xsk_ring_cons rx, comp;
	struct xsk_ring_prod tx, fill;
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct fwd_bpf *bpf;
	uint8_t *area;
	int fd;
	uint32_t outstanding; /* on their way from transmit to completion ring */
	uint32_t n_free;
	uint64_t free[FRAMES];
	uint64_t idle_since;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static const struct argp_option options[] = {
	{"interface", 'i', "IF", 0, "in and out", 0},
	{"queue", 'q', "N", 0, "its queue (0)", 0},
	{"cpu", 'c', "N", 0, "run there", 0},
	{"sample", 's', NULL, 0, "as the samples do it", 0},
	{"busy", 'p', NULL, 0, "never sleep", 0},
	{"zerocopy", 'z', NULL, 0, "by the driver's zero-copy mode, or fail", 0},
	{"batch", 'b', "N", 0, "frames at a time, at most (64)", 0},
	{"kernel", 'k', "tx|drop", 0, "only attach this XDP program", 0},
	{"fill", 'f', "N", 0, "frames on the fill ring, at most (all)", 0},
	{0},
};

static error_t on_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'i':
		a->nic = arg;
		return 0;
	case 'q':
		a->queue = (unsigned int)atoi(arg);
		return 0;
	case 'c':
		a->cpu = atoi(arg);
		return 0;
	case 's':
		a->sample = true;
		return 0;
	case 'p':
		a->busy = true;
		return 0;
	case 'z':
		a->zerocopy = true;
		return 0;
	case 'k':
		a->kernel = arg;
		return 0;
	case 'b':
		a->batch = (unsigned int)atoi(arg);
		if (a->batch < 1 || a->batch > BATCH_MAX)
			argp_error(state, "1 to %d frames at a time", BATCH_MAX);
		return 0;
	case 'f':
		a->fill = (unsigned int)atoi(arg);
		if (a->fill < BATCH_MAX || a->fill > RING)
			argp_error(state, "%d to %d frames", BATCH_MAX, RING);
		return 0;
	case ARGP_KEY_END:
		if (!a->nic)
			argp_error(state, "-i IF is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "fwd: %s: %s\n", what, strerror(-err));
	exit(1);
}

/* Memory that was written before, in as many pages as needed: as shunt has it. */
static void open_umem(struct fwd *f)
{
	const struct xsk_umem_config conf = {
		.fill_size = RING, .comp_size = RING, .frame_size = FRAME_SIZE};

	f->area = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	check(f->area == MAP_FAILED ? -errno : 0, "memory");
	while (f->n_free < FRAMES) {
		f->free[f->n_free] = (uint64_t)f->n_free * FRAME_SIZE;
		f->n_free++;
	}
	check(xsk_umem__create(&f->umem, f->area, FRAMES * FRAME_SIZE, &f->fill, &f->comp, &conf),
	      "UMEM");
}

static void open_socket(struct fwd *f)
{
	const struct xsk_socket_config conf = {
		.rx_size = RING,
		.tx_size = RING,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP |
					 (f->args.zerocopy ? XDP_ZEROCOPY : XDP_COPY)),
	};
	int budget = RING;

	check(xsk_socket__create(&f->xsk, f->args.nic, f->args.queue, f->umem, &f->rx, &f->tx,
				 &conf),
	      "socket");
	f->fd = xsk_socket__fd(f->xsk);
	if (!f->args.sample && setsockopt(f->fd, SOL_XDP, TX_SKB_BUDGET, &budget, sizeof(budget)))
		fprintf(stderr, "fwd: this kernel sends 32 frames at a time\n");
}

static void attach(struct fwd *f, struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach_xdp(prog, (int)if_nametoindex(f->args.nic));

	check(link ? 0 : -errno, "attach");
	fputs("ready\n", stderr);
}

static void open_program(struct fwd *f)
{
	f->bpf = fwd_bpf__open_and_load();
	check(f->bpf ? 0 : -errno, "BPF program");
}

static void swap_macs(uint8_t *frame)
{
	uint8_t first[6];

	memcpy(first, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, first, 6);
}

/* Copies n frames' descriptors from the receive to the transmit ring. The caller has reserved. */
static void swap_burst(struct fwd *f, uint32_t from, uint32_t to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		__builtin_prefetch(f->area + xsk_ring_cons__rx_desc(&f->rx, from + i)->addr, 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct xdp_desc *d = xsk_ring_cons__rx_desc(&f->rx, from + i);

		swap_macs(f->area + d->addr);
		*xsk_ring_prod__tx_desc(&f->tx, to + i) =
			(struct xdp_desc){.addr = d->addr, .len = d->len};
	}
	xsk_ring_prod__submit(&f->tx, n);
	xsk_ring_cons__release(&f->rx, n);
	f->outstanding += n;
}

static void kick(struct fwd *f)
{
	if (xsk_ring_prod__needs_wakeup(&f->tx) &&
	    sendto(f->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
	    errno != EBUSY && errno != ENOBUFS)
		check(-errno, "sendto");
}

/* --- best ---------------------------------------------------------------------------------- */

static void best_recycle(struct fwd *f)
{
	uint32_t at, n = xsk_ring_cons__peek(&f->comp, RING, &at);

	for (uint32_t i = 0; i < n; i++)
		f->free[f->n_free++] = *xsk_ring_cons__comp_addr(&f->comp, at + i);
	xsk_ring_cons__release(&f->comp, n);
	f->outstanding -= n;
}

/* A zero-copy driver that ran out of frames stops looking at the ring. */
static void wake_receiver(struct fwd *f)
{
	if (f->xsk && xsk_ring_prod__needs_wakeup(&f->fill))
		(void)recvfrom(f->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

static void best_refill(struct fwd *f)
{
	uint32_t room = xsk_prod_nb_free(&f->fill, RING), at;
	uint32_t there = RING - room;
	uint32_t n = there < f->args.fill ? f->args.fill - there : 0;

	if (n > f->n_free)
		n = f->n_free;
	if (n < SAMPLE_BATCH || xsk_ring_prod__reserve(&f->fill, n, &at) != n)
		return;
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&f->fill, at + i) = f->free[--f->n_free];
	xsk_ring_prod__submit(&f->fill, n);
	wake_receiver(f);
}

static void best_idle(struct fwd *f)
{
	struct pollfd fd = {.fd = f->fd, .events = POLLIN};
	uint64_t now = clock_ns();

	if (!f->idle_since)
		f->idle_since = now;
	else if (!f->args.busy && now - f->idle_since > NAP_AFTER_NS) {
		poll(&fd, 1, NAP_MS);
		f->idle_since = 0;
	}
}

static void best_turn(struct fwd *f)
{
	uint32_t from, to = 0, n;

	best_refill(f);
	n = xsk_ring_cons__peek(&f->rx, f->args.batch, &from);
	if (!n) {
		if (f->outstanding)
			kick(f);
		best_recycle(f);
		best_idle(f);
		return;
	}
	f->idle_since = 0;
	while (xsk_ring_prod__reserve(&f->tx, n, &to) != n && !stop)
		kick(f);
	swap_burst(f, from, to, n);
	kick(f);
	best_recycle(f);
}

/* --- sample -------------------------------------------------------------------------------- */

static void sample_complete(struct fwd *f)
{
	uint32_t n = f->outstanding < SAMPLE_BATCH ? f->outstanding : SAMPLE_BATCH, from, to = 0;

	if (!f->outstanding)
		return;
	kick(f);
	n = xsk_ring_cons__peek(&f->comp, n, &from);
	if (!n)
		return;
	while (xsk_ring_prod__reserve(&f->fill, n, &to) != n && !stop)
		;
	for (uint32_t i = 0; i < n; i++)
		*xsk_ring_prod__fill_addr(&f->fill, to + i) =
			*xsk_ring_cons__comp_addr(&f->comp, from + i);
	xsk_ring_prod__submit(&f->fill, n);
	xsk_ring_cons__release(&f->comp, n);
	f->outstanding -= n;
}

static void sample_turn(struct fwd *f)
{
	uint32_t from, to = 0, n;

	sample_complete(f);
	n = xsk_ring_cons__peek(&f->rx, SAMPLE_BATCH, &from);
	if (!n) {
		if (xsk_ring_prod__needs_wakeup(&f->fill) &&
		    recvfrom(f->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0)
			return;
		return;
	}
	while (xsk_ring_prod__reserve(&f->tx, n, &to) != n && !stop)
		sample_complete(f);
	swap_burst(f, from, to, n);
}

static void open_all(struct fwd *f)
{
	open_umem(f);
	best_refill(f);
	open_socket(f);
	check(bpf_map_update_elem(bpf_map__fd(f->bpf->maps.sockets), &f->args.queue, &f->fd, 0),
	      "XSKMAP");
	attach(f, f->bpf->progs.fwd);
}

/* The program goes with the process. */
static void close_all(struct fwd *f)
{
	xsk_socket__delete(f->xsk);
	xsk_umem__delete(f->umem);
	munmap(f->area, FRAMES * FRAME_SIZE);
}

/* Until a signal. */
static void run_kernel(struct fwd *f)
{
	attach(f, strcmp(f->args.kernel, "drop") ? f->bpf->progs.tx : f->bpf->progs.drop);
	while (!stop)
		pause();
}

static void run_afxdp(struct fwd *f)
{
	void (*turn)(struct fwd *) = f->args.sample ? sample_turn : best_turn;

	open_all(f);
	while (!stop)
		turn(f);
	close_all(f);
}

int main(int argc, char **argv)
{
	static struct fwd f = {.args = {.cpu = -1, .batch = SAMPLE_BATCH, .fill = RING}};
	const struct argp argp = {.options = options,
				  .parser = on_option,
				  .doc = "Swaps MAC addresses and sends back, by AF_XDP."};
	const struct sigaction act = {.sa_handler = on_signal};

	argp_parse(&argp, argc, argv, 0, NULL, &f.args);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	if (f.args.cpu >= 0)
		check(cpu_pin(0, f.args.cpu), "CPU");
	open_program(&f);
	if (f.args.kernel)
		run_kernel(&f);
	else
		run_afxdp(&f);
	fwd_bpf__destroy(f.bpf);
	return 0;
}
