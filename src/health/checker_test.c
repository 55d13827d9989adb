/* SPDX-License-Identifier: BSD-2-Clause */
/* Checkers on a loop of their own, which ask a listener on loopback that comes and goes. */
#include "health/checker.h"

#include "health/probe_world_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOOP_MS = 30,
};

struct user {
	struct room *room;
	struct checker_link link;
	int changes;
};

struct room {
	uv_loop_t loop;
	struct checkers *set;
	uint16_t port;
	int fd;	   /* bound to it; listens in part of a test */
	bool busy; /* within a call of checker.h */
	int failed;
};

static void on_changed(void *arg)
{
	struct user *u = arg;

	assert_false(u->room->busy);
	u->changes++;
}

static const char *no_way(void *ctx, const struct probe_target *target, struct way *out)
{
	(void)ctx, (void)target, (void)out;
	return "no way";
}

static void on_failed(void *ctx, const struct addr *target)
{
	(void)target;
	((struct room *)ctx)->failed++;
}

static void listen_on(struct room *r)
{
	assert_int_equal(listen(r->fd, 64), 0);
}

/* A listener again, at the same port. */
static void listen_again(struct room *r)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(r->port)};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(r->fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	assert_int_equal(bind(r->fd, (void *)&sa, sizeof(sa)), 0);
	listen_on(r);
}

static int room_open(void **state)
{
	struct room *r = calloc(1, sizeof(*r));
	struct checkers_hooks hooks = {
		.changed = on_changed, .way = no_way, .failed = on_failed, .ctx = r};

	if (!r || uv_loop_init(&r->loop) || checkers_open(&r->set, &r->loop, &hooks))
		return -1;
	r->fd = loopback(SOCK_STREAM, false, &r->port); /* bound, so that nobody else listens */
	*state = r;
	return 0;
}

static int room_close(void **state)
{
	struct room *r = *state;
	int err;

	checkers_close(r->set);
	for (int i = 0; i < 200 && uv_run(&r->loop, UV_RUN_NOWAIT); i++)
		usleep(10000);
	err = uv_loop_close(&r->loop);
	close(r->fd);
	free(r);
	return err;
}

static const struct check_conf plain = {
	.type = CHECK_TCP,
	.pace = {.delay_loop = LOOP_MS, .connect_timeout = ROOMY_MS, .rise = 1, .fall = 1},
};

static void join(struct room *r, struct user *u, const struct check_conf *c, bool up)
{
	struct probe_target t = target_at(false, r->port);

	u->room = r;
	r->busy = true;
	assert_int_equal(checker_join(r->set, &u->link, c, &t, up, u), 0);
	r->busy = false;
}

static void leave(struct user *u)
{
	u->room->busy = true;
	checker_leave(&u->link);
	u->room->busy = false;
}

static struct checker_view view(const struct user *u)
{
	struct checker_view v;

	checker_view(u->link.checker, &v);
	return v;
}

static void run_until_tries(struct room *r, const struct user *u, uint64_t tries)
{
	uint64_t end = uv_hrtime() + 10000000000ULL;

	while (view(u).tries < tries && uv_hrtime() < end)
		uv_run(&r->loop, UV_RUN_ONCE);
	assert_true(view(u).tries >= tries);
}

static uint32_t checkers_of(struct room *r)
{
	struct checkers_load load;

	checkers_load(r->set, &load);
	return load.checkers;
}

static void equal_questions_are_asked_once(void **state)
{
	struct check_conf other = plain;
	struct user u[3] = {{0}};
	struct room *r = *state;

	listen_on(r);
	other.pace.delay_loop = 2 * LOOP_MS;
	join(r, &u[0], &plain, false);
	join(r, &u[1], &plain, false);
	assert_ptr_equal(u[0].link.checker, u[1].link.checker);
	assert_int_equal(checkers_of(r), 1);
	join(r, &u[2], &other, false);
	assert_ptr_not_equal(u[0].link.checker, u[2].link.checker);
	assert_int_equal(checkers_of(r), 2);
	run_until_tries(r, &u[0], 1);
	assert_int_equal(u[0].changes, 1); /* each hears of it */
	assert_int_equal(u[1].changes, 1);
	run_until_tries(r, &u[0], 4);
	assert_int_equal(u[1].changes, 1); /* of changes only */
	leave(&u[0]);
	assert_int_equal(checkers_of(r), 2);
	leave(&u[1]);
	leave(&u[1]); /* has left */
	leave(&u[2]);
	assert_int_equal(checkers_of(r), 0);
}

