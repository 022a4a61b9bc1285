/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <endian.h>
#include <string.h>
#include <sys/socket.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "proto/message.h"

typedef enum FieldKind {
        KIND_STRING,
        KIND_NUMBER,
        KIND_FD,
} FieldKind;

typedef struct Field {
        MessageField key;
        char *string;
        uint64_t number;
        int fd;
} Field;

struct Message {
        MessageType type;
        Field *fields;
        size_t n_fields, n_allocated;
        bool owns_fds;
};

typedef struct WireHeader {
        uint32_t magic;
        uint16_t type;
        uint16_t n_fields;
} WireHeader;

typedef struct WireField {
        uint16_t key;
        uint16_t zero;
        uint32_t length;
} WireField;

__extension__ typedef unsigned __int128 FieldMask;
#define M(field) ((FieldMask) 1 << (field))
static_assert(_MESSAGE_FIELD_MAX <= 128, "fields no longer fit a mask");

/* Which fields a message must and may carry. */
static const struct {
        FieldMask required, optional;
} message_spec[] = {
        [MESSAGE_PULL_START] = { M(FIELD_REFERENCE) | M(FIELD_PLATFORM) | M(FIELD_STAGING),
                                 M(FIELD_PLAIN_HTTP) | M(FIELD_CA) | M(FIELD_CREDENTIALS) |
                                                 M(FIELD_KNOWN_DIGEST) },
        [MESSAGE_PULL_RESOLVED] = { M(FIELD_DIGEST) | M(FIELD_COUNT), M(FIELD_RECORD) },
        [MESSAGE_PULL_LAYER] = { M(FIELD_INDEX) | M(FIELD_DIGEST) | M(FIELD_DIFF_ID) | M(FIELD_BYTES) |
                                                 M(FIELD_COMPRESSION),
                                 0 },
        [MESSAGE_PULL_FETCH] = { M(FIELD_INDEX) | M(FIELD_OUTPUT), 0 },
        [MESSAGE_PULL_PROGRESS] = { M(FIELD_INDEX) | M(FIELD_BYTES), 0 },
        [MESSAGE_PULL_FETCHED] = { M(FIELD_INDEX), 0 },
        [MESSAGE_PULL_SYNC] = { 0, 0 },
        [MESSAGE_PULL_SYNCED] = { 0, 0 },
        [MESSAGE_UNPACK_START] = { M(FIELD_INPUT) | M(FIELD_DIRECTORY) | M(FIELD_COMPRESSION) |
                                                   M(FIELD_DIGEST) | M(FIELD_DIFF_ID) | M(FIELD_BYTES) |
                                                   M(FIELD_BYTES_MAX) | M(FIELD_ENTRIES_MAX),
                                   0 },
        [MESSAGE_UNPACK_PROGRESS] = { M(FIELD_BYTES), 0 },
        [MESSAGE_UNPACK_DONE] = { M(FIELD_DIGEST) | M(FIELD_DIFF_ID) | M(FIELD_BYTES) | M(FIELD_ENTRIES),
                                  0 },
        [MESSAGE_REMOVE_START] = { M(FIELD_DIRECTORY), 0 },
        [MESSAGE_REMOVE_DONE] = { 0, 0 },
        [MESSAGE_SUPERVISE_START] = { M(FIELD_CONTAINER) | M(FIELD_NAME) | M(FIELD_SPEC) | M(FIELD_LAYERS) |
                                                      M(FIELD_ROOTFS) | M(FIELD_RUNTIME) | M(FIELD_LISTEN) |
                                                      M(FIELD_STOP_SIGNAL) | M(FIELD_STOP_TIMEOUT_USEC),
                                      M(FIELD_IMAGE) | M(FIELD_LAYER) | M(FIELD_TTY) | M(FIELD_JOURNAL) |
                                                      M(FIELD_SECCOMP) | M(FIELD_SESSION) | M(FIELD_STDIN) |
                                                      M(FIELD_STDOUT) | M(FIELD_STDERR) | M(FIELD_LOG_TAG) |
                                                      M(FIELD_LOG_LABEL) | M(FIELD_RUN_TIMEOUT_USEC) |
                                                      M(FIELD_PASSED) | M(FIELD_PASSED_AS) |
                                                      M(FIELD_LISTEN_FDS) | M(FIELD_NOTIFY_FROM) |
                                                      M(FIELD_NOTIFY) | M(FIELD_TREE) | M(FIELD_OVERLAY) |
                                                      M(FIELD_VOLATILE) | M(FIELD_SYSTEM) | M(FIELD_LOCK) |
                                                      M(FIELD_LOCK_BESIDE) | M(FIELD_INTERACTIVE) },
        [MESSAGE_SUPERVISE_GO] = { M(FIELD_CGROUP), 0 },
        [MESSAGE_SUPERVISE_STARTED] = { M(FIELD_PID) | M(FIELD_PIDFD) | M(FIELD_TIME_USEC), 0 },
        [MESSAGE_SUPERVISE_EXITED] = { M(FIELD_STATUS) | M(FIELD_OOM) | M(FIELD_TIME_USEC),
                                       M(FIELD_SIGNAL) | M(FIELD_ASKED) },
        [MESSAGE_SUPERVISE_HELLO] = { 0, 0 },
        [MESSAGE_SUPERVISE_NOTIFY] = { M(FIELD_TEXT), 0 },
        [MESSAGE_SUPERVISE_ATTACH] = { M(FIELD_INDEX) | M(FIELD_SESSION),
                                       M(FIELD_INTERACTIVE) | M(FIELD_STDOUT) | M(FIELD_STDERR) },
        [MESSAGE_SUPERVISE_ATTACHED] = { M(FIELD_INDEX), M(FIELD_ERROR) | M(FIELD_TEXT) },
        [MESSAGE_EXEC_START] = { M(FIELD_CONTAINER) | M(FIELD_NAME) | M(FIELD_SPEC) | M(FIELD_PID) |
                                                 M(FIELD_PIDFD) | M(FIELD_CGROUP),
                                 M(FIELD_SECCOMP) | M(FIELD_SESSION) | M(FIELD_STDIN) | M(FIELD_STDOUT) |
                                                 M(FIELD_STDERR) | M(FIELD_SHELL) | M(FIELD_LOGIN) |
                                                 M(FIELD_PASSED) | M(FIELD_PASSED_AS) },
        [MESSAGE_SESSION_STARTED] = { M(FIELD_CONTAINER) | M(FIELD_NAME), 0 },
        [MESSAGE_SESSION_TTY] = { M(FIELD_MASTER), 0 },
        [MESSAGE_SESSION_STDIN] = { M(FIELD_OUTPUT), 0 },
        [MESSAGE_SESSION_EXITED] = { M(FIELD_STATUS), M(FIELD_SIGNAL) | M(FIELD_OOM) },
        [MESSAGE_SESSION_NOTIFY] = { M(FIELD_TEXT), 0 },
        [MESSAGE_SESSION_SIGNAL] = { M(FIELD_SIGNAL), 0 },
        [MESSAGE_SESSION_DETACH] = { 0, 0 },
        [MESSAGE_SESSION_EOF] = { 0, 0 },
        [MESSAGE_TOP_START] = { M(FIELD_CGROUP) | M(FIELD_PID) | M(FIELD_PIDFD) | M(FIELD_WORD), 0 },
        [MESSAGE_TOP_ROW] = { M(FIELD_WORD), 0 },
        [MESSAGE_TOP_DONE] = { 0, 0 },
        [MESSAGE_SCOPE_START] = { M(FIELD_NAME) | M(FIELD_SLICE) | M(FIELD_PID),
                                  M(FIELD_PIDFD) | M(FIELD_TEXT) | M(FIELD_PROPERTY) },
        [MESSAGE_SCOPE_UPDATE] = { M(FIELD_NAME), M(FIELD_PROPERTY) },
        [MESSAGE_SCOPE_STOP] = { M(FIELD_NAME), 0 },
        [MESSAGE_SCOPE_DONE] = { 0, 0 },
        [MESSAGE_SECCOMP_COMPILE] = { M(FIELD_SPEC) | M(FIELD_CAPABILITIES), M(FIELD_DIRECTORY) },
        [MESSAGE_SECCOMP_COMPILED] = { M(FIELD_SECCOMP), 0 },
        [MESSAGE_FAILED] = { M(FIELD_ERROR) | M(FIELD_TEXT), M(FIELD_STATUS) },
};
static_assert(ELEMENTSOF(message_spec) == _MESSAGE_TYPE_MAX, "message_spec is not full");

