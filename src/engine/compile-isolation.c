/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <strings.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "engine/userns.h"
#include "security/apparmor.h"
#include "security/capability.h"
#include "spec/json.h"
#include "spec/security-option.h"

/* The group of terminals, which a small user namespace may not have. */
#define TTY_GID 5
#define TTY_GID_OPTION "gid=5"

/* podman's default set (containers-common, capabilities(7)): docker's without AUDIT_WRITE, MKNOD and
 * NET_RAW. */
static const char *const default_capabilities[] = {
        "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
        "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
        "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT",
};

static const char *const masked_paths[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kallsyms",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/dev/block",
        "/sys/devices/virtual/powercap",
        "/sys/firmware",
        "/sys/fs/selinux",
        NULL,
};

static const char *const readonly_paths[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* The sets behind a list of names; one entry may hold several, separated by commas. */
typedef struct Names {
        uint64_t set;
        bool all;
} Names;

static int read_names(const char *option, char *const *l, Names *ret, Failure *f) {
        Names names = {};

        STRV_FOREACH(i, l) {
                _cleanup_strv_free_ char **words = NULL;
                int r;

                r = strv_split(*i, ",", &words);
                if (r < 0)
                        return r;
                STRV_FOREACH(w, words) {
                        int n = capability_from_string(*w);

                        if (strcasecmp(*w, "all") == 0)
                                names.all = true;
                        else if (n >= 0)
                                names.set |= CAPABILITY_BIT(n);
                        else
                                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                   "option '--%s' has '%s': no such capability; "
                                                   "capabilities(7) "
                                                   "lists them",
                                                   option, *w);
                }
        }
        *ret = names;
        return 0;
}

static const char *first_name(uint64_t set) {
        for (unsigned i = 0; i < 64; i++)
                if (set & CAPABILITY_BIT(i))
                        return capability_to_string(i);
        return "ALL";
}

/* The rules of podman: dropping all leaves what is added; adding all begins with all; nothing is both. */
static int merge_capabilities(uint64_t base, const ContainerSpec *spec, uint64_t *ret, Failure *f) {
        Names add = {}, drop = {};
        int r;

        r = read_names("cap-add", spec->cap_add, &add, f);
        if (r >= 0)
                r = read_names("cap-drop", spec->cap_drop, &drop, f);
        if (r < 0)
                return r;
        if ((add.all && drop.all) || (add.set & drop.set))
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "%s is both added and dropped; leave out '--cap-add' or '--cap-drop' of it",
                                first_name(add.set & drop.set));
        if (drop.all)
                base = 0;
        if (add.all)
                base = capability_all();
        *ret = ((base | add.set) & ~drop.set) & capability_all();
        return 0;
}

int container_capabilities(const ContainerSpec *spec, bool system, uint64_t *ret, Failure *f) {
        uint64_t base = system ? compile_system_capabilities(spec) : 0;

        for (size_t i = 0; i < ELEMENTSOF(default_capabilities); i++)
                base |= CAPABILITY_BIT(capability_from_string(default_capabilities[i]));
        return merge_capabilities(spec->privileged ? capability_all() : base, spec, ret, f);
}

static bool user_is_root(const char *user) {
        return !user || streq(user, "root") || streq(user, "0") || startswith(user, "root:") ||
               startswith(user, "0:");
}

static int ambient_capabilities(const ContainerSpec *spec, uint64_t bounding, uint64_t *ret, Failure *f) {
        Names names = {};
        int r;

        r = read_names("ambient-capability", spec->ambient, &names, f);
        if (r < 0)
                return r;
        *ret = names.all ? bounding : names.set;
        if (*ret & ~bounding)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "'--ambient-capability' has %s, which the container does not have; add it "
                                "with '--cap-add'",
                                first_name(*ret & ~bounding));
        return 0;
}

static int add_set(json_object *o, const char *key, uint64_t set) {
        _cleanup_strv_free_ char **names = NULL;
        int r = 0;

        for (unsigned i = 0; i < 64 && r >= 0; i++)
                if ((set & CAPABILITY_BIT(i)) && capability_to_string(i))
                        r = strv_extend(&names, capability_to_string(i));
        return r < 0 ? r : json_add_strv(o, key, names);
}

