/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of a container, one row each. The checks of a compound value call the very parser that turns
 * it into what is done, so that nothing is parsed in two places. */

#include "basic/clock.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/credential.h"
#include "spec/field-life.h"
#include "spec/field-mount.h"
#include "spec/field-process.h"
#include "spec/root-source.h"
#include "spec/system-mode.h"
#include "spec/field-isolation.h"
#include "spec/field-resource.h"

#define CONTAINER_NAME_MAX 64
#define STOP_TIMEOUT_MAX_USEC (24 * 3600 * USEC_PER_SEC)

bool container_name_is_valid(const char *s) {
        return !isempty(s) && strlen(s) <= CONTAINER_NAME_MAX && strchr(ALPHANUMERIC, *s) &&
               string_in_charset(s, ALPHANUMERIC "_.-");
}

static const char *string_of(const void *value) {
        return *(char *const *) value;
}

static const char *check_name(const void *value) {
        return container_name_is_valid(string_of(value))
                               ? NULL
                               : "must start with a letter or digit and hold only letters, digits, '_', '.' "
                                 "and '-', at most 64 of them";
}

static const char *check_hostname(const void *value) {
        const char *s = string_of(value);

        if (!isempty(s) && strlen(s) <= 64 && string_in_charset(s, ALPHANUMERIC "-._") && *s != '-' &&
            *s != '.' && !strstr(s, ".."))
                return NULL;
        return "must be a host name of at most 64 letters, digits, '-' and '.'";
}

static const char *check_workdir(const void *value) {
        return *string_of(value) == '/' ? NULL : "must be an absolute path inside the container";
}

static const char *check_signal(const void *value) {
        return signal_parse(string_of(value)) > 0
                               ? NULL
                               : "must be a signal's name (SIGTERM, RTMIN+3) or number (1 to 64)";
}

static const char *check_env(const void *value) {
        STRV_FOREACH(i, *(char **const *) value)
                if (**i == '=' || !strchr(*i, '='))
                        return "must be NAME=VALUE";
        return NULL;
}

static const char *check_stop_timeout(const void *value) {
        return *(const uint64_t *) value <= STOP_TIMEOUT_MAX_USEC ? NULL : "must be at most 86400 seconds";
}

static const char *check_rootfs(const void *value) {
        _cleanup_(root_source_done) RootSource s = {};
        const char *hint = NULL;

        return root_source_parse_rootfs(string_of(value), &s, &hint) < 0 ? hint ?: "is too long" : NULL;
}

static const char *check_directory(const void *value) {
        _cleanup_(root_source_done) RootSource s = {};
        const char *hint = NULL;

        return root_source_parse_directory(string_of(value), &s, &hint) < 0 ? hint ?: "is too long" : NULL;
}

static const char *check_volatile(const void *value) {
        return volatile_mode_parse(string_of(value)) < 0 ? "must be no, yes, state or overlay" : NULL;
}

static const char *check_systemd(const void *value) {
        return systemd_mode_parse(string_of(value)) < 0 ? "must be true, false or always" : NULL;
}

static const char *check_link_journal(const void *value) {
        return link_journal_parse(string_of(value)) < 0
                               ? "must be no, auto, host, try-host, guest or try-guest"
                               : NULL;
}

static const char *check_uuid(const void *value) {
        return system_uuid_is_valid(string_of(value)) ? NULL
                                                      : "must be 32 hexadecimal digits, as in "
                                                        "/etc/machine-id, or a UUID, not all zero";
}

static const char *check_set_credential(const void *value) {
        const char *hint = NULL;

        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_(credential_done) Credential c = {};

                if (credential_parse_set(*i, &c, &hint) < 0)
                        return hint;
        }
        return NULL;
}

static const char *check_load_credential(const void *value) {
        const char *hint = NULL;

        STRV_FOREACH(i, *(char **const *) value) {
                _cleanup_(credential_done) Credential c = {};

                if (credential_parse_load(*i, &c, &hint) < 0)
                        return hint;
        }
        return NULL;
}

