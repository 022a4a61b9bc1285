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
        assert_int_equal(etc_files(record, files), 4);
        assert_string_equal(files[2].destination, "/etc/resolv.conf");
        assert_int_equal(etc_write(record, f.store->runtime_fd, NULL), 0);
        assert_int_equal(file_read(f.store->runtime_fd, "hostname", 100, &hostname, NULL), 0);
        assert_string_equal(hostname, "bbbbbbbbbbbb\n");
        assert_int_equal(file_read(f.store->runtime_fd, "hosts", 1000, &hosts, NULL), 0);
        assert_non_null(strstr(hosts, "127.0.0.1\tlocalhost\n"));
        assert_non_null(strstr(hosts, "bbbbbbbbbbbb\n"));
        /* the container's root may write to them */
        assert_int_equal(fstatat(f.store->runtime_fd, "hosts", &st, 0), 0);
        assert_int_equal(st.st_uid, 0x90000);
}

static ContainerRecord *make_record(void) {
        ContainerRecord *record = new0(ContainerRecord, 1);

        memset(record->id, 'b', DIGEST_HEX_LENGTH);
        record->name = strdup("box");
        record->spec = new0(ContainerSpec, 1);
        return record;
}

static void set(ContainerRecord *record, const char *key, const char *text) {
        const char *hint;

        assert_int_equal(container_spec_set_text(record->spec, container_spec_find(key), text, &hint), 0);
}

static void test_hosts(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(container_record_freep) ContainerRecord *record = make_record();
        _cleanup_free_ char *hosts = NULL, *resolv = NULL;

        set(record, "hosts-file", "none");
        set(record, "add-host", "a;b:1.2.3.4");
        set(record, "add-host", "c:::1");
        set(record, "hostname", "h");
        set(record, "dns", "9.9.9.9");
        set(record, "dns-search", ".");
        set(record, "dns-option", "debug");
        assert_int_equal(etc_write(record, f.store->runtime_fd, NULL), 0);
        assert_int_equal(file_read(f.store->runtime_fd, "hosts", 1000, &hosts, NULL), 0);
        assert_string_equal(
                        hosts,
                        "1.2.3.4\ta b\n::1\tc\n127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\th box\n");
        assert_int_equal(file_read(f.store->runtime_fd, "resolv.conf", 1000, &resolv, NULL), 0);
        assert_string_equal(resolv, "nameserver 9.9.9.9\noptions debug\n");
}

/* An init is a copy that the container cannot write to. */
static void test_init(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(container_record_freep) ContainerRecord *record = make_record();
        _cleanup_failure_ Failure failure = {};
        EtcFile files[ETC_FILES_MAX];
        struct stat st;
        size_t n;

        set(record, "init-path", "/etc/passwd");
        assert_int_equal(id_map_fill(&record->uid_map, 0x90000, 65536), 0);
        assert_int_equal(id_map_fill(&record->gid_map, 0x90000, 65536), 0);
        n = etc_files(record, files);
        assert_true(files[n - 1].program);
        assert_string_equal(files[n - 1].destination, ETC_INIT_PATH);
        /* a second start finds the first one's */
        assert_int_equal(etc_write(record, f.store->runtime_fd, &failure), 0);
        assert_int_equal(etc_write(record, f.store->runtime_fd, &failure), 0);
        assert_int_equal(fstatat(f.store->runtime_fd, "init", &st, 0), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_mode & 07777, 0555);
        assert_true(etc_has_init(record->spec));
}

static void test_refused(void **state) {
        static const char *const rows[][6] = {
                { "no-hosts", NULL, "add-host", "a:1.2.3.4" },
                { "no-hosts", NULL, "hosts-file", "none" },
                { "dns", "none", "dns-search", "x" },
                { "dns", "none", "dns-option", "x" },
                { "tz", "No/Where" },
                { "tz", "Etc" },
                { "hosts-file", "/no/such/file" },
                { "hosts-file", "/etc" },
                { "init-path", "/no/such/file" },
                { "init-path", "/etc/passwd", "init", "false" },
                { "add-host", "a:host-gateway" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(container_record_freep) ContainerRecord *record = make_record();
                _cleanup_failure_ Failure failure = {};

                for (size_t k = 0; k < 6 && rows[i][k]; k += 2)
                        set(record, rows[i][k], rows[i][k + 1]);
                if (etc_check(record, &failure) >= 0)
                        fail_msg("%s passes", rows[i][0]);
                assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        }
}

static void test_gateway(void **state) {
        _cleanup_(container_record_freep) ContainerRecord *record = make_record();
        _cleanup_failure_ Failure failure = {};

        set(record, "network", "host");
        set(record, "add-host", "a:host-gateway");
        set(record, "tz", "local");
        assert_int_equal(etc_check(record, &failure), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_files),   cmocka_unit_test(test_hosts),   cmocka_unit_test(test_init),
                cmocka_unit_test(test_refused), cmocka_unit_test(test_gateway),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
