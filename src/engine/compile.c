/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/compile-part.h"
#include "engine/etc.h"
#include "spec/json.h"

int container_compile(const CompileInput *in, char **ret, Failure *f) {
        _cleanup_json_ json_object *root = json_object_new_object();
        json_object *rootfs = json_object_new_object();
        char buf[65];
        const char *hostname = compile_hostname(in, buf, sizeof(buf));
        int r;

        if (!root || !rootfs) {
                (void) json_object_put(rootfs);
                return -ENOMEM;
        }
        r = json_add(root, "root", rootfs);
        if (r >= 0)
                r = json_add_string(rootfs, "path", "rootfs");
        if (r >= 0)
                r = json_add_boolean(rootfs, "readonly", compile_root_is_read_only(in));
        if (r >= 0)
                r = json_add_string(root, "ociVersion", OCI_VERSION);
        if (r >= 0)
                r = json_add_string(root, "hostname", hostname);
        if (r >= 0)
                r = compile_process(in, root, f);
        if (r >= 0)
                r = compile_mounts(in, root, f);
        if (r >= 0)
                r = compile_linux(in, root, f);
        if (r >= 0)
                r = compile_system(in, root, f);
        if (r >= 0)
                r = compile_life(in, f);
        if (r >= 0)
                r = compile_inaccessible(in, root);
        return r < 0 ? r : json_format(root, false, ret);
}
