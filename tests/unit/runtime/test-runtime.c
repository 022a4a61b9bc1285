/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/runtime.h"

#include "child.h"
#include "test.h"

#define BUSYBOX "/usr/bin/busybox" /* statically linked */

static void make_root(void) {
        _cleanup_close_ int from = open(BUSYBOX, O_RDONLY | O_CLOEXEC), to = -EBADF;
        struct stat st;

        CHECK(from >= 0 && fstat(from, &st) >= 0);
        CHECK(mkdir("bin", 0755) >= 0);
        to = open("bin/sh", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK(to >= 0 && sendfile(to, from, NULL, (size_t) st.st_size) == st.st_size);
}

static RuntimeSpec *parse(const char *command) {
        _cleanup_failure_ Failure failure = {};
        RuntimeSpec *s = NULL;
        char text[2048];

        (void) snprintf(text, sizeof(text),
                        "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"/bin/"
                        "sh\",\"-c\",\"%s\"],\"cwd\":\"/"
                        "\"},\"hostname\":\"box\","
                        "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}],"
                        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":"
                        "\"uts\"},{"
                        "\"type\":\"ipc\"}]}}",
                        command);
        CHECK(runtime_spec_parse(text, strlen(text), &s, &failure) >= 0);
        return s;
}

static RuntimeOptions options(void) {
        return (RuntimeOptions) {
                .root = { .directory_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) },
                .stdio = { -EBADF, -EBADF, -EBADF },
                .seccomp_fd = -EBADF, .cgroup_fd = -EBADF, .start_fd = -EBADF, .result_fd = -EBADF,
        };
}

static void runs(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o;
        siginfo_t info = {};

        make_root();
        s = parse("exit 23");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_pid(rt) > 1 && runtime_pidfd(rt) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) >= 0);
        CHECK(runtime_take_terminal(rt) < 0);
        CHECK(waitid(P_PIDFD, (id_t) runtime_pidfd(rt), &info, WEXITED) >= 0);
        CHECK(info.si_code == CLD_EXITED && info.si_status == 23);
}

static void fails(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o;

        s = parse("true");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) < 0);
        CHECK(failure.kind == FAILURE_COMMAND_NOT_FOUND && strstr(failure.text, "/bin/sh"));
}

/* Freed before its launch: nothing of it is left. */
static void given_up(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};
        Runtime *rt = NULL;
        RuntimeOptions o;

        s = parse("true");
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(!runtime_free(rt));
        CHECK(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}

static void needs_mount_namespace(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_failure_ Failure failure = {};
        Runtime *rt = NULL;
        RuntimeOptions o;

        s = parse("true");
        s->namespaces[RUNTIME_NAMESPACE_MOUNT].wanted = false;
        o = options();
        CHECK(runtime_prepare(s, &o, &rt, &failure) < 0 && failure.kind == FAILURE_CONFIGURATION);
}

/* config.md: a capability that nobody knows is warned of; in a document of our own it is an error. */
static void unknown_capability(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o = options();

        make_root();
        s = parse("true");
        CHECK(strv_extend(&s->process.capabilities[RUNTIME_CAPABILITY_BOUNDING], "CAP_EVERYTHING") >= 0);
        CHECK(runtime_prepare(s, &o, &rt, &failure) < 0 && strstr(failure.text, "CAP_EVERYTHING"));
        o.root.as_is = true;
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0 && runtime_launch(rt, -EBADF, &failure) >= 0);
        CHECK(waitid(P_PIDFD, (id_t) runtime_pidfd(rt), &(siginfo_t){}, WEXITED) >= 0);
}

/* Nothing that this process has open leads to the host's programs. */
static void executes_no_host_program(void) {
        char path[64];

        make_root();
        for (int fd = 3; fd < 40; fd++) {
                _cleanup_(runtime_spec_freep) RuntimeSpec *s = parse("true");
                _cleanup_(runtime_freep) Runtime *rt = NULL;
                _cleanup_failure_ Failure failure = {};
                RuntimeOptions o = options();

                (void) snprintf(path, sizeof(path), "/proc/self/fd/%d/.." BUSYBOX, fd);
                free(s->process.args[0]);
                s->process.args[0] = strdup(path);
                CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
                CHECK(runtime_launch(rt, -EBADF, &failure) < 0);
                CHECK(failure.kind == FAILURE_COMMAND_NOT_FOUND);
                (void) close(o.root.directory_fd);
        }
}

typedef struct Gate {
        int start[2], result[2];
} Gate;

static Gate make_gate(RuntimeOptions *o) {
        Gate g;

        CHECK(pipe2(g.start, O_CLOEXEC) >= 0 && pipe2(g.result, O_CLOEXEC) >= 0);
        o->start_fd = g.start[0];
        o->result_fd = g.result[1];
        return g;
}

static ssize_t let_go(Gate *g, char *text, size_t size) {
        ssize_t n;

        (void) close(g->result[1]);
        CHECK(write(g->start[1], "s", 1) == 1);
        n = fd_read_full(g->result[0], text, size - 1);
        CHECK(n >= 0);
        text[n] = 0;
        return n;
}

static bool has_ended(Runtime *rt) {
        struct pollfd p = { .fd = runtime_pidfd(rt), .events = POLLIN };

        return poll(&p, 1, 0) > 0;
}

static void create(RuntimeSpec *s, RuntimeOptions *o, Runtime **ret) {
        _cleanup_failure_ Failure failure = {};

        CHECK(runtime_prepare(s, o, ret, &failure) >= 0);
        CHECK(runtime_launch(*ret, -EBADF, &failure) >= 0);
}

