/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/str.h"
#include "security/capability.h"

#include "test.h"

static void test_names(void **state) {
        for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
                const char *name = capability_to_string(i);

                assert_non_null(name);
                assert_int_equal(capability_from_string(name), i);
                assert_int_equal(capability_from_string(name + 4), i);
        }
        assert_null(capability_to_string(64));
        assert_int_equal(capability_from_string("cap_net_admin"), CAP_NET_ADMIN);
        assert_int_equal(capability_from_string("net_admin"), CAP_NET_ADMIN);
        assert_int_equal(capability_from_string("CAP_"), -EINVAL);
        assert_int_equal(capability_from_string("CAP_CAP_KILL"), -EINVAL);
        assert_int_equal(capability_from_string(""), -EINVAL);
        assert_int_equal(capability_from_string(NULL), -EINVAL);
}

static void test_sets(void **state) {
        const char *good[] = { "CAP_KILL", "CAP_CHOWN", NULL }, *bad[] = { "CAP_KILL", "CAP_FUN", NULL },
                   *name = NULL;
        uint64_t set = 99;

        assert_int_equal(capability_set_parse((char *const *) good, &set, &name), 0);
        assert_int_equal(set, CAPABILITY_BIT(CAP_KILL) | CAPABILITY_BIT(CAP_CHOWN));
        assert_int_equal(capability_set_parse((char *const *) bad, &set, &name), -EINVAL);
        assert_string_equal(name, "CAP_FUN");
        assert_int_equal(capability_set_parse(NULL, &set, &name), 0);
        assert_int_equal(set, 0);
        assert_true(capability_last() >= CAP_CHECKPOINT_RESTORE);
        assert_true(capability_all() & CAPABILITY_BIT(CAP_KILL));
}

/* In a child, because there is no way back. */
static int drop_everything_but_kill(void) {
        uint64_t keep = CAPABILITY_BIT(CAP_KILL);

        if (capability_bound(keep) < 0 || capability_apply(keep, keep, keep) < 0 ||
            capability_apply_ambient(keep) < 0)
                return 1;
        if (prctl(PR_CAPBSET_READ, CAP_KILL) != 1 || prctl(PR_CAPBSET_READ, CAP_CHOWN) != 0)
                return 2;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0) != 1)
                return 3;
        return chown("/", 1, 1) < 0 && errno == EPERM ? 0 : 4;
}

static void test_drop(void **state) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
                _exit(drop_everything_but_kill());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_sets),
                cmocka_unit_test(test_drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