#define FIELD(key, kind, member, c, argument, help, check) \
        { key, kind, offsetof(ContainerSpec, member), c, argument, help, check }

const SpecField container_spec_fields[] = {
        /* identity */
        FIELD("name", SPEC_STRING, name, 0, "NAME", "Name of the container (default: made up)", check_name),
        FIELD("hostname", SPEC_STRING, hostname, 'h', "NAME", "Host name inside (default: the short id)",
              check_hostname),
        FIELD("label", SPEC_MAP, labels, 'l', "KEY=VALUE", "Set a label", NULL),
        FIELD("rm", SPEC_BOOLEAN, remove, 0, NULL, "Remove the container when it exits", NULL),
        /* process */
        FIELD("entrypoint", SPEC_ARGV, entrypoint, 0, "COMMAND",
              "Replace the image's entrypoint (a word or a JSON array)", NULL),
        FIELD("command", SPEC_STRV, command, 0, NULL, NULL, NULL),
        FIELD("env", SPEC_STRV, env, 'e', "NAME[=VALUE]", "Set an environment variable", check_env),
        FIELD("workdir", SPEC_STRING, workdir, 'w', "DIR", "Working directory of the command",
              check_workdir),
        FIELD("user", SPEC_STRING, user, 'u', "USER[:GROUP]", "User, and group, to run as",
              field_check_user),
        FIELD("tty", SPEC_BOOLEAN, tty, 't', NULL, "Give the command a terminal", NULL),
        FIELD("interactive", SPEC_BOOLEAN, interactive, 'i', NULL, "Keep standard input open", NULL),
        FIELD("stop-signal", SPEC_STRING, stop_signal, 0, "SIGNAL", "Signal that asks the command to stop",
              check_signal),
        FIELD("stop-timeout", SPEC_SECONDS, stop_timeout_usec, 0, "SECONDS",
              "Wait this long before killing (default: 10)", check_stop_timeout),
        FIELD("timeout", SPEC_SECONDS, run_timeout_usec, 0, "SECONDS",
              "Kill the container when it has run this long", field_check_run_timeout),
        FIELD("default-env", SPEC_STRV, default_env, 0, NULL, NULL, check_env),
        FIELD("unsetenv", SPEC_STRV, unset_env, 0, "NAME", "Leave out a variable that the image sets",
              field_check_env_names),
        FIELD("unsetenv-all", SPEC_BOOLEAN, unset_env_all, 0, NULL,
              "Leave out all variables that the image sets", NULL),
        FIELD("env-merge", SPEC_STRV, merge_env, 0, "NAME=VALUE",
              "Set a variable made of those that the image sets", field_check_env_merge),
        FIELD("group-add", SPEC_STRV, groups, 0, "GROUP", "Add a supplementary group", field_check_groups),
        FIELD("umask", SPEC_STRING, umask, 0, "MASK", "File mode creation mask (default: 0022)",
              field_check_umask),
        FIELD("ulimit", SPEC_STRV, ulimits, 0, "NAME=SOFT[:HARD]", "Set a resource limit",
              field_check_ulimits),
        FIELD("oom-score-adj", SPEC_COUNT, oom_score_adj, 0, "NUMBER",
              "Preference of the OOM killer, -1000 to 1000", field_check_oom_score),
        FIELD("init", SPEC_BOOLEAN, init, 0, NULL, "Run the command below a small init", NULL),
        FIELD("init-path", SPEC_STRING, init_path, 0, "PATH", "Take this program of the host as init",
              field_check_absolute_path),
        FIELD("sdnotify", SPEC_STRING, sdnotify, 0, "MODE",
              "Who tells systemd of readiness: container, conmon, healthy or ignore", field_check_sdnotify),
        FIELD("tz", SPEC_STRING, timezone, 0, "ZONE", "Time zone, or local for the host's",
              field_check_timezone),
        FIELD("personality", SPEC_STRING, personality, 0, "PERSONA", "Execution domain: LINUX or LINUX32",
              field_check_personality),
        FIELD("cpu-affinity", SPEC_STRING, cpu_affinity, 0, "LIST", "CPUs that the command starts on",
              field_check_cpus),
        FIELD("pidfile", SPEC_STRING, pidfile, 0, "FILE", "Write the process id of the command to this file",
              field_check_absolute_path),
        FIELD("conmon-pidfile", SPEC_STRING, supervisor_pidfile, 0, "FILE",
              "Write the process id of the supervisor to this file", field_check_absolute_path),
        FIELD("passwd", SPEC_BOOLEAN, passwd, 0, NULL,
              "Give a numeric user entries in /etc/passwd and /etc/group (default: true)", NULL),
        FIELD("passwd-entry", SPEC_STRING, passwd_entry, 0, "ENTRY", "What that entry in /etc/passwd is",
              field_check_account_entry),
        FIELD("group-entry", SPEC_STRING, group_entry, 0, "ENTRY", "What that entry in /etc/group is",
              field_check_account_entry),
        FIELD("annotation", SPEC_MAP, annotations, 0, "KEY=VALUE", "Set an annotation",
              field_check_annotations),
        FIELD("log-driver", SPEC_STRING, log_driver, 0, "DRIVER",
              "Where the output goes: journald, none or passthrough", field_check_log_driver),
        FIELD("log-opt", SPEC_STRV, log_options, 0, "NAME=VALUE", "tag=TEXT or label=FIELD=TEXT",
              field_check_log_options),
        /* the files of /etc */
        FIELD("add-host", SPEC_STRV, add_hosts, 0, "NAME:ADDRESS", "Add an entry to /etc/hosts",
              field_check_add_host),
        FIELD("no-hosts", SPEC_BOOLEAN, no_hosts, 0, NULL, "Leave the image's /etc/hosts alone", NULL),
        FIELD("hosts-file", SPEC_STRING, hosts_file, 0, "FILE",
              "What /etc/hosts begins with: a file of the host, image or none", field_check_hosts_file),
        FIELD("no-hostname", SPEC_BOOLEAN, no_hostname, 0, NULL, "Leave the image's /etc/hostname alone",
              NULL),
        FIELD("dns", SPEC_STRV, dns, 0, "ADDRESS", "Name server, or none for the image's resolv.conf",
              field_check_dns),
        FIELD("dns-option", SPEC_STRV, dns_options, 0, "OPTION", "Option of resolv.conf",
              field_check_dns_words),
        FIELD("dns-search", SPEC_STRV, dns_search, 0, "DOMAIN", "Search domain, or . for none",
              field_check_dns_words),
        /* mounts */
        FIELD("volume", SPEC_STRV, volumes, 'v', "[SOURCE:]DIR[:OPTIONS]", "Mount a host path or a volume",
              field_check_volume),
        FIELD("mount", SPEC_STRV, mounts, 0, "type=TYPE,...",
              "Mount a bind, volume, tmpfs, ramfs, image, glob or devpts", field_check_mount),
        FIELD("tmpfs", SPEC_STRV, tmpfs, 0, "DIR[:OPTIONS]", "Mount a tmpfs", field_check_tmpfs),
        FIELD("volumes-from", SPEC_STRV, volumes_from, 0, "CONTAINER[:OPTIONS]",
              "Mount what another container has mounted", field_check_volumes_from),
        FIELD("image-volume", SPEC_STRING, image_volume, 0, "MODE",
              "The image's volumes: anonymous, tmpfs or ignore", field_check_image_volume),
        FIELD("shm-size", SPEC_BYTES, shm_size_bytes, 0, "BYTES",
              "Size of /dev/shm (default: 64m, 0: no limit)", NULL),
        FIELD("shm-size-systemd", SPEC_BYTES, shm_size_systemd_bytes, 0, "BYTES",
              "Size of systemd's tmpfs (/run and others; 0: no limit)", NULL),
        FIELD("read-only-tmpfs", SPEC_BOOLEAN, read_only_tmpfs, 0, NULL,
              "With --read-only: writable tmpfs where programs expect them (default: true)", NULL),
        FIELD("bind", SPEC_STRV, binds, 0, "SOURCE[:DIR[:OPTIONS]]",
              "Mount a host path as systemd-nspawn does", field_check_bind),
        FIELD("bind-ro", SPEC_STRV, binds_read_only, 0, "SOURCE[:DIR[:OPTIONS]]", "The same read-only",
              field_check_bind_ro),
        FIELD("inaccessible", SPEC_STRV, inaccessible, 0, "PATH", "Hide a path of the container",
              field_check_inaccessible),
        FIELD("overlay", SPEC_STRV, overlays, 0, "LOWER[:LOWER...]:UPPER:DIR",
              "Merge directories of the host", field_check_overlay),
        FIELD("overlay-ro", SPEC_STRV, overlays_read_only, 0, "LOWER[:LOWER...]:DIR", "The same read-only",
              field_check_overlay_ro),
        FIELD("read-only", SPEC_BOOLEAN, read_only, 0, NULL, "Mount the root file system read-only", NULL),
        /* isolation */
        FIELD("userns", SPEC_STRING, userns, 0, "MODE",
              "User namespace: auto (an own range), keep-id, host, container:NAME, ns:PATH",
              field_check_userns),
        FIELD("uidmap", SPEC_STRV, uidmap, 0, "INSIDE:OUTSIDE[:COUNT]", "Map users so", field_check_id_map),
        FIELD("gidmap", SPEC_STRV, gidmap, 0, "INSIDE:OUTSIDE[:COUNT]", "Map groups so", field_check_id_map),
        FIELD("subuidname", SPEC_STRING, subuidname, 0, "NAME", "Map users to NAME's in /etc/subuid",
              field_check_subid_name),
        FIELD("subgidname", SPEC_STRING, subgidname, 0, "NAME", "Map groups to NAME's in /etc/subgid",
              field_check_subid_name),
        FIELD("pid", SPEC_STRING, pid, 0, "MODE", "Processes: private, host, container:NAME, ns:PATH",
              field_check_pid),
        FIELD("ipc", SPEC_STRING, ipc, 0, "MODE",
              "IPC: shareable, private, none, host, container:NAME, ns:PATH", field_check_ipc),
        FIELD("uts", SPEC_STRING, uts, 0, "MODE", "Host name: private, host, container:NAME, ns:PATH",
              field_check_uts),
        FIELD("cgroupns", SPEC_STRING, cgroupns, 0, "MODE",
              "View of cgroups: private, host, container:NAME, ns:PATH", field_check_cgroupns),
        FIELD("network", SPEC_STRING, network, 0, "MODE",
              "Network: none (default), private, host, container:NAME, ns:PATH", field_check_network),
        FIELD("sysctl", SPEC_MAP, sysctl, 0, "NAME=VALUE", "Set a kernel setting of a namespace",
              field_check_sysctl),
        FIELD("device", SPEC_STRV, devices, 0, "HOST[:INSIDE][:rwm]",
              "Give a device, a directory of them, or a CDI device", field_check_devices),
        FIELD("device-cgroup-rule", SPEC_STRV, device_rules, 0, "RULE",
              "Allow devices by number, such as 'c 10:* rwm'", field_check_device_rules),
        FIELD("cap-add", SPEC_STRV, cap_add, 0, "CAPABILITY", "Add a capability, or ALL",
              field_check_capabilities),
        FIELD("cap-drop", SPEC_STRV, cap_drop, 0, "CAPABILITY", "Drop a capability, or ALL",
              field_check_capabilities),
        FIELD("ambient-capability", SPEC_STRV, ambient, 0, "CAPABILITY",
              "Pass a capability on to a program that is not root's", field_check_capabilities),
        FIELD("security-opt", SPEC_STRV, security_opt, 0, "OPTION",
              "Seccomp, AppArmor, masked paths and more", field_check_security_options),
        FIELD("seccomp-profile", SPEC_STRING, seccomp_profile, 0, NULL, NULL, field_check_seccomp_profile),
        FIELD("no-new-privileges", SPEC_BOOLEAN, no_new_privileges, 0, NULL,
              "No program may gain privileges", NULL),
        FIELD("privileged", SPEC_BOOLEAN, privileged, 0, NULL,
              "All capabilities and devices, nothing hidden or filtered", NULL),
        /* resources */
        FIELD("memory", SPEC_BYTES, memory_bytes, 'm', "BYTES", "Memory limit (suffixes k, m, g)",
              field_check_memory),
        FIELD("memory-reservation", SPEC_BYTES, memory_reservation_bytes, 0, "BYTES",
              "Memory that is not taken away while there is other", field_check_memory_reservation),
        FIELD("memory-swap", SPEC_LIMIT, memory_swap_bytes, 0, "BYTES",
              "Limit of memory and swap together (-1: unlimited swap; default: twice the memory)",
              field_check_memory_swap),
        FIELD("memory-swappiness", SPEC_COUNT, memory_swappiness, 0, "NUMBER",
              "Of cgroup v1, refused: 0 to 100", field_check_swappiness),
        FIELD("oom-kill-disable", SPEC_BOOLEAN, oom_kill_disable, 0, NULL, "Of cgroup v1, refused", NULL),
        FIELD("oom-policy", SPEC_STRING, oom_policy, 0, "POLICY",
              "Out of memory: kill one process (continue) or all (kill)", field_check_oom_policy),
        FIELD("cpus", SPEC_FRACTION, cpus, 0, "NUMBER", "CPU limit, such as 1.5", field_check_cpu_count),
        FIELD("cpu-shares", SPEC_COUNT, cpu_shares, 'c', "NUMBER",
              "Share of the CPUs where they are scarce (2 to 262144, 1024 is usual)",
              field_check_cpu_shares),
        FIELD("cpu-quota", SPEC_COUNT, cpu_quota_usec, 0, "USEC",
              "CPU time in each period, in microseconds (-1: no limit)", field_check_cpu_quota),
        FIELD("cpu-period", SPEC_COUNT, cpu_period_usec, 0, "USEC",
              "Length of the quota's period (default: 100000)", field_check_cpu_period),
        FIELD("cpu-rt-runtime", SPEC_COUNT, cpu_rt_runtime_usec, 0, "USEC", "Of cgroup v1, refused", NULL),
        FIELD("cpu-rt-period", SPEC_COUNT, cpu_rt_period_usec, 0, "USEC", "Of cgroup v1, refused", NULL),
        FIELD("cpuset-cpus", SPEC_STRING, cpuset_cpus, 0, "LIST", "CPUs to run on, such as 0-3,7",
              field_check_cpu_set),
        FIELD("cpuset-mems", SPEC_STRING, cpuset_mems, 0, "LIST", "Memory nodes to use, such as 0,1",
              field_check_cpu_set),
        FIELD("pids-limit", SPEC_COUNT, pids_limit, 0, "NUMBER",
              "Limit of processes and threads (0, -1: none)", field_check_pids),
        FIELD("blkio-weight", SPEC_COUNT, blkio_weight, 0, "NUMBER",
              "Share of the disks' time where it is scarce (10 to 1000)", field_check_blkio_weight),
        FIELD("blkio-weight-device", SPEC_STRV, blkio_weight_device, 0, "DEVICE:NUMBER",
              "The same for one disk", field_check_device_weight),
        FIELD("device-read-bps", SPEC_STRV, device_read_bps, 0, "DEVICE:BYTES",
              "Limit of bytes read from a disk in a second", field_check_device_bytes),
        FIELD("device-write-bps", SPEC_STRV, device_write_bps, 0, "DEVICE:BYTES",
              "Limit of bytes written to a disk in a second", field_check_device_bytes),
        FIELD("device-read-iops", SPEC_STRV, device_read_iops, 0, "DEVICE:NUMBER",
              "Limit of reads from a disk in a second", field_check_device_count),
        FIELD("device-write-iops", SPEC_STRV, device_write_iops, 0, "DEVICE:NUMBER",
              "Limit of writes to a disk in a second", field_check_device_count),
        FIELD("cgroup-parent", SPEC_STRING, cgroup_parent, 0, "SLICE",
              "Slice of the container's scope (default: machine.slice)", field_check_slice),
        FIELD("cgroups", SPEC_STRING, cgroups, 0, "MODE", "Cgroups to make: enabled or no-conmon",
              field_check_cgroups),
        FIELD("cgroup-conf", SPEC_STRV, cgroup_conf, 0, "KEY=VALUE",
              "Write a value to a file of the container's cgroup", field_check_cgroup_conf),
        FIELD("property", SPEC_STRV, unit_properties, 0, "NAME=VALUE",
              "Set a property of the container's scope", field_check_unit_properties),
        /* life */
        FIELD("restart", SPEC_STRING, restart_policy, 0, "POLICY",
              "When to start it again: no, on-failure[:N], always, unless-stopped", field_check_restart),
        FIELD("rmi", SPEC_BOOLEAN, remove_image, 0, NULL,
              "Remove the container when it exits, and its image unless another needs it", NULL),
        FIELD("health-cmd", SPEC_STRING, health_cmd, 0, "COMMAND",
              "What checks the health (a shell command, a JSON array, or none)", field_check_health_cmd),
        FIELD("health-interval", SPEC_DURATION, health_interval_usec, 0, "TIME",
              "Time between two checks, or 'disable' (default: 30s)", field_check_health_interval),
        FIELD("health-timeout", SPEC_DURATION, health_timeout_usec, 0, "TIME",
              "A check that takes longer has failed (default: 30s)", field_check_health_time),
        FIELD("health-retries", SPEC_COUNT, health_retries, 0, "NUMBER",
              "Failures in a row that make it unhealthy (default: 3)", field_check_count_from_1),
        FIELD("health-start-period", SPEC_DURATION, health_start_period_usec, 0, "TIME",
              "Failures before this time do not count (default: 0s)", field_check_health_period),
        FIELD("health-start-interval", SPEC_DURATION, health_start_interval_usec, 0, "TIME",
              "Time between two checks in the start period (default: 5s)", field_check_health_time),
        FIELD("health-startup-cmd", SPEC_STRING, health_startup_cmd, 0, "COMMAND",
              "What checks that it has started; the other check begins after that",
              field_check_health_startup_cmd),
        FIELD("health-startup-interval", SPEC_DURATION, health_startup_interval_usec, 0, "TIME",
              "Time between two startup checks, or 'disable' (default: 30s)", field_check_health_interval),
        FIELD("health-startup-timeout", SPEC_DURATION, health_startup_timeout_usec, 0, "TIME",
              "A startup check that takes longer has failed (default: 30s)", field_check_health_time),
        FIELD("health-startup-retries", SPEC_COUNT, health_startup_retries, 0, "NUMBER",
              "Failures of the startup check until it is restarted (default: 0, never)",
              field_check_count_from_0),
        FIELD("health-startup-success", SPEC_COUNT, health_startup_success, 0, "NUMBER",
              "Successes that end the startup check (default: 0, the first)", field_check_count_from_0),
        FIELD("health-on-failure", SPEC_STRING, health_on_failure, 0, "ACTION",
              "What happens when it gets unhealthy: none, kill, restart, stop", field_check_health_action),
        FIELD("health-log-destination", SPEC_STRING, health_log_destination, 0, "WHERE",
              "Where results are kept: local, a directory, or events_logger", field_check_health_log),
        FIELD("health-max-log-count", SPEC_COUNT, health_max_log_count, 0, "NUMBER",
              "Results that are kept (default: 5; 0: 1000)", field_check_health_log_count),
        FIELD("health-max-log-size", SPEC_COUNT, health_max_log_size, 0, "BYTES",
              "Output of a result that is kept (default: 500; 0: 65536)", field_check_health_log_size),
        FIELD("no-healthcheck", SPEC_BOOLEAN, no_healthcheck, 0, NULL, "Never check the health", NULL),
        /* whole systems */
        FIELD("rootfs", SPEC_STRING, rootfs, 0, NULL, NULL, check_rootfs),
        FIELD("directory", SPEC_STRING, directory, 'D', "DIR|NAME",
              "Use this tree, or that of /var/lib/machines, as the root", check_directory),
        FIELD("template", SPEC_STRING, template, 0, "DIR|NAME",
              "Use this tree as the root, and keep what is written apart from it", check_directory),
        FIELD("ephemeral", SPEC_BOOLEAN, ephemeral, 'x', NULL,
              "Throw away at each exit what was written to the root", NULL),
        FIELD("volatile", SPEC_STRING, volatile_mode, 0, "MODE",
              "Keep changes in memory: no, yes (only /usr), state (/var) or overlay", check_volatile),
        FIELD("boot", SPEC_BOOLEAN, boot, 'b', NULL,
              "Start the root's init, with the command as its arguments", NULL),
        FIELD("systemd", SPEC_STRING, systemd, 0, "MODE",
              "Prepare for systemd: true (if the command is an init), false or always", check_systemd),
        FIELD("uuid", SPEC_STRING, uuid, 0, "ID", "Machine ID to pass in (default: from the container's id)",
              check_uuid),
        FIELD("link-journal", SPEC_STRING, link_journal, 0, "MODE",
              "Show the system's journal on the host: no, auto, [try-]host or [try-]guest",
              check_link_journal),
        FIELD("notify-ready", SPEC_BOOLEAN, notify_ready, 0, NULL,
              "The start is done when the system says that it is ready", NULL),
        FIELD("set-credential", SPEC_STRV, set_credentials, 0, "ID:VALUE", "Pass in a credential",
              check_set_credential),
        FIELD("load-credential", SPEC_STRV, load_credentials, 0, "ID:PATH",
              "Pass in a credential from a file of the host", check_load_credential),
};
const size_t container_spec_n_fields = ELEMENTSOF(container_spec_fields);

