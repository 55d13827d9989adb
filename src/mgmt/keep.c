/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/keep.h"

#include <errno.h>

#include "mgmt/reach.h"

/* A router's entry may be kept for other servers too: they hear of this, and ask for it again. */
void keep_release(struct nl *nl, struct watched *w)
{
	struct nl_neigh e;

	if (w->ours && nl_neigh_get(nl, w->ifindex, &w->via, &e) == 0 && reach_neigh_ours(&e))
		nl_neigh_set(nl, reach_neigh_valid(&e) ? NEIGH_UNMANAGE : NEIGH_DELETE, w->ifindex,
			     &w->via);
	w->ifindex = 0;
	w->ours = w->use = false;
}

int keep_entry(struct nl *nl, struct watched *w, struct nl_neigh *e)
{
	int err = nl_neigh_get(nl, w->ifindex, &w->via, e);

	if (err && err != -ENOENT)
		return err;
	w->ours = !err && reach_neigh_ours(e);
	if (w->ours || (!err && reach_neigh_foreign(e))) {
		w->use = false;
		return 0;
	}
	err = nl_neigh_set(nl, NEIGH_MANAGE, w->ifindex, &w->via);
	w->use = err == -EINVAL || err == -EOPNOTSUPP || err == -ERANGE;
	if (w->use)
		err = nl_neigh_set(nl, NEIGH_USE, w->ifindex, &w->via);
	if (err)
		return err;
	err = nl_neigh_get(nl, w->ifindex, &w->via, e);
	if (err)
		return err;
	w->ours = reach_neigh_ours(e);
	w->use = !w->ours;
	return 0;
}