/* An image may say that it needs less (podman-run(1), "--cap-add", io.containers.capabilities). */
static void narrow_by_image(const ImageConfig *config, uint64_t *bounding) {
        const char *label = strv_env_get(config->labels, "io.containers.capabilities");
        char *const l[] = { (char *) label, NULL };
        Names names = {};

        if (!isempty(label) && read_names("label", l, &names, NULL) >= 0 && !names.all && names.set &&
            !(names.set & ~*bounding))
                *bounding = names.set;
}

typedef struct CapabilitySets {
        uint64_t bounding, effective, ambient;
} CapabilitySets;

/* Root has all that is allowed; anybody else what was added by name, and passes it on to what it executes
 * (podman, --cap-add). */
static int capability_sets(const CompileInput *in, const char *user, CapabilitySets *ret, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        CapabilitySets s = {};
        Names added = {};
        int r;

        r = container_capabilities(spec, compile_is_system(in), &s.bounding, f);
        if (r >= 0 && !spec->privileged)
                narrow_by_image(in->config, &s.bounding);
        if (r >= 0)
                r = ambient_capabilities(spec, s.bounding, &s.ambient, f);
        if (r >= 0)
                r = read_names("cap-add", spec->cap_add, &added, f);
        if (r < 0)
                return r;
        if (user_is_root(user))
                s.effective = s.bounding;
        else
                s.effective = s.ambient = (added.all ? s.bounding : added.set & s.bounding) | s.ambient;
        *ret = s;
        return 0;
}

int container_command_capabilities(const CompileInput *in, uint64_t *ret_bounding, uint64_t *ret_effective,
                                   Failure *f) {
        CapabilitySets s;
        char buf[32];
        int r;

        r = capability_sets(in, compile_default_user(in, buf, sizeof(buf)), &s, f);
        if (r < 0)
                return r;
        *ret_bounding = s.bounding;
        *ret_effective = s.effective;
        return 0;
}

static int compile_capabilities(const CompileInput *in, const char *user, json_object *process, Failure *f) {
        _cleanup_json_ json_object *o = json_object_new_object();
        CapabilitySets s;
        int r;

        r = o ? capability_sets(in, user, &s, f) : -ENOMEM;
        if (r < 0)
                return r;
        r = add_set(o, "bounding", s.bounding);
        if (r >= 0)
                r = add_set(o, "effective", s.effective);
        if (r >= 0)
                r = add_set(o, "permitted", s.effective);
        if (r >= 0)
                r = add_set(o, "inheritable", s.ambient);
        if (r >= 0)
                r = add_set(o, "ambient", s.ambient);
        return r < 0 ? r : json_add(process, "capabilities", TAKE_PTR(o));
}

static void security_options(const ContainerSpec *spec, SecurityOptions *ret) {
        const char *hint;

        *ret = (SecurityOptions){};
        (void) security_options_parse(spec->security_opt, ret, &hint);
}

int container_apparmor(const Engine *e, const ContainerSpec *spec, const char **ret, Failure *f) {
        _cleanup_security_options_ SecurityOptions o = {};
        bool available = e && e->apparmor.available;
        int r;

        security_options(spec, &o);
        *ret = NULL;
        if (!o.apparmor || streq(o.apparmor, APPARMOR_PROFILE_DEFAULT)) {
                if (o.apparmor && !available)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--security-opt' has 'apparmor=%s': this kernel has no "
                                           "AppArmor; leave it out",
                                           o.apparmor);
                if (available && e->apparmor.default_loaded && (o.apparmor || !spec->privileged))
                        *ret = APPARMOR_PROFILE_DEFAULT;
                else if (o.apparmor)
                        goto not_loaded;
                return 0;
        }
        if (streq(o.apparmor, "unconfined"))
                return 0;
        if (!available)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--security-opt' has 'apparmor=%s': this kernel has no AppArmor; "
                                   "leave it out",
                                   o.apparmor);
        r = apparmor_profile_is_loaded(APPARMOR_PROFILES_PATH, o.apparmor);
        if (r < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot read the list of AppArmor profiles");
        if (r == 0)
                goto not_loaded;
        *ret = o.apparmor;
        return 0;

not_loaded:
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "option '--security-opt' has 'apparmor=%s': no such AppArmor profile is loaded; "
                           "load "
                           "it with 'apparmor_parser -r FILE'",
                           o.apparmor);
}

