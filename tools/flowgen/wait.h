/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting in the main thread, which takes the signals that end flowgen. */
#ifndef FLOWGEN_WAIT_H
#define FLOWGEN_WAIT_H

#include <stdbool.h>

/* Blocks SIGINT and SIGTERM in the caller and the threads it will start. */
void wait_block_signals(void);

/* Makes SIGUSR1 a signal that does nothing but interrupt a system call. */
void wait_use_interrupts(void);

/* Waits for one of them, at most so long. true: it came. */
bool wait_signal(unsigned int milliseconds);

#endif
