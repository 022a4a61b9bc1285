/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "engine/host-tree.h"
#include "spec/credential.h"

#define OS_RELEASE_BYTES_MAX (64 * 1024)
#define TREE_ENTRIES_MAX 4096

static const char *const os_release_paths[] = { "/etc/os-release", "/usr/lib/os-release" };

static int read_host_file(const char *path, size_t max_bytes, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        return fd < 0 ? negative_errno() : fd_read_file(fd, max_bytes, ret, ret_size);
}

static int read_os_release(char **ret, size_t *ret_size) {
        int r = -ENOENT;

        for (size_t i = 0; i < ELEMENTSOF(os_release_paths) && r == -ENOENT; i++)
                r = read_host_file(os_release_paths[i], OS_RELEASE_BYTES_MAX, ret, ret_size);
        return r;
}

/* "a\"b" or 'a' or a */
static void unquote(char *value) {
        size_t n = strlen(value), out = 0;
        char quote = *value == '"' || *value == '\'' ? *value : 0;

        if (quote && (n < 2 || value[n - 1] != quote))
                return;
        for (size_t i = quote ? 1 : 0; i < n - (quote ? 1 : 0); i++) {
                if (quote == '"' && value[i] == '\\' && value[i + 1])
                        i++;
                value[out++] = value[i];
        }
        value[out] = 0;
}

int host_tree_env_of(const char *os_release, char ***env) {
        static const char *const keys[][2] = {
                { "ID=", "id" },
                { "BUILD_ID=", "build_id" },
                { "VARIANT_ID=", "variant_id" },
                { "VERSION_ID=", "version_id" },
        };
        _cleanup_strv_free_ char **lines = NULL;
        int r;

        r = strv_split(os_release, "\n", &lines);
        STRV_FOREACH(i, lines)
                for (size_t k = 0; r >= 0 && k < ELEMENTSOF(keys); k++) {
                        const char *value = startswith(*i, keys[k][0]);
                        _cleanup_free_ char *copy = NULL, *assignment = NULL;

                        if (!value)
                                continue;
                        copy = strdup(value);
                        if (!copy)
                                return -ENOMEM;
                        unquote(copy);
                        r = string_format(&assignment, "container_host_%s=%s", keys[k][1], copy);
                        if (r >= 0)
                                r = strv_env_set(env, assignment);
                }
        return r;
}

int host_tree_env(char ***env) {
        _cleanup_free_ char *text = NULL;

        /* A host without the file is none that could be named. */
        return read_os_release(&text, NULL) < 0 ? 0 : host_tree_env_of(text, env);
}

typedef struct HostTree {
        int fd;
        uid_t uid; /* the container's root */
        gid_t gid;
} HostTree;

static int put_file(const HostTree *t, int dirfd, const char *name, const void *data, size_t n_bytes,
                    mode_t mode) {
        int r;

        r = file_write_atomic(dirfd, name, data, n_bytes, mode, 0);
        if (r >= 0 && fchownat(dirfd, name, t->uid, t->gid, AT_SYMLINK_NOFOLLOW) < 0)
                r = negative_errno();
        return r;
}

static int put_text(const HostTree *t, const char *name, const char *text) {
        return put_file(t, t->fd, name, text, strlen(text), 0444);
}

