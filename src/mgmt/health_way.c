/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of a client's packet to a server, as the workers go it. */
#include <string.h>

#include "mgmt/apply.h"
#include "mgmt/health_impl.h"

/* As whom the handshake is made: an address that the server can answer to. */
static bool source_of(const struct probe_target *target, const struct model_backend *b,
		      struct addr *src)
{
	static const struct addr none;

	*src = addr_equal(&target->src, &none) ? b->reach->src : target->src;
	return !addr_equal(src, &none) && addr_is_v4(src) == addr_is_v4(&target->vip.addr);
}

const char *health_way(void *ctx, const struct probe_target *target, struct way *out)
{
	const struct health *h = ctx;
	const struct model_backend *b =
		model_backend_get(h->model, &target->vip, &target->server, target->vip.port);

	if (!b)
		return "the server isn't in the table";
	if (b->reach->state != REACH_OK)
		return "the server's MAC address isn't known";
	*out = (struct way){
		.ifindex = model_nic_ifindex(h->model, b->reach->nic),
		.vlan = b->reach->vlan,
		.tunnelled = b->conf.forward == FORWARD_TUNNEL,
		.tunnel = apply_tunnel(b),
	};
	if (!source_of(target, b, &out->src))
		return "no address of the virtual address' family to ask from; cure: bindto";
	memcpy(out->mac, b->reach->mac, sizeof(out->mac));
	return NULL;
}
