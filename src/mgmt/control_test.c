/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket with real clients, all in this thread; what commands do is faked. */
#include "mgmt/control.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ctl_path.h"

struct world {
	uv_loop_t loop;
	struct control *control;
	struct command_ctx ctx;
	char root[32], folder[48], path[64], stats[64], err[256];
};

/* Answers with what it was asked; "big" with so many bytes of text. */
json_t *command_run(struct command_ctx *ctx, json_t *request, bool write)
{
	json_int_t big = json_integer_value(json_object_get(request, "big"));
	json_t *answer;
	char *text;

	(void)ctx;
	if (!big)
		return json_pack("{s:O, s:b}", "asked", request, "write", write);
	text = malloc((size_t)big + 1);
	memset(text, 'x', (size_t)big);
	text[big] = 0;
	answer = json_pack("{s:s}", "text", text);
	free(text);
	return answer;
}

json_t *command_fault(const struct fault *f)
{
	return json_pack("{s:s, s:s}", "code", f->code, "error", f->text);
}

int fault_set(struct fault *f, const char *code, const char *fmt, ...)
{
	va_list args;

	f->code = code;
	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	return -1;
}

static int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	uv_loop_init(&w->loop);
	strcpy(w->root, "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(w->root));
	snprintf(w->folder, sizeof(w->folder), "%s/run", w->root);
	snprintf(w->path, sizeof(w->path), "%s/ctl.sock", w->folder);
	snprintf(w->stats, sizeof(w->stats), "%s/stats.sock", w->folder);
	*state = w;
	return 0;
}

static int listen_at(struct world *w)
{
	return control_open(&w->control, &w->loop, w->path, &w->ctx, w->err, sizeof(w->err));
}

static void hang_up(struct world *w)
{
	control_close(w->control);
	w->control = NULL;
	uv_run(&w->loop, UV_RUN_DEFAULT);
}

static int world_close(void **state)
{
	struct world *w = *state;

	hang_up(w);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	unlink(w->path);
	unlink(w->stats);
	rmdir(w->folder);
	rmdir(w->root);
	free(w);
	return 0;
}

static int dial_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int dial(struct world *w)
{
	return dial_at(w->path);
}

