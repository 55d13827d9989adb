/* SPDX-License-Identifier: BSD-2-Clause */
/* Per-connection consistency: flows, packet by packet, through parse and lookup, while the servers
 * of a Maglev service change ten times. Each flow must stay with its server as long as that one
 * lives: with a table that holds them all, and with one for a tenth of them. No flow ends, so that
 * the small table is always full. pcc_test N: with N flows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "path/craft_test.h"
#include "path/lookup.h"
#include "path/parse.h"

enum {
	SERVERS = 16, /* slots; the first FIRST serve from the start */
	FIRST = 10,
	GENERATION = BACKENDS_MAX,
	CHANGES = 10,
	LAG = 300, /* so many other flows begin between a flow's SYN and its ACK */
	NOBODY = 255
};

static uint32_t n_flows = 300000;

struct world {
	struct snap *s;
	struct lookup l;
	struct tag_key key;
	struct flow_table table;
	struct syn_quota syns[1];
	struct backend_counters backends[SERVERS];
	struct worker_counters counters;
	struct park park;
	uint32_t cursor, now, begun, moved;
	uint64_t seed;
	uint32_t weight[SERVERS];
	bool living[SERVERS];
	uint8_t *server; /* by flow; NOBODY: its next packet says */
	struct burst b;
	uint32_t flow[BURST_MAX]; /* of the burst's packets */
	uint8_t frame[BURST_MAX][64];
	uint8_t model[CRAFT_MAX];
};

static const struct hash_key key = {{1, 2}};

static uint32_t random_below(struct world *w, uint32_t n) /* xorshift64* (Vigna 2016) */
{
	w->seed ^= w->seed >> 12;
	w->seed ^= w->seed << 25;
	w->seed ^= w->seed >> 27;
	return (uint32_t)((w->seed * 0x2545f4914f6cdd1d >> 32) * n >> 32);
}

/* What the management thread does when the table changes. */
static void publish(struct world *w)
{
	struct snap *old = w->s, *s = snap_new(1, SERVERS, 0, &key);
	struct service *svc = &s->service[0];
	struct candidate c[SERVERS];
	uint32_t n = 0, n_living = 0, living[SERVERS];

	for (uint32_t i = 0; i < SERVERS; i++) {
		if (!w->living[i])
			continue;
		s->backend[i].id = GENERATION + i;
		s->backend[i].flags = BACKEND_READY | (w->weight[i] ? BACKEND_OPEN : 0u);
		living[n_living++] = GENERATION + i;
		if (w->weight[i])
			c[n++] = (struct candidate){addr_v4(htonl(i + 1)), htons(80), w->weight[i],
						    i};
	}
	svc->ep = (struct endpoint){.proto = IPPROTO_TCP, .port = htons(80)};
	addr_parse("192.168.1.222", &svc->ep.addr);
	svc->sched = SCHEDULER_MH;
	svc->cursor = &w->cursor;
	svc->pick = sched_build(SCHEDULER_MH, c, n);
	assert_non_null(svc->pick);
	memcpy(s->self[0].macs + 6, (uint8_t[]){2, 0, 0, 0, 0, 1}, 6);
	snap_index(s);
	assert_int_equal(
		sched_follow(svc->pick, old ? old->service[0].pick : NULL, living, n_living), 0);
	w->s = s;
	snap_free(old);
}

/* A server's new weight; its flows stay. */
static void set_weight(struct world *w, uint32_t server, uint32_t weight)
{
	w->weight[server] = weight;
	w->living[server] = true;
}

/* Its flows must find another server, and then stay there. */
static void take_away(struct world *w, uint32_t server)
{
	w->weight[server] = 0;
	w->living[server] = false;
	for (uint32_t i = 0; i < w->begun; i++)
		if (w->server[i] == server)
			w->server[i] = NOBODY;
}

static void change(struct world *w, uint32_t n)
{
	switch (n) {
	case 0: /* one more */
	case 4:
	case 8:
		set_weight(w, FIRST + n / 4, 1);
		break;
	case 1: /* two drain */
		set_weight(w, 3, 0);
		set_weight(w, 7, 0);
		break;
	case 2: /* other weights */
		set_weight(w, 1, 3);
		set_weight(w, FIRST, 2);
		break;
	case 3: /* what was drained comes back */
	case 7:
		set_weight(w, 3, 1);
		break;
	case 5: /* gone for good, while others move */
		take_away(w, 5);
		set_weight(w, 2, 0);
		break;
	case 6:
		set_weight(w, 3, 0);
		set_weight(w, 2, 1);
		break;
	default:
		take_away(w, 7); /* after it was drained */
		set_weight(w, 1, 1);
	}
}

