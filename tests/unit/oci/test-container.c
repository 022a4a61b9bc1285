/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <sys/wait.h>

#include "basic/strv.h"
#include "oci/container.h"
#include "spec/json.h"
#include "tmpdir.h"

#include "test.h"

static void test_ids(void **state) {
        static const char *const good[] = { "a", "A-b_c.d+e", "0", "-x", "+", "_" }, *const bad[] = {
                "", ".", "..", ".x", "a/b", "/", "a b", "a\n", "ä", "a:b"
        };
        char longest[OCI_ID_BYTES_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(oci_id_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(oci_id_is_valid(bad[i]));
        assert_false(oci_id_is_valid(NULL));
        memset(longest, 'x', sizeof(longest));
        longest[OCI_ID_BYTES_MAX] = 0;
        assert_true(oci_id_is_valid(longest));
        longest[OCI_ID_BYTES_MAX] = 'x';
        longest[OCI_ID_BYTES_MAX + 1] = 0;
        assert_false(oci_id_is_valid(longest));
}

static void make(const OciRoot *root, const char *id, OciContainer **ret) {
        assert_int_equal(oci_container_new(root, id, ret, NULL), 0);
        (*ret)->bundle = strdup("/bundle");
        (*ret)->rootfs = strdup("/bundle/rootfs");
        (*ret)->oci_version = strdup("1.0.2");
        assert_int_equal(strv_extend(&(*ret)->annotations, "a=b=c"), 0);
}

static void test_round_trip(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(oci_container_freep) OciContainer *c = NULL, *again = NULL;
        _cleanup_failure_ Failure f = {};
        char path[128];
        OciRoot root = { .path = path };

        (void) snprintf(path, sizeof(path), "%s/deep/down", d.path);
        make(&root, "box", &c);
        c->cgroup = strdup("/x/y");
        c->unit = strdup("x.scope");
        assert_int_equal(oci_container_set_pid(c, getpid()), 0);
        assert_int_equal(oci_container_save(c, NULL), 0);
        assert_int_equal(oci_container_status(c), OCI_RUNNING);

        assert_int_equal(oci_container_open(&root, "box", false, &again, NULL), 0);
        assert_int_equal(again->pid, getpid());
        assert_int_equal(again->start_time, c->start_time);
        assert_int_equal(again->created_usec, c->created_usec);
        assert_string_equal(again->bundle, "/bundle");
        assert_string_equal(again->cgroup, "/x/y");
        assert_string_equal(again->unit, "x.scope");
        assert_true(strv_equal(again->annotations, c->annotations));
        /* Who makes it still holds the lock. */
        assert_int_equal(oci_container_status(again), OCI_CREATING);
        oci_container_unlock(c);
        assert_int_equal(oci_container_status(again), OCI_RUNNING);

        again = oci_container_free(again);
        assert_int_equal(oci_container_new(&root, "box", &again, &f),
                         -failure_kind_to_errno(FAILURE_NAME_IN_USE));
        assert_int_equal(oci_container_remove(&root, c, NULL), 0);
        assert_int_equal(oci_container_open(&root, "box", false, &again, &f),
                         -failure_kind_to_errno(FAILURE_NO_SUCH_CONTAINER));
}

static void test_status(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_close_ int pidfd = -EBADF;
        OciRoot root = { .path = d.path };
        pid_t pid = fork();

        if (pid == 0) {
                (void) pause();
                _exit(0);
        }
        make(&root, "box", &c);
        assert_int_equal(oci_container_status(c), OCI_STOPPED); /* locked by us, and without a process */
        assert_int_equal(oci_container_pidfd(c, &pidfd), -ESRCH);
        assert_int_equal(oci_container_set_pid(c, pid), 0);
        c->created = true;
        tmpdir_write(c->dir_fd, "start", "");
        assert_int_equal(oci_container_status(c), OCI_CREATED);
        assert_int_equal(unlinkat(c->dir_fd, "start", 0), 0);
        assert_int_equal(oci_container_status(c), OCI_RUNNING);
        assert_int_equal(oci_container_pidfd(c, &pidfd), 0);

        /* Another process with the same number. */
        c->start_time++;
        assert_int_equal(oci_container_status(c), OCI_STOPPED);
        assert_int_equal(oci_container_pidfd(c, &pidfd), -ESRCH);
        c->start_time--;

        /* A zombie has stopped. */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) pid, &(siginfo_t){}, WEXITED | WNOWAIT), 0);
        assert_int_equal(oci_container_status(c), OCI_STOPPED);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(oci_container_set_pid(c, pid), -ESRCH);
}

static void test_state(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        _cleanup_json_ json_object *o = NULL;
        OciRoot root = { .path = d.path };
        const char *s;

        make(&root, "box", &c);
        c->pid = 42;
        assert_int_equal(oci_container_state(c, OCI_CREATED, &o), 0);
        assert_int_equal(json_get_string(o, "id", &s), 0);
        assert_string_equal(s, "box");
        assert_int_equal(json_get_string(o, "status", &s), 0);
        assert_string_equal(s, "created");
        assert_int_equal(json_get_string(o, "ociVersion", &s), 0);
        assert_string_equal(s, "1.0.2");
        assert_int_equal(json_get_string(o, "bundle", &s), 0);
        assert_string_equal(s, "/bundle");
}

static void damage(const OciRoot *root, OciContainer *c, const char *text) {
        _cleanup_(oci_container_freep) OciContainer *again = NULL, *broken = NULL;
        _cleanup_failure_ Failure f = {};
        bool damaged = false;

        tmpdir_write(c->dir_fd, "state.json", text);
        assert_true(oci_container_open(root, "box", true, &again, &f) < 0);
        assert_int_equal(f.kind, FAILURE_STORAGE);
        assert_non_null(strstr(f.text, "delete --force box"));
        assert_int_equal(oci_container_open_damaged(root, "box", &broken, &damaged, NULL), 0);
        assert_true(damaged);
        assert_int_equal(oci_container_status(broken), OCI_STOPPED);
}

static void test_damaged(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        OciRoot root = { .path = d.path };

        make(&root, "box", &c);
        oci_container_unlock(c);
        damage(&root, c, "");
        damage(&root, c, "{}");
        damage(&root, c, "[]");
        damage(&root, c, "{\"pid\":-1}");
        damage(&root, c,
               "{\"pid\":99999999999,\"startTime\":1,\"owner\":0,\"createdUsec\":1,\"created\":true,"
               "\"userManager\":false,\"bundle\":\"/\"}");
        damage(&root, c,
               "{\"pid\":\"1\",\"startTime\":1,\"owner\":0,\"createdUsec\":1,\"created\":true,"
               "\"userManager\":false,\"bundle\":\"/\"}");
}

static void test_list(void **state) {
        _cleanup_tmpdir_ TmpDir d = tmpdir_new();
        _cleanup_(oci_container_freep) OciContainer *a = NULL, *b = NULL;
        _cleanup_strv_free_ char **ids = NULL;
        OciRoot root = { .path = d.path }, none = { .path = "/nonexistent/creel" };

        assert_int_equal(oci_container_list(&none, &ids, NULL), 0);
        assert_null(ids);
        make(&root, "b", &b);
        make(&root, "a", &a);
        assert_int_equal(oci_container_list(&root, &ids, NULL), 0);
        assert_int_equal(strv_length(ids), 2);
        assert_string_equal(ids[0], "a");
        assert_string_equal(ids[1], "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ids),     cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_status),  cmocka_unit_test(test_state),
                cmocka_unit_test(test_damaged), cmocka_unit_test(test_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
