/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* What `top` can show of a process, by the names of podman-top(1) and, for some, the letters of ps(1):
 *
 *     columns = column *( ( "," | " " ) column )
 *     column  = name | "%" letter
 */

#define PROCESS_COLUMNS_MAX 64

typedef enum ProcessColumn {
        PROCESS_ARGS,
        PROCESS_CAPAMB,
        PROCESS_CAPBND,
        PROCESS_CAPEFF,
        PROCESS_CAPINH,
        PROCESS_CAPPRM,
        PROCESS_COMM,
        PROCESS_ETIME,
        PROCESS_GROUP,
        PROCESS_GROUPS,
        PROCESS_HGROUP,
        PROCESS_HGROUPS,
        PROCESS_HPID,
        PROCESS_HUSER,
        PROCESS_LABEL,
        PROCESS_NICE,
        PROCESS_PCPU,
        PROCESS_PGID,
        PROCESS_PID,
        PROCESS_PPID,
        PROCESS_RGROUP,
        PROCESS_RSS,
        PROCESS_RUSER,
        PROCESS_SECCOMP,
        PROCESS_STATE,
        PROCESS_STIME,
        PROCESS_TIME,
        PROCESS_TTY,
        PROCESS_USER,
        PROCESS_VSZ,
        _PROCESS_COLUMN_MAX,
} ProcessColumn;

const char *process_column_to_string(ProcessColumn column); /* "pid" */
int process_column_from_string(const char *s);              /* also "%p" */
const char *process_column_title(ProcessColumn column);     /* "PID" */

/* Reads words of columns; without any, podman's choice: user, pid, ppid, pcpu, etime, tty, time, args.
 * -EINVAL:
 * *@reterr_word (owned) is none. -E2BIG: more than @ret has room for. */
int process_columns_parse(char *const *words, ProcessColumn ret[static PROCESS_COLUMNS_MAX], size_t *ret_n,
                          char **reterr_word);
