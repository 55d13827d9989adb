/* SPDX-License-Identifier: BSD-2-Clause */
/* flowgen as users run it, on a veth pair in a network namespace of this process alone: generator
 * on v0, sink on v1; and frames of our own making, to see that the sink notices what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "nic.h"
#include "template.h"
#include "valid_test.h"

#define MAC "02:00:00:00:00:01"

static char program[4096]; /* beside the directory of this test */

static int set_up(void **state)
{
	char err[256], *slash;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);

	(void)state;
	if (n < 0)
		return -1;
	program[n] = '\0';
	for (int i = 0; i < 2; i++) {
		slash = strrchr(program, '/');
		*slash = '\0';
	}
	strcat(program, "/flowgen");
	if (!nic_private_pair("v0", "v1", 2, err, sizeof(err)))
		return 0;
	fprintf(stderr, "%s\n", err);
	return -1;
}

struct child {
	pid_t pid;
	int out, err;
};

/* Starts flowgen with the words of a line. */
static struct child start(const char *line)
{
	char text[512], *argv[64] = {program}, *save;
	int argc = 1, out[2], err[2];
	struct child c;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (!c.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing stays behind a test that fails */
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execv(program, argv);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	c.out = out[0];
	c.err = err[0];
	return c;
}

/* Everything that comes until the writer is gone; to be freed. */
static char *read_all(int fd)
{
	size_t at = 0, room = 1 << 20;
	char *text = malloc(room);
	ssize_t n;

	assert_non_null(text);
	while (at < room - 1 && (n = read(fd, text + at, room - 1 - at)) > 0)
		at += (size_t)n;
	text[at] = '\0';
	close(fd);
	return text;
}

/* Waits for the end. Returns the exit code; *out, *err: what it said, to be freed. */
static int finish(struct child c, char **out, char **err)
{
	int status;

	*out = read_all(c.out);
	*err = read_all(c.err);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The JSON of a run that must go well. */
static json_t *finish_json(struct child c)
{
	char *out, *err;
	int code = finish(c, &out, &err);
	json_t *j = json_loads(out, 0, NULL);

	if (code || !j)
		fail_msg("status %d: %s%s", code, out, err);
	free(out);
	free(err);
	return j;
}

static json_t *run(const char *line)
{
	return finish_json(start(line));
}

static struct child start_sink(const char *more)
{
	char line[256], ready[6];
	struct child c;

	snprintf(line, sizeof(line), "sink -i v1 -j %s", more);
	c = start(line);
	if (read(c.err, ready, sizeof(ready)) != sizeof(ready) || memcmp(ready, "ready\n", 6))
		fail_msg("the sink isn't ready: %s", read_all(c.err));
	return c;
}

static json_t *stop_sink(struct child c)
{
	usleep(50000);
	kill(c.pid, SIGINT);
	return finish_json(c);
}

static long long get(json_t *j, const char *key)
{
	json_t *v = json_object_get(j, key);

	if (!json_is_integer(v))
		fail_msg("no number '%s'", key);
	return json_integer_value(v);
}

/* Sends and receives; checks that all came, in order, once. Returns the sink's report. */
static json_t *through(const char *traffic)
{
	struct child sink = start_sink("");
	char line[256];
	json_t *sent, *got;

	snprintf(line, sizeof(line), "send -i v0 -m " MAC " -j --lag 1000 %s", traffic);
	sent = run(line);
	got = stop_sink(sink);
	assert_int_equal(get(sent, "schema_version"), 1);
	assert_int_equal(get(got, "schema_version"), 1);
	assert_int_equal(get(sent, "tx_dropped"), 0);
	assert_int_equal(get(got, "frames"), get(sent, "frames"));
	assert_int_equal(get(got, "bytes"), get(sent, "bytes"));
	assert_int_equal(get(got, "lost"), 0);
	assert_int_equal(get(got, "reordered"), 0);
	assert_int_equal(get(got, "duplicates"), 0);
	assert_int_equal(get(got, "late"), 0);
	assert_int_equal(get(got, "no_room"), 0);
	json_decref(sent);
	return got;
}

static void paced_frames_all_arrive(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	char line[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *got, *pps;

		snprintf(line, sizeof(line), "-e %s -r 20k -n 20000 -f 1000", engine[i]);
		got = through(line);
		assert_int_equal(get(got, "frames"), 20000);
		pps = json_object_get(got, "pps");
		assert_in_range((int)json_number_value(pps), 10000, 21000);
		json_decref(got);
	}
}

static void two_threads_count_as_one(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	char line[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *got, *servers;

		snprintf(line, sizeof(line),
			 "-e %s -r 20k -n 9999 -f 1000 -c 0,0 -q 0,1 --stream 4", engine[i]);
		got = through(line);
		assert_int_equal(get(got, "frames"), 9999);
		assert_int_equal(json_array_size(json_object_get(got, "streams")), 2);
		servers = json_object_get(got, "servers");
		assert_int_equal(json_array_size(servers), 1);
		assert_int_equal(get(json_array_get(servers, 0), "frames"), 9999);
		assert_string_equal(
			json_string_value(json_object_get(json_array_get(servers, 0), "mac")), MAC);
		json_decref(got);
	}
}

static void imix_arrives_as_7_to_4_to_1(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	static const int size[] = {64, 570, 1518}, part[] = {7, 4, 1};
	char line[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *got, *sizes;

		snprintf(line, sizeof(line), "-e %s -r 60k -n 60000 -z imix --ack -f 100",
			 engine[i]);
		got = through(line);
		sizes = json_object_get(got, "sizes");
		assert_int_equal(json_array_size(sizes), 3);
		for (int k = 0; k < 3; k++) {
			json_t *s = json_array_get(sizes, (size_t)k);

			assert_int_equal(get(s, "size"), size[k]);
			assert_in_range(get(s, "frames"), 5000 * part[k] - 500,
					5000 * part[k] + 500);
		}
		json_decref(got);
	}
}

static void every_connection_begins_with_a_syn(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	char line[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		json_t *got;

		snprintf(line, sizeof(line), "-e %s -r 20k -n 8000 --new=4 -f 3200 -d 2001:2::42",
			 engine[i]);
		got = through(line);
		assert_int_equal(get(got, "syns"), 8000 / 5);
		json_decref(got);
	}
}

static void latency_is_measured(void **state)
{
	json_t *got = through("-r 20k -n 5000"), *l = json_object_get(got, "latency_ns");
	long long sum = 0;
	json_t *b = NULL;
	size_t i;

	(void)state;
	assert_int_equal(get(l, "samples"), 5000);
	assert_in_range(get(l, "min"), 50, get(l, "p50"));
	assert_in_range(get(l, "p99"), get(l, "p50"), get(l, "p999"));
	assert_in_range(get(l, "max"), get(l, "p999"), 1000000000);
	json_array_foreach (json_object_get(l, "histogram"), i, b)
		sum += json_integer_value(json_array_get(b, 2));
	assert_int_equal(sum, 5000);
	json_decref(got);
}

/* A raw socket on an interface. */
static int raw_socket(const char *nic)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = (int)if_nametoindex(nic)};
	int room = 16 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

/* What both engines put on the wire, as a listener on v1 gets it. */
static void check_wire(const char *engine, const char *traffic, bool v6)
{
	int fd = raw_socket("v1"), frames = 0;
	struct timeval wait = {.tv_usec = 200000};
	bool seen[2000] = {false};
	char line[256];
	uint8_t at[2048];
	ssize_t n;

	snprintf(line, sizeof(line), "send -i v0 -m " MAC " -e %s -r 20k -n 2000 -f 500 -j %s",
		 engine, traffic);
	json_decref(run(line));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	while (frames < 2000 && (n = recv(fd, at, sizeof(at), 0)) > 0) {
		struct valid_frame v = {0};
		const char *wrong = valid_frame(at, (size_t)n, &v);

		if (memcmp(at, "\2\0\0\0\0\1", 6))
			continue; /* the kernel's own */
		if (wrong)
			fail_msg("%s: frame %d: %s", line, frames, wrong);
		assert_true(v.seq < 2000); /* in any order: GRO may hold some back */
		assert_false(seen[v.seq]);
		seen[v.seq] = true;
		assert_int_equal(at[12], v6 ? 0x86 : 0x08);
		frames++;
	}
	assert_int_equal(frames, 2000);
	close(fd);
}

static void frames_on_the_wire_are_right(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	static const char *const kind[] = {"", "--ack", "--new=1", "-z imix", "--ack -z 571"};
	char line[128];

	(void)state;
	assert_int_equal(system("ethtool -K v1 gro on"), 0); /* for live frames; no sink is there */
	for (int e = 0; e < 2; e++)
		for (int k = 0; k < 5; k++) {
			check_wire(engine[e], kind[k], false);
			snprintf(line, sizeof(line), "%s -d 2001:2::42", kind[k]);
			check_wire(engine[e], line, true);
		}
	assert_int_equal(system("ethtool -K v1 gro off"), 0);
}

/* Frames by hand: of flow `flow`, with any number. */
static void send_frame(int fd, __u64 seq, __u32 flow, const char *more)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	char line[128], err[256], *argv[16] = {"send", "-i", "v0", "-m", MAC, "-f", "100"};
	struct gen_conf *c = malloc(sizeof(*c));
	__u8 at[FRAME_MAX] = {0};
	struct options o;
	struct frame f;
	int argc = 7;

