/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/announce.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/advert.h"
#include "base/log.h"

/* With protocol 0 the socket sends, and receives nothing. */
static int send_frame(int ifindex, const uint8_t *frame, uint32_t len)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (sendto(fd, frame, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	close(fd);
	return err;
}

void announce(const struct dataplane *dp, const uint8_t (*macs)[6], const struct addr *vip)
{
	uint8_t frame[ADVERT_MAX];
	char text[ADDR_TEXT];
	int err;

	for (uint32_t i = 0; i < dp->n_nics; i++) {
		if (!dp->nic[i].owner)
			continue;
		err = send_frame(dp->nic[i].ifindex, frame, advert_announce(vip, macs[i], frame));
		if (err && err != -ENETDOWN)
			log_warn("%s: %s isn't announced: %s", dp->nic[i].name,
				 addr_text(vip, text), strerror(-err));
	}
}
