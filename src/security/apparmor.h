/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The profile is installed as /etc/apparmor.d/creel-default, and whoever manages AppArmor on the host loads
 * it: policy is compiled by apparmor_parser, which is nothing for a daemon to run. Here is only asked
 * whether that happened. */

#define APPARMOR_PROFILE_DEFAULT "creel-default"
#define APPARMOR_PROFILES_PATH "/sys/kernel/security/apparmor/profiles"

/* Whether the kernel's list @list_path (APPARMOR_PROFILES_PATH) holds the profile @name in enforcing or any
 * other mode that restricts. 1: yes. 0: no, or the kernel has no AppArmor. Negative errno: the list cannot
 * be read. */
int apparmor_profile_is_loaded(const char *list_path, const char *name);