	snprintf(line, sizeof(line), "%s", more);
	if (*line)
		argv[argc++] = line;
	assert_non_null(c);
	assert_int_equal(options_read(&o, VERB_SEND, argc, argv, err, sizeof(err)), 0);
	assert_int_equal(template_fill(c, &o, mac, 0, 1, err, sizeof(err)), 0);
	frame_plan(c, seq, &f);
	frame_tuple(c, flow, &f);
	f.ns = 0;
	frame_write_kind(c, &f, at, 0, c->kind != KIND_UDP);
	assert_int_equal(send(fd, at, f.len, 0), f.len);
	free(c);
}

/* Negative control: what was never sent is missed, and nothing else is. */
static void a_gap_is_a_loss(void **state)
{
	struct child sink = start_sink("");
	int fd = raw_socket("v0");
	json_t *got;

	(void)state;
	for (__u64 seq = 1000; seq < 3000; seq++)
		if (seq % 100 != 7)
			send_frame(fd, seq, (__u32)seq % 100, "");
	got = stop_sink(sink);
	assert_int_equal(get(got, "frames"), 1980);
	assert_int_equal(get(got, "lost"), 20);
	assert_int_equal(get(got, "reordered"), 0);
	assert_int_equal(get(got, "duplicates"), 0);
	assert_int_equal(get(got, "foreign"), 0);
	json_decref(got);
	close(fd);
}

