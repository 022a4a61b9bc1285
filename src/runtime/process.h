/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A process as the host's /proc shows it. Names and arguments are the process's own words: nothing is to be
 * believed of them. Reading the arguments may wait for the process, so only a process of its own does it. */

#define PROCESS_ARGS_BYTES_MAX 2048
#define PROCESS_GROUPS_MAX 64
#define PROCESS_ID_RANGES_MAX 340

typedef enum ProcessCapability {
        PROCESS_CAP_INHERITABLE,
        PROCESS_CAP_PERMITTED,
        PROCESS_CAP_EFFECTIVE,
        PROCESS_CAP_BOUNDING,
        PROCESS_CAP_AMBIENT,
        _PROCESS_CAP_MAX,
} ProcessCapability;

typedef struct Process {
        pid_t pid, parent;            /* the host's numbers */
        pid_t inner_pid, inner_group; /* those of the namespace that was asked for; 0: it has none there */
        char state;                   /* R, S, D, T, Z, ... */
        int nice;
        unsigned tty_major, tty_minor; /* 0, 0: none */
        uint64_t cpu_usec, start_usec; /* the latter since the boot */
        uint64_t virtual_bytes, resident_bytes;
        uint32_t uid, euid, gid, egid; /* the host's */
        uint32_t groups[PROCESS_GROUPS_MAX];
        size_t n_groups;
        uint64_t capabilities[_PROCESS_CAP_MAX];
        unsigned seccomp; /* 0: none, 1: strict, 2: filter */
        char comm[64];
        char args[PROCESS_ARGS_BYTES_MAX]; /* separated by blanks, or empty */
        char label[256];
} Process;

/* How many PID namespaces deep a process is: 0 in that of the host. */
int process_depth(pid_t pid, unsigned *ret);

/* -ESRCH: there is none. @depth: of the namespace whose numbers are wanted. */
int process_read(pid_t pid, unsigned depth, Process *ret);

/* The files of proc_pid_status(5) and proc_pid_stat(5), the latter changed on the way. -EBADMSG: it is not.
 */
void process_parse_status(const char *status, unsigned depth, Process *p);
int process_parse_stat(char *stat, Process *p);

/* The ranges of a process's user namespace. */
typedef struct ProcessIdMap {
        struct {
                uint32_t inside, outside, count;
        } ranges[PROCESS_ID_RANGES_MAX];
        size_t n;
} ProcessIdMap;

int process_read_id_map(pid_t pid, const char *name, ProcessIdMap *ret); /* "uid_map", "gid_map" */
/* The number inside; 65534, as the kernel shows it, where there is none. */
uint32_t process_id_inside(const ProcessIdMap *map, uint32_t outside);
