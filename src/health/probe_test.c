/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP, UDP, DNS, PING and MISC probes against real sockets; HTTP has a test of its own. */
#include "health/probe_world_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct check_conf check_of(enum check_type type, uint32_t timeout)
{
	return (struct check_conf){.type = type, .pace.connect_timeout = timeout};
}

static uint64_t ms(const struct world *w)
{
	return w->result.ns / 1000000;
}

/* ---- TCP ---- */

static void tcp_finds_a_listener(void **state)
{
	struct check_conf c = check_of(CHECK_TCP, ROOMY_MS);
	struct world *w = *state;
	uint16_t port;

	for (int v6 = 0; v6 < 2; v6++) {
		int fd = loopback(SOCK_STREAM, v6, &port);

		listen(fd, 8);
		assert_true(try_at(w, &c, v6, port));
		assert_in_range(w->result.ns, 1, 5000000000);
		close(fd);
		assert_false(try_at(w, &c, v6, port));
		assert_non_null(strstr(w->result.why, "refused"));
	}
}

/* A listener whose backlog is full doesn't answer. */
static void tcp_times_out(void **state)
{
	struct check_conf c = check_of(CHECK_TCP, SHORT_MS), roomy = check_of(CHECK_TCP, ROOMY_MS);
	struct world *w = *state;
	uint16_t port;
	int fd = loopback(SOCK_STREAM, false, &port), fill[8];
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);

	listen(fd, 0);
	getsockname(fd, (void *)&to, &len);
	for (int i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(fill[i], (void *)&to, len);
	}
	assert_false(try_at(w, &c, false, port));
	assert_string_equal(w->result.why, "timed out");
	assert_in_range(ms(w), SHORT_MS - 5, ROOMY_MS);
	try_and_cancel(w, &roomy, port, 8);
	for (int i = 0; i < 8; i++)
		close(fill[i]);
	close(fd);
}

static void a_probe_comes_from_where_it_is_told(void **state)
{
	struct check_conf c = check_of(CHECK_TCP, ROOMY_MS);
	struct world *w = *state;
	uint16_t port, own;
	int fd = loopback(SOCK_STREAM, false, &port), accepted, spare;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	listen(fd, 8);
	spare = loopback(SOCK_STREAM, false, &own);
	close(spare);
	addr_parse("127.0.0.3", &c.bindto);
	c.bind_port = own;
	for (int i = 0; i < 3; i++) { /* again at once, from the same port */
		assert_true(try_at(w, &c, false, port));
		accepted = accept(fd, (void *)&from, &len);
		assert_true(accepted >= 0);
		assert_int_equal(from.sin_addr.s_addr, htonl(0x7f000003));
		assert_int_equal(ntohs(from.sin_port), own);
		close(accepted);
		own++;
		c.bind_port = own;
	}
	c.bind_port = 0;
	addr_parse("192.0.2.1", &c.bindto); /* isn't ours */
	assert_false(try_at(w, &c, false, port));
	addr_parse("::1", &c.bindto); /* of the other family */
	assert_false(try_at(w, &c, false, port));
	memset(&c.bindto, 0, sizeof(c.bindto));
	c.bind_if = (char *)"no-such-if";
	assert_false(try_at(w, &c, false, port));
	close(fd);
}

/* ---- UDP and DNS: a server that answers as it is told ---- */

struct answerer {
	uv_udp_t udp;
	uint16_t port;
	const uint8_t *answer; /* NULL: what was asked; n 0 and NULL: nothing */
	size_t n;
	bool dns; /* the question comes back as an answer, with this rcode ... */
	uint8_t rcode;
	bool strange; /* ... and one to another question before it */
	uint8_t asked[512];
	ssize_t n_asked;
};

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct answerer *a = h->data;

	(void)size;
	*buf = uv_buf_init((char *)a->asked, sizeof(a->asked));
}

static void say(struct answerer *a, const void *what, size_t n, const struct sockaddr *to)
{
	uv_buf_t buf = uv_buf_init((char *)what, (unsigned int)n);

	uv_udp_try_send(&a->udp, &buf, 1, to);
}

static void on_asked(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
		     unsigned int flags)
{
	struct answerer *a = udp->data;

	(void)buf, (void)flags;
	if (!from)
		return;
	a->n_asked = n;
	if (!a->dns) {
		if (a->answer)
			say(a, a->answer, a->n, from);
		return;
	}
	say(a, a->asked, (size_t)n, from); /* isn't an answer: no QR */
	a->asked[2] |= 0x80;
	a->asked[3] = (uint8_t)((a->asked[3] & 0xf0) | a->rcode);
	if (a->strange) {
		a->asked[0] ^= 0xff;
		a->asked[3] ^= 5; /* it says no */
		say(a, a->asked, (size_t)n, from);
		a->asked[3] ^= 5;
		say(a, "x", 1, from);
		a->asked[0] ^= 0xff;
	}
	say(a, a->asked, (size_t)n, from);
}

