/* SPDX-License-Identifier: BSD-2-Clause */
/* Attaching, pinning, adoption, and who is refused. */
#include "mgmt/steer.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/magic.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mgmt/steer_ns_test.h"
#include "mgmt/steer_pin.h"

/* To 192.168.1.222, TCP port 80, and v0's MAC address. */
static const char frame[54] = "\x02\0\0\0\0\x0a\x02\0\0\0\0\1\x08\0"
			      "\x45\0\0\x28\0\0\x40\0\x40\x06\0\0\xc0\xa8\1\2\xc0\xa8\1\xde"
			      "\xc0\0\0\x50";

static void send_from_v1(void)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("v1")};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	assert_true(fd >= 0);
	assert_int_equal(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(frame));
	close(fd);
}

static bool is_counted(struct steer *s, enum steer_count c, uint64_t want)
{
	uint64_t n[STEER_COUNT] = {0};

	for (int i = 0; i < 100 && n[c] != want; i++) {
		usleep(5000);
		assert_int_equal(steer_counts(s, 0, n), 0);
	}
	return n[c] == want;
}

static void sees_the_frames_of_its_nic(void **state)
{
	struct steer *s;

	(void)state;
	for (int skb = 0; skb < 2; skb++) {
		const struct nic nic = ns_nic("v0");
		char err[256];

		assert_int_equal(steer_open(&s, &nic, 1, skb, err, sizeof(err)), 0);
		assert_int_equal(ns_prog_on("v0"), ns_prog_of(s, 0));
		ns_add_services(s);
		send_from_v1();
		assert_true(is_counted(s, STEER_DROP_NO_SOCK, 1));
		steer_close(s, false);
		assert_true(ns_is_clean());
	}
}

static void leaves_nothing_behind(void **state)
{
	struct steer *s = ns_open_active();
	bool fresh;

	(void)state;
	assert_non_null(steer_area(s, "state", 10000, -1, &fresh));
	steer_close(s, false);
	assert_true(ns_is_clean());
	s = ns_open();
	assert_non_null(steer_area(s, "state", 10000, -1, &fresh));
	assert_true(access("/sys/fs/bpf/shunt", F_OK)); /* nothing is pinned yet */
	steer_close(s, true);
	assert_true(ns_is_clean());
	steer_close(NULL, true);
}

static void detaches_though_a_child_holds_copies(void **state)
{
	(void)state;
	for (int active = 0; active < 2; active++) {
		struct steer *s = active ? ns_open_active() : ns_open();
		int go[2];
		pid_t child;

		assert_int_equal(pipe(go), 0);
		child = fork();
		if (!child) {
			char c;

			close(go[1]);
			_exit(read(go[0], &c, 1) != 0);
		}
		steer_close(s, false);
		assert_true(ns_is_clean());
		close(go[1]);
		close(go[0]);
		waitpid(child, NULL, 0);
	}
}

static void keeps_dropping_until_the_next_life(void **state)
{
	struct steer *s = ns_open_active();
	uint32_t old = ns_prog_of(s, 0);

	(void)state;
	ns_add_services(s);
	steer_close(s, true);
	assert_int_equal(ns_prog_on("v0"), old);

	s = ns_open();
	assert_int_equal(ns_prog_on("v0"), old); /* still, for the sockets aren't in */
	assert_int_not_equal(ns_prog_of(s, 0), old);
	steer_close(s, false); /* a start that failed */
	assert_int_equal(ns_prog_on("v0"), old);

	s = ns_open_active();
	assert_int_equal(ns_prog_on("v0"), ns_prog_of(s, 0));
	send_from_v1(); /* services were adopted, too */
	assert_true(is_counted(s, STEER_DROP_NO_SOCK, 1));
	steer_close(s, false);
	assert_true(ns_is_clean());
}

static void survives_the_end_of_its_process(void **state)
{
	struct steer *s;
	uint32_t old;
	int status;
	pid_t child = fork();

	(void)state;
	if (!child) {
		s = ns_open_active();
		ns_add_services(s);
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	old = ns_prog_on("v0");
	assert_int_not_equal(old, 0);
	s = ns_open_active();
	assert_int_not_equal(ns_prog_on("v0"), old);
	assert_int_equal(ns_run(s, frame, sizeof(frame), 0), XDP_DROP);
	steer_close(s, false);
	assert_true(ns_is_clean());
}

struct seen {
	struct steer *s;
	uint32_t n;
	uint32_t ports;
};

static void see_and_delete(void *ctx, const struct endpoint *ep)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->ports += ntohs(ep->port);
	assert_int_equal(steer_del(seen->s, ep), 0);
}

