/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/ask.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include "base/advert.h"

int ask_open(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* with protocol 0 it only sends */
}

void ask(int fd, int ifindex, const uint8_t own[6], const struct addr *target,
	 const struct addr *src)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	uint8_t frame[ADVERT_MAX];
	uint32_t len;

	if (fd < 0 || addr_is_v4(target) != addr_is_v4(src))
		return;
	len = advert_ask(target, src, own, frame);
	if (sendto(fd, frame, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return;
}
