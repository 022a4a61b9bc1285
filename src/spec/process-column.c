/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/process-column.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"

static const struct {
        const char *name, *title;
        char letter; /* of ps -o, as in "%p" */
} columns[] = {
        [PROCESS_ARGS] = { "args", "COMMAND", 'a' },
        [PROCESS_CAPAMB] = { "capamb", "AMBIENT CAPS", 0 },
        [PROCESS_CAPBND] = { "capbnd", "BOUNDING CAPS", 0 },
        [PROCESS_CAPEFF] = { "capeff", "EFFECTIVE CAPS", 0 },
        [PROCESS_CAPINH] = { "capinh", "INHERITED CAPS", 0 },
        [PROCESS_CAPPRM] = { "capprm", "PERMITTED CAPS", 0 },
        [PROCESS_COMM] = { "comm", "COMMAND", 'c' },
        [PROCESS_ETIME] = { "etime", "ELAPSED", 't' },
        [PROCESS_GROUP] = { "group", "GROUP", 'G' },
        [PROCESS_GROUPS] = { "groups", "GROUPS", 0 },
        [PROCESS_HGROUP] = { "hgroup", "HGROUP", 0 },
        [PROCESS_HGROUPS] = { "hgroups", "HGROUPS", 0 },
        [PROCESS_HPID] = { "hpid", "HPID", 0 },
        [PROCESS_HUSER] = { "huser", "HUSER", 0 },
        [PROCESS_LABEL] = { "label", "LABEL", 0 },
        [PROCESS_NICE] = { "nice", "NI", 'n' },
        [PROCESS_PCPU] = { "pcpu", "%CPU", 'C' },
        [PROCESS_PGID] = { "pgid", "PGID", 'r' },
        [PROCESS_PID] = { "pid", "PID", 'p' },
        [PROCESS_PPID] = { "ppid", "PPID", 'P' },
        [PROCESS_RGROUP] = { "rgroup", "RGROUP", 'g' },
        [PROCESS_RSS] = { "rss", "RSS", 0 },
        [PROCESS_RUSER] = { "ruser", "RUSER", 'u' },
        [PROCESS_SECCOMP] = { "seccomp", "SECCOMP", 0 },
        [PROCESS_STATE] = { "state", "STATE", 0 },
        [PROCESS_STIME] = { "stime", "STIME", 0 },
        [PROCESS_TIME] = { "time", "TIME", 'x' },
        [PROCESS_TTY] = { "tty", "TTY", 'y' },
        [PROCESS_USER] = { "user", "USER", 'U' },
        [PROCESS_VSZ] = { "vsz", "VSZ", 'z' },
};
static_assert(ELEMENTSOF(columns) == _PROCESS_COLUMN_MAX, "columns is not full");

static const ProcessColumn usual[] = { PROCESS_USER,  PROCESS_PID, PROCESS_PPID, PROCESS_PCPU,
                                       PROCESS_ETIME, PROCESS_TTY, PROCESS_TIME, PROCESS_ARGS };

const char *process_column_to_string(ProcessColumn column) {
        return (size_t) column < ELEMENTSOF(columns) ? columns[column].name : NULL;
}

const char *process_column_title(ProcessColumn column) {
        return columns[column].title;
}

int process_column_from_string(const char *s) {
        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                if (streq(columns[i].name, s) ||
                    (columns[i].letter && s[0] == '%' && s[1] == columns[i].letter && !s[2]))
                        return (int) i;
        return -EINVAL;
}

int process_columns_parse(char *const *words, ProcessColumn ret[static PROCESS_COLUMNS_MAX], size_t *ret_n,
                          char **reterr_word) {
        _cleanup_strv_free_ char **all = NULL;
        size_t n = 0;
        int r;

        STRV_FOREACH(i, words) {
                _cleanup_strv_free_ char **l = NULL;

                r = strv_split(*i, ", \t", &l);
                if (r >= 0)
                        r = strv_extend_strv(&all, l);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH(i, all) {
                int column = process_column_from_string(*i);

                if (column < 0) {
                        r = string_set(reterr_word, *i);
                        return r < 0 ? r : -EINVAL;
                }
                if (n >= PROCESS_COLUMNS_MAX)
                        return -E2BIG;
                ret[n++] = (ProcessColumn) column;
        }
        if (n == 0) {
                memcpy(ret, usual, sizeof(usual));
                n = ELEMENTSOF(usual);
        }
        *ret_n = n;
        return 0;
}
