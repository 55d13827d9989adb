/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command line asks of shuntd. */
#include <arpa/inet.h>

#include "ipvs_parse.h"

static json_t *endpoint_json(const struct addr *a, __be16 port)
{
	char text[ADDR_TEXT];

	return json_pack("{s:s, s:i}", "address", addr_text(a, text), "port", ntohs(port));
}

/* What the command asks for: of -L, several things can be. */
static const char *request_name(const struct parse *p)
{
	if (p->call->format & IPVS_CONNECTIONS)
		return "connections";
	if (p->call->format & IPVS_TIMEOUTS)
		return "timeouts";
	return p->command->request;
}

static void describe_server(const struct parse *p, json_t *server)
{
	json_t *tunnel;

	json_object_set_new(server, "weight", json_integer(p->weight));
	if (p->upper)
		json_object_set_new(server, "upper", json_integer(p->upper));
	if (p->lower)
		json_object_set_new(server, "lower", json_integer(p->lower));
	json_object_set_new(server, "forward",
			    json_string(p->forward == IPVS_TUNNEL ? "tunnel" : "route"));
	if (p->forward != IPVS_TUNNEL)
		return;
	tunnel = json_pack("{s:s}", "type", p->tunnel->name);
	if (p->tunnel_port)
		json_object_set_new(tunnel, "port", json_integer(p->tunnel_port));
	if (p->tunnel->takes & opt_bit(OPT_TUN_CSUM))
		json_object_set_new(tunnel, "csum", json_boolean(given(p, OPT_TUN_CSUM)));
	json_object_set_new(server, "tunnel", tunnel);
}

static void describe_service(const struct parse *p, json_t *req)
{
	json_object_set_new(req, "scheduler", json_string(p->scheduler));
	if (given(p, OPT_OPS))
		json_array_append_new(p->flags, json_string("ops"));
	json_object_set(req, "flags", p->flags);
	if (!p->persistent)
		return;
	json_object_set_new(req, "persistent", json_integer(p->persistent));
	if (p->netmask)
		json_object_set_new(req, "netmask", json_integer(p->netmask));
}

/* Says in the control protocol what was understood. */
void ipvs_request(struct parse *p)
{
	json_t *req, *service, *server;

	if (!p->command->request)
		return;
	req = json_pack("{s:s}", "cmd", request_name(p));
	if (p->call->command == IPVS_SET)
		json_object_set_new(req, "timeouts",
				    json_pack("{s:I, s:I, s:I}", "tcp", (json_int_t)p->timeout[0],
					      "tcpfin", (json_int_t)p->timeout[1], "udp",
					      (json_int_t)p->timeout[2]));
	p->call->request = req;
	if (given(p, OPT_SERVICE)) {
		service = endpoint_json(&p->service, p->service_port);
		json_object_set_new(service, "proto", json_string(proto_text(p->proto)));
		json_object_set_new(req, "service", service);
	}
	if (given(p, OPT_SERVER)) {
		server = endpoint_json(&p->server, p->server_port);
		json_object_set_new(req, "server", server);
		if (p->command->carries == CARRIES_SERVER)
			describe_server(p, server);
	}
	if (p->command->carries == CARRIES_SERVICE)
		describe_service(p, req);
}
