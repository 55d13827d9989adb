/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/path/world.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/addr.h"
#include "base/csum.h"
#include "path/craft_test.h"

enum {
	TABLE_FLOWS = 1 << 20, /* shuntd's default */
	PORTS_PER_CLIENT = 16,
	START = 100000, /* seconds */
};

/* A bijection of 64 bits (Stafford's "Mix13"): the n-th random number. */
static uint64_t mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static struct endpoint service_endpoint(const struct world_conf *conf, uint32_t n)
{
	struct endpoint ep = {.port = htons(80), .proto = conf->udp ? IPPROTO_UDP : IPPROTO_TCP};

	ep.addr = addr_v4(htonl(0xc6120000 + n)); /* 198.18.0.0/15 */
	if (conf->v6) {
		addr_parse("2001:db8::", &ep.addr);
		ep.addr.w[3] = htonl(n);
	}
	return ep;
}

static int service_make(struct world *w, uint32_t n, struct candidate *c)
{
	const struct world_conf *conf = w->conf;
	struct service *svc = &w->snap->service[n];
	uint32_t first = (uint32_t)((uint64_t)n * conf->servers / conf->services);
	uint32_t end = (uint32_t)((n + 1ull) * conf->servers / conf->services);

	for (uint32_t i = first; i < end; i++) {
		struct backend *be = &w->snap->backend[i];

		c[i - first] = (struct candidate){addr_v4(htonl(i + 1)), htons(80), 1, i};
		*be = (struct backend){.id = BACKENDS_MAX + i,
				       .flags = BACKEND_READY | BACKEND_OPEN,
				       .service = n};
		memcpy(be->macs, (uint8_t[12]){2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8)}, 12);
	}
	svc->ep = service_endpoint(conf, n);
	svc->slot = n;
	svc->sched = (uint8_t)conf->sched;
	svc->cursor = &w->cursor[n];
	svc->pick = sched_build(conf->sched, c, end - first);
	return svc->pick ? 0 : -1;
}

static int snap_make(struct world *w)
{
	const struct world_conf *conf = w->conf;
	struct candidate *c = calloc(conf->servers, sizeof(*c));
	int err = 0;

	w->cursor = calloc(conf->services, sizeof(*w->cursor));
	w->backends = calloc(BACKENDS_MAX, sizeof(*w->backends));
	w->snap = snap_new(conf->services, conf->servers, 0, &w->key);
	if (!c || !w->cursor || !w->backends || !w->snap)
		err = -1;
	for (uint32_t n = 0; !err && n < conf->services; n++)
		err = service_make(w, n, c);
	if (!err)
		snap_index(w->snap);
	free(c);
	return err;
}

