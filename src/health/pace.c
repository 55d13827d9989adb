/* SPDX-License-Identifier: BSD-2-Clause */
#include "health/pace.h"

#include "base/hash.h"

/* A number that looks random, below n. */
static uint64_t draw(uint64_t number, uint64_t turn, uint64_t n)
{
	const struct hash_key key = {{0x7368756e74, 0x6865616c7468}};
	const uint64_t word[] = {number, turn};

	return hash_words(&key, word, 2) % n;
}

uint64_t pace_first(const struct check_pace *pace, uint64_t number)
{
	return draw(number, UINT64_MAX, (uint64_t)pace->warmup + 1);
}

uint64_t pace_next(const struct check_pace *pace, uint64_t number, uint64_t turn)
{
	uint64_t swing = (uint64_t)pace->delay_loop * pace->jitter / 100;
	uint64_t next = pace->delay_loop - swing + draw(number, turn, 2 * swing + 1);

	return next ? next : 1;
}

uint64_t pace_detects(const struct check_pace *pace)
{
	uint64_t loop = pace->delay_loop + (uint64_t)pace->delay_loop * pace->jitter / 100;
	uint64_t tries = (uint64_t)pace->connect_timeout * (pace->retry + 1) +
			 (uint64_t)pace->delay_before_retry * pace->retry;
	uint64_t check = tries > loop ? tries : loop;

	return loop + check * (pace->fall - 1) + tries;
}
