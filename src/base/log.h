/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages for people, on stderr. Never called by a worker. */
#ifndef SHUNT_BASE_LOG_H
#define SHUNT_BASE_LOG_H

/* One line each, printf-like, without a newline. Any thread but a worker may call them.
 * Under systemd ($JOURNAL_STREAM) each line carries its <priority>. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