static int flows_make(struct world *w)
{
	uint32_t flows = w->conf->flows > TABLE_FLOWS ? w->conf->flows : TABLE_FLOWS;
	void *memory;

	w->flows_bytes = flow_bytes(flows);
	memory = mmap(NULL, w->flows_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED)
		return -1;
	madvise(memory, w->flows_bytes, w->conf->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(memory, 0, w->flows_bytes);
	flow_attach(&w->flows, memory, w->flows_bytes);
	return 0;
}

struct world *world_new(const struct world_conf *conf)
{
	struct craft craft = {.v6 = conf->v6, .udp = conf->udp, .flags = TH_ACK, .padding = 6};
	struct world *w = calloc(1, sizeof(*w));
	uint8_t frame[CRAFT_MAX];

	if (!w)
		return NULL;
	w->conf = conf;
	w->key = (struct hash_key){{0x243f6a8885a308d3, 0x13198a2e03707344}};
	w->now = START;
	w->frame_len = craft_frame(&craft, frame);
	memcpy(w->frame, frame, sizeof(w->frame));
	if (flows_make(w) || snap_make(w)) {
		world_free(w);
		return NULL;
	}
	memcpy(w->snap->self[0].macs + 6, w->frame, 6); /* the frames are for us */
	tag_key_make(&w->tag_key, &w->key);
	w->lookup = (struct lookup){.key = &w->tag_key,
				    .flows = &w->flows,
				    .n_flows = 1,
				    .backends = w->backends,
				    .counters = &w->counters};
	return w;
}

void world_free(struct world *w)
{
	snap_free(w->snap);
	if (w->flows.slot)
		munmap(w->flows.slot, w->flows_bytes);
	free(w->backends);
	free(w->cursor);
	free(w);
}

static void sum_header(struct wire_ip4 *ip)
{
	ip->check = 0;
	ip->check = (__sum16)~csum_fold(csum_add(0, ip, sizeof(*ip)));
}

/* TCP's own checksum isn't made anew; it only mustn't look like one that the sender left to its
 * NIC, and by chance it does so once in 65536 times, as on a wire. */
static uint32_t flow_write(const struct world *w, uint8_t *frame, uint64_t flow, uint8_t flags)
{
	const struct world_conf *conf = w->conf;
	uint32_t l3 = sizeof(struct wire_eth), l4 = l3 + (conf->v6 ? 40 : 20);
	__be32 client = htonl(0x0a000000 | (flow / PORTS_PER_CLIENT & 0xffffff));
	__be32 service = htonl((conf->v6 ? 0 : 0xc6120000) + (uint32_t)(flow % conf->services));
	__be16 port = htons((uint16_t)(1024 + flow % PORTS_PER_CLIENT * 257));
	uint16_t check = (uint16_t)mix(flow);

	memcpy(frame, w->frame, w->frame_len);
	memcpy(frame + l3 + (conf->v6 ? 20 : 12), &client, sizeof(client));
	memcpy(frame + l3 + (conf->v6 ? 36 : 16), &service, sizeof(service));
	memcpy(frame + l4, &port, sizeof(port));
	if (!conf->v6)
		sum_header((struct wire_ip4 *)(frame + l3));
	if (!conf->udp) {
		memcpy(frame + l4 + offsetof(struct wire_tcp, check), &check, sizeof(check));
		frame[l4 + offsetof(struct wire_tcp, flags)] = flags;
	}
	return w->frame_len;
}

uint32_t world_write_known(void *ctx, uint8_t *frame)
{
	struct world *w = ctx;

	return flow_write(w, frame, w->next_flow++ % w->conf->flows, TH_ACK);
}

uint32_t world_write(void *ctx, uint8_t *frame)
{
	struct world *w = ctx;
	uint64_t n = w->next++;
	bool second = n / (BATCH / 2) % 2;

	switch (w->conf->traffic) {
	case TRAFFIC_NEW: /* the second half of a batch repeats the flows of the first */
		if (second)
			return flow_write(w, frame, w->next_flow - BATCH / 2 + n % (BATCH / 2),
					  TH_ACK);
		return flow_write(w, frame, w->next_flow++, TH_SYN);
	case TRAFFIC_SYN:
		return flow_write(w, frame, w->next_flow++, TH_SYN);
	default:
		return flow_write(w, frame, (mix(n) >> 32) * w->conf->flows >> 32, TH_ACK);
	}
}

/* New flows: about half of the table's slots hold flows that are still alive, at 900 s each, and
 * the rest what expired. A flood: a million packets a second. */
void world_tick(struct world *w)
{
	uint64_t batches = w->next / BATCH;

	if (w->conf->traffic == TRAFFIC_NEW)
		w->now = START + (uint32_t)(batches * BATCH / 2 * 900 / TABLE_FLOWS);
	else if (w->conf->traffic == TRAFFIC_SYN)
		w->now = START + (uint32_t)(batches * BATCH / 1000000);
}

void world_age(struct world *w)
{
	double per_second = 5e6 / (w->conf->flows + 1.), first;
	uint64_t below;

	if (w->conf->traffic != TRAFFIC_ESTABLISHED)
		return;
	first = (1 - exp(-per_second)) / per_second; /* packets that are a second's first */
	below = (uint64_t)(first * (1ull << 32));
	w->now++;
	for (uint64_t i = 0; i <= w->flows.mask; i++) {
		struct flow_slot *s = &w->flows.slot[i];

		if (s->tag)
			flow_touch(s, flow_state(s), w->now - (mix(w->now ^ i) >> 32 < below));
	}
}
