/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Gives up every right that a pull does not need, for good: capabilities, new privileges, namespaces, and by Landlock all
 * writing but to the staging directory. The process stays root, because that directory belongs to root and nobody else may
 * enter the store; without capabilities, and with the file system read-only to it, that uid is worth no more than any other.
 * What a host does not offer is left out with a line at debug level; -errno where a right could not be dropped. */
int sandbox_enter_pull(int staging_fd);
