/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "basic/failure.h"
#include "basic/option.h"
#include "oci/container.h"

/* creel-oci: the command line of an OCI runtime, as containerd, CRI-O, docker and podman call it. Every verb
 * is a row of oci_verbs. It needs neither creeld nor systemd. */

typedef enum OciManager {
        OCI_MANAGER_CGROUPFS, /* we make the cgroup ourselves */
        OCI_MANAGER_SYSTEMD,  /* a transient scope */
        OCI_MANAGER_DISABLED, /* the container stays in the caller's */
        _OCI_MANAGER_MAX,
} OciManager;

const char *oci_manager_to_string(OciManager manager);
int oci_manager_from_string(const char *s);

/* What the options in front of the verb say. */
typedef struct Oci {
        OciRoot root;
        OciManager manager;
        bool rootless;
        bool debug;
} Oci;

/* Operands are NULL-terminated. Returns the exit status, or a negative errno with a failure, which main()
 * reports. */
typedef int (*oci_run_t)(const Oci *oci, char **operands, Failure *f);

typedef struct Verb {
        const char *name;
        const char *operands; /* for help; NULL: none */
        int n_min, n_max;     /* operands; n_max -1: any number */
        const char *help;
        const Option *options;
        OptionOrder order;
        oci_run_t run;
        bool enters; /* it has a process that gets into a container's namespaces, so it runs from a sealed
                        copy of the program (oci/seal.h) */
} Verb;

extern const Verb oci_verbs[]; /* ends with a NULL name */

extern const Option create_options[], run_options[], kill_options[], delete_options[];

extern const Option exec_options[], list_options[], spec_options[], checkpoint_options[], restore_options[];
extern const Option ps_options[], update_options[], events_options[];

int verb_create(const Oci *oci, char **operands, Failure *f);
int verb_run(const Oci *oci, char **operands, Failure *f);
int verb_start(const Oci *oci, char **operands, Failure *f);
int verb_state(const Oci *oci, char **operands, Failure *f);
int verb_kill(const Oci *oci, char **operands, Failure *f);
int verb_delete(const Oci *oci, char **operands, Failure *f);
int verb_exec(const Oci *oci, char **operands, Failure *f);
int verb_list(const Oci *oci, char **operands, Failure *f);
int verb_spec(const Oci *oci, char **operands, Failure *f);
int verb_checkpoint(const Oci *oci, char **operands, Failure *f);
int verb_restore(const Oci *oci, char **operands, Failure *f);
int verb_features(const Oci *oci, char **operands, Failure *f);
int verb_pause(const Oci *oci, char **operands, Failure *f);
int verb_resume(const Oci *oci, char **operands, Failure *f);
int verb_ps(const Oci *oci, char **operands, Failure *f);
int verb_update(const Oci *oci, char **operands, Failure *f);
int verb_events(const Oci *oci, char **operands, Failure *f);
