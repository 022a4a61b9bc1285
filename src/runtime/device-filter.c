/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "runtime/device-filter.h"

#define PROGRAM_NAME "creel_devices" /* how ours are told from others, systemd's for instance */
#define PROGRAMS_MAX 64
#define ATTEMPTS_MAX 16u
#define INSTRUCTIONS_A_RULE 7u

#define ACCESS_ALL (BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD)

static const RuntimeDeviceRule defaults[] = {
        { .allow = true, .type = 'c', .major = -1, .minor = -1, .mknod = true },
        { .allow = true, .type = 'b', .major = -1, .minor = -1, .mknod = true },
        { true, 'c', 1, 3, true, true, true },    /* null */
        { true, 'c', 1, 5, true, true, true },    /* zero */
        { true, 'c', 1, 7, true, true, true },    /* full */
        { true, 'c', 1, 8, true, true, true },    /* random */
        { true, 'c', 1, 9, true, true, true },    /* urandom */
        { true, 'c', 5, 0, true, true, true },    /* tty */
        { true, 'c', 5, 1, true, true, true },    /* console */
        { true, 'c', 5, 2, true, true, true },    /* ptmx */
        { true, 'c', 136, -1, true, true, true }, /* pts/N */
};

typedef struct Code {
        struct bpf_insn *instructions;
        size_t n;
} Code;

static void emit(Code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm) {
        c->instructions[c->n++] = (struct bpf_insn){
                .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm
        };
}

static int access_of(const RuntimeDeviceRule *r) {
        return (r->read ? BPF_DEVCG_ACC_READ : 0) | (r->write ? BPF_DEVCG_ACC_WRITE : 0) |
               (r->mknod ? BPF_DEVCG_ACC_MKNOD : 0);
}

static bool covers_all(const RuntimeDeviceRule *r) {
        return r->type == 'a' && r->major < 0 && r->minor < 0 && access_of(r) == ACCESS_ALL;
}

/* r2: the kinds of access that nothing is decided about yet; r3: the type; r4, r5: the numbers. A rule that
 * does not fit is jumped over. */
static void emit_rule(Code *c, const RuntimeDeviceRule *r) {
        int access = access_of(r);
        size_t jumps[3], n_jumps = 0;

        if (r->type != 'a') {
                jumps[n_jumps++] = c->n;
                emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 0,
                     r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
        }
        if (r->major >= 0) {
                jumps[n_jumps++] = c->n;
                emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, 0, (int32_t) r->major);
        }
        if (r->minor >= 0) {
                jumps[n_jumps++] = c->n;
                emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 0, (int32_t) r->minor);
        }
        if (r->allow) { /* what it allows is decided; it is over when nothing is left */
                emit(c, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, ~access);
                emit(c, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, 2, 0);
        } else { /* it is over when any of it is asked for */
                emit(c, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_2, 0, 1, access);
                emit(c, BPF_JMP | BPF_JA, 0, 0, 2, 0);
        }
        emit(c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, r->allow);
        emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        for (size_t i = 0; i < n_jumps; i++)
                c->instructions[jumps[i]].off = (int16_t) (c->n - jumps[i] - 1);
}

