/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-c/json.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "config.h"
#include "oci/feature.h"
#include "security/capability.h"
#include "security/seccomp-cache.h"
#include "security/seccomp-word.h"
#include "spec/json.h"
#include "spec/mount-option.h"
#include "spec/runtime-spec.h"

/* Adds the object {"enabled": @value}. */
static int add_enabled(json_object *o, const char *key, bool value) {
        json_object *inner = json_object_new_object();
        int r;

        if (!inner)
                return -ENOMEM;
        r = json_add(o, key, inner);
        return r < 0 ? r : json_add_boolean(inner, "enabled", value);
}

static int add_hooks(json_object *o) {
        _cleanup_strv_free_ char **names = NULL;
        int r = 0;

        for (int i = 0; r >= 0 && i < _RUNTIME_HOOK_MAX; i++)
                r = strv_extend(&names, runtime_hook_kind_to_string((RuntimeHookKind) i));
        return r < 0 ? r : json_add_strv(o, "hooks", names);
}

static int add_mount_options(json_object *o) {
        _cleanup_strv_free_ char **words = NULL;
        int r;

        r = mount_option_words(&words);
        if (r < 0)
                return r;
        return json_add_strv(o, "mountOptions", words);
}

static int add_namespaces(json_object *o) {
        _cleanup_strv_free_ char **names = NULL;
        int r = 0;

        for (int i = 0; r >= 0 && i < _RUNTIME_NAMESPACE_MAX; i++)
                r = strv_extend(&names, runtime_namespace_to_string((RuntimeNamespaceType) i));
        if (r < 0)
                return r;
        return json_add_strv(o, "namespaces", names);
}

static int add_capabilities(json_object *o) {
        _cleanup_strv_free_ char **names = NULL;
        const char *name;
        int r = 0;

        for (unsigned i = 0; r >= 0 && (name = capability_to_string(i)); i++)
                r = strv_extend(&names, name);
        return r < 0 ? r : json_add_strv(o, "capabilities", names);
}

static int add_cgroup(json_object *o) {
        static const struct {
                const char *key;
                bool value;
        } facts[] = { { "v1", false },
                      { "v2", true },
                      { "systemd", true },
                      { "systemdUser", true },
                      { "rdma", true } };
        json_object *inner = json_object_new_object();
        int r;

        if (!inner)
                return -ENOMEM;
        r = json_add(o, "cgroup", inner);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(facts); i++)
                r = json_add_boolean(inner, facts[i].key, facts[i].value);
        return r;
}

static int add_words(json_object *o, const char *key, SeccompWordKind kind) {
        _cleanup_strv_free_ char **words = NULL;
        const char *word;
        int r = 0;

        for (size_t i = 0; r >= 0 && (word = seccomp_word_at(kind, i)); i++)
                r = strv_extend(&words, word);
        if (r < 0)
                return r;
        return json_add_strv(o, key, words);
}

/* A kernel that has the flag misses the filter next. */
static bool flag_is_supported(uint32_t flag) {
        if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
                flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

static int add_supported_flags(json_object *o) {
        _cleanup_strv_free_ char **words = NULL;
        const char *word;
        int r = 0;

        for (size_t i = 0; r >= 0 && (word = seccomp_word_at(SECCOMP_WORD_FLAG, i)); i++) {
                uint32_t flag;

                r = seccomp_word_parse(SECCOMP_WORD_FLAG, word, &flag);
                if (r >= 0 && flag_is_supported(flag))
                        r = strv_extend(&words, word);
        }
        if (r < 0)
                return r;
        return json_add_strv(o, "supportedFlags", words);
}

static int add_seccomp(json_object *o) {
        json_object *inner = json_object_new_object();
        int r;

        if (!inner)
                return -ENOMEM;
        r = json_add(o, "seccomp", inner);
        if (r >= 0)
                r = json_add_boolean(inner, "enabled", true);
        if (r >= 0)
                r = add_words(inner, "actions", SECCOMP_WORD_ACTION);
        if (r >= 0)
                r = add_words(inner, "operators", SECCOMP_WORD_OPERATOR);
        if (r >= 0)
                r = add_words(inner, "archs", SECCOMP_WORD_ARCHITECTURE);
        if (r >= 0)
                r = add_words(inner, "knownFlags", SECCOMP_WORD_FLAG);
        return r < 0 ? r : add_supported_flags(inner);
}

static int add_mount_extensions(json_object *o) {
        json_object *inner = json_object_new_object();
        int r;

        if (!inner)
                return -ENOMEM;
        r = json_add(o, "mountExtensions", inner);
        return r < 0 ? r : add_enabled(inner, "idmap", true);
}

static int add_linux(json_object *o) {
        json_object *inner = json_object_new_object();
        int r;

        if (!inner)
                return -ENOMEM;
        r = json_add(o, "linux", inner);
        if (r >= 0)
                r = add_namespaces(inner);
        if (r >= 0)
                r = add_capabilities(inner);
        if (r >= 0)
                r = add_cgroup(inner);
        if (r >= 0)
                r = add_seccomp(inner);
        if (r >= 0)
                r = add_enabled(inner, "apparmor", true);
        if (r >= 0)
                r = add_enabled(inner, "selinux", true);
        if (r >= 0)
                r = add_enabled(inner, "intelRdt", false);
        return r < 0 ? r : add_mount_extensions(inner);
}

static int add_annotations(json_object *o) {
        json_object *inner = json_object_new_object();
        char file[SECCOMP_LIBRARY_FILE_MAX];
        const char *library;
        int r;

        if (!inner)
                return -ENOMEM;
        seccomp_library_file(file);
        library = startswith(file, "libseccomp.so.");
        r = json_add(o, "annotations", inner);
        if (r >= 0)
                r = json_add_string(inner, "io.github.seccomp.libseccomp.version", library);
        if (r >= 0)
                r = json_add_string(inner, "org.creel1.version", CREEL_VERSION);
        /* containerd asks for this one by name. */
        return r < 0 ? r : json_add_string(inner, "org.opencontainers.runc.checkpoint.enabled", "false");
}

/* What a caller has to keep from those whom it does not trust (features.md, "Unsafe annotations in
 * config.json"). */
static int add_unsafe_annotations(json_object *o) {
        static const char *const prefixes[] = { "org.systemd.property.", "run.oci.", NULL };

        return json_add_strv(o, "potentiallyUnsafeConfigAnnotations", (char *const *) prefixes);
}

int oci_features_format(char **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        int r;

        if (!o)
                return -ENOMEM;
        r = json_add_string(o, "ociVersionMin", OCI_VERSION_MIN);
        if (r >= 0)
                r = json_add_string(o, "ociVersionMax", OCI_VERSION_MAX);
        if (r >= 0)
                r = add_hooks(o);
        if (r >= 0)
                r = add_mount_options(o);
        if (r >= 0)
                r = add_linux(o);
        if (r >= 0)
                r = add_annotations(o);
        if (r >= 0)
                r = add_unsafe_annotations(o);
        return r < 0 ? r : json_format(o, true, ret);
}
