/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "image/apply.h"
#include "image/cursor.h"
#include "image/member.h"
#include "image/metadata.h"
#include "image/tree.h"

#define PREALLOCATE_BYTES_MIN (1024 * 1024)
#define WRITE_BACK_BYTES_MIN (128 * 1024)

typedef struct Applier {
        int rootfd;
        TarReader *reader;
        Cursor *cursor;
        ApplyLimits limits;
        ApplyResult result;
        Failure *reterr;
} Applier;

/* Where a member goes. */
typedef struct Place {
        int dirfd; /* borrowed from the cursor */
        const char *name;
        MetadataFlags flags;
} Place;

static int storage_failure(Applier *a, int error, const char *what) {
        if (error == EFBIG || error == -EFBIG)
                return failure_set(a->reterr, FAILURE_LIMITS_EXCEEDED,
                                   "it is larger than files can be here; do not use this image");
        return failure_set_errno(a->reterr, FAILURE_STORAGE, error, "%s", what);
}

static size_t parent_length(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? (size_t) (slash - path) : 0;
}

static int place_find(Applier *a, const char *path, Place *ret) {
        size_t n = parent_length(path);
        int r;

        r = cursor_move(a->cursor, path, n, &ret->dirfd, a->reterr);
        if (r < 0)
                return r;
        ret->name = n > 0 ? path + n + 1 : path;
        ret->flags = METADATA_FRESH | (cursor_inherits(a->cursor) ? METADATA_INHERITS : 0);
        return 0;
}

/* Makes way for a member that is not a directory. */
static int place_clear(Applier *a, const Place *p) {
        int r = tree_remove(p->dirfd, p->name);

        return r < 0 ? storage_failure(a, r, "cannot replace what an earlier member made") : 0;
}

static int write_at(int fd, const uint8_t *data, size_t n, uint64_t offset) {
        while (n > 0) {
                ssize_t k = pwrite(fd, data, n, (off_t) offset);

                if (k < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                data += k;
                n -= (size_t) k;
                offset += (size_t) k;
        }
        return 0;
}

static int file_fill(Applier *a, int fd, const TarEntry *e) {
        uint64_t offset, end = 0;
        const void *data;
        size_t n;
        int r;

        if (!e->sparse && e->size >= PREALLOCATE_BYTES_MIN && fallocate(fd, 0, 0, (off_t) e->size) < 0 &&
            errno != EOPNOTSUPP && errno != EINTR)
                return storage_failure(a, errno, "cannot make room for its content");

        while ((r = tar_reader_data(a->reader, &data, &n, &offset, a->reterr)) > 0) {
                r = write_at(fd, data, n, offset);
                if (r < 0)
                        return storage_failure(a, r, "cannot write its content");
                end = offset + n;
        }
        if (r < 0)
                return r;
        if (end < e->size && ftruncate(fd, (off_t) e->size) < 0)
                return storage_failure(a, errno, "cannot set its size");
        /* Starts writing, does not wait: the syncfs() behind all this gets shorter. */
        if (e->size >= WRITE_BACK_BYTES_MIN)
                (void) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        return 0;
}

static int apply_file(Applier *a, const Place *p, const TarEntry *e) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = openat(p->dirfd, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, e->mode);
        if (fd < 0 && errno == EEXIST) {
                r = place_clear(a, p);
                if (r < 0)
                        return r;
                fd = openat(p->dirfd, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                            e->mode);
        }
        if (fd < 0)
                return storage_failure(a, errno, "cannot make the file");

        r = file_fill(a, fd, e);
        if (r < 0)
                return r;
        a->result.file_bytes += e->size;
        return metadata_apply_fd(fd, e, p->flags, a->reterr);
}