static struct answerer *answerer_open(struct world *w)
{
	struct answerer *a = calloc(1, sizeof(*a));
	int fd;

	assert_non_null(a);
	fd = loopback(SOCK_DGRAM, false, &a->port);
	uv_udp_init(&w->loop, &a->udp);
	a->udp.data = a;
	assert_int_equal(uv_udp_open(&a->udp, fd), 0);
	assert_int_equal(uv_udp_recv_start(&a->udp, on_alloc, on_asked), 0);
	return a;
}

static void on_answerer_closed(uv_handle_t *h)
{
	free(h->data);
}

static void answerer_close(struct world *w, struct answerer *a)
{
	uv_close((uv_handle_t *)&a->udp, on_answerer_closed);
	uv_run(&w->loop, UV_RUN_NOWAIT);
}

static void udp_refused_is_bad_and_silence_may_be_good(void **state)
{
	struct check_conf c = check_of(CHECK_UDP, SHORT_MS), roomy = check_of(CHECK_UDP, ROOMY_MS);
	struct world *w = *state;
	struct answerer *a;
	uint16_t port;

	close(loopback(SOCK_DGRAM, false, &port));
	assert_false(try_at(w, &roomy, false, port));
	assert_non_null(strstr(w->result.why, "refused"));
	a = answerer_open(w);
	assert_true(try_at(w, &c, false, a->port));
	assert_in_range(ms(w), SHORT_MS - 5, ROOMY_MS);
	assert_int_equal(a->n_asked, 0); /* an empty packet */
	c.require_reply = 1;
	assert_false(try_at(w, &c, false, a->port));
	assert_string_equal(w->result.why, "no answer");
	try_and_cancel(w, &roomy, a->port, 8);
	answerer_close(w, a);
}

static void udp_answers_are_looked_at(void **state)
{
	static uint8_t hello[] = "hello", want[] = {'h', 'X', 'l'}, mask[] = {0xff, 0x0f, 0xff};
	struct check_conf c = check_of(CHECK_UDP, ROOMY_MS);
	struct answerer *a;
	struct world *w = *state;

	a = answerer_open(w);
	a->answer = hello;
	a->n = 5;
	c.payload = (struct check_bytes){.byte = hello, .n = 3};
	c.reply_max = 255;
	assert_true(try_at(w, &c, false, a->port));
	assert_int_equal(a->n_asked, 3);
	c.require_reply = 1;
	assert_true(try_at(w, &c, false, a->port));
	want[1] = 0x05; /* 'e' is 0x65 */
	c.reply = (struct check_bytes){.byte = want, .mask = mask, .n = 3};
	assert_true(try_at(w, &c, false, a->port));
	want[1] = 0x06;
	assert_false(try_at(w, &c, false, a->port));
	c.reply.n = 1;
	assert_true(try_at(w, &c, false, a->port));
	c.reply_min = 6;
	assert_false(try_at(w, &c, false, a->port));
	c.reply_min = 0;
	c.reply_max = 4;
	assert_false(try_at(w, &c, false, a->port));
	answerer_close(w, a);
}

static void dns_takes_an_answer_to_its_question(void **state)
{
	struct check_conf c = check_of(CHECK_DNS, ROOMY_MS);
	struct answerer *a;
	struct world *w = *state;

	c.dns_type = 6;
	c.dns_name = (char *)".";
	a = answerer_open(w);
	a->dns = a->strange = true;
	assert_true(try_at(w, &c, false, a->port));
	/* One question, recursion desired: the root, SOA, IN. */
	assert_int_equal(a->n_asked, 17);
	assert_int_equal(a->asked[2] & 1, 1);
	assert_memory_equal(a->asked + 4, "\0\1\0\0\0\0\0\0\0\0\6\0\1", 13);
	c.dns_name = (char *)"www.example.org";
	c.dns_type = 28;
	assert_true(try_at(w, &c, false, a->port));
	assert_memory_equal(a->asked + 12, "\3www\7example\3org\0\0\34\0\1", 21);
	a->rcode = 2;
	assert_false(try_at(w, &c, false, a->port));
	assert_string_equal(w->result.why, "DNS error 2");
	answerer_close(w, a);
}

static void dns_fails_without_an_answer(void **state)
{
	struct check_conf c = check_of(CHECK_DNS, SHORT_MS), roomy = check_of(CHECK_DNS, ROOMY_MS);
	struct answerer *a;
	struct world *w = *state;
	char name[400];
	uint16_t port;

	c.dns_name = roomy.dns_name = (char *)"example.org";
	c.dns_type = roomy.dns_type = 1;
	a = answerer_open(w);
	port = a->port;
	assert_false(try_at(w, &c, false, port));
	assert_in_range(ms(w), SHORT_MS - 5, ROOMY_MS);
	try_and_cancel(w, &roomy, port, 8);
	answerer_close(w, a);
	assert_false(try_at(w, &roomy, false, port));
	assert_non_null(strstr(w->result.why, "refused"));
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	roomy.dns_name = name; /* longer than a label */
	assert_false(try_at(w, &roomy, false, port));
}

