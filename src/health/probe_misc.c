/* SPDX-License-Identifier: BSD-2-Clause */
/* MISC_CHECK: a command is run. 0 is good; with misc_dynamic 2 and more is, too, and a weight. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "health/probe_impl.h"

static void on_end(void *arg, int status)
{
	struct probe *p = arg;
	char why[64];

	p->exec = NULL;
	if (!status) {
		probe_done(p, NULL);
	} else if (p->check->misc_dynamic && status >= 2 && status < EXEC_SIGNAL) {
		probe_done_weighs(p, (uint32_t)status - 2);
	} else if (status == -ETIMEDOUT) {
		probe_done(p, "timed out");
	} else if (status >= EXEC_SIGNAL) {
		snprintf(why, sizeof(why), "ended by signal %d", status - EXEC_SIGNAL);
		probe_done(p, why);
	} else {
		snprintf(why, sizeof(why), "exit code %d", status);
		probe_done(p, why);
	}
}

static const char *begin(struct probe *p)
{
	p->exec = exec_start(p->set->loop, p->check->misc_path, &p->check->user,
			     p->check->misc_timeout, on_end, p);
	return p->exec ? NULL : strerror(errno);
}

static void end(struct probe *p)
{
	if (p->exec)
		exec_cancel(p->exec);
	p->exec = NULL;
}

const struct probe_kind probe_misc = {.begin = begin, .end = end};
