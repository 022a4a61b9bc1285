/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <endian.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "basic/fd.h"
#include "basic/journal.h"
#include "basic/memory.h"

#define JOURNAL_FIELDS_MAX 64

static const struct sockaddr_un journal_address = {
        .sun_family = AF_UNIX,
        .sun_path = "/run/systemd/journal/socket",
};

int journal_open(int *ret_fd) {
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return negative_errno();
        *ret_fd = fd;
        return 0;
}

static int journal_send_fd(int fd, const struct iovec *iov, size_t n_iov) {
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr mh = {
                .msg_name = (void *) &journal_address,
                .msg_namelen = sizeof(journal_address),
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        _cleanup_close_ int memfd = -EBADF;
        _cleanup_free_ char *data = NULL;
        size_t size = 0;
        char *p;
        int r;

        for (size_t i = 0; i < n_iov; i++)
                size += iov[i].iov_len;
        data = p = malloc(size ?: 1);
        if (!data)
                return -ENOMEM;
        for (size_t i = 0; i < n_iov; i++)
                p = mempcpy(p, iov[i].iov_base, iov[i].iov_len);
        r = fd_new_sealed("journal-entry", data, size, &memfd);
        if (r < 0)
                return r;

        control.header = (struct cmsghdr) {
                .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
                .cmsg_len = CMSG_LEN(sizeof(int)),
        };
        memcpy(CMSG_DATA(&control.header), &memfd, sizeof(int));
        return sendmsg(fd, &mh, MSG_NOSIGNAL) < 0 ? negative_errno() : 0;
}

int journal_send(int fd, const JournalField *fields, size_t n_fields) {
        struct iovec iov[JOURNAL_FIELDS_MAX * 5];
        uint64_t sizes[JOURNAL_FIELDS_MAX];
        struct msghdr mh = {
                .msg_name = (void *) &journal_address,
                .msg_namelen = sizeof(journal_address),
                .msg_iov = iov,
        };
        size_t n = 0;

        if (n_fields > JOURNAL_FIELDS_MAX)
                return -E2BIG;

        for (size_t i = 0; i < n_fields; i++) {
                const JournalField *f = fields + i;

                if (!f->data)
                        continue;
                iov[n++] = (struct iovec) { (void *) f->name, strlen(f->name) };
                if (memchr(f->data, '\n', f->n_bytes)) {
                        sizes[i] = htole64(f->n_bytes);
                        iov[n++] = (struct iovec) { (void *) "\n", 1 };
                        iov[n++] = (struct iovec) { sizes + i, sizeof(uint64_t) };
                } else
                        iov[n++] = (struct iovec) { (void *) "=", 1 };
                iov[n++] = (struct iovec) { (void *) f->data, f->n_bytes };
                iov[n++] = (struct iovec) { (void *) "\n", 1 };
        }
        mh.msg_iovlen = n;

        if (sendmsg(fd, &mh, MSG_NOSIGNAL) >= 0)
                return 0;
        if (errno == EMSGSIZE || errno == ENOBUFS)
                return journal_send_fd(fd, iov, n);
        return negative_errno();
}
