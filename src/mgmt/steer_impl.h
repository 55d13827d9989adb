/* SPDX-License-Identifier: BSD-2-Clause */
/* What steer.c (its life) and steer_map.c (its maps) share; nobody else includes it. */
#ifndef SHUNT_MGMT_STEER_IMPL_H
#define SHUNT_MGMT_STEER_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/dataplane.h"
#include "mgmt/steer_pin.h"
#include "mgmt/steer_vip.h"

enum {
	PIN_NAME = 48
};

struct steer_bpf;

/* A program, its link and its lock. */
struct steer_nic {
	struct nic nic;
	struct steer_bpf *bpf;
	char pin[PIN_NAME];
	int program, sockets, conf, counts; /* fds of bpf */
	int lock;
	int link;
	bool adopted; /* the link is an earlier life's and runs its program until activation */
};

struct steer_area {
	struct steer_area *next;
	char pin[PIN_NAME];
	int map;
	bool adopted;
};

/* A map that all programs of a namespace share. */
struct steer_shared {
	int map;
	bool adopted; /* an earlier life's */
};

enum {
	SHARED_SERVICES,
	SHARED_VIPS,
	SHARED_COUNT
};

struct steer {
	char dir[STEER_PATH];
	int lock; /* on the directory */
	struct steer_shared shared[SHARED_COUNT];
	struct steer_vips vips;
	struct steer_conf conf[NICS_MAX]; /* as written to the programs */
	bool active;
	uint32_t n;
	struct steer_nic nic[NICS_MAX];
	struct steer_area *areas;
};

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