static void send_burst(struct world *w)
{
	parse_burst(&w->b, &w->key, &w->table);
	lookup_burst(&w->b, w->s, &w->l, w->now);
	for (uint32_t i = 0; i < w->b.n; i++) {
		const struct pkt *p = &w->b.pkt[i];
		uint8_t *server = &w->server[w->flow[i]], got;

		assert_int_equal(p->drop, DROP_NONE);
		got = (uint8_t)backend_slot(p->backend->id);
		w->moved += *server != NOBODY && *server != got;
		*server = got; /* each violation counts once */
	}
	w->b.n = 0;
}

static void packet(struct world *w, uint32_t flow, uint8_t flags)
{
	uint8_t *frame = w->frame[w->b.n];
	struct wire_ip4 ip;
	__be32 client = htonl(10u << 24 | (flow + 1));
	struct wire_tcp tcp;

	memcpy(frame, w->model, PLAIN_L4 + sizeof(tcp));
	memcpy(&ip, frame + PLAIN_L3, sizeof(ip));
	memcpy(ip.addrs, &client, sizeof(client));
	ip.check = 0;
	memcpy(frame + PLAIN_L3, &ip, sizeof(ip));
	ip.check = htons((uint16_t)~craft_sum(0, frame + PLAIN_L3, sizeof(ip)));
	memcpy(frame + PLAIN_L3, &ip, sizeof(ip));
	memcpy(&tcp, frame + PLAIN_L4, sizeof(tcp));
	tcp.flags = flags;
	memcpy(frame + PLAIN_L4, &tcp, sizeof(tcp));
	w->flow[w->b.n] = flow;
	w->b.pkt[w->b.n++] = (struct pkt){.data = frame, .len = PLAIN_L4 + sizeof(tcp)};
	if (w->b.n == BURST_MAX)
		send_burst(w);
}

/* A flow begins, an earlier one goes on, two others send something. */
static void begin_one(struct world *w)
{
	uint32_t flow = w->begun++;

	w->server[flow] = NOBODY;
	packet(w, flow, TH_SYN);
	if (flow < LAG)
		return;
	packet(w, flow - LAG, TH_ACK);
	for (int i = 0; i < 2; i++)
		packet(w, random_below(w, flow - LAG + 1), TH_ACK | TH_PUSH);
}

static void everyone_sends(struct world *w)
{
	for (uint32_t i = 0; i + LAG < w->begun; i++)
		packet(w, i, TH_ACK);
	send_burst(w);
}

static void world_open(struct world *w, uint32_t places)
{
	const struct craft c = {.flags = TH_ACK};
	size_t bytes = flow_bytes(places);

	*w = (struct world){.now = 1000, .seed = 42};
	craft_frame(&c, w->model);
	for (uint32_t i = 0; i < FIRST; i++)
		set_weight(w, i, 1);
	publish(w);
	flow_attach(&w->table, memset(aligned_alloc(64, bytes), 0, bytes), bytes);
	w->server = malloc(n_flows);
	tag_key_make(&w->key, &key);
	w->l = (struct lookup){.key = &w->key,
			       .flows = &w->table,
			       .n_flows = 1,
			       .backends = w->backends,
			       .counters = &w->counters,
			       .syns = w->syns,
			       .park = &w->park};
}

static void world_close(struct world *w)
{
	snap_free(w->s);
	free(w->table.slot);
	free(w->server);
}

/* Returns how many packets went to another server than their flow's. */
static uint32_t run(uint32_t places)
{
	static struct world w;
	uint32_t moved;

	world_open(&w, places);
	for (uint32_t n = 0; n <= CHANGES; n++) {
		for (uint32_t i = 0; i < n_flows / (CHANGES + 1); i++)
			begin_one(&w);
		send_burst(&w);
		if (n == CHANGES)
			break;
		change(&w, n);
		publish(&w);
		w.now++;
		everyone_sends(&w);
	}
	everyone_sends(&w);
	moved = w.moved;
	print_message("%u flows, a table for %u: %u violations, %llu without a place\n", w.begun,
		      places, moved, (unsigned long long)w.counters.flow_full);
	world_close(&w);
	return moved;
}

static void no_flow_moves_with_a_table_for_all(void **state)
{
	(void)state;
	assert_int_equal(run(n_flows), 0);
}

static void no_flow_moves_with_a_table_for_a_tenth(void **state)
{
	(void)state;
	assert_int_equal(run(n_flows / 10), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_flow_moves_with_a_table_for_all),
		cmocka_unit_test(no_flow_moves_with_a_table_for_a_tenth),
	};

	if (argc > 1)
		n_flows = (uint32_t)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
