/* SPDX-License-Identifier: BSD-2-Clause */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/notify.h"
#include "engine.h"

enum {
	STOP_S = 5,    /* an engine that was told to stop has so long */
	CRASH_MS = 50, /* one that lives less is in a crash loop */
	BACKOFF_MAX_MS = 1000,
	NICE_START = -20,
};

static const uint64_t NS_PER_MS = 1000000, NS_PER_S = 1000000000;

struct holder {
	const struct holder_conf *conf;
	struct setup setup;
	sigset_t signals; /* all that it waits for; blocked otherwise */
	pid_t engine;	  /* 0: none */
	uint64_t started; /* when, ns */
	uint64_t due;	  /* when the next shall start, if there is none */
	uint32_t backoff_ms;
	int ready_fd; /* the engine writes a byte to its other end */
};

/* In the child: dies with its parent, and takes signals again. */
static int engine_main(struct holder *h, pid_t parent, int ready_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return EXIT_OTHER; /* it died before that took effect */
	signal(SIGPIPE, SIG_IGN);  /* a client of the control socket may hang up */
	sigprocmask(SIG_UNBLOCK, &h->signals, NULL);
	return engine_run(&h->setup, h->conf->ctl, h->conf->file, &h->conf->metrics, ready_fd);
}

/* The first engine says when it is ready; of later ones nobody asks it. */
static int fork_engine(struct holder *h, bool first)
{
	pid_t parent = getpid();
	int ready[2] = {-1, -1};

	if (first && pipe2(ready, O_CLOEXEC))
		return -errno;
	h->engine = fork();
	if (h->engine == 0)
		_exit(engine_main(h, parent, ready[1]));
	if (first)
		close(ready[1]);
	h->ready_fd = ready[0];
	h->started = clock_ns();
	if (h->engine > 0)
		return 0;
	h->engine = 0;
	return -EAGAIN;
}

/* Waits for the engine's word that it forwards. false: it died instead. */
static bool engine_ready(struct holder *h)
{
	char byte;
	ssize_t n;

	do
		n = read(h->ready_fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(h->ready_fd);
	return n == 1;
}

static void say_ready(void)
{
	static const char line[] = "ready\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		log_warn("stderr is closed");
	notify("READY=1");
}

/* Takes a dead engine's exit code, or -signal. false: it lives, or there is none. */
static bool reap(struct holder *h, int options, int *code)
{
	int status;

	if (!h->engine || waitpid(h->engine, &status, options) != h->engine)
		return false;
	h->engine = 0;
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	return true;
}

/* The operator wants it to end: the engine gets time to do so in order. */
static int stop_engine(struct holder *h)
{
	const struct timespec limit = {.tv_sec = STOP_S};
	sigset_t child;
	int code;

	notify("STOPPING=1");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (!h->engine)
		return EXIT_OK;
	kill(h->engine, SIGTERM);
	if (sigtimedwait(&child, NULL, &limit) < 0)
		kill(h->engine, SIGKILL);
	reap(h, 0, &code);
	return EXIT_OK;
}

/* An engine died: another shall start at once, or later if they die young. */
static void engine_died(struct holder *h, int code)
{
	uint64_t now = clock_ns();

	if (code < 0)
		log_error("engine killed by signal %d (%s): starting another", -code,
			  strsignal(-code));
	else
		log_error("engine ended with exit code %d: starting another", code);
	if (now - h->started > CRASH_MS * NS_PER_MS)
		h->backoff_ms = 0;
	else
		h->backoff_ms = h->backoff_ms ? h->backoff_ms * 2 : 1;
	if (h->backoff_ms > BACKOFF_MAX_MS)
		h->backoff_ms = BACKOFF_MAX_MS;
	h->due = now + h->backoff_ms * NS_PER_MS;
	h->setup.dp.engines++;
}

/* Waits for a signal, or while there is no engine until one is due; returns the signal or 0. */
static int wait_signal(struct holder *h)
{
	uint64_t now = clock_ns(), left = h->due > now ? h->due - now : 0;
	const struct timespec t = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
	int sig = h->engine ? sigwaitinfo(&h->signals, NULL) : sigtimedwait(&h->signals, NULL, &t);

	return sig > 0 ? sig : 0;
}

static int supervise(struct holder *h)
{
	for (;;) {
		int code, sig = wait_signal(h);

		if (sig == SIGTERM || sig == SIGINT)
			return stop_engine(h);
		if (sig == SIGHUP && h->engine)
			kill(h->engine,
			     SIGHUP); /* whoever signals the service means the whole of it */
		if (sig == SIGCHLD && reap(h, WNOHANG, &code)) {
			if (code == EXIT_REBUILD)
				return code;
			engine_died(h, code);
		}
		if (!h->engine && clock_ns() >= h->due && fork_engine(h, false)) {
			log_error("no engine: fork: %s", strerror(errno));
			h->due = clock_ns() + BACKOFF_MAX_MS * NS_PER_MS;
		}
	}
}

static int run(struct holder *h)
{
	int code = EXIT_INTERNAL;

	if (fork_engine(h, true)) {
		log_error("fork: %s", strerror(errno));
		return EXIT_OTHER;
	}
	if (!engine_ready(h)) {
		reap(h, 0, &code);
		return code > 0 && code != EXIT_REBUILD ? code : EXIT_INTERNAL;
	}
	h->conf->warn(h->conf->setup.plan);
	setup_report(&h->setup);
	say_ready();
	return supervise(h);
}

int holder_run(const struct holder_conf *conf)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct holder h = {.conf = conf};
	char err[512];
	int code;

	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* may fail: CAP_IPC_LOCK does as well */
	/* May fail, too. While an engine starts connections wait, so it doesn't wait for others;
	 * workers step back before they forward (worker.c). */
	setpriority(PRIO_PROCESS, 0, NICE_START);
	code = setup_open(&h.setup, &conf->setup, err, sizeof(err));
	if (code) {
		log_error("%s", err);
		return code;
	}
	sigemptyset(&h.signals);
	sigaddset(&h.signals, SIGCHLD);
	sigaddset(&h.signals, SIGTERM);
	sigaddset(&h.signals, SIGINT);
	sigaddset(&h.signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &h.signals, NULL);
	code = run(&h);
	setup_close(&h.setup, code == EXIT_REBUILD || (code == EXIT_OK && conf->keep_on_exit));
	return code;
}
