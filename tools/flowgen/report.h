/* SPDX-License-Identifier: BSD-2-Clause */
/* Results, for people and as JSON ("schema_version": 1, a line each). */
#ifndef FLOWGEN_REPORT_H
#define FLOWGEN_REPORT_H

#include <stdbool.h>

#include "options.h"
#include "send.h"
#include "sink.h"

/* All print on stdout and flush it. Main thread. */
void report_send(const struct options *o, const struct send_result *r);

/* final: the last one of this run. pps: in the time since the one before. */
void report_sink(const struct options *o, const struct sink_report *r, double pps, bool final);

/* What was sent, and what came through to a peer that drops everything. */
void report_ceiling(const struct options *o, const struct send_result *r,
		    const struct sink_report *peer);

#endif