int compile_process_isolation(const CompileInput *in, const char *user, json_object *process, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_security_options_ SecurityOptions o = {};
        const char *apparmor;
        int r;

        security_options(spec, &o);
        r = compile_capabilities(in, user, process, f);
        if (r >= 0)
                r = container_apparmor(in->engine, spec, &apparmor, f);
        if (r >= 0)
                r = json_add_string(process, "apparmorProfile", apparmor);
        if (r >= 0 && (o.no_new_privileges || spec->no_new_privileges))
                r = json_add_boolean(process, "noNewPrivileges", true);
        return r;
}

const char *compile_default_user(const CompileInput *in, char *buf, size_t size) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_userns_ Userns u = {};

        if (spec->user)
                return spec->user;
        if (userns_of(spec, &u) >= 0 && u.kind == USERNS_KEEP_ID && u.uid != USERNS_ID_NONE) {
                (void) snprintf(buf, size, "%" PRIu32 ":%" PRIu32, u.uid, u.gid);
                return buf;
        }
        return isempty(in->config->user) ? NULL : in->config->user;
}

static int add_paths(json_object *linux_part, const char *key, const char *const *paths,
                     const SecurityOptions *o, bool privileged, char *const *more) {
        _cleanup_strv_free_ char **l = NULL;
        int r = 0;

        for (size_t i = 0; paths[i] && r >= 0; i++)
                if (!privileged && !security_options_unmask(o, paths[i]))
                        r = strv_extend(&l, paths[i]);
        if (r >= 0)
                r = strv_extend_strv(&l, more);
        return r < 0 ? r : json_add_strv(linux_part, key, l);
}

int compile_linux(const CompileInput *in, json_object *root, Failure *f) {
        _cleanup_json_ json_object *linux_part = json_object_new_object();
        const ContainerSpec *spec = in->record->spec;
        _cleanup_security_options_ SecurityOptions o = {};
        int r;

        if (!linux_part)
                return -ENOMEM;
        security_options(spec, &o);
        r = compile_namespaces(in, linux_part, f);
        if (r >= 0)
                r = compile_personality(spec, linux_part);
        if (r >= 0)
                r = add_paths(linux_part, "maskedPaths", masked_paths, &o, spec->privileged, o.mask);
        if (r >= 0)
                r = add_paths(linux_part, "readonlyPaths", readonly_paths, &o, spec->privileged, NULL);
        if (r >= 0)
                r = compile_resources(in, linux_part, f);
        if (r >= 0)
                r = compile_devices(in, root, linux_part, f);
        if (r >= 0)
                r = compile_kernel_mounts(in, root, f);
        return r < 0 ? r : json_add(root, "linux", TAKE_PTR(linux_part));
}

static bool mount_is(json_object *m, const char *type, const char *destination) {
        const char *s;

        return json_get_string(m, "type", &s) >= 0 && streq(s, type) &&
               json_get_string(m, "destination", &s) >= 0 && streq(s, destination);
}

static bool source_is(json_object *m, const char *source) {
        const char *s;

        return json_get_string(m, "source", &s) >= 0 && streq(s, source);
}

static int set_string(json_object *o, const char *key, const char *value) {
        json_object_object_del(o, key);
        return json_add_string(o, key, value);
}

static int set_options(json_object *m, char *const *options) {
        json_object_object_del(m, "options");
        return json_add_strv(m, "options", options);
}

static int drop_option(json_object *m, const char *option) {
        _cleanup_strv_free_ char **old = NULL, **new = NULL;
        int r;

        r = json_get_strv(m, "options", &old);
        if (r < 0)
                return r;
        STRV_FOREACH(i, old)
                if (r >= 0 && !streq(*i, option))
                        r = strv_extend(&new, *i);
        return r < 0 ? r : set_options(m, new);
}

/* The file system may be written to. */
static int make_writable(json_object *m) {
        int r = drop_option(m, "ro");

        return r < 0 ? r : drop_option(m, "rro");
}

static int add_options(json_object *m, const char *words) {
        _cleanup_strv_free_ char **l = NULL, **more = NULL;
        int r;

        r = json_get_strv(m, "options", &l);
        if (r >= 0)
                r = strv_split(words, ",", &more);
        if (r >= 0)
                r = strv_extend_strv(&l, more);
        return r < 0 ? r : set_options(m, l);
}

