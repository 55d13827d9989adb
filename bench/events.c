/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/events.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *const event_name[EVENT_COUNT] = {
	[EVENT_CYCLES] = "cycles",
	[EVENT_INSTRUCTIONS] = "instructions",
	[EVENT_CACHE_MISSES] = "cache misses",
	[EVENT_TLB_MISSES] = "dTLB misses",
};

static const struct {
	uint32_t type;
	uint64_t config;
} event_row[EVENT_COUNT] = {
	[EVENT_CYCLES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	[EVENT_INSTRUCTIONS] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	[EVENT_CACHE_MISSES] = {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	[EVENT_TLB_MISSES] = {PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_DTLB |
							  PERF_COUNT_HW_CACHE_OP_READ << 8 |
							  PERF_COUNT_HW_CACHE_RESULT_MISS << 16},
};

bool events_open(struct events *e)
{
	bool any = false;

	for (int i = 0; i < EVENT_COUNT; i++) {
		struct perf_event_attr attr = {
			.size = sizeof(attr),
			.type = event_row[i].type,
			.config = event_row[i].config,
			.disabled = 1,
			.exclude_kernel = 1,
			.exclude_hv = 1,
		};

		e->fd[i] = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
		any |= e->fd[i] >= 0;
	}
	return any;
}

static void each(struct events *e, unsigned long request)
{
	for (int i = 0; i < EVENT_COUNT; i++)
		if (e->fd[i] >= 0)
			ioctl(e->fd[i], request, 0);
}

void events_close(struct events *e)
{
	for (int i = 0; i < EVENT_COUNT; i++)
		if (e->fd[i] >= 0)
			close(e->fd[i]);
}

void events_start(struct events *e)
{
	each(e, PERF_EVENT_IOC_ENABLE);
}

void events_stop(struct events *e)
{
	each(e, PERF_EVENT_IOC_DISABLE);
}

void events_take(struct events *e, uint64_t count[EVENT_COUNT])
{
	for (int i = 0; i < EVENT_COUNT; i++)
		if (e->fd[i] < 0 || read(e->fd[i], &count[i], sizeof(count[i])) < 0)
			count[i] = 0;
	each(e, PERF_EVENT_IOC_RESET);
}
