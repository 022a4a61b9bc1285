/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/macro.h"
#include "runtime/hold.h"

int hold_wait(int start_fd) {
        char byte;
        ssize_t n;

        do
                n = read(start_fd, &byte, 1);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return negative_errno();
        return n == 0 ? -ECANCELED : 0;
}

void hold_report(int result_fd, const Failure *failure) {
        char line[PIPE_BUF];
        size_t n;

        n = (size_t) snprintf(line, sizeof(line), "%s %s\n", failure_kind_to_string(failure->kind),
                              failure->text);
        if (n >= sizeof(line)) {
                n = sizeof(line);
                line[n - 1] = '\n';
        }
        while (write(result_fd, line, n) < 0 && errno == EINTR)
                ;
}
