/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames are conserved: an engine that moves them through real rings in shared memory, against a
 * toy kernel at their other ends, is killed at any moment; the audit must find each frame once. */
#include "path/audit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "path/rx.h"
#include "path/tx.h"

enum {
	FRAMES = 1024,
	RING = 256,
	SHIFT = 11,
	KILLS = 300
};

/* One ring as both sides share it. */
struct ring {
	uint32_t producer, consumer, flags;
	struct xdp_desc slot[RING];
};

/* All that is shared with the child that plays the engine. */
struct shared {
	struct ring rx, tx, fill, comp;
	struct intent intent;
	uint8_t owner[FRAMES];
	struct port_counters port;
	struct worker_counters worker;
	uint8_t area[FRAMES << SHIFT];
};

struct bench {
	struct shared *s;
	struct port port;
	struct frames frames;
	uint32_t stack[FRAMES];
};

static void ring_prod(struct xsk_ring_prod *r, struct ring *ring)
{
	*r = (struct xsk_ring_prod){.mask = RING - 1,
				    .size = RING,
				    .producer = &ring->producer,
				    .consumer = &ring->consumer,
				    .ring = ring->slot,
				    .flags = &ring->flags};
}

static void ring_cons(struct xsk_ring_cons *r, struct ring *ring)
{
	*r = (struct xsk_ring_cons){.mask = RING - 1,
				    .size = RING,
				    .producer = &ring->producer,
				    .consumer = &ring->consumer,
				    .ring = ring->slot,
				    .flags = &ring->flags};
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->s = mmap(NULL, sizeof(*b->s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->s == MAP_FAILED)
		return -1;
	b->frames = (struct frames){.area = b->s->area,
				    .owner = b->s->owner,
				    .intent = &b->s->intent,
				    .shift = SHIFT,
				    .n = FRAMES,
				    .free = b->stack};
	ring_cons(&b->port.rx, &b->s->rx);
	ring_prod(&b->port.tx, &b->s->tx);
	ring_prod(&b->port.fill, &b->s->fill);
	ring_cons(&b->port.comp, &b->s->comp);
	b->port.frames = &b->frames;
	b->port.worker = &b->s->worker;
	b->port.count = &b->s->port;
	b->port.fd = -1;
	b->port.has_tx = true;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	munmap(b->s, sizeof(*b->s));
	free(b);
	return 0;
}

static int audit(struct bench *b, struct audit *out)
{
	struct port *port = &b->port;

	return audit_frames(&b->frames, &port, 1, out);
}

/* The toy kernel: receives into what was filled, sends what is on tx. A fill or completion ring
 * has 8-byte slots, rx and tx 16-byte ones. */
static void kernel_turn(struct shared *s)
{
	uint64_t *fill = (uint64_t *)s->fill.slot, *comp = (uint64_t *)s->comp.slot;
	uint32_t n = __atomic_load_n(&s->fill.producer, __ATOMIC_ACQUIRE) - s->fill.consumer;

	for (n = n > 8 ? 8 : n; n--; s->fill.consumer++) {
		if (s->rx.producer - __atomic_load_n(&s->rx.consumer, __ATOMIC_ACQUIRE) == RING)
			break;
		s->rx.slot[s->rx.producer % RING] =
			(struct xdp_desc){.addr = fill[s->fill.consumer % RING] + 256, .len = 64};
		__atomic_store_n(&s->rx.producer, s->rx.producer + 1, __ATOMIC_RELEASE);
	}
	n = __atomic_load_n(&s->tx.producer, __ATOMIC_ACQUIRE) - s->tx.consumer;
	for (n = n > 8 ? 8 : n; n--; s->tx.consumer++) {
		if (s->comp.producer - __atomic_load_n(&s->comp.consumer, __ATOMIC_ACQUIRE) == RING)
			break;
		comp[s->comp.producer % RING] = s->tx.slot[s->tx.consumer % RING].addr;
		__atomic_store_n(&s->comp.producer, s->comp.producer + 1, __ATOMIC_RELEASE);
	}
}

/* The engine's side: every third frame is dropped, the others go out. */
static void engine_turn(struct bench *b, struct burst *burst)
{
	static struct icmp_limit no_errors;
	static const struct backend out = {.nic = 0};
	struct port *port = &b->port;

	port_refill(port);
	rx_burst(port, burst);
	for (uint32_t i = 0; i < burst->n; i++) {
		burst->pkt[i].drop = i % 3 ? DROP_NONE : DROP_NO_SERVICE;
		burst->pkt[i].backend = &out;
	}
	tx_burst(&port, 1, burst, &b->frames, &no_errors, &b->s->worker);
	rx_done(port, burst);
	port_reap(port);
}

static void a_fresh_worker_has_all_its_frames(void **state)
{
	struct bench *b = *state;
	struct audit a;

	assert_int_equal(audit(b, &a), 0);
	assert_int_equal(a.held, FRAMES);
	assert_int_equal(a.rx + a.tx, 0);
}

static void frames_go_round_and_are_counted(void **state)
{
	struct bench *b = *state;
	struct burst *burst = calloc(1, sizeof(*burst));
	struct worker_counters *c = &b->s->worker;
	struct audit a;

	assert_int_equal(audit(b, &a), 0);
	for (int i = 0; i < 10000; i++) {
		engine_turn(b, burst);
		kernel_turn(b->s);
	}
	assert_true(c->tx > 1000);
	assert_int_equal(c->rx, c->tx + c->drop[DROP_NO_SERVICE] + c->drop[DROP_TX_FULL]);
	assert_int_equal(audit(b, &a), 0);
	free(burst);
}

/* What a crash right now would leave: a copy of all that is shared (but the frames' contents), as
 * the next engine would find it. */
static int audit_copy(const struct bench *b, struct bench *copy, struct audit *a)
{
	memcpy(copy->s, b->s, offsetof(struct shared, area));
	return audit(copy, a);
}

/* Packets that are neither waiting on the receive ring, nor sent, nor dropped by count. One may be
 * between its mark and its count. */
static bool packets_lost(const struct shared *s)
{
	uint32_t waiting = s->rx.producer - s->rx.consumer;
	uint64_t drops = s->worker.drop[DROP_NO_SERVICE] + s->worker.drop[DROP_TX_FULL];
	uint64_t lost = s->rx.producer - waiting - s->tx.producer - drops;

	return lost > 1;
}

/* Runs the engine instruction by instruction; after each one a crash must be survivable. */
static void every_instruction_is_a_good_one_to_die_at(void **state)
{
	struct bench *b = *state, *copy;
	struct audit a;
	int status;
	long steps = 0;
	pid_t child;

	assert_int_equal(setup((void **)&copy), 0);
	assert_int_equal(audit(b, &a), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		static struct burst burst;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (int i = 0; i < 4; i++)
			engine_turn(b, &burst);
		_exit(0);
	}
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		if (audit_copy(b, copy, &a))
			fail_msg("instruction %ld: %u held, %u rx, %u tx, %u faults", steps, a.held,
				 a.rx, a.tx, a.faults);
		if (packets_lost(copy->s))
			fail_msg("instruction %ld: packets are lost", steps);
		if (++steps % 64 == 0)
			kernel_turn(b->s);
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
	}
	assert_true(steps > 1000);
	assert_true(b->s->port.tx > 0);
	teardown((void **)&copy);
}

