/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the packet grid through the worker's stages, in memory. */
#include "path/grid_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path/icmp_error.h"
#include "path/lookup.h"
#include "path/parse.h"
#include "path/recipe_test.h"
#include "path/rewrite.h"

enum {
	NOW = 1000,
	HEADROOM = 256,
	GENERATION = BACKENDS_MAX,
};

static const struct {
	uint8_t proto;
	uint16_t port;
	uint32_t servers;
	uint32_t flags; /* of the servers */
} service_row[] = {
	{IPPROTO_TCP, GRID_PORT, GRID_SERVERS, BACKEND_OPEN | BACKEND_READY},
	{IPPROTO_UDP, GRID_PORT, GRID_SERVERS, BACKEND_OPEN | BACKEND_READY},
	{IPPROTO_SCTP, GRID_PORT, GRID_SERVERS, BACKEND_OPEN | BACKEND_READY},
	{IPPROTO_GRE, 0, GRID_SERVERS, BACKEND_OPEN | BACKEND_READY},
	{IPPROTO_TCP, GRID_PORT_EMPTY, 0, 0},
	{IPPROTO_TCP, GRID_PORT_UNREACHABLE, 1, BACKEND_OPEN},
};
static const char *const vip[] = {"192.168.1.222", "2001:db8::80"};
enum {
	ROWS = sizeof(service_row) / sizeof(*service_row),
	SERVICES = 2 * ROWS,
	BACKENDS = SERVICES * GRID_SERVERS,
};

struct world {
	struct snap *s;
	struct lookup l;
	struct tag_key key;
	struct flow_table flows;
	struct backend_counters backends[BACKENDS];
	struct worker_counters counters;
	struct icmp_limit limit;
	uint32_t cursor;
	struct park park;
	uint8_t memory[HEADROOM + RECIPE_MAX];
	struct burst b;
};

static const struct hash_key key = {{1, 2}};

static void service_make(struct world *w, uint32_t n)
{
	struct service *svc = &w->s->service[n];
	struct candidate c[GRID_SERVERS] = {0};
	uint32_t row = n / 2;

	for (uint32_t i = 0; i < service_row[row].servers; i++) {
		uint32_t slot = n * GRID_SERVERS + i;
		struct backend *be = &w->s->backend[slot];

		c[i] = (struct candidate){addr_v4(htonl(i + 1)), 0, 1, slot};
		be->id = GENERATION + slot;
		be->flags = service_row[row].flags;
		memcpy(be->macs, (uint8_t[]){2, 5, 0, 0, 1, (uint8_t)slot}, 6);
		memcpy(be->macs + 6, recipe_mac("director"), 6);
	}
	addr_parse(vip[n % 2], &svc->ep.addr);
	svc->ep.proto = service_row[row].proto;
	svc->ep.port = htons(service_row[row].port);
	svc->cursor = &w->cursor;
	svc->sched = SCHEDULER_RR;
	svc->pick = sched_build(SCHEDULER_RR, c, service_row[row].servers);
}

static int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->s = snap_new(SERVICES, BACKENDS, 0, &key);
	for (uint32_t i = 0; i < SERVICES; i++)
		service_make(w, i);
	snap_index(w->s);
	flow_attach(&w->flows, aligned_alloc(64, flow_bytes(0)), flow_bytes(0));
	tag_key_make(&w->key, &key);
	memcpy(w->s->self[0].macs + 6, recipe_mac("director"), 6);
	w->l = (struct lookup){.key = &w->key,
			       .flows = &w->flows,
			       .n_flows = 1,
			       .backends = w->backends,
			       .counters = &w->counters,
			       .park = &w->park,
			       .owner = {true}};
	frag_attach(&w->l.frags, aligned_alloc(64, frag_bytes()));
	*state = w;
	return 0;
}

static int world_close(void **state)
{
	struct world *w = *state;

	snap_free(w->s);
	free(w->flows.slot);
	free(w->l.frags.slot);
	free(w);
	return 0;
}

/* As before the first packet. */
static void world_reset(struct world *w)
{
	memset(w->flows.slot, 0, flow_bytes(0));
	memset(&w->counters, 0, sizeof(w->counters));
	memset(w->backends, 0, sizeof(w->backends));
	w->limit = (struct icmp_limit){.rate = ICMP_ERROR_RATE};
	memset(w->l.frags.slot, 0, frag_bytes());
	w->park.n = 0;
}

