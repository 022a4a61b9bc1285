/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whole systems: what an init system as the container's first process expects (systemd.io,
 * CONTAINER_INTERFACE). */

#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/compile-part.h"
#include "engine/host-tree.h"
#include "engine/root.h"
#include "security/capability.h"
#include "spec/credential.h"
#include "spec/json.h"
#include "spec/system-mode.h"

/* Where the first does not exist, the runtime tries the others. */
#define INIT_PROGRAM "/usr/lib/systemd/systemd"

/* systemd-nspawn's set without what a user namespace makes void. */
static const char *const system_capabilities[] = {
        "CAP_CHOWN",          "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
        "CAP_FOWNER",         "CAP_FSETID",       "CAP_IPC_OWNER",
        "CAP_KILL",           "CAP_LEASE",        "CAP_LINUX_IMMUTABLE",
        "CAP_MKNOD",          "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST",  "CAP_NET_RAW",      "CAP_SETFCAP",
        "CAP_SETGID",         "CAP_SETPCAP",      "CAP_SETUID",
        "CAP_SYS_ADMIN",      "CAP_SYS_BOOT",     "CAP_SYS_CHROOT",
        "CAP_SYS_NICE",       "CAP_SYS_PTRACE",   "CAP_SYS_RESOURCE",
        "CAP_SYS_TTY_CONFIG",
};

/* What the image would run. */
static const char *own_program(const ImageConfig *config) {
        if (strv_length(config->entrypoint) > 0)
                return config->entrypoint[0];
        return strv_length(config->cmd) > 0 ? config->cmd[0] : NULL;
}

int compile_boot_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret) {
        const char *own = own_program(config);
        _cleanup_strv_free_ char **argv = NULL;
        int r;

        r = strv_extend(&argv, own && system_program_is_init(own) ? own : INIT_PROGRAM);
        if (r >= 0)
                r = strv_extend_strv(&argv, record->spec->command);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(argv);
        return 0;
}

static bool command_is_init(const CompileInput *in) {
        _cleanup_strv_free_ char **argv = NULL;

        return container_argv(in->record, in->config, &argv, NULL) >= 0 && system_program_is_init(argv[0]);
}

static SystemdMode systemd_mode(const ContainerSpec *spec) {
        return spec->systemd ? (SystemdMode) systemd_mode_parse(spec->systemd) : SYSTEMD_TRUE;
}

bool compile_is_system(const CompileInput *in) {
        const ContainerSpec *spec = in->record->spec;

        if (spec->boot || systemd_mode(spec) == SYSTEMD_ALWAYS)
                return true;
        return systemd_mode(spec) == SYSTEMD_TRUE && command_is_init(in);
}

bool compile_has_console(const CompileInput *in) {
        const ContainerSpec *spec = in->record->spec;

        return spec->tty || spec->boot || (compile_is_system(in) && command_is_init(in));
}

uint64_t compile_system_capabilities(const ContainerSpec *spec) {
        uint64_t set = 0;

        for (size_t i = 0; i < ELEMENTSOF(system_capabilities); i++)
                set |= UINT64_C(1) << capability_from_string(system_capabilities[i]);
        /* The host's network is the host's to configure. */
        if (streq_ptr(spec->network, "host"))
                set &= ~(UINT64_C(1) << capability_from_string("CAP_NET_ADMIN"));
        return set;
}

bool container_is_system(const Container *c) {
        const ImageConfig *config = container_image_config(c);

        return config && compile_is_system(&(const CompileInput){
                                         .engine = c->engine, .record = c->record, .config = config });
}

/* Options that only make sense for a system, or contradict it. */
static int check_system(const CompileInput *in, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        bool system = compile_is_system(in);

        if (spec->boot && systemd_mode(spec) == SYSTEMD_FALSE)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--boot starts a system, which --systemd=false refuses; leave out one");
        if (spec->boot && container_spec_has(spec, "entrypoint"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--boot starts the root's own init; leave out --entrypoint");
        if (spec->boot && spec->user && !streq(spec->user, "root") && !streq(spec->user, "0"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--boot starts an init, which has to be root; leave out --user");
        if (spec->notify_ready && !system)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--notify-ready waits for an init system to be ready; add --boot or "
                                   "--systemd=always");
        if (container_spec_has(spec, "link-journal") && !system)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--link-journal is about the journal of a whole system; add --boot or "
                                   "--systemd=always");
        if ((spec->set_credentials || spec->load_credentials) && !system)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--set-credential and --load-credential are for an init system; add "
                                   "--boot or "
                                   "--systemd=always");
        STRV_FOREACH(i, spec->load_credentials) {
                _cleanup_(credential_done) Credential c = {};
                const char *hint;

                if (credential_parse_load(*i, &c, &hint) >= 0 && access(c.path, F_OK) < 0)
                        return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                                 "option '--load-credential' has '%s'", *i);
        }
        return 0;
}

