/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Not features.h, which is a header of the C library. */

/* The versions of the runtime-spec that are taken, as `features` says them. */
#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX "1.2.0"

/* The features document (OCI runtime-spec 1.2, features.md, features-linux.md) as text, made from the tables
 * that the code goes by. */
int oci_features_format(char **ret);
