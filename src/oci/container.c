/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "basic/table.h"
#include "oci/container.h"
#include "runtime/cgroup.h"
#include "spec/json.h"

#define STATE_FILE "state.json"
#define CONFIG_FILE "config.json"
#define STATE_BYTES_MAX (1024 * 1024)
#define STAT_BYTES_MAX 4096
#define ENTRIES_MAX 64

static const char *const oci_status_table[] = {
        [OCI_CREATING] = "creating", [OCI_CREATED] = "created", [OCI_RUNNING] = "running",
        [OCI_PAUSED] = "paused",     [OCI_STOPPED] = "stopped",
};
DEFINE_STRING_TABLE(oci_status, OciStatus, _OCI_STATUS_MAX)

/* As crun and runc have it. */
bool oci_id_is_valid(const char *id) {
        return !isempty(id) && strlen(id) <= OCI_ID_BYTES_MAX && *id != '.' &&
               string_in_charset(id, ALPHANUMERIC "_+-.");
}

OciContainer *oci_container_free(OciContainer *c) {
        if (!c)
                return NULL;
        (void) fd_close(c->dir_fd);
        free(c->id);
        free(c->bundle);
        free(c->rootfs);
        free(c->oci_version);
        strv_free(c->annotations);
        free(c->cgroup);
        free(c->cgroup_top);
        free(c->unit);
        return mfree(c);
}

static int allocate(const char *id, OciContainer **ret, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;

        if (!isempty(id) && strchr(id, '/'))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%.64s' cannot be a container's id: invalid character `/` in the ID",
                                   id);
        if (!oci_id_is_valid(id))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%.64s' cannot be a container's id: letters, digits, '_', '+', '-' and, "
                                   "but for the first, '.'",
                                   id);
        c = new0(OciContainer, 1);
        if (!c)
                return -ENOMEM;
        c->dir_fd = -EBADF;
        c->id = strdup(id);
        if (!c->id)
                return -ENOMEM;
        *ret = TAKE_PTR(c);
        return 0;
}

static int open_root(const OciRoot *root, bool make, int *ret_fd, Failure *f) {
        int fd, r = make ? path_mkdir_parents(AT_FDCWD, root->path, 0700) : 0;

        fd = r < 0 ? r : open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) {
                r = r < 0 ? r : negative_errno();
                return !make && r == -ENOENT ? r
                                             : failure_set_errno(f, FAILURE_STORAGE, r,
                                                                 "cannot use %s for the containers' state; "
                                                                 "choose another directory with --root",
                                                                 root->path);
        }
        *ret_fd = fd;
        return 0;
}

