/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile.h"
#include "engine/etc.h"
#include "engine/exec.h"
#include "engine/health.h"
#include "engine/restart.h"
#include "engine/root.h"
#include "engine/supervisor.h"
#include "engine/userns.h"
#include "manager/manager.h"
#include "security/capability.h"
#include "spec/json.h"
#include "spec/log-option.h"
#include "spec/ulimit.h"

static int add_time(json_object *o, const char *key, uint64_t usec) {
        char buf[32];

        return json_add_string(o, key,
                               usec > 0 ? clock_format_rfc3339(buf, sizeof(buf), usec)
                                        : "0001-01-01T00:00:00Z");
}

static int add_list(json_object *o, const char *key, char *const *l) {
        return l && *l ? json_add_strv(o, key, l) : json_add(o, key, json_object_new_array());
}

static int add_map(json_object *o, const char *key, char *const *pairs) {
        return pairs && *pairs ? json_add_string_map(o, key, pairs)
                               : json_add(o, key, json_object_new_object());
}

/* Adds an object made by @fill. */
typedef int (*fill_t)(json_object *o, const void *of);

static int add_object(json_object *parent, const char *key, fill_t fill, const void *of) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        r = o ? fill(o, of) : -ENOMEM;
        return r < 0 ? r : json_add(parent, key, TAKE_PTR(o));
}

static const char *docker_status(const Container *c) {
        return c->state == CONTAINER_STOPPED ? "exited" : container_state_to_string(c->state);
}

static int add_health(json_object *o, const Container *c) {
        const HealthLog *log = health_log_of(c);
        json_object *health;
        int r;

        if (!log)
                return 0;
        r = health_log_to_json(log, &health);
        return r < 0 ? r : json_add(o, "Health", health);
}

static int fill_state(json_object *o, const void *of) {
        const Container *c = of;
        int r;

        r = json_add_string(o, "Status", docker_status(c));
        if (r >= 0)
                r = json_add_boolean(o, "Running", container_is_running(c));
        if (r >= 0)
                r = json_add_boolean(o, "Paused", c->state == CONTAINER_PAUSED);
        if (r >= 0)
                r = json_add_boolean(o, "Restarting", c->state == CONTAINER_RESTARTING);
        if (r >= 0)
                r = json_add_boolean(o, "OOMKilled", c->record->oom_killed);
        if (r >= 0)
                r = json_add_boolean(o, "StoppedByUser", c->record->stopped_by_user);
        if (r >= 0)
                r = json_add_boolean(o, "Dead", c->state == CONTAINER_DEAD);
        if (r >= 0)
                r = json_add_i64(o, "Pid", c->leader);
        if (r >= 0)
                r = json_add_i64(o, "ConmonPid", c->supervisor ? supervisor_pid(c->supervisor) : 0);
        if (r >= 0)
                r = json_add_i64(o, "ExitCode", MAX(c->record->exit_code, 0));
        if (r >= 0)
                r = json_add_string(o, "Error", strempty(c->record->error));
        if (r >= 0)
                r = add_time(o, "StartedAt", c->record->started_usec);
        if (r >= 0)
                r = add_time(o, "FinishedAt", c->record->finished_usec);
        return r < 0 ? r : add_health(o, c);
}

static int effective_env(const Container *c, char ***ret) {
        return container_env(&(const CompileInput){ .engine = c->engine,
                                                    .record = c->record,
                                                    .config = container_image_config(c) },
                             ret);
}

static int effective_labels(const Container *c, char ***ret) {
        _cleanup_strv_free_ char **labels = NULL;
        const ImageConfig *config = container_image_config(c);
        int r = 0;

        STRV_FOREACH(i, config ? config->labels : NULL)
                if (r >= 0)
                        r = strv_env_set(&labels, *i);
        STRV_FOREACH(i, c->record->spec->labels)
                if (r >= 0)
                        r = strv_env_set(&labels, *i);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(labels);
        return 0;
}

/* Times in nanoseconds, as docker has them. */
static int add_probe(json_object *parent, const char *key, char *const *test, const HealthProbe *probe,
                     uint64_t start_period_usec, uint64_t start_interval_usec, uint64_t n_retries) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (!test)
                return 0;
        o = json_object_new_object();
        if (!o)
                return -ENOMEM;
        r = json_add_strv(o, "Test", test);
        if (r >= 0)
                r = json_add_u64(o, "Interval", probe->interval_usec * 1000);
        if (r >= 0)
                r = json_add_u64(o, "Timeout", probe->timeout_usec * 1000);
        if (r >= 0 && start_period_usec > 0)
                r = json_add_u64(o, "StartPeriod", start_period_usec * 1000);
        if (r >= 0 && start_interval_usec > 0)
                r = json_add_u64(o, "StartInterval", start_interval_usec * 1000);
        if (r >= 0)
                r = json_add_u64(o, "Retries", n_retries);
        return r < 0 ? r : json_add(parent, key, TAKE_PTR(o));
}

