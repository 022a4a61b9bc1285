/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Checks of the fields of ContainerSpec that are about the process and the files of /etc (SpecField.check).
 */

const char *field_check_env_names(const void *value);
const char *field_check_env_merge(const void *value);
const char *field_check_user(const void *value);
const char *field_check_groups(const void *value);
const char *field_check_umask(const void *value);
const char *field_check_ulimits(const void *value);
const char *field_check_oom_score(const void *value);
const char *field_check_absolute_path(const void *value);
const char *field_check_sdnotify(const void *value);
const char *field_check_run_timeout(const void *value);
const char *field_check_timezone(const void *value);
const char *field_check_personality(const void *value);
const char *field_check_cpus(const void *value);
const char *field_check_account_entry(const void *value);
const char *field_check_log_driver(const void *value);
const char *field_check_log_options(const void *value);
const char *field_check_add_host(const void *value);
const char *field_check_hosts_file(const void *value);
const char *field_check_dns(const void *value);
const char *field_check_dns_words(const void *value);
const char *field_check_annotations(const void *value);

/* An octal number of up to four digits. -EINVAL. */
int field_parse_umask(const char *s, unsigned *ret);
/* "LINUX32", "x86-64", ...: the personality in the words of the runtime specification, or NULL. */
const char *field_parse_personality(const char *s);
