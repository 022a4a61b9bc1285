/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine-fixture.h"

/* A container @name of an engine without processes; @key and @value are one option more, or NULL. */
static inline Container *container_with(EngineFixture *f, const char *name, const char *key,
                                        const char *value) {
        ContainerSpec *spec = new0(ContainerSpec, 1);
        Image *image = hashmap_get(f->engine.images, HEX_A)
                                       ?: image_with(f, HEX_A, "localhost/x:1", "\"Cmd\":[\"sh\"]");
        const char *hint;
        Container *c = NULL;

        assert_int_equal(container_spec_set_text(spec, container_spec_find("name"), name, &hint), 0);
        if (key)
                assert_int_equal(container_spec_set_text(spec, container_spec_find(key), value, &hint), 0);
        assert_int_equal(container_create(&f->engine, image, "localhost/x:1", spec, &c, NULL), 0);
        return c;
}

typedef struct Outcome {
        int n;
        int kind; /* -1: success */
} Outcome;

static inline void outcome_note(Container *c, const Failure *f, void *userdata) {
        Outcome *o = userdata;

        o->n++;
        o->kind = f ? (int) f->kind : -1;
}