static int add_healthcheck(json_object *o, const Container *c) {
        _cleanup_(health_config_done) HealthConfig config = {};
        int r;

        if (health_config_get(c->record->spec, container_image_config(c), &config, NULL) < 0 || !config.test)
                return 0;
        r = add_probe(o, "Healthcheck", config.test, &config.probe, config.start_period_usec,
                      config.start_period_usec > 0 ? config.start_interval_usec : 0, config.n_retries);
        if (r >= 0)
                r = add_probe(o, "StartupHealthCheck", config.startup_test, &config.startup, 0, 0,
                              config.n_startup_retries);
        if (r >= 0)
                r = json_add_string(o, "HealthcheckOnFailureAction", health_action_to_string(config.action));
        if (r >= 0)
                r = json_add_string(o, "HealthLogDestination", config.log_destination ?: "local");
        if (r >= 0)
                r = json_add_u64(o, "HealthcheckMaxLogCount", config.n_log_entries_max);
        if (r >= 0)
                r = json_add_u64(o, "HealthcheckMaxLogSize", config.n_output_bytes_max);
        return r;
}

static int fill_restart_policy(json_object *o, const void *of) {
        RestartPolicy policy = restart_policy_of(of);
        int r;

        r = json_add_string(o, "Name", restart_mode_to_string(policy.mode));
        return r < 0 ? r : json_add_u64(o, "MaximumRetryCount", policy.n_max);
}

static int fill_container_config(json_object *o, const void *of) {
        const Container *c = of;
        const ContainerSpec *spec = c->record->spec;
        const ImageConfig *config = container_image_config(c);
        bool replaced = container_spec_has(spec, "entrypoint");
        _cleanup_strv_free_ char **env = NULL, **labels = NULL, **argv = NULL;
        char hostname[65];
        int r;

        r = effective_env(c, &env);
        if (r >= 0)
                r = effective_labels(c, &labels);
        if (r >= 0 && config)
                r = container_argv(c->record, config, &argv, NULL);
        if (r >= 0)
                r = json_add_string(o, "Hostname", etc_hostname(c->record, hostname, sizeof(hostname)));
        if (r >= 0)
                r = json_add_string(o, "User", spec->user ?: config ? strempty(config->user) : "");
        if (r >= 0)
                r = json_add_boolean(o, "Tty", spec->tty);
        if (r >= 0)
                r = json_add_boolean(o, "OpenStdin", spec->interactive);
        if (r >= 0)
                r = add_list(o, "Env", env);
        if (r >= 0)
                r = add_list(o, "Cmd",
                             strv_length(spec->command) > 0 || replaced || !config ? spec->command
                                                                                   : config->cmd);
        if (r >= 0)
                r = add_list(o, "Entrypoint", replaced || !config ? spec->entrypoint : config->entrypoint);
        if (r >= 0)
                r = json_add_string(o, "Image", c->record->image);
        if (r >= 0)
                r = json_add_string(o, "WorkingDir",
                                    spec->workdir
                                                    ?: config ? strempty(config->working_dir)
                                                              : "");
        if (r >= 0)
                r = add_map(o, "Labels", labels);
        if (r >= 0)
                r = json_add_i64(o, "StopSignal", container_stop_signal(c));
        if (r >= 0)
                r = json_add_boolean(o, "SystemdMode", container_is_system(c));
        if (r >= 0)
                r = json_add_u64(o, "StopTimeout", container_stop_timeout_usec(c) / USEC_PER_SEC);
        if (r >= 0)
                r = json_add_u64(o, "Timeout", spec->run_timeout_usec / USEC_PER_SEC);
        if (r >= 0)
                r = json_add_string(o, "Umask", spec->umask ?: "0022");
        if (r >= 0)
                r = json_add_string(o, "Timezone", spec->timezone);
        if (r >= 0)
                r = json_add_boolean(o, "Passwd", !container_spec_has(spec, "passwd") || spec->passwd);
        if (r >= 0)
                r = json_add_string(o, "sdNotifyMode", spec->sdnotify ?: "container");
        if (r >= 0)
                r = add_map(o, "Annotations", spec->annotations);
        return r < 0 ? r : add_healthcheck(o, c);
}

