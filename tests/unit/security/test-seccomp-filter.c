/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "security/seccomp-cache.h"
#include "security/seccomp-filter.h"
#include "test.h"

static const char profile[] =
                "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"name\": \"chroot\", "
                "\"action\": \"SCMP_ACT_ERRNO\","
                "\"excludes\": {\"caps\": [\"CAP_SYS_CHROOT\"]}}]}";
#define CHROOT (UINT64_C(1) << 18)

typedef struct Place {
        char path[32];
        int dirfd;
} Place;

static int place_make(void **state) {
        Place *p = new0(Place, 1);

        assert_non_null(p);
        (void) snprintf(p->path, sizeof(p->path), "/tmp/test-seccomp-XXXXXX");
        assert_non_null(mkdtemp(p->path));
        p->dirfd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(p->dirfd >= 0);
        *state = p;
        return 0;
}

static int place_remove(void **state) {
        Place *p = *state;

        p->dirfd = fd_close(p->dirfd);
        (void) path_remove_tree(AT_FDCWD, p->path, 100000);
        free(p);
        return 0;
}

/* The only entry of the cache, and how many there are. */
static unsigned entries(const Place *p, char name[static 256]) {
        _cleanup_close_ int fd = openat(p->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *de;
        unsigned n = 0;
        DIR *dir = fdopendir(fd);

        assert_non_null(dir);
        (void) TAKE_FD(fd);
        while ((de = readdir(dir)))
                if (de->d_name[0] != '.') {
                        (void) snprintf(name, 256, "%s", de->d_name);
                        n++;
                }
        (void) closedir(dir);
        return n;
}

static void get(const Place *p, uint64_t capabilities, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(
                        seccomp_filter_get(p->dirfd,
                                           &(SeccompSource){ profile, strlen(profile), capabilities, false },
                                           &fd, NULL),
                        0);
        assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
        assert_int_equal(fd_read_file(fd, 1 << 20, ret, ret_size), 0);
        assert_true(*ret_size > 0 && *ret_size % 8 == 0);
}

static void test_hit(void **state) {
        _cleanup_free_ char *first = NULL, *second = NULL, *other = NULL;
        size_t n_first, n_second, n_other;
        struct stat before, after;
        char name[256];

        get(*state, 0, &first, &n_first);
        assert_int_equal(entries(*state, name), 1);
        assert_int_equal(strlen(name), 64 + 4);
        assert_int_equal(fstatat(((Place *) *state)->dirfd, name, &before, 0), 0);
        get(*state, 0, &second, &n_second);
        assert_int_equal(fstatat(((Place *) *state)->dirfd, name, &after, 0), 0);
        assert_true(before.st_ino == after.st_ino);
        assert_int_equal(n_first, n_second);
        assert_memory_equal(first, second, n_first);

        get(*state, CHROOT, &other, &n_other);
        assert_int_equal(entries(*state, name), 2);
        assert_true(n_other != n_first);
}

/* Whatever happens to an entry, the filter is the right one and the entry is mended. */
static void test_damage(void **state) {
        Place *p = *state;
        _cleanup_free_ char *good = NULL, *entry = NULL;
        size_t n_good, n_entry;
        char name[256];

        get(p, 0, &good, &n_good);
        assert_int_equal(entries(p, name), 1);
        assert_int_equal(file_read(p->dirfd, name, 1 << 20, &entry, &n_entry), 0);
        assert_int_equal(n_entry, n_good + 32);

        for (size_t at = 0; at <= n_entry; at += 5) {
                for (unsigned way = 0; way < 3; way++) {
                        _cleanup_free_ char *bad = malloc(n_entry + 8), *again = NULL, *mended = NULL;
                        size_t n_bad = n_entry, n_again, n_mended;

                        memset(bad, 0, n_entry + 8);
                        memcpy(bad, entry, n_entry);
                        if (way == 0 && at < n_entry)
                                bad[at] ^= 1;
                        else if (way == 1 && at < n_entry)
                                n_bad = at;
                        else
                                n_bad += 8;
                        assert_int_equal(file_write_atomic(p->dirfd, name, bad, n_bad, 0644, 0), 0);
                        get(p, 0, &again, &n_again);
                        assert_int_equal(n_again, n_good);
                        assert_memory_equal(again, good, n_good);
                        assert_int_equal(file_read(p->dirfd, name, 1 << 20, &mended, &n_mended), 0);
                        assert_int_equal(n_mended, n_entry);
                        assert_memory_equal(mended, entry, n_entry);
                }
        }
}

/* An entry under another entry's name is not believed: a filter belongs to its key. */
static void test_swapped(void **state) {
        Place *p = *state;
        _cleanup_free_ char *plain = NULL, *capable = NULL, *again = NULL;
        size_t n_plain, n_capable, n_again;
        char first[256], second[256];

        get(p, 0, &plain, &n_plain);
        assert_int_equal(entries(p, first), 1);
        assert_int_equal(renameat(p->dirfd, first, p->dirfd, ".kept"), 0);
        get(p, CHROOT, &capable, &n_capable);
        assert_int_equal(entries(p, second), 1);
        assert_int_equal(renameat(p->dirfd, second, p->dirfd, first), 0);
        get(p, 0, &again, &n_again);
        assert_int_equal(n_again, n_plain);
        assert_memory_equal(again, plain, n_plain);
}

static void test_bounded(void **state) {
        Place *p = *state;
        char name[256];

        for (unsigned i = 0; i < SECCOMP_CACHE_ENTRIES_MAX; i++) {
                (void) snprintf(name, sizeof(name), "%064u.bpf", i);
                assert_int_equal(file_write_atomic(p->dirfd, name, "x", 1, 0644, 0), 0);
        }
        assert_int_equal(file_write_atomic(p->dirfd, "README", "x", 1, 0644, 0), 0);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_free_ char *data = NULL;
                size_t n;

                get(p, i, &data, &n);
        }
        assert_int_equal(entries(p, name), 3);
}

static void test_without_cache(void **state) {
        _cleanup_close_ int fd = -EBADF, file = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_int_equal(seccomp_filter_get(-EBADF, &(SeccompSource){ profile, strlen(profile), 0, false },
                                            &fd, NULL),
                         0);
        fd = fd_close(fd);
        assert_int_equal(seccomp_filter_get(file, &(SeccompSource){ profile, strlen(profile), 0, false },
                                            &fd, NULL),
                         0);
}

static void test_bad_profile(void **state) {
        _cleanup_failure_ Failure f = {};
        char name[256];
        int fd = -EBADF;

        assert_int_equal(seccomp_filter_get(((Place *) *state)->dirfd, &(SeccompSource){ "{}", 2, 0, false },
                                            &fd, &f),
                         -EBADMSG);
        assert_int_equal(fd, -EBADF);
        assert_non_null(strstr(f.text, "defaultAction"));
        assert_int_equal(entries(*state, name), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_hit, place_make, place_remove),
                cmocka_unit_test_setup_teardown(test_damage, place_make, place_remove),
                cmocka_unit_test_setup_teardown(test_swapped, place_make, place_remove),
                cmocka_unit_test_setup_teardown(test_bounded, place_make, place_remove),
                cmocka_unit_test_setup_teardown(test_bad_profile, place_make, place_remove),
                cmocka_unit_test(test_without_cache),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
