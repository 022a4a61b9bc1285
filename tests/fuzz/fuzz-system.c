/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "basic/memory.h"
#include "basic/strv.h"
#include "engine/host-tree.h"
#include "engine/system.h"
#include "spec/credential.h"
#include "spec/root-source.h"
#include "spec/system-mode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an init system says of itself. */
static void notify(const char *text) {
        static Engine engine;
        Container *c = new0(Container, 1);

        if (!c)
                abort();
        c->engine = &engine;
        c->leader_pidfd = c->session_fd = -EBADF;
        c->record = new0(ContainerRecord, 1);
        if (!c->record)
                abort();
        c->record->spec = new0(ContainerSpec, 1);
        container_on_notify(c, text);
        for (const char *p = c->status_text; p && *p; p++)
                if (*p < ' ' || *p > '~')
                        abort();
        (void) container_free(c);
}

/* Options of trees and systems. */
static void options(const char *text) {
        _cleanup_(credential_done) Credential set = {}, load = {};
        _cleanup_(root_source_done) RootSource rootfs = {}, directory = {};
        const char *hint;
        char id[33];

        if (credential_parse_set(text, &set, &hint) >= 0 && strchr(set.id, '/'))
                abort();
        if (credential_parse_load(text, &load, &hint) >= 0 && *load.path != '/')
                abort();
        if (root_source_parse_rootfs(text, &rootfs, &hint) >= 0 && *rootfs.path != '/')
                abort();
        (void) root_source_parse_directory(text, &directory, &hint);
        if (system_uuid_is_valid(text)) {
                system_uuid_normalize(text, id);
                if (!system_uuid_is_valid(id) || strlen(id) != 32)
                        abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_strv_free_ char **env = NULL;
        _cleanup_free_ char *text = strndup((const char *) data, size);

        if (!text)
                abort();
        notify(text);
        options(text);
        (void) host_tree_env_of(text, &env);
        return 0;
}
