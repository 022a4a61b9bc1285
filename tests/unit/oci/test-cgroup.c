/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "oci/cgroup.h"
#include "runtime/cgroup.h"

#include "test.h"

static char name[64];

static pid_t start_in(OciCgroup *c) {
        pid_t pid = fork();

        if (pid == 0) {
                (void) pause();
                _exit(1);
        }
        assert_int_equal(cgroup_attach(oci_cgroup_fd(c), pid), 0);
        return pid;
}

static void test_life(void **state) {
        _cleanup_(oci_cgroup_freep) OciCgroup *c = NULL, *other = NULL, *later = NULL;
        RuntimeSpec spec = { .cgroups_path = name };
        _cleanup_failure_ Failure f = {};
        OciContainer container = {};
        pid_t pid;

        (void) snprintf(name, sizeof(name), "/creel-test-oci-%d/x", getpid());
        assert_int_equal(oci_cgroup_new(&spec, "id", OCI_MANAGER_CGROUPFS, false, &c, &f), 0);
        assert_int_equal(oci_cgroup_prepare(c, &spec, &f), 0);
        pid = start_in(c);
        assert_int_equal(oci_cgroup_apply(c, &spec, pid, &f), 0);
        assert_int_equal(oci_cgroup_note(c, &container), 0);
        assert_string_equal(container.cgroup, name);
        assert_null(container.unit);

        /* It is in use now. */
        assert_int_equal(oci_cgroup_new(&spec, "id2", OCI_MANAGER_CGROUPFS, false, &other, &f), 0);
        assert_true(oci_cgroup_prepare(other, &spec, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_STATE);

        assert_int_equal(oci_cgroup_of(&container, &later), 0);
        assert_int_equal(oci_cgroup_pause(later, &f), 0);
        assert_true(oci_cgroup_is_paused(later));
        assert_int_equal(oci_cgroup_resume(later, &f), 0);
        assert_false(oci_cgroup_is_paused(later));
        assert_int_equal(oci_cgroup_signal_all(later, SIGKILL, &f), 1);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(oci_cgroup_remove(later, false, &f), 0);
        assert_int_equal(oci_cgroup_remove(later, false, &f), 0);
        assert_int_equal(oci_cgroup_open(later), 0);
        *strrchr(name, '/') = 0;
        free(later->path);
        later->path = strdup(name);
        assert_int_equal(oci_cgroup_remove(later, false, &f), 0);
        free(container.cgroup);
}

static void test_none(void **state) {
        _cleanup_(oci_cgroup_freep) OciCgroup *c = NULL;
        _cleanup_failure_ Failure f = {};
        OciContainer container = {}, bad = { .cgroup = (char *) "/a/../.." };
        RuntimeSpec spec = {};

        assert_int_equal(oci_cgroup_of(&bad, &c), -EBADMSG);
        assert_int_equal(oci_cgroup_new(&spec, "id", OCI_MANAGER_DISABLED, false, &c, &f), 0);
        assert_int_equal(oci_cgroup_prepare(c, &spec, &f), 0);
        assert_int_equal(oci_cgroup_fd(c), -EBADF);
        assert_int_equal(oci_cgroup_join(c, &spec, 1, -EBADF, &f), 0);
        assert_int_equal(oci_cgroup_apply(c, &spec, 1, &f), 0);
        assert_int_equal(oci_cgroup_note(c, &container), 0);
        assert_null(container.cgroup);
        assert_int_equal(oci_cgroup_signal_all(c, SIGKILL, &f), 0);
        assert_true(oci_cgroup_pause(c, &f) < 0);
        assert_int_equal(f.kind, FAILURE_INVALID_STATE);
        assert_int_equal(oci_cgroup_remove(c, true, &f), 0);
}

static void test_annotations(void **state) {
        static const char *const bad[] = { "run.oci.delegate-cgroup=../x", "run.oci.systemd.subgroup=/x" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                RuntimeSpec spec = { .annotations = (char *[]){ (char *) bad[i], NULL } };
                _cleanup_(oci_cgroup_freep) OciCgroup *c = NULL;
                _cleanup_failure_ Failure f = {};

                assert_true(oci_cgroup_new(&spec, "id", OCI_MANAGER_CGROUPFS, false, &c, &f) < 0);
                assert_non_null(strstr(f.text, "run.oci."));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_life),
                cmocka_unit_test(test_none),
                cmocka_unit_test(test_annotations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
