/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "basic/failure.h"
#include "basic/macro.h"
#include "spec/id-map.h"
#include "spec/runtime-hook.h"
#include "spec/runtime-mount.h"
#include "spec/runtime-resource.h"

/* OCI runtime-spec 1.2, the Linux part. src/runtime executes it but for what its callers do: hooks of the
 * runtime's own namespaces, linux.resources, linux.cgroupsPath, and the compilation of linux.seccomp (creeld
 * gives limits to the unit, and filters compiled). Properties nobody knows are skipped, as config.md
 * ("Extensibility") asks; known ones with a value that cannot be carried out are errors.
 * Relative sources of bind mounts are meant from the working directory, which has to be the bundle's. */

#define RUNTIME_SPEC_BYTES_MAX (4 * 1024 * 1024)
#define RUNTIME_MOUNTS_MAX 4096
#define RUNTIME_LIST_MAX 4096

typedef enum RuntimeNamespaceType {
        RUNTIME_NAMESPACE_USER,
        RUNTIME_NAMESPACE_MOUNT,
        RUNTIME_NAMESPACE_PID,
        RUNTIME_NAMESPACE_NETWORK,
        RUNTIME_NAMESPACE_IPC,
        RUNTIME_NAMESPACE_UTS,
        RUNTIME_NAMESPACE_CGROUP,
        RUNTIME_NAMESPACE_TIME,
        _RUNTIME_NAMESPACE_MAX,
} RuntimeNamespaceType;

typedef enum RuntimeCapabilitySet {
        RUNTIME_CAPABILITY_BOUNDING,
        RUNTIME_CAPABILITY_EFFECTIVE,
        RUNTIME_CAPABILITY_INHERITABLE,
        RUNTIME_CAPABILITY_PERMITTED,
        RUNTIME_CAPABILITY_AMBIENT,
        _RUNTIME_CAPABILITY_MAX,
} RuntimeCapabilitySet;

typedef struct RuntimeNamespace {
        bool wanted;
        char *path;     /* NULL: a new one */
        uint64_t inode; /* what the path has to lead to ("inode", our own key); 0: anything */
} RuntimeNamespace;

typedef struct RuntimeDevice {
        char *path;  /* absolute; no two of a document are the same */
        mode_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
        uint32_t major, minor;
        mode_t mode;
        uint32_t uid, gid;
} RuntimeDevice;

typedef struct RuntimeRlimit {
        int resource; /* RLIMIT_* */
        uint64_t soft, hard;
} RuntimeRlimit;

/* "scheduler" of the process, as sched_setattr(2) takes it. */
typedef struct RuntimeScheduler {
        bool set;
        uint32_t policy; /* SCHED_* */
        uint64_t flags;  /* SCHED_FLAG_* */
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_nsec, deadline_nsec, period_nsec;
} RuntimeScheduler;

/* "ioPriority", as ioprio_set(2) takes it. */
typedef struct RuntimeIoPriority {
        bool set;
        int class; /* IOPRIO_CLASS_* */
        int priority;
} RuntimeIoPriority;

typedef struct RuntimeProcess {
        bool terminal, no_new_privileges, oom_score_adj_set;
        uint64_t console_height, console_width;
        bool console_plain; /* not of the document: the terminal's lines end without a carriage return */
        uint32_t uid, gid;
        char *username; /* USER[:GROUP], names or numbers, to be looked up in the container's own files;
                           NULL: uid and gid count */
        uint32_t *additional_gids;
        size_t n_additional_gids;
        char **additional_groups; /* "additionalGroups": names or numbers, looked up there, too */
        mode_t umask;
        char **args, **env;
        char *cwd;
        char **capabilities[_RUNTIME_CAPABILITY_MAX];
        RuntimeRlimit *rlimits;
        size_t n_rlimits;
        int oom_score_adj;
        char *cpu_affinity; /* "cpuAffinity", spec/cpu-set.h; NULL: as it is */
        char *apparmor_profile, *selinux_label;
        RuntimeScheduler scheduler;
        RuntimeIoPriority io_priority;
        char *exec_affinity_initial, *exec_affinity_final; /* "execCPUAffinity", spec/cpu-set.h: of a process
                                                              that joins later, while it moves into the
                                                              cgroup, and afterwards */
} RuntimeProcess;

/* linux.timeOffsets: what the clocks of a new time namespace are ahead of the host's. */
typedef struct RuntimeTimeOffset {
        bool set;
        int64_t seconds;
        uint32_t nanoseconds;
} RuntimeTimeOffset;

typedef struct RuntimeSpec {
        char *oci_version;
        bool has_process; /* the document has a "process"; without one a container can only be created */
        RuntimeProcess process;
        char *root_path;
        bool root_readonly;
        char *hostname, *domainname;
        RuntimeMount *mounts;
        size_t n_mounts;
        RuntimeNamespace namespaces[_RUNTIME_NAMESPACE_MAX];
        RuntimeIdMapping *uid_mappings, *gid_mappings;
        size_t n_uid_mappings, n_gid_mappings;
        RuntimeDevice *devices;
        size_t n_devices;
        char **sysctl;  /* "key=value" */
        char *cgroups_path;
        RuntimeResources resources;
        RuntimeHooks hooks[_RUNTIME_HOOK_MAX];
        RuntimeTimeOffset monotonic, boottime;
        char *seccomp; /* linux.seccomp, as JSON text that security/seccomp-profile.h reads; NULL: none */
        char *seccomp_listener_path, *seccomp_listener_metadata;
        char *mount_label; /* SELinux's, for mounts */
        char **masked_paths, **readonly_paths;
        uint64_t rootfs_propagation; /* MS_PRIVATE, ...; 0: not given */
        bool rootfs_propagation_recursive;
        char **annotations; /* "key=value" */
        unsigned long personality; /* PER_* */
        bool personality_set;
        /* "creel": entries that are added to the image's own files, in copies that are bound over them */
        bool accounts; /* for a numeric user that the image does not know */
        char *passwd_entry, *group_entry;
        char *hosts_added, *hosts_own; /* spec/hosts.h, the image's between them; both NULL: not at all */
} RuntimeSpec;

RuntimeSpec *runtime_spec_free(RuntimeSpec *s);
DEFINE_CLEANUP(RuntimeSpec, runtime_spec_free)

void runtime_process_done(RuntimeProcess *p);

/* Reads a whole document. Failures are of kind Configuration and name the key: "process.rlimits[0].type:
 * ...". */
int runtime_spec_parse(const char *data, size_t n_bytes, RuntimeSpec **ret, Failure *reterr);
/* A bare "process", as `exec --process` takes it: nothing else in the result is filled in. Failures as
 * above. */
int runtime_process_parse(const char *data, size_t n_bytes, RuntimeSpec **ret, Failure *reterr);

/* Whether a document that was read is complete: has what can be started, and what a container of its own
 * needs. */
int runtime_spec_check_process(const RuntimeSpec *s, Failure *reterr);
int runtime_spec_check_container(const RuntimeSpec *s, Failure *reterr);

const char *runtime_namespace_to_string(RuntimeNamespaceType type); /* "pid", "network", ... */
int runtime_namespace_from_string(const char *s);