/* Created, nothing executes; started, it does. */
static void starts(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        RuntimeOptions o = options();
        siginfo_t info = {};
        char text[256];
        Gate g;

        make_root();
        s = parse("exit 23");
        g = make_gate(&o);
        create(s, &o, &rt);
        CHECK(!has_ended(rt));
        CHECK(let_go(&g, text, sizeof(text)) == 0);
        CHECK(waitid(P_PIDFD, (id_t) runtime_pidfd(rt), &info, WEXITED) >= 0 && info.si_status == 23);
}

/* What the kernel alone can tell is told to who starts it. */
static void start_fails(void) {
        _cleanup_close_ int script = -EBADF;
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        RuntimeOptions o = options();
        char text[256];
        Gate g;

        CHECK(mkdir("bin", 0755) >= 0);
        script = open("bin/sh", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        CHECK(fd_write_all(script, "#!/nothing\n", 11) >= 0);
        script = fd_close(script);
        s = parse("true");
        g = make_gate(&o);
        create(s, &o, &rt);
        CHECK(let_go(&g, text, sizeof(text)) > 0);
        CHECK(startswith(text, "CommandNotFound cannot run") && strstr(text, "interpreter"));
}

/* A program that is not there fails before the wait. */
static void create_fails(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o = options();

        s = parse("true");
        (void) make_gate(&o);
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) < 0);
        CHECK(failure.kind == FAILURE_COMMAND_NOT_FOUND);
}

static int on_created(Runtime *rt, void *userdata, Failure *reterr) {
        int *calls = userdata;

        CHECK(runtime_pid(rt) > 1 && !has_ended(rt));
        (*calls)++;
        return *calls > 1 ? failure_set(reterr, FAILURE_SYSTEM, "no more") : 0;
}

static void calls_created(void) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL, *other = NULL;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o = options();
        int calls = 0;

        make_root();
        s = parse("true");
        o.created = on_created;
        o.userdata = &calls;
        create(s, &o, &rt);
        CHECK(calls == 1);
        CHECK(runtime_prepare(s, &o, &other, &failure) >= 0);
        CHECK(runtime_launch(other, -EBADF, &failure) < 0 && strcmp(failure.text, "no more") == 0);
}

/* Hooks in the container's namespaces: the first kind still sees the host's files, the second the
 * container's. */
static void runs_hooks(void) {
        static const char *const host[] = { "sh", "-c", "cat > /mnt/state; [ ! -e /proc/self/fd/9 ]", NULL };
        static const char *const inside[] = { "sh", "-c", "read x; echo $x > /late; exit $CODE", NULL };
        static const char *const env[] = { "CODE=9", NULL };
        RuntimeHook hook = { .path = (char *) "/bin/sh", .args = (char **) host },
                    late = { .path = (char *) "/bin/sh", .args = (char **) inside, .env = (char **) env };
        HookContext context = { .id = "box", .bundle = "/b", .stdout_fd = -EBADF, .stderr_fd = -EBADF };
        _cleanup_(runtime_spec_freep) RuntimeSpec *s = NULL;
        _cleanup_(runtime_freep) Runtime *rt = NULL;
        _cleanup_free_ char *text = NULL, *late_text = NULL;
        _cleanup_close_ int state = -EBADF, late_state = -EBADF;
        _cleanup_failure_ Failure failure = {};
        RuntimeOptions o = options();

        make_root();
        s = parse("true");
        s->hooks[RUNTIME_HOOK_CREATE_CONTAINER] = (RuntimeHooks){ &hook, 1 };
        s->hooks[RUNTIME_HOOK_START_CONTAINER] = (RuntimeHooks){ &late, 1 };
        CHECK(runtime_prepare(s, &o, &rt, &failure) < 0);
        o.hooks = &context;
        CHECK(dup3(o.root.directory_fd, 9, 0) == 9);
        CHECK(runtime_prepare(s, &o, &rt, &failure) >= 0);
        CHECK(runtime_launch(rt, -EBADF, &failure) < 0);
        CHECK(strstr(failure.text, "startContainer hook #0: /bin/sh: exit status 9"));
        state = open("/mnt/state", O_RDONLY | O_CLOEXEC);
        CHECK(fd_read_file(state, 4096, &text, NULL) >= 0);
        CHECK(strstr(text, "\"creating\"") && strstr(text, "\"box\"") && strstr(text, "\"pid\""));
        late_state = open("/mnt/late", O_RDONLY | O_CLOEXEC);
        CHECK(fd_read_file(late_state, 4096, &late_text, NULL) >= 0);
        CHECK(strstr(late_text, "\"created\""));
        s->hooks[RUNTIME_HOOK_CREATE_CONTAINER] = s->hooks[RUNTIME_HOOK_START_CONTAINER] = (RuntimeHooks){};
}

#define ISOLATED(name)                                              \
        static void test_##name(void **state) {                     \
                assert_int_equal(run_isolated(name), 0);            \
        }
ISOLATED(runs)
ISOLATED(fails)
ISOLATED(given_up)
ISOLATED(needs_mount_namespace)
ISOLATED(starts)
ISOLATED(unknown_capability)
ISOLATED(executes_no_host_program)
ISOLATED(start_fails)
ISOLATED(create_fails)
ISOLATED(calls_created)
ISOLATED(runs_hooks)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_runs),
                cmocka_unit_test(test_fails),
                cmocka_unit_test(test_given_up),
                cmocka_unit_test(test_needs_mount_namespace),
                cmocka_unit_test(test_starts),
                cmocka_unit_test(test_unknown_capability),
                cmocka_unit_test(test_executes_no_host_program),
                cmocka_unit_test(test_start_fails),
                cmocka_unit_test(test_create_fails),
                cmocka_unit_test(test_calls_created),
                cmocka_unit_test(test_runs_hooks),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
