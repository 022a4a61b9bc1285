/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/seccomp.h"
#include "security/capability.h"
#include "security/seccomp-cache.h"
#include "spec/json.h"

#define CACHE_DIRECTORY "/var/cache/creel-oci/seccomp"
/* crun's, for documents whose engine knows no listenerPath. */
#define ANNOTATION_RECEIVER "run.oci.seccomp.receiver"

void oci_seccomp_done(OciSeccomp *s) {
        s->assist = oci_assist_free(s->assist);
        s->filter_fd = fd_close(s->filter_fd);
        s->agent_fd = fd_close(s->agent_fd);
}

/* A filter that another user can write is none. */
static int open_ours(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return negative_errno();
        if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int open_or_make(const char *path, int *ret_fd) {
        int r;

        r = open_ours(path, ret_fd);
        if (r != -ENOENT)
                return r;
        r = path_mkdir_parents(AT_FDCWD, path, 0700);
        return r < 0 ? r : open_ours(path, ret_fd);
}

int oci_seccomp_open_cache(int *ret_fd) {
        const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
        char path[PATH_MAX];
        int r = -ENOENT, n;

        /* Who is root in a user namespace alone fails here, and is a user like others. */
        if (geteuid() == 0) {
                r = open_or_make(CACHE_DIRECTORY, ret_fd);
                if (r >= 0)
                        return r;
        }
        if (cache && *cache == '/')
                n = snprintf(path, sizeof(path), "%s/creel-oci/seccomp", cache);
        else if (home && *home == '/')
                n = snprintf(path, sizeof(path), "%s/.cache/creel-oci/seccomp", home);
        else
                return r;
        return n < 0 || (size_t) n >= sizeof(path) ? -ENAMETOOLONG : open_or_make(path, ret_fd);
}

/* Documents made by engines have no conditions on capabilities: without them one filter does for all. */
static int make_source(const RuntimeSpec *spec, SeccompSource *ret, Failure *f) {
        const char *name = "";

        *ret = (SeccompSource){ .json = spec->seccomp, .n_bytes = strlen(spec->seccomp), .document = true };
        if (!strstr(spec->seccomp, "\"caps\""))
                return 0;
        if (capability_set_parse(spec->process.capabilities[RUNTIME_CAPABILITY_BOUNDING], &ret->capabilities,
                                 &name) < 0)
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "there is no capability called %s, which linux.seccomp could ask for",
                                   name);
        return 0;
}

static int order_compilation(OciSeccomp *s, const SeccompSource *source, int cache_fd, Failure *f) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_close_ int text_fd = -EBADF;
        int r;

        r = oci_assist_start("seccomp", &s->assist, f);
        if (r >= 0)
                r = fd_new_sealed("seccomp-profile", source->json, source->n_bytes, &text_fd);
        if (r >= 0)
                r = message_new(MESSAGE_SECCOMP_COMPILE, &m);
        if (r >= 0)
                r = message_put_fd(m, FIELD_SPEC, text_fd);
        if (r >= 0)
                r = message_put_fd(m, FIELD_DIRECTORY, cache_fd);
        if (r >= 0)
                r = message_put_u64(m, FIELD_CAPABILITIES, source->capabilities);
        return r < 0 ? r : message_send(s->assist->socket_fd, m);
}

int oci_seccomp_begin(const RuntimeSpec *spec, OciSeccomp *ret, Failure *f) {
        _cleanup_(oci_seccomp_done) OciSeccomp s = OCI_SECCOMP_NONE;
        _cleanup_close_ int cache_fd = -EBADF;
        SeccompSource source;
        int r;

        s.spec = spec;
        if (spec->seccomp) {
                r = make_source(spec, &source, f);
                if (r < 0)
                        return r;
                r = oci_seccomp_open_cache(&cache_fd);
                if (r < 0)
                        log_debug_errno(r, "seccomp: no cache for filters, ignoring: %m");
                else
                        r = seccomp_cache_lookup(cache_fd, &source, &s.filter_fd);
                if (r < 0)
                        r = order_compilation(&s, &source, cache_fd, f);
                if (r < 0)
                        return r;
        }
        *ret = s;
        s = OCI_SECCOMP_NONE;
        return 0;
}

