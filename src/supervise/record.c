/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/file.h"
#include "basic/str.h"
#include "supervise/record.h"

ExitRecord exit_record_from_wait(int code, int status) {
        bool killed = code == CLD_KILLED || code == CLD_DUMPED;

        return (ExitRecord) {
                .status = (unsigned) status + (killed ? 128U : 0U),
                .signal = killed ? (unsigned) status : 0,
                .finished_usec = clock_now_realtime_usec(),
        };
}

int exit_record_write(const ExitRecord *record, int runtime_fd) {
        char text[160];
        int n = snprintf(text, sizeof(text),
                         "{\"version\":1,\"status\":%u,\"signal\":%u,\"oom\":%s,\"asked\":%s,"
                         "\"finishedUsec\":%" PRIu64 "}\n",
                         record->status, record->signal, record->oom ? "true" : "false",
                         record->asked ? "true" : "false", record->finished_usec);

        return file_write_atomic(runtime_fd, "exit", text, (size_t) n, 0644, 0);
}
