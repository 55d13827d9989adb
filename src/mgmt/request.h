/* SPDX-License-Identifier: BSD-2-Clause */
/* A request of the control protocol, checked: everything that comes in by the socket passes here
 * before anything else looks at it. Pure; a fuzzer may call it. */
#ifndef SHUNT_MGMT_REQUEST_H
#define SHUNT_MGMT_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "mgmt/model.h"
#include "table/service.h"

enum request_field {
	FIELD_SERVICE = 1 << 0,
	FIELD_SCHEDULER = 1 << 1,
	FIELD_FLAGS = 1 << 2,
	FIELD_SERVER = 1 << 3,
	FIELD_REQUESTS = 1 << 4,
	FIELD_REPLACE = 1 << 5,
	FIELD_WHAT = 1 << 6,
	FIELD_PERSISTENT = 1 << 7,
	FIELD_NETMASK = 1 << 8,
	FIELD_REMOVED = 1 << 9,
	FIELD_TIMEOUTS = 1 << 10,
	FIELD_CURSOR = 1 << 11,
	FIELD_DRY_RUN = 1 << 12,
	FIELD_FILE = 1 << 14,
	FIELD_PROTECT = 1 << 15,
	FIELD_CONFIRM = 1 << 16,
	FIELD_CONF = 1 << 13, /* no field: the server is described, not only named */
};

/* The words of "flags". */
enum {
	REQUEST_FLAGS = 5
};
struct request_flag {
	const char *name;
	uint8_t bit;	  /* of enum service_flags */
	enum sched sched; /* the only one that takes it; SCHEDULER_COUNT: any */
};
extern const struct request_flag request_flags[REQUEST_FLAGS]; /* in ipvsadm's order */

struct request {
	unsigned int has; /* enum request_field */
	struct service_conf service;
	unsigned int flags; /* 1 << index of request_flags */
	struct backend_conf server;
	struct model_timeouts timeouts; /* 0: as it is */
	uint64_t cursor;
	bool dry_run;
	const json_t *requests; /* borrowed from the object */
	bool replace;
	const char *what; /* likewise */
	const char *file; /* likewise */
	bool protect_live;
	uint32_t confirm; /* seconds; 0: for good */
};

extern const char *const forward_name[FORWARDS]; /* likewise for the other words */
extern const char *const tunnel_name[TUNNEL_TYPES];
extern const char *const removed_name[REMOVED_POLICIES];

/* What is wrong: a word for programs and a line for people. */
struct fault {
	const char *code; /* NULL: nothing */
	char text[256];
};

/* Notes what is wrong; returns -1. */
int fault_set(struct fault *f, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Reads the fields of an object: all of must, some of may, and "cmd", which isn't looked at.
 * Returns 0, or -1 with the fault told. */
int request_parse(const json_t *object, unsigned int must, unsigned int may, struct request *out,
		  struct fault *f);

#endif