static void lists_services_of_an_earlier_life_and_may_delete_them(void **state)
{
	struct seen seen = {0};

	(void)state;
	seen.s = ns_open_active();
	ns_add_services(seen.s);
	steer_close(seen.s, true);
	seen.s = ns_open_active();
	assert_int_equal(steer_each(seen.s, see_and_delete, &seen), 0);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.ports, 80 + 53 + 80 + 53);
	assert_int_equal(steer_each(seen.s, see_and_delete, &seen), 0);
	assert_int_equal(seen.n, 4);
	steer_close(seen.s, false);
}

static void refuses_more_services_than_fit(void **state)
{
	struct steer *s = ns_open_active();
	struct endpoint ep = ns_service("192.0.2.1", 0, IPPROTO_TCP);

	(void)state;
	for (uint32_t i = 0; i < STEER_MAX_SERVICES; i++) {
		ep.port = htons((uint16_t)i);
		assert_int_equal(steer_add(s, &ep), 0);
	}
	ep.port = htons(STEER_MAX_SERVICES);
	assert_int_equal(steer_add(s, &ep), -E2BIG);
	steer_close(s, false);
}

static void areas_survive_if_kept_with_the_same_size(void **state)
{
	struct steer *s = ns_open();
	char err[256];
	bool fresh;
	char *a, *b;

	(void)state;
	a = steer_area(s, "state", 3 * 4096 + 1, -1, &fresh);
	assert_non_null(a);
	assert_true(fresh);
	assert_int_equal(a[4 * 4096 - 1], 0);
	strcpy(a + 3 * 4096, "here");
	b = steer_area(s, "flow-1", 4096, 0, &fresh);
	assert_non_null(b);
	strcpy(b, "there");
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	steer_close(s, true);

	s = ns_open();
	a = steer_area(s, "state", 3 * 4096 + 1, -1, &fresh);
	assert_false(fresh);
	assert_string_equal(a + 3 * 4096, "here");
	assert_int_equal(steer_area_bytes(s, "state"), 4 * 4096);
	assert_int_equal(steer_area_bytes(s, "flow-2"), 0);
	b = steer_area(s, "flow-1", 8192, -1, &fresh);
	assert_true(fresh);
	assert_int_equal(*b, 0);
	steer_close(s, true); /* not activated: what was there stays */

	s = ns_open();
	b = steer_area(s, "flow-1", 4096, -1, &fresh);
	assert_false(fresh);
	assert_string_equal(b, "there");
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	steer_close(s, true); /* "state" wasn't asked for: gone */

	s = ns_open();
	steer_area(s, "state", 3 * 4096 + 1, -1, &fresh);
	assert_true(fresh);
	steer_area(s, "flow-1", 4096, -1, &fresh);
	assert_false(fresh);
	steer_close(s, false);
	assert_int_equal(steer_cleanup(err, sizeof(err)), 4); /* link, services, vips, flow-1 */
	assert_true(ns_is_clean());
}

