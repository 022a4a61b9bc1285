/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "oci/oci.h"

/* Engines ask for these with their options; all that they get is a clear answer. */

static const char *arg_text;
static bool arg_flag;

#define VALUE(name, letter, argument) \
        { name, letter, argument, NULL, option_set_string, &arg_text }
#define FLAG(name, letter) \
        { name, letter, NULL, NULL, option_set_flag, &arg_flag }

#define SHARED_OPTIONS                                                                               \
        VALUE("image-path", 0, "DIRECTORY"), VALUE("work-path", 0, "DIRECTORY"),                     \
                        VALUE("parent-path", 0, "DIRECTORY"), FLAG("tcp-established", 0),            \
                        FLAG("tcp-close", 0), FLAG("tcp-skip-in-flight", 0), FLAG("link-remap", 0),  \
                        FLAG("ext-unix-sk", 0), FLAG("shell-job", 0), FLAG("file-locks", 0),         \
                        FLAG("lazy-pages", 0), FLAG("auto-dedup", 0),                                \
                        VALUE("manage-cgroups-mode", 0, "MODE"), VALUE("network-lock", 0, "METHOD"), \
                        VALUE("empty-ns", 0, "NAMESPACE")

const Option checkpoint_options[] = {
        SHARED_OPTIONS,
        FLAG("leave-running", 0),
        FLAG("pre-dump", 0),
        VALUE("status-fd", 0, "FD"),
        VALUE("page-server", 0, "ADDRESS"),
        {},
};

const Option restore_options[] = {
        SHARED_OPTIONS,
        VALUE("bundle", 'b', "DIRECTORY"),
        VALUE("config", 'f', "FILE"),
        VALUE("console-socket", 0, "PATH"),
        VALUE("pid-file", 0, "FILE"),
        VALUE("preserve-fds", 0, "N"),
        VALUE("lsm-profile", 0, "PROFILE"),
        VALUE("lsm-mount-context", 0, "CONTEXT"),
        FLAG("detach", 'd'),
        FLAG("no-pivot", 0),
        FLAG("no-new-keyring", 0),
        FLAG("no-subreaper", 0),
        {},
};

int verb_checkpoint(const Oci *oci, char **operands, Failure *f) {
        return failure_set(
                        f, FAILURE_INVALID_STATE,
                        "cannot checkpoint container %s: creel-oci has no support for CRIU; stop and start "
                        "it instead",
                        operands[0]);
}

int verb_restore(const Oci *oci, char **operands, Failure *f) {
        return failure_set(f, FAILURE_INVALID_STATE,
                           "cannot restore container %s: creel-oci has no support for CRIU; create it anew "
                           "instead",
                           operands[0]);
}