/* Lets the child run against the toy kernel for a while, then kills it. */
static void run_and_kill(struct bench *b)
{
	pid_t child = fork();
	uint64_t until = clock_ns() + 200000 + (uint64_t)rand() % 2000000;

	assert_true(child >= 0);
	if (!child) {
		static struct burst burst;

		for (;;)
			engine_turn(b, &burst);
	}
	while (clock_ns() < until)
		kernel_turn(b->s);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void a_killed_engine_loses_no_frame(void **state)
{
	struct bench *b = *state;
	struct audit a;

	assert_int_equal(audit(b, &a), 0);
	for (int i = 0; i < KILLS; i++) {
		run_and_kill(b);
		if (audit(b, &a))
			fail_msg("kill %d: %u held, %u rx, %u tx, %u faults", i, a.held, a.rx, a.tx,
				 a.faults);
	}
	assert_true(b->s->port.tx > 1000); /* they did work */
}

/* Killed between C and E: the slots are written, the frames marked away, nothing submitted. */
static void an_interrupted_hand_over_is_taken_back(void **state)
{
	struct bench *b = *state;
	struct audit a;
	uint32_t slot = 0;

	assert_int_equal(audit(b, &a), 0);
	assert_int_equal(xsk_ring_prod__reserve(&b->port.fill, 4, &slot), 4);
	b->frames.n_free -= 4;
	for (uint32_t i = 0; i < 4; i++)
		*xsk_ring_prod__fill_addr(&b->port.fill, slot + i) =
			(uint64_t)b->frames.free[b->frames.n_free + i] << SHIFT;
	frames_intend(&b->frames, 0, slot, 4);
	for (uint32_t i = 0; i < 4; i++)
		frames_mark(&b->frames, *xsk_ring_prod__fill_addr(&b->port.fill, slot + i),
			    FRAME_RX);
	assert_int_equal(audit(b, &a), 0);
	assert_int_equal(a.held, FRAMES);
}

/* The negative control: the same without an intent is a fault that the audit must see. */
static void a_lost_frame_is_noticed(void **state)
{
	struct bench *b = *state;
	struct audit a;

	assert_int_equal(audit(b, &a), 0);
	frames_mark(&b->frames, 0, FRAME_RX);
	assert_int_not_equal(audit(b, &a), 0);
}

static void a_frame_on_two_rings_is_noticed(void **state)
{
	struct bench *b = *state;
	struct audit a;
	struct pkt p = {.len = 64};

	assert_int_equal(audit(b, &a), 0);
	port_refill(&b->port);
	p.addr = *xsk_ring_prod__fill_addr(&b->port.fill, 0);
	port_stage(&b->port, &p, 1);
	port_submit(&b->port);
	assert_int_not_equal(audit(b, &a), 0);
	assert_int_equal(a.faults, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_fresh_worker_has_all_its_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_go_round_and_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(every_instruction_is_a_good_one_to_die_at, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_killed_engine_loses_no_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(an_interrupted_hand_over_is_taken_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_lost_frame_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_frame_on_two_rings_is_noticed, setup, teardown),
	};

	srand((unsigned int)time(NULL));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
