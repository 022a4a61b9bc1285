/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/passing.h"

#define FD_FIRST 3

void passing_done(Passing *p) {
        p->fds = mfree(p->fds);
        p->numbers = mfree(p->numbers);
        p->n = 0;
}

/* An environment from further up is none of our business. */
static uint64_t count_listen_fds(void) {
        const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
        uint64_t n = 0, whose = (uint64_t) getpid();

        if (!count || (pid && parse_u64(pid, &whose) < 0) || whose != (uint64_t) getpid() ||
            parse_u64(count, &n) < 0)
                return 0;
        return n;
}

static bool is_inherited(int fd) {
        int flags = fcntl(fd, F_GETFD);

        return flags >= 0 && !(flags & FD_CLOEXEC);
}

int passing_collect(uint64_t preserve, Passing *ret, Failure *f) {
        _cleanup_(passing_done) Passing p = {};
        uint64_t listen = count_listen_fds(), n;

        if (preserve > PASSING_FDS_MAX || listen > PASSING_FDS_MAX)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "more than %d descriptors cannot be passed on (--preserve-fds, LISTEN_FDS)",
                                PASSING_FDS_MAX);
        n = listen + preserve;
        p.fds = new (int, n + 1);
        p.numbers = new (unsigned, n + 1);
        if (!p.fds || !p.numbers)
                return -ENOMEM;
        for (int fd = FD_FIRST; fd < FD_FIRST + (int) n; fd++)
                if (is_inherited(fd)) {
                        p.fds[p.n] = fd;
                        p.numbers[p.n++] = (unsigned) fd;
                }
        if (syscall(SYS_close_range, (unsigned) FD_FIRST, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot keep descriptors to ourselves");
        p.n_listen = listen;
        *ret = p;
        p = (Passing){};
        return 0;
}

static int set(char ***env, const char *name, const char *value) {
        _cleanup_free_ char *variable = NULL;
        int r = string_format(&variable, "%s=%s", name, value);

        return r < 0 ? r : strv_env_set(env, variable);
}

int passing_set_environment(const Passing *p, char ***env) {
        const char *names = getenv("LISTEN_FDNAMES");
        char count[24];
        int r;

        if (p->n_listen == 0)
                return 0;
        (void) snprintf(count, sizeof(count), "%zu", p->n_listen);
        r = set(env, "LISTEN_FDS", count);
        return r < 0 || isempty(names) ? r : set(env, "LISTEN_FDNAMES", names);
}
