/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "spec/json.h"

/* A whole system with a network of its own looks after its resolv.conf itself: a mount would be in the way
 * of systemd-resolved. */
static bool is_systems_own(const CompileInput *in, const EtcFile *file) {
        const ContainerSpec *spec = in->record->spec;

        return streq(file->name, "resolv.conf") && !spec->dns && !spec->dns_options && !spec->dns_search &&
               compile_is_system(in) && !compile_network_is_host(in->record);
}

size_t compile_etc_files(const CompileInput *in, EtcFile ret[static COMPILE_ETC_FILES_MAX]) {
        EtcFile files[ETC_FILES_MAX];
        size_t n_files = etc_files(in->record, files), n = 0;

        for (size_t i = 0; i < n_files; i++)
                if (!is_systems_own(in, files + i))
                        ret[n++] = files[i];

        /* A whole system gets it with the rest of /run/host. */
        if (compile_notify_from(in) == NOTIFY_FROM_ANY)
                ret[n++] = (EtcFile){ ETC_NOTIFY_NAME, ETC_NOTIFY_PATH, false };
        return n;
}

int compile_etc_mount(const CompileInput *in, const EtcFile *file, json_object **ret) {
        static char bind[] = "bind", rprivate[] = "rprivate", nosuid[] = "nosuid", nodev[] = "nodev",
                    noexec[] = "noexec", ro[] = "ro";
        char *const options[] = { bind, rprivate, nosuid, nodev, file->program ? ro : noexec, NULL };
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *source = NULL;
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = string_format(&source, "%s/containers/%s/%s", in->runtime_path, in->record->id,
                                  file->name);
        if (r >= 0)
                r = json_add_string(o, "destination", file->destination);
        if (r >= 0)
                r = json_add_string(o, "type", "bind");
        if (r >= 0)
                r = json_add_string(o, "source", source);
        if (r >= 0)
                r = json_add_strv(o, "options", options);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}
