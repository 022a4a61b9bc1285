/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#define _cleanup_(f) __attribute__((__cleanup__(f)))
#define _printf_(fmt, first) __attribute__((__format__(printf, fmt, first)))
#define _unused_ __attribute__((__unused__))
#define _noreturn_ __attribute__((__noreturn__))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Moves a value out of a variable that a cleanup handler watches, leaving the neutral value behind. */
#define TAKE_GENERIC(var, type, nullvalue) \
        ({                                 \
                type *_p_ = &(var);        \
                type _v_ = *_p_;           \
                *_p_ = (nullvalue);        \
                _v_;                       \
        })
#define TAKE_PTR(ptr) TAKE_GENERIC(ptr, typeof(ptr), NULL)
#define TAKE_FD(fd) TAKE_GENERIC(fd, int, -EBADF)

/* Declares the helper that _cleanup_(type_freep) calls; the destructor takes NULL and returns NULL. */
#define DEFINE_CLEANUP(type, func)                  \
        static inline void func##p(type **p) {      \
                *p = func(*p);                      \
        }

/* The negative errno of the call that just failed; never 0, whatever the library left in errno. */
static inline int negative_errno(void) {
        return errno > 0 ? -errno : -EIO;
}
