/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/str.h"
#include "spec/digest.h"
#include "store/store.h"
#include "tmpdir.h"

/* A store of a test's own: <tmp>/store and <tmp>/run. */
typedef struct Fixture {
        TmpDir dir;
        Store *store;
} Fixture;

static inline Fixture fixture_new(void) {
        Fixture f = { .dir = tmpdir_new() };
        char path[96], runtime[96];
        int r;

        (void) snprintf(path, sizeof(path), "%s/store", f.dir.path);
        (void) snprintf(runtime, sizeof(runtime), "%s/run", f.dir.path);
        r = store_open(path, runtime, &f.store, NULL);
        assert(r == 0);
        (void) r;
        return f;
}

static inline void fixture_done(Fixture *f) {
        f->store = store_close(f->store);
        tmpdir_done(&f->dir);
}

#define _cleanup_fixture_ __attribute__((__cleanup__(fixture_done)))

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
