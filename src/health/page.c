/* SPDX-License-Identifier: BSD-2-Clause */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "health/page.h"

#include <openssl/evp.h>
#include <pcre2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	MD5_BYTES = 16,
	STATUS_OK_MIN = 200,
	STATUS_OK_MAX = 299,
	MATCH_NS = 50 * 1000 * 1000, /* that a match may take of this thread's time */
	MATCH_HEAP = 16 * 1024,	     /* KiB */
	MATCH_LOOK = 64,	     /* steps between looks at the clock */
};

static bool status_good(const struct check_url *u, long status)
{
	bool any = false;

	if (status < STATUS_MIN || status > STATUS_MAX)
		return false;
	for (size_t i = 0; i < sizeof(u->status) / sizeof(*u->status); i++)
		any |= u->status[i] != 0;
	if (!any)
		return status >= STATUS_OK_MIN && status <= STATUS_OK_MAX;
	status -= STATUS_MIN;
	return u->status[status / 64] >> (status % 64) & 1;
}

static bool digest_good(const struct check_url *u, const uint8_t *body, size_t n)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	char hex[2 * MD5_BYTES + 1];
	unsigned int len = 0;

	if (!EVP_Digest(body, n, md, &len, EVP_md5(), NULL) || len != MD5_BYTES)
		return false;
	for (unsigned int i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", md[i]);
	return !strcmp(hex, u->digest);
}

static uint32_t options_of(const struct check_url *u)
{
	return (u->regex_flags & REGEX_CASELESS ? PCRE2_CASELESS : 0) |
	       (u->regex_flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
	       (u->regex_flags & REGEX_DOTALL ? PCRE2_DOTALL : 0) |
	       (u->regex_flags & REGEX_EXTENDED ? PCRE2_EXTENDED : 0);
}

static int64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

struct match_time {
	int64_t end; /* thread_ns */
	uint32_t steps;
};

/* Before each step of a match. A limit of steps wouldn't do: one of them may look at all of the
 * body, and they are counted anew from each place where a match may begin. */
static int on_step(pcre2_callout_block *block, void *arg)
{
	struct match_time *time = arg;

	(void)block;
	if (time->steps++ % MATCH_LOOK || thread_ns() < time->end)
		return 0;
	return PCRE2_ERROR_CALLOUT;
}

/* Where the match begins: -1 nowhere, -2 it can't be said. */
static long match(const pcre2_code *code, const uint8_t *body, size_t n, size_t from)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	struct match_time time = {.end = thread_ns() + MATCH_NS};
	long at = -2;
	int rc;

	if (data && context) {
		pcre2_set_match_limit(context, UINT32_MAX);
		pcre2_set_heap_limit(context, MATCH_HEAP);
		pcre2_set_callout(context, on_step, &time);
		rc = pcre2_match(code, body, n, from, 0, data, context);
		if (rc >= 0)
			at = (long)pcre2_get_ovector_pointer(data)[0];
		else if (rc == PCRE2_ERROR_NOMATCH)
			at = -1;
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return at;
}

static const char *regex_wrong(const struct check_url *u, const uint8_t *body, size_t n)
{
	PCRE2_SIZE at_pattern;
	pcre2_code *code;
	long at = -1;
	int err;

	code = pcre2_compile((PCRE2_SPTR)u->regex, PCRE2_ZERO_TERMINATED,
			     options_of(u) | PCRE2_AUTO_CALLOUT, &err, &at_pattern, NULL);
	if (!code)
		return "the regular expression is none";
	if (u->regex_min <= n)
		at = match(code, body, n, u->regex_min);
	pcre2_code_free(code);
	if (at == -2)
		return "the regular expression takes too long";
	if (u->regex_max && at >= (long)u->regex_max)
		at = -1;
	if (u->regex_no_match)
		return at >= 0 ? "the body matches" : NULL;
	return at >= 0 ? NULL : "the body doesn't match";
}

bool page_reads(const struct check_url *u)
{
	return u->digest || u->regex;
}

const char *page_judge(const struct check_url *u, long status, const uint8_t *body, size_t n,
		       char why[PAGE_WHY])
{
	const char *wrong = NULL;

	if (!body)
		body = (const uint8_t *)"";
	if (!status_good(u, status)) {
		snprintf(why, PAGE_WHY, "status %ld", status);
		return why;
	}
	if (u->digest && !digest_good(u, body, n))
		wrong = "the body has another digest";
	else if (u->regex)
		wrong = regex_wrong(u, body, n);
	if (!wrong)
		return NULL;
	snprintf(why, PAGE_WHY, "%s", wrong);
	return why;
}
