/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Checks of the fields of ContainerSpec that are about resources (SpecField.check). */

const char *field_check_slice(const void *value);
const char *field_check_memory(const void *value);
const char *field_check_memory_reservation(const void *value);
const char *field_check_memory_swap(const void *value);
const char *field_check_swappiness(const void *value);
const char *field_check_cpu_count(const void *value);
const char *field_check_cpu_shares(const void *value);
const char *field_check_cpu_quota(const void *value);
const char *field_check_cpu_period(const void *value);
const char *field_check_cpu_set(const void *value);
const char *field_check_blkio_weight(const void *value);
const char *field_check_device_bytes(const void *value);
const char *field_check_device_count(const void *value);
const char *field_check_device_weight(const void *value);
const char *field_check_cgroups(const void *value);
const char *field_check_cgroup_conf(const void *value);
const char *field_check_unit_properties(const void *value);
const char *field_check_oom_policy(const void *value);
const char *field_check_pids(const void *value);
