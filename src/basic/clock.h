/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX

/* Microseconds since the epoch, and of the monotonic clock. */
uint64_t clock_now_realtime_usec(void);
uint64_t clock_now_monotonic_usec(void);

/* RFC 3339 in UTC with microseconds ("2026-01-02T03:04:05.000006Z"), as OCI documents carry it; @buf has at
 * least 32 bytes. */
char *clock_format_rfc3339(char *buf, size_t size, uint64_t usec);
/* Reads what RFC 3339 allows, offsets and fractions included. -EINVAL otherwise. */
int clock_parse_rfc3339(const char *s, uint64_t *ret_usec);

/* "5 seconds ago", "2 hours ago": for tables. */
char *clock_format_ago(char *buf, size_t size, uint64_t usec, uint64_t now_usec);

/* "1h2m3.5s", "250ms", "0s": as Go, docker and podman print durations; @buf has at least 48 bytes. */
char *clock_format_duration(char *buf, size_t size, uint64_t usec);

/* Durations as Go, docker and podman write them: "30s", "1m30s", "1.5h", "500ms"; also "min", "sec" and "d".
 * -EINVAL. */
int clock_parse_duration(const char *s, uint64_t *ret_usec);
/* A bare number of seconds, with or without a fraction. -EINVAL. */
int clock_parse_seconds(const char *s, uint64_t *ret_usec);
