/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "proto/message.h"
#include "pull/fetch.h"

#include "test.h"

#include "canned.h"

#define D "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

typedef struct Case {
        Canned server;
        Reference reference;
        Registry *registry;
        ImageLayer layer;
        ImageRecord record;
        Fetch *fetch;
        int ours, theirs; /* the socket */
        int reader, writer;
        Failure failure;
} Case;

static void begin(Case *c, const char *const *answers, uint64_t size_bytes) {
        RegistryParameters p = {
                .name = "the image", .plain_http = true, .ca_fd = -EBADF, .wake_fd = -EBADF
        };
        int pair[2], pipes[2];
        char text[64];

        *c = (Case) {};
        canned_start(&c->server, answers);
        (void) snprintf(text, sizeof(text), "%s/team/app:1", c->server.host);
        assert_int_equal(reference_parse(text, &c->reference, NULL), 0);
        p.reference = &c->reference;
        assert_int_equal(registry_new(&p, &c->registry, NULL), 0);
        assert_int_equal(digest_parse(D, &c->layer.digest), 0);
        c->layer.size_bytes = size_bytes;
        c->record = (ImageRecord) { .layers = &c->layer, .n_layers = 1 };
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        c->ours = pair[0];
        c->theirs = pair[1];
        c->reader = pipes[0];
        c->writer = pipes[1];
        assert_int_equal(fetch_new(c->registry, &c->record, "the image", c->theirs, &c->fetch), 0);
}

/* Runs until creeld's side of the socket has something other than progress. */
static int run(Case *c, Message **ret) {
        for (;;) {
                _cleanup_(message_freep) Message *m = NULL;
                bool ready = false;
                ssize_t n;
                char byte;
                int r;

                r = fetch_step(c->fetch, &c->failure);
                if (r < 0)
                        return r;
                n = recv(c->ours, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
                if (n <= 0) {
                        r = fetch_wait(c->fetch, &ready);
                        if (r < 0)
                                return r;
                        continue;
                }
                assert_int_equal(message_recv(c->ours, &m), 1);
                if (message_type(m) == MESSAGE_PULL_PROGRESS)
                        continue;
                *ret = TAKE_PTR(m);
                return 0;
        }
}

static void end(Case *c) {
        (void) fetch_free(c->fetch);
        (void) registry_free(c->registry);
        reference_done(&c->reference);
        failure_done(&c->failure);
        (void) fd_close(c->ours);
        (void) fd_close(c->theirs);
        (void) fd_close(c->reader);
        (void) fd_close(c->writer);
        canned_stop(&c->server);
}

static void test_resumed(void **state) {
        static const char *const answers[] = {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123",
                "HTTP/1.1 206 Partial\r\nConnection: close\r\nContent-Range: bytes "
                "4-9/10\r\nContent-Length: 6\r\n\r\n45",
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789", NULL
        };
        _cleanup_(message_freep) Message *m = NULL;
        char content[16] = {};
        uint64_t index = 9;
        Case c;

        begin(&c, answers, 10);
        assert_int_equal(fetch_add(c.fetch, 0, TAKE_FD(c.writer)), 0);
        assert_int_equal(run(&c, &m), 0);
        assert_int_equal(message_type(m), MESSAGE_PULL_FETCHED);
        assert_int_equal(message_get_u64(m, FIELD_INDEX, &index), 0);
        assert_int_equal(index, 0);
        assert_int_equal(fd_read_full(c.reader, content, sizeof(content)), 10);
        assert_string_equal(content, "0123456789");
        assert_null(strstr(canned_request(&c.server), "Range:"));
        assert_non_null(strstr(canned_request(&c.server), "Range: bytes=4-\r\n"));
        assert_non_null(strstr(canned_request(&c.server), "Range: bytes=6-\r\n"));
        end(&c);
}

static void test_too_much(void **state) {
        static const char *const answers[] = { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n01234567890",
                                               NULL };
        Message *m = NULL;
        Case c;

        begin(&c, answers, 10);
        assert_int_equal(fetch_add(c.fetch, 0, TAKE_FD(c.writer)), 0);
        assert_true(run(&c, &m) < 0);
        assert_int_equal(c.failure.kind, FAILURE_REGISTRY);
        assert_non_null(strstr(c.failure.text, D));
        end(&c);
}

static void test_what_cannot_be_asked_for(void **state) {
        static const char *const none[] = { NULL };
        int spare, copy;
        Case c;

        begin(&c, none, 10);
        spare = fcntl(c.writer, F_DUPFD_CLOEXEC, 3);
        copy = spare;
        assert_int_equal(fetch_add(c.fetch, 1, spare), -EINVAL);
        assert_int_equal(fcntl(copy, F_GETFD), -1);
        spare = fcntl(c.writer, F_DUPFD_CLOEXEC, 3);
        assert_int_equal(fetch_add(c.fetch, 0, TAKE_FD(c.writer)), 0);
        assert_int_equal(fetch_add(c.fetch, 0, spare), -EBUSY);
        end(&c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_resumed),
                cmocka_unit_test(test_too_much),
                cmocka_unit_test(test_what_cannot_be_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
