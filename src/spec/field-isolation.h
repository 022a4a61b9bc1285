/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The checks of the options of isolation: SpecField.check of container-field.c. */

const char *field_check_network(const void *value);
const char *field_check_pid(const void *value);
const char *field_check_ipc(const void *value);
const char *field_check_uts(const void *value);
const char *field_check_cgroupns(const void *value);
const char *field_check_userns(const void *value);
const char *field_check_id_map(const void *value);
const char *field_check_subid_name(const void *value);
const char *field_check_sysctl(const void *value);
const char *field_check_devices(const void *value);
const char *field_check_device_rules(const void *value);
const char *field_check_capabilities(const void *value);
const char *field_check_security_options(const void *value);
const char *field_check_seccomp_profile(const void *value);
