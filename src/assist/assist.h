/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* creel-assist does on creel-oci's behalf what takes a library that a static program cannot have. Its
 * argument says what; it is told the rest by messages over descriptor 3, and it is gone when that is
 * closed. */

#define ASSIST_SOCKET_FD 3

/* Serves the socket until it is done. A failure is told to the peer by the caller. */
int assist_scope(Failure *f);
int assist_seccomp(Failure *f);
