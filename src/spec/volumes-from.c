/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/volumes-from.h"

int volumes_from_parse(const char *text, char **ret_container, VolumesFromMode *ret_mode) {
        VolumesFromMode mode = VOLUMES_FROM_AS_THERE;
        const char *colon = strchr(text, ':');
        _cleanup_strv_free_ char **words = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        name = strndup(text, colon ? (size_t) (colon - text) : strlen(text));
        if (!name)
                return -ENOMEM;
        r = colon ? strv_split(colon + 1, ",", &words) : 0;
        if (r < 0)
                return r;
        if (!container_name_is_valid(name) || (colon && !words))
                return -EINVAL;
        STRV_FOREACH(i, words)
                if (streq(*i, "ro") && mode != VOLUMES_FROM_WRITABLE)
                        mode = VOLUMES_FROM_READ_ONLY;
                else if (streq(*i, "rw") && mode != VOLUMES_FROM_READ_ONLY)
                        mode = VOLUMES_FROM_WRITABLE;
                else if (!streq(*i, "z") && !streq(*i, "Z"))
                        return -EINVAL;
        if (ret_container)
                *ret_container = TAKE_PTR(name);
        if (ret_mode)
                *ret_mode = mode;
        return 0;
}
