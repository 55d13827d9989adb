/* SPDX-License-Identifier: BSD-2-Clause */
/* By posix_spawn, which doesn't copy this process' page tables: after a fork, workers would take a
 * page fault for each page of theirs that they write to. */
#include "health/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <popt.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	KILL_MS = 2000, /* from SIGTERM to SIGKILL */
	PREFIX = 6,	/* words before the command's own */
};

struct exec {
	uv_loop_t *loop;
	pid_t pid;
	int fd; /* becomes readable when it ends */
	uv_poll_t poll;
	uv_timer_t timer;
	int open; /* handles */
	bool timed_out, killed, ended;
	exec_done_fn done;
	void *arg;
};

extern char **environ;

/* Closes our descriptors, whoever forgot to say that they close by themselves. */
static int set_files(posix_spawn_file_actions_t *f)
{
	int err = posix_spawn_file_actions_addopen(f, STDIN_FILENO, "/dev/null", O_RDWR, 0);

	if (!err)
		err = posix_spawn_file_actions_adddup2(f, STDIN_FILENO, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(f, STDIN_FILENO, STDERR_FILENO);
	if (!err)
		err = posix_spawn_file_actions_addclosefrom_np(f, STDERR_FILENO + 1);
	return err;
}

static int set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(a, &none);
	posix_spawnattr_setsigdefault(a, &all);
	posix_spawnattr_setpgroup(a, 0);
	return posix_spawnattr_setflags(a, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						   POSIX_SPAWN_SETSIGDEF);
}

/* Returns 0 or -errno. */
static int spawn(pid_t *pid, const char **argv)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int err;

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* else it would have ours */
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	err = set_files(&files);
	if (!err)
		err = set_attributes(&attributes);
	if (!err)
		err = posix_spawnp(pid, argv[0], &files, &attributes, (char **)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -err;
}

/* The group of a user needn't have its name. An unknown user is left to setpriv to refuse. */
static void write_gid(char *out, size_t size, const struct conf_user *user)
{
	struct passwd room, *found = NULL;
	char text[4096];

	if (!user->group)
		getpwnam_r(user->name, &room, text, sizeof(text), &found);
	if (found)
		snprintf(out, size, "--regid=%u", found->pw_gid);
	else
		snprintf(out, size, "--regid=%s", user->group ? user->group : user->name);
}

/* Puts setpriv(1) before the words if it is to run as somebody else. */
static int spawn_as(pid_t *pid, const struct conf_user *user, int argc, const char **words)
{
	const char **argv = calloc((size_t)argc + PREFIX + 1, sizeof(*argv));
	char uid[64], gid[64];
	int n = 0, err;

	if (!argv)
		return -ENOMEM;
	if (user->name) {
		snprintf(uid, sizeof(uid), "--reuid=%s", user->name);
		write_gid(gid, sizeof(gid), user);
		argv[n++] = "setpriv";
		argv[n++] = uid;
		argv[n++] = gid;
		argv[n++] = "--init-groups";
		argv[n++] = "--inh-caps=-all";
		argv[n++] = "--";
	}
	memcpy(argv + n, words, (size_t)argc * sizeof(*argv));
	err = spawn(pid, argv);
	free(argv);
	return err;
}

/* Returns 0 or -errno. */
static int begin(pid_t *pid, const char *line, const struct conf_user *user)
{
	const char **words;
	int argc, err;

	if (poptParseArgvString(line, &argc, &words))
		return -EINVAL;
	err = argc ? spawn_as(pid, user, argc, words) : -EINVAL;
	free(words);
	return err;
}

static void on_closed(uv_handle_t *h)
{
	struct exec *e = h->data;

	if (--e->open)
		return;
	close(e->fd);
	free(e);
}

static void tell(struct exec *e, int status)
{
	exec_done_fn done = e->done;

	e->done = NULL;
	if (done)
		done(e->arg, status);
}

static void shut(struct exec *e)
{
	uv_close((uv_handle_t *)&e->poll, on_closed);
	uv_close((uv_handle_t *)&e->timer, on_closed);
}

/* After our SIGTERM others of its group may live on: until SIGKILL it isn't reaped, so that the
 * group's number stays theirs. */
static void on_end(uv_poll_t *poll, int status, int events)
{
	struct exec *e = poll->data;
	int how, code = -EIO;

	(void)status, (void)events;
	e->ended = true;
	uv_poll_stop(poll);
	if (e->timed_out && !e->killed) {
		tell(e, -ETIMEDOUT);
		return;
	}
	if (waitpid(e->pid, &how, WNOHANG) == e->pid)
		code = WIFSIGNALED(how) ? EXEC_SIGNAL + WTERMSIG(how) : WEXITSTATUS(how);
	shut(e);
	tell(e, e->timed_out ? -ETIMEDOUT : code);
}

static void on_time(uv_timer_t *t)
{
	struct exec *e = t->data;

	kill(-e->pid, e->timed_out ? SIGKILL : SIGTERM);
	e->killed = e->timed_out;
	e->timed_out = true;
	if (!e->killed) {
		uv_timer_start(t, on_time, KILL_MS, 0);
	} else if (e->ended) {
		waitpid(e->pid, NULL, WNOHANG);
		shut(e);
	}
}

struct exec *exec_start(uv_loop_t *loop, const char *line, const struct conf_user *user,
			uint64_t timeout_ms, exec_done_fn done, void *arg)
{
	struct exec *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return NULL;
	err = begin(&e->pid, line, user);
	if (err)
		goto free_e;
	e->fd = (int)syscall(SYS_pidfd_open, e->pid, 0);
	if (e->fd < 0 || uv_poll_init(loop, &e->poll, e->fd)) {
		err = -EMFILE;
		goto end;
	}
	e->loop = loop;
	e->done = done;
	e->arg = arg;
	e->open = 2;
	uv_timer_init(loop, &e->timer);
	e->poll.data = e->timer.data = e;
	uv_poll_start(&e->poll, UV_READABLE, on_end);
	if (timeout_ms)
		uv_timer_start(&e->timer, on_time, timeout_ms, 0);
	return e;
end:
	kill(-e->pid, SIGKILL);
	waitpid(e->pid, NULL, 0);
	if (e->fd >= 0)
		close(e->fd);
free_e:
	free(e);
	errno = -err;
	return NULL;
}

void exec_cancel(struct exec *e)
{
	e->done = NULL;
	if (!e->timed_out)
		uv_timer_start(&e->timer, on_time, 0, 0);
}
