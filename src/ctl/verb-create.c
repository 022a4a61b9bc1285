/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/container-options.h"
#include "ctl/create.h"
#include "ctl/environment.h"
#include "ctl/mount-source.h"
#include "ctl/profile.h"
#include "ctl/pull.h"
#include "ctl/spelling.h"
#include "spec/ulimit.h"

#define SHARED_OPTIONS_MAX 16

ContainerSpec create_spec;
const char *create_cidfile, *create_image;

static char **arg_env, **arg_env_files, **arg_label_files;
static bool arg_replace;
static bool arg_env_host, arg_http_proxy = true;
static const char *arg_pull = "missing";
static bool arg_rootfs;
static int cidfile_fd = -EBADF;

/* As with systemd-nspawn. */
static int set_link_journal(const Option *option, const char *text, Failure *f) {
        const SpecField *field = container_spec_find("link-journal");
        const char *hint;
        bool yes = true;

        if (text && parse_boolean(text, &yes) < 0)
                return -EINVAL;
        return yes ? container_spec_set_text(&create_spec, field, "try-guest", &hint) : 0;
}

static int set_pull_policy(const Option *option, const char *text, Failure *f) {
        static const char *const policies[] = { "always", "missing", "newer", "never" };

        for (size_t i = 0; i < ELEMENTSOF(policies); i++)
                if (streq(text, policies[i])) {
                        arg_pull = text;
                        return 0;
                }
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "option '--pull' has '%s': must be always, missing, newer or never", text);
}

const Option create_options[] = {
        { "env-file", 0, "FILE", "Set the environment variables that a file lists", option_set_strv,
          &arg_env_files },
        { "pull", 0, "POLICY", "Pull the image: always, missing, newer or never (default: missing)",
          set_pull_policy, &arg_pull },
        { "cidfile", 0, "FILE", "Write the container's id to this new file", option_set_string,
          &create_cidfile },
        { "rootfs", 0, NULL, "What stands in the place of the image is a directory", option_set_flag,
          &arg_rootfs },
        { "link-journal=try-guest", 'j', NULL, NULL, set_link_journal, NULL },
        { "label-file", 0, "FILE", "Set the labels that a file lists", option_set_strv, &arg_label_files },
        { "replace", 0, NULL, "Remove the container that has this name first", option_set_flag,
          &arg_replace },
        {},
};

static int set_root(const char *key, const char *path, const char *rest, Failure *f) {
        _cleanup_free_ char *real = realpath(path, NULL), *text = NULL;
        const SpecField *field = container_spec_find(key);
        const char *hint;
        int r;

        if (!real)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                         "option '--%s': cannot use %s as a root", key, path);
        r = string_format(&text, "%s%s", real, rest);
        if (r >= 0)
                r = container_spec_set_text(&create_spec, field, text, &hint);
        return r == -EINVAL ? failure_set(f, FAILURE_INVALID_ARGUMENT, "'%s' as a root %s", text, hint) : r;
}

/* Where the root comes from, and where the command begins among @operands. */
static int prepare_root(char **operands, char ***ret_command, Failure *f) {
        create_image = "";
        *ret_command = operands;
        if (!arg_rootfs && (create_spec.directory || create_spec.template))
                return 0;
        if (!operands[0])
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "nothing is named as the root: give an image, or a tree with --directory");
        *ret_command = operands + 1;
        if (arg_rootfs) {
                const char *colon = strchr(operands[0], ':');
                _cleanup_free_ char *path = strndup(operands[0], colon ? (size_t) (colon - operands[0])
                                                                       : strlen(operands[0]));

                return path ? set_root("rootfs", path, strempty(colon), f) : -ENOMEM;
        }
        create_image = operands[0];
        if (!*create_image)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "the image's name is empty");
        return 0;
}

/* Files that creeld writes: from where we are. */
static int complete_file(const SpecField *field, const char *text, char **ret) {
        _cleanup_free_ char *here = NULL;

        if ((!streq(field->key, "pidfile") && !streq(field->key, "conmon-pidfile")) || isempty(text) ||
            *text == '/')
                return 0;
        here = getcwd(NULL, 0);
        return here ? path_join(here, text, ret) : negative_errno();
}

