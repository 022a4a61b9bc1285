/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "basic/fd.h"
#include "runtime/loopback.h"

#include "test.h"

static bool is_up(void) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = { .ifr_name = "lo" };

        assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
        return request.ifr_flags & IFF_UP;
}

static void test_up(void **state) {
        assert_int_equal(unshare(CLONE_NEWNET), 0);
        assert_false(is_up());
        assert_int_equal(loopback_up(), 0);
        assert_true(is_up());
        /* again is no error */
        assert_int_equal(loopback_up(), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
