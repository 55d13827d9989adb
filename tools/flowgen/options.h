/* SPDX-License-Identifier: BSD-2-Clause */
/* flowgen's command line: one set of options, of which each verb knows its own. */
#ifndef FLOWGEN_OPTIONS_H
#define FLOWGEN_OPTIONS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>

#include "abi.h"
#include "base/addr.h"
#include "base/cpu.h"
#include "base/exit_code.h"

enum {
	OPTIONS_NICS = 16,
	OPTIONS_THREADS = 64,
};

enum verb {
	VERB_SEND = 1,
	VERB_SINK = 2,
	VERB_CEILING = 4,
};

enum engine_kind {
	ENGINE_AUTO, /* by rate */
	ENGINE_XDP,
	ENGINE_AFXDP,
};

struct options {
	bool json, skb;
	int n_nics;
	char nic[OPTIONS_NICS][IFNAMSIZ];
	double seconds;	 /* 0: no end */
	double interval; /* between a sink's reports; 0: only the last */
	unsigned long long count, seed;
	double rate;	     /* all threads together; 0: flat out */
	unsigned int burst;  /* frames that go together when paced; 0: 1 */
	unsigned int lag_ms; /* what may be caught up on */
	enum engine_kind engine;
	struct cpulist cpus, queues; /* n 0: not given */
	uint8_t dst_mac[6], src_mac[6];
	bool has_dst_mac, has_src_mac;
	struct addr vip, src; /* src: lowest of its prefix */
	__be16 port;
	unsigned int src_bits; /* prefix length; as written: 0..32 or 0..128 */
	bool has_src;
	enum frame_kind kind;
	unsigned int acks; /* behind a SYN; --new */
	unsigned int flows;
	enum frame_pick pick;
	double zipf;
	bool random_tuples;
	unsigned int size; /* with FCS; 0: IMIX */
	bool has_size;
	unsigned int stream;  /* number of the first thread's */
	unsigned int streams; /* that a sink keeps order and duplicates of */
	unsigned int servers; /* most destination MACs that a sink tells apart */
};

/* Reads argv[1..] for one verb. Returns EXIT_OK, or another code and one line in err. Main
 * thread. */
enum exit_code options_read(struct options *o, enum verb verb, int argc, char **argv, char *err,
			    size_t size);

/* Lists a verb's options. */
void options_usage(FILE *out, enum verb verb);

/* aa:bb:cc:dd:ee:ff. Returns 0 or -EINVAL. */
int options_mac(const char *text, uint8_t mac[6]);

#endif
