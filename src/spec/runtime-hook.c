/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/json.h"
#include "spec/runtime-hook.h"

#define TIMEOUT_SECONDS_MAX INT32_MAX
#define USEC_PER_SECOND UINT64_C(1000000)

static const char *const runtime_hook_kind_table[] = {
        [RUNTIME_HOOK_PRESTART] = "prestart",
        [RUNTIME_HOOK_CREATE_RUNTIME] = "createRuntime",
        [RUNTIME_HOOK_CREATE_CONTAINER] = "createContainer",
        [RUNTIME_HOOK_START_CONTAINER] = "startContainer",
        [RUNTIME_HOOK_POSTSTART] = "poststart",
        [RUNTIME_HOOK_POSTSTOP] = "poststop",
};
DEFINE_STRING_TABLE(runtime_hook_kind, RuntimeHookKind, _RUNTIME_HOOK_MAX)

static void hook_done(RuntimeHook *h) {
        free(h->path);
        (void) strv_free(h->args);
        (void) strv_free(h->env);
}

void runtime_hooks_done(RuntimeHooks *h) {
        for (size_t i = 0; i < h->n; i++)
                hook_done(h->hooks + i);
        free(h->hooks);
        *h = (RuntimeHooks){};
}

static int refuse(const char **reterr_text, const char *text) {
        *reterr_text = text;
        return -EBADMSG;
}

static int read_timeout(json_object *o, RuntimeHook *h, const char **reterr_text) {
        int64_t seconds;
        int r;

        r = json_get_i64(o, "timeout", &seconds);
        if (r == -ENODATA)
                return 0;
        if (r < 0 || seconds <= 0 || seconds > TIMEOUT_SECONDS_MAX)
                return refuse(reterr_text, "\"timeout\" must be a number of seconds above zero");
        h->timeout_usec = (uint64_t) seconds * USEC_PER_SECOND;
        return 0;
}

static int read_hook(json_object *o, RuntimeHook *h, const char **reterr_text) {
        int r;

        if (!json_object_is_type(o, json_type_object))
                return refuse(reterr_text, "each hook must be an object");
        r = json_dup_string(o, "path", &h->path);
        if (r == -EBADMSG || (r >= 0 && (!h->path || *h->path != '/')))
                return refuse(reterr_text, "\"path\" must be an absolute path");
        if (r < 0)
                return r;
        r = json_get_strv(o, "args", &h->args);
        if (r == -EBADMSG)
                return refuse(reterr_text, "\"args\" must be an array of strings");
        if (r == -ENOMEM)
                return r;
        r = json_get_strv(o, "env", &h->env);
        if (r == -EBADMSG)
                return refuse(reterr_text, "\"env\" must be an array of strings");
        if (r == -ENOMEM)
                return r;
        return read_timeout(o, h, reterr_text);
}

int runtime_hooks_parse(json_object *array, RuntimeHooks *ret, const char **reterr_text) {
        _cleanup_(runtime_hooks_done) RuntimeHooks h = {};
        size_t n;
        int r;

        if (!json_object_is_type(array, json_type_array))
                return refuse(reterr_text, "must be an array");
        n = json_object_array_length(array);
        if (n > RUNTIME_HOOKS_MAX)
                return refuse(reterr_text, "has too many hooks");
        h.hooks = new0(RuntimeHook, n);
        if (!h.hooks)
                return -ENOMEM;
        for (; h.n < n; h.n++) {
                r = read_hook(json_object_array_get_idx(array, h.n), h.hooks + h.n, reterr_text);
                if (r < 0) {
                        hook_done(h.hooks + h.n);
                        return r;
                }
        }
        *ret = h;
        h = (RuntimeHooks){};
        return 0;
}