int compile_uuid(const CompileInput *in, char **ret) {
        char id[33];

        root_machine_id(in->engine, in->record, id);
        return string_format(ret, "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
}

int compile_system_env(const CompileInput *in, char ***env) {
        const ContainerSpec *spec = in->record->spec;
        int r;

        if (!compile_is_system(in))
                return 0;
        r = host_tree_env(env);
        if (r >= 0)
                r = strv_env_set(env, "NOTIFY_SOCKET=/run/host/notify");
        if (r >= 0 && (spec->set_credentials || spec->load_credentials))
                r = strv_env_set(env, "CREDENTIALS_DIRECTORY=/run/host/credentials");
        return r;
}

int compile_system_journal(const CompileInput *in, JournalLink *ret, Failure *f) {
        char id[33];

        root_machine_id(in->engine, in->record, id);
        return journal_link_plan(in->engine, in->record, JOURNAL_PATH, id, ret, f);
}

static int check_root(const CompileInput *in, Failure *f) {
        const ContainerSpec *spec = in->record->spec;
        VolatileMode mode = compile_volatile_mode(spec);
        int journal = spec->link_journal ? link_journal_parse(spec->link_journal) : LINK_JOURNAL_AUTO;

        if (spec->ephemeral && spec->template)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--template keeps what is written and --ephemeral does not; with "
                                   "--ephemeral, name the tree with --directory");
        if (spec->ephemeral && mode != VOLATILE_NO)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--ephemeral and --volatile both throw changes away; choose one");
        if (in->record->rootfs && streq(in->record->rootfs, "/") && !root_is_overlay(in->record) &&
            mode == VOLATILE_NO && !spec->read_only)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the host's own root cannot be used directly; add --volatile=overlay or "
                                   "--read-only");
        if (in->record->rootfs && streq(in->record->rootfs, "/") && root_is_overlay(in->record))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "what is written over the host's own root would lie in it; use "
                                   "--volatile=overlay");
        if ((spec->ephemeral || mode != VOLATILE_NO) &&
            (journal == LINK_JOURNAL_GUEST || journal == LINK_JOURNAL_TRY_GUEST))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--link-journal=%s keeps the journal in a root that is thrown away; use "
                                   "--link-journal=host",
                                   spec->link_journal);
        return 0;
}

VolatileMode compile_volatile_mode(const ContainerSpec *spec) {
        return spec->volatile_mode ? (VolatileMode) volatile_mode_parse(spec->volatile_mode) : VOLATILE_NO;
}

bool compile_root_is_read_only(const CompileInput *in) {
        const ContainerSpec *spec = in->record->spec;

        return spec->read_only || compile_volatile_mode(spec) == VOLATILE_STATE || root_is_read_only(spec);
}

int compile_system(const CompileInput *in, json_object *root, Failure *f) {
        json_object *linux_part, *annotations;
        int r;

        r = check_system(in, f);
        if (r >= 0)
                r = check_root(in, f);
        if (r < 0 || !compile_is_system(in))
                return r;
        /* So that what is mounted inside reaches the services' own mount namespaces. */
        r = json_get(root, "linux", json_type_object, &linux_part);
        if (r >= 0)
                r = json_add_string(linux_part, "rootfsPropagation", "rshared");
        if (r < 0 || !in->record->spec->boot)
                return r;
        if (json_get(root, "annotations", json_type_object, &annotations) >= 0)
                return json_add_string(annotations, "org.creel1.boot", "true");
        annotations = json_object_new_object();
        r = annotations ? json_add_string(annotations, "org.creel1.boot", "true") : -ENOMEM;
        return r < 0 ? r : json_add(root, "annotations", annotations);
}
