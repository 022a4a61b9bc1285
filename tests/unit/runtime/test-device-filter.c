/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/clock.h"
#include "runtime/cgroup-tree.h"
#include "runtime/cgroup.h"
#include "runtime/device-filter.h"

#include "test.h"

#define ALL \
        { true, 'a', -1, -1, true, true, true }
#define NONE \
        { false, 'a', -1, -1, true, true, true }

/* Runs the program as the kernel does: what it uses of BPF is little. */
static bool decide(const RuntimeDeviceRule *rules, size_t n_rules, int type, uint32_t major, uint32_t minor,
                   int access) {
        _cleanup_free_ struct bpf_insn *code = NULL;
        uint64_t r[6] = {};
        size_t n;

        assert_int_equal(device_filter_compile(rules, n_rules, &code, &n), 0);
        for (size_t i = 0; i < n; i++) {
                const struct bpf_insn *c = code + i;
                uint64_t imm = (uint64_t) (int64_t) c->imm;

                switch (c->code) {
                case BPF_LDX | BPF_MEM | BPF_W:
                        r[c->dst_reg] = c->off == 0   ? (uint64_t) (access << 16 | type)
                                        : c->off == 4 ? major
                                                      : minor;
                        break;
                case BPF_ALU64 | BPF_MOV | BPF_X:
                        r[c->dst_reg] = r[c->src_reg];
                        break;
                case BPF_ALU64 | BPF_MOV | BPF_K:
                        r[c->dst_reg] = imm;
                        break;
                case BPF_ALU64 | BPF_AND | BPF_K:
                        r[c->dst_reg] &= imm;
                        break;
                case BPF_ALU64 | BPF_RSH | BPF_K:
                        r[c->dst_reg] >>= imm;
                        break;
                case BPF_JMP | BPF_JNE | BPF_K:
                        i += r[c->dst_reg] != imm ? (size_t) c->off : 0;
                        break;
                case BPF_JMP | BPF_JSET | BPF_K:
                        i += r[c->dst_reg] & imm ? (size_t) c->off : 0;
                        break;
                case BPF_JMP | BPF_JA:
                        i += (size_t) c->off;
                        break;
                case BPF_JMP | BPF_EXIT:
                        return r[0];
                default:
                        fail();
                }
        }
        fail();
        return false;
}

#define CHAR BPF_DEVCG_DEV_CHAR
#define BLOCK BPF_DEVCG_DEV_BLOCK
#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define MK BPF_DEVCG_ACC_MKNOD

static void test_defaults(void **state) {
        const RuntimeDeviceRule none[] = { NONE };

        assert_true(decide(none, 1, CHAR, 1, 3, R | W));
        assert_true(decide(none, 1, CHAR, 136, 77, R | W));
        assert_true(decide(none, 1, BLOCK, 8, 0, MK));
        assert_false(decide(none, 1, BLOCK, 8, 0, R));
        assert_false(decide(none, 1, CHAR, 1, 1, R));
        assert_false(decide(NULL, 0, CHAR, 10, 229, R));
}

static void test_order(void **state) {
        const RuntimeDeviceRule rules[] = {
                NONE,
                { true, 'c', 10, -1, true, true, false },
                { false, 'c', 10, 229, false, true, false },
                { true, 'b', -1, 3, true, false, false },
        };
        const RuntimeDeviceRule open[] = { NONE, { true, 'c', 1, 1, true, true, true }, ALL };

        assert_true(decide(rules, 4, CHAR, 10, 1, R | W));
        assert_true(decide(rules, 4, CHAR, 10, 229, R));
        assert_false(decide(rules, 4, CHAR, 10, 229, R | W));
        assert_true(decide(rules, 4, BLOCK, 8, 3, R));
        assert_true(decide(rules, 4, BLOCK, 8, 3, R | MK)); /* from two rules */
        assert_false(decide(rules, 4, BLOCK, 8, 3, W));
        assert_true(decide(open, 3, BLOCK, 8, 3, R | W | MK));
        assert_true(device_filter_is_open(open, 3));
        assert_false(device_filter_is_open(rules, 4));
        assert_false(device_filter_is_open(NULL, 0));
}

static int open_in(int cgroup_fd, const char *path) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
                int fd;

                if (cgroup_attach(cgroup_fd, 0) < 0)
                        _exit(1);
                fd = open(path, O_RDONLY | O_CLOEXEC);
                _exit(fd < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WEXITSTATUS(status);
}

static void test_kernel(void **state) {
        const RuntimeDeviceRule none[] = { NONE }, some[] = { NONE, { true, 'c', 1, 11, true, true, true } },
                                all[] = { ALL };
        _cleanup_failure_ Failure f = {};
        _cleanup_close_ int fd = -EBADF;
        char path[64];
        bool made;

        (void) snprintf(path, sizeof(path), "/creel-test-devices-%d", getpid());
        assert_int_equal(cgroup_make(path, &fd, &made), 0);
        assert_int_equal(device_filter_apply(fd, none, 1, false, false, &f), 0);
        assert_int_equal(open_in(fd, "/dev/kmsg"), EPERM);
        assert_int_equal(open_in(fd, "/dev/null"), 0);
        assert_int_equal(device_filter_apply(fd, some, 2, true, false, &f), 0);
        assert_int_equal(open_in(fd, "/dev/kmsg"), 0);
        assert_int_equal(device_filter_apply(fd, none, 1, true, false, &f), 0);
        assert_int_equal(open_in(fd, "/dev/kmsg"), EPERM);
        assert_int_equal(device_filter_apply(fd, all, 1, true, false, &f), 0);
        assert_int_equal(open_in(fd, "/dev/kmsg"), 0);
        assert_int_equal(cgroup_remove(path, USEC_PER_SEC), 0);
        assert_true(device_filter_apply(STDIN_FILENO, none, 1, false, false, &f) < 0);
        assert_non_null(f.text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_kernel),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
