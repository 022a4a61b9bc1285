/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/spawn.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/cgroup.h"
#include "oci/oci.h"

#define COLUMNS_MAX 64
#define PS_BYTES_MAX (64u * 1024 * 1024)

static const char *arg_format;

const Option ps_options[] = {
        { "format", 'f', "table|json", "What to print: ps's table, or the numbers as JSON",
          option_set_string, &arg_format },
        {},
};

static int print_json(const pid_t *pids, size_t n) {
        (void) printf("[");
        for (size_t i = 0; i < n; i++)
                (void) printf("%s%d", i > 0 ? "," : "", pids[i]);
        (void) printf("]\n");
        return 0;
}

static int open_ps(void) {
        static const char *const places[] = { "/usr/bin/ps", "/bin/ps" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                int fd = open(places[i], O_PATH | O_CLOEXEC);

                if (fd >= 0)
                        return fd;
        }
        return -ENOENT;
}

static int read_all(int fd, char **ret) {
        _cleanup_free_ char *text = NULL;
        size_t n = 0, allocated = 0;

        for (;;) {
                ssize_t k;

                if (n >= PS_BYTES_MAX)
                        return -EFBIG;
                if (!GREEDY_REALLOC(text, allocated, n + 4096))
                        return -ENOMEM;
                k = fd_read_full(fd, text + n, allocated - n - 1);
                if (k < 0)
                        return (int) k;
                n += (size_t) k;
                if (n < allocated - 1)
                        break;
        }
        text[n] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}

static int run_ps(char **words, char **ret, Failure *f) {
        _cleanup_close_ int program = open_ps(), output = -EBADF, input = -EBADF, pidfd = -EBADF;
        _cleanup_strv_free_ char **argv = NULL;
        siginfo_t info = {};
        int pair[2], r;
        pid_t pid;

        if (program < 0)
                return failure_set(f, FAILURE_SYSTEM,
                                   "there is no ps(1) on this host; install it, or use --format json");
        r = strv_extend(&argv, "ps");
        if (r >= 0)
                r = words[0] ? strv_extend_strv(&argv, words) : strv_extend(&argv, "-ef");
        if (r < 0)
                return r;
        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        input = pair[0];
        output = pair[1];
        r = spawn_run(&(Spawn){ .exec_fd = program,
                                .argv = argv,
                                .env = (char *[]){ (char *) "LC_ALL=C.UTF-8", NULL },
                                .stdio_fds = { -EBADF, output, -EBADF } },
                      &pid, &pidfd);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot execute ps");
        output = fd_close(output);
        r = read_all(input, ret);
        input = fd_close(input);
        if (waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED) < 0 || info.si_code != CLD_EXITED ||
            info.si_status != 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "ps has failed; its options are given behind "
                                   "the container's id");
        return r;
}

/* Which word of the title is PID; -ENODATA. */
static int find_column(const char *title) {
        int column = 0;

        for (const char *p = title + strspn(title, " "); *p; column++) {
                size_t n = strcspn(p, " ");

                if (n == 3 && strncmp(p, "PID", n) == 0)
                        return column;
                p += n + strspn(p + n, " ");
        }
        return -ENODATA;
}

static bool is_listed(const char *line, int column, const pid_t *pids, size_t n_pids) {
        const char *p = line + strspn(line, " ");
        pid_t pid;

        for (; column > 0; column--) {
                p += strcspn(p, " ");
                p += strspn(p, " ");
        }
        if (sscanf(p, "%d", &pid) != 1)
                return false;
        for (size_t i = 0; i < n_pids; i++)
                if (pids[i] == pid)
                        return true;
        return false;
}

static int print_table(char **words, const pid_t *pids, size_t n, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int column = -1, r;

        r = run_ps(words, &text, f);
        if (r < 0)
                return r;
        for (char *save = NULL, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
                if (column >= 0 && !is_listed(line, column, pids, n))
                        continue;
                if (column < 0) {
                        column = find_column(line);
                        if (column < 0)
                                return failure_set(
                                                f, FAILURE_INVALID_ARGUMENT,
                                                "ps prints no column PID, by which processes are told; add "
                                                "'-o pid' to its options");
                }
                (void) printf("%s\n", line);
        }
        return 0;
}

int verb_ps(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        bool json = arg_format && streq(arg_format, "json");
        _cleanup_free_ pid_t *pids = NULL;
        size_t n;
        int r;

        if (arg_format && !json && !streq(arg_format, "table"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "--format is '%s': must be table or json",
                                   arg_format);
        r = oci_container_open(&oci->root, operands[0], false, &c, f);
        if (r >= 0)
                r = oci_cgroup_of(c, &cgroup);
        if (r >= 0 && oci_container_status(c) == OCI_STOPPED)
                return failure_set(f, FAILURE_INVALID_STATE, "container %s is stopped: it has no processes",
                                   c->id);
        if (r >= 0)
                r = oci_cgroup_pids(cgroup, &pids, &n, f);
        if (r < 0)
                return r;
        return json ? print_json(pids, n) : print_table(operands + 1, pids, n, f);
}