/* One frame through all stages; what becomes of it is in w->b and the counters. */
static struct pkt *sent(struct world *w, const char *recipe)
{
	struct pkt *p = &w->b.pkt[0];

	w->b.n = 1;
	memset(p, 0xaa, sizeof(*p));
	p->data = w->memory + HEADROOM;
	p->addr = HEADROOM;
	p->len = recipe_frame(recipe, p->data);
	p->drop = DROP_NONE;
	parse_burst(&w->b, &w->key, &w->flows);
	lookup_burst(&w->b, w->s, &w->l, NOW);
	rewrite_burst(&w->b, &w->counters);
	if (icmp_error_due(p) && icmp_error_return(p, w->b.self, &w->limit, NOW * 1000000000ull))
		counter_add(&w->counters.icmp_sent, 1);
	if (p->drop == PKT_KEPT)
		p->drop = DROP_FRAG_LATE; /* nobody will come for it */
	counter_add(p->drop ? &w->counters.drop[p->drop] : &w->counters.tx, 1);
	return p;
}

static uint64_t drops(const struct world *w)
{
	uint64_t n = 0;

	for (int i = 0; i < DROP_COUNT; i++)
		n += w->counters.drop[i];
	return n;
}

/* What was counted, and nothing else: n frames, of which the last is the case's. */
static void check_counters(const struct world *w, const struct grid_case *c, uint64_t n)
{
	enum grid_verdict v = c->row->verdict;

	if (w->counters.drop[c->row->why] != (v == GRID_DROP) || drops(w) != (v == GRID_DROP) ||
	    w->counters.tx != n - (v == GRID_DROP) || w->counters.answered != (v == GRID_ANSWER) ||
	    w->counters.icmp_sent != (v == GRID_TELL))
		fail_msg("%s: counters", c->in);
}

static void check_forwarded(const struct world *w, const struct grid_case *c, const struct pkt *p)
{
	static uint8_t want[RECIPE_MAX];
	uint32_t len;

	if (!p->backend)
		fail_msg("%s: without a server", c->in);
	len = recipe_forwarded(*c->out ? c->out : c->in, p->backend->macs, want);
	if (len != p->len || memcmp(want, p->data, len) != 0)
		fail_msg("%s: other bytes", c->in);
	if (p->kind == PKT_FLOW)
		assert_true(w->backends[backend_slot(p->backend->id)].packets > 0);
}

/* What goes back, or stays as it came: no server is involved. */
static void check_bytes(const struct grid_case *c, const struct pkt *p)
{
	static uint8_t want[RECIPE_MAX];
	uint32_t len = recipe_frame(*c->out ? c->out : c->in, want);

	if (len != p->len || memcmp(want, p->data, len) != 0)
		fail_msg("%s: other bytes than %s", c->in, *c->out ? c->out : "itself");
}

static void check_case(struct world *w, const struct grid_case *c)
{
	const struct backend *first = NULL;
	const struct pkt *p;

	world_reset(w);
	if (*c->first) {
		p = sent(w, c->first);
		if (p->drop)
			fail_msg("%s: %s", c->first, drop_row[p->drop].name);
		first = p->backend;
		w->cursor = backend_slot(first->id) + 1; /* the next one wouldn't get the same */
	}
	p = sent(w, c->in);
	if (p->drop != c->row->why)
		fail_msg("%s: %s, not %s", c->in, drop_row[p->drop].name,
			 drop_row[c->row->why].name);
	if (c->row->verdict == GRID_FORWARD)
		check_forwarded(w, c, p);
	else
		check_bytes(c, p);
	if (first && !p->drop && p->backend != first)
		fail_msg("%s: not to the server of %s", c->in, c->first);
	check_counters(w, c, first ? 2 : 1);
}

static void every_packet_is_dealt_with(void **state)
{
	static struct grid_case c;
	uint32_t row = 0, variant = 0, n = 0;

	while (grid_next(&row, &variant, &c)) {
		check_case(*state, &c);
		n++;
	}
	print_message("%u packets of %u rows\n", n, grid_rows);
	assert_true(n >= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_packet_is_dealt_with, world_open,
						world_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
