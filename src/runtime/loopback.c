/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "basic/fd.h"
#include "runtime/loopback.h"

int loopback_up(void) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { .ifr_name = "lo" };

        if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return negative_errno();
        request.ifr_flags = (short) (request.ifr_flags | IFF_UP);
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? negative_errno() : 0;
}