static const char *const message_type_table[] = {
        [MESSAGE_PULL_START] = "pull-start",
        [MESSAGE_PULL_RESOLVED] = "pull-resolved",
        [MESSAGE_PULL_LAYER] = "pull-layer",
        [MESSAGE_PULL_FETCH] = "pull-fetch",
        [MESSAGE_PULL_PROGRESS] = "pull-progress",
        [MESSAGE_PULL_FETCHED] = "pull-fetched",
        [MESSAGE_PULL_SYNC] = "pull-sync",
        [MESSAGE_PULL_SYNCED] = "pull-synced",
        [MESSAGE_UNPACK_START] = "unpack-start",
        [MESSAGE_UNPACK_PROGRESS] = "unpack-progress",
        [MESSAGE_UNPACK_DONE] = "unpack-done",
        [MESSAGE_REMOVE_START] = "remove-start",
        [MESSAGE_REMOVE_DONE] = "remove-done",
        [MESSAGE_SUPERVISE_START] = "supervise-start",
        [MESSAGE_SUPERVISE_GO] = "supervise-go",
        [MESSAGE_SUPERVISE_STARTED] = "supervise-started",
        [MESSAGE_SUPERVISE_EXITED] = "supervise-exited",
        [MESSAGE_SUPERVISE_HELLO] = "supervise-hello",
        [MESSAGE_SUPERVISE_NOTIFY] = "supervise-notify",
        [MESSAGE_SUPERVISE_ATTACH] = "supervise-attach",
        [MESSAGE_SUPERVISE_ATTACHED] = "supervise-attached",
        [MESSAGE_EXEC_START] = "exec-start",
        [MESSAGE_SESSION_STARTED] = "session-started",
        [MESSAGE_SESSION_TTY] = "session-tty",
        [MESSAGE_SESSION_STDIN] = "session-stdin",
        [MESSAGE_SESSION_EXITED] = "session-exited",
        [MESSAGE_SESSION_NOTIFY] = "session-notify",
        [MESSAGE_SESSION_SIGNAL] = "session-signal",
        [MESSAGE_SESSION_DETACH] = "session-detach",
        [MESSAGE_SESSION_EOF] = "session-eof",
        [MESSAGE_TOP_START] = "top-start",
        [MESSAGE_TOP_ROW] = "top-row",
        [MESSAGE_TOP_DONE] = "top-done",
        [MESSAGE_SCOPE_START] = "scope-start",
        [MESSAGE_SCOPE_UPDATE] = "scope-update",
        [MESSAGE_SCOPE_STOP] = "scope-stop",
        [MESSAGE_SCOPE_DONE] = "scope-done",
        [MESSAGE_SECCOMP_COMPILE] = "seccomp-compile",
        [MESSAGE_SECCOMP_COMPILED] = "seccomp-compiled",
        [MESSAGE_FAILED] = "failed",
};
static_assert(ELEMENTSOF(message_type_table) == _MESSAGE_TYPE_MAX, "message_type_table is not full");

