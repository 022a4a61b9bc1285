/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "basic/str.h"
#include "spec/signal-name.h"

#include "test.h"

static void test_signals(void **state) {
        static const struct {
                const char *text;
                int number;
        } rows[] = {
                { "SIGTERM", 15 },
                { "TERM", 15 },
                { "term", 15 },
                { "sigterm", 15 },
                { "15", 15 },
                { "1", 1 },
                { "64", 64 },
                { "SIGRTMIN", 34 },
                { "RTMIN+3", 37 },
                { "sigrtmin+3", 37 },
                { "RTMIN+30", 64 },
                { "SIGRTMAX", 64 },
                { "RTMAX-1", 63 },
                { "rtmax-30", 34 },
                { "IOT", SIGABRT },
                { "0", -EINVAL },
                { "65", -EINVAL },
                { "-1", -EINVAL },
                { "", -EINVAL },
                { "SIG", -EINVAL },
                { "SIGSIGTERM", -EINVAL },
                { "TERM ", -EINVAL },
                { "RTMIN+31", -EINVAL },
                { "RTMIN-1", -EINVAL },
                { "RTMIN+", -EINVAL },
                { "RTMIN3", -EINVAL },
                { "RTMAX-31", -EINVAL },
                { "RTMAX+1", -EINVAL },
                { "RTMIN+99999999999", -EINVAL },
                { "99999999999", -EINVAL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (signal_parse(rows[i].text) != rows[i].number)
                        fail_msg("%s gives %d", rows[i].text, signal_parse(rows[i].text));
        assert_int_equal(signal_parse(NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
