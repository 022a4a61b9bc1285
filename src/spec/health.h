/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "basic/failure.h"
#include "spec/container-spec.h"
#include "spec/image-config.h"

/* How it is found out whether a container does its work. The image says so (docker's "Healthcheck"), options
 * replace single values of that.
 *
 *     test     = "none" | JSON array of strings | shell command
 *
 * and as a vector, as documents have it: [ "NONE" ], [ "CMD", word... ], [ "CMD-SHELL", command ]. */

#define HEALTH_INTERVAL_DEFAULT_USEC (30 * USEC_PER_SEC)
#define HEALTH_START_INTERVAL_DEFAULT_USEC (5 * USEC_PER_SEC)
#define HEALTH_TIMEOUT_DEFAULT_USEC (30 * USEC_PER_SEC)
#define HEALTH_RETRIES_DEFAULT 3
#define HEALTH_LOG_ENTRIES_DEFAULT 5
#define HEALTH_LOG_ENTRIES_MAX 1000 /* "no limit" means this */
#define HEALTH_OUTPUT_BYTES_DEFAULT 500
#define HEALTH_OUTPUT_BYTES_MAX 65536

typedef enum HealthAction {
        HEALTH_ACTION_NONE,
        HEALTH_ACTION_KILL,
        HEALTH_ACTION_RESTART,
        HEALTH_ACTION_STOP,
        _HEALTH_ACTION_MAX,
} HealthAction;

const char *health_action_to_string(HealthAction action);
int health_action_from_string(const char *s);

typedef struct HealthProbe {
        char **argv;                          /* NULL: there is none */
        uint64_t interval_usec, timeout_usec; /* interval 0: only when asked for */
} HealthProbe;

typedef struct HealthConfig {
        HealthProbe probe;
        char **test; /* the vector that it came from, for inspect */
        uint64_t start_period_usec, start_interval_usec;
        uint32_t n_retries;

        HealthProbe startup;
        char **startup_test;
        uint32_t n_startup_retries; /* failures until the container is restarted; 0: never */
        uint32_t n_startup_successes;

        HealthAction action;
        char *log_destination; /* NULL: with the container; "events_logger"; a directory */
        uint32_t n_log_entries_max;
        uint32_t n_output_bytes_max;
} HealthConfig;

void health_config_done(HealthConfig *c);

/* A vector out of one option's text. -EINVAL: empty, or a JSON array with something else than strings. */
int health_test_parse(const char *text, char ***ret);
/* The command line of a vector; *@ret is NULL for "NONE". -EINVAL: no such form. */
int health_test_argv(char *const *test, char ***ret);

/* Puts the options and the image together. Without any check, config->probe.argv is NULL. @image may be
 * NULL. InvalidArgument: options that make no sense together. */
int health_config_get(const ContainerSpec *spec, const ImageConfig *image, HealthConfig *ret, Failure *f);
