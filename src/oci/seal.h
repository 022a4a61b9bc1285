/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Executes this program anew from a sealed copy in memory, unless it runs from one already. Processes that
 * get into a container carry the file they run from along as /proc/PID/exe, through which a hostile
 * container with the host's root could write to it (CVE-2019-5736); a sealed memfd cannot be written by
 * anybody. The process cannot be traced or looked into either. Returns only when that is done, or failed. */
int seal_program(char **argv, Failure *f);
