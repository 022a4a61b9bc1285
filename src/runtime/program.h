/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "basic/failure.h"

/* Executes @args[0], looked up along the PATH of @env where it has no slash. Returns only on failure: of
 * kind CommandNotFound or CommandNotExecutable, with the reason. */
int program_execute(char *const *args, char *const *env, Failure *reterr);

/* Looks for what program_execute() would execute, without doing so: what is not there, or not executable by
 * this process, fails in the same words. */
int program_find(char *const *args, char *const *env, Failure *reterr);

/* The root's init: @args[0], or systemd or /sbin/init where they are. Returns as program_execute(). */
int program_execute_init(char **args, char *const *env, Failure *reterr);
