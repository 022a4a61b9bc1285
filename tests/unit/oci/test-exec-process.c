/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/exec-process.h"
#include "test.h"
#include "tmpdir.h"

static const char config[] =
                "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"terminal\":true,"
                "\"consoleSize\":{\"height\":1,\"width\":2},\"user\":{\"uid\":3,\"gid\":4,"
                "\"additionalGids\":[5]},"
                "\"args\":[\"sleep\"],\"env\":[\"PATH=/bin\",\"A=1\"],\"cwd\":\"/"
                "own\",\"noNewPrivileges\":true,"
                "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_KILL\"]},"
                "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}],\"apparmorProfile\":"
                "\"mine\"}}";

static char *words(const char *text) {
        return (char *) text;
}

static RuntimeSpec *specify(const ExecRequest *q) {
        _cleanup_failure_ Failure f = {};
        RuntimeSpec *s = NULL;

        if (exec_process_specify(q, config, strlen(config), &s, &f) < 0)
                fail_msg("%s", f.text);
        return s;
}

static void test_own(void **state) {
        char *command[] = { words("ls"), words("-l"), NULL };
        const ExecRequest q = { .command = command };
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = specify(&q);
        const RuntimeProcess *p = &s->process;

        assert_true(strv_equal(p->args, command));
        assert_false(p->terminal);
        assert_int_equal(p->console_width, 0);
        assert_int_equal(p->uid, 3);
        assert_int_equal(p->gid, 4);
        assert_int_equal(p->n_additional_gids, 1);
        assert_string_equal(p->cwd, "/own");
        assert_true(p->no_new_privileges);
        assert_string_equal(p->apparmor_profile, "mine");
        assert_int_equal(p->n_rlimits, 1);
}

static void test_changed(void **state) {
        char *command[] = { words("ls"), NULL }, *env[] = { words("A=2"), words("B=3"), NULL },
             *capabilities[] = { words("CAP_NET_RAW"), words("CAP_NONSENSE"), NULL },
             *gids[] = { words("100"), words("65534"), NULL };
        const ExecRequest q = { .command = command,
                                .cwd = "/tmp",
                                .user = "1000:1001",
                                .apparmor = "other",
                                .env = env,
                                .capabilities = capabilities,
                                .gids = gids,
                                .tty = true,
                                .set_no_new_privileges = true };
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = specify(&q);
        const RuntimeProcess *p = &s->process;

        assert_true(p->terminal);
        assert_false(p->no_new_privileges);
        assert_string_equal(p->cwd, "/tmp");
        assert_int_equal(p->uid, 1000);
        assert_int_equal(p->gid, 1001);
        assert_null(p->username);
        assert_int_equal(p->n_additional_gids, 3);
        assert_int_equal(p->additional_gids[2], 65534);
        assert_int_equal(strv_length(p->env), 3);
        assert_string_equal(strv_env_get(p->env, "A"), "2");
        assert_string_equal(strv_env_get(p->env, "B"), "3");
        assert_string_equal(p->apparmor_profile, "other");
        assert_int_equal(strv_length(p->capabilities[RUNTIME_CAPABILITY_BOUNDING]), 2);
        assert_true(strv_contains(p->capabilities[RUNTIME_CAPABILITY_EFFECTIVE], "CAP_NET_RAW"));
        assert_true(strv_contains(p->capabilities[RUNTIME_CAPABILITY_PERMITTED], "CAP_NET_RAW"));
        assert_int_equal(strv_length(p->capabilities[RUNTIME_CAPABILITY_INHERITABLE]), 1);
        assert_null(p->capabilities[RUNTIME_CAPABILITY_AMBIENT]);
}

static void test_user(void **state) {
        static const struct {
                const char *user, *name;
                uint32_t uid, gid;
        } good[] = { { "7", NULL, 7, 4 },
                     { "0:0", NULL, 0, 0 },
                     { "app", "app", 3, 4 },
                     { "7:wheel", "7:wheel", 3, 4 } };
        static const char *const bad[] = { "", ":", ":5", "7:" };
        char *command[] = { words("ls"), NULL };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                const ExecRequest q = { .command = command, .user = good[i].user };
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = specify(&q);

                assert_int_equal(s->process.uid, good[i].uid);
                assert_int_equal(s->process.gid, good[i].gid);
                assert_true(streq_ptr(s->process.username, good[i].name));
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                const ExecRequest q = { .command = command, .user = bad[i] };
                _cleanup_failure_ Failure f = {};
                RuntimeSpec *s = NULL;

                assert_true(exec_process_specify(&q, config, strlen(config), &s, &f) < 0);
                assert_null(s);
                assert_non_null(strstr(f.text, "--user"));
        }
}

