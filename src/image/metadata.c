/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "basic/str.h"
#include "image/member.h"
#include "image/metadata.h"

#define ACL_ACCESS "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

typedef enum XattrRule {
        XATTR_IGNORE,
        XATTR_KEEP,
        XATTR_KEEP_IF_POSSIBLE, /* file systems may lack them, and little is lost */
} XattrRule;

/* Which attributes an image may set; the first match counts. Nothing of trusted.* ever: overlayfs would
 * believe it. */
static const struct {
        const char *name;
        bool prefix;
        XattrRule rule;
} xattr_rules[] = {
        { "security.capability", false, XATTR_KEEP },
        { ACL_ACCESS, false, XATTR_KEEP_IF_POSSIBLE },
        { ACL_DEFAULT, false, XATTR_KEEP_IF_POSSIBLE },
        { "user.overlay.", true, XATTR_IGNORE },
        { "user.", true, XATTR_KEEP_IF_POSSIBLE },
        { "", true, XATTR_IGNORE },
};

static XattrRule xattr_rule(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(xattr_rules); i++)
                if (xattr_rules[i].prefix ? !!startswith(name, xattr_rules[i].name)
                                          : streq(name, xattr_rules[i].name))
                        return xattr_rules[i].rule;
        return XATTR_IGNORE;
}

bool metadata_needs_fd(const TarEntry *e) {
        for (size_t i = 0; i < e->n_xattrs; i++)
                if (xattr_rule(e->xattrs[i].name) != XATTR_IGNORE)
                        return true;
        return false;
}

bool metadata_has_default_acl(const TarEntry *e) {
        for (size_t i = 0; i < e->n_xattrs; i++)
                if (streq(e->xattrs[i].name, ACL_DEFAULT))
                        return true;
        return false;
}

int metadata_check(const TarEntry *e, Failure *reterr) {
        if (e->uid > METADATA_ID_MAX || e->gid > METADATA_ID_MAX)
                return failure_set(reterr, FAILURE_LIMITS_EXCEEDED,
                                   "it belongs to %" PRIu64 ":%" PRIu64
                                   ", but containers have the ids 0 to %d only; build the image with "
                                   "smaller ids",
                                   e->uid, e->gid, METADATA_ID_MAX);
        return 0;
}

static int xattr_failure(const TarXattr *x, int error, Failure *reterr) {
        char name[64];

        return failure_set(reterr, FAILURE_STORAGE,
                           "cannot set the attribute %s of %zu bytes: %s; use a file system that keeps it "
                           "for /var/lib/creel",
                           member_escape(x->name, name, sizeof(name)), x->n_bytes,
                           strerrordesc_np(error) ?: "unknown error");
}

/* @fd or, where that is negative, @name in the working directory. */
static int xattrs_apply(int fd, const char *name, const TarEntry *e, Failure *reterr) {
        for (size_t i = 0; i < e->n_xattrs; i++) {
                const TarXattr *x = e->xattrs + i;
                XattrRule rule = xattr_rule(x->name);
                int r;

                if (rule == XATTR_IGNORE)
                        continue;
                r = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->n_bytes, 0)
                            : lsetxattr(name, x->name, x->value, x->n_bytes, 0);
                if (r < 0 && (rule == XATTR_KEEP || (errno != EOPNOTSUPP && errno != EPERM)))
                        return xattr_failure(x, errno, reterr);
        }
        return 0;
}

static void acl_drop(int fd) {
        (void) fremovexattr(fd, ACL_ACCESS);
        (void) fremovexattr(fd, ACL_DEFAULT);
}

static int metadata_failure(const char *what, Failure *reterr) {
        return failure_set_errno(reterr, FAILURE_STORAGE, errno, "cannot set its %s", what);
}

int metadata_apply_fd(int fd, const TarEntry *e, MetadataFlags flags, Failure *reterr) {
        const struct timespec times[2] = { e->mtime, e->mtime };
        bool inherits = flags & METADATA_INHERITS, fresh = (flags & METADATA_FRESH) && !inherits,
             chown = !fresh || e->uid != 0 || e->gid != 0;
        int r;

        if (inherits)
                acl_drop(fd);
        if (chown && fchown(fd, (uid_t) e->uid, (gid_t) e->gid) < 0)
                return metadata_failure("owner", reterr);
        if ((chown || (e->type == TAR_DIRECTORY && (e->mode & 06000))) && fchmod(fd, e->mode) < 0)
                return metadata_failure("mode", reterr);
        r = xattrs_apply(fd, NULL, e, reterr);
        if (r < 0)
                return r;
        return futimens(fd, times) < 0 ? metadata_failure("time", reterr) : 0;
}

int metadata_apply_at(int dirfd, const char *name, const TarEntry *e, MetadataFlags flags, Failure *reterr) {
        const struct timespec times[2] = { e->mtime, e->mtime };
        bool fresh = (flags & METADATA_FRESH) && !(flags & METADATA_INHERITS),
             chown = !fresh || e->uid != 0 || e->gid != 0;
        int r;

        if (chown && fchownat(dirfd, name, (uid_t) e->uid, (gid_t) e->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return metadata_failure("owner", reterr);
        /* Links have no mode, and this call would follow them. */
        if (e->type != TAR_SYMLINK && (chown || (e->mode & 06000)) && fchmodat(dirfd, name, e->mode, 0) < 0)
                return metadata_failure("mode", reterr);
        if (metadata_needs_fd(e)) {
                if (fchdir(dirfd) < 0)
                        return metadata_failure("attributes", reterr);
                r = xattrs_apply(-EBADF, name, e, reterr);
                if (r < 0)
                        return r;
        }
        return utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? metadata_failure("time", reterr) : 0;
}
