/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/strv.h"
#include "store-fixture.h"
#include "store/container.h"

#include "test.h"

/* One whole record, in the form in which it is written. */
#define RECORD                                                                                           \
        "{\"version\":1,\"id\":\"" HEX_A                                                                 \
        "\",\"name\":\"web\",\"image\":\"docker.io/library/x:latest\",\"imageId\":\"sha256:" HEX_C       \
        "\",\"layers\":[\"" HEX_B "\",\"" HEX_C                                                          \
        "\"],\"created\":1767323045000006,\"state\":\"stopped\",\"stateChanged\":4,\"started\":2,"       \
        "\"finished\":3,\"exitCode\":137,\"oomKilled\":true,\"error\":\"it "                             \
        "broke\",\"unit\":\"creel-web.scope\",\"stoppedByUser\":true,\"restarts\":3,\"uidBase\":589824," \
        "\"uidCount\":65536,\"uidMap\":[\"0:589824:65536\"],\"gidMap\":[\"0:"                            \
        "589824:65536\"],"                                                                               \
        "\"spec\":{\"name\":\"web\"}}"

static void test_round_trip(void **state) {
        _cleanup_(container_record_freep) ContainerRecord *r = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(container_record_parse(RECORD, strlen(RECORD), &r), 0);
        assert_string_equal(r->id, HEX_A);
        assert_string_equal(r->name, "web");
        assert_string_equal(r->layers[0], HEX_B);
        assert_int_equal(r->exit_code, 137);
        assert_true(r->oom_killed);
        assert_true(r->created_usec == UINT64_C(1767323045000006));
        assert_int_equal(r->uid_base, 589824);
        assert_int_equal(container_record_root_uid(r), 589824);
        assert_int_equal(id_map_host_id(&r->gid_map, 65535), 589824 + 65535);
        assert_int_equal(container_record_format(r, &text), 0);
        assert_string_equal(text, RECORD);
}

/* What could not be read back is not written. */
static void test_size(void **state) {
        _cleanup_(container_record_freep) ContainerRecord *r = NULL;
        _cleanup_free_ char *text = NULL;

        assert_int_equal(container_record_parse(RECORD, strlen(RECORD), &r), 0);
        free(r->error);
        r->error = malloc(CONTAINER_RECORD_BYTES_MAX);
        assert_non_null(r->error);
        memset(r->error, 'x', CONTAINER_RECORD_BYTES_MAX - 1);
        r->error[CONTAINER_RECORD_BYTES_MAX - 1] = 0;
        assert_int_equal(container_record_format(r, &text), -E2BIG);
        assert_null(text);
}

