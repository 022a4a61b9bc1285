/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <linux/filter.h>

/* Reads a compiled seccomp filter: a file that is nothing but struct sock_filter[]. -EBADMSG: it is not.
 * Free ret->filter. */
int filter_read(int fd, struct sock_fprog *ret);

/* Puts this process and what it executes under the filter. Without no_new_privs this takes CAP_SYS_ADMIN.
 * The listener of a filter with SECCOMP_FILTER_FLAG_NEW_LISTENER is the result, see runtime/listener.h; else
 * 0. */
int filter_install(const struct sock_fprog *filter);
