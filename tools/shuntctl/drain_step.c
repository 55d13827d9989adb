/* SPDX-License-Identifier: BSD-2-Clause */
#include "drain_step.h"

#include <string.h>

static const char *const kept[] = {"address", "port", "forward", "tunnel", "upper", "lower"};

static long long number(const json_t *o, const char *name)
{
	return (long long)json_integer_value(json_object_get(o, name));
}

json_t *drain_find(const json_t *list, const json_t *server)
{
	const json_t *service = json_array_get(json_object_get(list, "services"), 0);
	const char *address = json_string_value(json_object_get(server, "address"));
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(service, "servers"), i, one) {
		const char *other = json_string_value(json_object_get(one, "address"));

		if (address && other && !strcmp(address, other) &&
		    number(one, "port") == number(server, "port"))
			return one;
	}
	return NULL;
}

json_t *drain_edit(const json_t *service, const json_t *found, long long weight)
{
	json_t *server = json_object(), *request = json_pack("{s:s}", "cmd", "server-edit");

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		json_t *v = json_object_get(found, kept[i]);

		if (v && !(json_is_integer(v) && !json_integer_value(v) && strcmp(kept[i], "port")))
			json_object_set(server, kept[i], v);
	}
	json_object_set_new(server, "weight", json_integer(weight));
	json_object_set_new(request, "service", json_deep_copy(service));
	json_object_set_new(request, "server", server);
	return request;
}

long long drain_left(const json_t *found)
{
	return number(found, "active") + number(found, "inactive");
}

void drain_note(struct drain *d, long long left)
{
	d->left[d->n++ % DRAIN_SAMPLES] = left;
}

long long drain_estimate(const struct drain *d)
{
	unsigned int seen = d->n < DRAIN_SAMPLES ? d->n : DRAIN_SAMPLES;
	long long last, gone;

	if (!d->n)
		return DRAIN_UNKNOWN;
	last = d->left[(d->n - 1) % DRAIN_SAMPLES];
	if (!last)
		return 0;
	gone = d->left[(d->n - seen) % DRAIN_SAMPLES] - last;
	if (gone <= 0)
		return DRAIN_UNKNOWN;
	return (last * (seen - 1) + gone - 1) / gone;
}
