/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet grid: what a director must do with every kind of packet, as rows of recipes
 * (recipe_test.h). A row stands for many cases: for IPv4 and IPv6, without a VLAN tag, with one,
 * with a priority tag, with two. Who runs them (in memory, over a wire) is another's matter. */
#ifndef SHUNT_PATH_GRID_TEST_H
#define SHUNT_PATH_GRID_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"

/* The table that the rows are about. The virtual addresses are 192.168.1.222 and 2001:db8::80, each
 * with the services below; TCP, UDP and SCTP's are on that port. */
enum {
	GRID_PORT = 80,		    /* TCP, UDP, SCTP; protocol 47 without ports */
	GRID_PORT_EMPTY = 81,	    /* TCP, without servers */
	GRID_PORT_UNREACHABLE = 82, /* TCP, its server's MAC isn't known */
	GRID_SERVERS = 2,	    /* of each service on GRID_PORT */
};

enum grid_verdict {
	GRID_FORWARD, /* to a server, the flow's; counts its packets and tx */
	GRID_DROP,    /* counts drop[why]; the frame isn't changed */
	GRID_ANSWER,  /* out by the NIC it came in; counts answered */
	GRID_TELL,    /* likewise, an ICMP error; counts icmp_sent */
};

enum grid_family {
	GRID_4 = 1,
	GRID_6 = 2,
	GRID_BOTH = 3,
};

/* In a row's texts these words stand for a family's own:
 *   $ip      the client's IP header
 *   $vip     an IP header from the virtual address to the client
 *   $inner   the same, as it is quoted in an ICMP error
 *   $unreach $time $param $big $ask $reply   icmp: with type and code; $big: too big, 1400
 *   $error   the IP header of an error that a director sends in the virtual address's name
 *   $quote   as much of the packet as an error shows */
struct grid_row {
	enum grid_family family;
	enum grid_verdict verdict;
	enum drop why;
	const char *in;
	const char *out;   /* NULL: as it came in, to a server; else what goes out */
	const char *first; /* sent before, and forwarded: the packet must reach the same server */
	bool untagged;	   /* makes no sense with VLAN tags in front */
	bool kernel;	   /* over a wire, XDP gives it to the kernel: no worker sees it */
};

extern const struct grid_row grid_row[];
extern const uint32_t grid_rows;

enum {
	GRID_TEXT = 8192
};

struct grid_case {
	const struct grid_row *row;
	bool v4;
	char in[GRID_TEXT], out[GRID_TEXT], first[GRID_TEXT]; /* "": none */
};

/* The next case after that of row and variant (both 0 at first), which are advanced. False: there
 * are no more. */
bool grid_next(uint32_t *row, uint32_t *variant, struct grid_case *c);

#endif