static void say(struct world *w, int fd, const char *text)
{
	size_t len = strlen(text), done = 0;

	while (done < len) {
		ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else
			assert_int_equal(errno, EAGAIN);
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
}

/* The next line, to be freed; NULL if the other end hung up, or nothing came in that time. */
static char *hear(struct world *w, int fd, uint32_t ms)
{
	uint64_t end = clock_ns() + ms * 1000000ull;
	char *line = calloc(1, 1 << 24);
	size_t n = 0;

	while (clock_ns() < end) {
		ssize_t got = recv(fd, line + n, 1, 0);

		if (got == 1 && line[n] == '\n') {
			line[n] = 0;
			return line;
		}
		if (got == 1)
			n++;
		else if (!got || errno != EAGAIN)
			break;
		else
			uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	free(line);
	return NULL;
}

static void expect(struct world *w, int fd, const char *text)
{
	char *line = hear(w, fd, 2000);

	assert_non_null(line);
	if (!strstr(line, text))
		assert_string_equal(line, text);
	free(line);
}

static bool hung_up(struct world *w, int fd)
{
	uint64_t end = clock_ns() + 2000000000;
	char buf[4096];
	ssize_t n;

	do {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		n = recv(fd, buf, sizeof(buf), 0);
	} while (clock_ns() < end && (n > 0 || (n < 0 && errno == EAGAIN)));
	return n == 0 || errno == ECONNRESET;
}

static void makes_its_folder_and_lets_its_group_in(void **state)
{
	struct world *w = *state;
	mode_t mask = umask(077);
	struct stat s;

	assert_int_equal(listen_at(w), 0);
	umask(mask);
	assert_int_equal(stat(w->path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0660);
	assert_int_equal(stat(w->stats, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0666);
	assert_int_equal(stat(w->folder, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0755);
	hang_up(w);
	assert_int_equal(stat(w->path, &s), -1);
	assert_int_equal(stat(w->stats, &s), -1);
}

static void a_living_socket_is_left_alone(void **state)
{
	struct world *w = *state;
	struct control *second = NULL;

	assert_int_equal(listen_at(w), 0);
	assert_int_equal(control_open(&second, &w->loop, w->path, &w->ctx, w->err, sizeof(w->err)),
			 -EADDRINUSE);
	assert_non_null(strstr(w->err, w->path));
	assert_non_null(strstr(w->err, "in use by another shuntd: stop it or give --ctl PATH"));
	assert_null(second);
	close(dial(w));
}

static void a_dead_socket_is_replaced(void **state)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct world *w = *state;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), client;

	mkdir(w->folder, 0755);
	strcpy(at.sun_path, w->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_int_equal(listen_at(w), 0);
	client = dial(w);
	say(w, client, "{}\n");
	expect(w, client, "asked");
	close(client);
}

static void anything_else_in_its_place_is_left_alone(void **state)
{
	struct world *w = *state;
	struct stat s;
	int fd;

	mkdir(w->folder, 0755);
	fd = open(w->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(listen_at(w), -EEXIST);
	assert_non_null(strstr(w->err, "remove it"));
	assert_int_equal(stat(w->path, &s), 0);
	unlink(w->path);
	assert_int_equal(symlink("nowhere", w->path), 0);
	assert_int_equal(listen_at(w), -EEXIST);
	assert_int_equal(lstat(w->path, &s), 0);
}

static void names_the_limit_of_a_path(void **state)
{
	struct world *w = *state;
	char path[200];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[108] = 0;
	assert_int_equal(control_open(&w->control, &w->loop, path, &w->ctx, w->err, 256),
			 -ENAMETOOLONG);
	assert_non_null(strstr(w->err, "107 bytes"));
	assert_int_equal(control_open(&w->control, &w->loop, "/nowhere/at/all", &w->ctx, w->err,
				      256),
			 -ENOENT);
	assert_non_null(strstr(w->err, "/nowhere/at/all: No such file"));
}

/* A socket of another owner is removed by whoever made it. */
static void leaves_a_successors_socket_when_it_closes(void **state)
{
	struct world *w = *state;
	struct control *next = NULL;
	struct stat s;

	assert_int_equal(listen_at(w), 0);
	unlink(w->path);
	unlink(w->stats);
	assert_int_equal(control_open(&next, &w->loop, w->path, &w->ctx, w->err, 256), 0);
	control_close(w->control);
	assert_int_equal(stat(w->path, &s), 0);
	assert_int_equal(stat(w->stats, &s), 0);
	w->control = next;
}

static void answers_each_line_in_order(void **state)
{
	struct world *w = *state;
	int fd;

	assert_int_equal(listen_at(w), 0);
	fd = dial(w);
	say(w, fd, "{\"n\":1}\n{\"n\":2}\n{\"n\":");
	expect(w, fd, "{\"asked\":{\"n\":1},\"write\":true}");
	expect(w, fd, "{\"asked\":{\"n\":2},\"write\":true}");
	assert_null(hear(w, fd, 50));
	say(w, fd, "3");
	assert_null(hear(w, fd, 50));
	say(w, fd, "}\n");
	expect(w, fd, "{\"asked\":{\"n\":3},\"write\":true}");
	close(fd);
}

static void what_is_not_json_is_refused_and_the_next_line_is_not(void **state)
{
	static const char *const bad[] = {"\n",	    "nonsense\n",	  "{\"a\":1,\"a\":2}\n",
					  "{}{}\n", "{\"a\":\"\xff\"}\n", "[\n"};
	struct world *w = *state;
	int fd;

	assert_int_equal(listen_at(w), 0);
	fd = dial(w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		say(w, fd, bad[i]);
		expect(w, fd, "not JSON");
	}
	say(w, fd, "{}\n");
	expect(w, fd, "asked");
	close(fd);
}

static void a_large_answer_arrives_whole(void **state)
{
	struct world *w = *state;
	char *line;
	int fd;

	assert_int_equal(listen_at(w), 0);
	fd = dial(w);
	say(w, fd, "{\"big\":3000000}\n{\"n\":2}\n");
	line = hear(w, fd, 20000);
	assert_non_null(line);
	assert_int_equal(strlen(line), 3000000 + strlen("{'text':''}"));
	free(line);
	expect(w, fd, "{\"n\":2}");
	close(fd);
}

static void a_large_request_is_read_whole(void **state)
{
	struct world *w = *state;
	char *text = malloc(3000032);
	int fd;

	memset(text, ' ', 3000000);
	strcpy(text + 3000000, "{\"n\":7}\n");
	assert_int_equal(listen_at(w), 0);
	fd = dial(w);
	say(w, fd, text);
	expect(w, fd, "{\"n\":7}");
	free(text);
	close(fd);
}

/* Fills places with clients who are heard. */
static void come_in(struct world *w, const char *path, int *fd, int n)
{
	for (int i = 0; i < n; i++) {
		fd[i] = dial_at(path);
		say(w, fd[i], "{}\n");
		expect(w, fd[i], "asked");
	}
}

static void is_refused_as_busy(struct world *w, const char *path)
{
	int late = dial_at(path);

	expect(w, late, "busy");
	assert_true(hung_up(w, late));
	close(late);
}

static void a_crowd_is_refused_politely_and_leaves_room_for_the_admin(void **state)
{
	enum {
		CROWD = 32,
		ADMINS = 4
	};
	struct world *w = *state;
	int fd[CROWD + ADMINS], late;

	assert_int_equal(listen_at(w), 0);
	come_in(w, w->stats, fd, CROWD);
	is_refused_as_busy(w, w->stats);
	come_in(w, w->path, fd + CROWD, ADMINS);
	is_refused_as_busy(w, w->path);
	for (int i = 0; i <= ADMINS; i++)
		close(fd[i]);
	for (int i = 0; i < 10; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
	come_in(w, w->stats, &late, 1);
	close(late);
	for (int i = ADMINS + 1; i < CROWD + ADMINS; i++)
		close(fd[i]);
}

/* Whoever asks, there. */
static void the_other_socket_only_reads(void **state)
{
	struct world *w = *state;
	int fd;

	assert_int_equal(listen_at(w), 0);
	fd = dial_at(w->stats);
	say(w, fd, "{}\n");
	expect(w, fd, "\"write\":false");
	close(fd);
	assert_int_equal(ctl_path_stats("/nowhere/one", w->stats, sizeof(w->stats)), 0);
	assert_string_equal(w->stats, "/nowhere/one.stats");
	assert_int_equal(ctl_path_stats("ctl.sock", w->stats, sizeof(w->stats)), 0);
	assert_string_equal(w->stats, "stats.sock");
	assert_int_equal(ctl_path_stats("/nowhere/one", w->stats, 18), -ENAMETOOLONG);
	snprintf(w->stats, sizeof(w->stats), "%s/stats.sock", w->folder);
}

static void a_reader_has_64_kib_for_a_request(void **state)
{
	struct world *w = *state;
	char *text = malloc(200000);
	int fd;

	memset(text, ' ', 200000);
	assert_int_equal(listen_at(w), 0);
	fd = dial_at(w->stats);
	strcpy(text + 65536 - 7, "{\"n\":7}\n");
	say(w, fd, text);
	expect(w, fd, "{\"n\":7}");
	memset(text, ' ', 199999);
	text[199999] = 0;
	assert_true(send(fd, text, strlen(text), MSG_NOSIGNAL) > 65536);
	expect(w, fd, "the request is too long");
	assert_true(hung_up(w, fd));
	free(text);
	close(fd);
}

/* Asks as another user, who has one group more; returns whether he may write. */
static bool ask_as(struct world *w, uid_t uid, gid_t extra)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char answer[256] = "";
	int status;
	pid_t pid;

	strcpy(at.sun_path, w->path);
	pid = fork();
	if (!pid) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(1, &extra) || setgid(uid) || setuid(uid) ||
		    connect(fd, (struct sockaddr *)&at, sizeof(at)) || write(fd, "{}\n", 3) != 3 ||
		    read(fd, answer, sizeof(answer) - 1) <= 0)
			_exit(2);
		_exit(strstr(answer, "\"write\":true") ? 1 : 0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status);
}

static void only_root_and_the_sockets_group_may_write(void **state)
{
	enum {
		NOBODY = 65534,
		GROUP = 54321
	};
	struct world *w = *state;

	if (geteuid())
		skip(); /* only root can ask as somebody else */
	assert_int_equal(chmod(w->root, 0755), 0);
	assert_int_equal(listen_at(w), 0);
	assert_int_equal(chmod(w->path, 0666), 0);
	assert_false(ask_as(w, NOBODY, NOBODY));
	assert_int_equal(chown(w->path, (uid_t)-1, GROUP), 0);
	assert_false(ask_as(w, NOBODY, NOBODY));
	assert_true(ask_as(w, NOBODY, GROUP));
	assert_true(ask_as(w, 0, 0));
}

/* Both at once, since each takes five seconds. */
static void half_a_line_and_an_answer_that_is_not_read_end_the_connection(void **state)
{
	struct world *w = *state;
	uint64_t start = clock_ns();
	int half, deaf, quiet;

	assert_int_equal(listen_at(w), 0);
	half = dial(w);
	deaf = dial(w);
	quiet = dial(w);
	say(w, half, "{\"n\":");
	say(w, deaf, "{\"big\":8000000}\n");
	while (clock_ns() - start < 6000000000u) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(1000);
		if ((clock_ns() - start) / 1000000 % 1000 == 0)
			send(half, " ", 1, MSG_NOSIGNAL); /* drops don't keep it alive */
	}
	assert_true(hung_up(w, half));
	assert_true(hung_up(w, deaf));
	say(w, quiet, "{}\n"); /* who says nothing may stay */
	expect(w, quiet, "asked");
	close(half);
	close(deaf);
	close(quiet);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(makes_its_folder_and_lets_its_group_in),
		TEST(a_living_socket_is_left_alone),
		TEST(a_dead_socket_is_replaced),
		TEST(anything_else_in_its_place_is_left_alone),
		TEST(names_the_limit_of_a_path),
		TEST(leaves_a_successors_socket_when_it_closes),
		TEST(answers_each_line_in_order),
		TEST(what_is_not_json_is_refused_and_the_next_line_is_not),
		TEST(a_large_answer_arrives_whole),
		TEST(a_large_request_is_read_whole),
		TEST(a_crowd_is_refused_politely_and_leaves_room_for_the_admin),
		TEST(the_other_socket_only_reads),
		TEST(a_reader_has_64_kib_for_a_request),
		TEST(only_root_and_the_sockets_group_may_write),
		TEST(half_a_line_and_an_answer_that_is_not_read_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
