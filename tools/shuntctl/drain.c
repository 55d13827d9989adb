/* SPDX-License-Identifier: BSD-2-Clause */
/* drain: the server's weight becomes 0, so that its connections go on and no new ones come; then it
 * is told how many are left, each second if one waits for them. */
#include "drain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "drain_step.h"
#include "ipvs_run.h"
#include "ipvsadm.h"
#include "plan.h"

enum {
	WORDS_MAX = 32,
	SAY_EVERY = 10, /* seconds, while nothing ends */
	FOREVER = -1,
};

/* A command line of drain or undrain. */
struct drain_call {
	struct ctl ctl;	       /* as given, but without --json: only the result is printed */
	struct ipvs_call call; /* what ipvsadm's grammar makes of its words */
	const json_t *service, *server; /* of call */
	long long before;		/* the weight it had */
	long wait;			/* seconds that it waits at most; 0: it doesn't; FOREVER */
};

/* --wait, --wait=SECONDS. False: it isn't that. */
static bool take_wait(const char *word, long *wait)
{
	char *end;

	if (strncmp(word, "--wait", 6) != 0)
		return false;
	if (!word[6]) {
		*wait = FOREVER;
		return true;
	}
	if (word[6] != '=')
		return false;
	*wait = strtol(word + 7, &end, 10);
	return end != word + 7 && *wait > 0 && (!*end || !strcmp(end, "s"));
}

/* Understands the words by ipvsadm's grammar: as those of -d (a service and a server), or of -e. */
static int call_open(struct drain_call *d, const struct ctl *ctl, const char *as, int argc,
		     const char **argv)
{
	const char *word[WORDS_MAX + 3] = {"shuntctl", as};
	int n = 2, rc;

	*d = (struct drain_call){.ctl = *ctl};
	d->ctl.json = false;
	if (argc > WORDS_MAX) {
		fprintf(stderr, "shuntctl: more words than a server needs\n");
		return CTL_USAGE;
	}
	for (int i = 0; i < argc; i++)
		if (!take_wait(argv[i], &d->wait))
			word[n++] = argv[i];
	rc = ipvs_parse(n, word, &d->call);
	if (rc)
		fprintf(stderr, "%s\n", d->call.error);
	d->service = json_object_get(d->call.request, "service");
	d->server = json_object_get(d->call.request, "server");
	return rc;
}

static void call_close(struct drain_call *d)
{
	ipvs_call_free(&d->call);
}

/* Asks; the answer is NULL and the exit code isn't CTL_OK where there is none, or a refusal. Takes
 * the request. */
static json_t *ask(const struct drain_call *d, json_t *request, int *code)
{
	json_t *answer = client_command(&d->ctl, request);
	char text[512];

	*code = answer ? CTL_OK : CTL_FAILED;
	if (answer && !client_ok(answer)) {
		fprintf(stderr, "%s\n", ipvs_refusal(request, answer, text, sizeof(text)));
		json_decref(answer);
		answer = NULL;
		*code = CTL_REFUSED;
	}
	json_decref(request);
	return answer;
}

/* The server as it is now, a new reference. */
static json_t *look(const struct drain_call *d, int *code)
{
	json_t *list = ask(d, json_pack("{s:s, s:O}", "cmd", "list", "service", d->service), code);
	json_t *found = list ? json_incref(drain_find(list, d->server)) : NULL;

	if (list && !found) {
		fprintf(stderr, "No such destination: shuntctl -L shows the servers there are\n");
		*code = CTL_REFUSED;
	}
	json_decref(list);
	return found;
}

static int set_weight(struct drain_call *d, long long weight)
{
	json_t *found, *request, *answer;
	int code;

	found = look(d, &code);
	if (!found)
		return code;
	d->before = (long long)json_integer_value(json_object_get(found, "weight"));
	request = drain_edit(d->service, found, weight);
	json_decref(found);
	plan_ask(&d->ctl, request);
	answer = ask(d, request, &code);
	plan_answer(&d->ctl, answer);
	json_decref(answer);
	return code;
}

static void say(const json_t *found, long long seconds)
{
	printf("flows left: %lld", drain_left(found));
	if (drain_left(found))
		printf(" (%lld active)",
		       (long long)json_integer_value(json_object_get(found, "active")));
	if (seconds > 0)
		printf(", gone in about %lld s", seconds);
	else if (seconds == DRAIN_UNKNOWN)
		printf(", none ended lately");
	putchar('\n');
	fflush(stdout);
}

/* The result for programs. */
static void print_json(const struct drain_call *d, const json_t *found, long long seconds)
{
	json_t *o = json_pack("{s:i, s:b, s:I, s:O, s:O, s:o}", "schema_version", 1, "ok", 1,
			      "weight_before", (json_int_t)d->before, "active",
			      json_object_get(found, "active"), "inactive",
			      json_object_get(found, "inactive"), "gone_in",
			      seconds < 0 ? json_null() : json_integer(seconds));

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* Whether a look is told of: the first that knows how fast they go, each that sees another number,
 * the last, and one now and then. */
static bool worth_saying(const struct drain *flows, long said, bool end)
{
	long t = (long)flows->n - 1;

	if (end)
		return true;
	return t && (said < 0 || t - said >= SAY_EVERY ||
		     flows->left[t % DRAIN_SAMPLES] != flows->left[(t - 1) % DRAIN_SAMPLES]);
}

/* Looks each second: twice at least if any is left, as an estimate takes two. */
static int watch(const struct drain_call *d, bool json)
{
	struct drain flows = {0};
	long long left = 0;
	long said = -1;
	bool end;
	int code;

	for (long t = 0;; t++) {
		json_t *found = look(d, &code);

		if (!found)
			return code;
		left = drain_left(found);
		drain_note(&flows, left);
		end = !left || (t && d->wait != FOREVER && t >= d->wait);
		if (json && end)
			print_json(d, found, drain_estimate(&flows));
		if (!json && worth_saying(&flows, said, end)) {
			say(found, drain_estimate(&flows));
			said = t;
		}
		json_decref(found);
		if (end)
			break;
		sleep(1);
	}
	return left && d->wait ? CTL_FAILED : CTL_OK;
}

int drain_run(const struct ctl *ctl, int argc, const char **argv)
{
	struct drain_call d;
	int rc = call_open(&d, ctl, "-d", argc, argv);

	if (!rc)
		rc = set_weight(&d, 0);
	if (!rc && !ctl->dry_run)
		rc = watch(&d, ctl->json);
	if (!rc && !ctl->dry_run && !ctl->json && d.before)
		printf("its weight was %lld: shuntctl undrain ... -w %lld gives it back\n",
		       d.before, d.before);
	call_close(&d);
	return rc;
}

int undrain_run(const struct ctl *ctl, int argc, const char **argv)
{
	struct drain_call d;
	int rc = call_open(&d, ctl, "-e", argc, argv);

	if (!rc)
		rc = set_weight(&d,
				(long long)json_integer_value(json_object_get(d.server, "weight")));
	call_close(&d);
	return rc;
}