static void test_bad_words(void **state) {
        char *command[] = { words("ls"), NULL }, *env[] = { words("A"), NULL },
             *nameless[] = { words("=A"), NULL }, *gids[] = { words("wheel"), NULL };
        const ExecRequest bad[] = {
                { .command = command, .cwd = "relative" },
                { .command = command, .env = env },
                { .command = command, .env = nameless },
                { .command = command, .gids = gids },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_failure_ Failure f = {};
                RuntimeSpec *s = NULL;

                assert_true(exec_process_specify(bad + i, config, strlen(config), &s, &f) < 0);
                assert_null(s);
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        }
}

static void test_object(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        char path[128];
        ExecRequest q = { .process = path };

        tmpdir_write(dir.fd, "p",
                     "{\"args\":[\"cat\"],\"cwd\":\"/\",\"user\":{\"uid\":9,\"gid\":8},\"env\":[\"B=2\"]}");
        (void) snprintf(path, sizeof(path), "%s/p", dir.path);
        s = specify(&q);
        assert_string_equal(s->process.args[0], "cat");
        assert_int_equal(s->process.uid, 9);
        assert_int_equal(s->process.n_additional_gids, 0);
        assert_int_equal(strv_length(s->process.env), 1);
        assert_false(s->process.terminal);
        /* as the specification's default says */
        assert_false(s->process.no_new_privileges);
        /* what it does not speak of is the container's */
        assert_string_equal(s->process.apparmor_profile, "mine");
        assert_int_equal(strv_length(s->process.capabilities[RUNTIME_CAPABILITY_BOUNDING]), 1);
        assert_string_equal(s->root_path, "rootfs");
        s = runtime_spec_free(s);
        q.tty = true;
        s = specify(&q);
        assert_true(s->process.terminal);
}

static void test_bad_object(void **state) {
        static const char *const bad[] = {
                "",
                "{",
                "[]",
                "7",
                "{}",
                "{\"args\":[\"x\"]}",
                "{\"cwd\":\"/\"}",
                "{\"args\":[],\"cwd\":\"/\"}",
                "{\"args\":[\"x\"],\"cwd\":\"tmp\"}",
                "{\"args\":\"x\",\"cwd\":\"/\"}",
                "{\"args\":[\"x\"],\"cwd\":\"/\",\"env\":[\"A\"]}",
                "{\"args\":[\"x\"],\"cwd\":\"/\",\"user\":{\"uid\":-1}}",
        };
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_free_ char *large = new0(char, RUNTIME_SPEC_BYTES_MAX + 2);
        char path[128];
        const ExecRequest q = { .process = path };

        (void) snprintf(path, sizeof(path), "%s/p", dir.path);
        memset(large, ' ', RUNTIME_SPEC_BYTES_MAX + 1);
        for (size_t i = 0; i <= ELEMENTSOF(bad) + 1; i++) {
                _cleanup_failure_ Failure f = {};
                RuntimeSpec *s = NULL;

                if (i <= ELEMENTSOF(bad))
                        tmpdir_write(dir.fd, "p", i < ELEMENTSOF(bad) ? bad[i] : large);
                else
                        assert_int_equal(unlinkat(dir.fd, "p", 0), 0);
                assert_true(exec_process_specify(&q, config, strlen(config), &s, &f) < 0);
                assert_null(s);
                assert_non_null(strstr(f.text, "--process"));
                assert_non_null(strstr(f.text, path));
        }
}

/* A container that was only ever created for others to be in it. */
static void test_no_process(void **state) {
        static const char bare[] = "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"}}";
        char *command[] = { words("ls"), NULL };
        const ExecRequest q = { .command = command };
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_free_ char *merged = NULL;
        _cleanup_failure_ Failure f = {};

        assert_true(exec_process_specify(&q, bare, strlen(bare), &s, &f) < 0);
        assert_non_null(strstr(f.text, "process"));
        assert_int_equal(exec_process_merge(bare, strlen(bare), "{\"cwd\":\"/\"}", 11, &merged, &f), 0);
        assert_non_null(strstr(merged, "\"process\":{\"cwd\":\"/\"}"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_own),        cmocka_unit_test(test_changed),
                cmocka_unit_test(test_user),       cmocka_unit_test(test_bad_words),
                cmocka_unit_test(test_object),     cmocka_unit_test(test_bad_object),
                cmocka_unit_test(test_no_process),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
