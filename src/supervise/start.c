/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "basic/fd.h"
#include "basic/lock-file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "supervise/start.h"

void start_init(Start *s) {
        *s = (Start){ .layers_fd = -EBADF,
                      .rootfs_fd = -EBADF,
                      .runtime_fd = -EBADF,
                      .listen_fd = -EBADF,
                      .seccomp_fd = -EBADF,
                      .session_fd = -EBADF,
                      .notify_fd = -EBADF,
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
        for (size_t i = 0; i < s->n_passed; i++)
                s->passed[i] = fd_close(s->passed[i]);
        s->n_passed = 0;
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
        s->notify_fd = fd_close(s->notify_fd);
        s->log_tag = mfree(s->log_tag);
        s->log_labels = strv_free(s->log_labels);
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
                { FIELD_NOTIFY, &s->notify_fd },
        };

        /* The optional ones may be absent. */
        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                (void) message_take_fd(m, fds[i].field, fds[i].fd);
}

static int take_strings(Message *m, Start *s) {
        const struct {
                MessageField field;
                char **string;
        } strings[] = { { FIELD_CONTAINER, &s->id },
                        { FIELD_NAME, &s->name },
                        { FIELD_IMAGE, &s->image },
                        { FIELD_LOG_TAG, &s->log_tag } };
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

int start_take_passed(Message *m, int fds[START_PASSED_MAX], unsigned as[START_PASSED_MAX], size_t *n_passed,
                      Failure *reterr) {
        uint64_t n = 0;

        while (message_get_nth_u64(m, FIELD_PASSED_AS, *n_passed, &n) >= 0) {
                if (*n_passed >= START_PASSED_MAX || n < 3 || n > 1023 ||
                    message_take_fd(m, FIELD_PASSED, fds + *n_passed) < 0)
                        return failure_set(reterr, FAILURE_CONFIGURATION,
                                           "the descriptors for the command are not in order");
                as[(*n_passed)++] = (unsigned) n;
        }
        return 0;
}

static int take_passed(Message *m, Start *s, Failure *reterr) {
        uint64_t n = 0;
        int r;

        r = start_take_passed(m, s->passed, s->passed_as, &s->n_passed, reterr);
        if (r < 0)
                return r;
        (void) message_get_u64(m, FIELD_LISTEN_FDS, &n);
        s->n_listen = (size_t) MIN(n, s->n_passed);
        return 0;
}

static int take_labels(const Message *m, Start *s) {
        const char *value;
        int r;

        for (size_t i = 0; message_get_nth_string(m, FIELD_LOG_LABEL, i, &value) >= 0; i++) {
                r = strv_extend(&s->log_labels, value);
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
        r = runtime_spec_parse(data, size, ret, reterr);
        if (r < 0)
                return r;
        /* What we run under is our own matter, not the payload's. */
        (*ret)->process.oom_score_adj_set = true;
        return runtime_spec_check_process(*ret, reterr);
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
                r = take_labels(m, ret);
        if (r >= 0)
                r = take_passed(m, ret, reterr);
        if (r >= 0)
                r = start_read_spec(m, &ret->spec, reterr);
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
        if (message_get_u64(m, FIELD_NOTIFY_FROM, &number) >= 0 && number <= NOTIFY_FIRST)
                ret->notify_from = (NotifyFrom) number;
        (void) message_get_u64(m, FIELD_RUN_TIMEOUT_USEC, &ret->run_timeout_usec);
        (void) message_get_u64(m, FIELD_STOP_TIMEOUT_USEC, &ret->stop_timeout_usec);
        (void) message_get_u64(m, FIELD_STOP_SIGNAL, &number);
        if (number < 1 || number >= _NSIG)
                return failure_set(reterr, FAILURE_CONFIGURATION, "there is no signal number %" PRIu64,
                                   number);
        ret->stop_signal = (int) number;
        return 0;
}
