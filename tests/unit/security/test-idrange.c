/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/path.h"
#include "basic/str.h"
#include "security/idrange.h"
#include "test.h"

static bool none_taken(uint32_t base, uint32_t count, void *userdata) {
        return false;
}

static bool is_listed(uint32_t base, uint32_t count, void *userdata) {
        for (const uint32_t *p = userdata; *p; p++)
                if (*p == base)
                        return true;
        return false;
}

static bool all_but(uint32_t base, uint32_t count, void *userdata) {
        return base != *(uint32_t *) userdata;
}

static void test_pick(void **state) {
        uint32_t first = 0, again = 0, other = 0, held[3] = {};

        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, NULL, none_taken, NULL, &first, NULL), 0);
        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, NULL, none_taken, NULL, &again, NULL), 0);
        assert_int_equal(idrange_pick("web2", IDRANGE_SIZE, NULL, none_taken, NULL, &other, NULL), 0);
        assert_true(idrange_is_valid(first) && idrange_is_valid(other));
        assert_int_equal(first, again);
        assert_int_not_equal(first, other);

        held[0] = first;
        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, NULL, is_listed, held, &held[1], NULL), 0);
        assert_int_equal(held[1], first == IDRANGE_BASE_MAX ? IDRANGE_BASE_MIN : first + IDRANGE_SIZE);
        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, NULL, is_listed, held, &other, NULL), 0);
        assert_true(other != held[0] && other != held[1]);
}

/* From wherever the name's hash starts, the search reaches every place, both ends included. */
static void test_every_place(void **state) {
        static const uint32_t bases[] = { IDRANGE_BASE_MIN, IDRANGE_BASE_MAX, 0x1000000 };

        for (unsigned i = 0; i < 50; i++) {
                uint32_t free_base = bases[i % 3], got = 0;
                char name[16];

                (void) snprintf(name, sizeof(name), "c%u", i);
                assert_int_equal(idrange_pick(name, IDRANGE_SIZE, NULL, all_but, &free_base, &got, NULL), 0);
                assert_int_equal(got, free_base);
        }
}

static void test_exhausted(void **state) {
        _cleanup_failure_ Failure f = {};
        uint32_t nowhere = 0, got = 7;

        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, NULL, all_but, &nowhere, &got, &f), -EUSERS);
        assert_int_equal(got, 7);
        assert_int_equal(f.kind, FAILURE_LIMITS_EXCEEDED);
        assert_non_null(strstr(f.text, "web"));
        assert_non_null(strstr(f.text, "28664"));
}

static void test_valid(void **state) {
        assert_true(idrange_is_valid(0x80000));
        assert_true(idrange_is_valid(0x6FFF0000));
        assert_false(idrange_is_valid(0x70000));
        assert_false(idrange_is_valid(0x70000000));
        assert_false(idrange_is_valid(0x80001));
        assert_false(idrange_is_valid(0));
        assert_int_equal(IDRANGE_COUNT, 28664);
}

/* The names of files beneath a fresh directory, which is gone again when the load is done. */
static int load(const char *subuid, const char *subgid, IdReserved **ret) {
        char path[] = "/tmp/test-idrange-XXXXXX";
        _cleanup_close_ int fd = -EBADF;
        int r;

        assert_non_null(mkdtemp(path));
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
        if (subuid)
                assert_int_equal(file_write_atomic(fd, "subuid", subuid, strlen(subuid), 0644, 0), 0);
        if (subgid)
                assert_int_equal(file_write_atomic(fd, "subgid", subgid, strlen(subgid), 0644, 0), 0);
        r = idreserved_load(fd, ret);
        assert_int_equal(path_remove_tree(AT_FDCWD, path, 10), 0);
        return r;
}

static void test_reserved(void **state) {
        _cleanup_(idreserved_freep) IdReserved *reserved = NULL;
        uint32_t base = 0x1000000, got;

        assert_int_equal(load("user:100000:65536\nuser2:524288:65536\nbroken\nx:y:z\nx:1\n"
                              ":4294967295:4294967295\n#c:1:0",
                              "group:589823:2\n", &reserved),
                         0);
        assert_true(idreserved_collides(reserved, 100000, 1));
        assert_true(idreserved_collides(reserved, 165535, 1));
        assert_false(idreserved_collides(reserved, 165536, 1));
        assert_false(idreserved_collides(reserved, 0, 100000));
        assert_true(idreserved_collides(reserved, 0, 100001));
        assert_true(idreserved_collides(reserved, 0x80000, IDRANGE_SIZE)); /* subuid */
        assert_true(idreserved_collides(reserved, 0x90000,
                                        IDRANGE_SIZE)); /* subgid reaches into it by one */
        assert_false(idreserved_collides(reserved, 0xA0000, IDRANGE_SIZE));
        assert_false(idreserved_collides(NULL, 0x80000, IDRANGE_SIZE));
        reserved = idreserved_free(reserved);

        /* 16777216 = 0x1000000: the one place that is free is given away. */
        assert_int_equal(load(NULL, "g:16777216:1", &reserved), 0);
        assert_int_equal(idrange_pick("web", IDRANGE_SIZE, reserved, all_but, &base, &got, NULL), -EUSERS);
}

static void test_no_files(void **state) {
        _cleanup_(idreserved_freep) IdReserved *reserved = NULL;

        assert_int_equal(load(NULL, NULL, &reserved), 0);
        assert_false(idreserved_collides(reserved, 0, UINT32_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pick),      cmocka_unit_test(test_every_place),
                cmocka_unit_test(test_exhausted), cmocka_unit_test(test_valid),
                cmocka_unit_test(test_reserved),  cmocka_unit_test(test_no_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
