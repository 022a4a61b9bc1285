/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/namespace-mode.h"
#include "basic/str.h"

#define HINT_PLAIN "must be private, host, container:NAME or ns:PATH"

static const char *const hints[_RUNTIME_NAMESPACE_MAX] = {
        [RUNTIME_NAMESPACE_PID] = HINT_PLAIN,
        [RUNTIME_NAMESPACE_UTS] = HINT_PLAIN,
        [RUNTIME_NAMESPACE_CGROUP] = HINT_PLAIN,
        [RUNTIME_NAMESPACE_IPC] = "must be shareable, private, none, host, container:NAME or ns:PATH",
        [RUNTIME_NAMESPACE_NETWORK] = "must be none, private, host, container:NAME or ns:PATH",
};

static int parse_word(RuntimeNamespaceType type, const char *s, NamespaceMode *ret) {
        bool ipc = type == RUNTIME_NAMESPACE_IPC, network = type == RUNTIME_NAMESPACE_NETWORK;

        if (streq(s, "private"))
                ret->kind = NAMESPACE_PRIVATE;
        else if (streq(s, "host"))
                ret->kind = NAMESPACE_HOST;
        else if (streq(s, "none") && (ipc || network))
                ret->kind = NAMESPACE_NONE;
        else if (streq(s, "shareable") && ipc)
                ret->kind = NAMESPACE_SHAREABLE;
        else
                return -EINVAL;
        return 0;
}

int namespace_mode_parse(RuntimeNamespaceType type, const char *s, NamespaceMode *ret,
                         const char **reterr_hint) {
        NamespaceMode m = { .kind = type == RUNTIME_NAMESPACE_IPC       ? NAMESPACE_SHAREABLE
                                    : type == RUNTIME_NAMESPACE_NETWORK ? NAMESPACE_NONE
                                                                        : NAMESPACE_PRIVATE };
        int r = 0;

        if (s && (m.target = startswith(s, "container:"))) {
                m.kind = NAMESPACE_CONTAINER;
                r = *m.target ? 0 : -EINVAL;
        } else if (s && (m.target = startswith(s, "ns:"))) {
                m.kind = NAMESPACE_PATH;
                r = *m.target == '/' ? 0 : -EINVAL;
        } else if (s)
                r = parse_word(type, s, &m);
        if (r < 0) {
                *reterr_hint = hints[type];
                return r;
        }
        *ret = m;
        return 0;
}
