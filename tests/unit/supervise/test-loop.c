/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "supervise/loop.h"

#include "test.h"

/* The host's own tree as the root of a payload that only exits. */
static const char spec_text[] =
                "{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"sh\",\"-c\",\"exit 17\"],\"cwd\":\"/\"},"
                "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}]}}";

static Supervisor supervisor;

static void launch(Supervisor *s) {
        _cleanup_close_ int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        RuntimeOptions options = { .root.directory_fd = root,
                                   .stdio = { -EBADF, -EBADF, -EBADF },
                                   .seccomp_fd = -EBADF,
                                   .cgroup_fd = -EBADF,
                                   .start_fd = -EBADF,
                                   .result_fd = -EBADF };
        _cleanup_failure_ Failure failure = {};

        assert_int_equal(runtime_spec_parse(spec_text, strlen(spec_text), &s->start.spec, &failure), 0);
        assert_int_equal(runtime_prepare(s->start.spec, &options, &s->runtime, &failure), 0);
        assert_int_equal(runtime_launch(s->runtime, -EBADF, &failure), 0);
        s->has_pid_namespace = true;
}

static void test_exit(void **state) {
        _cleanup_(message_freep) Message *started = NULL, *exited = NULL;
        char directory[] = "/tmp/test-loop-XXXXXX";
        _cleanup_free_ char *record = NULL;
        _cleanup_close_ int fd = -EBADF;
        uint64_t status = 0;
        int sockets[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
        assert_non_null(mkdtemp(directory));
        supervisor_init(&supervisor, sockets[1]);
        fd = supervisor.start.runtime_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        launch(&supervisor);

        assert_int_equal(loop_send_started(&supervisor, sockets[1]), 0);
        assert_int_equal(loop_run(&supervisor), 0);
        assert_int_equal(message_recv(sockets[0], &started), 1);
        assert_int_equal(message_type(started), MESSAGE_SUPERVISE_STARTED);
        assert_int_equal(message_recv(sockets[0], &exited), 1);
        assert_int_equal(message_type(exited), MESSAGE_SUPERVISE_EXITED);
        assert_int_equal(message_get_u64(exited, FIELD_STATUS, &status), 0);
        assert_int_equal(status, 17);
        assert_int_equal(file_read(fd, "exit", 4096, &record, NULL), 0);
        assert_non_null(strstr(record, "\"status\":17,"));

        assert_int_equal(unlinkat(fd, "exit", 0), 0);
        assert_int_equal(rmdir(directory), 0);
        (void) TAKE_FD(fd);
        supervisor_done(&supervisor);
        (void) close(sockets[0]);
}

/* A client that is stopped, or means ill: it costs nobody but itself the exit status. */
static void test_full_session(void **state) {
        char directory[] = "/tmp/test-loop-XXXXXX";
        _cleanup_close_ int fd = -EBADF;
        int peers[2], session[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peers), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, session), 0);
        while (send(session[1], directory, sizeof(directory), MSG_DONTWAIT) >= 0)
                ;
        assert_non_null(mkdtemp(directory));
        supervisor_init(&supervisor, peers[1]);
        fd = supervisor.start.runtime_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        supervisor.start.session_fd = session[1];
        launch(&supervisor);

        (void) alarm(60);
        assert_int_equal(loop_run(&supervisor), 0);
        (void) alarm(0);
        assert_int_equal(supervisor.record.status, 17);

        assert_int_equal(unlinkat(fd, "exit", 0), 0);
        assert_int_equal(rmdir(directory), 0);
        (void) TAKE_FD(fd);
        supervisor_done(&supervisor);
        (void) close(peers[0]);
        (void) close(session[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exit),
                cmocka_unit_test(test_full_session),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
