/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/runtime-spec.h"

#include "test.h"

static const char full[] =
                "{\"ociVersion\":\"1.2.0\",\"unknown\":{\"x\":1},"
                "\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
                "\"user\":{\"uid\":1,\"gid\":2,\"umask\":63,\"username\":\"app:adm\",\"additionalGids\":[3,"
                "4]},"
                "\"args\":[\"/bin/sh\",\"-c\",\"true\"],\"env\":[\"A=b\",\"C=\"],\"cwd\":\"/w\","
                "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"ambient\":[]},"
                "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":10,\"hard\":18446744073709551615}],"
                "\"noNewPrivileges\":true,\"oomScoreAdj\":-5,\"apparmorProfile\":\"p\"},"
                "\"root\":{\"path\":\"/r\",\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\","
                "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
                "{\"destination\":\"/x\",\"type\":\"bind\",\"source\":\"/"
                "y\",\"options\":[\"rbind\",\"ro\"]}],"
                "\"annotations\":{\"k\":\"v\"},\"hooks\":{\"poststop\":[{\"path\":\"/h\",\"timeout\":1}]},"
                "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"network\","
                "\"path\":\"/"
                "run/ns\"},{\"type\":\"user\"}],"
                "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10}],\"gidMappings\":[{"
                "\"containerID\":0,"
                "\"hostID\":2000,\"size\":10}],"
                "\"devices\":[{\"path\":\"/dev/"
                "fuse\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":438,\"uid\":7}],"
                "\"sysctl\":{\"net.a\":\"1\"},\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/"
                "sys\"],"
                "\"rootfsPropagation\":\"rslave\",\"resources\":{\"memory\":{}}}}";

static void test_full(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(runtime_spec_parse(full, strlen(full), &s, &failure), 0);
        assert_true(s->process.terminal && s->process.no_new_privileges && s->process.oom_score_adj_set &&
                    s->root_readonly);
        assert_int_equal(s->process.console_width, 80);
        assert_int_equal(s->process.umask, 077);
        assert_string_equal(s->process.username, "app:adm");
        assert_int_equal(s->process.n_additional_gids, 2);
        assert_int_equal(s->process.additional_gids[1], 4);
        assert_int_equal(strv_length(s->process.args), 3);
        assert_string_equal(s->process.capabilities[RUNTIME_CAPABILITY_BOUNDING][0], "CAP_KILL");
        assert_null(s->process.capabilities[RUNTIME_CAPABILITY_EFFECTIVE]);
        assert_int_equal(s->process.rlimits[0].resource, RLIMIT_NOFILE);
        assert_true(s->process.rlimits[0].hard == UINT64_MAX);
        assert_int_equal(s->process.oom_score_adj, -5);
        assert_int_equal(s->n_mounts, 2);
        assert_true(s->mounts[1].options.recursive_bind);
        assert_null(s->mounts[1].type);
        assert_string_equal(s->namespaces[RUNTIME_NAMESPACE_NETWORK].path, "/run/ns");
        assert_false(s->namespaces[RUNTIME_NAMESPACE_MOUNT].wanted);
        assert_int_equal(s->gid_mappings[0].host_id, 2000);
        assert_int_equal(s->devices[0].type, S_IFCHR);
        assert_int_equal(s->devices[0].mode, 0666);
        assert_string_equal(s->sysctl[0], "net.a=1");
        assert_int_equal(s->rootfs_propagation, MS_SLAVE);
        assert_true(s->rootfs_propagation_recursive);
        assert_string_equal(s->annotations[0], "k=v");
        assert_int_equal(s->hooks[RUNTIME_HOOK_POSTSTOP].n, 1);
        assert_int_equal(s->hooks[RUNTIME_HOOK_PRESTART].n, 0);
}

static void test_defaults(void **state) {
        static const char text[] = "{\"ociVersion\":\"1.0.2\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\"}}";
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(runtime_spec_parse(text, strlen(text), &s, &failure), 0);
        assert_int_equal(s->process.umask, 022);
        assert_false(s->process.oom_score_adj_set);
}

#define PROCESS "\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"x\"],\"cwd\":\"/\""