/* ---- PING ---- */

static void ping_needs_root_and_an_answer(void **state)
{
	struct check_conf c = check_of(CHECK_PING, ROOMY_MS);
	struct world *w = *state;

	if (geteuid())
		skip();
	assert_true(try_at(w, &c, false, 0));
	assert_true(try_at(w, &c, true, 0));
	try_and_cancel(w, &c, 0, 8);
	c.pace.connect_timeout = SHORT_MS;
	addr_parse("192.0.2.1", &c.bindto);
	assert_false(try_at(w, &c, false, 0));
}

/* ---- MISC ---- */

static void misc_says_what_its_command_says(void **state)
{
	struct check_conf c = {.type = CHECK_MISC, .misc_timeout = ROOMY_MS};
	struct world *w = *state;

	c.misc_path = (char *)"true";
	assert_true(try_at(w, &c, false, 0));
	assert_false(w->result.weighs);
	c.misc_path = (char *)"sh -c 'exit 12'";
	assert_false(try_at(w, &c, false, 0));
	assert_string_equal(w->result.why, "exit code 12");
	c.misc_dynamic = 1;
	assert_true(try_at(w, &c, false, 0));
	assert_true(w->result.weighs);
	assert_int_equal(w->result.weight, 10);
	c.misc_path = (char *)"sh -c 'exit 1'";
	assert_false(try_at(w, &c, false, 0));
	c.misc_path = (char *)"sh -c 'exit 255'";
	assert_true(try_at(w, &c, false, 0));
	assert_int_equal(w->result.weight, 253);
	c.misc_path = (char *)"true";
	assert_true(try_at(w, &c, false, 0));
	assert_false(w->result.weighs);
	c.misc_path = (char *)"sh -c 'kill -9 $$'"; /* no exit code: no weight */
	assert_false(try_at(w, &c, false, 0));
	assert_string_equal(w->result.why, "ended by signal 9");
	c.misc_path = (char *)"/nowhere/at/all";
	assert_false(try_at(w, &c, false, 0));
}

static void misc_is_ended(void **state)
{
	struct check_conf c = {.type = CHECK_MISC, .misc_timeout = SHORT_MS};
	struct world *w = *state;

	c.misc_path = (char *)"sleep 30";
	assert_false(try_at(w, &c, false, 0));
	assert_string_equal(w->result.why, "timed out");
	c.misc_timeout = ROOMY_MS;
	try_and_cancel(w, &c, 0, 4);
}

/* ---- all of them ---- */

/* Those that are under way when the set is closed say nothing; world_close finds what is left. */
static void a_closed_set_says_nothing(void **state)
{
	struct check_conf tcp = check_of(CHECK_TCP, ROOMY_MS), udp = check_of(CHECK_UDP, ROOMY_MS);
	struct probe_target t = target_at(false, 9);
	struct world *w = *state;

	for (int i = 0; i < 10; i++) {
		assert_non_null(probe_start(w->probes, &tcp, &t, NULL, NULL));
		assert_non_null(probe_start(w->probes, &udp, &t, NULL, NULL));
	}
}

static void on_many(void *arg, const struct probe_result *result)
{
	*(int *)arg += result->ok ? 1 : 1000000;
}

static void a_thousand_at_once_leave_nothing(void **state)
{
	struct check_conf c = check_of(CHECK_TCP, ROOMY_MS);
	struct world *w = *state;
	struct probe_target t;
	int fd = loopback(SOCK_STREAM, false, &t.port), before, good = 0;

	listen(fd, 4096);
	t = target_at(false, t.port);
	assert_true(try_at(w, &c, false, t.port));
	before = descriptors();
	for (int i = 0; i < 10; i++) {
		for (int j = 0; j < 100; j++)
			assert_non_null(probe_start(w->probes, &c, &t, on_many, &good));
		while (good < (i + 1) * 100)
			uv_run(&w->loop, UV_RUN_ONCE);
		assert_int_equal(good, (i + 1) * 100);
	}
	for (int i = 0; i < 3; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_int_equal(descriptors(), before);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(tcp_finds_a_listener),
		WITH_WORLD(tcp_times_out),
		WITH_WORLD(a_probe_comes_from_where_it_is_told),
		WITH_WORLD(udp_refused_is_bad_and_silence_may_be_good),
		WITH_WORLD(udp_answers_are_looked_at),
		WITH_WORLD(dns_takes_an_answer_to_its_question),
		WITH_WORLD(dns_fails_without_an_answer),
		WITH_WORLD(ping_needs_root_and_an_answer),
		WITH_WORLD(misc_says_what_its_command_says),
		WITH_WORLD(misc_is_ended),
		WITH_WORLD(a_closed_set_says_nothing),
		WITH_WORLD(a_thousand_at_once_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
