/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "basic/fd.h"
#include "basic/lock-file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "supervise/start.h"

#define RANGE_SIZE 65536U

void start_init(Start *s) {
        *s = (Start){ .layers_fd = -EBADF,
                      .rootfs_fd = -EBADF,
                      .runtime_fd = -EBADF,
                      .listen_fd = -EBADF,
                      .seccomp_fd = -EBADF,
                      .session_fd = -EBADF,
                      .tree_fd = -EBADF,
                      .lock_fds = { -EBADF, -EBADF },
                      .stdio = { -EBADF, -EBADF, -EBADF } };
}

void start_forget(Start *s) {
        s->layers = strv_free(s->layers);
        s->spec = runtime_spec_free(s->spec);
        s->layers_fd = fd_close(s->layers_fd);
        s->rootfs_fd = fd_close(s->rootfs_fd);
        s->tree_fd = fd_close(s->tree_fd);
        s->seccomp_fd = fd_close(s->seccomp_fd);
        for (int i = 0; i < 3; i++)
                s->stdio[i] = fd_close(s->stdio[i]);
}

void start_done(Start *s) {
        start_forget(s);
        s->id = mfree(s->id);
        s->name = mfree(s->name);
        s->image = mfree(s->image);
        s->runtime_fd = fd_close(s->runtime_fd);
        s->listen_fd = fd_close(s->listen_fd);
        s->session_fd = fd_close(s->session_fd);
        start_unlock(s);
}

void start_unlock(Start *s) {
        for (size_t i = 0; i < ELEMENTSOF(s->lock_fds); i++)
                lock_file_release(&s->lock_fds[i]);
}

static void take_fds(Message *m, Start *s) {
        const struct {
                MessageField field;
                int *fd;
        } fds[] = {
                { FIELD_LAYERS, &s->layers_fd },   { FIELD_ROOTFS, &s->rootfs_fd },
                { FIELD_RUNTIME, &s->runtime_fd }, { FIELD_LISTEN, &s->listen_fd },
                { FIELD_SECCOMP, &s->seccomp_fd }, { FIELD_SESSION, &s->session_fd },
                { FIELD_STDIN, &s->stdio[0] },     { FIELD_STDOUT, &s->stdio[1] },
                { FIELD_STDERR, &s->stdio[2] },    { FIELD_TREE, &s->tree_fd },
                { FIELD_LOCK, &s->lock_fds[0] },   { FIELD_LOCK_BESIDE, &s->lock_fds[1] },
        };

        /* The optional ones may be absent. */
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                (void) message_take_fd(m, fds[i].field, fds[i].fd);
}

static int take_strings(Message *m, Start *s) {
        const struct {
                MessageField field;
                char **string;
        } strings[] = { { FIELD_CONTAINER, &s->id }, { FIELD_NAME, &s->name }, { FIELD_IMAGE, &s->image } };
        const char *value;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(strings); i++)
                if (message_get_string(m, strings[i].field, &value) >= 0) {
                        r = string_set(strings[i].string, value);
                        if (r < 0)
                                return r;
                }
        for (size_t i = 0; message_get_nth_string(m, FIELD_LAYER, i, &value) >= 0; i++) {
                r = strv_extend(&s->layers, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

int start_read_spec(Message *m, RuntimeSpec **ret, Failure *reterr) {
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r;

        (void) message_take_fd(m, FIELD_SPEC, &fd);
        r = fd_read_file(fd, RUNTIME_SPEC_BYTES_MAX, &data, &size);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_CONFIGURATION, r,
                                         "cannot read the runtime specification");
        return runtime_spec_parse(data, size, ret, reterr);
}

static int set_mapping(RuntimeIdMapping **mappings, size_t *n, uint32_t base) {
        RuntimeIdMapping *m = new (RuntimeIdMapping, 1);

        if (!m)
                return -ENOMEM;
        *m = (RuntimeIdMapping) { .container_id = 0, .host_id = base, .size = RANGE_SIZE };
        free(*mappings);
        *mappings = m;
        *n = 1;
        return 0;
}

static int set_range(RuntimeSpec *spec, uint64_t base, Failure *reterr) {
        int r;

        if (base > UINT32_MAX - RANGE_SIZE)
                return failure_set(reterr, FAILURE_CONFIGURATION,
                                   "%" PRIu64 " is not the base of a range of users", base);
        spec->namespaces[RUNTIME_NAMESPACE_USER].wanted = true;
        r = set_mapping(&spec->uid_mappings, &spec->n_uid_mappings, (uint32_t) base);
        return r < 0 ? r : set_mapping(&spec->gid_mappings, &spec->n_gid_mappings, (uint32_t) base);
}

static int read_root(Message *m, Start *s) {
        const char *word;
        uint64_t number;
        int mode;

        s->overlay = message_get_u64(m, FIELD_OVERLAY, &number) >= 0 && number > 0;
        s->system = message_get_u64(m, FIELD_SYSTEM, &number) >= 0 && number > 0;
        if (message_get_string(m, FIELD_VOLATILE, &word) >= 0) {
                mode = volatile_mode_from_string(word);
                if (mode < 0)
                        return -EBADMSG;
                s->volatile_mode = (VolatileMode) mode;
        }
        return 0;
}

int start_read(Message *m, Start *ret, Failure *reterr) {
        uint64_t number = 0;
        int r;

        take_fds(m, ret);
        r = take_strings(m, ret);
        if (r >= 0)
                r = start_read_spec(m, &ret->spec, reterr);
        if (r >= 0 && message_get_u64(m, FIELD_UID_BASE, &number) >= 0)
                r = set_range(ret->spec, number, reterr);
        if (r >= 0)
                r = read_root(m, ret);
        if (r < 0)
                return r;

        if (message_get_u64(m, FIELD_TTY, &number) >= 0 && number > 0)
                ret->tty = ret->spec->process.terminal = true;
        if (message_get_u64(m, FIELD_INTERACTIVE, &number) >= 0)
                ret->interactive = number > 0;
        if (message_get_u64(m, FIELD_JOURNAL, &number) >= 0)
                ret->journal = number > 0;
        (void) message_get_u64(m, FIELD_STOP_TIMEOUT_USEC, &ret->stop_timeout_usec);
        (void) message_get_u64(m, FIELD_STOP_SIGNAL, &number);
        if (number < 1 || number >= _NSIG)
                return failure_set(reterr, FAILURE_CONFIGURATION, "there is no signal number %" PRIu64,
                                   number);
        ret->stop_signal = (int) number;
        return 0;
}