static void what_is_known_stays_while_somebody_wants_it(void **state)
{
	struct user a = {0}, b = {0}, c = {0};
	struct room *r = *state;

	join(r, &a, &plain, true); /* nobody listens */
	assert_true(view(&a).verdict.up);
	run_until_tries(r, &a, 1);
	assert_false(view(&a).verdict.up);
	assert_true(view(&a).last.why[0]);
	join(r, &b, &plain, true);
	leave(&a);
	assert_false(view(&b).verdict.up);
	assert_true(view(&b).verdict.decided);
	assert_true(view(&b).tries >= 1);
	leave(&b);
	join(r, &c, &plain, true); /* a new one: as told */
	assert_true(view(&c).verdict.up);
	assert_int_equal(view(&c).tries, 0);
	leave(&c);
}

static void retries_come_after_their_delay(void **state)
{
	struct check_conf c = plain;
	struct user u = {0};
	struct room *r = *state;
	uint64_t begun;

	c.pace.retry = 2;
	c.pace.delay_before_retry = 100;
	listen_on(r);
	join(r, &u, &c, true);
	run_until_tries(r, &u, 2);
	close(r->fd);
	while (view(&u).failures < 1)
		uv_run(&r->loop, UV_RUN_ONCE);
	begun = uv_hrtime();
	u.changes = 0;
	while (view(&u).failures < 2)
		uv_run(&r->loop, UV_RUN_ONCE);
	assert_true(view(&u).verdict.up);
	assert_int_equal(u.changes, 0);
	while (view(&u).failures < 3)
		uv_run(&r->loop, UV_RUN_ONCE);
	assert_in_range((uv_hrtime() - begun) / 1000000, 190, 5000);
	assert_false(view(&u).verdict.up);
	assert_int_equal(u.changes, 1);
	assert_int_equal(r->failed, 3); /* the hook */
	listen_again(r);
	run_until_tries(r, &u, view(&u).tries + 2); /* one may be under way */
	assert_true(view(&u).verdict.up);
	leave(&u);
}

static void turns_keep_their_time(void **state)
{
	struct user u = {0};
	struct room *r = *state;
	uint64_t begun;

	listen_on(r);
	join(r, &u, &plain, true);
	run_until_tries(r, &u, 1);
	begun = uv_hrtime();
	run_until_tries(r, &u, 21);
	assert_in_range((uv_hrtime() - begun) / 1000000, 20 * LOOP_MS - LOOP_MS, 20 * LOOP_MS * 4);
	leave(&u);
}

/* Of a way that nobody has, with a probe under way, and before the first. */
static void one_can_leave_at_any_time(void **state)
{
	struct check_conf vip = plain;
	struct user u = {0};
	struct room *r = *state;

	listen_on(r);
	for (int i = 0; i < 50; i++) {
		join(r, &u, &plain, true);
		for (int j = 0; j < i % 5; j++)
			uv_run(&r->loop, UV_RUN_NOWAIT);
		leave(&u);
		uv_run(&r->loop, UV_RUN_NOWAIT);
	}
	vip.pace.path = CHECK_PATH_VIP;
	join(r, &u, &vip, true);
	run_until_tries(r, &u, 1);
	assert_false(view(&u).verdict.up);
	assert_string_equal(view(&u).last.why, "no way");
	leave(&u);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, room_open, room_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ROOM(equal_questions_are_asked_once),
		IN_ROOM(what_is_known_stays_while_somebody_wants_it),
		IN_ROOM(retries_come_after_their_delay),
		IN_ROOM(turns_keep_their_time),
		IN_ROOM(one_can_leave_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
