/* SPDX-License-Identifier: BSD-2-Clause */
/* What every command of shuntctl is given, and what it may return as the exit code. */
#ifndef SHUNTCTL_CTL_H
#define SHUNTCTL_CTL_H

#include <stdbool.h>
#include <string.h>

#define CTL_VERSION "0.1.0"
#define CTL_SOCKET  "/run/shunt/ctl.sock"

struct ctl {
	const char *program; /* the name in messages: "shuntctl", or "ipvsadm" (ctl_as_ipvsadm) */
	const char *socket;  /* --ctl, else SHUNT_CTL, else CTL_SOCKET */
	bool json;	     /* print shuntd's answer itself */
	bool dry_run;	     /* changes are only tried, and what they would do is printed */
};

/* Whether the program was called by the name of ipvsadm: then it is nothing else. */
static inline bool ctl_as_ipvsadm(const struct ctl *ctl)
{
	return !strcmp(ctl->program, "ipvsadm");
}

/* ipvsadm's own codes, which scripts know. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,	   /* shuntd can't be reached, or a listing found no such service */
	CTL_USAGE = 2,	   /* bad value, illegal combination, or nothing that shunt does */
	CTL_REFUSED = 255, /* shuntd said no, or an option that nobody knows */
};

#endif