static const char *const updatable[] = {
        /* resources */
        "memory",
        "memory-reservation",
        "memory-swap",
        "memory-swappiness",
        "cpus",
        "cpu-shares",
        "cpu-quota",
        "cpu-period",
        "cpu-rt-runtime",
        "cpu-rt-period",
        "cpuset-cpus",
        "cpuset-mems",
        "pids-limit",
        "blkio-weight",
        "blkio-weight-device",
        "device-read-bps",
        "device-write-bps",
        "device-read-iops",
        "device-write-iops",
        /* life */
        "restart",
        "health-cmd",
        "health-interval",
        "health-timeout",
        "health-retries",
        "health-start-period",
        "health-start-interval",
        "health-startup-cmd",
        "health-startup-interval",
        "health-startup-timeout",
        "health-startup-retries",
        "health-startup-success",
        "health-on-failure",
        "health-log-destination",
        "health-max-log-count",
        "health-max-log-size",
        "no-healthcheck",
};

bool container_spec_is_updatable(const SpecField *field) {
        for (size_t i = 0; i < ELEMENTSOF(updatable); i++)
                if (streq(updatable[i], field->key))
                        return true;
        return false;
}

static_assert(ELEMENTSOF(container_spec_fields) <= SPEC_FIELDS_MAX, "ContainerSpec.set is too narrow");
