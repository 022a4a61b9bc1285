/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/etc.h"

#define HOST_FILE_BYTES_MAX (1024 * 1024)

static bool network_is_host(const ContainerRecord *record) {
        return streq_ptr(record->spec->network, "host");
}

const char *etc_hostname(const ContainerRecord *record, char *buf, size_t size) {
        if (record->spec->hostname)
                return record->spec->hostname;
        /* On the host's network the host's name is the one that resolves. */
        if ((!network_is_host(record) && !streq_ptr(record->spec->uts, "host")) ||
            gethostname(buf, size) < 0)
                (void) snprintf(buf, size, "%.12s", record->id);
        buf[size - 1] = 0;
        return buf;
}

size_t etc_files(const ContainerRecord *record, EtcFile ret[static ETC_FILES_MAX]) {
        size_t n = 0;

        ret[n++] = (EtcFile) { "hostname", "/etc/hostname" };
        ret[n++] = (EtcFile) { "hosts", "/etc/hosts" };
        if (network_is_host(record))
                ret[n++] = (EtcFile) { "resolv.conf", "/etc/resolv.conf" };
        return n;
}

/* The host's own file, links followed: resolv.conf usually is one. An absent file is an empty one. */
static int read_host_file(const char *path, char **ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (fd < 0)
                return errno == ENOENT ? string_format(ret, "%s", "") : negative_errno();
        return fd_read_file(fd, HOST_FILE_BYTES_MAX, ret, NULL);
}

static int content(const ContainerRecord *record, const char *name, char **ret) {
        _cleanup_free_ char *base = NULL;
        const char *hostname;
        char buf[65];
        int r;

        hostname = etc_hostname(record, buf, sizeof(buf));
        if (streq(name, "hostname"))
                return string_format(ret, "%s\n", hostname);
        if (streq(name, "resolv.conf"))
                return read_host_file("/etc/resolv.conf", ret);
        if (network_is_host(record)) {
                r = read_host_file("/etc/hosts", &base);
                if (r < 0)
                        return r;
        }
        return string_format(
                        ret,
                        "%s127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t%s\n",
                        strempty(base), hostname);
}

int etc_write(const ContainerRecord *record, int runtime_fd) {
        EtcFile files[ETC_FILES_MAX];
        size_t n = etc_files(record, files);

        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *text = NULL;
                int r;

                r = content(record, files[i].name, &text);
                if (r >= 0)
                        r = file_write_atomic(runtime_fd, files[i].name, text, strlen(text), 0644, 0);
                if (r < 0)
                        return r;
                if (fchownat(runtime_fd, files[i].name, container_record_root_uid(record),
                             container_record_root_gid(record), AT_SYMLINK_NOFOLLOW) < 0)
                        return negative_errno();
        }
        return 0;
}
