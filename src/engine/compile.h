/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"
#include "engine/container.h"
#include "spec/image-config.h"

/* What a document is made of. All is borrowed. */
typedef struct CompileInput {
        Engine *engine; /* for what other containers, images and volumes lend; NULL only in tests */
        const ContainerRecord *record;
        const ImageConfig *config; /* the image's */
        const char *runtime_path;  /* the directory with the directories of this boot's containers, where the
                                      files of /etc (engine/etc.h) lie */
        const JobParameters *start; /* what the caller said about this start */
        bool starting;              /* now: what other containers lend has to be there */
} CompileInput;

/* Compiles what the user asked for and what the image says into one OCI runtime-spec document: the only
 * thing that src/runtime executes. Returns the JSON text. Everything that can be refused in a combination of
 * options is refused here, so a container that is about to be created is compiled once, too. */
int container_compile(const CompileInput *in, char **ret, Failure *f);

/* The document for one more process of a container that runs (engine/exec.h): nothing but the process. */
typedef struct ExecParameters ExecParameters;
int container_compile_exec(const CompileInput *in, const ExecParameters *p, char **ret, Failure *f);

/* What the documents of @c are made of. NoSuchImage: its image is gone. */
int container_compile_input(const Container *c, const JobParameters *start, CompileInput *ret, Failure *f);

/* The command line by the rules of OCI images: an entrypoint given by the user drops the image's command.
 * FAILURE_INVALID_ARGUMENT when nothing is left. */
int container_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret, Failure *f);
/* The environment of the command, without what a single start adds. */
int container_env(const CompileInput *in, char ***ret);
/* The effective capabilities: the default set (a whole system's with @system) with what was added and
 * dropped. FAILURE_INVALID_ARGUMENT names an unknown one. */
int container_capabilities(const ContainerSpec *spec, bool system, uint64_t *ret, Failure *f);

/* Whether the first process is an init system, which is given what systemd's container interface promises:
 * --boot, --systemd=always, or a command that is an init. */
bool compile_is_system(const CompileInput *in);
/* The AppArmor profile of its processes; *@ret is NULL where there is none. FAILURE_INVALID_ARGUMENT: the
 * one that was asked for is not to be had. */
int container_apparmor(const Engine *e, const ContainerSpec *spec, const char **ret, Failure *f);
/* What the container's command may gain, and what it has from the start. */
int container_command_capabilities(const CompileInput *in, uint64_t *ret_bounding, uint64_t *ret_effective,
                                   Failure *f);