int device_filter_compile(const RuntimeDeviceRule *rules, size_t n_rules, struct bpf_insn **ret,
                          size_t *ret_n) {
        Code c = {};

        c.instructions = new (struct bpf_insn, 8 + (n_rules + ELEMENTSOF(defaults)) * INSTRUCTIONS_A_RULE);
        if (!c.instructions)
                return -ENOMEM;
        emit(&c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
             offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
        emit(&c, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
        emit(&c, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, 0xffff);
        emit(&c, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_2, 0, 0, 16);
        emit(&c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major),
             0);
        emit(&c, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor),
             0);
        for (size_t i = ELEMENTSOF(defaults); i-- > 0;)
                emit_rule(&c, defaults + i);
        for (size_t i = n_rules; i-- > 0;) {
                emit_rule(&c, rules + i);
                if (covers_all(rules + i))
                        break; /* what stands before has no say */
        }
        emit(&c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0);
        emit(&c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
        *ret = c.instructions;
        *ret_n = c.n;
        return 0;
}

bool device_filter_is_open(const RuntimeDeviceRule *rules, size_t n_rules) {
        for (size_t i = n_rules; i-- > 0;) {
                if (!rules[i].allow)
                        return false;
                if (covers_all(rules + i))
                        return true;
        }
        return false;
}

static int bpf(int command, union bpf_attr *attr, size_t size) {
        int r = (int) syscall(SYS_bpf, command, attr, size);

        return r < 0 ? negative_errno() : r;
}

static int load(const RuntimeDeviceRule *rules, size_t n_rules, int *ret_fd) {
        static const char license[] = "LGPL", name[BPF_OBJ_NAME_LEN] = PROGRAM_NAME;
        _cleanup_free_ struct bpf_insn *instructions = NULL;
        unsigned n_attempts = 0;
        union bpf_attr attr = {};
        size_t n;
        int r;

        r = device_filter_compile(rules, n_rules, &instructions, &n);
        if (r < 0)
                return r;
        attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
        attr.insns = (uintptr_t) instructions;
        attr.insn_cnt = (uint32_t) n;
        attr.license = (uintptr_t) license;
        memcpy(attr.prog_name, name, sizeof(name));
        /* The verifier gives up when a signal arrives, such as that of a child which has ended. */
        do
                r = bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
        while (r == -EAGAIN && n_attempts++ < ATTEMPTS_MAX);
        if (r < 0)
                return r;
        *ret_fd = r;
        return 0;
}

/* Opens the program @id if it is one of ours. 0: it is not, or is gone. */
static int open_ours(uint32_t id, int *ret_fd) {
        struct bpf_prog_info info = {};
        union bpf_attr attr = { .prog_id = id };
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr));
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        attr = (union bpf_attr){};
        attr.info.bpf_fd = (uint32_t) fd;
        attr.info.info = (uintptr_t) &info;
        attr.info.info_len = sizeof(info);
        r = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
        if (r < 0 || strncmp(info.name, PROGRAM_NAME, sizeof(info.name)) != 0)
                return MIN(r, 0);
        *ret_fd = TAKE_FD(fd);
        return 1;
}

/* 0: the cgroup has none of ours. */
static int find_ours(int cgroup_fd, int *ret_fd) {
        uint32_t ids[PROGRAMS_MAX];
        union bpf_attr attr = {};
        int r;

        attr.query.target_fd = (uint32_t) cgroup_fd;
        attr.query.attach_type = BPF_CGROUP_DEVICE;
        attr.query.prog_cnt = PROGRAMS_MAX;
        attr.query.prog_ids = (uintptr_t) ids;
        r = bpf(BPF_PROG_QUERY, &attr, sizeof(attr));
        for (uint32_t i = 0; r == 0 && i < attr.query.prog_cnt; i++)
                r = open_ours(ids[i], ret_fd);
        return r;
}

static int attach(int cgroup_fd, int program_fd, int old_fd) {
        union bpf_attr attr = {};

        attr.target_fd = (uint32_t) cgroup_fd;
        attr.attach_bpf_fd = (uint32_t) program_fd;
        attr.attach_type = BPF_CGROUP_DEVICE;
        attr.attach_flags = BPF_F_ALLOW_MULTI | (old_fd >= 0 ? BPF_F_REPLACE : 0);
        if (old_fd >= 0)
                attr.replace_bpf_fd = (uint32_t) old_fd;
        return bpf(BPF_PROG_ATTACH, &attr, sizeof(attr));
}

static int detach(int cgroup_fd, int program_fd) {
        union bpf_attr attr = {};

        attr.target_fd = (uint32_t) cgroup_fd;
        attr.attach_bpf_fd = (uint32_t) program_fd;
        attr.attach_type = BPF_CGROUP_DEVICE;
        return bpf(BPF_PROG_DETACH, &attr, sizeof(attr));
}

int device_filter_apply(int fd, const RuntimeDeviceRule *rules, size_t n_rules, bool replace, bool lenient,
                        Failure *reterr) {
        _cleanup_close_ int program = -EBADF, old = -EBADF;
        bool open = device_filter_is_open(rules, n_rules);
        int r;

        if (open && !replace)
                return 0;
        r = replace ? find_ours(fd, &old) : 0;
        if (r >= 0 && open && old >= 0)
                r = detach(fd, old);
        else if (r >= 0 && !open) {
                r = load(rules, n_rules, &program);
                if (r >= 0)
                        r = attach(fd, program, old);
        }
        if (lenient && (r == -EPERM || r == -EACCES))
                return 0;
        return r < 0 ? failure_set_errno(reterr, FAILURE_SECURITY, r,
                                         "cannot set the device policy of the container's cgroup")
                     : 0;
}
