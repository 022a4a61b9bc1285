/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "basic/macro.h"

/* Registration with systemd-machined, which makes `machinectl list`, `status` and `terminate` know a
 * container. Nothing waits for it and nothing depends on it: an absent machined is a debug line, a refusal a
 * warning. */

typedef struct MachineRegistry MachineRegistry;

typedef struct MachineSpec {
        const char *name;
        const char *machine_id;     /* 32 hexadecimal digits, or more, of which the first 32 count */
        pid_t leader;               /* PID 1 of the container, already in its scope */
        int leader_pidfd;           /* of the same process, or negative; not consumed */
        const char *root_directory; /* as the host sees it; NULL: there is none */
} MachineSpec;

/* Holds a reference to @bus, the system bus. */
int machine_registry_new(sd_bus *bus, MachineRegistry **ret);
/* Answers that are still on their way are not waited for. */
MachineRegistry *machine_registry_free(MachineRegistry *r);
DEFINE_CLEANUP(MachineRegistry, machine_registry_free)

/* Registers a run of a container. 1: under way, after what is under way for this name. 0: left out, since
 * machined would refuse the name. */
int machine_register(MachineRegistry *registry, const MachineSpec *spec);
/* The run is over: to be called for every one, and at once, so that the name is free for the next. 0: it was
 * not ours. */
int machine_unregister(MachineRegistry *registry, const char *name);

/* The run of @old goes on as @spec->name; machined knows no renaming, so it leaves and comes back. Works for
 * one that an earlier process registered, too. Results as machine_register() has them. */
int machine_rename(MachineRegistry *registry, const char *old, const MachineSpec *spec);

/* A run that an earlier process of ours has registered, if it has: it is unregistered like any other. */
int machine_adopt(MachineRegistry *registry, const char *name, pid_t leader);

/* Between the end of a run and machined's word that it knows. When machined notices the end by itself, it
 * stops the unit of that name, whatever that is by then: until the word comes, no new one should have it.
 * @left is called when it has come. */
bool machine_is_leaving(const MachineRegistry *registry, const char *name);
typedef void (*machine_left_t)(const char *name, void *userdata);
void machine_registry_watch(MachineRegistry *registry, machine_left_t left, void *userdata);

/* What machined takes for a name: a host name of at most 64 bytes. Container names may also contain '_', end
 * in '-' or '.'. */
bool machine_name_is_valid(const char *s);
