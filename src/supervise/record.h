/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* How the payload ended: the file "exit" in the container's runtime directory, for a creeld that was not
 * there to hear it. One JSON object:
 * {"version":1,"status":137,"signal":9,"oom":false,"asked":false,"finishedUsec":1700000000000000} */
typedef struct ExitRecord {
        unsigned status; /* as the shell has it: 128 + signal */
        unsigned signal; /* 0: none */
        bool oom;
        bool asked;             /* systemd stopped the scope */
        uint64_t finished_usec; /* since the epoch */
} ExitRecord;

/* From what waitid(2) says. */
ExitRecord exit_record_from_wait(int code, int status);

int exit_record_write(const ExitRecord *record, int runtime_fd);