/* False when the directory was removed while we waited for the lock. */
static bool is_linked(int root_fd, const OciContainer *c) {
        struct stat there, ours;

        return fstatat(root_fd, c->id, &there, AT_SYMLINK_NOFOLLOW) >= 0 && fstat(c->dir_fd, &ours) >= 0 &&
               there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

static int lock(OciContainer *c, int operation) {
        while (flock(c->dir_fd, operation) < 0)
                if (errno != EINTR)
                        return negative_errno();
        c->locked = true;
        return 0;
}

void oci_container_unlock(OciContainer *c) {
        if (c->locked)
                (void) flock(c->dir_fd, LOCK_UN);
        c->locked = false;
}

static int refuse_name(const char *id, Failure *f) {
        return failure_set(f, FAILURE_NAME_IN_USE,
                           "a container with the id %s exists already; delete it or choose another id", id);
}

int oci_container_new(const OciRoot *root, const char *id, OciContainer **ret, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_close_ int root_fd = -EBADF;
        int r;

        r = allocate(id, &c, f);
        if (r >= 0)
                r = open_root(root, true, &root_fd, f);
        if (r < 0)
                return r;
        if (mkdirat(root_fd, id, 0700) < 0)
                return errno == EEXIST ? refuse_name(id, f)
                                       : failure_set_errno(f, FAILURE_STORAGE, errno,
                                                           "cannot make %s/%s for the container's state",
                                                           root->path, id);
        c->dir_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = c->dir_fd < 0 ? negative_errno() : lock(c, LOCK_EX | LOCK_NB);
        /* Somebody deletes it as a left-over. */
        if (r < 0 || !is_linked(root_fd, c))
                return refuse_name(id, f);
        c->created_usec = clock_now_realtime_usec();
        c->owner = getuid();
        *ret = TAKE_PTR(c);
        return 0;
}

static int no_such(const char *id, Failure *f) {
        return failure_set(f, FAILURE_NO_SUCH_CONTAINER, "container %s does not exist", id);
}

static int find(const OciRoot *root, const char *id, bool locked, OciContainer **ret, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_close_ int root_fd = -EBADF;
        int r;

        r = allocate(id, &c, f);
        if (r >= 0)
                r = open_root(root, false, &root_fd, f);
        if (r == -ENOENT)
                return no_such(id, f);
        if (r < 0)
                return r;
        c->dir_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (c->dir_fd < 0)
                return errno == ENOENT ? no_such(id, f)
                                       : failure_set_errno(f, FAILURE_STORAGE, errno, "cannot open %s/%s",
                                                           root->path, id);
        r = locked ? lock(c, LOCK_EX) : 0;
        if (r < 0)
                return failure_set_errno(f, FAILURE_STORAGE, r, "cannot lock container %s", id);
        if (locked && !is_linked(root_fd, c))
                return no_such(id, f);
        *ret = TAKE_PTR(c);
        return 0;
}

/* -EBADMSG: damaged. */
static int read_state(json_object *o, OciContainer *c) {
        uint64_t pid = 0, owner = 0;
        int r;

        r = json_get_u64(o, "pid", &pid);
        if (r >= 0)
                r = json_get_u64(o, "startTime", &c->start_time);
        if (r >= 0)
                r = json_get_u64(o, "owner", &owner);
        if (r >= 0)
                r = json_get_u64(o, "createdUsec", &c->created_usec);
        if (r >= 0)
                r = json_get_boolean(o, "created", &c->created);
        if (r >= 0)
                r = json_get_boolean(o, "userManager", &c->user_manager);
        if (r >= 0)
                r = json_dup_string(o, "bundle", &c->bundle);
        if (r >= 0)
                r = json_dup_string(o, "rootfs", &c->rootfs);
        if (r >= 0)
                r = json_dup_string(o, "ociVersion", &c->oci_version);
        if (r >= 0)
                r = json_dup_string(o, "cgroup", &c->cgroup);
        if (r >= 0)
                r = json_dup_string(o, "cgroupTop", &c->cgroup_top);
        if (r >= 0)
                r = json_get_boolean(o, "cgroupIsPlanned", &c->cgroup_is_planned);
        if (r >= 0)
                r = json_dup_string(o, "unit", &c->unit);
        if (r < 0)
                return r == -ENOMEM ? r : -EBADMSG;
        r = json_get_string_map(o, "annotations", &c->annotations);
        if ((r < 0 && r != -ENODATA) || pid > INT32_MAX || owner > UINT32_MAX || !c->bundle)
                return r == -ENOMEM ? r : -EBADMSG;
        c->pid = (pid_t) pid;
        c->owner = (uint32_t) owner;
        return 0;
}

/* -ENOENT: none was written yet. -EBADMSG: damaged. */
static int load(OciContainer *c) {
        _cleanup_free_ char *text = NULL;
        _cleanup_json_ json_object *o = NULL;
        size_t n;
        int r;

        r = file_read(c->dir_fd, STATE_FILE, STATE_BYTES_MAX, &text, &n);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        r = json_parse(text, n, STATE_BYTES_MAX, &o);
        if (r < 0 || !json_object_is_type(o, json_type_object))
                return r == -ENOMEM ? r : -EBADMSG;
        return read_state(o, c);
}

static int refuse_damaged(const OciContainer *c, int error, Failure *f) {
        return failure_set_errno(f, FAILURE_STORAGE, error,
                                 "the state of container %s is damaged; remove it with 'delete --force %s'",
                                 c->id, c->id);
}

/* True while the one who makes it is at work. */
static bool is_being_made(const OciContainer *c) {
        if (c->created || c->locked)
                return false;
        if (flock(c->dir_fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK;
        (void) flock(c->dir_fd, LOCK_UN);
        return false;
}

int oci_container_open(const OciRoot *root, const char *id, bool lock, OciContainer **ret, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        int r;

        r = find(root, id, lock, &c, f);
        if (r < 0)
                return r;
        r = load(c);
        if (r < 0)
                return r == -ENOENT && is_being_made(c) ? failure_set(f, FAILURE_INVALID_STATE,
                                                                      "container %s is still being made", id)
                                                        : refuse_damaged(c, r, f);
        *ret = TAKE_PTR(c);
        return 0;
}

int oci_container_open_damaged(const OciRoot *root, const char *id, OciContainer **ret, bool *ret_damaged,
                               Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        int r;

        r = find(root, id, true, &c, f);
        if (r < 0)
                return r;
        r = load(c);
        if (r == -ENOMEM)
                return r;
        *ret_damaged = r < 0;
        *ret = TAKE_PTR(c);
        return 0;
}

int oci_container_save(const OciContainer *c, Failure *f) {
        _cleanup_json_ json_object *o = json_object_new_object();
        _cleanup_free_ char *text = NULL;
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_string(o, "id", c->id);
        if (r >= 0)
                r = json_add_u64(o, "pid", (uint64_t) c->pid);
        if (r >= 0)
                r = json_add_u64(o, "startTime", c->start_time);
        if (r >= 0)
                r = json_add_u64(o, "owner", c->owner);
        if (r >= 0)
                r = json_add_u64(o, "createdUsec", c->created_usec);
        if (r >= 0)
                r = json_add_boolean(o, "created", c->created);
        if (r >= 0)
                r = json_add_boolean(o, "userManager", c->user_manager);
        if (r >= 0)
                r = json_add_string(o, "bundle", c->bundle);
        if (r >= 0)
                r = json_add_string(o, "rootfs", c->rootfs);
        if (r >= 0)
                r = json_add_string(o, "ociVersion", c->oci_version);
        if (r >= 0)
                r = json_add_string(o, "cgroup", c->cgroup);
        if (r >= 0)
                r = json_add_string(o, "cgroupTop", c->cgroup_top);
        if (r >= 0)
                r = json_add_boolean(o, "cgroupIsPlanned", c->cgroup_is_planned);
        if (r >= 0)
                r = json_add_string(o, "unit", c->unit);
        if (r >= 0)
                r = json_add_string_map(o, "annotations", c->annotations);
        if (r >= 0)
                r = json_format(o, false, &text);
        if (r >= 0)
                r = file_write_atomic(c->dir_fd, STATE_FILE, text, strlen(text), 0600, 0);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot write the state of container %s",
                                         c->id)
                     : 0;
}

int oci_container_save_config(const OciContainer *c, const char *text, size_t n_bytes, Failure *f) {
        int r = file_write_atomic(c->dir_fd, CONFIG_FILE, text, n_bytes, 0600, 0);

        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r,
                                         "cannot write the configuration of container %s", c->id)
                     : 0;
}

int oci_container_load_spec(const OciContainer *c, RuntimeSpec **ret, Failure *f) {
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        r = file_read(c->dir_fd, CONFIG_FILE, RUNTIME_SPEC_BYTES_MAX, &text, &n);
        return r < 0 ? refuse_damaged(c, r, f) : runtime_spec_parse(text, n, ret, f);
}

int oci_container_remove(const OciRoot *root, OciContainer *c, Failure *f) {
        _cleanup_close_ int root_fd = -EBADF;
        int r;

        r = open_root(root, false, &root_fd, f);
        if (r >= 0)
                r = path_remove_tree(root_fd, c->id, ENTRIES_MAX);
        return r < 0 && r != -ENOENT ? failure_set_errno(f, FAILURE_STORAGE, r,
                                                         "cannot remove the state of container %s", c->id)
                                     : 0;
}

/* 0: there is no such process, or it is a zombie. */
static uint64_t read_start_time(pid_t pid) {
        char path[32], text[STAT_BYTES_MAX], *p, state;
        _cleanup_close_ int fd = -EBADF;
        unsigned long long start;
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
        if (n < 0)
                return 0;
        text[n] = 0;
        /* The name in parentheses is the process's own word. */
        p = strrchr(text, ')');
        if (!p ||
            sscanf(p + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                   &state, &start) != 2)
                return 0;
        return state == 'Z' || state == 'X' ? 0 : start;
}

int oci_container_set_pid(OciContainer *c, pid_t pid) {
        c->pid = pid;
        c->start_time = read_start_time(pid);
        return c->start_time > 0 ? 0 : -ESRCH;
}

static bool is_alive(const OciContainer *c) {
        return c->pid > 0 && c->start_time > 0 && read_start_time(c->pid) == c->start_time;
}

int oci_container_pidfd(const OciContainer *c, int *ret_fd) {
        _cleanup_close_ int fd = -EBADF;

        if (c->pid <= 0)
                return -ESRCH;
        fd = (int) syscall(SYS_pidfd_open, c->pid, 0);
        if (fd < 0)
                return negative_errno();
        /* Only now is it certain that the number was still that of the process meant. */
        if (!is_alive(c))
                return -ESRCH;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

OciStatus oci_container_status(const OciContainer *c) {
        if (is_being_made(c))
                return OCI_CREATING;
        if (!is_alive(c))
                return OCI_STOPPED;
        if (faccessat(c->dir_fd, "start", F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return OCI_CREATED;
        if (c->cgroup && cgroup_is_frozen(c->cgroup))
                return OCI_PAUSED;
        return OCI_RUNNING;
}

int oci_container_state(const OciContainer *c, OciStatus status, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        char created[32];
        int r = o ? 0 : -ENOMEM;

        if (r >= 0)
                r = json_add_string(o, "ociVersion", c->oci_version ?: "1.2.0");
        if (r >= 0)
                r = json_add_string(o, "id", c->id);
        if (r >= 0)
                r = json_add_u64(o, "pid", status == OCI_STOPPED ? 0 : (uint64_t) c->pid);
        if (r >= 0)
                r = json_add_string(o, "status", oci_status_to_string(status));
        if (r >= 0)
                r = json_add_string(o, "bundle", c->bundle);
        if (r >= 0)
                r = json_add_string(o, "rootfs", c->rootfs);
        if (r >= 0)
                r = json_add_string(o, "created",
                                    clock_format_rfc3339(created, sizeof(created), c->created_usec));
        if (r >= 0)
                r = json_add_string_map(o, "annotations", c->annotations);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int oci_container_list(const OciRoot *root, char ***ret, Failure *f) {
        _cleanup_strv_free_ char **ids = NULL;
        _cleanup_close_ int fd = -EBADF;
        const struct dirent *de;
        DIR *dir;
        int r;

        r = open_root(root, false, &fd, f);
        if (r == -ENOENT) {
                *ret = NULL;
                return 0;
        }
        if (r < 0)
                return r;
        dir = fdopendir(fd);
        if (!dir)
                return negative_errno();
        (void) TAKE_FD(fd);
        while (r >= 0 && (de = readdir(dir)))
                if (oci_id_is_valid(de->d_name))
                        r = strv_extend(&ids, de->d_name);
        (void) closedir(dir);
        if (r < 0)
                return r;
        if (ids)
                qsort(ids, strv_length(ids), sizeof(char *), compare);
        *ret = TAKE_PTR(ids);
        return 0;
}
