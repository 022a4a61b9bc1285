/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/json.h"
#include "spec/runtime-hook.h"
#include "spec/runtime-resource.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The members "resources" and "hooks" of one object. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(runtime_resources_done) RuntimeResources resources = {};
        _cleanup_(runtime_hooks_done) RuntimeHooks hooks = {};
        _cleanup_json_ json_object *o = NULL;
        json_object *v;
        const char *key, *why;

        if (json_parse((const char *) data, size, 65536, &o) < 0)
                return 0;
        if (json_get(o, "resources", json_type_object, &v) >= 0)
                (void) runtime_resources_parse(v, &resources, &key, &why);
        if (json_get(o, "hooks", json_type_array, &v) >= 0)
                (void) runtime_hooks_parse(v, &hooks, &why);
        return 0;
}
