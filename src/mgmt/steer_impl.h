/* SPDX-License-Identifier: BSD-2-Clause */
/* What steer.c (its life) and steer_map.c (its maps) share; nobody else includes it. */
#ifndef SHUNT_MGMT_STEER_IMPL_H
#define SHUNT_MGMT_STEER_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/dataplane.h"
#include "mgmt/steer_pin.h"

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

struct steer {
	char dir[STEER_PATH];
	int lock; /* on the directory */
	int services;
	bool services_adopted;
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
