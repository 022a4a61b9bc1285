/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "basic/failure.h"
#include "basic/hashmap.h"
#include "basic/list.h"
#include "basic/macro.h"
#include "security/idrange.h"
#include "store/store.h"
#include "unit/scope.h"
#include "unit/systemd.h"

/* The engine holds every object in memory and is the only writer of the store. It knows no sd-bus: whoever
 * wants to tell the world watches it through an EngineObserver. */

#define ENGINE_CONTAINERS_MAX 16384
#define ENGINE_IMAGES_MAX 16384
#define ENGINE_TRANSFERS_MAX 16

typedef struct Container Container;
typedef struct Image Image;
typedef struct Transfer Transfer;
typedef struct Engine Engine;

typedef struct EngineObserver {
        void (*container_new)(Container *c, void *userdata);
        /* any property that changes; called at most once for one step of the state machine */
        void (*container_changed)(Container *c, void *userdata);
        void (*container_removed)(Container *c, void *userdata);
        /* the payload runs; for registering it elsewhere */
        void (*container_started)(Container *c, void *userdata);
        void (*container_exited)(Container *c, void *userdata);
        /* found again, running, after a restart of creeld */
        void (*container_found)(Container *c, void *userdata);
        /* somebody still takes its unit for that of the last run; container_resume_start() when that is
           over. May be NULL, as container_found */
        bool (*container_is_leaving)(Container *c, void *userdata);
        /* while it runs; it has its new name already */
        void (*container_renamed)(Container *c, const char *old, void *userdata);
        void (*container_execs_changed)(Container *c, void *userdata); /* may be NULL */
        void (*image_new)(Image *i, void *userdata);
        void (*image_changed)(Image *i, void *userdata);
        void (*image_removed)(Image *i, void *userdata);
        void (*transfer_new)(Transfer *t, void *userdata);
        void (*transfer_changed)(Transfer *t, void *userdata);
        void (*transfer_removed)(Transfer *t, void *userdata);
        /* @attributes: "key=value" */
        void (*event)(uint64_t time_usec, const char *type, const char *action, const char *id,
                      char *const *attributes, void *userdata);
} EngineObserver;

/* What this kernel's AppArmor has for containers (engine/apparmor.h). */
typedef struct EngineApparmor {
        bool available, default_loaded;
} EngineApparmor;

struct Engine {
        sd_event *event;
        Store *store;
        Systemd *systemd;
        const EngineObserver *observer;
        void *observer_data;

        int supervise_fd, pull_fd,
                        unpack_fd; /* our programs; the first a sealed copy that no container can reach */
        int seccomp_cache_fd;
        int own_cgroup_fd; /* cgroup.procs of the cgroup that we are in, for migration_announce() */
        bool migration_announced;
        char *seccomp_profile;
        EngineApparmor apparmor;
        IdReserved *ids_reserved; /* what /etc/subuid and /etc/subgid gave away */

        Hashmap *containers;        /* by id */
        Hashmap *containers_by_name;
        Hashmap *images;            /* by configuration digest, hex */
        Hashmap *refs;              /* EngineRef by reference */
        Hashmap *volumes;           /* by name */
        LIST_HEAD(Transfer, transfers);
        unsigned n_transfers;
        sd_event_source *limits_keeper; /* engine/limit-watch.h */
        unsigned n_tops; /* lists of processes under way, engine/top.h */
        uint32_t last_transfer_id;

        char **damaged; /* records that could not be read, by their paths in the store: what they named is
                           kept */

        bool first_of_boot;     /* until what ran before the boot is settled */
        unsigned n_reattaching; /* containers whose supervisor has not answered yet */
        int journal_fd;
};

typedef struct EngineParameters {
        sd_event *event;
        const char *store_path, *runtime_path, *cache_path;
        const char *program_path; /* directory of creel-supervise, creel-pull, creel-unpack */
        const char *seccomp_path; /* the default profile */
} EngineParameters;

/* Opens the store and loads what is in it; nothing runs yet. */
int engine_new(const EngineParameters *parameters, Engine **ret, Failure *f);
Engine *engine_free(Engine *e);
DEFINE_CLEANUP(Engine, engine_free)

/* Compares what was stored with what is there: reconnects to supervisors, collects exits that nobody saw,
 * sweeps staging. Returns when all containers are settled; runs the event loop meanwhile. */
int engine_reconcile(Engine *e);

/* Tells observers and the journal. @attributes may be NULL. */
void engine_event(Engine *e, const char *type, const char *action, const char *id, char *const *attributes);

/* Removes a tree that was moved into staging (its name there), in the background when it is large. */
void engine_remove_staged(Engine *e, const char *name);
/* Drops layers and blobs that neither an image nor a container needs any more. Nothing goes while a record
 * is damaged: what it needed is not known. */
void engine_collect(Engine *e);
