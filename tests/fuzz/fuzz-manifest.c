/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "spec/image-config.h"
#include "spec/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Manifests and indexes; every descriptor that comes out is complete. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const types[] = { NULL, MEDIA_OCI_INDEX, MEDIA_DOCKER_MANIFEST };

        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                _cleanup_(manifest_freep) Manifest *m = NULL;
                const char *message = NULL;
                Platform p;
                int r;

                r = manifest_parse((const char *) data, size, types[i], &m, &message);
                if (r < 0) {
                        if (m || !message)
                                abort();
                        continue;
                }
                if (m->n_items > (m->kind == MANIFEST_IMAGE ? IMAGE_LAYERS_MAX : MANIFEST_ENTRIES_MAX))
                        abort();
                for (size_t j = 0; j < m->n_items; j++)
                        if (!m->items[j].media_type || !digest_hex_is_valid(digest_hex(&m->items[j].digest)))
                                abort();
                if (platform_parse("linux/arm/v7", &p) < 0)
                        abort();
                if (m->kind == MANIFEST_INDEX)
                        (void) manifest_choose(m, &p);
                else if (!digest_hex_is_valid(digest_hex(&m->config.digest)))
                        abort();
        }
        return 0;
}
