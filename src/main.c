/* SPDX-License-Identifier: BSD-2-Clause */
/* shuntd: arguments, then the placement plan, then the holder. What happens to a packet starts in
 * path/worker.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "base/log.h"
#include "conf/conf.h"
#include "holder.h"
#include "mgmt/steer.h"
#include "plan/facts.h"
#include "plan/print.h"

static int cleanup(void)
{
	char err[256];
	int n = steer_cleanup(err, sizeof(err));

	if (n < 0) {
		log_error("%s", err);
		return (int)exit_code_of(n);
	}
	log_info("%d pins removed", n);
	return EXIT_OK;
}

static int make_plan(const struct args *args, struct plan *plan)
{
	struct facts *facts = calloc(1, sizeof(*facts));
	char why[512];
	int err = facts ? facts_read(args->plan.nic, args->plan.n_nics, facts) : -ENOMEM;

	if (err)
		log_error("cannot learn about CPUs and interfaces: %s", strerror(-err));
	else if (plan_make(&args->plan, facts, plan, why, sizeof(why))) {
		log_error("%s", why);
		err = -EINVAL;
	}
	free(facts);
	return err == -EINVAL ? EXIT_BAD_ARGS : err ? EXIT_OTHER : EXIT_OK;
}

static void warn(const struct plan *plan)
{
	for (int i = 0; i < plan->n_warnings; i++)
		log_warn("%s; cure: %s", plan->warning[i].text, plan->warning[i].cure);
}

/* It starts itself anew when interfaces were replaced, and tells itself so. */
static const char heir_env[] = "SHUNT_HEIR";

static bool is_heir(void)
{
	const char *pid = getenv(heir_env);

	return pid && atoi(pid) == getpid();
}

static int start_anew(char **argv)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv(heir_env, pid, 1);
	execv("/proc/self/exe", argv);
	log_error("cannot start anew: %s", strerror(errno));
	return EXIT_INTERNAL;
}

static int run(const struct args *args, const struct plan *plan, char **argv)
{
	const struct holder_conf conf = {
		.setup = {plan, args->plan.mode, args->flows, args->frames, args->secret,
			  args->vip_owner, args->plan.n_queue_maps > 0, is_heir()},
		.ctl = args->ctl,
		.file = args->file,
		.metrics = args->metrics,
		.keep_on_exit = args->on_exit_drop,
		.warn = warn,
	};
	int code = holder_run(&conf);

	return code == EXIT_REBUILD ? start_anew(argv) : code;
}

static int act(const struct args *args, char **argv)
{
	struct plan *plan;
	int code;

	if (args->action == ACTION_HELP) {
		args_help(stdout);
		return EXIT_OK;
	}
	if (args->action == ACTION_VERSION) {
		puts("shuntd " SHUNT_VERSION);
		return EXIT_OK;
	}
	if (args->action == ACTION_CLEANUP)
		return cleanup();
	if (args->action == ACTION_TEST && (args->file || !args->plan.n_nics))
		return EXIT_OK;
	plan = calloc(1, sizeof(*plan));
	code = plan ? make_plan(args, plan) : EXIT_OTHER;
	if (code == EXIT_OK && args->action == ACTION_PLAN_TEXT)
		plan_print_text(plan, stdout);
	else if (code == EXIT_OK && args->action == ACTION_PLAN_JSON)
		code = plan_print_json(plan, stdout) ? EXIT_OTHER : EXIT_OK;
	else if (code == EXIT_OK && args->action == ACTION_TEST)
		log_info("arguments and placement are good, with %d warnings", plan->n_warnings);
	else if (code == EXIT_OK && args->action == ACTION_RUN)
		code = run(args, plan, argv);
	free(plan);
	return code;
}

/* Reads the file, if there is one. Services come to life later, by whoever applies them. */
static int read_file(int argc, char **argv, struct args *args, struct conf *conf)
{
	char err[512];
	int code;

	if (!args->file || args->action == ACTION_HELP || args->action == ACTION_VERSION)
		return EXIT_OK;
	if (conf_parse_file(args->file, conf, stderr))
		return EXIT_BAD_ARGS;
	code = (int)args_apply(conf, argc, argv, args, err, sizeof(err));
	if (code)
		log_error("%s", err);
	else if (args->action == ACTION_PRINT_CONF)
		conf_print(conf, stdout);
	return code;
}

int main(int argc, char **argv)
{
	struct conf conf = {0};
	struct args args;
	char err[512];
	int code = (int)args_parse(argc, argv, &args, err, sizeof(err));

	if (code) {
		log_error("%s", err);
		return code;
	}
	code = read_file(argc, argv, &args, &conf);
	if (code == EXIT_OK && args.action != ACTION_PRINT_CONF)
		code = act(&args, argv);
	free(args.secret);
	conf_free(&conf);
	return code;
}
