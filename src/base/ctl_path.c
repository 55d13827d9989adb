/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ctl_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int ctl_path_stats(const char *ctl, char *out, size_t size)
{
	const char *slash = strrchr(ctl, '/'), *name = slash ? slash + 1 : ctl;
	int n;

	if (!strcmp(name, "ctl.sock"))
		n = snprintf(out, size, "%.*sstats.sock", (int)(name - ctl), ctl);
	else
		n = snprintf(out, size, "%s.stats", ctl);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
