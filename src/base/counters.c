/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/counters.h"

const struct drop_row drop_row[DROP_COUNT] = {
	[DROP_NONE] = {"none", "not dropped"},
	[DROP_SHORT] = {"short", "the frame ends inside its headers"},
	[DROP_BAD_IP] = {"bad_ip", "IP version, header length or total length is wrong"},
	[DROP_BAD_L4] = {"bad_l4", "TCP data offset or UDP length is wrong"},
	[DROP_NOT_L4] = {"not_l4", "neither TCP nor UDP"},
	[DROP_FRAGMENT] = {"fragment", "an IP fragment"},
	[DROP_TTL] = {"ttl", "time to live or hop limit was 1 or 0"},
	[DROP_NO_SERVICE] = {"no_service", "no service has this destination (any more)"},
	[DROP_NO_BACKEND] = {"no_backend", "the service has no server that can take a new flow"},
	[DROP_NO_NEIGHBOUR] = {"no_neighbour", "the MAC address of the flow's server isn't known"},
	[DROP_TX_FULL] = {"tx_full", "the transmit ring had no room"},
	[DROP_RESTART] = {"restart", "dropped by an engine that died before it could say why"},
};
