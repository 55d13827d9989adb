/* SPDX-License-Identifier: BSD-2-Clause */
#include "table/maglev.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "table/quota.h"

/* A server while the table is filled. It takes its k-th slot in round k * (greatest weight) /
 * (its weight), rounded down: equal weights take turns as in the paper, and a lighter server
 * comes by more rarely, from the first round to the last, so that heavy and light ones meet
 * equally full tables. step, part and rest count these rounds without a division. */
struct turn {
	uint64_t round; /* of its next slot */
	uint64_t step;	/* rounds between two slots: greatest weight / weight ... */
	uint32_t part;	/* ... and greatest weight % weight */
	uint32_t weight;
	uint64_t rest;
	uint32_t left; /* slots that it is still due */
	uint32_t pos;  /* where its permutation goes on */
	uint32_t skip;
	uint32_t value;
	uint32_t next; /* the turn after it in its round, as in struct queue */
};

/* The turns of one round, first come first served: index + 1, or 0. */
struct queue {
	uint32_t head;
	uint32_t tail;
};

struct fill {
	uint32_t *table;
	uint32_t size;
	uint64_t *taken; /* a bit per slot: it stays in the first-level cache, the table doesn't */
	struct turn *turn;
	struct queue *round;
	uint64_t rounds;
};

struct maglev_server maglev_server(const void *key, size_t len, uint32_t size)
{
	/* Digits of pi: any two constants would do, but they may never change. */
	static const struct hash_key offset_key = {{0x243f6a8885a308d3, 0x13198a2e03707344}};
	static const struct hash_key skip_key = {{0xa4093822299f31d0, 0x082efa98ec4e6c89}};

	return (struct maglev_server){
		.offset = (uint32_t)(hash_bytes(&offset_key, key, len) % size),
		.skip = (uint32_t)(hash_bytes(&skip_key, key, len) % (size - 1)) + 1,
	};
}

static void queue_up(struct fill *f, uint32_t i)
{
	struct queue *q = &f->round[f->turn[i].round];

	f->turn[i].next = 0;
	if (q->tail)
		f->turn[q->tail - 1].next = i + 1;
	else
		q->head = i + 1;
	q->tail = i + 1;
}

/* pos + skip modulo size, without an overflow. */
static inline uint32_t advance(uint32_t pos, uint32_t skip, uint32_t size)
{
	return pos >= size - skip ? pos - (size - skip) : pos + skip;
}

/* Takes the first free slot of the server's permutation. There is one: size is prime, so that the
 * permutation passes everywhere, and the shares add up to size. */
static void take_slot(struct fill *f, struct turn *t)
{
	const uint32_t skip = t->skip, size = f->size;
	uint32_t pos = t->pos;

	while (f->taken[pos / 64] >> pos % 64 & 1)
		pos = advance(pos, skip, size);
	f->taken[pos / 64] |= 1ULL << pos % 64;
	f->table[pos] = t->value;
	t->pos = advance(pos, skip, size);
}

static void run_rounds(struct fill *f)
{
	for (uint64_t r = 0; r < f->rounds; r++) {
		uint32_t next;

		for (uint32_t i = f->round[r].head; i; i = next) {
			struct turn *t = &f->turn[i - 1];

			next = t->next;
			take_slot(f, t);
			if (!--t->left)
				continue;
			t->round += t->step;
			t->rest += t->part;
			if (t->rest >= t->weight) {
				t->rest -= t->weight;
				t->round++;
			}
			queue_up(f, i - 1);
		}
	}
}

static void first_round(struct fill *f, const struct maglev_server *server, const struct quota *q,
			uint32_t n, uint32_t greatest)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!q[i].share)
			continue;
		f->turn[i] = (struct turn){
			.step = greatest / q[i].weight,
			.part = greatest % q[i].weight,
			.weight = q[i].weight,
			.left = q[i].share,
			.pos = server[i].offset,
			.skip = server[i].skip,
			.value = server[i].value,
		};
		queue_up(f, i);
	}
}

int maglev_fill(uint32_t *table, uint32_t size, const struct maglev_server *server, uint32_t n)
{
	struct fill f = {.table = table, .size = size};
	struct quota *q;
	uint32_t greatest = 0;
	uint64_t sum = 0;
	int err;

	for (uint32_t i = 0; i < n; i++) {
		sum += server[i].weight;
		if (server[i].weight > greatest)
			greatest = server[i].weight;
	}
	if (!sum)
		return -EINVAL;
	q = calloc(n, sizeof(*q));
	if (!q)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		q[i].weight = server[i].weight;
	err = quota_share(q, n, size);
	if (err)
		goto free_quota;
	/* Nobody's last slot is due later than the heaviest server's exact share. */
	f.rounds = (uint64_t)size * greatest / sum + 1;
	f.round = calloc(f.rounds, sizeof(*f.round));
	f.turn = calloc(n, sizeof(*f.turn));
	f.taken = calloc(size / 64 + 1, sizeof(*f.taken));
	if (f.round && f.turn && f.taken) {
		first_round(&f, server, q, n, greatest);
		run_rounds(&f);
	} else {
		err = -ENOMEM;
	}
	free(f.taken);
	free(f.turn);
	free(f.round);
free_quota:
	free(q);
	return err;
}