/* The memory that is shared by name goes with the IPC namespace. */
static int share_shm(const CompileInput *in, json_object *m, Failure *f) {
        static char bind[] = "rbind", private[] = "rprivate", nosuid[] = "nosuid", noexec[] = "noexec",
                    nodev[] = "nodev";
        static char *const options[] = { bind, private, nosuid, noexec, nodev, NULL };
        NamespaceMode mode = compile_namespace_mode(in->record->spec, RUNTIME_NAMESPACE_IPC);
        char path[64] = "/dev/shm";
        Container *lender = NULL;
        int r;

        r = compile_lender(in, RUNTIME_NAMESPACE_IPC, &lender, f);
        if (r < 0 || (mode.kind != NAMESPACE_HOST && !lender))
                return r;
        if (lender &&
            compile_namespace_mode(lender->record->spec, RUNTIME_NAMESPACE_IPC).kind != NAMESPACE_HOST)
                (void) snprintf(path, sizeof(path), "/proc/%d/root/dev/shm", lender->leader);
        r = set_string(m, "type", "bind");
        if (r >= 0)
                r = set_string(m, "source", path);
        return r < 0 ? r : set_options(m, options);
}

/* Who shares a network shares the names in it: the lender's files in place of the container's own. */
static int share_etc(const CompileInput *in, json_object *m, Failure *f) {
        static const char *const names[] = { "/hosts", "/hostname", "/resolv.conf" };
        _cleanup_free_ char *own = NULL, *theirs = NULL;
        Container *lender = NULL;
        const char *source, *name;
        char buf[65];
        int r;

        r = compile_lender(in, RUNTIME_NAMESPACE_NETWORK, &lender, f);
        if (r <= 0 || json_get_string(m, "source", &source) < 0)
                return r;
        r = string_format(&own, "%s/containers/%s", in->runtime_path, in->record->id);
        name = r < 0 ? NULL : startswith(source, own);
        for (size_t i = 0; name && i < ELEMENTSOF(names); i++)
                if (streq(name, names[i]) && (!streq(name, "/hostname") ||
                                              streq_ptr(in->record->spec->hostname,
                                                        etc_hostname(lender->record, buf, sizeof(buf))))) {
                        r = string_format(&theirs, "%s/containers/%s%s", in->runtime_path,
                                          lender->record->id, name);
                        return r < 0 ? r : set_string(m, "source", theirs);
                }
        return r < 0 ? r : 0;
}

int compile_kernel_mounts(const CompileInput *in, json_object *root, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        _cleanup_security_options_ SecurityOptions o = {};
        json_object *mounts;
        int r;

        security_options(spec, &o);
        r = json_get(root, "mounts", json_type_array, &mounts);
        if (r < 0)
                return r == -ENODATA ? 0 : r;
        for (size_t i = 0; i < json_object_array_length(mounts) && r >= 0; i++) {
                json_object *m = json_object_array_get_idx(mounts, i);

                r = share_etc(in, m, f);
                if (r < 0)
                        return r;
                if (mount_is(m, "devpts", "/dev/pts") &&
                    id_map_host_id(&in->record->gid_map, TTY_GID) == UINT32_MAX)
                        r = drop_option(m, TTY_GID_OPTION);
                else if (mount_is(m, "proc", "/proc") && o.proc_options)
                        r = add_options(m, o.proc_options);
                else if (spec->privileged && (mount_is(m, "sysfs", "/sys") || mount_is(m, "bind", "/sys")))
                        r = make_writable(m);
                else if (mount_is(m, "cgroup", "/sys/fs/cgroup") &&
                         (spec->privileged || security_options_unmask(&o, "/sys/fs/cgroup")))
                        r = make_writable(m);
                else if (mount_is(m, "tmpfs", "/dev/shm") && source_is(m, "shm")) {
                        r = share_shm(in, m, f);
                        if (r >= 0 &&
                            compile_namespace_mode(spec, RUNTIME_NAMESPACE_IPC).kind == NAMESPACE_NONE &&
                            json_object_array_del_idx(mounts, i, 1) >= 0)
                                i--;
                }
        }
        return r;
}