static int add_ulimits(json_object *o, const ContainerSpec *spec) {
        _cleanup_json_ json_object *array = json_object_new_array();

        if (!array)
                return -ENOMEM;
        STRV_FOREACH(i, spec->ulimits) {
                json_object *e;
                Ulimit u;
                int r;

                if (ulimit_parse(*i, &u) < 0)
                        continue;
                e = json_object_new_object();
                if (!e || json_object_array_add(array, e) < 0) {
                        (void) json_object_put(e);
                        return -ENOMEM;
                }
                r = json_add_string(e, "Name", u.name);
                if (r >= 0) /* -1: none */
                        r = json_add_i64(e, "Soft", (int64_t) u.soft);
                if (r >= 0)
                        r = json_add_i64(e, "Hard", (int64_t) u.hard);
                if (r < 0)
                        return r;
        }
        return json_add(o, "Ulimits", TAKE_PTR(array));
}

static int fill_log_config(json_object *o, const void *of) {
        const ContainerSpec *spec = of;
        const char *tag = "", *value;
        int r;

        STRV_FOREACH(i, spec->log_options)
                if (log_option_parse(*i, &value) == LOG_OPTION_TAG)
                        tag = value;
        r = json_add_string(o, "Type", spec->log_driver ?: "journald");
        if (r >= 0)
                r = json_add_string(o, "Tag", tag);
        return r < 0 ? r : add_list(o, "Options", spec->log_options);
}

static int inspect_process(json_object *o, const Container *c) {
        const ContainerSpec *spec = c->record->spec;
        int r;

        r = add_object(o, "LogConfig", fill_log_config, spec);
        if (r >= 0)
                r = add_ulimits(o, spec);
        if (r >= 0)
                r = json_add_i64(o, "OomScoreAdj", spec->oom_score_adj);
        if (r >= 0)
                r = add_list(o, "GroupAdd", spec->groups);
        if (r >= 0)
                r = json_add_boolean(o, "Init", etc_has_init(spec));
        if (r >= 0)
                r = add_list(o, "ExtraHosts", spec->add_hosts);
        if (r >= 0)
                r = json_add_string(o, "HostsFile", spec->hosts_file);
        if (r >= 0)
                r = add_list(o, "Dns", spec->dns);
        if (r >= 0)
                r = add_list(o, "DnsOptions", spec->dns_options);
        if (r >= 0)
                r = add_list(o, "DnsSearch", spec->dns_search);
        if (r >= 0)
                r = json_add_string(o, "Personality", spec->personality);
        return r < 0 ? r : json_add_string(o, "CpuAffinity", spec->cpu_affinity);
}

/* Where the files are that are bound over the image's. */
static int inspect_files(json_object *o, const Container *c) {
        static const struct {
                const char *key, *name;
        } rows[] = { { "ResolvConfPath", "resolv.conf" },
                     { "HostnamePath", "hostname" },
                     { "HostsPath", "hosts" } };
        EtcFile files[ETC_FILES_MAX];
        size_t n = etc_files(c->record, files);
        int r;

        r = json_add_string(o, "PidFile", strempty(c->record->spec->pidfile));
        if (r >= 0)
                r = json_add_string(o, "ConmonPidFile", strempty(c->record->spec->supervisor_pidfile));
        for (size_t i = 0; i < ELEMENTSOF(rows) && r >= 0; i++) {
                _cleanup_free_ char *path = NULL;

                for (size_t k = 0; k < n && r >= 0; k++)
                        if (streq(files[k].name, rows[i].name))
                                r = string_format(&path, "%s/containers/%s/%s",
                                                  c->engine->store->runtime_path, c->record->id,
                                                  rows[i].name);
                if (r >= 0)
                        r = json_add_string(o, rows[i].key, strempty(path));
        }
        return r;
}

