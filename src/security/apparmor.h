/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The profile is installed as /etc/apparmor.d/creel-default. Usually the host loads it at boot with the
 * others; engine/apparmor.h sees to it when that did not happen. Here is only asked what is loaded. */

#define APPARMOR_PROFILE_DEFAULT "creel-default"
#define APPARMOR_ENABLED_PATH "/sys/module/apparmor/parameters/enabled"
#define APPARMOR_PROFILES_PATH "/sys/kernel/security/apparmor/profiles"

/* Whether the kernel confines by AppArmor, as the file @path (APPARMOR_ENABLED_PATH) says. */
bool apparmor_is_available(const char *path);

/* Whether the kernel's list @list_path (APPARMOR_PROFILES_PATH) holds the profile @name in enforcing or any
 * other mode that restricts. 1: yes. 0: no, or the kernel has no AppArmor. Negative errno: the list cannot
 * be read. */
int apparmor_profile_is_loaded(const char *list_path, const char *name);
