/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <errno.h>
#include <sys/types.h>

#include "basic/failure.h"

/* A file for a process's number, written once, atomically. Its directory is opened first, since later this
 * process may be in another directory, or in a container. */
typedef struct PidFile {
        int dir_fd; /* -EBADF: no file is wanted */
        char *name;
} PidFile;

#define PID_FILE_NONE ((PidFile){ .dir_fd = -EBADF })

void pid_file_done(PidFile *p);

/* @path NULL: none. */
int pid_file_open(const char *path, PidFile *ret, Failure *f);
int pid_file_write(const PidFile *p, pid_t pid, Failure *f);
