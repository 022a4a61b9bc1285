/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"

static void assert_argv(Case *c, const char *expected) {
        _cleanup_strv_free_ char **argv = NULL;
        _cleanup_free_ char *joined = NULL;

        assert_int_equal(container_argv(c->record, c->config, &argv, NULL), 0);
        assert_int_equal(strv_join(argv, " ", &joined), 0);
        assert_string_equal(joined, expected);
}

static void test_argv(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Entrypoint\":[\"/e\",\"x\"],\"Cmd\":[\"c\"]");
        _cleanup_(case_done) Case empty = case_new("");
        _cleanup_failure_ Failure failure = {};
        char **argv;

        assert_argv(&c, "/e x c");
        set(&c, "command", "mine");
        assert_argv(&c, "/e x mine");
        /* an entrypoint of one's own drops the image's command, too */
        c.record->spec->command = strv_free(c.record->spec->command);
        set(&c, "entrypoint", "/other");
        assert_argv(&c, "/other");
        set(&c, "entrypoint", "");
        set(&c, "command", "bare");
        assert_argv(&c, "bare");

        set(&c, "entrypoint", "[\"\"]");
        assert_argv(&c, "bare");
        assert_true(container_argv(empty.record, empty.config, &argv, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
}

static void test_console_size(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_json_ json_object *without = compile(&c), *with = NULL;
        json_object *size;
        uint64_t n;

        assert_int_equal(json_get(at(without, "process", json_type_object), "consoleSize", json_type_object,
                                  &size),
                         -ENODATA);
        set(&c, "tty", NULL);
        with = compile(&c);
        size = at(at(with, "process", json_type_object), "consoleSize", json_type_object);
        assert_int_equal(json_get_u64(size, "height", &n), 0);
        assert_int_equal(n, 33);
        assert_int_equal(json_get_u64(size, "width", &n), 0);
        assert_int_equal(n, 111);
}

static char **env_of(Case *c) {
        _cleanup_json_ json_object *o = compile(c);
        char **env = NULL;

        assert_int_equal(json_get_strv(at(o, "process", json_type_object), "env", &env), 0);
        return env;
}

static void test_environment(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"],\"Env\":[\"A=image\",\"B=image\"]");
        _cleanup_strv_free_ char **plain = NULL, **unset = NULL, **none = NULL;

        /* the caller's, over that the image's, over that the user's */
        set(&c, "default-env", "A=caller");
        set(&c, "default-env", "C=caller");
        set(&c, "env", "D=user");
        set(&c, "env-merge", "E=${A}-${C}-${X}");
        plain = env_of(&c);
        assert_string_equal(strv_env_get(plain, "A"), "image");
        assert_string_equal(strv_env_get(plain, "C"), "caller");
        assert_string_equal(strv_env_get(plain, "D"), "user");
        assert_string_equal(strv_env_get(plain, "E"), "image-caller-");
        assert_non_null(strv_env_get(plain, "PATH"));
        assert_null(strv_env_get(plain, "TERM"));

        set(&c, "unsetenv", "A");
        set(&c, "unsetenv", "D");
        unset = env_of(&c);
        assert_null(strv_env_get(unset, "A"));
        assert_string_equal(strv_env_get(unset, "D"), "user");
        set(&c, "unsetenv-all", NULL);
        none = env_of(&c);
        assert_null(strv_env_get(none, "PATH"));
        assert_null(strv_env_get(none, "B"));
        assert_string_equal(strv_env_get(none, "D"), "user");
        assert_string_equal(strv_env_get(none, "container"), "creel");
}

