/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "engine/compile.h"

/* The parts of container_compile(), a file each. Each adds its own to the document @root. */

/* compile-process.c: process */
int compile_process(const CompileInput *in, json_object *root, Failure *f);
/* compile-mount.c: mounts */
int compile_mounts(const CompileInput *in, json_object *root, Failure *f);
/* compile-isolation.c: linux */
int compile_linux(const CompileInput *in, json_object *root, Failure *f);
/* compile-isolation.c: capabilities and the like, which belong into the object "process" */
int compile_process_isolation(const CompileInput *in, json_object *process, Failure *f);

bool compile_network_is_host(const ContainerRecord *record);