static int set_field(const Option *option, const char *text, Failure *f) {
        const SpecField *field = option->value;
        _cleanup_free_ char *full = NULL;
        const char *hint;
        int r;

        r = complete_file(field, text, &full);
        if (r < 0)
                return r;
        r = container_spec_set_text(&create_spec, field, full ?: text, &hint);
        if (r == -EINVAL)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' has '%s': %s", option->name,
                                   strempty(text), hint ?: "is not valid");
        return r;
}

/* Fields whose sources are relative to the caller. */
static const struct {
        const char *key;
        MountSyntax syntax;
} mount_fields[] = {
        { "volume", MOUNT_SYNTAX_VOLUME },   { "mount", MOUNT_SYNTAX_MOUNT },
        { "bind", MOUNT_SYNTAX_BIND },       { "bind-ro", MOUNT_SYNTAX_BIND_RO },
        { "overlay", MOUNT_SYNTAX_OVERLAY }, { "overlay-ro", MOUNT_SYNTAX_OVERLAY_RO },
};

static int set_mount(const Option *option, const char *text, Failure *f) {
        _cleanup_free_ char *directory = getcwd(NULL, 0);
        _cleanup_strv_free_ char **texts = NULL;
        const SpecField *field = option->value;
        int r = 0;

        if (!directory)
                return failure_set_errno(f, FAILURE_SYSTEM, errno, "cannot find out the current directory");
        for (size_t i = 0; i < ELEMENTSOF(mount_fields) && r >= 0; i++)
                if (streq(field->key, mount_fields[i].key))
                        r = mount_source_complete(mount_fields[i].syntax, text, directory, &texts, f);
        if (r < 0 && f->text) {
                _cleanup_free_ char *why = TAKE_PTR(f->text);

                return failure_set(f, f->kind, "option '--%s' has '%s': %s", field->key, text, why);
        }
        STRV_FOREACH (i, texts)
                if (r >= 0)
                        r = set_field(option, *i, f);
        return r;
}

/* A path that says by its look that it is one is the caller's; a bare word is the name of a tree. */
static int set_tree(const Option *option, const char *text, Failure *f) {
        const SpecField *field = option->value;

        return *text != '/' && (strchr(text, '/') || streq(text, ".") || streq(text, ".."))
                               ? set_root(field->key, text, "", f)
                               : set_field(option, text, f);
}

/* Other spellings of fields. */
static const struct {
        const char *name, *key, *help;
} aliases[] = {
        { "slice", "cgroup-parent", "The same as --cgroup-parent" },
        { "net", "network", "The same as --network" },
        { "capability", "cap-add", "The same as --cap-add" },
        { "drop-capability", "cap-drop", "The same as --cap-drop" },
};

static int set_spelling(const Option *option, const char *text, Failure *f) {
        int (*const spelling)(ContainerSpec * spec, const char *text, const char **reterr_hint) =
                        streq(option->name, "gpus") ? spelling_gpus : spelling_private_users;
        const char *hint = NULL;
        int r;

        r = spelling(&create_spec, text, &hint);
        return r == -EINVAL ? failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' has '%s': %s",
                                          option->name, text, strempty(hint))
                            : r;
}

/* What only creelctl can resolve: it has the caller's environment and files. */
static const Option caller_options[] = {
        { "env-host", 0, NULL, "Set the environment variables of the caller", option_set_flag,
          &arg_env_host },
        { "http-proxy", 0, NULL, "Set the proxy variables of the caller (default: true)", option_set_flag,
          &arg_http_proxy },
        { "private-users", 0, "MODE", "User namespace: no, yes, pick, identity or UID[:RANGE]", set_spelling,
          NULL },
        { "gpus", 0, "GPUS", "Give GPUs: all, or names of devices nvidia.com/gpu=NAME", set_spelling, NULL },
};

