/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/macro.h"
#include "runtime/descriptor.h"

static int compare(const void *a, const void *b) {
        const int *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

int descriptor_close_others(int *keep, size_t n) {
        unsigned first = 3;

        if (n > 0)
                qsort(keep, n, sizeof(*keep), compare);
        for (size_t i = 0; i < n; i++) {
                if (keep[i] < (int) first)
                        continue;
                if ((unsigned) keep[i] > first &&
                    syscall(SYS_close_range, first, (unsigned) keep[i] - 1, 0U) < 0)
                        return negative_errno();
                first = (unsigned) keep[i] + 1;
        }
        return syscall(SYS_close_range, first, ~0U, 0U) < 0 ? negative_errno() : 0;
}
