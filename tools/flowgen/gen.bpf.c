/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The xdp engine's inside: the kernel runs this on one blank frame after the other
 * (BPF_F_TEST_XDP_LIVE_FRAMES) and sends what it made of them. One instance per thread. A frame
 * whose time hasn't come is dropped unsent: that is how the engine waits. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "frame.h"

const char program_license[] SEC("license") = "Dual BSD/GPL";

const volatile struct gen_conf gen_conf = {0};
struct gen_state gen_state = {0};

static __always_inline int write_kind(const struct gen_conf *c, const struct frame *f,
				      struct xdp_md *ctx, int v6, int tcp)
{
	__u8 *at = (void *)(long)ctx->data;

	if (at + frame_head_len(v6, tcp) > (__u8 *)(long)ctx->data_end)
		return -1;
	frame_write_kind(c, f, at, v6, tcp);
	return 0;
}

static __always_inline int write(const struct gen_conf *c, const struct frame *f,
				 struct xdp_md *ctx)
{
	int tcp = c->kind != KIND_UDP;

	if (c->v6)
		return tcp ? write_kind(c, f, ctx, 1, 1) : write_kind(c, f, ctx, 1, 0);
	return tcp ? write_kind(c, f, ctx, 0, 1) : write_kind(c, f, ctx, 0, 0);
}

SEC("xdp")
int gen(struct xdp_md *ctx)
{
	const struct gen_conf *c = (const void *)&gen_conf;
	__u64 now = bpf_ktime_get_ns();
	struct frame f;
	int grow;

	asm volatile("" : "+r"(c)); /* its contents come later than the compiler thinks */
	if (frame_over(c, &gen_state, now) || !frame_due(c, &gen_state, now))
		return XDP_DROP;
	frame_plan(c, gen_state.sent, &f);
	f.ns = (__u32)now;
	grow = (int)f.len - (int)(ctx->data_end - ctx->data);
	if (grow && bpf_xdp_adjust_tail(ctx, grow))
		return XDP_DROP;
	if (write(c, &f, ctx))
		return XDP_DROP;
	frame_sent(&gen_state, &f, now);
	return (int)bpf_redirect(c->ifindex, 0);
}
