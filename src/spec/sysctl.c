/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/sysctl.h"

/* A '.' at the end: everything that begins so. */
static const struct {
        const char *name;
        RuntimeNamespaceType type;
} settings[] = {
        { "kernel.msgmax", RUNTIME_NAMESPACE_IPC },   { "kernel.msgmnb", RUNTIME_NAMESPACE_IPC },
        { "kernel.msgmni", RUNTIME_NAMESPACE_IPC },   { "kernel.sem", RUNTIME_NAMESPACE_IPC },
        { "kernel.shmall", RUNTIME_NAMESPACE_IPC },   { "kernel.shmmax", RUNTIME_NAMESPACE_IPC },
        { "kernel.shmmni", RUNTIME_NAMESPACE_IPC },   { "kernel.shm_rmid_forced", RUNTIME_NAMESPACE_IPC },
        { "fs.mqueue.", RUNTIME_NAMESPACE_IPC },      { "net.", RUNTIME_NAMESPACE_NETWORK },
        { "kernel.hostname", RUNTIME_NAMESPACE_UTS }, { "kernel.domainname", RUNTIME_NAMESPACE_UTS },
};

int sysctl_namespace(const char *key, RuntimeNamespaceType *ret) {
        _cleanup_free_ char *name = strdup(key);
        char separator = 0;

        if (!name)
                return -ENOMEM;
        if (strstr(key, "..") || strstr(key, "//"))
                return -EINVAL;
        /* As sysctl(8): the first separator says which of the two it is; the other one is part of a name. */
        for (char *p = name; *p; p++)
                if (*p == '.' || *p == '/') {
                        separator = separator ?: *p;
                        if (separator == '/')
                                *p = *p == '/' ? '.' : '/';
                }
        if (!string_in_charset(name, ALPHANUMERIC "_-./:@") || *name == '.' || endswith(name, ".") ||
            strstr(name, ".."))
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(settings); i++)
                if (endswith(settings[i].name, ".") ? !!startswith(name, settings[i].name)
                                                    : streq(name, settings[i].name)) {
                        *ret = settings[i].type;
                        return 0;
                }
        return -EINVAL;
}
