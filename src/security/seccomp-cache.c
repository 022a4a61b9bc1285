/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <nettle/sha2.h>
#include <seccomp.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "security/seccomp-cache.h"
#include "security/seccomp-word.h"

#define CACHE_FORMAT "creel seccomp cache 3"
#define SUFFIX ".bpf"

typedef struct Entry {
        uint8_t key[SHA256_DIGEST_SIZE];
        char name[2 * SHA256_DIGEST_SIZE + sizeof(SUFFIX)];
} Entry;

void seccomp_library_file(char ret[static SECCOMP_LIBRARY_FILE_MAX]) {
        ssize_t n = readlink(CREEL_LIBSECCOMP, ret, SECCOMP_LIBRARY_FILE_MAX - 1);

        ret[n > 0 ? n : 0] = 0;
}

static void key_add(struct sha256_ctx *sha, const void *data, size_t n_bytes) {
        uint64_t n = n_bytes;

        /* Each part with its length, so that no two lists of parts give the same stream. */
        sha256_update(sha, sizeof(n), (const uint8_t *) &n);
        sha256_update(sha, n_bytes, data);
}

static int entry_name(const SeccompSource *source, Entry *ret) {
        static const uint32_t built_with[] = {SCMP_VER_MAJOR, SCMP_VER_MINOR, SCMP_VER_MICRO};
        uint32_t architecture = seccomp_architecture_native();
        struct utsname system;
        char version[SECCOMP_LIBRARY_FILE_MAX];
        struct sha256_ctx sha;

        if (uname(&system) < 0)
                return negative_errno();
        seccomp_library_file(version);
        sha256_init(&sha);
        key_add(&sha, CACHE_FORMAT, strlen(CACHE_FORMAT));
        key_add(&sha, built_with, sizeof(built_with));
        key_add(&sha, version, strlen(version));
        key_add(&sha, &architecture, sizeof(architecture));
        key_add(&sha, &source->capabilities, sizeof(source->capabilities));
        key_add(&sha, &source->document, sizeof(source->document));
        key_add(&sha, system.release, strlen(system.release));
        key_add(&sha, source->json, source->n_bytes);
        sha256_digest(&sha, sizeof(ret->key), ret->key);
        hex_encode(ret->key, sizeof(ret->key), ret->name);
        memcpy(ret->name + 2 * sizeof(ret->key), SUFFIX, sizeof(SUFFIX));
        return 0;
}

static void entry_sum(const Entry *entry, const void *filter, size_t n_bytes,
                      uint8_t ret[static SHA256_DIGEST_SIZE]) {
        struct sha256_ctx sha;

        sha256_init(&sha);
        sha256_update(&sha, sizeof(entry->key), entry->key);
        sha256_update(&sha, n_bytes, filter);
        sha256_digest(&sha, SHA256_DIGEST_SIZE, ret);
}

static int entry_load(int dirfd, const Entry *entry, int *ret_fd) {
        uint8_t sum[SHA256_DIGEST_SIZE];
        _cleanup_free_ char *data = NULL;
        size_t n;
        int r;

        r = file_read(dirfd, entry->name, SECCOMP_FILTER_BYTES_MAX + sizeof(sum), &data, &n);
        if (r < 0)
                return r;
        if (n <= sizeof(sum) || (n - sizeof(sum)) % sizeof(struct sock_filter) != 0)
                return -EBADMSG;
        n -= sizeof(sum);
        entry_sum(entry, data, n, sum);
        if (memcmp(sum, data + n, sizeof(sum)) != 0)
                return -EBADMSG;
        return fd_new_sealed("seccomp-filter", data, n, ret_fd);
}

static int cache_bound(int dirfd) {
        _cleanup_close_ int fd = -EBADF;
        const struct dirent *de;
        unsigned n = 0;
        DIR *dir;

        fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return negative_errno();
        dir = fdopendir(fd);
        if (!dir)
                return negative_errno();
        (void) TAKE_FD(fd);
        while ((de = readdir(dir)))
                n += endswith(de->d_name, SUFFIX);
        rewinddir(dir);
        while (n >= SECCOMP_CACHE_ENTRIES_MAX && (de = readdir(dir)))
                if (endswith(de->d_name, SUFFIX))
                        (void) unlinkat(dirfd, de->d_name, 0);
        (void) closedir(dir);
        return 0;
}

static int entry_store(int dirfd, const Entry *entry, int filter_fd) {
        _cleanup_free_ char *data = NULL;
        _cleanup_free_ uint8_t *whole = NULL;
        size_t n;
        int r;

        r = cache_bound(dirfd);
        if (r < 0)
                return r;
        r = fd_read_file(filter_fd, SECCOMP_FILTER_BYTES_MAX, &data, &n);
        if (r < 0)
                return r;
        whole = malloc(n + SHA256_DIGEST_SIZE);
        if (!whole)
                return -ENOMEM;
        memcpy(whole, data, n);
        entry_sum(entry, data, n, whole + n);
        return file_write_atomic(dirfd, entry->name, whole, n + SHA256_DIGEST_SIZE, 0644, 0);
}

int seccomp_cache_lookup(int dirfd, const SeccompSource *source, int *ret_bpf_fd) {
        Entry entry;
        int r;

        r = entry_name(source, &entry);
        return r < 0 ? r : entry_load(dirfd, &entry, ret_bpf_fd);
}

int seccomp_cache_store(int dirfd, const SeccompSource *source, int bpf_fd) {
        Entry entry;
        int r;

        r = entry_name(source, &entry);
        return r < 0 ? r : entry_store(dirfd, &entry, bpf_fd);
}
