/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* The wait of a container that is created and not started: a byte through one FIFO lets its process go on,
 * and what fails from then on is one line in another, "KIND TEXT". By then a seccomp filter may be in place,
 * so that process only reads, writes and closes. The other side is src/oci/gate.c. */

/* Waits for the byte. -ECANCELED: nobody is left who could write it. */
int hold_wait(int start_fd);

/* Writes the failure as a line that is never split. */
void hold_report(int result_fd, const Failure *failure);