/* Everything that is taken away or put in another's place is noticed. */
static void test_damage(void **state) {
        static const struct {
                const char *from, *to;
        } damages[] = {
                { "\"version\":1", "\"version\":2" },
                { "\"id\":\"a", "\"id\":\"" },
                { "\"id\":\"a", "\"id\":\"A" },
                { "\"name\":\"web\",\"image\"", "\"image\"" },
                { "\"name\":\"web\",\"image\"", "\"name\":\"../x\",\"image\"" },
                { "\"imageId\":\"sha256:", "\"imageId\":\"" },
                { "\"layers\":[\"b", "\"layers\":[\"../b" },
                { "\"layers\":", "\"layer\":" },
                { "\"created\":1767323045000006", "\"created\":-1" },
                { "\"started\":2", "\"started\":\"2\"" },
                { "\"exitCode\":137", "\"exitCode\":256" },
                { "\"exitCode\":137", "\"exitCode\":-2" },
                { "true", "1" },
                { "\"state\":\"stopped\",", "" },
                { "589824", "4294967295" },
                { "589824", "-1" },
                { "\"uidCount\":65536", "\"uidCount\":4294967296" },
                { "0:589824:65536", "0:589824:0" },
                { "0:589824:65536", "nonsense" },
                { "\"spec\":{", "\"spec\":{\"nonsense\":1," },
                { "\"spec\"", "\"specs\"" },
                { "\"spec\":{\"name\":\"web\"}", "\"spec\":[]" },
                { "\"error\":\"it broke\"", "\"error\":7" },
                { "}}", "}" },
                { "}}", "}}x" },
                { "{\"version\"", "[{\"version\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(damages); i++) {
                _cleanup_free_ char *text = NULL;
                const char *at = strstr(RECORD, damages[i].from);
                ContainerRecord *r = NULL;

                assert_non_null(at);
                assert_int_equal(string_format(&text, "%.*s%s%s", (int) (at - RECORD), RECORD, damages[i].to,
                                               at + strlen(damages[i].from)),
                                 0);
                if (container_record_parse(text, strlen(text), &r) != -EBADMSG)
                        fail_msg("%s in place of %s is accepted", damages[i].to, damages[i].from);
                assert_null(r);
        }
        for (size_t n = 0; n < strlen(RECORD); n++) {
                ContainerRecord *r = NULL;

                assert_int_equal(container_record_parse(RECORD, n, &r), -EBADMSG);
        }
}

static void test_optional_parts(void **state) {
        static const char text[] = "{\"version\":1,\"id\":\"" HEX_A
                                   "\",\"name\":\"a\",\"image\":\"x\",\"imageId\":\"sha256:" HEX_C
                                   "\",\"layers\":[],\"created\":1,\"state\":\"created\",\"stateChanged\":1,"
                                   "\"started\":0,\"finished\":0,\"exitCode\":-1,"
                                   "\"oomKilled\":false,\"uidBase\":0,\"spec\":{}}";
        _cleanup_(container_record_freep) ContainerRecord *r = NULL;
        _cleanup_free_ char *again = NULL;

        assert_int_equal(container_record_parse(text, strlen(text), &r), 0);
        assert_null(r->error);
        assert_int_equal(r->exit_code, -1);
        assert_int_equal(strv_length(r->layers), 0);
        assert_int_equal(container_record_format(r, &again), 0);
        assert_string_equal(again, text);
}

static void test_save_and_load(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_(container_record_freep) ContainerRecord *r = NULL, *loaded = NULL;
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(container_record_parse(RECORD, strlen(RECORD), &r), 0);
        assert_int_equal(container_record_save(f.store->containers_fd, r, true),
                         -ENOENT); /* its directory comes first */
        assert_int_equal(container_rootfs_open(f.store, HEX_A, 0, 0, &fd), 0);
        assert_int_equal(container_record_save(f.store->containers_fd, r, true), 0);
        assert_int_equal(container_record_save(f.store->containers_fd, r, false), 0);
        assert_int_equal(container_record_load(f.store->containers_fd, HEX_A, &loaded), 0);
        assert_string_equal(loaded->name, "web");

        /* a record in a directory of another name is somebody else's */
        assert_int_equal(renameat(f.store->containers_fd, HEX_A, f.store->containers_fd, HEX_B), 0);
        loaded = container_record_free(loaded);
        assert_int_equal(container_record_load(f.store->containers_fd, HEX_B, &loaded), -EBADMSG);
        assert_int_equal(container_record_load(f.store->containers_fd, HEX_A, &loaded), -ENOENT);
}

static void test_rootfs(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        assert_int_equal(container_rootfs_open(f.store, HEX_A, 589824, 589824, &fd), 0);
        assert_int_equal(fstatat(fd, "upper", &st, 0), 0);
        assert_int_equal(st.st_uid, 589824);
        assert_int_equal(st.st_gid, 589824);
        assert_int_equal(st.st_mode & 07777, 0755);
        assert_int_equal(fstatat(fd, "work", &st, 0), 0);
        assert_int_equal(st.st_uid, 589824);
        assert_int_equal(st.st_mode & 07777, 0700);
        /* what is above belongs to nobody but root */
        assert_int_equal(fstatat(f.store->containers_fd, HEX_A, &st, 0), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(st.st_mode & 07777, 0700);

        /* a second time: what the container made of its root stays */
        assert_int_equal(fchownat(fd, "upper", 589900, 589901, 0), 0);
        assert_int_equal(fchmodat(fd, "upper", 0700, 0), 0);
        fd = fd_close(fd);
        assert_int_equal(container_rootfs_open(f.store, HEX_A, 589824, 589824, &fd), 0);
        assert_int_equal(fstatat(fd, "upper", &st, 0), 0);
        assert_int_equal(st.st_uid, 589900);
        assert_int_equal(st.st_gid, 589901);
        assert_int_equal(st.st_mode & 07777, 0700);
}

/* creeld died between making the directory and giving it away. */
static void test_rootfs_cut_short(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        assert_int_equal(container_rootfs_open(f.store, HEX_A, 0, 0, &fd), 0);
        fd = fd_close(fd);
        assert_int_equal(container_rootfs_open(f.store, HEX_A, 589824, 589824, &fd), 0);
        assert_int_equal(fstatat(fd, "upper", &st, 0), 0);
        assert_int_equal(st.st_uid, 589824);
        assert_int_equal(fstatat(fd, "work", &st, 0), 0);
        assert_int_equal(st.st_uid, 589824);
}

static void test_links_are_not_followed(void **state) {
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_close_ int fd = -EBADF;

        assert_int_equal(symlinkat("/tmp", f.store->containers_fd, HEX_A), 0);
        assert_true(container_rootfs_open(f.store, HEX_A, 1, 1, &fd) < 0);
        assert_int_equal(symlinkat("/tmp", f.store->runtime_containers_fd, HEX_A), 0);
        assert_true(container_runtime_open(f.store, HEX_A, &fd) < 0);
        assert_int_equal(container_runtime_open(f.store, HEX_B, &fd), 0);
}

static void test_exit_record(void **state) {
        static const char *const bad[] = {
                "",
                "{}",
                "{\"version\":1,\"status\":256,\"signal\":0,\"oom\":false,\"finishedUsec\":1}",
                "{\"version\":1,\"status\":-1,\"signal\":0,\"oom\":false,\"finishedUsec\":1}",
                "{\"version\":1,\"status\":0,\"signal\":65,\"oom\":false,\"finishedUsec\":1}",
                "{\"version\":1,\"status\":0,\"signal\":0,\"oom\":0,\"finishedUsec\":1}",
                "{\"version\":1,\"status\":0,\"signal\":0,\"oom\":false}",
                "{\"version\":2,\"status\":0,\"signal\":0,\"oom\":false,\"finishedUsec\":1}",
        };
        static const char good[] =
                        "{\"version\":1,\"status\":137,\"signal\":9,\"oom\":true,\"finishedUsec\":17}";
        _cleanup_fixture_ Fixture f = fixture_new();
        _cleanup_close_ int fd = -EBADF;
        ExitRecord e = { .status = 7 };

        assert_int_equal(exit_record_load(f.store, HEX_A, &e), -ENOENT);
        assert_int_equal(container_runtime_open(f.store, HEX_A, &fd), 0);
        assert_int_equal(exit_record_load(f.store, HEX_A, &e), -ENOENT);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                tmpdir_write(fd, "exit", bad[i]);
                assert_int_equal(exit_record_load(f.store, HEX_A, &e), -EBADMSG);
                assert_int_equal(e.status, 7);
        }
        tmpdir_write(fd, "exit", good);
        assert_int_equal(exit_record_load(f.store, HEX_A, &e), 0);
        assert_true(e.status == 137 && e.signal == 9 && e.oom && e.finished_usec == 17);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_optional_parts),
                cmocka_unit_test(test_save_and_load),
                cmocka_unit_test(test_rootfs),
                cmocka_unit_test(test_rootfs_cut_short),
                cmocka_unit_test(test_links_are_not_followed),
                cmocka_unit_test(test_exit_record),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