static int inspect_isolation(json_object *o, const Container *c) {
        const ContainerSpec *spec = c->record->spec;
        _cleanup_strv_free_ char **uids = NULL, **gids = NULL;
        const char *apparmor = NULL;
        int r;

        r = json_add_string(o, "UsernsMode", spec->userns ?: userns_is_used(c->record) ? "auto" : "host");
        if (r >= 0)
                r = id_map_format(&c->record->uid_map, &uids);
        if (r >= 0)
                r = id_map_format(&c->record->gid_map, &gids);
        if (r >= 0)
                r = add_list(o, "UidMap", uids);
        if (r >= 0)
                r = add_list(o, "GidMap", gids);
        if (r >= 0)
                r = json_add_string(o, "PidMode", spec->pid ?: "private");
        if (r >= 0)
                r = json_add_string(o, "IpcMode", spec->ipc ?: "shareable");
        if (r >= 0)
                r = json_add_string(o, "UTSMode", spec->uts ?: "private");
        if (r >= 0)
                r = json_add_string(o, "CgroupnsMode", spec->cgroupns ?: "private"); /* docker's name */
        if (r >= 0)
                r = json_add_string(o, "CgroupMode", spec->cgroupns ?: "private"); /* podman's */
        if (r >= 0)
                r = json_add_boolean(o, "Privileged", spec->privileged);
        if (r >= 0)
                r = add_list(o, "SecurityOpt", spec->security_opt);
        if (r >= 0)
                r = inspect_devices(c, o);
        if (r >= 0)
                r = add_list(o, "DeviceCgroupRules", spec->device_rules);
        if (r >= 0)
                r = add_map(o, "Sysctls", spec->sysctl);
        if (r >= 0 && container_apparmor(c->engine, spec, &apparmor, NULL) < 0)
                apparmor = NULL;
        return r < 0 ? r : json_add_string(o, "AppArmorProfile", strempty(apparmor));
}

static int fill_host_config(json_object *o, const void *of) {
        const Container *c = of;
        const ContainerSpec *spec = c->record->spec;
        int r;

        r = inspect_add_resources(o, spec);
        if (r >= 0)
                r = inspect_network_config(c, o);
        if (r >= 0)
                r = json_add_boolean(o, "ReadonlyRootfs", spec->read_only);
        if (r >= 0)
                r = json_add_boolean(o, "AutoRemove", container_is_ephemeral(c));
        if (r >= 0)
                r = add_object(o, "RestartPolicy", fill_restart_policy, c);
        if (r >= 0)
                r = add_list(o, "CapAdd", spec->cap_add);
        if (r >= 0)
                r = add_list(o, "CapDrop", spec->cap_drop);
        if (r >= 0)
                r = inspect_isolation(o, c);
        if (r >= 0)
                r = inspect_process(o, c);
        if (r >= 0)
                r = add_list(o, "Binds", spec->volumes);
        if (r >= 0)
                r = add_list(o, "VolumesFrom", spec->volumes_from);
        if (r >= 0)
                r = inspect_tmpfs(c, o);
        if (r >= 0)
                r = json_add_u64(o, "ShmSize",
                                 container_spec_has(spec, "shm-size") ? spec->shm_size_bytes : 64 << 20);
        if (r >= 0)
                r = json_add_u64(o, "UidBase", c->record->uid_base);
        return r;
}

static int add_command(json_object *o, const Container *c) {
        const ImageConfig *config = container_image_config(c);
        _cleanup_strv_free_ char **argv = NULL;
        int r;

        if (config && container_argv(c->record, config, &argv, NULL) < 0)
                argv = NULL;
        r = json_add_string(o, "Path", argv ? argv[0] : "");
        return r < 0 ? r : add_list(o, "Args", argv ? argv + 1 : NULL);
}

static int fill_execs(json_object *o, const Container *c) {
        _cleanup_strv_free_ char **ids = NULL;
        int r = 0;

        for (const ExecSession *e = exec_next(c, NULL); e && r >= 0; e = exec_next(c, e))
                r = strv_extend(&ids, exec_id(e));
        return r < 0 ? r : add_list(o, "ExecIDs", ids);
}

static int add_capability_set(json_object *o, const char *key, uint64_t set) {
        _cleanup_strv_free_ char **names = NULL;
        int r = 0;

        for (unsigned i = 0; i < 64 && r >= 0; i++)
                if ((set & CAPABILITY_BIT(i)) && capability_to_string(i))
                        r = strv_extend(&names, capability_to_string(i));
        return r < 0 ? r : add_list(o, key, names);
}

/* What the command may do, with the words of podman. */
static int inspect_confinement(json_object *o, const Container *c) {
        uint64_t bounding = 0, effective = 0;
        const char *apparmor = NULL;
        CompileInput in;
        int r;

        if (container_apparmor(c->engine, c->record->spec, &apparmor, NULL) < 0)
                apparmor = NULL;
        r = json_add_string(o, "AppArmorProfile", strempty(apparmor));
        if (r >= 0 && container_compile_input(c, NULL, &in, NULL) >= 0 &&
            container_command_capabilities(&in, &bounding, &effective, NULL) >= 0) {
                r = add_capability_set(o, "BoundingCaps", bounding);
                if (r >= 0)
                        r = add_capability_set(o, "EffectiveCaps", effective);
        }
        return r;
}

