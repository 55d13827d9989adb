/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_ns_test.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

const uint8_t ns_mac[6] = {2, 0, 0, 0, 0, 0x0a};

void ns_sh(const char *cmd)
{
	if (system(cmd)) {
		fprintf(stderr, "failed: %s\n", cmd);
		abort();
	}
}

int ns_enter(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, "mode=0700"))
		return -1;
	ns_sh("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; " /* no frames but ours */
	      "ip link set lo up && ip link add v0 numrxqueues 2 numtxqueues 2 type veth peer name "
	      "v1 "
	      "numrxqueues 2 numtxqueues 2 && ip link set v0 address 02:00:00:00:00:0a && "
	      "ip link set v0 up && ip link set v1 up");
	return 0;
}

struct nic ns_nic(const char *name)
{
	struct nic nic = {.ifindex = (int)if_nametoindex(name), .queues = 2, .node = -1};

	snprintf(nic.name, sizeof(nic.name), "%s", name);
	memcpy(nic.mac, ns_mac, sizeof(nic.mac));
	return nic;
}

struct steer *ns_open(void)
{
	const struct nic nic = ns_nic("v0");
	char err[256] = "";
	struct steer *s = NULL;

	if (steer_open(&s, &nic, 1, false, err, sizeof(err)))
		fail_msg("%s", err);
	return s;
}

struct steer *ns_open_active(void)
{
	struct steer *s = ns_open();
	char err[256] = "";

	if (steer_activate(s, err, sizeof(err)))
		fail_msg("%s", err);
	return s;
}

struct endpoint ns_service(const char *addr, uint16_t port, uint8_t proto)
{
	struct endpoint ep = {.port = htons(port), .proto = proto};

	assert_int_equal(addr_parse(addr, &ep.addr), 0);
	return ep;
}

uint32_t ns_prog_on(const char *name)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(name), 0, &id), 0);
	return id;
}

uint32_t ns_prog_of(const struct steer *s, uint32_t nic)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(steer_program_fd(s, nic), &info, &len), 0);
	return info.id;
}

bool ns_is_clean(void)
{
	return access("/sys/fs/bpf/shunt", F_OK) && !ns_prog_on("v0") && !ns_prog_on("v1");
}

void ns_add_services(struct steer *s)
{
	const struct endpoint ep[] = {
		ns_service("192.168.1.222", 80, IPPROTO_TCP),
		ns_service("192.168.1.222", 53, IPPROTO_UDP),
		ns_service("2001:db8::80", 80, IPPROTO_TCP),
		ns_service("2001:db8::80", 53, IPPROTO_UDP),
	};

	for (size_t i = 0; i < sizeof(ep) / sizeof(*ep); i++)
		assert_int_equal(steer_add(s, &ep[i]), 0);
}

/* Runs the program on a frame that came from v0's queue. Returns its verdict. */
uint32_t ns_run(struct steer *s, const char *frame, size_t len, uint32_t queue)
{
	struct xdp_md ctx = {.data_end = (uint32_t)len,
			     .ingress_ifindex = if_nametoindex("v0"),
			     .rx_queue_index = queue};
	uint8_t out[256] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)len,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(steer_program_fd(s, 0), &opts), 0);
	assert_int_equal(opts.data_size_out, len);
	assert_memory_equal(out, frame, len);
	return opts.retval;
}
