/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The checks of the fields of a container's life: see SpecField.check. */

const char *field_check_restart(const void *value);
const char *field_check_health_cmd(const void *value);
const char *field_check_health_startup_cmd(const void *value);
const char *field_check_health_action(const void *value);
const char *field_check_health_log(const void *value);
const char *field_check_health_interval(const void *value);
const char *field_check_health_time(const void *value);
const char *field_check_health_period(const void *value);
const char *field_check_count_from_1(const void *value);
const char *field_check_count_from_0(const void *value);
const char *field_check_health_log_count(const void *value);
const char *field_check_health_log_size(const void *value);