static int put_directory(const HostTree *t, const char *name, mode_t mode, int *ret_fd) {
        int fd;

        if (mkdirat(t->fd, name, mode) < 0 || fchownat(t->fd, name, t->uid, t->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        if (!ret_fd)
                return 0;
        fd = openat(t->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

/* What systemd inside mounts over paths that a service shall not see. */
static int put_inaccessible(const HostTree *t) {
        static const struct {
                const char *name;
                mode_t type;
        } nodes[] = {
                { "reg", S_IFREG }, { "fifo", S_IFIFO }, { "sock", S_IFSOCK },
                { "chr", S_IFCHR }, { "blk", S_IFBLK },
        };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = put_directory(t, "inaccessible", 0755, &fd);
        if (r < 0)
                return r;
        if (mkdirat(fd, "dir", 0) < 0 || fchownat(fd, "dir", t->uid, t->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        for (size_t i = 0; i < ELEMENTSOF(nodes); i++) {
                if (mknodat(fd, nodes[i].name, nodes[i].type, makedev(0, 0)) < 0) {
                        /* Some hosts do not let us make device nodes, not even those of nothing. */
                        if (errno == EPERM && (nodes[i].type == S_IFCHR || nodes[i].type == S_IFBLK))
                                continue;
                        return negative_errno();
                }
                if (fchownat(fd, nodes[i].name, t->uid, t->gid, AT_SYMLINK_NOFOLLOW) < 0)
                        return negative_errno();
        }
        return 0;
}

static int put_loaded(const HostTree *t, int dirfd, Credential *c, Failure *f) {
        int r;

        r = read_host_file(c->path, CREDENTIAL_BYTES_MAX, &c->value, &c->n_bytes);
        if (r < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot load the credential %s from %s", c->id, c->path);
        return put_file(t, dirfd, c->id, c->value, c->n_bytes, 0400);
}

static int put_credentials(const HostTree *t, const ContainerSpec *spec, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        const char *hint;
        int r;

        if (!spec->set_credentials && !spec->load_credentials)
                return 0;
        r = put_directory(t, "credentials", 0700, &fd);
        STRV_FOREACH(i, spec->load_credentials) {
                _cleanup_(credential_done) Credential c = {};

                if (r >= 0)
                        r = credential_parse_load(*i, &c, &hint);
                if (r >= 0)
                        r = put_loaded(t, fd, &c, f);
        }
        STRV_FOREACH(i, spec->set_credentials) {
                _cleanup_(credential_done) Credential c = {};

                if (r >= 0)
                        r = credential_parse_set(*i, &c, &hint);
                if (r >= 0)
                        r = put_file(t, fd, c.id, c.value, c.n_bytes, 0400);
        }
        return r;
}

static int put_identity(const HostTree *t, const char *machine_id) {
        _cleanup_free_ char *os_release = NULL, *uuid = NULL;
        size_t size;
        int r;

        r = read_os_release(&os_release, &size);
        if (r >= 0)
                r = put_file(t, t->fd, "os-release", os_release, size, 0444);
        if (r == -ENOENT)
                r = 0;
        if (r >= 0)
                r = put_text(t, "container-manager", "creel\n");
        if (r >= 0)
                r = string_format(&uuid, "%.8s-%.4s-%.4s-%.4s-%.12s\n", machine_id, machine_id + 8,
                                  machine_id + 12, machine_id + 16, machine_id + 20);
        if (r >= 0)
                r = put_text(t, "container-uuid", uuid);
        return r < 0 ? r : put_text(t, "notify", ""); /* the supervisor's socket is mounted here */
}

int host_tree_write(const ContainerRecord *record, const char *machine_id, int runtime_fd, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        HostTree t = { .uid = container_record_root_uid(record), .gid = container_record_root_gid(record) };
        int r;

        r = path_remove_tree(runtime_fd, "host", TREE_ENTRIES_MAX);
        if (r < 0 && r != -ENOENT)
                return r;
        if (mkdirat(runtime_fd, "host", 0755) < 0)
                return negative_errno();
        fd = openat(runtime_fd, "host", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, t.uid, t.gid) < 0)
                return negative_errno();
        t.fd = fd;
        r = put_identity(&t, machine_id);
        if (r >= 0)
                r = put_directory(&t, "incoming", 0600, NULL);
        if (r >= 0)
                r = put_directory(&t, "unix-export", 0755, NULL);
        if (r >= 0)
                r = put_inaccessible(&t);
        return r < 0 ? r : put_credentials(&t, record->spec, f);
}

int host_tree_open_tunnel(const char *name) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = string_format(&path, HOST_TREE_TUNNELS "/%s", name);
        return r < 0 ? r : path_mkdir_parents(AT_FDCWD, path, 0700);
}

void host_tree_remove_tunnel(const char *name) {
        _cleanup_free_ char *path = NULL;

        if (string_format(&path, HOST_TREE_TUNNELS "/%s", name) >= 0)
                (void) rmdir(path);
}
