/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "engine/staged.h"

struct StagedTree {
        Engine *engine;
        char *name;
        unsigned n_holds;
};

StagedTree *staged_tree_new(Engine *e, const char *name) {
        StagedTree *t = new0(StagedTree, 1);

        if (!t)
                return NULL;
        *t = (StagedTree) { .engine = e, .name = strdup(name), .n_holds = 1 };
        return t->name ? t : mfree(t);
}

StagedTree *staged_tree_hold(StagedTree *t) {
        if (t)
                t->n_holds++;
        return t;
}

void staged_tree_release(void *p) {
        StagedTree *t = p;

        if (!t || --t->n_holds > 0)
                return;
        engine_remove_staged(t->engine, t->name);
        free(t->name);
        free(t);
}
