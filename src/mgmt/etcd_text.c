/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/etcd_text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A pair of key and value, decoded. */
struct pair {
	char *key, *value;
	size_t size; /* of the value */
};

struct pairs {
	struct pair *at;
	size_t n;
};

char *etcd_encode(const char *text)
{
	size_t len = strlen(text);
	char *out = malloc((len + 2) / 3 * 4 + 1);

	if (out)
		EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)text, (int)len);
	return out;
}

char *etcd_decode(const char *base64, size_t *size)
{
	size_t len = strlen(base64), padding = 0;
	char *out = malloc(len / 4 * 3 + 1);
	int n;

	if (!out)
		return NULL;
	n = EVP_DecodeBlock((unsigned char *)out, (const unsigned char *)base64, (int)len);
	while (padding < 2 && padding < len && base64[len - padding - 1] == '=')
		padding++;
	if (n < (int)padding) {
		free(out);
		return NULL;
	}
	*size = (size_t)n - padding;
	out[*size] = '\0';
	return out;
}

char *etcd_range_end(const char *prefix)
{
	char *end = strdup(prefix);
	size_t len = strlen(prefix);

	if (end && len)
		end[len - 1]++; /* a prefix ends in a slash */
	return end;
}

static void pairs_free(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->at[i].key);
		free(p->at[i].value);
	}
	free(p->at);
}

static int pairs_read(struct pairs *p, const json_t *answer)
{
	const json_t *kvs = json_object_get(answer, "kvs"), *kv;
	size_t i, key_size;

	p->at = calloc(json_array_size(kvs) + 1, sizeof(*p->at));
	if (!p->at)
		return -ENOMEM;
	json_array_foreach (kvs, i, kv) {
		const char *key = json_string_value(json_object_get(kv, "key"));
		const char *value = json_string_value(json_object_get(kv, "value"));
		struct pair *pair = &p->at[p->n++];

		pair->key = key ? etcd_decode(key, &key_size) : NULL;
		pair->value = etcd_decode(value ? value : "", &pair->size);
		if (!pair->key || !pair->value || strlen(pair->key) != key_size)
			return -EINVAL;
	}
	return 0;
}

/* What follows the word in a key behind the prefix; NULL if it isn't that. */
static const char *behind(const char *key, const char *prefix, const char *word)
{
	size_t a = strlen(prefix), b = strlen(word);

	return !strncmp(key, prefix, a) && !strncmp(key + a, word, b) ? key + a + b : NULL;
}

static bool belongs(const char *server, const char *service)
{
	size_t len = strlen(service);

	return !strncmp(server, service, len) && server[len] == '/';
}

/* A service's text up to the } that closes it. */
static size_t inside(const struct pair *p)
{
	size_t n = p->size;

	while (n && strchr(" \t\r\n", p->value[n - 1]))
		n--;
	return n && p->value[n - 1] == '}' ? n - 1 : 0;
}

static int put_service(FILE *out, const struct pairs *p, const struct pair *service,
		       const char *name, const char *prefix, char *why)
{
	size_t n = inside(service);

	if (!n) {
		snprintf(why, ETCD_WHY, "%s: a virtual_server block doesn't end with }",
			 service->key);
		return -EINVAL;
	}
	fprintf(out, "# %s\n", service->key);
	fwrite(service->value, 1, n, out);
	fputc('\n', out);
	for (size_t i = 0; i < p->n; i++) {
		const char *server = behind(p->at[i].key, prefix, "servers/");

		if (!server || !belongs(server, name))
			continue;
		fprintf(out, "# %s\n", p->at[i].key);
		fwrite(p->at[i].value, 1, p->at[i].size, out);
		fputc('\n', out);
	}
	fputs("}\n", out);
	return 0;
}

/* Servers without a service are those of one that isn't there yet, or any more. */
static int put_all(FILE *out, const struct pairs *p, const char *prefix, char *why)
{
	int err = 0;

	for (size_t i = 0; i < p->n && !err; i++) {
		const char *name = behind(p->at[i].key, prefix, "services/");

		if (name && *name && !strchr(name, '/')) {
			err = put_service(out, p, &p->at[i], name, prefix, why);
		} else if (!behind(p->at[i].key, prefix, "servers/")) {
			snprintf(why, ETCD_WHY,
				 "%.100s: neither services/NAME nor servers/NAME/...",
				 p->at[i].key);
			err = -EINVAL;
		}
	}
	return err;
}

int etcd_compose(const json_t *answer, const char *prefix, char **text, size_t *size,
		 char why[ETCD_WHY])
{
	struct pairs p = {0};
	FILE *out = NULL;
	int err;

	*text = NULL;
	snprintf(why, ETCD_WHY, "its answer isn't one to a range request");
	err = pairs_read(&p, answer);
	if (err)
		goto free_pairs;
	out = open_memstream(text, size);
	err = out ? put_all(out, &p, prefix, why) : -ENOMEM;
	if (out)
		fclose(out);
	if (!err && !*size) {
		snprintf(why, ETCD_WHY, "there are no services below %.100s", prefix);
		err = -EINVAL;
	}
	if (err) {
		free(*text);
		*text = NULL;
	}
free_pairs:
	pairs_free(&p);
	return err;
}
