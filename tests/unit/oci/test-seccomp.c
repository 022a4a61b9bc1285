/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/str.h"
#include "oci/seccomp.h"
#include "security/seccomp-cache.h"
#include "spec/json.h"
#include "tmpdir.h"

#include "test.h"

static char text[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";

/* As another user than root has it; the tests may be root. */
static void use_cache(const TmpDir *d) {
        char path[128];

        assert_int_equal(fchmodat(AT_FDCWD, d->path, 0777, 0), 0);
        if (geteuid() == 0)
                assert_int_equal(seteuid(65534), 0);
        (void) snprintf(path, sizeof(path), "%s/cache", d->path);
        assert_int_equal(setenv("XDG_CACHE_HOME", path, 1), 0);
}

static void leave_cache(void) {
        (void) seteuid(0);
        (void) unsetenv("XDG_CACHE_HOME");
}

static void test_cache_directory(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_close_ int fd = -EBADF;
        char path[128];
        struct stat st;

        use_cache(&d);
        assert_int_equal(oci_seccomp_open_cache(&fd), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        fd = fd_close(fd);

        /* Whatever others could have written in is not believed. */
        (void) snprintf(path, sizeof(path), "%s/cache/creel-oci/seccomp", d.path);
        assert_int_equal(chmod(path, 0777), 0);
        assert_int_equal(oci_seccomp_open_cache(&fd), -EPERM);
        assert_int_equal(chmod(path, 0700), 0);
        if (seteuid(0) >= 0) {
                assert_int_equal(chown(path, 1, 1), 0);
                assert_int_equal(seteuid(65534), 0);
                assert_true(oci_seccomp_open_cache(&fd) < 0);
                assert_int_equal(seteuid(0), 0);
        }
        leave_cache();
        assert_int_equal(fd, -EBADF);
}

static void test_link_is_no_cache(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        char path[128];
        int fd = -EBADF;

        use_cache(&d);
        (void) snprintf(path, sizeof(path), "%s/cache", d.path);
        assert_int_equal(mkdir(path, 0700), 0);
        (void) snprintf(path, sizeof(path), "%s/cache/creel-oci", d.path);
        assert_int_equal(mkdir(path, 0700), 0);
        (void) snprintf(path, sizeof(path), "%s/cache/creel-oci/seccomp", d.path);
        assert_int_equal(symlink("/tmp", path), 0);
        assert_true(oci_seccomp_open_cache(&fd) < 0);
        leave_cache();
        assert_int_equal(fd, -EBADF);
}

/* Puts a filter with these flags into the cache. */
static void store(uint32_t flags) {
        const struct sock_filter filter[] = {
                { .code = SECCOMP_FLAGS_CODE, .k = flags },
                { .code = BPF_RET | BPF_K, .k = SECCOMP_RET_ALLOW },
        };
        const SeccompSource source = { .json = text, .n_bytes = strlen(text), .document = true };
        _cleanup_close_ int dirfd = -EBADF, fd = -EBADF;

        assert_int_equal(fd_new_sealed("filter", filter, sizeof(filter), &fd), 0);
        assert_int_equal(oci_seccomp_open_cache(&dirfd), 0);
        assert_int_equal(seccomp_cache_store(dirfd, &source, fd), 0);
}

static void test_hit(void **state) {
        _cleanup_(oci_seccomp_done) OciSeccomp s = OCI_SECCOMP_NONE;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        RuntimeSpec spec = {};
        int fd = 0;

        assert_int_equal(oci_seccomp_begin(&spec, &s, NULL), 0);
        assert_int_equal(oci_seccomp_finish(&s, &fd, NULL), 0);
        assert_int_equal(fd, -EBADF);

        use_cache(&d);
        store(SECCOMP_FILTER_FLAG_LOG);
        spec.seccomp = text;
        assert_int_equal(oci_seccomp_begin(&spec, &s, NULL), 0);
        assert_null(s.assist);
        assert_int_equal(oci_seccomp_finish(&s, &fd, NULL), 0);
        assert_true(fd >= 0 && s.agent_fd < 0);
        leave_cache();
}

static void finish_badly(RuntimeSpec *spec, const char *names) {
        _cleanup_(oci_seccomp_done) OciSeccomp s = OCI_SECCOMP_NONE;
        _cleanup_failure_ Failure f = {};
        int fd = -EBADF;

        assert_int_equal(oci_seccomp_begin(spec, &s, NULL), 0);
        assert_true(oci_seccomp_finish(&s, &fd, &f) < 0);
        if (!strstr(f.text, names))
                fail_msg("%s", f.text);
        assert_int_equal(fd, -EBADF);
}

static void test_bad_agents(void **state) {
        static char relative[] = "@agent", absent[] = "/no/agent/here";
        static char longest[256];
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        RuntimeSpec spec = { .seccomp = text };

        use_cache(&d);
        store(SECCOMP_FILTER_FLAG_NEW_LISTENER);
        finish_badly(&spec, "needs \"listenerPath\"");
        spec.seccomp_listener_path = relative;
        finish_badly(&spec, "absolute");
        memset(longest, '/', sizeof(longest) - 1);
        spec.seccomp_listener_path = longest;
        finish_badly(&spec, "at most 107 bytes");
        spec.seccomp_listener_path = absent;
        finish_badly(&spec, "failed to connect with seccomp agent at /no/agent/here");
        leave_cache();
}

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path) + 1);
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 1), 0);
        return fd;
}