static void a_repeated_frame_is_a_duplicate(void **state)
{
	struct child sink = start_sink("");
	int fd = raw_socket("v0");
	json_t *got;

	(void)state;
	for (__u64 seq = 0; seq < 1000; seq++) {
		send_frame(fd, seq, 1, "--ack");
		if (seq % 10 == 9)
			send_frame(fd, seq - 3, 1, "--ack");
	}
	got = stop_sink(sink);
	assert_int_equal(get(got, "frames"), 1100);
	assert_int_equal(get(got, "duplicates"), 100);
	assert_int_equal(get(got, "reordered"), 0);
	assert_int_equal(get(got, "lost"), 0);
	json_decref(got);
	close(fd);
}

/* Within a flow it is; flows may overtake each other. */
static void a_frame_behind_a_later_one_of_its_flow_is_reordered(void **state)
{
	static const struct {
		__u64 seq;
		__u32 flow;
	} frame[] = {{0, 1}, {2, 1}, {1, 1}, {3, 1}, {5, 2}, {4, 1}, {7, 1}, {6, 2}};
	struct child sink = start_sink("");
	int fd = raw_socket("v0");
	json_t *got;

	(void)state;
	for (size_t i = 0; i < sizeof(frame) / sizeof(*frame); i++)
		send_frame(fd, frame[i].seq, frame[i].flow, "");
	got = stop_sink(sink);
	assert_int_equal(get(got, "reordered"), 1);
	assert_int_equal(get(got, "lost"), 0);
	json_decref(got);
	close(fd);
}

/* The window of duplicates is 2^20 frames; what is older is said to be late. */
static void a_very_old_frame_is_late(void **state)
{
	struct child sink = start_sink("");
	int fd = raw_socket("v0");
	json_t *got;

	(void)state;
	send_frame(fd, 0, 1, "");
	send_frame(fd, 1 << 20, 1, "");
	send_frame(fd, 0, 1, "");
	got = stop_sink(sink);
	assert_int_equal(get(got, "late"), 1);
	assert_int_equal(get(got, "duplicates"), 0);
	json_decref(got);
	close(fd);
}

