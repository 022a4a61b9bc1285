/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/hook.h"
#include "spec/json.h"

#include "child.h"
#include "test.h"

static const HookContext context = { .id = "box", .bundle = "/b", .stdout_fd = -EBADF, .stderr_fd = -EBADF };

static int run(const char *script, char **env, uint64_t timeout_usec, const HookContext *c,
               Failure *reterr) {
        char *args[] = { (char *) "name", (char *) "-c", (char *) script, NULL };
        RuntimeHook hook = { .path = (char *) "/bin/sh", .args = args, .env = env,
                             .timeout_usec = timeout_usec };
        RuntimeSpec spec = { .hooks[RUNTIME_HOOK_POSTSTART] = { &hook, 1 } };

        return hook_run(&spec, RUNTIME_HOOK_POSTSTART, c, "running", 42, reterr);
}

static void test_state(void **state) {
        char *pairs[] = { (char *) "a=1", (char *) "quote=\"\n", NULL };
        RuntimeSpec spec = { .annotations = pairs };
        _cleanup_free_ char *text = NULL, *bare = NULL;
        _cleanup_json_ json_object *o = NULL;
        const char *s = NULL;
        json_object *map;
        int64_t pid;

        assert_int_equal(hook_state(&spec, &context, "created", 42, &text), 0);
        assert_int_equal(json_parse(text, strlen(text), 4096, &o), 0);
        assert_int_equal(json_get_string(o, "ociVersion", &s), 0);
        assert_string_equal(s, "1.2.0");
        assert_int_equal(json_get_string(o, "id", &s), 0);
        assert_string_equal(s, "box");
        assert_int_equal(json_get_string(o, "status", &s), 0);
        assert_string_equal(s, "created");
        assert_int_equal(json_get_string(o, "bundle", &s), 0);
        assert_string_equal(s, "/b");
        assert_int_equal(json_get_i64(o, "pid", &pid), 0);
        assert_int_equal(pid, 42);
        assert_int_equal(json_get(o, "annotations", json_type_object, &map), 0);
        assert_int_equal(json_get_string(map, "quote", &s), 0);
        assert_string_equal(s, "\"\n");
        /* stopped: no process */
        spec.annotations = NULL;
        assert_int_equal(hook_state(&spec, &context, "stopped", 0, &bare), 0);
        assert_null(strstr(bare, "pid"));
}

/* The state on stdin, its own arguments and environment only, and no descriptor of ours. */
static void test_runs(void **state) {
        char *env[] = { (char *) "WHERE=here", NULL };
        _cleanup_close_ int open_fd = open("/", O_RDONLY), out = -EBADF; /* without O_CLOEXEC */
        _cleanup_free_ char *text = NULL;
        HookContext c = context;
        Failure failure = {};

        assert_true(open_fd >= 0);
        out = memfd_create("out", MFD_CLOEXEC);
        c.stdout_fd = out;
        assert_int_equal(run("cat; echo; echo $0 $WHERE $HOME; ls /proc/$$/fd | tr '\\n' ' '", env, 0, &c,
                             &failure),
                         0);
        assert_int_equal(fd_read_file(out, 4096, &text, NULL), 0);
        assert_non_null(strstr(text, "\"status\":\"running\""));
        assert_non_null(strstr(text, "\nname here\n"));
        assert_non_null(strstr(text, "\n0 1 2 "));
        assert_null(strstr(text, "0 1 2 3 4"));
}

static void test_fails(void **state) {
        static const struct {
                const char *script, *says;
        } cases[] = {
                { "echo one >&2; echo two >&2; exit 3",
                  "error running poststart hook #0: /bin/sh: exit status 3: two" },
                { "exit 1", "error running poststart hook #0: /bin/sh: exit status 1" },
                { "kill -TERM $$", "error running poststart hook #0: /bin/sh was ended by signal 15" },
                { "yes 0123456789 | head -c 300000 >&2; exit 2",
                  "error running poststart hook #0: /bin/sh: exit status 2: 0" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_failure_ Failure failure = {};

                assert_true(run(cases[i].script, NULL, 0, &context, &failure) < 0);
                assert_non_null(startswith(failure.text, cases[i].says));
        }
}

/* One that cannot be executed, without arguments; those behind it do not run. */
static void test_missing(void **state) {
        RuntimeHook hooks[] = { { .path = (char *) "/bin/true" }, { .path = (char *) "/no/such/hook" },
                                { .path = (char *) "/bin/true" } };
        RuntimeSpec spec = { .hooks[RUNTIME_HOOK_PRESTART] = { hooks, 3 } };
        _cleanup_failure_ Failure failure = {};

        assert_true(hook_run(&spec, RUNTIME_HOOK_PRESTART, &context, "creating", 42, &failure) < 0);
        assert_string_equal(failure.text, "error running prestart hook #1: /no/such/hook: exit status 127: "
                                          "No such file or directory");
        assert_int_equal(hook_run(&spec, RUNTIME_HOOK_POSTSTOP, &context, "stopped", 0, &failure), 0);
}

/* It hangs: it is killed with what it has started. What it leaves behind while it ends holds nobody up. */
static void test_timeout(void **state) {
        uint64_t before = clock_now_monotonic_usec();
        _cleanup_failure_ Failure failure = {};

        assert_true(run("sleep 1000 & wait", NULL, 200 * USEC_PER_MSEC, &context, &failure) < 0);
        assert_non_null(strstr(failure.text, "was killed"));
        assert_int_equal(run("(sleep 3; true) & exit 0", NULL, 0, &context, &failure), 0);
        assert_true(clock_now_monotonic_usec() - before < 2 * USEC_PER_SEC);
}

/* A state larger than any pipe, which nobody reads. */
static void test_large_state(void **state) {
        _cleanup_free_ char *large = malloc(512 * 1024);
        _cleanup_failure_ Failure failure = {};
        char *pairs[] = { large, NULL }, *args[] = { (char *) "sh", (char *) "-c", NULL, NULL };
        RuntimeHook hook = { .path = (char *) "/bin/sh", .args = args };
        RuntimeSpec spec = { .annotations = pairs, .hooks[RUNTIME_HOOK_POSTSTOP] = { &hook, 1 } };

        assert_non_null(large);
        memset(large, 'x', 512 * 1024 - 1);
        large[512 * 1024 - 1] = 0;
        large[1] = '=';
        args[2] = (char *) "exit 0";
        assert_int_equal(hook_run(&spec, RUNTIME_HOOK_POSTSTOP, &context, "stopped", 0, &failure), 0);
        args[2] = (char *) "[ $(wc -c) -gt 500000 ]";
        assert_int_equal(hook_run(&spec, RUNTIME_HOOK_POSTSTOP, &context, "stopped", 0, &failure), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_state),   cmocka_unit_test(test_runs),
                cmocka_unit_test(test_fails),   cmocka_unit_test(test_missing),
                cmocka_unit_test(test_timeout), cmocka_unit_test(test_large_state),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