static void a_child_shares_the_areas(void **state)
{
	struct steer *s = ns_open();
	int status = -1;
	bool fresh;
	char *a = steer_area(s, "big", 64 << 20, -1, &fresh);
	pid_t child;

	(void)state;
	assert_non_null(a);
	child = fork();
	if (!child) {
		a[(64 << 20) - 1] = 7;
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(a[(64 << 20) - 1], 7);
	errno = 0;
	assert_null(steer_area(s, "nowhere", 4096, 9999, &fresh));
	assert_int_not_equal(errno, 0);
	steer_close(s, false);
}

static int load_foreign(void)
{
	static const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void refuse_v0(bool skb, int want, const char *word1, const char *word2)
{
	const struct nic nic[] = {ns_nic("v1"), ns_nic("v0")};
	struct steer *s = NULL;
	char err[256] = "";

	assert_int_equal(steer_open(&s, nic, 2, skb, err, sizeof(err)), want);
	if (!strstr(err, word1) || !strstr(err, word2) || strchr(err, '\n'))
		fail_msg("%s", err);
	assert_null(s);
}

static void refuses_a_foreign_program_and_says_how_to_remove_it(void **state)
{
	int v0 = (int)if_nametoindex("v0");
	int prog = load_foreign();
	int link;

	(void)state;
	assert_int_equal(bpf_xdp_attach(v0, prog, XDP_FLAGS_DRV_MODE, NULL), 0);
	refuse_v0(false, -EBUSY, "\"foreign\"", "ip link set dev v0 xdpdrv off");
	refuse_v0(true, -EBUSY, "\"foreign\"", "ip link set dev v0 xdpdrv off");
	ns_sh("ip link set dev v0 xdpdrv off");
	assert_int_equal(bpf_xdp_attach(v0, prog, XDP_FLAGS_SKB_MODE, NULL), 0);
	refuse_v0(false, -EBUSY, "\"foreign\"", "ip link set dev v0 xdpgeneric off");
	ns_sh("ip link set dev v0 xdpgeneric off");
	link = bpf_link_create(prog, v0, BPF_XDP, NULL);
	assert_true(link >= 0);
	refuse_v0(false, -EBUSY, "\"foreign\"", "bpftool link detach id ");
	close(link);
	close(prog);
	assert_true(ns_is_clean());
}

/* Without CAP_SYS_ADMIN no program is opened by its id; without CAP_PERFMON the verifier is
 * strict. */
static void three_capabilities_are_enough(void **state)
{
	const uint32_t caps = 1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW;
	const uint32_t bpf = 1U << (CAP_BPF - 32);
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{caps, caps, 0}, {bpf, bpf, 0}};
	int status = -1;
	pid_t child = fork();

	(void)state;
	if (!child) {
		const struct nic nic = ns_nic("v0");
		struct steer *s;
		char err[256];

		if (syscall(SYS_capset, &head, data))
			_exit(1);
		for (int life = 0; life < 2; life++) {
			if (steer_open(&s, &nic, 1, false, err, sizeof(err)) ||
			    steer_activate(s, err, sizeof(err)))
				_exit(2);
			steer_close(s, life == 0);
		}
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_true(ns_is_clean());
}

/* Interfaces of different namespaces have the same numbers. */
static void blames_no_link_of_another_namespace(void **state)
{
	int prog = load_foreign(), other = load_foreign();
	int index = (int)if_nametoindex("v0");
	int link = bpf_link_create(other, index, BPF_XDP, NULL);
	int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(link >= 0);
	assert_int_equal(ns_enter(state), 0);
	assert_int_equal(if_nametoindex("v0"), index);
	assert_int_equal(bpf_xdp_attach(index, prog, XDP_FLAGS_DRV_MODE, NULL), 0);
	refuse_v0(false, -EBUSY, "\"foreign\"", "ip link set dev v0 xdpdrv off");
	close(link);
	close(ns);
	close(other);
	close(prog);
}

static void says_what_keeps_native_mode_away(void **state)
{
	struct steer *s;

	(void)state;
	ns_sh("ip link set v1 mtu 9000");
	refuse_v0(false, -ERANGE, "v0", "MTU");
	ns_sh("ip link set v1 mtu 1500");
	ns_sh("ip link set v0 down && ip link add v2 numtxqueues 1 numrxqueues 1 type veth peer "
	      "name "
	      "v3 "
	      "numtxqueues 2 numrxqueues 2 && ip link set v2 up && ip link set v3 up");
	{
		const struct nic nic = ns_nic("v2"), none = {.name = "none", .ifindex = 9999};
		char err[256];

		assert_int_equal(steer_open(&s, &nic, 1, false, err, sizeof(err)), -ENOSPC);
		assert_non_null(strstr(err, "ethtool -L"));
		assert_int_equal(steer_open(&s, &none, 1, false, err, sizeof(err)), -ENODEV);
		assert_non_null(strstr(err, "none"));
		assert_int_equal(steer_open(&s, &none, 0, false, err, sizeof(err)), -EINVAL);
	}
	assert_true(ns_is_clean());
}

static void refuses_a_second_shuntd(void **state)
{
	struct steer *s = ns_open_active();
	const struct nic v1 = ns_nic("v1");
	struct steer *second = NULL;
	char err[256], pid[32];

	(void)state;
	snprintf(pid, sizeof(pid), "(pid %d)", getpid());
	refuse_v0(false, -EBUSY, "another shuntd", "serves v0");
	refuse_v0(false, -EBUSY, "another shuntd", pid);
	assert_int_equal(steer_open(&second, &v1, 1, false, err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, "network namespace"));
	assert_int_equal(steer_cleanup(err, sizeof(err)), -EBUSY);
	assert_non_null(strstr(err, pid));
	assert_int_equal(ns_prog_on("v0"), ns_prog_of(s, 0));
	assert_int_equal(ns_prog_on("v1"), 0);
	steer_close(s, false);
	assert_true(ns_is_clean());
}

static void a_change_of_mode_replaces_native_but_not_generic(void **state)
{
	const struct nic nic = ns_nic("v0");
	struct steer *s = ns_open_active();
	char err[256];

	(void)state;
	ns_add_services(s);
	steer_close(s, true);
	assert_int_equal(steer_open(&s, &nic, 1, true, err, sizeof(err)), 0);
	assert_int_equal(ns_prog_on("v0"), ns_prog_of(s, 0));
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	assert_int_equal(ns_run(s, frame, sizeof(frame), 0), XDP_DROP);
	steer_close(s, true);
	assert_int_equal(steer_open(&s, &nic, 1, false, err, sizeof(err)), -EOPNOTSUPP);
	assert_non_null(strstr(err, "--cleanup"));
	assert_int_not_equal(ns_prog_on("v0"), 0);
	assert_int_equal(steer_open(&s, &nic, 1, true, err, sizeof(err)), 0);
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	steer_close(s, false);
	assert_true(ns_is_clean());
}

static void a_life_with_other_nics_lets_the_old_ones_go(void **state)
{
	const struct nic nic[] = {ns_nic("v0"), ns_nic("v1")};
	struct steer *s;
	char err[256];

	(void)state;
	assert_int_equal(steer_open(&s, nic, 2, false, err, sizeof(err)), 0);
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	ns_add_services(s);
	steer_close(s, true);
	assert_int_equal(steer_open(&s, &nic[1], 1, false, err, sizeof(err)), 0);
	assert_int_not_equal(ns_prog_on("v0"), 0);
	assert_int_equal(steer_activate(s, err, sizeof(err)), 0);
	assert_int_equal(ns_prog_on("v0"), 0);
	assert_int_equal(ns_prog_on("v1"), ns_prog_of(s, 0));
	steer_close(s, false);
	assert_true(ns_is_clean());
}

static void what_a_dead_link_left_isnt_adopted(void **state)
{
	struct seen seen = {0};
	bool fresh;
	char err[256];

	(void)state;
	seen.s = ns_open();
	steer_area(seen.s, "state", 4096, -1, &fresh);
	assert_int_equal(steer_activate(seen.s, err, sizeof(err)), 0);
	ns_add_services(seen.s);
	steer_close(seen.s, true);
	ns_sh("ip link del v0 && ip link add v0 type veth peer name v1");
	seen.s = ns_open_active();
	steer_area(seen.s, "state", 4096, -1, &fresh);
	assert_true(fresh);
	assert_int_equal(steer_each(seen.s, see_and_delete, &seen), 0);
	assert_int_equal(seen.n, 0);
	steer_close(seen.s, false);
	assert_true(ns_is_clean());
}

static void cleanup_removes_what_is_dead_or_ours(void **state)
{
	char own[STEER_PATH], other[STEER_PATH], err[256];
	struct steer *s;

	(void)state;
	assert_int_equal(steer_cleanup(err, sizeof(err)), 0);
	s = ns_open_active(); /* in a namespace that we leave */
	steer_close(s, true);
	assert_int_equal(steer_pin_dir(other), 0);
	assert_int_equal(steer_pin_live(other), 1);

	int old = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(steer_pin_dir(own), 0);
	assert_string_not_equal(own, other);
	ns_sh("ip link add v0 type veth peer name v1");
	s = ns_open_active();
	steer_close(s, true);
	assert_int_equal(steer_cleanup(err, sizeof(err)), 3);
	assert_int_equal(ns_prog_on("v0"), 0);
	assert_int_equal(steer_pin_live(other), 1);

	close(old); /* the other namespace dies, its veth and link a little later */
	for (int i = 0; i < 200 && steer_pin_live(other); i++)
		usleep(20000);
	assert_int_equal(steer_cleanup(err, sizeof(err)), 3);
	assert_true(ns_is_clean());
}

static void mounts_the_bpf_file_system_if_it_isnt(void **state)
{
	struct statfs fs;
	struct stat st;
	struct steer *s;
	char dir[STEER_PATH];

	(void)state;
	while (!statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC)
		assert_int_equal(umount2("/sys/fs/bpf", MNT_DETACH), 0);
	s = ns_open_active();
	assert_int_equal(statfs("/sys/fs/bpf", &fs), 0);
	assert_true(fs.f_type == BPF_FS_MAGIC);
	assert_int_equal(steer_pin_dir(dir), 0);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	steer_close(s, false);
	assert_true(ns_is_clean());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NS_TEST(sees_the_frames_of_its_nic),
		NS_TEST(leaves_nothing_behind),
		NS_TEST(detaches_though_a_child_holds_copies),
		NS_TEST(keeps_dropping_until_the_next_life),
		NS_TEST(survives_the_end_of_its_process),
		NS_TEST(lists_services_of_an_earlier_life_and_may_delete_them),
		NS_TEST(refuses_more_services_than_fit),
		NS_TEST(areas_survive_if_kept_with_the_same_size),
		NS_TEST(a_child_shares_the_areas),
		NS_TEST(refuses_a_foreign_program_and_says_how_to_remove_it),
		NS_TEST(three_capabilities_are_enough),
		NS_TEST(blames_no_link_of_another_namespace),
		NS_TEST(says_what_keeps_native_mode_away),
		NS_TEST(refuses_a_second_shuntd),
		NS_TEST(a_change_of_mode_replaces_native_but_not_generic),
		NS_TEST(a_life_with_other_nics_lets_the_old_ones_go),
		NS_TEST(what_a_dead_link_left_isnt_adopted),
		NS_TEST(cleanup_removes_what_is_dead_or_ours),
		NS_TEST(mounts_the_bpf_file_system_if_it_isnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