/* Exactly one state, with the descriptor, and then the end. */
static void test_tell(void **state) {
        _cleanup_(oci_seccomp_done) OciSeccomp s = OCI_SECCOMP_NONE;
        _cleanup_close_ int listening = -EBADF, agent = -EBADF, got = -EBADF;
        static char metadata[] = "a \"word\"";
        _cleanup_json_ json_object *container = NULL, *o = NULL;
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        char path[128], bytes[4096], control[CMSG_SPACE(sizeof(int))];
        struct iovec iov = { bytes, sizeof(bytes) };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
        };
        RuntimeSpec spec = { .seccomp = text,
                             .seccomp_listener_path = path,
                             .seccomp_listener_metadata = metadata };
        struct stat sent, received;
        ssize_t n;
        int fd;

        use_cache(&d);
        store(SECCOMP_FILTER_FLAG_NEW_LISTENER);
        (void) snprintf(path, sizeof(path), "%s/agent", d.path);
        listening = listen_at(path);
        assert_int_equal(oci_seccomp_begin(&spec, &s, NULL), 0);
        assert_int_equal(oci_seccomp_finish(&s, &fd, NULL), 0);
        leave_cache();
        agent = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        container = json_tokener_parse(
                        "{\"ociVersion\": \"1.0.2\", \"id\": \"x\", \"status\": \"creating\"}");
        assert_int_equal(oci_seccomp_tell(&s, container, 42, fd, NULL), 0);

        n = recvmsg(agent, &mh, MSG_CMSG_CLOEXEC);
        assert_true(n > 0 && CMSG_FIRSTHDR(&mh));
        memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(got));
        assert_int_equal(fstat(fd, &sent) | fstat(got, &received), 0);
        assert_int_equal(sent.st_ino, received.st_ino);
        assert_int_equal(json_parse(bytes, (size_t) n, sizeof(bytes), &o), 0);
        assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
                            "{\"ociVersion\":\"1.0.2\",\"fds\":[\"seccompFd\"],\"pid\":42,\"metadata\":\"a "
                            "\\\"word\\\"\",\"state\":{\"ociVersion\":\"1.0.2\",\"id\":\"x\",\"status\":"
                            "\"creating\"}}");
        assert_int_equal(read(agent, bytes, sizeof(bytes)), 0);

        /* An agent that went away. */
        s.agent_fd = fcntl(agent, F_DUPFD_CLOEXEC, 3);
        assert_int_equal(shutdown(s.agent_fd, SHUT_RDWR), 0);
        assert_true(oci_seccomp_tell(&s, container, 42, fd, NULL) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cache_directory),
                cmocka_unit_test(test_link_is_no_cache),
                cmocka_unit_test(test_hit),
                cmocka_unit_test(test_bad_agents),
                cmocka_unit_test(test_tell),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
