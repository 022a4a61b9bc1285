/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "compile-fixture.h"
#include "engine/exec.h"

static json_object *compile_exec(Case *c, const ExecParameters *p) {
        JobParameters start = JOB_PARAMETERS_DEFAULT;
        _cleanup_free_ char *text = NULL;
        json_object *o = NULL;

        start.console_rows = 33;
        start.console_columns = 111;
        assert_int_equal(container_compile_exec(&(const CompileInput){ .record = c->record,
                                                                       .config = c->config,
                                                                       .runtime_path = "/run/creel",
                                                                       .start = &start },
                                                p, &text, NULL),
                         0);
        assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o), 0);
        return o;
}

static const char *string_at(json_object *o, const char *key) {
        const char *s = NULL;

        assert_int_equal(json_get_string(o, key, &s), 0);
        return s;
}

/* What is not said is the container's own. */
static void test_plain(void **state) {
        char *const argv[] = { (char *) "ls", (char *) "-l", NULL };
        _cleanup_(case_done) Case c = case_new(
                        "\"Cmd\":[\"web\"],\"Env\":[\"A=1\"],\"WorkingDir\":\"/srv\",\"User\":\"app\"");
        _cleanup_json_ json_object *own = compile(&c), *o = NULL;
        _cleanup_strv_free_ char **args = NULL, **env = NULL;
        json_object *process, *capabilities;
        bool terminal = true;

        o = compile_exec(&c, &(const ExecParameters){ .argv = argv });
        process = at(o, "process", json_type_object);
        assert_int_equal(json_get_strv(process, "args", &args), 0);
        assert_true(strv_equal(args, argv));
        assert_int_equal(json_get_strv(process, "env", &env), 0);
        assert_string_equal(strv_env_get(env, "A"), "1");
        assert_non_null(strv_env_get(env, "PATH"));
        assert_string_equal(string_at(process, "cwd"), "/srv");
        assert_string_equal(string_at(at(process, "user", json_type_object), "username"), "app");
        assert_int_equal(json_get_boolean(process, "terminal", &terminal), 0);
        assert_false(terminal);
        capabilities = at(process, "capabilities", json_type_object);
        assert_true(json_object_equal(capabilities, at(at(own, "process", json_type_object), "capabilities",
                                                       json_type_object)));
        assert_false(json_object_object_get_ex(o, "mounts", NULL));
}

static void test_options(void **state) {
        char *const argv[] = { (char *) "sh", NULL }, *const env_added[] = { (char *) "A=2",
                                                                             (char *) "NOTIFY_SOCKET=/mine",
                                                                             NULL };
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"web\"],\"Env\":[\"A=1\",\"LISTEN_FDS=3\"]");
        _cleanup_strv_free_ char **env = NULL, **bounding = NULL;
        _cleanup_json_ json_object *o = NULL;
        json_object *process, *size;
        uint64_t n = 0;

        o = compile_exec(&c, &(const ExecParameters){ .argv = argv,
                                                      .env = env_added,
                                                      .user = "1000:100",
                                                      .workdir = "/tmp",
                                                      .tty = true,
                                                      .privileged = true,
                                                      .console_rows = 24,
                                                      .console_columns = 80 });
        process = at(o, "process", json_type_object);
        assert_int_equal(json_get_strv(process, "env", &env), 0);
        assert_string_equal(strv_env_get(env, "A"), "2");
        assert_string_equal(strv_env_get(env, "TERM"), "xterm");
        assert_string_equal(strv_env_get(env, "NOTIFY_SOCKET"), "/mine");
        assert_null(strv_env_get(env, "LISTEN_FDS"));
        assert_string_equal(string_at(process, "cwd"), "/tmp");
        assert_string_equal(string_at(at(process, "user", json_type_object), "username"), "1000:100");
        size = at(process, "consoleSize", json_type_object);
        assert_int_equal(json_get_u64(size, "height", &n), 0);
        assert_int_equal(n, 24);
        assert_int_equal(json_get_strv(at(process, "capabilities", json_type_object), "bounding", &bounding),
                         0);
        assert_true(strv_contains(bounding, "CAP_SYS_ADMIN"));
}

static void test_shell(void **state) {
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"web\"]");
        _cleanup_strv_free_ char **args = NULL;
        _cleanup_json_ json_object *o = NULL;

        o = compile_exec(&c, &(const ExecParameters){ .shell = true });
        assert_int_equal(json_get_strv(at(o, "process", json_type_object), "args", &args), 0);
        assert_string_equal(args[0], "/bin/sh");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plain),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_shell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