static FieldKind field_kind(MessageField key) {
        return key < FIELD_INDEX ? KIND_STRING : key < FIELD_STAGING ? KIND_NUMBER : KIND_FD;
}

const char *message_type_to_string(MessageType type) {
        return (unsigned) type < ELEMENTSOF(message_type_table) ? message_type_table[type] : "unknown";
}

MessageType message_type(const Message *m) {
        return m->type;
}

int message_new(MessageType type, Message **ret) {
        Message *m = new0(Message, 1);

        if (!m)
                return -ENOMEM;
        m->type = type;
        *ret = m;
        return 0;
}

Message *message_free(Message *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->n_fields; i++) {
                free(m->fields[i].string);
                if (m->owns_fds)
                        (void) fd_close(m->fields[i].fd);
        }
        free(m->fields);
        return mfree(m);
}

static int message_append(Message *m, MessageField key, Field **ret) {
        Field *f;

        if (m->n_fields >= MESSAGE_FIELDS_MAX)
                return -E2BIG;
        if (!GREEDY_REALLOC(m->fields, m->n_allocated, m->n_fields + 1))
                return -ENOMEM;
        f = m->fields + m->n_fields++;
        *f = (Field) { .key = key, .fd = -EBADF };
        *ret = f;
        return 0;
}

