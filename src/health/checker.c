/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "health/pace.h"

enum {
	BUCKETS = 16384, /* a power of two */
	WAIT_MS = 100,	 /* for a way to a new server to be known ... */
	WAITS_MAX = 20,	 /* ... so often */
};

struct checker {
	struct checkers *set;
	struct check_conf conf;
	struct probe_target target;
	LIST_ENTRY(checker) bucket; /* of those with an equal hash */
	LIST_HEAD(checker_links, checker_link) links;
	struct verdict verdict;
	struct probe_result last;
	bool weighs; /* the last good try gave the server a weight ... */
	uint32_t weight;
	struct probe *probe;	     /* under way ... */
	struct way_probe *handshake; /* ... or what comes before it; else the timer runs */
	uv_timer_t timer;
	uint64_t number; /* that spreads it */
	uint64_t turn;	 /* how many there were */
	uint64_t begun;	 /* when the turn should have begun */
	uint64_t due;	 /* when the next try should begin */
	uint64_t tries, failures;
	uint32_t waits;
};

struct checkers {
	uv_loop_t *loop;
	struct probes *probes;
	struct ways *ways;
	struct checkers_hooks hooks;
	uint32_t n; /* handles that aren't closed */
	bool closing;
	struct checkers_load load;
	LIST_HEAD(checker_bucket, checker) bucket[BUCKETS];
};

int checkers_open(struct checkers **out, uv_loop_t *loop, const struct checkers_hooks *hooks)
{
	struct checkers *set = calloc(1, sizeof(*set));
	int err;

	if (!set)
		return -ENOMEM;
	set->loop = loop;
	set->hooks = *hooks;
	err = probes_open(&set->probes, loop);
	if (err)
		goto free_set;
	err = ways_open(&set->ways, loop);
	if (err)
		goto close_probes;
	*out = set;
	return 0;
close_probes:
	probes_close(set->probes);
free_set:
	free(set);
	return err;
}

static void checkers_release(struct checkers *set)
{
	if (set->closing && !set->n)
		free(set);
}

void checkers_close(struct checkers *set)
{
	if (!set)
		return;
	ways_close(set->ways);
	probes_close(set->probes);
	set->closing = true;
	checkers_release(set);
}

static uint64_t text_hash(const struct hash_key *key, const char *s)
{
	return s ? hash_bytes(key, s, strlen(s)) : 0;
}

/* Equal ones have an equal number; others nearly always another one. */
static uint64_t number_of(const struct check_conf *check, const struct probe_target *target)
{
	static const struct hash_key key = {{0x636865636b6572, 0x6e756d626572}};
	uint64_t word[8] = {0, 0, (uint64_t)target->port << 32 | target->mark, check->type,
			    text_hash(&key, check->virtualhost)};

	memcpy(word, &target->addr, sizeof(target->addr));
	if (check->n_urls)
		word[5] = text_hash(&key, check->url[0].path);
	memcpy(&word[6], &target->vip.addr, sizeof(target->vip.addr));
	return hash_words(&key, word, sizeof(word) / sizeof(*word));
}

static bool target_equal(const struct probe_target *a, const struct probe_target *b)
{
	return addr_equal(&a->addr, &b->addr) && a->port == b->port && a->mark == b->mark &&
	       addr_equal(&a->server, &b->server) && addr_equal(&a->src, &b->src) &&
	       !memcmp(&a->vip, &b->vip, sizeof(a->vip));
}

static struct checker *checker_find(struct checkers *set, uint64_t number,
				    const struct check_conf *check,
				    const struct probe_target *target)
{
	struct checker *c;

	LIST_FOREACH (c, &set->bucket[number % BUCKETS], bucket) {
		if (c->number == number && target_equal(&c->target, target) &&
		    check_equal(&c->conf, check))
			return c;
	}
	return NULL;
}

static void tell(struct checker *c)
{
	struct checker_link *l;

	LIST_FOREACH (l, &c->links, link)
		c->set->hooks.changed(l->user);
}

static void on_due(uv_timer_t *t);

static void wait_until(struct checker *c, uint64_t due)
{
	uint64_t now = uv_now(c->set->loop);

	c->due = due > now ? due : now;
	uv_timer_start(&c->timer, on_due, c->due - now, 0);
}

static void next_turn(struct checker *c)
{
	uint64_t now = uv_now(c->set->loop);

	c->begun += pace_next(&c->conf.pace, c->number, c->turn++);
	if (c->begun < now)
		c->begun = now; /* it took longer than a turn: those are left out */
	wait_until(c, c->begun);
}

