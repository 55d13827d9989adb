/* SPDX-License-Identifier: BSD-2-Clause */
#include "path/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path/craft_test.h"
#include "path/parse.h"
#include "path/tuple.h"

/* Port 80 is scheduled in turn, 81 by Maglev over the client's address, 82 over its port too; 83
 * has no servers. UDP: 80 in turn. Two workers; the tests are worker 0. */
enum {
	NOW = 1000,
	SERVICES = 5,
	SERVERS = 4,
	GENERATION = BACKENDS_MAX,
	WORKERS = 2
};

struct world {
	struct snap *s;
	struct lookup l;
	struct tag_key key;
	struct flow_table flows[WORKERS];
	struct backend_counters backends[SERVERS];
	struct worker_counters counters;
	struct park park;
	uint32_t cursor;
	uint32_t now;
	uint8_t frame[CRAFT_MAX];
	struct burst b;
};

static const struct hash_key key = {{1, 2}};

static void service_make(struct world *w, uint32_t n, uint8_t proto, uint16_t port,
			 enum sched sched, uint32_t servers)
{
	struct candidate c[SERVERS] = {0};
	struct service *svc = &w->s->service[n];

	for (uint32_t i = 0; i < servers; i++)
		c[i] = (struct candidate){addr_v4(htonl(i + 1)), htons(port), 1, i};
	svc->ep.proto = proto;
	svc->ep.port = htons(port);
	addr_parse("192.168.1.222", &svc->ep.addr);
	svc->sched = (uint8_t)sched;
	svc->flags = port == 82 ? SERVICE_HASH_PORT : 0;
	svc->cursor = &w->cursor;
	svc->pick = sched_build(sched, c, servers);
	assert_non_null(svc->pick);
}