/* The flags that the filter is to be loaded with, which stand in front of it. */
static int filter_flags(int fd, uint32_t *ret) {
        struct sock_filter first;
        ssize_t n = pread(fd, &first, sizeof(first), 0);

        if (n < 0)
                return negative_errno();
        *ret = n == sizeof(first) && first.code == SECCOMP_FLAGS_CODE ? first.k : 0;
        return 0;
}

static int connect_agent(OciSeccomp *s, Failure *f) {
        const char *path = s->spec->seccomp_listener_path;
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (isempty(path))
                path = strv_env_get(s->spec->annotations, ANNOTATION_RECEIVER);
        if (isempty(path))
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "linux.seccomp: SCMP_ACT_NOTIFY needs \"listenerPath\", the socket of an "
                                   "agent that answers");
        if (*path != '/' || strlen(path) >= sizeof(address.sun_path))
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "linux.seccomp.listenerPath is '%.128s': must be an absolute path of at "
                                   "most %zu bytes",
                                   path, sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, strlen(path) + 1);
        s->agent_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->agent_fd < 0)
                return negative_errno();
        if (connect(s->agent_fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return failure_set_errno(f, FAILURE_SYSTEM, errno,
                                         "failed to connect with seccomp agent at %s; is it running?", path);
        return 0;
}

int oci_seccomp_finish(OciSeccomp *s, int *ret_fd, Failure *f) {
        _cleanup_(message_freep) Message *answer = NULL;
        uint32_t flags = 0;
        int r = 0;

        if (s->assist) {
                r = oci_assist_wait(s->assist, MESSAGE_SECCOMP_COMPILED, &answer, f);
                if (r >= 0)
                        r = message_take_fd(answer, FIELD_SECCOMP, &s->filter_fd);
                s->assist = oci_assist_free(s->assist);
        }
        if (r >= 0 && s->filter_fd >= 0)
                r = filter_flags(s->filter_fd, &flags);
        if (r >= 0 && (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
                r = connect_agent(s, f);
        if (r >= 0)
                *ret_fd = s->filter_fd;
        return r;
}

static int process_state(const OciSeccomp *s, json_object *state, pid_t pid, char **ret) {
        _cleanup_strv_free_ char **fds = NULL;
        _cleanup_json_ json_object *o = json_object_new_object();
        const char *metadata = s->spec->seccomp_listener_metadata;
        const char *version = "";
        int r;

        if (!o)
                return -ENOMEM;
        (void) json_get_string(state, "ociVersion", &version);
        r = strv_extend(&fds, "seccompFd");
        if (r >= 0)
                r = json_add_string(o, "ociVersion", version);
        if (r >= 0)
                r = json_add_strv(o, "fds", fds);
        if (r >= 0)
                r = json_add_i64(o, "pid", pid);
        if (r >= 0)
                r = json_add_string(o, "metadata", metadata);
        if (r >= 0)
                r = json_add(o, "state", json_object_get(state));
        return r < 0 ? r : json_format(o, false, ret);
}

/* All of it, with the descriptor on its first byte. */
static int send_all(int socket_fd, const char *text, int fd) {
        size_t n = strlen(text);
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = { .header = { .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS,
                                  .cmsg_len = CMSG_LEN(sizeof(int)) } };
        struct iovec iov = { (void *) text, n };
        struct msghdr mh = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
        };

        memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
        while (iov.iov_len > 0) {
                ssize_t sent = sendmsg(socket_fd, &mh, MSG_NOSIGNAL);

                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0)
                        return negative_errno();
                iov.iov_base = (char *) iov.iov_base + sent;
                iov.iov_len -= (size_t) sent;
                mh.msg_control = NULL;
                mh.msg_controllen = 0;
        }
        return 0;
}

int oci_seccomp_tell(OciSeccomp *s, json_object *state, pid_t pid, int listener_fd, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = process_state(s, state, pid, &text);
        if (r >= 0)
                r = send_all(s->agent_fd, text, listener_fd);
        /* The payload has a copy until it executes, for which it may need the agent. */
        (void) shutdown(s->agent_fd, SHUT_RDWR);
        s->agent_fd = fd_close(s->agent_fd);
        return r < 0 ? failure_set_errno(f, FAILURE_SYSTEM, r,
                                         "cannot give the seccomp listener to the agent")
                     : 0;
}
