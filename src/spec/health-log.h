/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/health.h"

/* What the checks of one run of a container have found. It is kept as a file while the container exists, so
 * that a creeld that comes later goes on with it:
 *
 *     { "Status": S, "FailingStreak": N, "Log": [ { "Start": T, "End": T, "ExitCode": N, "Output": S } ],
 *       "Startup": { "Successes": N, "Failures": N, "Over": B } }             T as RFC 3339, the oldest
 * first */

#define HEALTH_LOG_OUTPUT_BYTES_MAX (1024 * 1024) /* of all results together; the oldest go first */
#define HEALTH_LOG_BYTES_MAX (8 * 1024 * 1024)

typedef enum HealthStatus {
        HEALTH_NONE, /* there is no check */
        HEALTH_STARTING,
        HEALTH_HEALTHY,
        HEALTH_UNHEALTHY,
        _HEALTH_STATUS_MAX,
} HealthStatus;

const char *health_status_to_string(HealthStatus status);
int health_status_from_string(const char *s);

typedef struct HealthResult {
        uint64_t start_usec, end_usec;
        int64_t exit_code; /* -1: it took too long */
        char *output;      /* UTF-8 */
} HealthResult;

typedef struct HealthLog {
        HealthStatus status;
        uint64_t n_failing; /* in a row */
        uint64_t n_startup_successes, n_startup_failures;
        bool startup_over;
        HealthResult *results;
        size_t n_results;
} HealthLog;

/* What a result asks for. */
typedef enum HealthDemand {
        HEALTH_DEMAND_NOTHING,
        HEALTH_DEMAND_ACTION,  /* it has become unhealthy */
        HEALTH_DEMAND_RESTART, /* it does not start */
} HealthDemand;

void health_log_begin(HealthLog *log, const HealthConfig *config);
void health_log_done(HealthLog *log);

/* Whether the startup check is the one to run. */
bool health_log_is_starting_up(const HealthLog *log, const HealthConfig *config);

/* Takes a result in, whose output is taken over and cut to what the configuration allows. @grace: failures
 * do not count yet. -ENOMEM. */
int health_log_note(HealthLog *log, const HealthConfig *config, bool grace, HealthResult *result,
                    HealthDemand *ret);

/* Replaces what is not UTF-8 and cuts at a whole character. */
void health_output_clean(char *output, size_t max_bytes);

int health_log_format(const HealthLog *log, char **ret);
/* -EBADMSG. */
int health_log_parse(const char *data, size_t n_bytes, HealthLog *ret);
/* The members Status, FailingStreak and Log. */
int health_log_to_json(const HealthLog *log, json_object **ret);
