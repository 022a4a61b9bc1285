/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

#include "engine/compile.h"
#include "engine/etc.h"
#include "engine/journal-link.h"
#include "spec/namespace-mode.h"
#include "spec/system-mode.h"

#define OCI_VERSION "1.2.0"

/* The parts of container_compile(), a file each. Each adds its own to the document @root. */

/* compile-process.c: process */
int compile_process(const CompileInput *in, json_object *root, Failure *f);
/* A mount that is not asked for by options. */
typedef struct MountRow {
        const char *destination, *type, *source;
        const char *options[10];
} MountRow;

/* compile-mount.c: mounts */
int compile_mounts(const CompileInput *in, json_object *root, Failure *f);
/* compile-isolation.c: linux */
int compile_linux(const CompileInput *in, json_object *root, Failure *f);
/* compile-isolation.c: capabilities and the like, which belong into the object "process" of a process that
 * runs as @user (USER[:GROUP], NULL: root) */
int compile_process_isolation(const CompileInput *in, const char *user, json_object *process, Failure *f);
/* compile-isolation.c: what namespaces and --security-opt change about the mounts of kernel file systems,
 * which are in the document already */
int compile_kernel_mounts(const CompileInput *in, json_object *root, Failure *f);
/* compile-namespace.c: linux.namespaces, linux.*Mappings, linux.sysctl */
int compile_namespaces(const CompileInput *in, json_object *linux_part, Failure *f);
/* compile-device.c: linux.devices, and everything else that devices bring */
int compile_devices(const CompileInput *in, json_object *root, json_object *linux_part, Failure *f);

/* compile-system.c: what only whole systems have, and the refusals that come with it */
int compile_system(const CompileInput *in, json_object *root, Failure *f);
/* What is said to an init system by its environment. */
int compile_system_env(const CompileInput *in, char ***env);
/* The machine ID in the form of a UUID. */
int compile_uuid(const CompileInput *in, char **ret);
int compile_system_journal(const CompileInput *in, JournalLink *ret, Failure *f);
/* The command line of --boot. */
int compile_boot_argv(const ContainerRecord *record, const ImageConfig *config, char ***ret);
/* What the default set is for a whole system. */
uint64_t compile_system_capabilities(const ContainerSpec *spec);
/* Whether the payload has a terminal, which may be the system's console rather than the caller's. */
bool compile_has_console(const CompileInput *in);

VolatileMode compile_volatile_mode(const ContainerSpec *spec);
bool compile_root_is_read_only(const CompileInput *in);
/* compile-unit.c: what goes into the object "linux" as resources */
int compile_resources(const CompileInput *in, json_object *linux_part, Failure *f);
/* compile-mount.c: adds to linux.maskedPaths */
int compile_inaccessible(const CompileInput *in, json_object *root);

/* compile-life.c: refusals alone */
int compile_life(const CompileInput *in, Failure *f);
int compile_life_check(const ContainerSpec *spec, const ImageConfig *config, Failure *f);

/* Whose namespace of this type the container has; the options are checked already. */
NamespaceMode compile_namespace_mode(const ContainerSpec *spec, RuntimeNamespaceType type);

/* compile-process.c: whose messages of sd_notify(3) are taken, in FIELD_NOTIFY_FROM's numbers. */
enum {
        NOTIFY_FROM_NONE = 0,
        NOTIFY_FROM_ANY = 1,   /* any process of the container */
        NOTIFY_FROM_FIRST = 2, /* its first one: the service manager of a whole system */
};
unsigned compile_notify_from(const CompileInput *in);

/* compile-process.c: linux.personality */
int compile_personality(const ContainerSpec *spec, json_object *linux_part);

/* compile-etc.c: the files of /etc and the like, and the mount of one. */
#define COMPILE_ETC_FILES_MAX (ETC_FILES_MAX + 1)
size_t compile_etc_files(const CompileInput *in, EtcFile ret[static COMPILE_ETC_FILES_MAX]);
int compile_etc_mount(const CompileInput *in, const EtcFile *file, json_object **ret);

bool compile_network_is_host(const ContainerRecord *record);
/* The container that lends its namespace of this type. 0: nobody does. 1: *@ret. */
int compile_lender(const CompileInput *in, RuntimeNamespaceType type, Container **ret, Failure *f);
/* The host name inside; @buf holds it where it is not the record's own. NULL: not the container's to set. */
const char *compile_hostname(const CompileInput *in, char *buf, size_t size);
/* USER[:GROUP] that the command runs as: the option's, else the caller's with keep-id, else the image's.
 * NULL: root. @buf holds it where it is neither's string. */
const char *compile_default_user(const CompileInput *in, char *buf, size_t size);