int inspect_container(const Container *c, char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "Id", c->record->id);
        if (r >= 0)
                r = add_time(o, "Created", c->record->created_usec);
        if (r >= 0)
                r = add_command(o, c);
        if (r >= 0)
                r = add_object(o, "State", fill_state, c);
        if (r >= 0)
                r = json_add_string(o, "Image", c->record->image_id.string);
        if (r >= 0)
                r = json_add_string(o, "ImageName", c->record->image);
        if (r >= 0)
                r = json_add_string(o, "Rootfs", strempty(c->record->rootfs));
        if (r >= 0)
                r = json_add_string(o, "Name", c->record->name);
        if (r >= 0)
                r = json_add_u64(o, "RestartCount", c->record->n_restarts);
        if (r >= 0)
                r = fill_execs(o, c);
        if (r >= 0)
                r = json_add_string(o, "Unit", c->unit);
        if (r >= 0)
                r = json_add_string(o, "CgroupPath", strempty(c->cgroup));
        if (r >= 0)
                r = inspect_files(o, c);
        if (r >= 0)
                r = inspect_confinement(o, c);
        if (r >= 0)
                r = inspect_mounts(c, o);
        if (r >= 0)
                r = inspect_network(c, o);
        if (r >= 0)
                r = add_object(o, "Config", fill_container_config, c);
        if (r >= 0)
                r = add_object(o, "HostConfig", fill_host_config, c);
        return r < 0 ? r : json_format(o, true, ret);
}

static int add_repo_digests(json_object *o, const Image *i) {
        _cleanup_strv_free_ char **l = NULL;

        STRV_FOREACH(tag, i->tags) {
                const EngineRef *ref = hashmap_get(i->engine->refs, *tag);
                _cleanup_(reference_done) Reference reference = {};
                char *s;
                int r;

                if (!ref || reference_parse(*tag, &reference, NULL) < 0)
                        continue;
                r = string_format(&s, "%s/%s@%s", reference.registry, reference.repository,
                                  ref->ref->digest.string);
                if (r >= 0)
                        r = strv_contains(l, s) ? (free(s), 0) : strv_consume(&l, s);
                if (r < 0)
                        return r;
        }
        return add_list(o, "RepoDigests", l);
}

static int fill_rootfs(json_object *o, const void *of) {
        const Image *i = of;
        json_object *array = json_object_new_array();
        int r;

        r = json_add_string(o, "Type", "layers");
        for (size_t k = 0; k < i->record->n_layers && array; k++)
                (void) json_object_array_add(array,
                                             json_object_new_string(i->record->layers[k].diff_id.string));
        return r < 0 ? r : json_add(o, "Layers", array);
}

static int fill_image_config(json_object *o, const void *of) {
        const ImageConfig *c = ((const Image *) of)->record->config;
        int r;

        r = json_add_string(o, "User", strempty(c->user));
        if (r >= 0)
                r = add_list(o, "Env", c->env);
        if (r >= 0)
                r = add_list(o, "Cmd", c->cmd);
        if (r >= 0)
                r = add_list(o, "Entrypoint", c->entrypoint);
        if (r >= 0)
                r = json_add_string(o, "WorkingDir", strempty(c->working_dir));
        if (r >= 0)
                r = add_map(o, "Labels", c->labels);
        if (r >= 0)
                r = json_add_string(o, "StopSignal", c->stop_signal);
        return r;
}

int inspect_image(const Image *i, char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "Id", i->record->config_digest.string);
        if (r >= 0)
                r = json_add_string(o, "Digest", i->record->manifest_digest.string);
        if (r >= 0)
                r = add_list(o, "RepoTags", i->tags);
        if (r >= 0)
                r = add_repo_digests(o, i);
        if (r >= 0)
                r = add_time(o, "Created", i->record->config->created_usec);
        if (r >= 0)
                r = json_add_string(o, "Author", i->record->config->author);
        if (r >= 0)
                r = json_add_string(o, "Architecture", i->record->config->architecture);
        if (r >= 0)
                r = json_add_string(o, "Variant", i->record->config->variant);
        if (r >= 0)
                r = json_add_string(o, "Os", i->record->config->os);
        if (r >= 0)
                r = json_add_u64(o, "Size", i->size_bytes);
        if (r >= 0)
                r = json_add_string(o, "ManifestType", i->record->manifest_media_type);
        if (r >= 0)
                r = add_object(o, "RootFS", fill_rootfs, i);
        if (r >= 0)
                r = add_object(o, "Config", fill_image_config, i);
        return r < 0 ? r : json_format(o, true, ret);
}
