/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/announce.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/advert.h"
#include "base/log.h"

int announce_open(const struct dataplane *dp)
{
	int fd = -1;

	for (uint32_t i = 0; i < dp->n_nics; i++) {
		const struct packet_mreq join = {.mr_ifindex = dp->nic[i].ifindex,
						 .mr_type = PACKET_MR_ALLMULTI};

		if (!dp->nic[i].owner)
			continue;
		if (fd < 0) /* with protocol 0 it sends, and receives nothing */
			fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		if (fd < 0) {
			log_error("addresses can't be announced: %s", strerror(errno));
			return -1;
		}
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &join, sizeof(join)))
			log_warn("%s: doesn't receive all multicast: %s", dp->nic[i].name,
				 strerror(errno));
	}
	return fd;
}

static int send_frame(int fd, int ifindex, const uint8_t *frame, uint32_t len)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};

	if (sendto(fd, frame, len, MSG_DONTWAIT, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

void announce(int fd, const struct dataplane *dp, const uint8_t (*macs)[6], const struct addr *vip)
{
	uint8_t frame[ADVERT_MAX];
	char text[ADDR_TEXT];
	int err;

	for (uint32_t i = 0; fd >= 0 && i < dp->n_nics; i++) {
		if (!dp->nic[i].owner)
			continue;
		err = send_frame(fd, dp->nic[i].ifindex, frame,
				 advert_announce(vip, macs[i], frame));
		if (err && err != -ENETDOWN)
			log_warn("%s: %s isn't announced: %s", dp->nic[i].name,
				 addr_text(vip, text), strerror(-err));
	}
}
