/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Brings the interface lo of this process's network namespace up: a new namespace has it down, and programs
 * expect 127.0.0.1 and ::1 to answer. Errors as ioctl(2). */
int loopback_up(void);
