/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/mount.h"
#include "runtime/namespace.h"
#include "runtime/procfs.h"
#include "runtime/setting.h"

static bool is_outside(const RuntimeSpec *spec, const char *assignment) {
        return spec->namespaces[RUNTIME_NAMESPACE_USER].wanted && !startswith(assignment, "net.") &&
               !startswith(assignment, "net/");
}

/* Since Linux 6.9 some belong to the root of the namespace, and nobody else may change them. The plain
 * system call changes the calling process alone, and not what it shares its memory with. */
static int write_as_root_of(const RuntimeSpec *spec, int proc_fd, const char *key, const char *value) {
        uint32_t root = namespace_host_id(spec->uid_mappings, spec->n_uid_mappings, 0);
        int r;

        if (syscall(SYS_setresuid, -1, root, -1) < 0)
                return negative_errno();
        r = procfs_write_sysctl(proc_fd, key, value);
        return syscall(SYS_setresuid, -1, 0, -1) < 0 ? negative_errno() : r;
}

static int write_all(const RuntimeSpec *spec, bool outside, int proc_fd, Failure *reterr) {
        STRV_FOREACH(i, spec->sysctl) {
                _cleanup_free_ char *key = NULL;
                char *value;
                int r;

                if (is_outside(spec, *i) != outside)
                        continue;
                key = strdup(*i);
                value = key ? strchr(key, '=') : NULL;
                if (!value)
                        return -ENOMEM;
                *value++ = 0;
                r = procfs_write_sysctl(proc_fd, key, value);
                if (outside && (r == -EACCES || r == -EPERM))
                        r = write_as_root_of(spec, proc_fd, key, value);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_INVALID_ARGUMENT, r,
                                                 "cannot set the sysctl %s to %s", key, value);
        }
        return 0;
}

typedef struct Outside {
        const RuntimeSpec *spec;
        int proc_fd;
        Failure *failure;
} Outside;

static int outside_run(void *userdata) {
        Outside *o = userdata;

        return write_all(o->spec, true, o->proc_fd, o->failure);
}

int setting_write_outside(const RuntimeSpec *spec, pid_t pid, Failure *reterr) {
        _cleanup_close_ int proc_fd = -EBADF;
        bool any = false;
        int r;

        STRV_FOREACH(i, spec->sysctl)
                any = any || is_outside(spec, *i);
        if (!any)
                return 0;
        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return negative_errno();
        r = namespace_call_in(pid, outside_run,
                              &(Outside){ .spec = spec, .proc_fd = proc_fd, .failure = reterr });
        return r < 0 && !reterr->text ? failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                          "cannot set the container's sysctls")
                                      : r;
}

int setting_write_inside(const RuntimeSpec *spec, int *proc_fd, Failure *reterr) {
        MountOptions options = {};
        bool any = false;
        int r;

        STRV_FOREACH(i, spec->sysctl)
                any = any || !is_outside(spec, *i);
        if (!any)
                return 0;
        /* Where the specification has no procfs, one that nobody sees. */
        r = *proc_fd >= 0 ? 0 : mount_new("proc", "proc", &options, proc_fd, reterr);
        return r < 0 ? r : write_all(spec, false, *proc_fd, reterr);
}
