/* SPDX-License-Identifier: BSD-2-Clause */
/* The table by which frames pick flows of Zipf popularity: flow k (from 0) is taken in proportion
 * to (k + 1)^-s. */
#ifndef FLOWGEN_ZIPF_H
#define FLOWGEN_ZIPF_H

#include "abi.h"

/* Fills the table for flows 0..flows-1. Flows of one log-linear bucket (3 % of their rank) are
 * alike in it. Returns how many slots are in use. Main thread. */
__u32 zipf_fill(struct zipf_slot table[ZIPF_SLOTS], __u32 flows, double s);

#endif
