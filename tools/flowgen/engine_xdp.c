/* SPDX-License-Identifier: BSD-2-Clause */
/* Live frames: the kernel makes blank frames from a page pool, runs gen.bpf.c on each and sends
 * them in batches. Needs Linux 5.18 and a driver that can transmit XDP frames; veth can if the
 * peer has an XDP program or GRO. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "flowgen/gen.skel.h"
#include "template.h"

enum {
	BATCH = 64,	 /* frames to a flush of the device's queue, flat out */
	BATCH_PACED = 8, /* small: a frame waits for the end of its batch */
	TURN = 1 << 30,	 /* frames, or slots of waiting, to a system call: to begin one takes ms */
};

struct engine_run {
	struct gen_bpf *skel;
	char *blank;
	__u32 len, batch;
};

static int load(struct engine_run *run, const struct gen_conf *conf, char *err, size_t size)
{
	int r;

	run->skel = gen_bpf__open();
	if (!run->skel)
		return -errno;
	memcpy((void *)&run->skel->rodata->gen_conf, conf, sizeof(*conf));
	r = gen_bpf__load(run->skel);
	if (r)
		snprintf(err, size, "can't load the generator's BPF program: %s", strerror(-r));
	return r == -EINVAL ? -EIO : r; /* not the user's fault */
}

static void xdp_close(struct engine_run *run)
{
	if (!run)
		return;
	gen_bpf__destroy(run->skel);
	free(run->blank);
	free(run);
}

static int xdp_open(struct engine_run **out, const struct gen_conf *conf, const char *nic,
		    unsigned int queue, bool skb, char *err, size_t size)
{
	struct engine_run *run = calloc(1, sizeof(*run));
	int r = -ENOMEM;

	(void)nic, (void)queue, (void)skb; /* the CPU decides which queue a driver takes */
	if (!run)
		return r;
	run->len = template_longest(conf);
	run->batch = conf->interval ? BATCH_PACED : BATCH;
	if (conf->interval && conf->burst > run->batch)
		run->batch = conf->burst < BATCH ? conf->burst : BATCH;
	run->blank = calloc(1, run->len);
	if (!run->blank)
		goto close;
	r = load(run, conf, err, size);
	if (r)
		goto close;
	*out = run;
	return 0;
close:
	xdp_close(run);
	return r;
}

static struct gen_state *xdp_state(struct engine_run *run)
{
	return &run->skel->bss->gen_state;
}

static int xdp_turn(struct engine_run *run)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->blank, .data_size_in = run->len,
		    .repeat = TURN, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = run->batch);
	int r;

	if (xdp_state(run)->over)
		return 0;
	r = bpf_prog_test_run_opts(bpf_program__fd(run->skel->progs.gen), &opts);
	return r == -EINTR || r == -EAGAIN ? 0 : r;
}

const struct engine engine_xdp = {"xdp", xdp_open, xdp_state, xdp_turn, xdp_close};