const Option *container_options_table(void) {
        static Option table[SPEC_FIELDS_MAX + ELEMENTSOF(aliases) + ELEMENTSOF(caller_options) +
                            SHARED_OPTIONS_MAX + 1];
        size_t n = 0;

        for (size_t i = 0; i < container_spec_n_fields; i++) {
                const SpecField *field = container_spec_fields + i;

                if (!field->help)
                        continue;
                table[n++] = (Option){
                        .name = field->key,
                        .letter = field->short_option,
                        .argument = field->argument,
                        .help = field->help,
                        .set = set_field,
                        .value = (void *) field,
                };
                /* "-e NAME" takes the caller's value, which only we know. */
                if (streq(field->key, "env")) {
                        table[n - 1].set = option_set_strv;
                        table[n - 1].value = &arg_env;
                }
                if (streq(field->key, "directory") || streq(field->key, "template"))
                        table[n - 1].set = set_tree;
                for (size_t k = 0; k < ELEMENTSOF(mount_fields); k++)
                        if (streq(field->key, mount_fields[k].key))
                                table[n - 1].set = set_mount;
        }
        for (size_t i = 0; i < ELEMENTSOF(aliases); i++) {
                const SpecField *field = container_spec_find(aliases[i].key);

                table[n++] = (Option){
                        .name = aliases[i].name,
                        .argument = field->argument,
                        .help = aliases[i].help,
                        .set = set_field,
                        .value = (void *) field,
                };
        }
        for (size_t i = 0; i < ELEMENTSOF(caller_options); i++)
                table[n++] = caller_options[i];
        for (const Option *o = pull_shared_options; o->name && n < ELEMENTSOF(table) - 1; o++)
                table[n++] = *o;
        return table;
}

static int prepare_environment(Failure *f) {
        int r;

        r = environment_add_defaults(&create_spec.default_env, arg_env_host, arg_http_proxy, environ);
        if (r < 0)
                return r;
        if (create_spec.default_env)
                container_spec_mark(&create_spec, container_spec_find("default-env"));
        if (!arg_env && !arg_env_files)
                return 0;
        STRV_FOREACH (path, arg_env_files) {
                r = environment_read_file("env-file", *path, environ, &create_spec.env, f);
                if (r < 0)
                        return r;
        }
        STRV_FOREACH (word, arg_env) {
                r = environment_add(&create_spec.env, *word, environ);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--env' has '%s': must be NAME=VALUE or NAME", *word);
                if (r < 0)
                        return r;
        }
        container_spec_mark(&create_spec, container_spec_find("env"));
        return 0;
}

/* Files first: what --label says wins. */
static int prepare_labels(Failure *f) {
        _cleanup_strv_free_ char **given = TAKE_PTR(create_spec.labels);
        int r = 0;

        if (!arg_label_files) {
                create_spec.labels = TAKE_PTR(given);
                return 0;
        }
        STRV_FOREACH(path, arg_label_files)
                if (r >= 0)
                        r = environment_read_file("label-file", *path, NULL, &create_spec.labels, f);
        STRV_FOREACH(i, given)
                if (r >= 0)
                        r = strv_env_set(&create_spec.labels, *i);
        container_spec_mark(&create_spec, container_spec_find("label"));
        return r;
}

/* The console of a system is for whoever boots it. */
static void prepare_console(void) {
        if (!create_spec.boot || container_spec_has(&create_spec, "tty"))
                return;
        create_spec.tty = true;
        container_spec_mark(&create_spec, container_spec_find("tty"));
        if (container_spec_has(&create_spec, "interactive"))
                return;
        create_spec.interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
        container_spec_mark(&create_spec, container_spec_find("interactive"));
}

/* --ulimit host means the limits of who calls, which creeld does not know. */
static int prepare_ulimits(void) {
        _cleanup_strv_free_ char **limits = NULL;
        int r = 0;

        if (!strv_contains(create_spec.ulimits, ULIMIT_HOST))
                return 0;
        STRV_FOREACH (i, create_spec.ulimits) {
                if (!streq(*i, ULIMIT_HOST)) {
                        r = strv_extend(&limits, *i);
                        if (r < 0)
                                return r;
                        continue;
                }
                for (int k = 0; k < (int) RLIM_NLIMITS; k++) {
                        struct rlimit own;
                        char *text;

                        if (!ulimit_name(k) || getrlimit((__rlimit_resource_t) k, &own) < 0)
                                continue;
                        r = string_format(&text, "%s=%" PRIi64 ":%" PRIi64, ulimit_name(k),
                                          (int64_t) own.rlim_cur, (int64_t) own.rlim_max);
                        if (r >= 0)
                                r = strv_consume(&limits, text);
                        if (r < 0)
                                return r;
                }
        }
        (void) strv_free(create_spec.ulimits);
        create_spec.ulimits = TAKE_PTR(limits);
        return 0;
}

