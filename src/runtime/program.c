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

/* Engines look for "executable file not found", "no such file or directory" and "permission denied" to tell
 * the statuses 127 and 126 from others. */
static int refuse(const char *program, int error, Failure *reterr) {
        struct stat st;

        if (error == ENOENT && stat(program, &st) >= 0)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND,
                                   "cannot run %s: its interpreter or loader is not in the container (no "
                                   "such file or directory)",
                                   program);
        if (error == ENOENT || error == ENOTDIR)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND,
                                   "cannot run %s: no such file or directory in the container", program);
        if (error == EACCES && stat(program, &st) >= 0 && S_ISDIR(st.st_mode))
                return failure_set(reterr, FAILURE_COMMAND_NOT_EXECUTABLE,
                                   "cannot run %s: permission denied, it is a directory", program);
        if (error == EACCES)
                return failure_set(reterr, FAILURE_COMMAND_NOT_EXECUTABLE,
                                   "cannot run %s: permission denied", program);
        if (error == ENOEXEC)
                return failure_set(reterr, FAILURE_COMMAND_NOT_EXECUTABLE,
                                   "cannot run %s: exec format error, it is no program for this machine's "
                                   "architecture, nor a script with #!",
                                   program);
        return failure_set_errno(reterr, FAILURE_COMMAND_NOT_EXECUTABLE, error, "cannot run %s", program);
}

typedef int (*Try)(const char *program, char *const *args, char *const *env);

/* Tries the program, or each that the PATH leads to, until one succeeds; only then it gives 0. */
static int search(char *const *args, char *const *env, Try try, Failure *reterr) {
        const char *path = strv_env_get(env, "PATH") ?: DEFAULT_PATH,
                   *first = isempty(args[0]) ? NULL : path;
        char program[PATH_MAX], refused[PATH_MAX];
        int error = ENOENT;

        if (strchr(args[0], '/'))
                return try(args[0], args, env) >= 0 ? 0 : refuse(args[0], errno, reterr);
        for (const char *p = first; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
                int n = (int) strcspn(p, ":");

                if (snprintf(program, sizeof(program), "%.*s%s%s", n, p, n > 0 ? "/" : "", args[0]) >=
                    (int) sizeof(program))
                        continue;
                if (try(program, args, env) >= 0)
                        return 0;
                if (errno == ENOENT || errno == ENOTDIR || error != ENOENT)
                        continue;
                error = errno;
                memcpy(refused, program, sizeof(refused));
        }
        if (error == ENOENT)
                return failure_set(reterr, FAILURE_COMMAND_NOT_FOUND,
                                   "cannot run %s: executable file not found in $PATH (%s)", args[0],
                                   path);
        return refuse(refused, error, reterr);
}

int program_execute(char *const *args, char *const *env, Failure *reterr) {
        return search(args, env, execve, reterr);
}

static int look(const char *program, char *const *args, char *const *env) {
        struct stat st;

        if (stat(program, &st) < 0)
                return -1;
        if (!S_ISREG(st.st_mode)) {
                errno = EACCES;
                return -1;
        }
        return access(program, X_OK);
}

int program_find(char *const *args, char *const *env, Failure *reterr) {
        return search(args, env, look, reterr);
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
