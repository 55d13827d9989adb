/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/probe_world_test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || uv_loop_init(&w->loop) || probes_open(&w->probes, &w->loop))
		return -1;
	*state = w;
	return 0;
}

static void close_left(uv_handle_t *h, void *arg)
{
	if (uv_is_closing(h))
		return;
	++*(int *)arg;
	uv_close(h, NULL);
}

int world_close(void **state)
{
	struct world *w = *state;
	int err, left = 0;

	probes_close(w->probes);
	for (int i = 0; i < 600 && uv_loop_alive(&w->loop); i++) { /* commands end in their time */
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(10000);
	}
	uv_walk(&w->loop, close_left, &left); /* of a test that failed, or of a leak */
	uv_run(&w->loop, UV_RUN_DEFAULT);
	err = uv_loop_close(&w->loop);
	free(w);
	return err ? err : left;
}

int loopback(int type, bool v6, uint16_t *port)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr *sa = v6 ? (void *)&six : (void *)&four;
	socklen_t len = v6 ? sizeof(six) : sizeof(four);
	int fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, sa, len), 0);
	assert_int_equal(getsockname(fd, sa, &len), 0);
	*port = ntohs(v6 ? six.sin6_port : four.sin_port);
	return fd;
}

struct probe_target target_at(bool v6, uint16_t port)
{
	struct probe_target t = {.port = port};

	assert_int_equal(addr_parse(v6 ? "::1" : "127.0.0.1", &t.addr), 0);
	return t;
}

static void on_done(void *arg, const struct probe_result *result)
{
	struct world *w = arg;

	w->result = *result;
	w->calls++;
}

bool try_at(struct world *w, const struct check_conf *check, bool v6, uint16_t port)
{
	struct probe_target t = target_at(v6, port);

	w->calls = 0;
	assert_non_null(probe_start(w->probes, check, &t, on_done, w));
	assert_int_equal(w->calls, 0); /* never from within */
	while (!w->calls && (uv_run(&w->loop, UV_RUN_ONCE) || w->calls))
		;
	for (int i = 0; i < 3; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_int_equal(w->calls, 1);
	if (!w->result.ok)
		assert_true(w->result.why[0]);
	return w->result.ok;
}

void try_and_cancel(struct world *w, const struct check_conf *check, uint16_t port, int n)
{
	struct probe_target t = target_at(false, port);

	w->calls = 0;
	for (int i = 0; i < n; i++) {
		struct probe *p = probe_start(w->probes, check, &t, on_done, w);

		assert_non_null(p);
		for (int j = 0; j < i % 4 && !w->calls; j++)
			uv_run(&w->loop, UV_RUN_NOWAIT);
		if (!w->calls)
			probe_cancel(p);
		else
			w->calls = 0; /* it was faster */
		for (int j = 0; j < 3; j++)
			uv_run(&w->loop, UV_RUN_NOWAIT);
		assert_int_equal(w->calls, 0);
	}
}

int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
