/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntctl: a command line is either ipvsadm's, which begins with an option, or a verb of our own
 * and its words. The table of verbs is all that there is to know about the latter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "ctl.h"
#include "drain.h"
#include "import.h"
#include "ipvs_run.h"
#include "ipvsadm.h"
#include "reload.h"
#include "show.h"
#include "top.h"
#include "verb.h"

static int verb_help(const struct ctl *ctl, int argc, const char **argv);

static int verb_version(const struct ctl *ctl, int argc, const char **argv)
{
	(void)ctl, (void)argc, (void)argv;
	puts("shuntctl " CTL_VERSION);
	return CTL_OK;
}

static const struct verb verbs[] = {
	{"show", "WHAT [--all]", "print what shuntd knows:", show_run, show_usage, false},
	{"top", "[VIEW] [OPTION]...",
	 "watch services, servers or workers; --interval SECONDS, -n COUNT", top_run, NULL, false},
	{"check", "FILE", "say what is wrong with a shunt.conf", check_run, NULL, false},
	{"import", "KIND FILE", "print keepalived's or ipvsadm's FILE as a shunt.conf", import_run,
	 NULL, false},
	{"reload", "[OPTION]...", "read shuntd's file again and bring what differs into force",
	 reload_run, NULL, true},
	{"confirm", "", "let a reload stay that waits to be confirmed", confirm_run, NULL, false},
	{"undo", "", "take the last reload back", undo_run, NULL, true},
	{"plan", "FILE", "say what a reload with FILE would change, move and end", plan_run, NULL,
	 false},
	{"diff", "", "say how the table differs from the file", diff_run, NULL, false},
	{"drain", "SERVICE SERVER",
	 "give a server no new connections; --wait[=SECONDS] for its own", drain_run, NULL, true},
	{"undrain", "SERVICE SERVER", "give it a weight again: -w N, or 1", undrain_run, NULL,
	 true},
	{"help", "", "print this", verb_help, NULL, false},
	{"version", "", "print the version", verb_version, NULL, false},
};

/* What may follow some of them, for completion. */
static const struct verb_words words[] = {
	{"show", NULL, show_kind},
	{"top", "services,servers,workers,--interval,-n", NULL},
	{"import", "keepalived,ipvsadm", NULL},
	{"reload", "--wait,--protect-live,--confirm-within", NULL},
	{"drain", "-t,-u,--sctp-service,-r,--wait", NULL},
	{"undrain", "-t,-u,--sctp-service,-r,-w", NULL},
};

static void verbs_usage(FILE *out)
{
	char text[32];

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		snprintf(text, sizeof(text), "%s %s", verbs[i].name, verbs[i].args);
		fprintf(out, "  shuntctl %-18s %s\n", text, verbs[i].help);
		if (verbs[i].more)
			verbs[i].more(out);
	}
}

static int verb_help(const struct ctl *ctl, int argc, const char **argv)
{
	(void)argc, (void)argv;
	fputs("usage: shuntctl [--ctl PATH] [--json] [--dry-run] VERB | COMMAND [OPTION]...\n"
	      "  --ctl PATH   shuntd's control socket (SHUNT_CTL, else " CTL_SOCKET ")\n"
	      "  --json       print the answer as shuntd gives it\n"
	      "  --dry-run    change nothing: print what the command would change, move and "
	      "end\n\n",
	      stdout);
	verbs_usage(stdout);
	putchar('\n');
	puts("As ipvsadm (the command comes first; -L is the default):");
	ipvs_usage(stdout, ctl->program);
	return CTL_OK;
}

static int unknown_verb(const char *word)
{
	fprintf(stderr, "shuntctl: there is no verb '%s'; there are:\n", word);
	verbs_usage(stderr);
	return CTL_USAGE;
}

/* Takes --ctl, --json and --dry-run out of the command line, wherever they stand. Returns how many
 * words are left, or -1: --ctl without a path. */
static int take_own(struct ctl *ctl, int argc, const char **argv)
{
	int n = 1;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			ctl->json = true;
		else if (!strcmp(argv[i], "--dry-run"))
			ctl->dry_run = true;
		else if (!strncmp(argv[i], "--ctl=", 6))
			ctl->socket = argv[i] + 6;
		else if (strcmp(argv[i], "--ctl"))
			argv[n++] = argv[i];
		else if (++i < argc)
			ctl->socket = argv[i];
		else
			return -1;
	}
	argv[n] = NULL;
	return n;
}

/* A link to this program may be called ipvsadm. */
static const char *program_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *base = slash ? slash + 1 : path;

	return base && !strcmp(base, "ipvsadm") ? base : "shuntctl";
}

static int run_verb(const struct verb *v, const struct ctl *ctl, int argc, const char **argv)
{
	if (!ctl->dry_run || v->dry)
		return v->run(ctl, argc - 2, argv + 2);
	fprintf(stderr, "shuntctl: %s --dry-run: there is no such thing\n", v->name);
	return CTL_USAGE;
}

/* For shells: the words of a command line, of which the last isn't finished. */
static int complete(struct ctl *ctl, int argc, const char **argv)
{
	const struct verb_table table = {verbs, sizeof(verbs) / sizeof(*verbs), words,
					 sizeof(words) / sizeof(*words)};
	const char *last = argv[argc - 1];
	int n = take_own(ctl, argc - 1, argv);

	if (n < 1) /* nothing was begun, or --ctl's path */
		return CTL_OK;
	argv[n] = last;
	return complete_run(ctl, &table, n, argv + 1);
}

int main(int argc, char **args)
{
	const char **argv = (const char **)args;
	const char *env = getenv("SHUNT_CTL");
	struct ctl ctl = {.program = program_name(argv[0]),
			  .socket = env && *env ? env : CTL_SOCKET};

	if (ctl_as_ipvsadm(&ctl))
		return ipvs_run(&ctl, argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--complete"))
		return complete(&ctl, argc - 1, argv + 1);
	argc = take_own(&ctl, argc, argv);
	if (argc < 0 || !*ctl.socket) {
		fputs("shuntctl: --ctl needs the path of shuntd's control socket\n", stderr);
		return CTL_USAGE;
	}
	if (argc == 1 || argv[1][0] == '-')
		return ipvs_run(&ctl, argc, argv);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]))
			return run_verb(&verbs[i], &ctl, argc, argv);
	return unknown_verb(argv[1]);
}
