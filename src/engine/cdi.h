/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "spec/cdi.h"

/* The devices of the Container Device Interface on this host: the files *.json, *.yaml and *.yml in
 * directories of which the later ones count more. They are read when a device of theirs is asked for. */

extern const char *const cdi_directories[]; /* ends with NULL */

/* Finds the file that describes the device VENDOR/CLASS=NAME best, and the device in it. Files that are none
 * are passed over, with a warning. FAILURE_INVALID_ARGUMENT: no such device, two files of one directory have
 * it, or it asks for what cannot be done. *@ret is the caller's; *@ret_device is part of it. */
int cdi_find(const char *const *directories, const char *name, CdiFile **ret, const CdiDevice **ret_device,
             Failure *f);
