/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <stdio.h>
#include <string.h>

/* In shuntd's words: what becomes of a removed server's connections. */
static const struct {
	const char *fate, *text;
} fates[] = {
	{"stay", "which is removed: they go on there"},
	{"reset", "which is removed: they are reset"},
	{"dropped", "which is removed: their packets are dropped"},
	{"kernel", "whose service is removed: their packets go to the kernel"},
};

static long long number(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

static const char *word(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s ? s : "?";
}

void plan_print_counts(const json_t *plan)
{
	static const char *const what[] = {"services", "servers"};

	for (int i = 0; i < 2; i++) {
		const json_t *o = json_object_get(plan, what[i]);

		printf("%s: %lld added, %lld removed, %lld changed\n", what[i], number(o, "added"),
		       number(o, "removed"), number(o, "changed"));
	}
}

static const char *fate_text(const json_t *one)
{
	for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
		if (!strcmp(fates[i].fate, word(one, "fate")))
			return fates[i].text;
	}
	return "which is removed";
}

void plan_print(const json_t *plan)
{
	const json_t *one;
	size_t i;

	plan_print_counts(plan);
	json_array_foreach (json_object_get(plan, "moves"), i, one)
		printf("%s %s: %lld of %lld places of its hash table move\n", word(one, "proto"),
		       word(one, "service"), number(one, "moved"), number(one, "places"));
	json_array_foreach (json_object_get(plan, "connections"), i, one)
		printf("%s %s: %lld live connections are of %s, %s\n", word(one, "proto"),
		       word(one, "service"), number(one, "connections"), word(one, "server"),
		       fate_text(one));
}

void plan_ask(const struct ctl *ctl, json_t *request)
{
	if (ctl->dry_run)
		json_object_set_new(request, "dry-run", json_true());
}

void plan_answer(const struct ctl *ctl, const json_t *answer)
{
	const json_t *plan = json_object_get(answer, "plan");

	if (ctl->dry_run && !ctl->json && plan)
		plan_print(plan);
}