int message_put_string(Message *m, MessageField field, const char *value) {
        Field *f;
        char *copy;
        int r;

        assert(field_kind(field) == KIND_STRING);

        if (!value)
                return 0;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        r = message_append(m, field, &f);
        if (r < 0) {
                free(copy);
                return r;
        }
        f->string = copy;
        return 0;
}

int message_put_u64(Message *m, MessageField field, uint64_t value) {
        Field *f;
        int r;

        assert(field_kind(field) == KIND_NUMBER);

        r = message_append(m, field, &f);
        if (r < 0)
                return r;
        f->number = value;
        return 0;
}

int message_put_fd(Message *m, MessageField field, int fd) {
        Field *f;
        int r;

        assert(field_kind(field) == KIND_FD);

        if (fd < 0)
                return 0;
        r = message_append(m, field, &f);
        if (r < 0)
                return r;
        f->fd = fd;
        return 0;
}

/* Which may be there more than once. */
#define REPEATED                                                                                         \
        (M(FIELD_PROPERTY) | M(FIELD_WORD) | M(FIELD_LAYER) | M(FIELD_LOG_LABEL) | M(FIELD_PASSED) |     \
         M(FIELD_PASSED_AS))

static int message_check(const Message *m) {
        FieldMask seen = 0;

        for (size_t i = 0; i < m->n_fields; i++) {
                FieldMask bit = M(m->fields[i].key);

                if (!((message_spec[m->type].required | message_spec[m->type].optional) & bit))
                        return -EBADMSG;
                if (seen & bit & ~REPEATED)
                        return -EBADMSG;
                seen |= bit;
        }
        return (seen & message_spec[m->type].required) == message_spec[m->type].required ? 0 : -EBADMSG;
}

static size_t field_size(const Field *f) {
        switch (field_kind(f->key)) {
        case KIND_STRING:
                return strlen(f->string);
        case KIND_NUMBER:
                return sizeof(uint64_t);
        case KIND_FD:
        default:
                return sizeof(uint32_t);
        }
}

static uint8_t *field_write(const Field *f, uint32_t *n_fds, uint8_t *p) {
        size_t n = field_size(f);
        WireField wire = { .key = htole16((uint16_t) f->key), .length = htole32((uint32_t) n) };
        uint64_t number = htole64(f->number);
        uint32_t index;

        p = mempcpy(p, &wire, sizeof(wire));
        switch (field_kind(f->key)) {
        case KIND_STRING:
                return mempcpy(p, f->string, n);
        case KIND_NUMBER:
                return mempcpy(p, &number, sizeof(number));
        case KIND_FD:
        default:
                index = htole32((*n_fds)++);
                return mempcpy(p, &index, sizeof(index));
        }
}

int message_encode(const Message *m, void **ret, size_t *ret_size) {
        WireHeader header = {
                .magic = htole32(MESSAGE_MAGIC),
                .type = htole16((uint16_t) m->type),
                .n_fields = htole16((uint16_t) m->n_fields),
        };
        size_t size = sizeof(header);
        uint32_t n_fds = 0;
        uint8_t *data, *p;
        int r;

        r = message_check(m);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->n_fields; i++)
                size += sizeof(WireField) + field_size(m->fields + i);
        if (size > MESSAGE_BYTES_MAX)
                return -EMSGSIZE;

        data = malloc(size);
        if (!data)
                return -ENOMEM;
        p = mempcpy(data, &header, sizeof(header));
        for (size_t i = 0; i < m->n_fields; i++)
                p = field_write(m->fields + i, &n_fds, p);
        *ret = data;
        *ret_size = size;
        return 0;
}

