/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "pull/sandbox.h"

#define FILES_MAX 256
#define FILE_BYTES_MAX (64 * 1024 * 1024) /* documents only: layers go through pipes, which this does not limit */

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_STAGING (ACCESS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
/* Everything of the first version of the interface; REFER and TRUNCATE came with the second and third. */
#define ACCESS_FIRST ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* Own namespaces, where everything is read-only. File descriptors opened earlier, the staging directory above all, are not
 * affected. */
static int enter_namespaces(void) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, .propagation = MS_PRIVATE };

        if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
                return negative_errno();
        if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
                return negative_errno();
        return 0;
}

static int allow_beneath(int ruleset, int fd, uint64_t access) {
        struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };

        return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? negative_errno() : 0;
}

/* The staging directory leads, by "..", to the whole store of the mount namespace it came from: Landlock closes that way. */
static int restrict_files(int staging_fd) {
        struct landlock_ruleset_attr attr = { .handled_access_fs = ACCESS_FIRST };
        _cleanup_close_ int ruleset = -EBADF, root = -EBADF;
        long version;
        int r;

        version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        if (version < 0)
                return negative_errno();
        if (version >= 2)
                attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
        if (version >= 3)
                attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
        ruleset = (int) syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (ruleset < 0 || root < 0)
                return negative_errno();
        r = allow_beneath(ruleset, root, ACCESS_READ);
        if (r >= 0)
                r = allow_beneath(ruleset, staging_fd, ACCESS_STAGING);
        if (r < 0)
                return r;
        return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? negative_errno() : 0;
}

static int drop_capabilities(void) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

        (void) prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
        for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
                if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0) {
                        log_debug_errno(errno, "Cannot drop capability %lu from the bounding set, ignoring: %m", c);
                        break;
                }
        return syscall(SYS_capset, &header, none) < 0 ? negative_errno() : 0;
}

static int limit_resources(void) {
        static const struct {
                int resource;
                rlim_t max;
        } limits[] = {
                { RLIMIT_CORE, 0 },
                { RLIMIT_NOFILE, FILES_MAX },
                { RLIMIT_FSIZE, FILE_BYTES_MAX },
        };

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                struct rlimit l = { limits[i].max, limits[i].max };

                if (setrlimit(limits[i].resource, &l) < 0)
                        return negative_errno();
        }
        return 0;
}

int sandbox_enter_pull(int staging_fd) {
        int r;

        r = enter_namespaces();
        if (r < 0)
                log_debug_errno(r, "Cannot enter namespaces of its own, ignoring: %m");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return negative_errno();
        r = restrict_files(staging_fd);
        if (r < 0)
                log_debug_errno(r, "Cannot restrict itself with Landlock, ignoring: %m");
        r = limit_resources();
        return r < 0 ? r : drop_capabilities();
}
