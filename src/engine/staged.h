/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "engine/engine.h"

/* A tree in staging that goes when the last process which may still use it is gone. */
typedef struct StagedTree StagedTree;

/* One hold for the caller. NULL without memory: the tree then stays until the next start sweeps it. */
StagedTree *staged_tree_new(Engine *e, const char *name);
StagedTree *staged_tree_hold(StagedTree *t);
/* Fits reaper_callback_t. Takes NULL. */
void staged_tree_release(void *t);
