/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "pull/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What comes out can stand in a header line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const registries[] = { "docker.io", "localhost:5000", "quay.io" };

        for (size_t i = 0; i < ELEMENTSOF(registries); i++) {
                _cleanup_free_ char *auth = NULL, *user = NULL;

                if (credentials_find((const char *) data, size, registries[i], "team/app", &auth, &user) < 0)
                        continue;
                if (isempty(user) || isempty(auth) || !string_in_charset(auth, ALPHANUMERIC "+/="))
                        abort();
        }
        return 0;
}