static void on_result(void *arg, const struct probe_result *result)
{
	struct checker *c = arg;
	struct verdict before = c->verdict;
	bool weighed = result->ok && (c->weighs != result->weighs || c->weight != result->weight);
	char text[ADDR_TEXT];

	c->probe = NULL;
	c->handshake = NULL;
	c->last = *result;
	c->tries++;
	c->set->load.tries++;
	if (result->ok) {
		c->weighs = result->weighs;
		c->weight = result->weight;
	} else {
		c->failures++;
		if (c->conf.log_all_failures)
			log_warn("check of %s port %u failed: %s", addr_text(&c->target.addr, text),
				 c->target.port, result->why);
		if (c->set->hooks.failed)
			c->set->hooks.failed(c->set->hooks.ctx, &c->target.addr);
	}
	if (verdict_step(&c->verdict, &c->conf.pace, result->ok) == VERDICT_RETRY)
		wait_until(c, uv_now(c->set->loop) + c->conf.pace.delay_before_retry);
	else
		next_turn(c);
	if (before.up != c->verdict.up || before.decided != c->verdict.decided || weighed)
		tell(c);
}

static void ask(struct checker *c)
{
	c->probe = probe_start(c->set->probes, &c->conf, &c->target, on_result, c);
	if (!c->probe)
		next_turn(c); /* no memory: nothing is said */
}

/* What a handshake can't say is asked by the server's own address. */
static void on_handshake(void *arg, const struct probe_result *result)
{
	struct checker *c = arg;

	c->handshake = NULL;
	if (result->ok && c->conf.type != CHECK_TCP && c->conf.type != CHECK_PING)
		ask(c);
	else
		on_result(c, result);
}

static void shake(struct checker *c)
{
	struct probe_result r = {0};
	struct way way;
	const char *why = c->set->hooks.way(c->set->hooks.ctx, &c->target, &way);

	if (why && !c->verdict.decided && c->waits < WAITS_MAX) {
		c->waits++; /* it was configured just now */
		wait_until(c, uv_now(c->set->loop) + WAIT_MS);
		return;
	}
	if (why) {
		snprintf(r.why, sizeof(r.why), "%s", why);
		on_result(c, &r);
		return;
	}
	c->handshake = way_probe_start(c->set->ways, &c->target.vip, &way,
				       c->conf.pace.connect_timeout, on_handshake, c);
	if (!c->handshake)
		next_turn(c);
}

static void on_due(uv_timer_t *t)
{
	struct checker *c = t->data;
	struct checkers_load *load = &c->set->load;
	uint64_t late = uv_now(c->set->loop) - c->due;

	if (late > load->late_max)
		load->late_max = late;
	if (c->conf.pace.path == CHECK_PATH_VIP)
		shake(c);
	else
		ask(c);
}

static void checker_begin(struct checker *c, bool up)
{
	uv_timer_init(c->set->loop, &c->timer);
	c->timer.data = c;
	c->set->n++;
	c->set->load.checkers++;
	c->verdict = verdict_new(&c->conf.pace);
	c->verdict.up = up;
	c->begun = uv_now(c->set->loop) + pace_first(&c->conf.pace, c->number);
	wait_until(c, c->begun);
}

static struct checker *checker_new(struct checkers *set, uint64_t number,
				   const struct check_conf *check,
				   const struct probe_target *target, bool up)
{
	struct checker *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->set = set;
	c->number = number;
	c->target = *target;
	c->conf = *check;
	if (!check_copy(&c->conf)) {
		check_clear(&c->conf);
		free(c);
		return NULL;
	}
	LIST_INIT(&c->links);
	LIST_INSERT_HEAD(&set->bucket[number % BUCKETS], c, bucket);
	checker_begin(c, up);
	return c;
}

int checker_join(struct checkers *set, struct checker_link *link, const struct check_conf *check,
		 const struct probe_target *target, bool up, void *user)
{
	uint64_t number = number_of(check, target);
	struct checker *c = checker_find(set, number, check, target);

	if (!c)
		c = checker_new(set, number, check, target, up);
	if (!c)
		return -ENOMEM;
	*link = (struct checker_link){.checker = c, .user = user};
	LIST_INSERT_HEAD(&c->links, link, link);
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct checker *c = h->data;

	c->set->n--;
	checkers_release(c->set);
	check_clear(&c->conf);
	free(c);
}

void checker_leave(struct checker_link *link)
{
	struct checker *c = link->checker;

	if (!c)
		return;
	link->checker = NULL;
	LIST_REMOVE(link, link);
	if (!LIST_EMPTY(&c->links))
		return;
	if (c->probe)
		probe_cancel(c->probe);
	if (c->handshake)
		way_probe_cancel(c->handshake);
	LIST_REMOVE(c, bucket);
	c->set->load.checkers--;
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

void checker_view(const struct checker *c, struct checker_view *out)
{
	*out = (struct checker_view){
		.check = &c->conf,
		.target = &c->target,
		.verdict = c->verdict,
		.last = c->last,
		.weighs = c->weighs,
		.weight = c->weight,
		.tries = c->tries,
		.failures = c->failures,
	};
}

void checkers_load(struct checkers *set, struct checkers_load *out)
{
	*out = set->load;
	set->load.late_max = 0;
}
