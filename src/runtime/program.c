/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/program.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int refuse(const char *program, int error, Failure *reterr) {
        struct stat st;

        if (error == ENOENT && stat(program, &st) >= 0)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND,
                                   "cannot run %s: its interpreter or loader is not in the container",
                                   program);
        if (error == ENOENT || error == ENOTDIR)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND, "there is no %s in the container",
                                   program);
        if (error == EACCES && stat(program, &st) >= 0 && S_ISDIR(st.st_mode))
                return failure_set(reterr, FAILURE_COMMAND_NOT_EXECUTABLE,
                                   "cannot run %s: it is a directory", program);
        if (error == ENOEXEC)
                return failure_set(reterr, FAILURE_COMMAND_NOT_EXECUTABLE,
                                   "cannot run %s: it is no program for this machine's architecture, nor a "
                                   "script with #!",
                                   program);
        return failure_set_errno(reterr, FAILURE_COMMAND_NOT_EXECUTABLE, error, "cannot run %s", program);
}

int program_execute(char *const *args, char *const *env, Failure *reterr) {
        const char *path = strv_env_get(env, "PATH") ?: DEFAULT_PATH;
        char program[PATH_MAX], refused[PATH_MAX];
        int error = ENOENT;

        if (strchr(args[0], '/')) {
                (void) execve(args[0], args, env);
                return refuse(args[0], errno, reterr);
        }
        for (const char *p = path; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
                int n = (int) strcspn(p, ":");

                if (snprintf(program, sizeof(program), "%.*s%s%s", n, p, n > 0 ? "/" : "", args[0]) >=
                    (int) sizeof(program))
                        continue;
                (void) execve(program, args, env);
                if (errno == ENOENT || errno == ENOTDIR || error != ENOENT)
                        continue;
                error = errno;
                memcpy(refused, program, sizeof(refused));
        }
        if (error == ENOENT)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND,
                                   "there is no %s in the container's PATH (%s)", args[0], path);
        return refuse(refused, error, reterr);
}

int program_execute_init(char **args, char *const *env, Failure *reterr) {
        static const char *const inits[] = { "/usr/lib/systemd/systemd", "/lib/systemd/systemd",
                                             "/sbin/init" };
        char *own = args[0];

        if (!strchr(own, '/') || access(own, F_OK) >= 0)
                return program_execute(args, env, reterr);
        for (size_t i = 0; i < ELEMENTSOF(inits); i++)
                if (access(inits[i], F_OK) >= 0) {
                        int r;

                        args[0] = (char *) inits[i];
                        r = program_execute(args, env, reterr);
                        args[0] = own;
                        return r;
                }
        return failure_set(
                        reterr, FAILURE_COMMAND_NOT_FOUND,
                        "there is no init in the root, neither systemd nor /sbin/init; leave out --boot and "
                        "say what to run");
}