static int send_with(int socket_fd, const Message *m, int flags) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
        } control = {};
        int fds[MESSAGE_FDS_MAX];
        _cleanup_free_ void *data = NULL;
        struct iovec iov = {};
        struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
        size_t n_fds = 0;
        int r;

        r = message_encode(m, &data, &iov.iov_len);
        if (r < 0)
                return r;
        iov.iov_base = data;

        for (size_t i = 0; i < m->n_fields; i++)
                if (m->fields[i].fd >= 0) {
                        if (n_fds >= MESSAGE_FDS_MAX)
                                return -E2BIG;
                        fds[n_fds++] = m->fields[i].fd;
                }
        if (n_fds > 0) {
                mh.msg_control = &control;
                mh.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
                control.header = (struct cmsghdr) {
                        .cmsg_level = SOL_SOCKET,
                        .cmsg_type = SCM_RIGHTS,
                        .cmsg_len = CMSG_LEN(sizeof(int) * n_fds),
                };
                memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n_fds);
        }

        for (;;) {
                if (sendmsg(socket_fd, &mh, MSG_NOSIGNAL | flags) >= 0)
                        return 0;
                if (errno != EINTR)
                        return negative_errno();
        }
}

int message_send(int socket_fd, const Message *m) {
        return send_with(socket_fd, m, 0);
}

int message_send_now(int socket_fd, const Message *m) {
        return send_with(socket_fd, m, MSG_DONTWAIT);
}

typedef struct Cursor {
        const uint8_t *data;
        size_t left;
        int *fds;
        size_t n_fds;
} Cursor;

static int cursor_read(Cursor *c, void *out, size_t n) {
        if (c->left < n)
                return -EBADMSG;
        memcpy(out, c->data, n);
        c->data += n;
        c->left -= n;
        return 0;
}

static int decode_value(Cursor *c, Field *f, size_t length) {
        uint64_t number;
        uint32_t index;

        switch (field_kind(f->key)) {
        case KIND_STRING:
                if (c->left < length || memchr(c->data, 0, length))
                        return -EBADMSG;
                f->string = strndup((const char *) c->data, length);
                if (!f->string)
                        return -ENOMEM;
                c->data += length;
                c->left -= length;
                return 0;
        case KIND_NUMBER:
                if (length != sizeof(number) || cursor_read(c, &number, sizeof(number)) < 0)
                        return -EBADMSG;
                f->number = le64toh(number);
                return 0;
        case KIND_FD:
        default:
                if (length != sizeof(index) || cursor_read(c, &index, sizeof(index)) < 0)
                        return -EBADMSG;
                index = le32toh(index);
                if (index >= c->n_fds || c->fds[index] < 0)
                        return -EBADMSG;
                f->fd = TAKE_FD(c->fds[index]);
                return 0;
        }
}

static int decode_field(Cursor *c, Message *m) {
        WireField wire;
        Field *f;
        int r;

        if (cursor_read(c, &wire, sizeof(wire)) < 0)
                return -EBADMSG;
        if (le16toh(wire.key) >= _MESSAGE_FIELD_MAX || wire.zero != 0)
                return -EBADMSG;
        r = message_append(m, le16toh(wire.key), &f);
        if (r < 0)
                return r == -E2BIG ? -EBADMSG : r;
        /* A string field must never be seen without its string. */
        r = decode_value(c, f, le32toh(wire.length));
        if (r < 0)
                m->n_fields--;
        return r;
}

