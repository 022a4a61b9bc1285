/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* creel-unpack: one layer into a directory, or everything out of one, for creeld. Talks over the socket that
 * is fd 3. */

#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "image/tree.h"
#include "proto/message.h"
#include "unpack/pipeline.h"
#include "security/sandbox.h"

#define SOCKET_FD 3
#define PROGRESS_USEC (100 * USEC_PER_MSEC)

/* Whatever comes, or the end: creeld has no more to say, so it does not want the work any more. What is half
 * done is its to remove. */
static void *watch(void *userdata) {
        struct pollfd pfd = { .fd = SOCKET_FD, .events = POLLIN | POLLRDHUP };

        while (poll(&pfd, 1, -1) < 0 && errno == EINTR)
                ;
        _exit(EXIT_FAILURE);
}

static int watch_start(void) {
        pthread_attr_t attr;
        pthread_t thread;
        int r;

        r = -pthread_attr_init(&attr);
        if (r < 0)
                return r;
        (void) pthread_attr_setstacksize(&attr, 128 * 1024);
        (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        r = -pthread_create(&thread, &attr, watch, NULL);
        (void) pthread_attr_destroy(&attr);
        return r;
}

static int prepare(const SandboxProfile *profile, int rootfd, Failure *reterr) {
        int r;

        r = sandbox_enter(profile, rootfd);
        if (r < 0)
                return failure_set_errno(
                                reterr, FAILURE_SYSTEM, r,
                                "Cannot enter the sandbox of creel-unpack; run creeld with full privileges");
        r = watch_start();
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "Cannot start a thread of creel-unpack");
        return 0;
}

typedef struct Progress {
        uint64_t last_usec;
} Progress;

static void progress_send(void *userdata, uint64_t bytes) {
        _cleanup_(message_freep) Message *m = NULL;
        uint64_t now = clock_now_monotonic_usec();
        Progress *p = userdata;

        if (now < p->last_usec + PROGRESS_USEC)
                return;
        p->last_usec = now;
        /* A line that is lost is no harm, the next one says more. */
        if (message_new(MESSAGE_UNPACK_PROGRESS, &m) >= 0 && message_put_u64(m, FIELD_BYTES, bytes) >= 0)
                (void) message_send(SOCKET_FD, m);
}

static int spec_parse(Message *m, PipelineSpec *ret, Failure *reterr) {
        const char *compression, *digest, *diff_id;
        int c;

        (void) message_get_string(m, FIELD_COMPRESSION, &compression);
        (void) message_get_string(m, FIELD_DIGEST, &digest);
        (void) message_get_string(m, FIELD_DIFF_ID, &diff_id);
        (void) message_get_u64(m, FIELD_BYTES, &ret->bytes);
        (void) message_get_u64(m, FIELD_BYTES_MAX, &ret->bytes_max);
        (void) message_get_u64(m, FIELD_ENTRIES_MAX, &ret->entries_max);

        c = compression_from_string(compression);
        if (c < 0 || digest_parse(digest, &ret->digest) < 0 || digest_parse(diff_id, &ret->diff_id) < 0)
                return failure_set(reterr, FAILURE_SYSTEM,
                                   "creel-unpack does not know the compression \"%.32s\" or the digests it "
                                   "was given; restart creeld after an update",
                                   compression);
        ret->compression = (Compression) c;
        return 0;
}

static int done_send(const PipelineSpec *spec, const PipelineResult *result) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_UNPACK_DONE, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIGEST, spec->digest.string);
        if (r >= 0)
                r = message_put_string(m, FIELD_DIFF_ID, spec->diff_id.string);
        if (r >= 0)
                r = message_put_u64(m, FIELD_BYTES, result->file_bytes);
        if (r >= 0)
                r = message_put_u64(m, FIELD_ENTRIES, result->entries);
        return r < 0 ? r : message_send(SOCKET_FD, m);
}

static int unpack(Message *m, Failure *reterr) {
        _cleanup_close_ int input = -EBADF, directory = -EBADF;
        Progress progress = {};
        PipelineSpec spec = { .progress = progress_send, .userdata = &progress };
        PipelineResult result;
        int r;

        (void) message_take_fd(m, FIELD_INPUT, &input);
        (void) message_take_fd(m, FIELD_DIRECTORY, &directory);
        spec.input_fd = input;
        spec.root_fd = directory;
        r = spec_parse(m, &spec, reterr);
        if (r >= 0)
                r = prepare(&SANDBOX_UNPACK, directory, reterr);
        if (r >= 0)
                r = pipeline_run(&spec, &result, reterr);
        return r < 0 ? r : done_send(&spec, &result);
}

static int remove_all(Message *m, Failure *reterr) {
        _cleanup_(message_freep) Message *done = NULL;
        _cleanup_close_ int directory = -EBADF;
        int r;

        (void) message_take_fd(m, FIELD_DIRECTORY, &directory);
        r = prepare(&SANDBOX_REMOVE, directory, reterr);
        if (r < 0)
                return r;
        r = tree_clear(directory);
        if (r == -EBUSY)
                return failure_set(reterr, FAILURE_STORAGE,
                                   "Cannot remove a tree: something is mounted in it; unmount that first");
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, r, "Cannot remove a tree");
        r = message_new(MESSAGE_REMOVE_DONE, &done);
        return r < 0 ? r : message_send(SOCKET_FD, done);
}

static int run(void) {
        _cleanup_(message_freep) Message *m = NULL;
        _cleanup_failure_ Failure failure = {};
        int r;

        r = message_recv(SOCKET_FD, &m);
        if (r == 0)
                return 0; /* nobody wants anything */
        if (r < 0)
                return log_error_errno(r, "Cannot read the order on fd %d, which creeld opens: %m",
                                       SOCKET_FD);

        switch (message_type(m)) {
        case MESSAGE_UNPACK_START:
                r = unpack(m, &failure);
                break;
        case MESSAGE_REMOVE_START:
                r = remove_all(m, &failure);
                break;
        default:
                r = failure_set(&failure, FAILURE_SYSTEM,
                                "creel-unpack does not take a %s message; restart creeld after an update",
                                message_type_to_string(message_type(m)));
        }
        if (r < 0)
                (void) message_send_failure(
                                SOCKET_FD,
                                failure_kind_to_string(failure.text ? failure.kind : FAILURE_SYSTEM),
                                failure.text ?: "creel-unpack is out of memory", 0);
        return r;
}

int main(int argc, char *argv[]) {
        /* Nothing but stdio and the socket may be open in here. */
        (void) close_range(SOCKET_FD + 1, ~0U, 0);
        log_setup("creel-unpack", LOG_INFO);
        (void) umask(0);
        /* One arena: each thread's own would take address space that the limit counts. */
        (void) mallopt(M_ARENA_MAX, 1);

        _exit(run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
