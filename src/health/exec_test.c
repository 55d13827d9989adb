/* SPDX-License-Identifier: BSD-2-Clause */
/* Real commands. What they see of the world they write to a file of the test's own. */
#include "health/exec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	NOT_YET = -1000
};

struct world {
	uv_loop_t loop;
	char dir[32];
	char file[64];
	int status;
	int calls;
};

static void on_done(void *arg, int status)
{
	struct world *w = arg;

	w->status = status;
	w->calls++;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w || uv_loop_init(&w->loop))
		return -1;
	strcpy(w->dir, "/tmp/exec_test.XXXXXX");
	if (!mkdtemp(w->dir) || chmod(w->dir, 0777))
		return -1;
	snprintf(w->file, sizeof(w->file), "%s/out", w->dir);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	int err = uv_loop_close(&w->loop);

	unlink(w->file);
	err |= rmdir(w->dir);
	free(w);
	return err;
}

/* Runs a command to its end; returns its status. $O in line is the world's file. */
static int run_as(struct world *w, const char *line, const struct conf_user *user, uint64_t timeout)
{
	char room[512];
	const char *o = strstr(line, "$O");

	if (o)
		snprintf(room, sizeof(room), "%.*s%s%s", (int)(o - line), line, w->file, o + 2);
	else
		snprintf(room, sizeof(room), "%s", line);
	w->status = NOT_YET;
	w->calls = 0;
	if (!exec_start(&w->loop, room, user, timeout, on_done, w))
		return -errno;
	assert_int_equal(w->calls, 0);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(w->calls, 1);
	return w->status;
}

static int run(struct world *w, const char *line)
{
	static const struct conf_user ours;

	return run_as(w, line, &ours, 0);
}

static const char *output(struct world *w, char *room, size_t size)
{
	int fd = open(w->file, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, room, size - 1);

	if (fd >= 0)
		close(fd);
	room[n > 0 ? n : 0] = '\0';
	return room;
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void words_are_a_shells(void **state)
{
	struct world *w = *state;
	char room[512];

	assert_int_equal(run(w,
			     "sh -c 'for i; do echo \"<$i>\"; done >$0' $O a 'b  c' \"d'e\" f\\ g "
			     "'$HOME'"),
			 0);
	assert_string_equal(output(w, room, sizeof(room)), "<a>\n<b  c>\n<d'e>\n<f g>\n<$HOME>\n");
}

static void the_status_is_told(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, "true"), 0);
	assert_int_equal(run(w, "false"), 1);
	assert_int_equal(run(w, "sh -c 'exit 255'"), 255);
	assert_int_equal(run(w, "sh -c 'kill -9 $$'"), EXEC_SIGNAL + SIGKILL);
}

static void what_is_no_command_isnt_begun(void **state)
{
	struct world *w = *state;

	assert_int_equal(run(w, "/nowhere/at/all"), -ENOENT);
	assert_int_equal(run(w, "/etc/passwd"), -EACCES);
	assert_int_equal(run(w, ""), -EINVAL);
	assert_int_equal(w->calls, 0);
}