static int world_open(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->now = NOW;
	w->s = snap_new(SERVICES, SERVERS, 0, &key);
	service_make(w, 0, IPPROTO_TCP, 80, SCHEDULER_RR, SERVERS);
	service_make(w, 1, IPPROTO_TCP, 81, SCHEDULER_MH, SERVERS);
	service_make(w, 2, IPPROTO_TCP, 82, SCHEDULER_MH, SERVERS);
	service_make(w, 3, IPPROTO_TCP, 83, SCHEDULER_RR, 0);
	service_make(w, 4, IPPROTO_UDP, 80, SCHEDULER_WRR, SERVERS);
	snap_index(w->s);
	memcpy(w->s->self[0].macs + 6, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	for (uint32_t i = 0; i < SERVERS; i++) {
		w->s->backend[i].id = GENERATION + i;
		w->s->backend[i].flags = BACKEND_READY | BACKEND_OPEN;
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		flow_attach(&w->flows[i],
			    memset(aligned_alloc(64, flow_bytes(0)), 0, flow_bytes(0)),
			    flow_bytes(0));
	tag_key_make(&w->key, &key);
	w->l = (struct lookup){.key = &w->key,
			       .flows = w->flows,
			       .n_flows = WORKERS,
			       .backends = w->backends,
			       .counters = &w->counters,
			       .park = &w->park};
	persist_attach(&w->l.persist,
		       memset(aligned_alloc(64, persist_bytes(0)), 0, persist_bytes(0)),
		       persist_bytes(0));
	frag_attach(&w->l.frags, memset(aligned_alloc(64, frag_bytes()), 0, frag_bytes()));
	*state = w;
	return 0;
}

static int world_close(void **state)
{
	struct world *w = *state;

	snap_free(w->s);
	for (uint32_t i = 0; i < WORKERS; i++)
		free(w->flows[i].slot);
	free(w->l.persist.slot);
	free(w->l.frags.slot);
	free(w);
	return 0;
}

/* Sends one packet through parse and lookup. Returns its server's slot, or -drop. */
static int sent(struct world *w, struct craft c)
{
	struct pkt *p = &w->b.pkt[0];

	*p = (struct pkt){.data = w->frame, .len = craft_frame(&c, w->frame)};
	w->b.n = 1;
	parse_burst(&w->b, &w->key, &w->flows[w->l.self]);
	lookup_burst(&w->b, w->s, &w->l, w->now);
	return p->drop ? -p->drop : (int)backend_slot(p->backend->id);
}

static int syn(struct world *w, uint16_t client)
{
	return sent(w, (struct craft){.client = client, .flags = TH_SYN});
}

static int ack(struct world *w, uint16_t client)
{
	return sent(w, (struct craft){.client = client, .flags = TH_ACK});
}

static int fin(struct world *w, uint16_t client)
{
	return sent(w, (struct craft){.client = client, .flags = TH_FIN | TH_ACK});
}

/* The last packet's slot in a worker's table. */
static struct flow_slot *slot_of(struct world *w, uint32_t worker)
{
	return flow_find(&w->flows[worker], w->b.pkt[0].tag, w->now);
}

/* Fills the table with proven flows, so that no new one finds room. */
static void fill(struct world *w, uint32_t worker)
{
	for (uint64_t i = 0; i <= w->flows[worker].mask; i++)
		flow_add(&w->flows[worker], i << 4 | 1ull << 40, GENERATION, FLOW_UDP, w->now);
}

static void new_flows_take_turns_and_then_stay(void **state)
{
	struct world *w = *state;
	int first = syn(w, 0);

	for (int i = 1; i < 8; i++)
		assert_int_equal(syn(w, (uint16_t)i), (first + i) % SERVERS);
	for (int i = 7; i >= 0; i--)
		assert_int_equal(ack(w, (uint16_t)i), (first + i) % SERVERS);
	for (int i = 0; i < 8; i++)
		assert_int_equal(fin(w, (uint16_t)i), (first + i) % SERVERS);
	assert_int_equal(w->counters.flow_new, 8);
}

static void datagrams_take_turns_too(void **state)
{
	struct world *w = *state;
	int first = sent(w, (struct craft){.udp = true});

	for (uint16_t i = 0; i < 12; i++)
		assert_int_equal(sent(w, (struct craft){.udp = true, .client = i % 6}),
				 (first + i % 6) % SERVERS);
}

static void counts_what_every_server_gets(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	sent(w, (struct craft){.client = 1, .flags = TH_ACK, .payload = 100, .padding = 9});
	assert_int_equal(w->backends[server].flows, 1);
	assert_int_equal(w->backends[server].packets, 2);
	assert_int_equal(w->backends[server].bytes, 40 + 140);
	for (int i = 0; i < SERVERS; i++)
		if (i != server)
			assert_int_equal(w->backends[i].packets, 0);
}

static uint64_t source_hash_of(const struct pkt *p, const struct hash_key *k, bool port)
{
	struct tuple t;

	assert_true(pkt_tuple(p, &t));
	return tuple_source_hash(&t, k, port);
}

static void maglev_goes_by_the_client(void **state)
{
	struct world *w = *state;
	uint32_t used[SERVERS] = {0};
	bool port_counts = false;

	for (uint16_t i = 0; i < 100; i++) {
		struct craft c = {.client = i, .port = 81, .flags = TH_SYN};
		int a = sent(w, c);
		struct pkt *p = &w->b.pkt[0];
		uint64_t by_address = source_hash_of(p, &key, false);

		used[a]++;
		assert_int_equal(a, pick_hash(w->s->service[1].pick, by_address));
		c.port = 82;
		a = sent(w, c);
		assert_int_equal(a,
				 pick_hash(w->s->service[2].pick, source_hash_of(p, &key, true)));
		port_counts |= a != (int)pick_hash(w->s->service[2].pick, by_address);
	}
	for (uint32_t i = 0; i < SERVERS; i++)
		assert_in_range(used[i], 10, 40);
	assert_true(port_counts);
}

static void knows_where_it_cannot_send(void **state)
{
	struct world *w = *state;

	assert_int_equal(sent(w, (struct craft){.port = 443}), -DROP_NO_SERVICE);
	assert_int_equal(sent(w, (struct craft){.v6 = true}), -DROP_NO_SERVICE);
	assert_int_equal(sent(w, (struct craft){.udp = true, .port = 81}), -DROP_NO_SERVICE);
	assert_int_equal(sent(w, (struct craft){.port = 83, .flags = TH_SYN}), -DROP_NO_BACKEND);
	for (int i = 0; i < SERVERS; i++)
		w->s->backend[i].flags = BACKEND_OPEN;
	assert_int_equal(syn(w, 1), -DROP_NO_NEIGHBOUR);
	assert_null(slot_of(w, 0)); /* so that the next SYN may go elsewhere */
	assert_int_equal(w->counters.flow_new, 0);
	assert_null(w->b.pkt[0].backend);
}

static void without_a_snapshot_there_is_no_service(void **state)
{
	struct world *w = *state;
	struct snap *s = w->s;

	syn(w, 1);
	w->s = NULL;
	assert_int_equal(ack(w, 1), -DROP_NO_SERVICE);
	w->s = s;
	assert_non_null(slot_of(w, 0));
}

static void an_established_flow_stays_with_a_server_that_closed(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	ack(w, 1);
	w->s->backend[server].flags = BACKEND_READY;
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(fin(w, 1), server);
	w->s->backend[server].flags = 0; /* its MAC is lost as well */
	assert_int_equal(ack(w, 1), -DROP_NO_NEIGHBOUR);
	w->s->backend[server].flags = BACKEND_READY;
	assert_int_equal(ack(w, 1), server);
}

static void a_syn_finds_another_server_when_its_own_takes_none(void **state)
{
	static const uint32_t flags[] = {0, BACKEND_READY, BACKEND_OPEN};
	struct world *w = *state;

	for (uint16_t i = 0; i < 3; i++) {
		int server = syn(w, i), other;

		if (i) /* even from an established flow: the client began anew */
			ack(w, i);
		assert_int_equal(syn(w, i), server);
		w->s->backend[server].flags = flags[i];
		while (w->cursor % SERVERS == (uint32_t)server)
			w->cursor++;
		other = syn(w, i);
		assert_int_not_equal(other, server);
		assert_int_equal(slot_of(w, 0)->backend, GENERATION + other);
		assert_int_equal(flow_state(slot_of(w, 0)), FLOW_SYN);
		w->s->backend[server].flags = BACKEND_READY | BACKEND_OPEN;
	}
	assert_int_equal(w->counters.flow_new, 6);
}

static void a_new_connection_over_an_ended_one_is_scheduled(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	fin(w, 1);
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(syn(w, 1), (server + 1) % SERVERS);
	assert_int_equal(flow_state(slot_of(w, 0)), FLOW_SYN);
	sent(w, (struct craft){.client = 1, .flags = TH_RST});
	assert_int_equal(flow_state(slot_of(w, 0)), FLOW_CLOSED);
	assert_int_equal(syn(w, 1), (server + 2) % SERVERS);
	assert_int_equal(w->counters.flow_new, 3);
}

static void a_flow_whose_server_is_gone_gets_another(void **state)
{
	struct world *w = *state;
	struct craft udp = {.udp = true};
	int server = sent(w, udp), other;

	assert_int_equal(sent(w, udp), server);
	w->s->backend[server].id += GENERATION; /* its slot has a new owner */
	other = sent(w, udp);
	assert_in_range(other, 0, SERVERS - 1);
	assert_int_equal(slot_of(w, 0)->backend, w->s->backend[other].id);
	assert_int_equal(sent(w, udp), other);
	assert_int_equal(w->counters.flow_new, 2);
	w->s->n_services = 0;
	snap_index(w->s);
	for (int i = 0; i < SERVERS; i++)
		w->s->backend[i].id += GENERATION;
	assert_int_equal(sent(w, udp), -DROP_NO_SERVICE);
	w->s->n_services = SERVICES;
}

static void a_flow_that_changed_queues_is_found(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	ack(w, 1);
	w->l.self = 1;
	w->cursor = (uint32_t)server + 1; /* not by chance the same */
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(w->counters.flow_moved, 1);
	assert_int_equal(w->counters.flow_new, 1);
	assert_int_equal(flow_state(slot_of(w, 1)), FLOW_ESTABLISHED);
	assert_int_equal(ack(w, 1), server); /* from its own table now */
	assert_int_equal(w->counters.flow_moved, 1);
	w->l.self = 0;
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(w->counters.flow_moved, 1);
}

static void a_flow_that_changed_queues_keeps_its_state(void **state)
{
	struct world *w = *state;
	int server = fin(w, 1);

	w->l.self = 1;
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(flow_state(slot_of(w, 1)), FLOW_FIN);
	w->l.self = 0;
	server = sent(w, (struct craft){.udp = true});
	w->l.self = 1;
	w->cursor = (uint32_t)server + 1;
	assert_int_equal(sent(w, (struct craft){.udp = true}), server);
}

static void a_syn_does_not_ask_other_workers(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	w->l.self = 1;
	assert_int_equal(syn(w, 1), (server + 1) % SERVERS);
	assert_int_equal(w->counters.flow_moved, 0);
}

static void without_memory_a_flow_goes_by_its_hash(void **state)
{
	struct world *w = *state;

	fill(w, 0);
	for (uint16_t i = 0; i < 20; i++) {
		int server = syn(w, i);

		assert_int_equal(server, pick_hash(w->s->service[0].pick, w->b.pkt[0].tag));
		assert_null(slot_of(w, 0));
		assert_int_equal(w->counters.flow_full, 2 * i + 1);
		assert_int_equal(ack(w, i), server);
	}
	assert_int_equal(w->counters.flow_new, 0);
}

/* It had no room when it began, but there is some now. */
static void a_flow_met_in_its_middle_goes_by_its_hash(void **state)
{
	struct world *w = *state;

	for (uint16_t i = 0; i < 20; i++) {
		int server;

		w->now += 1000;
		fill(w, 0);
		server = syn(w, i);
		w->now += 500; /* the others expire */
		assert_int_equal(ack(w, i), server);
		assert_non_null(slot_of(w, 0));
		assert_int_equal(ack(w, i), server);
	}
}

static void without_memory_a_moved_flow_is_asked_for_again(void **state)
{
	struct world *w = *state;
	int server = syn(w, 1);

	ack(w, 1);
	w->l.self = 1;
	fill(w, 1);
	w->cursor = (uint32_t)server + 1;
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(ack(w, 1), server);
	assert_int_equal(w->counters.flow_full, 2);
	assert_int_equal(w->counters.flow_moved, 0);
}

static void a_reset_of_nothing_is_sent_on_and_forgotten(void **state)
{
	struct world *w = *state;

	assert_in_range(sent(w, (struct craft){.flags = TH_RST}), 0, SERVERS - 1);
	assert_null(slot_of(w, 0));
	assert_int_equal(w->counters.flow_new + w->counters.flow_full, 0);
}

/* A flow that begins in a burst is added once; its other packets find it. */
static void an_expired_flow_is_scheduled_anew(void **state)
{
	struct world *w = *state;

	syn(w, 0);
	ack(w, 0);
	w->now += flow_timeout[FLOW_ESTABLISHED] - 1;
	ack(w, 0);
	assert_int_equal(w->counters.flow_new, 1);
	w->now += flow_timeout[FLOW_ESTABLISHED];
	assert_int_equal(ack(w, 0), (int)pick_hash(w->s->service[0].pick, w->b.pkt[0].tag));
	assert_int_equal(w->counters.flow_new, 2);
}

static void craft_into(struct world *w, uint32_t i, uint8_t *frame, uint16_t client)
{
	struct craft c = {.client = client, .flags = TH_ACK};

	w->b.pkt[i] = (struct pkt){.data = frame, .len = craft_frame(&c, frame)};
}

static uint64_t tag_by_client(struct world *w, uint16_t client)
{
	uint8_t frame[CRAFT_MAX];

	w->b.n = 1;
	craft_into(w, 0, frame, client);
	parse_burst(&w->b, &w->key, &w->flows[0]);
	return w->b.pkt[0].tag;
}

/* Client 0 is half-open, all other slots that it could have are others'. Earlier in its burst comes
 * a flow that takes its slot: client 0 is left without, and mustn't be taken for the other. */
static void a_slot_may_change_hands_within_a_burst(void **state)
{
	static uint8_t frame[2][CRAFT_MAX];
	struct world *w = *state;
	uint64_t tag, mask = w->flows[0].line & ~64ull; /* pairs of lines */
	struct flow_slot *slot;
	uint16_t other = 1;

	syn(w, 0);
	slot = slot_of(w, 0);
	tag = slot->tag;
	for (uint32_t i = 0; i < 8; i++) {
		struct flow_slot *s = flow_probe(&w->flows[0], tag, i);

		if (s != slot)
			*s = (struct flow_slot){i + 1, GENERATION, NOW << 4 | FLOW_ESTABLISHED};
	}
	while ((tag_by_client(w, other) & mask) != (tag & mask))
		other++;
	w->b.n = 2;
	craft_into(w, 0, frame[0], other);
	craft_into(w, 1, frame[1], 0);
	parse_burst(&w->b, &w->key, &w->flows[0]);
	lookup_burst(&w->b, w->s, &w->l, w->now);
	assert_true(slot->tag == w->b.pkt[0].tag);
	assert_int_equal(w->counters.flow_new, 2);
	assert_int_equal(w->counters.flow_full, 1);
	assert_int_equal(backend_slot(w->b.pkt[1].backend->id),
			 pick_hash(w->s->service[0].pick, tag));
}

static void packets_of_one_burst_know_of_each_other(void **state)
{
	static uint8_t frame[BURST_MAX][CRAFT_MAX];
	struct world *w = *state;
	struct burst *b = &w->b;

	b->n = BURST_MAX;
	for (uint32_t i = 0; i < BURST_MAX; i++) {
		struct craft c = {.client = i % 8 / 2, .flags = i % 8 & 1 ? TH_ACK : TH_SYN};

		b->pkt[i].data = frame[i];
		b->pkt[i].len = craft_frame(&c, frame[i]);
	}
	b->pkt[BURST_MAX - 1].len = 5;
	parse_burst(b, &w->key, &w->flows[0]);
	lookup_burst(b, w->s, &w->l, w->now);
	assert_int_equal(w->counters.flow_new, 4);
	assert_int_equal(b->pkt[BURST_MAX - 1].drop, DROP_SHORT);
	assert_null(b->pkt[BURST_MAX - 1].backend);
	for (uint32_t i = 8; i < BURST_MAX - 1; i++)
		assert_ptr_equal(b->pkt[i].backend, b->pkt[i % 8].backend);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)

static void half_open_flows_beyond_a_quota_go_by_their_hash(void **state)
{
	static struct syn_quota syns[SERVICES];
	struct world *w = *state;
	uint64_t stored;

	memset(syns, 0, sizeof(syns));
	w->l.syns = syns;
	syns[0] = (struct syn_quota){.second = w->now, .n = SYN_QUOTA - 2};
	for (uint16_t i = 0; i < 100; i++) {
		int server = syn(w, i);

		assert_int_equal(w->counters.flow_new, i < 2 ? i + 1 : 2);
		if (i < 2)
			continue;
		assert_int_equal(syn(w, i), server);
		stored = w->counters.flow_new;
		assert_int_equal(ack(w, i), server);
		assert_int_equal(w->counters.flow_new, stored + 1); /* proven now */
		w->counters.flow_new = 2;
	}
	w->now++;
	syn(w, 200);
	assert_int_equal(w->counters.flow_new, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(new_flows_take_turns_and_then_stay),
		TEST(half_open_flows_beyond_a_quota_go_by_their_hash),
		TEST(datagrams_take_turns_too),
		TEST(counts_what_every_server_gets),
		TEST(maglev_goes_by_the_client),
		TEST(knows_where_it_cannot_send),
		TEST(without_a_snapshot_there_is_no_service),
		TEST(an_established_flow_stays_with_a_server_that_closed),
		TEST(a_syn_finds_another_server_when_its_own_takes_none),
		TEST(a_new_connection_over_an_ended_one_is_scheduled),
		TEST(a_flow_whose_server_is_gone_gets_another),
		TEST(a_flow_that_changed_queues_is_found),
		TEST(a_flow_that_changed_queues_keeps_its_state),
		TEST(a_syn_does_not_ask_other_workers),
		TEST(without_memory_a_flow_goes_by_its_hash),
		TEST(a_flow_met_in_its_middle_goes_by_its_hash),
		TEST(without_memory_a_moved_flow_is_asked_for_again),
		TEST(a_reset_of_nothing_is_sent_on_and_forgotten),
		TEST(an_expired_flow_is_scheduled_anew),
		TEST(a_slot_may_change_hands_within_a_burst),
		TEST(packets_of_one_burst_know_of_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