int create_prepare(char **operands, Failure *f) {
        const SpecField *field;
        const char *hint;
        char **command;
        int r;

        r = prepare_root(operands, &command, f);
        if (r < 0)
                return r;
        if (command[0]) {
                r = strv_copy(command, &create_spec.command);
                if (r < 0)
                        return r;
                container_spec_mark(&create_spec, container_spec_find("command"));
        }
        prepare_console();
        r = prepare_environment(f);
        if (r >= 0)
                r = prepare_labels(f);
        if (r >= 0)
                r = prepare_ulimits();
        if (r >= 0)
                r = profile_read(&create_spec, f);
        if (r < 0)
                return r;
        if (container_spec_check(&create_spec, &field, &hint) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' %s", field->key, hint);
        return 0;
}

int create_new_call(Ctl *c, const char *member, const char *image, sd_bus_message **ret, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        int r;

        r = client_new_call(c, CREEL_BUS_PATH, CREEL_MANAGER, member, &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", image);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = container_options_append(m, &create_spec);
        if (r >= 0 && arg_replace)
                r = sd_bus_message_append(m, "{sv}", "replace", "b", 1);
        if (r == -EINVAL)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the image's name or an option is not valid UTF-8; D-Bus carries nothing "
                                   "else");
        if (r < 0)
                return client_failure(NULL, r, f);
        *ret = TAKE_PTR(m);
        return 0;
}

/* What is here will do when the registry cannot be asked. */
static int create_with_newer(Ctl *c, const char *image,
                             int (*attempt)(Ctl *c, const char *image, Failure *f), Failure *f) {
        _cleanup_failure_ Failure refused = {};
        _cleanup_free_ char *id = NULL;
        int pulled, r;

        pulled = pull_image(c, image, "always", &id, &refused);
        if (pulled > 0)
                return pulled;
        r = attempt(c, image, f);
        if (r >= 0 || pulled == 0 || !f->text || f->kind != FAILURE_NO_SUCH_IMAGE)
                return r;
        failure_done(f);
        *f = refused;
        refused = (Failure) {};
        return pulled;
}

int create_with_image(Ctl *c, const char *image, int (*attempt)(Ctl *c, const char *image, Failure *f),
                      Failure *f) {
        _cleanup_free_ char *id = NULL;
        int r;

        if (!*image)
                return attempt(c, image, f);
        if (streq(arg_pull, "newer"))
                return create_with_newer(c, image, attempt, f);
        if (streq(arg_pull, "always")) {
                r = pull_image(c, image, "always", &id, f);
                return r != 0 ? r : attempt(c, image, f);
        }
        r = attempt(c, image, f);
        if (r >= 0 || !f->text || f->kind != FAILURE_NO_SUCH_IMAGE || streq(arg_pull, "never"))
                return r;
        failure_done(f);
        r = pull_image(c, image, "missing", &id, f);
        return r != 0 ? r : attempt(c, image, f);
}

int create_claim_cidfile(Failure *f) {
        if (!create_cidfile)
                return 0;
        cidfile_fd = open(create_cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0644);
        if (cidfile_fd >= 0)
                return 0;
        if (errno == EEXIST)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--cidfile': '%s' exists; remove it, or name another one",
                                   create_cidfile);
        return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                 "option '--cidfile': cannot create the file '%s'", create_cidfile);
}

void create_write_cidfile(const char *id) {
        if (cidfile_fd < 0)
                return;
        if (fd_write_all(cidfile_fd, id, strlen(id)) < 0)
                (void) fprintf(stderr, "creelctl: cannot write the container id file '%s', ignoring\n",
                               create_cidfile);
        cidfile_fd = fd_close(cidfile_fd);
}

void create_drop_cidfile(void) {
        if (cidfile_fd < 0)
                return;
        (void) unlink(create_cidfile);
        cidfile_fd = fd_close(cidfile_fd);
}