static void numbers_may_wrap(void **state)
{
	struct child sink = start_sink("");
	int fd = raw_socket("v0");
	json_t *got;

	(void)state;
	for (__u64 seq = 0xffffff00; seq < 0x100000100; seq++)
		if (seq != 0x100000003)
			send_frame(fd, seq, 1, "");
	got = stop_sink(sink);
	assert_int_equal(get(got, "frames"), 511);
	assert_int_equal(get(got, "lost"), 1);
	assert_int_equal(get(got, "duplicates") + get(got, "late") + get(got, "reordered"), 0);
	json_decref(got);
	close(fd);
}

static void others_frames_pass(void **state)
{
	static const char other[60] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5};
	struct child sink = start_sink("");
	int from = raw_socket("v0"), to = raw_socket("v1");
	char at[2048];
	json_t *got;

	(void)state;
	assert_int_equal(send(from, other, sizeof(other), 0), sizeof(other));
	send_frame(from, 0, 1, "");
	got = stop_sink(sink);
	assert_int_equal(get(got, "foreign"), 1);
	assert_int_equal(get(got, "frames"), 1);
	assert_int_equal(recv(to, at, sizeof(at), MSG_DONTWAIT), sizeof(other));
	assert_int_equal(recv(to, at, sizeof(at), MSG_DONTWAIT), -1); /* ours didn't */
	json_decref(got);
	close(from);
	close(to);
}

static void a_ceiling_is_what_its_peer_got(void **state)
{
	json_t *j = run("ceiling -t 0.2 -j -z 128");

	(void)state;
	assert_int_equal(get(j, "received") + get(j, "tx_dropped"), get(j, "frames"));
	assert_true(get(j, "received") > 1000);
	assert_true(json_number_value(json_object_get(j, "ceiling_pps")) > 10000);
	json_decref(j);
}

static void a_signal_ends_it_with_a_report(void **state)
{
	static const char *const engine[] = {"xdp", "afxdp"};
	char line[128];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct child sink = start_sink(""), gen;
		json_t *sent, *got;

		snprintf(line, sizeof(line), "send -i v0 -m " MAC " -j -r 10k -e %s", engine[i]);
		gen = start(line);
		usleep(300000);
		kill(gen.pid, SIGTERM);
		sent = finish_json(gen);
		got = stop_sink(sink);
		assert_true(get(sent, "frames") > 100);
		assert_int_equal(get(sent, "frames"), get(got, "frames"));
		json_decref(sent);
		json_decref(got);
	}
}

static void check_failure(const char *line, int code, const char *word)
{
	char *out, *err;
	int got = finish(start(line), &out, &err);

	if (got != code || !strstr(err, word))
		fail_msg("%s: status %d: %s", line, got, err);
	assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1); /* one line */
	assert_string_equal(out, "");
	free(out);
	free(err);
}

static void failures_have_their_status_and_a_line(void **state)
{
	struct child sink;

	(void)state;
	assert_int_equal(system("ethtool -K v1 gro off"), 0); /* whatever became of the others */
	check_failure("send -i v9 -m " MAC, 2, "no such interface");
	check_failure("sink -i v9", 2, "no such interface");
	check_failure("send -i v0", 2, "--dst-mac");
	check_failure("send -i v0 -m " MAC " -n 1000 -e xdp", 1, "GRO"); /* nobody there */
	check_failure("send -i v0 -m " MAC " -e afxdp -q 7", 2, "queue 7");
	sink = start_sink("");
	check_failure("sink -i v1", 75, "another is there");
	json_decref(stop_sink(sink));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paced_frames_all_arrive),
		cmocka_unit_test(two_threads_count_as_one),
		cmocka_unit_test(imix_arrives_as_7_to_4_to_1),
		cmocka_unit_test(every_connection_begins_with_a_syn),
		cmocka_unit_test(latency_is_measured),
		cmocka_unit_test(frames_on_the_wire_are_right),
		cmocka_unit_test(a_gap_is_a_loss),
		cmocka_unit_test(a_repeated_frame_is_a_duplicate),
		cmocka_unit_test(a_frame_behind_a_later_one_of_its_flow_is_reordered),
		cmocka_unit_test(a_very_old_frame_is_late),
		cmocka_unit_test(numbers_may_wrap),
		cmocka_unit_test(others_frames_pass),
		cmocka_unit_test(a_ceiling_is_what_its_peer_got),
		cmocka_unit_test(a_signal_ends_it_with_a_report),
		cmocka_unit_test(failures_have_their_status_and_a_line),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
