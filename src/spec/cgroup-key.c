/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/cgroup-key.h"

size_t cgroup_key_controller(const char *key) {
        return strcspn(key, ".");
}

int cgroup_key_parse(const char *pair, char **ret_key, const char **ret_value) {
        const char *equals = strchr(pair, '=');
        _cleanup_free_ char *key = NULL;
        size_t n;

        if (!equals || equals == pair || (size_t) (equals - pair) > CGROUP_KEY_BYTES_MAX)
                return -EINVAL;
        key = strndup(pair, (size_t) (equals - pair));
        if (!key)
                return -ENOMEM;
        n = cgroup_key_controller(key);
        /* Capitals are in the sizes of huge pages: hugetlb.2MB.max. */
        if (n == 0 || !key[n] || !key[n + 1] || strspn(key, LOWERCASE) != n ||
            !string_in_charset(key, ALPHANUMERIC "._") || startswith(key, "cgroup.") || !equals[1] ||
            strlen(equals + 1) > CGROUP_VALUE_BYTES_MAX)
                return -EINVAL;
        *ret_key = TAKE_PTR(key);
        *ret_value = equals + 1;
        return 0;
}