static void test_attributes(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        _cleanup_strv_free_ char **argv = NULL, **groups = NULL;
        _cleanup_json_ json_object *o = NULL;
        json_object *process, *user, *limits;
        const char *s;
        uint64_t n;
        int64_t i;

        set(&c, "umask", "077");
        set(&c, "group-add", "wheel");
        set(&c, "ulimit", "nofile=1:2");
        set(&c, "ulimit", "core=0");
        set(&c, "ulimit", "nofile=3:unlimited");
        set(&c, "oom-score-adj", "-5");
        set(&c, "cpu-affinity", "0,2");
        set(&c, "personality", "LINUX32");
        set(&c, "init", NULL);
        set(&c, "annotation", "a=b");
        set(&c, "passwd-entry", "x");
        o = compile(&c);
        process = at(o, "process", json_type_object);
        user = at(process, "user", json_type_object);
        assert_int_equal(json_get_u64(user, "umask", &n), 0);
        assert_int_equal(n, 077);
        assert_int_equal(json_get_strv(user, "additionalGroups", &groups), 0);
        assert_string_equal(groups[0], "wheel");
        limits = at(process, "rlimits", json_type_array);
        assert_int_equal(json_object_array_length(limits), 2);
        assert_int_equal(json_get_i64(process, "oomScoreAdj", &i), 0);
        assert_int_equal(i, -5);
        assert_int_equal(json_get_string(process, "cpuAffinity", &s), 0);
        assert_string_equal(s, "0,2");
        assert_int_equal(json_get_string(at(at(o, "linux", json_type_object), "personality",
                                            json_type_object),
                                         "domain", &s),
                         0);
        assert_string_equal(s, "LINUX32");
        assert_int_equal(json_get_strv(process, "args", &argv), 0);
        assert_string_equal(argv[0], "/run/creel-init");
        assert_string_equal(argv[1], "--");
        assert_string_equal(argv[2], "c");
        assert_int_equal(json_get_string(at(o, "annotations", json_type_object), "a", &s), 0);
        assert_string_equal(s, "b");
        assert_int_equal(json_get_string(at(o, "creel", json_type_object), "passwdEntry", &s), 0);
        assert_string_equal(s, "x");
}

static void test_refused(void **state) {
        static const char *const rows[][6] = {
                { "passwd", "false", "passwd-entry", "x" },    { "passwd", "false", "group-entry", "x" },
                { "log-driver", "none", "log-opt", "tag=x" },  { "log-opt", "tag=x", "log-opt", "tag=y" },
                { "tty", NULL, "log-driver", "passthrough" },  { "init", NULL, "systemd", "always" },
                { "no-hosts", NULL, "add-host", "a:1.1.1.1" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
                const JobParameters start = JOB_PARAMETERS_DEFAULT;
                _cleanup_failure_ Failure failure = {};
                _cleanup_free_ char *text = NULL;

                for (size_t k = 0; k < 6 && rows[i][k]; k += 2)
                        set(&c, rows[i][k], rows[i][k + 1]);
                if (container_compile(&(const CompileInput){ .record = c.record,
                                                             .config = c.config,
                                                             .runtime_path = "/run/creel",
                                                             .start = &start },
                                      &text, &failure) >= 0)
                        fail_msg("%s passes", rows[i][0]);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
}

/* Descriptors and notifications of one start. */
static void test_start(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"c\"]");
        JobParameters start = JOB_PARAMETERS_DEFAULT;
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;

        start.fds.n_passed = start.fds.n_listen = 2;
        start.fds.notify = 5;
        memcpy(start.listen_names, "a:b", 4);
        assert_int_equal(container_compile(&(const CompileInput){ .record = c.record,
                                                                  .config = c.config,
                                                                  .runtime_path = "/run/creel",
                                                                  .start = &start },
                                           &text, NULL),
                         0);
        assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o), 0);
        assert_int_equal(json_get_strv(at(o, "process", json_type_object), "env", &env), 0);
        assert_string_equal(strv_env_get(env, "LISTEN_FDS"), "2");
        assert_string_equal(strv_env_get(env, "LISTEN_FDNAMES"), "a:b");
        assert_string_equal(strv_env_get(env, "NOTIFY_SOCKET"), "/run/host/notify");
        assert_string_equal(mount_type(o, "/run/host/notify"), "bind");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_environment), cmocka_unit_test(test_attributes),
                cmocka_unit_test(test_refused),     cmocka_unit_test(test_start),
                cmocka_unit_test(test_argv),        cmocka_unit_test(test_console_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
