/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/macro.h"
#include "spec/signal-name.h"

/* What to run. One table of fields, container_spec_fields, is behind all its spellings: creelctl's options
 * (text), the a{sv} of org.creel1 (bus/container-options.h) and the container's record (JSON). A field that
 * nobody set leaves the choice to the image or to the default. */

typedef enum SpecKind {
        SPEC_STRING, /* bus s */
        SPEC_STRV,   /* bus as; text: each use of the option adds one */
        SPEC_ARGV, /* bus as; text: a JSON array of strings, else one word; empty clears what the image says
                    */
        SPEC_MAP,  /* bus a{ss}; text: key=value, each use adds one; held as "key=value" */
        SPEC_BOOLEAN,  /* bus b */
        SPEC_BYTES,    /* bus t; text with k, m, g suffixes */
        SPEC_SECONDS,  /* bus t in microseconds; text in seconds; held in microseconds */
        SPEC_DURATION, /* bus t in microseconds; text as clock_parse_duration() has it, "disable" for 0 */
        SPEC_COUNT,    /* bus x; -1: unlimited */
        SPEC_LIMIT,    /* bus x; bytes as text with k, m, g suffixes; -1: unlimited */
        SPEC_FRACTION, /* bus d */
        _SPEC_KIND_MAX,
} SpecKind;

#define SPEC_FIELDS_MAX 256

typedef struct ContainerSpec {
        uint64_t set[SPEC_FIELDS_MAX / 64]; /* bit i: container_spec_fields[i] was given */

        /* identity */
        char *name, *hostname;
        char **labels;
        bool remove;

        /* process */
        char *workdir, *user, *stop_signal, *umask, *init_path, *sdnotify, *timezone, *personality;
        char *cpu_affinity, *pidfile, *supervisor_pidfile, *passwd_entry, *group_entry, *log_driver;
        char **entrypoint, **command, **env, **default_env, **unset_env, **merge_env, **groups, **ulimits;
        char **annotations, **log_options;
        bool tty, interactive, unset_env_all, init, passwd;
        uint64_t stop_timeout_usec, run_timeout_usec;
        int64_t oom_score_adj;

        /* the files of /etc */
        char *hosts_file;
        char **add_hosts, **dns, **dns_options, **dns_search;
        bool no_hosts, no_hostname;

        /* mounts */
        char **volumes, **mounts, **tmpfs, **volumes_from, **binds, **binds_read_only, **inaccessible;
        char **overlays, **overlays_read_only;
        char *image_volume;
        uint64_t shm_size_bytes, shm_size_systemd_bytes;
        bool read_only, read_only_tmpfs;

        /* isolation */
        char *network, *userns, *pid, *ipc, *uts, *cgroupns, *subuidname, *subgidname;
        char **uidmap, **gidmap, **sysctl, **devices, **device_rules;
        char **cap_add, **cap_drop, **ambient, **security_opt;
        char *seccomp_profile; /* the text of the profile that security_opt names as a file */
        bool privileged, no_new_privileges;

        /* resources */
        char *cgroup_parent, *cgroups, *cpuset_cpus, *cpuset_mems, *oom_policy;
        uint64_t memory_bytes, memory_reservation_bytes;
        int64_t memory_swap_bytes; /* with the memory */
        int64_t memory_swappiness, pids_limit, cpu_shares, cpu_quota_usec, cpu_period_usec,
                        cpu_rt_runtime_usec, cpu_rt_period_usec, blkio_weight;
        double cpus;
        bool oom_kill_disable;
        char **blkio_weight_device, **device_read_bps, **device_write_bps, **device_read_iops,
                        **device_write_iops;
        char **cgroup_conf;     /* spec/cgroup-key.h */
        char **unit_properties; /* spec/unit-property.h */

        /* life */
        char *restart_policy;
        bool remove_image, no_healthcheck;
        char *health_cmd, *health_startup_cmd, *health_on_failure, *health_log_destination;
        uint64_t health_interval_usec, health_timeout_usec, health_start_period_usec,
                        health_start_interval_usec;
        uint64_t health_startup_interval_usec, health_startup_timeout_usec;
        int64_t health_retries, health_startup_retries, health_startup_success;
        int64_t health_max_log_count, health_max_log_size;

        /* whole systems */
        char *rootfs, *directory, *template, *volatile_mode; /* roots that are no images */
        char *systemd, *link_journal, *uuid;
        char **set_credentials, **load_credentials;
        bool ephemeral, boot, notify_ready;
} ContainerSpec;

typedef struct SpecField {
        const char *key; /* the bus key and record key; "--key" on the command line */
        SpecKind kind;
        size_t offset;   /* in ContainerSpec */
        char short_option;     /* 0: none */
        const char *argument;  /* NULL: takes none; for help */
        const char *help;      /* NULL: no option of its own */
        /* Refuses a bad value: returns the way out ("must be ..."), or NULL when it is fine. May be NULL. */
        const char *(*check)(const void *value);
} SpecField;

extern const SpecField container_spec_fields[];
extern const size_t container_spec_n_fields;

ContainerSpec *container_spec_free(ContainerSpec *s);
DEFINE_CLEANUP(ContainerSpec, container_spec_free)

/* The field called @key, or with the short option @c; NULL when there is none. */
const SpecField *container_spec_find(const char *key);
const SpecField *container_spec_find_short(char c);
/* May it be changed while the container runs? */
bool container_spec_is_updatable(const SpecField *field);
bool container_spec_is_set(const ContainerSpec *s, const SpecField *field);
/* The same by @key, which must exist. */
bool container_spec_has(const ContainerSpec *s, const char *key);
/* As if it had never been given. */
void container_spec_unset(ContainerSpec *s, const char *key);
void container_spec_mark(ContainerSpec *s, const SpecField *field);
void container_spec_unmark(ContainerSpec *s, const SpecField *field);

/* Sets a field from the text of a command line. @text is NULL for a flag. -EINVAL: not a value of its kind;
 * *@reterr_hint then says what is. */
int container_spec_set_text(ContainerSpec *s, const SpecField *field, const char *text,
                            const char **reterr_hint);

/* Runs the checks of all fields that are set. -EINVAL with the field and the hint. */
int container_spec_check(const ContainerSpec *s, const SpecField **reterr_field, const char **reterr_hint);

/* The record's form: an object of the fields that are set. -EBADMSG on reading: unknown key, wrong type,
 * refused value. */
int container_spec_to_json(const ContainerSpec *s, json_object **ret);
int container_spec_from_json(json_object *o, ContainerSpec **ret);

/* The fields of @base with those that @update sets on top. -EBADMSG: what comes out is refused. */
int container_spec_merge(const ContainerSpec *base, const ContainerSpec *update, ContainerSpec **ret);

/* Container names: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 64 bytes, as podman and docker have them. */
bool container_name_is_valid(const char *s);
