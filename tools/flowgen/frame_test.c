/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "template.h"
#include "valid_test.h"

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 0x77};

/* Options as `flowgen send` reads them. */
static struct options *options(const char *line)
{
	static const char base[] = "send -i v0 -m 02:00:00:00:00:01 ";
	struct options *o = malloc(sizeof(*o));
	char text[256], err[256] = "", *argv[32], *save;
	int argc = 0;

	assert_non_null(o);
	snprintf(text, sizeof(text), "%s%s", base, line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	if (options_read(o, VERB_SEND, argc, argv, err, sizeof(err)))
		fail_msg("%s: %s", line, err);
	return o;
}

static struct gen_conf *conf_of(const char *line, unsigned int thread, unsigned int threads)
{
	struct options *o = options(line);
	struct gen_conf *c = malloc(sizeof(*c));
	char err[256] = "";

	assert_non_null(c);
	if (template_fill(c, o, own_mac, thread, threads, err, sizeof(err)))
		fail_msg("%s: %s", line, err);
	free(o);
	return c;
}

static void make(const struct gen_conf *c, __u64 seq, struct frame *f, __u8 *at)
{
	frame_plan(c, seq, f);
	f->ns = 123456789;
	memset(at, 0, FRAME_MAX);
	frame_write_kind(c, f, at, c->v6, c->kind != KIND_UDP);
}

static void check_frames(const char *line, __u64 n)
{
	struct gen_conf *c = conf_of(line, 0, 1);
	__u8 at[FRAME_MAX];
	struct valid_frame v;
	struct frame f;

	for (__u64 seq = 0; seq < n; seq++) {
		const char *wrong;

		make(c, seq, &f, at);
		wrong = valid_frame(at, f.len, &v);
		if (wrong)
			fail_msg("%s: frame %llu: %s", line, (unsigned long long)seq, wrong);
		assert_int_equal(v.seq, seq);
		assert_int_equal(v.ns, 123456789);
		assert_int_equal(v.tag, STAMP_MAGIC);
		assert_int_equal(v.lane, f.lane);
		assert_int_equal(v.sport, f.port);
		assert_int_equal(v.dport, 80);
		assert_memory_equal(at, "\2\0\0\0\0\1", 6);
		assert_memory_equal(at + 6, own_mac, 6);
	}
	free(c);
}

static void frames_of_every_kind_and_size_are_right(void **state)
{
	static const char *const kind[] = {"--udp", "--ack", "--syn", "--new=2"};
	static const char *const family[] = {"", "-d 2001:2::42", "-d 2001:2::42 -s 2001:db8::/48"};
	static const char *const size[] = {"", "-z 85", "-z 86", "-z 570", "-z 1518", "-z imix"};
	char line[128];

	(void)state;
	for (int k = 0; k < 4; k++)
		for (int f = 0; f < 3; f++)
			for (int s = 0; s < 6; s++) {
				snprintf(line, sizeof(line), "-f 1000 %s %s %s", kind[k], family[f],
					 size[s]);
				check_frames(line, 2000);
			}
}

/* One UDP checksum in 65535 comes out as 0, which would mean that there is none. */
static void a_udp_checksum_is_never_0(void **state)
{
	struct gen_conf *c = conf_of("-f 1M", 0, 1);
	__u8 at[FRAME_MAX];
	struct valid_frame v;
	struct frame f;
	int all_ones = 0;

	(void)state;
	for (__u64 seq = 0; seq < 500000; seq++) {
		make(c, seq, &f, at);
		assert_null(valid_frame(at, f.len, &v));
		all_ones += v.check == 0xffff;
	}
	assert_in_range(all_ones, 1, 50);
	free(c);
}

static void least_sizes_hold_the_stamp(void **state)
{
	static const struct {
		const char *line;
		__u32 len;
	} rows[] = {
		{"--udp", 60},
		{"--ack", 60},
		{"--udp -d 2001:2::42", 76},
		{"--ack -d 2001:2::42", 80},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gen_conf *c = conf_of(rows[i].line, 0, 1);

		assert_int_equal(c->sizes[0], rows[i].len);
		assert_int_equal(template_longest(c), rows[i].len);
		free(c);
	}
}

static void a_size_without_room_is_refused(void **state)
{
	struct options *o = options("--ack -d 2001:2::42 -z 83");
	struct gen_conf *c = malloc(sizeof(*c));
	char err[256] = "";

	(void)state;
	assert_non_null(c);
	assert_int_equal(template_fill(c, o, own_mac, 0, 1, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "84 to 1518"));
	free(c);
	free(o);
}

static void more_flows_than_sources_are_refused(void **state)
{
	struct options *few = options("-s 192.0.2.1/32 -f 32768");
	struct options *many = options("-s 192.0.2.1/32 -f 32769");
	struct gen_conf *c = malloc(sizeof(*c));
	char err[256] = "";

	(void)state;
	assert_non_null(c);
	assert_int_equal(template_fill(c, few, own_mac, 0, 1, err, sizeof(err)), 0);
	assert_int_equal(template_fill(c, many, own_mac, 0, 1, err, sizeof(err)), -EINVAL);
	free(c);
	free(few);
	free(many);
}

static void scatter_is_a_bijection(void **state)
{
	uint8_t *seen = malloc(1u << 24);

	(void)state;
	assert_non_null(seen);
	for (__u32 bits = 16; bits <= 24; bits++) {
		memset(seen, 0, 1u << bits);
		for (__u32 x = 0; x < 1u << bits; x++) {
			__u32 y = frame_scatter(x, bits);

			assert_true(y < 1u << bits);
			assert_int_equal(seen[y], 0);
			seen[y] = 1;
		}
	}
	free(seen);
}

/* All sixteen million, in a space of 2^32 tuples. */
static void no_two_flows_have_a_tuple(void **state)
{
	struct gen_conf *c = conf_of("-f 16777216 -s 10.0.0.0/8", 0, 1);
	uint8_t *seen = calloc(1, 1u << 29);
	struct frame f;

	(void)state;
	assert_non_null(seen);
	for (__u32 flow = 0; flow < FLOWS_MAX; flow++) {
		__u32 x;

		frame_tuple(c, flow, &f);
		assert_true(f.port >= 32768);
		x = (f.host - 0x0a000000) << 15 | (f.port & 32767);
		assert_true(f.host >> 24 == 10);
		assert_false(seen[x / 8] & 1u << x % 8);
		seen[x / 8] |= (uint8_t)(1u << x % 8);
	}
	free(seen);
	free(c);
}

static void sequential_tuples_count_up(void **state)
{
	struct gen_conf *c = conf_of("-f 100k --tuples seq", 0, 1);
	struct frame f;

	(void)state;
	frame_tuple(c, 0, &f);
	assert_int_equal(f.host, 0xc6130000);
	assert_int_equal(f.port, 32768);
	frame_tuple(c, 32767, &f);
	assert_int_equal(f.port, 65535);
	frame_tuple(c, 32769, &f);
	assert_int_equal(f.host, 0xc6130001);
	assert_int_equal(f.port, 32769);
	free(c);
}

static void threads_share_the_flows_out(void **state)
{
	int seen[100] = {0};

	(void)state;
	for (unsigned int t = 0; t < 3; t++) {
		struct gen_conf *c = conf_of("-f 100 -n 100 -c 0-2", t, 3);
		struct frame f;

		for (__u64 seq = 0; seq < c->flows; seq++) {
			frame_plan(c, seq, &f);
			seen[f.lane]++;
		}
		assert_int_equal(c->count, t ? 33 : 34);
		free(c);
	}
	for (int i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
}

static void random_picks_are_even(void **state)
{
	struct gen_conf *c = conf_of("-f 100 --pick random", 0, 1);
	int seen[100] = {0};
	struct frame f;

	(void)state;
	for (__u64 seq = 0; seq < 100000; seq++) {
		frame_plan(c, seq, &f);
		seen[f.lane]++;
	}
	for (int i = 0; i < 100; i++)
		assert_in_range(seen[i], 1000 - 160, 1000 + 160);
	free(c);
}

static void another_seed_makes_other_picks(void **state)
{
	struct gen_conf *a = conf_of("-f 1M --pick random", 0, 1);
	struct gen_conf *b = conf_of("-f 1M --pick random --seed 1", 0, 1);
	struct frame fa, fb;
	int same = 0;

	(void)state;
	for (__u64 seq = 0; seq < 1000; seq++) {
		frame_plan(a, seq, &fa);
		frame_plan(b, seq, &fb);
		same += fa.lane == fb.lane;
	}
	assert_true(same < 10);
	free(a);
	free(b);
}

static void a_connection_is_a_syn_and_then_its_acks(void **state)
{
	struct gen_conf *c = conf_of("-f 100 --new=3", 0, 1);
	int frames[100] = {0}, begun = 0;
	struct frame f;

	(void)state;
	for (__u64 seq = 0; seq < 96 * 4; seq++) { /* whole groups of 32 */
		frame_plan(c, seq, &f);
		assert_int_equal(f.syn, frames[f.lane] == 0);
		frames[f.lane]++;
		begun += f.syn;
	}
	assert_int_equal(begun, 96);
	for (int i = 0; i < 96; i++)
		assert_int_equal(frames[i], 4);
	free(c);
}

static void imix_is_7_to_4_to_1(void **state)
{
	struct gen_conf *c = conf_of("-z imix -f 12", 0, 1);
	int small = 0, middle = 0, large = 0;
	struct frame f;

	(void)state;
	for (__u64 seq = 0; seq < 120000; seq++) {
		frame_plan(c, seq, &f);
		small += f.len == 60;
		middle += f.len == 566;
		large += f.len == 1514;
	}
	assert_int_equal(small + middle + large, 120000);
	assert_in_range(small, 69000, 71000);
	assert_in_range(middle, 39000, 41000);
	assert_in_range(large, 9500, 10500);
	free(c);
}

/* Frames that go in so many nanoseconds, if someone asks every `step`. */
static __u64 run_for(const struct gen_conf *c, struct gen_state *s, __u64 from, __u64 ns,
		     __u64 step)
{
	__u64 before = s->sent;

	for (__u64 now = from; now < from + ns; now += step)
		while (frame_due(c, s, now))
			s->sent++;
	return s->sent - before;
}

static void a_rate_is_kept(void **state)
{
	struct gen_conf *c = conf_of("-r 30k", 0, 1);
	struct gen_state s = {.start = 5000000000};

	(void)state;
	assert_in_range(run_for(c, &s, s.start, 1000000000, 700), 29999, 30001);
	assert_int_equal(s.missed, 0);
	free(c);
}

static void a_burst_goes_together(void **state)
{
	struct gen_conf *c = conf_of("-r 1000 -b 8", 0, 1);
	struct gen_state s = {.start = 5000000000};

	(void)state;
	assert_int_equal(run_for(c, &s, s.start, 1, 1), 8);
	assert_int_equal(run_for(c, &s, s.start + 1, 7999998, 1000), 0);
	assert_int_equal(run_for(c, &s, s.start + 8000000, 1, 1), 8);
	free(c);
}

static void a_short_delay_is_caught_up_on(void **state)
{
	struct gen_conf *c = conf_of("-r 100k", 0, 1);
	struct gen_state s = {.start = 5000000000};

	(void)state;
	run_for(c, &s, s.start, 1, 1);
	assert_in_range(run_for(c, &s, s.start + 900000, 1, 1), 89, 91);
	assert_int_equal(s.missed, 0);
	free(c);
}

static void a_long_delay_is_left_out_and_counted(void **state)
{
	struct gen_conf *c = conf_of("-r 100k --lag 2", 0, 1);
	struct gen_state s = {.start = 5000000000};

	(void)state;
	run_for(c, &s, s.start, 1, 1);
	assert_in_range(run_for(c, &s, s.start + 1000000000, 1, 1), 1, 2);
	assert_in_range(s.missed, 99990, 100000);
	assert_in_range(run_for(c, &s, s.start + 1000000001, 100000000, 700), 9998, 10001);
	free(c);
}

static void it_ends_by_count_and_by_time(void **state)
{
	struct gen_conf *c = conf_of("-n 10", 0, 1);
	struct gen_state s = {.sent = 9}, t = {.end = 100};

	(void)state;
	assert_false(frame_over(c, &s, 0));
	s.sent++;
	assert_true(frame_over(c, &s, 0));
	c->count = 0;
	assert_false(frame_over(c, &t, 99));
	assert_true(frame_over(c, &t, 100));
	assert_true(frame_over(c, &t, 0));
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_every_kind_and_size_are_right),
		cmocka_unit_test(a_udp_checksum_is_never_0),
		cmocka_unit_test(least_sizes_hold_the_stamp),
		cmocka_unit_test(a_size_without_room_is_refused),
		cmocka_unit_test(more_flows_than_sources_are_refused),
		cmocka_unit_test(scatter_is_a_bijection),
		cmocka_unit_test(no_two_flows_have_a_tuple),
		cmocka_unit_test(sequential_tuples_count_up),
		cmocka_unit_test(threads_share_the_flows_out),
		cmocka_unit_test(random_picks_are_even),
		cmocka_unit_test(another_seed_makes_other_picks),
		cmocka_unit_test(a_connection_is_a_syn_and_then_its_acks),
		cmocka_unit_test(imix_is_7_to_4_to_1),
		cmocka_unit_test(a_rate_is_kept),
		cmocka_unit_test(a_burst_goes_together),
		cmocka_unit_test(a_short_delay_is_caught_up_on),
		cmocka_unit_test(a_long_delay_is_left_out_and_counted),
		cmocka_unit_test(it_ends_by_count_and_by_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
