/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include "basic/str.h"
#include "spec/runtime-spec.h"

#include "test.h"

#define MINIMUM "\"args\":[\"x\"],\"cwd\":\"/\""

static void test_good(void **state) {
        static const char text[] =
                        "{" MINIMUM ",\"user\":{\"umask\":null},\"commandLine\":\"cmd\","
                        "\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2},"
                        "{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}],"
                        "\"selinuxLabel\":\"a:b\",\"apparmorProfile\":\"\","
                        "\"capabilities\":{\"bounding\":[\"CAP_UNKNOWN\"]},"
                        "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,\"flags\":"
                        "[\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_DL_OVERRUN\"],\"runtime\":1,"
                        "\"deadline\":2,"
                        "\"period\":3},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4},"
                        "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"1\"}}";
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};
        const RuntimeProcess *p;

        assert_int_equal(runtime_process_parse(text, strlen(text), &s, &failure), 0);
        p = &s->process;
        assert_int_equal(p->umask, 022);
        assert_null(p->username);
        assert_null(p->apparmor_profile);
        assert_string_equal(p->selinux_label, "a:b");
        assert_int_equal(p->n_rlimits, 2);
        assert_int_equal(p->rlimits[1].resource, RLIMIT_CORE);
        assert_string_equal(p->capabilities[RUNTIME_CAPABILITY_BOUNDING][0], "CAP_UNKNOWN");
        assert_true(p->scheduler.set && p->scheduler.policy == SCHED_DEADLINE && p->scheduler.nice == -5);
        assert_int_equal(p->scheduler.flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_DL_OVERRUN);
        assert_true(p->scheduler.runtime_nsec == 1 && p->scheduler.deadline_nsec == 2 &&
                    p->scheduler.period_nsec == 3);
        assert_true(p->io_priority.set && p->io_priority.class == IOPRIO_CLASS_BE &&
                    p->io_priority.priority == 4);
        assert_string_equal(p->exec_affinity_initial, "0-3,7");
        assert_string_equal(p->exec_affinity_final, "1");
}

static void test_bad(void **state) {
        static const char *const bad[][2] = {
                { "{\"args\":[\"x\"]}", "process.cwd" },
                { "{\"cwd\":\"/\"}", "process.args" },
                { "{\"cwd\":\"/\",\"args\":[]}", "process.args" },
                { "{" MINIMUM ",\"user\":{\"umask\":4096}}", "process.user.umask" },
                { "{" MINIMUM ",\"consoleSize\":{\"height\":-1}}", "process.consoleSize.height" },
                { "{" MINIMUM ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2},"
                  "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":2}]}",
                  "process.rlimits[1].type: RLIMIT_CPU is listed twice" },
                { "{" MINIMUM ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"hard\":2}]}",
                  "process.rlimits[0].soft" },
                { "{" MINIMUM ",\"capabilities\":[]}", "process.capabilities" },
                { "{" MINIMUM ",\"capabilities\":{\"ambient\":\"x\"}}", "process.capabilities.ambient" },
                { "{" MINIMUM ",\"scheduler\":{}}", "process.scheduler.policy" },
                { "{" MINIMUM ",\"scheduler\":{\"policy\":\"SCHED_X\"}}", "process.scheduler.policy" },
                { "{" MINIMUM ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}}",
                  "process.scheduler.nice" },
                { "{" MINIMUM ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}}",
                  "process.scheduler.priority" },
                { "{" MINIMUM ",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"runtime\":1}}",
                  "process.scheduler.policy" },
                { "{" MINIMUM ",\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}}",
                  "process.scheduler.flags" },
                { "{" MINIMUM ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_X\",\"priority\":1}}",
                  "process.ioPriority.class" },
                { "{" MINIMUM ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\"}}",
                  "process.ioPriority.priority" },
                { "{" MINIMUM ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}}",
                  "process.ioPriority.priority" },
                { "{" MINIMUM ",\"execCPUAffinity\":{\"initial\":\"a\"}}",
                  "process.execCPUAffinity.initial" },
                { "{" MINIMUM ",\"execCPUAffinity\":{\"final\":\"3-1\"}}", "process.execCPUAffinity.final" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                _cleanup_failure_ Failure failure = {};

                if (runtime_process_parse(bad[i][0], strlen(bad[i][0]), &s, &failure) >= 0)
                        fail_msg("%s passes", bad[i][0]);
                if (!strstr(failure.text, bad[i][1]))
                        fail_msg("\"%s\" does not name %s", failure.text, bad[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
