/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

/* One write per line, so that lines of holder and engine never mix. */
static void line(int priority, const char *fmt, va_list ap)
{
	char buf[1024];
	int n = 0;

	if (getenv("JOURNAL_STREAM"))
		n = snprintf(buf, sizeof(buf), "<%d>", priority);
	n += snprintf(buf + n, sizeof(buf) - (size_t)n, "shuntd: ");
	n += vsnprintf(buf + n, sizeof(buf) - (size_t)n, fmt, ap);
	if (n > (int)sizeof(buf) - 2)
		n = sizeof(buf) - 2;
	buf[n++] = '\n';
	if (write(STDERR_FILENO, buf, (size_t)n) < 0)
		return; /* nowhere to complain to */
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_ERR, fmt, ap);
	va_end(ap);
}

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_INFO, fmt, ap);
	va_end(ap);
}