static int count(const char *text, const char *what)
{
	int n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

/* Neither descriptors, nor a mask of signals, nor a place to write to. */
static void a_command_has_nothing_of_ours(void **state)
{
	struct world *w = *state;
	int leak = open("/dev/zero", O_RDONLY);
	sigset_t mask, before;
	char room[1024];

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &before);
	assert_int_equal(run(w, "sh -c 'test /proc/$$/fd/1 -ef /dev/null || exit; exec >$0; "
				"grep SigBlk /proc/self/status; exec ls -l /proc/self/fd' $O"),
			 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(leak);
	output(w, room, sizeof(room));
	assert_int_equal(count(room, "-> /dev/null\n"), 2);
	assert_int_equal(count(room, "-> "), 4); /* the output, and what ls reads */
	assert_int_equal(count(room, "SigBlk:\t0000000000000000\n"), 1);
}

static void a_command_is_its_own_group(void **state)
{
	struct world *w = *state;
	char room[512];
	int pid = 0, group = -1;

	assert_int_equal(run(w, "sh -c 'cat /proc/$$/stat >$0' $O"), 0);
	output(w, room, sizeof(room));
	assert_int_equal(sscanf(room, "%d %*s %*c %*d %d", &pid, &group), 2);
	assert_int_equal(pid, group);
	assert_int_not_equal(group, getpgrp());
}

static uint64_t since(uint64_t begun)
{
	return (uv_hrtime() - begun) / 1000000;
}

static void what_takes_too_long_is_ended(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	uint64_t begun = uv_hrtime();

	assert_int_equal(run_as(w, "sleep 30", &ours, 100), -ETIMEDOUT);
	assert_in_range(since(begun), 100, 10000);
}

static void what_doesnt_obey_is_killed(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	uint64_t begun = uv_hrtime();

	assert_int_equal(run_as(w, "sh -c 'trap : TERM; while :; do sleep 30; done'", &ours, 200),
			 -ETIMEDOUT);
	assert_in_range(since(begun), 2100, 20000);
}

/* The first process obeys, another of its group doesn't. */
static void the_whole_group_is_killed(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	char room[512];
	int pid;

	assert_int_equal(run_as(w, "sh -c '(trap \"\" TERM; exec sleep 30) & echo $! >$0; wait' $O",
				&ours, 500),
			 -ETIMEDOUT);
	pid = atoi(output(w, room, sizeof(room)));
	assert_true(pid > 1);
	for (int i = 0; i < 100 && !kill(pid, 0); i++) { /* until its new parent has reaped it */
		char path[64], stat[256] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		if (read(fd, stat, sizeof(stat) - 1) > 0 && strstr(stat, ") Z"))
			pid = -1;
		close(fd);
		if (pid < 0)
			return;
		usleep(20000);
	}
	if (!kill(pid, SIGKILL))
		fail_msg("process %d outlived its command", pid);
}

static void a_cancelled_one_is_ended_and_says_nothing(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	uint64_t begun = uv_hrtime();
	struct exec *e = exec_start(&w->loop, "sleep 30", &ours, 0, on_done, w);

	assert_non_null(e);
	w->calls = 0;
	uv_run(&w->loop, UV_RUN_NOWAIT);
	exec_cancel(e);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(w->calls, 0);
	assert_in_range(since(begun), 0, 10000);
}

static void nobody_has_to_want_to_know(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	char room[8];
	char line[128];

	snprintf(line, sizeof(line), "sh -c 'echo yes >%s'", w->file);
	assert_non_null(exec_start(&w->loop, line, &ours, 0, NULL, NULL));
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_string_equal(output(w, room, sizeof(room)), "yes\n");
}

static void nothing_is_left_of_a_thousand(void **state)
{
	static const struct conf_user ours;
	struct world *w = *state;
	int before;

	assert_int_equal(run(w, "true"), 0);
	before = descriptors();
	w->calls = 0;
	for (int i = 0; i < 50; i++) {
		for (int j = 0; j < 20; j++)
			assert_non_null(exec_start(&w->loop, j ? "true" : "/bin/false", &ours, 9000,
						   on_done, w));
		uv_run(&w->loop, UV_RUN_DEFAULT);
	}
	assert_int_equal(w->calls, 1000);
	assert_int_equal(descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child, not even a dead one */
	assert_int_equal(errno, ECHILD);
}

/* Debian's nobody is in the group nogroup: no group has its name. */
static void it_runs_as_a_user(void **state)
{
	struct conf_user nobody = {.name = (char *)"nobody"};
	struct world *w = *state;
	char room[256];

	if (geteuid())
		skip();
	assert_int_equal(run_as(w,
				"sh -c '{ id -un; id -gn; sed -n s/CapInh:.//p /proc/$$/status; "
				"sed -n s/CapEff:.//p /proc/$$/status; } >$0' $O",
				&nobody, 0),
			 0);
	assert_string_equal(output(w, room, sizeof(room)),
			    "nobody\nnogroup\n0000000000000000\n0000000000000000\n");
	unlink(w->file);
	nobody.group = (char *)"daemon";
	assert_int_equal(run_as(w, "sh -c 'id -gn >$0' $O", &nobody, 0), 0);
	assert_string_equal(output(w, room, sizeof(room)), "daemon\n");
	nobody.name = (char *)"no-such-user";
	assert_int_not_equal(run_as(w, "true", &nobody, 0), 0);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(words_are_a_shells),
		WITH_WORLD(the_status_is_told),
		WITH_WORLD(what_is_no_command_isnt_begun),
		WITH_WORLD(a_command_has_nothing_of_ours),
		WITH_WORLD(a_command_is_its_own_group),
		WITH_WORLD(what_takes_too_long_is_ended),
		WITH_WORLD(what_doesnt_obey_is_killed),
		WITH_WORLD(the_whole_group_is_killed),
		WITH_WORLD(a_cancelled_one_is_ended_and_says_nothing),
		WITH_WORLD(nobody_has_to_want_to_know),
		WITH_WORLD(nothing_is_left_of_a_thousand),
		WITH_WORLD(it_runs_as_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
