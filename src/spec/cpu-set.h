/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sched.h>

/* CPUs by number, as cpusets and systemd write them:
 *
 *     list  = range { ( "," | " " ) range }
 *     range = number [ "-" number ]
 */

/* -EINVAL: not that, empty, a range backwards, or a number beyond CPU_SETSIZE. */
int cpu_set_parse(const char *text, cpu_set_t *ret);