static void test_refused(void **state) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "[]", "not a JSON object" },
                { "{", "not a JSON object" },
                { "{}", "ociVersion" },
                { "{\"ociVersion\":\"2.0\"}", "ociVersion" },
                { "{\"ociVersion\":\"2.0.0\"}", "unsupported spec version" },
                { "{\"ociVersion\":\"0.5.0-dev\"}", "unsupported spec version" },
                { "{\"ociVersion\":\"1.2\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.02.0\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0-\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0-a..b\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0-01\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0+\"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0 \"}", "ociVersion" },
                { "{\"ociVersion\":\"1.2.0\",\"process\":[]}", "process" },
                { "{" PROCESS "},\"domainname\":\"d\"}", "domainname" },
                { "{" PROCESS "},\"annotations\":{\"\":\"x\"}}", "annotations" },
                { "{" PROCESS "},\"annotations\":{\"x\":1}}", "annotations" },
                { "{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\"}}", "process.args" },
                { "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"\"],\"cwd\":\"/\"}}", "process.args" },
                { "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"x\"],\"cwd\":\"w\"}}", "process.cwd" },
                { "{" PROCESS ",\"env\":[\"=x\"]}}", "process.env" },
                { "{" PROCESS ",\"env\":\"x\"}}", "process.env" },
                { "{" PROCESS ",\"oomScoreAdj\":1001}}", "process.oomScoreAdj" },
                { "{" PROCESS ",\"user\":{\"uid\":-1}}}", "process.user.uid" },
                { "{" PROCESS ",\"user\":{\"uid\":4294967296}}}", "process.user.uid" },
                { "{" PROCESS ",\"user\":{\"additionalGids\":[\"x\"]}}}", "process.user.additionalGids" },
                { "{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]}}",
                  "process.rlimits[0].type" },
                { "{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]}}",
                  "process.rlimits[0].soft" },
                { "{" PROCESS "},\"hostname\":\"h\"}", "hostname" },
                { "{" PROCESS "},\"mounts\":[1]}", "mounts[0]" },
                { "{" PROCESS "},\"mounts\":[{\"destination\":\"\"}]}", "mounts[0].destination" },
                { "{" PROCESS "},\"mounts\":[{\"destination\":\"/x\"}]}", "mounts[0].type" },
                { "{" PROCESS "},\"mounts\":[{\"destination\":\"/x\",\"type\":\"bind\"}]}",
                  "mounts[0].source" },
                { "{" PROCESS "},\"linux\":{\"namespaces\":[{\"type\":\"moon\"}]}}",
                  "linux.namespaces[0].type" },
                { "{" PROCESS "},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}",
                  "linux.namespaces[1].type" },
                { "{" PROCESS "},\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]}}",
                  "linux.namespaces[0].path" },
                { "{" PROCESS "},\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"z\"}]}}",
                  "linux.devices[0].type" },
                { "{" PROCESS "},\"linux\":{\"resources\":{\"pids\":{\"limit\":\"x\"}}}}",
                  "linux.resources.pids.limit" },
                { "{" PROCESS "},\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}}", "hooks.prestart" },
                { "{" PROCESS "},\"linux\":{\"rootfsPropagation\":\"x\"}}", "linux.rootfsPropagation" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                _cleanup_failure_ Failure failure = {};

                assert_true(runtime_spec_parse(cases[i].text, strlen(cases[i].text), &s, &failure) < 0);
                assert_null(s);
                assert_int_equal(failure.kind, FAILURE_CONFIGURATION);
                if (!strstr(failure.text, cases[i].says))
                        fail_msg("\"%s\" does not name %s", failure.text, cases[i].says);
        }
}

static void test_versions(void **state) {
        static const char *const good[] = { "1.0.0", "1.2.1", "1.0.2-dev", "1.0.0-rc5-dev",
                                            "1.3.0-rc.1+build.01" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                _cleanup_failure_ Failure failure = {};
                char text[128];

                (void) snprintf(text, sizeof(text), "{\"ociVersion\":\"%s\"}", good[i]);
                assert_int_equal(runtime_spec_parse(text, strlen(text), &s, &failure), 0);
                assert_string_equal(s->oci_version, good[i]);
        }
}

static void test_complete(void **state) {
        static const struct {
                const char *text, *says;
        } cases[] = {
                { "{\"ociVersion\":\"1.2.0\"}", "root.path" },
                { "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"\"}}", "root.path" },
                { "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"maskedPaths\":[\"/"
                  "x\"]}}",
                  "linux.maskedPaths" },
                { "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"readonlyPaths\":[\"/"
                  "x\"]}}",
                  "linux.readonlyPaths" },
                { "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"}}", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
                _cleanup_failure_ Failure failure = {}, process = {};

                assert_int_equal(runtime_spec_parse(cases[i].text, strlen(cases[i].text), &s, &failure), 0);
                assert_int_equal(runtime_spec_check_container(s, &failure) < 0, !!cases[i].says);
                assert_true(!cases[i].says || strstr(failure.text, cases[i].says));
                assert_true(runtime_spec_check_process(s, &process) < 0);
                assert_non_null(strstr(process.text, "process"));
        }
}

static void test_bare_process(void **state) {
        static const char text[] = "{\"args\":[\"x\"],\"cwd\":\"/\",\"user\":{\"uid\":7}}";
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL, *none = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(runtime_process_parse(text, strlen(text), &s, &failure), 0);
        assert_int_equal(s->process.uid, 7);
        assert_int_equal(runtime_spec_check_process(s, &failure), 0);
        assert_true(runtime_process_parse("{\"args\":[]}", 11, &none, &failure) < 0);
        assert_non_null(strstr(failure.text, "process.cwd"));
}

static void test_too_large(void **state) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};

        assert_true(runtime_spec_parse(full, RUNTIME_SPEC_BYTES_MAX + 1, &s, &failure) < 0);
        assert_non_null(strstr(failure.text, "larger"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_complete),
                cmocka_unit_test(test_bare_process),
                cmocka_unit_test(test_too_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
