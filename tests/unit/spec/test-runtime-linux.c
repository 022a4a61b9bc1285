/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/personality.h>
#include <sys/stat.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/runtime-spec.h"

#include "test.h"

static int parse(const char *linux_part, RuntimeSpec **ret, Failure *reterr) {
        _cleanup_free_ char *text = NULL;

        assert_int_equal(string_format(&text, "{\"ociVersion\":\"1.2.0\",\"linux\":%s}", linux_part), 0);
        return runtime_spec_parse(text, strlen(text), ret, reterr);
}

static void test_good(void **state) {
        static const char text[] =
                        "{\"namespaces\":[{\"type\":\"time\"},{\"type\":\"user\",\"path\":\"\"}],"
                        "\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":7},\"boottime\":{}},"
                        "\"uidMappings\":[],\"cgroupsPath\":\"a.slice:b:c\",\"mountLabel\":\"l\","
                        "\"devices\":[{\"type\":\"u\",\"path\":\"/x/"
                        "y\",\"major\":1,\"minor\":2,\"fileMode\":8630},"
                        "{\"type\":\"p\",\"path\":\"/f\"},"
                        "{\"type\":\"c\",\"path\":\"/x/y\",\"major\":1,\"minor\":2}],"
                        "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/s\","
                        "\"listenerMetadata\":\"m\"},\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]},"
                        "\"intelRdt\":null,\"netDevices\":{},\"rootfsPropagation\":\"unbindable\"}";
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(parse(text, &s, &failure), 0);
        assert_null(s->namespaces[RUNTIME_NAMESPACE_USER].path);
        assert_true(s->monotonic.set && s->monotonic.seconds == -5 && s->monotonic.nanoseconds == 7);
        assert_true(s->boottime.set && s->boottime.seconds == 0);
        assert_string_equal(s->cgroups_path, "a.slice:b:c");
        assert_string_equal(s->mount_label, "l");
        assert_int_equal(s->n_devices, 2);
        assert_int_equal(s->devices[0].type, S_IFCHR);
        assert_int_equal(s->devices[0].mode, 0666);
        assert_int_equal(s->devices[1].type, S_IFIFO);
        assert_non_null(strstr(s->seccomp, "SCMP_ACT_ALLOW"));
        assert_string_equal(s->seccomp_listener_path, "/s");
        assert_string_equal(s->seccomp_listener_metadata, "m");
        assert_true(s->personality_set && s->personality == PER_LINUX32);
}

static void test_bad(void **state) {
        static const char *const bad[][2] = {
                { "[]", "linux" },
                { "{\"timeOffsets\":{\"monotonic\":{\"secs\":1}}}", "linux.timeOffsets" },
                { "{\"namespaces\":[{\"type\":\"time\",\"path\":\"/t\"}],\"timeOffsets\":{\"boottime\":{}}}",
                  "linux.timeOffsets" },
                { "{\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"realtime\":{}}}",
                  "linux.timeOffsets.realtime" },
                { "{\"namespaces\":[{\"type\":\"time\"}],\"timeOffsets\":{\"boottime\":{\"nanosecs\":"
                  "1000000000}}}",
                  "linux.timeOffsets.boottime.nanosecs" },
                { "{\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]}", "linux.uidMappings" },
                { "{\"namespaces\":[{\"type\":\"user\"}],\"uidMappings\":[{\"containerID\":0,\"hostID\":0,"
                  "\"size\":1}]}",
                  "linux.uidMappings" },
                { "{\"uidMappings\":[{\"containerID\":0,\"hostID\":-1,\"size\":1}]}", "linux.uidMappings" },
                { "{\"gidMappings\":{}}", "linux.gidMappings" },
                { "{\"devices\":[{\"type\":\"c\",\"path\":\"x\",\"major\":1,\"minor\":1}]}",
                  "linux.devices[0].path" },
                { "{\"devices\":[{\"type\":\"c\",\"major\":1,\"minor\":1}]}", "linux.devices[0].path" },
                { "{\"devices\":[{\"type\":\"c\",\"path\":\"/x\",\"minor\":1}]}", "linux.devices[0].major" },
                { "{\"devices\":[{\"type\":\"b\",\"path\":\"/x\",\"major\":1,\"minor\":-1}]}",
                  "linux.devices[0].minor" },
                { "{\"devices\":[{\"type\":\"cc\",\"path\":\"/x\"}]}", "linux.devices[0].type" },
                { "{\"devices\":[{\"type\":\"p\",\"path\":\"/x\"},{\"type\":\"c\",\"path\":\"/"
                  "x\",\"major\":1,"
                  "\"minor\":1}]}",
                  "linux.devices[1].path" },
                { "{\"seccomp\":{\"listenerMetadata\":\"m\"}}", "linux.seccomp.listenerMetadata" },
                { "{\"personality\":{\"domain\":\"BSD\"}}", "linux.personality.domain" },
                { "{\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}}", "linux.personality.flags" },
                { "{\"maskedPaths\":[\"proc\"]}", "linux.maskedPaths" },
                { "{\"readonlyPaths\":[\"\"]}", "linux.readonlyPaths" },
                { "{\"intelRdt\":{\"closID\":\"x\"}}", "linux.intelRdt" },
                { "{\"intelRdt\":1}", "linux.intelRdt" },
                { "{\"netDevices\":{\"eth0\":{}}}", "linux.netDevices" },
                { "{\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}}", "linux.memoryPolicy" },
                { "{\"sysctl\":{\"a\":1}}", "linux.sysctl" },
                { "{\"cgroupsPath\":1}", "linux.cgroupsPath" },
                { "{\"rootfsPropagation\":\"rrslave\"}", "linux.rootfsPropagation" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                _cleanup_failure_ Failure failure = {};

                if (parse(bad[i][0], &s, &failure) >= 0)
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
