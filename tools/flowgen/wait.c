/* SPDX-License-Identifier: BSD-2-Clause */
#include "wait.h"

#include <signal.h>
#include <time.h>

static sigset_t the_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

void wait_block_signals(void)
{
	sigset_t set = the_signals();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void do_nothing(int sig)
{
	(void)sig;
}

void wait_use_interrupts(void)
{
	struct sigaction action = {.sa_handler = do_nothing}; /* without SA_RESTART */

	sigaction(SIGUSR1, &action, NULL);
}

bool wait_signal(unsigned int milliseconds)
{
	const struct timespec t = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	sigset_t set = the_signals();

	return sigtimedwait(&set, NULL, &t) > 0;
}
