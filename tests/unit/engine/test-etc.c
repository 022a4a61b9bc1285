/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test.h"

#include <sys/stat.h>

#include "store-fixture.h"
#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "engine/etc.h"

static void test_files(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(container_record_freep) ContainerRecord *record = new0(ContainerRecord, 1);
        _cleanup_free_ char *hostname = NULL, *hosts = NULL;
        EtcFile files[ETC_FILES_MAX];
        struct stat st;

        memset(record->id, 'b', DIGEST_HEX_LENGTH);
        record->spec = new0(ContainerSpec, 1);
        assert_int_equal(id_map_fill(&record->uid_map, 0x90000, 65536), 0);
        assert_int_equal(id_map_fill(&record->gid_map, 0x90000, 65536), 0);
        assert_int_equal(etc_files(record, files), 2);
        assert_int_equal(etc_write(record, f.store->runtime_fd), 0);
        assert_int_equal(file_read(f.store->runtime_fd, "hostname", 100, &hostname, NULL), 0);
        assert_string_equal(hostname, "bbbbbbbbbbbb\n");
        assert_int_equal(file_read(f.store->runtime_fd, "hosts", 1000, &hosts, NULL), 0);
        assert_non_null(strstr(hosts, "127.0.0.1\tlocalhost\n"));
        assert_non_null(strstr(hosts, "bbbbbbbbbbbb\n"));
        /* the container's root may write to them */
        assert_int_equal(fstatat(f.store->runtime_fd, "hosts", &st, 0), 0);
        assert_int_equal(st.st_uid, 0x90000);

        record->spec->network = strdup("host");
        assert_int_equal(etc_files(record, files), 3);
        assert_string_equal(files[2].destination, "/etc/resolv.conf");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