static int decode_body(Cursor *c, Message **ret) {
        _cleanup_(message_freep) Message *m = NULL;
        WireHeader header;
        int r;

        if (cursor_read(c, &header, sizeof(header)) < 0)
                return -EBADMSG;
        if (le32toh(header.magic) != MESSAGE_MAGIC || le16toh(header.type) >= _MESSAGE_TYPE_MAX)
                return -EBADMSG;
        r = message_new(le16toh(header.type), &m);
        if (r < 0)
                return r;
        m->owns_fds = true;

        for (unsigned i = 0; i < le16toh(header.n_fields); i++) {
                r = decode_field(c, m);
                if (r < 0)
                        return r;
        }
        if (c->left > 0)
                return -EBADMSG;
        r = message_check(m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int message_decode(const void *data, size_t n_bytes, int *fds, size_t n_fds, Message **ret) {
        Cursor c = { .data = data, .left = n_bytes, .fds = fds, .n_fds = n_fds };
        int r;

        r = decode_body(&c, ret);
        /* What no field claimed would leak otherwise. */
        for (size_t i = 0; i < n_fds; i++)
                fds[i] = fd_close(fds[i]);
        return r;
}

static int recv_with(int socket_fd, int flags, Message **ret) {
        static uint8_t buffer[MESSAGE_BYTES_MAX];
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
        } control;
        struct iovec iov = { buffer, sizeof(buffer) };
        struct msghdr mh = {
                .msg_iov = &iov,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        int fds[MESSAGE_FDS_MAX], r;
        size_t n_fds = 0;
        unsigned resets = 0;
        ssize_t n;

        /* A peer that went away without having read everything leaves ECONNRESET once, in front of what it
         * still sent. */
        do
                n = recvmsg(socket_fd, &mh, MSG_CMSG_CLOEXEC | flags);
        while (n < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
        if (n < 0)
                return errno == ECONNRESET ? 0 : negative_errno();

        for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c))
                if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
                        n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                        memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
                }
        if (n == 0 && n_fds == 0)
                return 0;
        if (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                n = 0; /* refused below, and the fds closed */

        r = message_decode(buffer, (size_t) n, fds, n_fds, ret);
        return r < 0 ? r : 1;
}

int message_recv(int socket_fd, Message **ret) {
        return recv_with(socket_fd, 0, ret);
}

int message_recv_now(int socket_fd, Message **ret) {
        return recv_with(socket_fd, MSG_DONTWAIT, ret);
}

static const Field *message_find(const Message *m, MessageField key, size_t index) {
        for (size_t i = 0; i < m->n_fields; i++)
                if (m->fields[i].key == key && index-- == 0)
                        return m->fields + i;
        return NULL;
}

int message_get_nth_string(const Message *m, MessageField field, size_t index, const char **ret) {
        const Field *f = message_find(m, field, index);

        assert(field_kind(field) == KIND_STRING);

        if (!f)
                return -ENODATA;
        *ret = f->string;
        return 0;
}

int message_get_string(const Message *m, MessageField field, const char **ret) {
        return message_get_nth_string(m, field, 0, ret);
}

int message_get_nth_u64(const Message *m, MessageField field, size_t index, uint64_t *ret) {
        const Field *f = message_find(m, field, index);

        assert(field_kind(field) == KIND_NUMBER);

        if (!f)
                return -ENODATA;
        *ret = f->number;
        return 0;
}

int message_get_u64(const Message *m, MessageField field, uint64_t *ret) {
        return message_get_nth_u64(m, field, 0, ret);
}

int message_take_fd(Message *m, MessageField field, int *ret_fd) {
        assert(field_kind(field) == KIND_FD);

        for (size_t i = 0; i < m->n_fields; i++)
                if (m->fields[i].key == field && m->fields[i].fd >= 0) {
                        *ret_fd = TAKE_FD(m->fields[i].fd);
                        return 0;
                }
        return -ENODATA;
}

int message_send_failure(int socket_fd, const char *error, const char *text, unsigned status) {
        _cleanup_(message_freep) Message *m = NULL;
        int r;

        r = message_new(MESSAGE_FAILED, &m);
        if (r >= 0)
                r = message_put_string(m, FIELD_ERROR, error);
        if (r >= 0)
                r = message_put_string(m, FIELD_TEXT, text);
        if (r >= 0 && status > 0)
                r = message_put_u64(m, FIELD_STATUS, status);
        return r < 0 ? r : message_send(socket_fd, m);
}