/* Makes the directory, or takes the one that is there; *@ret_flags says which of both. */
static int directory_make(const Place *p, const TarEntry *e, MetadataFlags *ret_flags) {
        struct stat st;

        if (mkdirat(p->dirfd, p->name, e->mode & 01777) >= 0) {
                *ret_flags = p->flags;
                return 0;
        }
        if (errno != EEXIST)
                return negative_errno();
        if (fstatat(p->dirfd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        *ret_flags = 0;
        return S_ISDIR(st.st_mode) ? 0 : opaque_replace(p->dirfd, p->name, e->mode & 01777);
}

static int apply_directory(Applier *a, const Place *p, const TarEntry *e) {
        _cleanup_close_ int fd = -EBADF;
        MetadataFlags flags;
        int r;

        r = directory_make(p, e, &flags);
        if (r < 0)
                return storage_failure(a, r, "cannot make the directory");
        if (metadata_has_default_acl(e))
                cursor_expect_acl(a->cursor);
        if (!metadata_needs_fd(e) && !(flags & METADATA_INHERITS))
                return metadata_apply_at(p->dirfd, p->name, e, flags, a->reterr);

        fd = openat(p->dirfd, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return storage_failure(a, errno, "cannot open the directory");
        return metadata_apply_fd(fd, e, flags, a->reterr);
}

static int apply_root(Applier *a, const TarEntry *e) {
        int fd, r;

        if (e->type != TAR_DIRECTORY)
                return failure_set(a->reterr, FAILURE_SECURITY,
                                   "the root of the tree is not a directory; do not use this image");
        r = cursor_move(a->cursor, "", 0, &fd, a->reterr);
        if (r < 0)
                return r;
        if (metadata_has_default_acl(e))
                cursor_expect_acl(a->cursor);
        cursor_set_root_time(a->cursor, &e->mtime);
        return metadata_apply_fd(fd, e, 0, a->reterr);
}

/* Where there is something of this layer already it stays; a directory that stays hides what is below it. */
static int apply_whiteout(Applier *a, const Place *p) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        r = whiteout_make(p->dirfd, p->name);
        if (r >= 0)
                return 0;
        if (r == -EEXIST) {
                if (fstatat(p->dirfd, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return storage_failure(a, errno, "cannot look at what the whiteout hides");
                if (!S_ISDIR(st.st_mode))
                        return 0;
                fd = openat(p->dirfd, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = fd < 0 ? negative_errno() : opaque_mark(fd);
        }
        return r < 0 ? storage_failure(a, r, "cannot make the whiteout") : 0;
}

static int apply_opaque(Applier *a, const char *path) {
        int fd, r;

        r = cursor_move(a->cursor, path, parent_length(path), &fd, a->reterr);
        if (r < 0)
                return r;
        r = opaque_mark(fd);
        return r < 0 ? storage_failure(a, r, "cannot mark the directory opaque") : 0;
}

static int apply_symlink(Applier *a, const Place *p, const TarEntry *e) {
        int r;

        if (isempty(e->link) || strlen(e->link) > MEMBER_PATH_MAX)
                return failure_set(
                                a->reterr, FAILURE_REGISTRY,
                                "the link has no target or one longer than %d bytes; build the image again",
                                MEMBER_PATH_MAX);
        if (symlinkat(e->link, p->dirfd, p->name) >= 0)
                return metadata_apply_at(p->dirfd, p->name, e, p->flags, a->reterr);
        if (errno != EEXIST)
                return storage_failure(a, errno, "cannot make the link");
        r = place_clear(a, p);
        if (r < 0)
                return r;
        if (symlinkat(e->link, p->dirfd, p->name) < 0)
                return storage_failure(a, errno, "cannot make the link");
        return metadata_apply_at(p->dirfd, p->name, e, p->flags, a->reterr);
}

/* The directory of a hard link's target, links among its parents resolved inside the tree as for any member.
 */
static int target_open(Applier *a, const char *target, int *ret_fd) {
        size_t n = parent_length(target);
        _cleanup_free_ char *parent = strndup(target, n);

        if (!parent)
                return -ENOMEM;
        return path_openat2(a->rootfd, n > 0 ? parent : ".", O_PATH | O_DIRECTORY, 0,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, ret_fd);
}

static int hardlink_make(Applier *a, const Place *p, int target_fd, const char *target) {
        struct stat st, old;
        int r;

        if (fstatat(target_fd, target, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (S_ISDIR(st.st_mode) || whiteout_is(st.st_mode, st.st_rdev))
                return -ENOENT;
        if (linkat(target_fd, target, p->dirfd, p->name, 0) >= 0)
                return 0;
        if (errno != EEXIST)
                return negative_errno();
        /* The link is there already, or is its own target. */
        if (fstatat(p->dirfd, p->name, &old, AT_SYMLINK_NOFOLLOW) >= 0 && old.st_dev == st.st_dev &&
            old.st_ino == st.st_ino)
                return 0;
        r = place_clear(a, p);
        if (r < 0)
                return r;
        return linkat(target_fd, target, p->dirfd, p->name, 0) < 0 ? negative_errno() : 0;
}

static int apply_hardlink(Applier *a, const Place *p, const TarEntry *e) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *target = NULL;
        const char *name;
        char escaped[128];
        int r;

        r = member_normalize(e->link, &target, a->reterr);
        if (r < 0)
                return r;
        name = target + parent_length(target);
        name += *name == '/';
        r = isempty(name) ? -ENOENT : target_open(a, target, &fd);
        if (r >= 0)
                r = hardlink_make(a, p, fd, name);
        if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV)
                return failure_set(a->reterr, FAILURE_REGISTRY,
                                   "it is a hard link to \"%s\", which is no file of this layer; build the "
                                   "image again",
                                   member_escape(e->link, escaped, sizeof(escaped)));
        return r < 0 && !a->reterr->text ? storage_failure(a, r, "cannot make the hard link") : r;
}

static int apply_node(Applier *a, const Place *p, const TarEntry *e) {
        mode_t type = e->type == TAR_CHARACTER ? S_IFCHR : e->type == TAR_BLOCK ? S_IFBLK : S_IFIFO;
        dev_t device = makedev(e->device_major, e->device_minor);
        int r;

        if (whiteout_is(type, device))
                return apply_whiteout(a, p);
        if (mknodat(p->dirfd, p->name, type | e->mode, device) < 0) {
                if (errno != EEXIST)
                        return storage_failure(a, errno, "cannot make the device or fifo");
                r = place_clear(a, p);
                if (r < 0)
                        return r;
                if (mknodat(p->dirfd, p->name, type | e->mode, device) < 0)
                        return storage_failure(a, errno, "cannot make the device or fifo");
        }
        return metadata_apply_at(p->dirfd, p->name, e, p->flags, a->reterr);
}

static int (*const apply_table[])(Applier *a, const Place *p, const TarEntry *e) = {
        [TAR_FILE] = apply_file,
        [TAR_HARDLINK] = apply_hardlink,
        [TAR_SYMLINK] = apply_symlink,
        [TAR_CHARACTER] = apply_node,
        [TAR_BLOCK] = apply_node,
        [TAR_DIRECTORY] = apply_directory,
        [TAR_FIFO] = apply_node,
};
static_assert(ELEMENTSOF(apply_table) == _TAR_TYPE_MAX, "apply_table is not full");

static int apply_entry(Applier *a, const TarEntry *e) {
        _cleanup_free_ char *path = NULL;
        MemberKind kind;
        Place place;
        int r;

        r = member_normalize(e->path, &path, a->reterr);
        if (r >= 0)
                r = member_classify(path, &kind, a->reterr);
        if (r < 0 || kind == MEMBER_IGNORED)
                return r;
        if (kind == MEMBER_OPAQUE)
                return apply_opaque(a, path);

        r = kind == MEMBER_PLAIN ? metadata_check(e, a->reterr) : 0;
        if (r < 0)
                return r;
        if (isempty(path))
                return apply_root(a, e);
        r = place_find(a, path, &place);
        if (r < 0)
                return r;
        return kind == MEMBER_WHITEOUT ? apply_whiteout(a, &place) : apply_table[e->type](a, &place, e);
}

/* Puts the member's name before what went wrong with it. */
static int name_failure(const char *path, int r, Failure *reterr) {
        _cleanup_failure_ Failure plain = { .kind = reterr->kind, .text = TAKE_PTR(reterr->text) };
        char escaped[256];

        if (!plain.text)
                return r;
        return failure_set(reterr, plain.kind, "\"%s\": %s", member_escape(path, escaped, sizeof(escaped)),
                           plain.text);
}

static int apply_members(Applier *a) {
        const TarEntry *e;
        int r;

        while ((r = tar_reader_next(a->reader, &e, a->reterr)) > 0) {
                if (++a->result.entries > a->limits.entries_max)
                        return failure_set(a->reterr, FAILURE_LIMITS_EXCEEDED,
                                           "it has more than %" PRIu64
                                           " entries; allow more, or build the image with fewer files",
                                           a->limits.entries_max);
                r = apply_entry(a, e);
                if (r < 0)
                        return name_failure(e->path, r, a->reterr);
        }
        return r;
}

/* Tells ext4 that the directories of the root have nothing to do with each other, so that each goes to a
 * block group with room. Left to itself it keeps to the group that images before this one were in, and steps
 * over each of the inodes that were deleted there in the last minutes: removing an image made the next pull
 * three times slower. The flag is a hint; file systems without it refuse it. */
static void root_spread(int rootfd, bool on) {
        int flags;

        if (ioctl(rootfd, FS_IOC_GETFLAGS, &flags) < 0)
                return;
        flags = on ? flags | FS_TOPDIR_FL : flags & ~FS_TOPDIR_FL;
        (void) ioctl(rootfd, FS_IOC_SETFLAGS, &flags);
}

int apply_tar(int rootfd, TarSource source, void *userdata, const ApplyLimits *limits, ApplyResult *ret,
              Failure *reterr) {
        _cleanup_failure_ Failure failure = {};
        _cleanup_(tar_reader_freep) TarReader *reader = NULL;
        _cleanup_(cursor_freep) Cursor *cursor = NULL;
        Applier a = { .rootfd = rootfd, .limits = *limits, .reterr = &failure };
        int r;

        r = tar_reader_new(source, userdata, &reader);
        if (r >= 0)
                r = cursor_new(rootfd, &cursor);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot prepare for unpacking");
        a.reader = reader;
        a.cursor = cursor;

        root_spread(rootfd, true);
        r = apply_members(&a);
        root_spread(rootfd, false);
        if (r >= 0) {
                r = cursor_finish(cursor);
                if (r < 0)
                        r = storage_failure(&a, r, "cannot set the time of a directory");
        }
        if (r >= 0)
                r = tar_reader_drain(reader);
        if (r < 0) {
                if (failure.text && reterr) {
                        failure_done(reterr);
                        *reterr = TAKE_GENERIC(failure, Failure, (Failure) {});
                }
                return r;
        }
        *ret = a.result;
        return 0;
}
