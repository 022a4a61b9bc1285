/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Credentials and certificates are read with the caller's rights and handed to creeld as sealed memfds. */

#define AUTHFILE_BYTES_MAX (1024 * 1024)

/* The file with registry credentials: @given, else $REGISTRY_AUTH_FILE, else the first that exists of
 * $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json (with $XDG_CONFIG_HOME) and
 * ~/.docker/config.json (with $DOCKER_CONFIG). *@ret_fd is -EBADF where there is none. */
int authfile_open(const char *given, int *ret_fd, Failure *f);

/* Copies the file at @path into a sealed memfd. @what names it in messages. -ENOENT with a failure set, too.
 */
int authfile_seal(const char *path, const char *what, int *ret_fd, Failure *f);
