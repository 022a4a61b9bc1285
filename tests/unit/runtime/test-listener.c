/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "basic/fd.h"
#include "runtime/channel.h"
#include "runtime/listener.h"
#include "security/seccomp-filter.h"

#include "child.h"
#include "test.h"

#define REFUSE(number)                                     \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), \
                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* getppid() is left to the agent, and everything that takes a descriptor to another process, or waits for
 * one, kills. */
static struct sock_filter asking[] = {
        { .code = SECCOMP_FLAGS_CODE, .k = SECCOMP_FILTER_FLAG_NEW_LISTENER },
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        REFUSE(SYS_sendmsg),
        REFUSE(SYS_recvmsg),
        REFUSE(SYS_futex),
        REFUSE(SYS_read),
        REFUSE(SYS_close),
        REFUSE(SYS_sched_yield),
        REFUSE(SYS_munmap),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const struct sock_fprog program = { ELEMENTSOF(asking), asking };

static pid_t start(int *ret_channel, int *ret_child) {
        pid_t pid;

        assert_int_equal(channel_new(ret_channel, ret_child), 0);
        pid = fork();
        if (pid == 0) {
                (void) fd_close(*ret_channel);
                CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0);
                CHECK(listener_install(&program, *ret_child) == 0);
                /* The descriptor is not left behind, nor is a thread. */
                CHECK(syscall(SYS_getppid) == 4711);
                syscall(SYS_exit_group, 0);
        }
        *ret_child = fd_close(*ret_child);
        return pid;
}

static void answer(int listener) {
        struct seccomp_notif_resp response = {};
        struct seccomp_notif call = {};

        assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call), 0);
        assert_int_equal(call.data.nr, SYS_getppid);
        response.id = call.id;
        response.val = 4711;
        assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static void test_listener(void **state) {
        for (unsigned i = 0; i < 50; i++) {
                _cleanup_close_ int channel = -EBADF, child = -EBADF;
                Packet packet = {};
                pid_t pid = start(&channel, &child);
                int status;

                assert_int_equal(channel_recv(channel, &packet), 1);
                assert_int_equal(packet.type, PACKET_LISTENER);
                assert_int_equal(packet.n_fds, 1);
                assert_int_equal(channel_send_plain(channel, PACKET_LISTENED), 0);
                answer(packet.fds[0]);
                packet_done(&packet);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
        }
}

/* Nobody takes it: the process must not go on under a filter that nobody answers for. */
static void test_nobody(void **state) {
        for (unsigned late = 0; late < 2; late++) {
                _cleanup_close_ int channel = -EBADF, child = -EBADF;
                Packet packet = {};
                pid_t pid = start(&channel, &child);
                int status;

                if (late) {
                        assert_int_equal(channel_recv(channel, &packet), 1);
                        packet_done(&packet);
                }
                channel = fd_close(channel);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 125);
        }
}

/* Neither a thread nor a wait is left of a filter that cannot be loaded. */
static void install_bad(void) {
        struct sock_filter bad[] = { asking[0], BPF_STMT(BPF_RET | BPF_A, 0), BPF_STMT(0xfff0, 0) };
        const struct sock_fprog wrong = { ELEMENTSOF(bad), bad };

        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0);
        CHECK(listener_install(&wrong, -EBADF) == -EINVAL);
}

static void test_bad_filter(void **state) {
        assert_int_equal(run_isolated(install_bad), 0);
}

static void test_listens(void **state) {
        struct sock_filter plain = BPF_STMT(BPF_RET | BPF_K, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        struct sock_filter log = { .code = SECCOMP_FLAGS_CODE, .k = SECCOMP_FILTER_FLAG_LOG };

        assert_true(filter_listens(&program));
        assert_false(filter_listens(&(struct sock_fprog){ 1, &plain }));
        assert_false(filter_listens(&(struct sock_fprog){ 1, &log }));
        assert_false(filter_listens(&(struct sock_fprog){ 0, NULL }));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_listener),
                cmocka_unit_test(test_nobody),
                cmocka_unit_test(test_bad_filter),
                cmocka_unit_test(test_listens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
