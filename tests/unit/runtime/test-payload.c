/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "runtime/channel.h"
#include "runtime/payload.h"

#include "test.h"

static pid_t start(Payload *p, int *ret_channel) {
        int child;
        pid_t pid;

        assert_int_equal(channel_new(ret_channel, &child), 0);
        pid = fork();
        if (pid == 0) {
                *ret_channel = fd_close(*ret_channel);
                p->channel = child;
                if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
                        _exit(1);
                payload_run(p);
        }
        (void) close(child);
        return pid;
}

/* A step that fails is named, and nothing comes after it. */
static void test_step_fails(void **state) {
        _cleanup_close_ int channel = -EBADF;
        RuntimeSpec s = {};
        Payload p = { .spec = &s };
        Packet packet = {};
        pid_t pid;
        int status;

        pid = start(&p, &channel);
        assert_int_equal(channel_send_plain(channel, PACKET_MAPPED), 0);
        assert_int_equal(channel_recv(channel, &packet), 1);
        assert_int_equal(packet.type, PACKET_FAILED);
        assert_int_equal(packet.kind, FAILURE_SYSTEM);
        assert_non_null(strstr(packet.text, "leave the host's mounts"));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 125);
}

static void test_parent_dies(void **state) {
        int channel = -EBADF, status;
        RuntimeSpec s = {};
        Payload p = { .spec = &s };
        pid_t pid;

        pid = start(&p, &channel);
        (void) close(channel);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 125);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_step_fails),
                cmocka_unit_test(test_parent_dies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
