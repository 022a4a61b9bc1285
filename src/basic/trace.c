/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/trace.h"

#define LINE_BYTES_MAX 256
#define PATH_BYTES_MAX 1024

int trace_fd = -EBADF;
static const char *trace_program = "creel";

void trace_setup(const char *program) {
        const char *path = getenv("CREEL_TRACE");

        trace_program = program;
        if (path && *path == '/' && trace_fd < 0)
                trace_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
}

char *const *trace_environment(void) {
        static char assignment[PATH_BYTES_MAX + sizeof("CREEL_TRACE=")];
        static char *environment[2];
        const char *path = getenv("CREEL_TRACE");

        if (trace_fd < 0 || !path || strlen(path) > PATH_BYTES_MAX)
                return environment + 1;
        (void) snprintf(assignment, sizeof(assignment), "CREEL_TRACE=%s", path);
        environment[0] = assignment;
        return environment;
}

void trace_write(const char *stage) {
        char line[LINE_BYTES_MAX];
        int saved = errno, n;
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        n = snprintf(line, sizeof(line), "%" PRIu64 " %s[%d] %s\n",
                     (uint64_t) ts.tv_sec * UINT64_C(1000000000) + (uint64_t) ts.tv_nsec, trace_program,
                     (int) getpid(), stage);
        if (n > 0)
                (void) fd_write_all(trace_fd, line, MIN((size_t) n, sizeof(line) - 1));
        errno = saved;
}
