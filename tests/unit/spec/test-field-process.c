/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/field-process.h"

#include "test.h"

/* One value through the table: NULL when it passes, else the hint. */
static const char *refused(const char *key, const char *text) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);
        const char *hint = NULL;
        int r;

        r = container_spec_set_text(s, container_spec_find(key), text, &hint);
        assert_true(r == 0 || r == -EINVAL);
        return r < 0 ? hint ?: "" : NULL;
}

static void test_values(void **state) {
        static const struct {
                const char *key, *good[6], *bad[9];
        } rows[] = {
                { "user",
                  { "root", "0", "0:0", "a:b", "1000:users" },
                  { "", ":", "a:", ":b", "a:b:c", "a b" } },
                { "unsetenv", { "A" }, { "", "A=b" } },
                { "env-merge", { "A=${B}" }, { "A", "=x", "A=${B" } },
                { "group-add", { "wheel", "44" }, { "", "keep-groups", "4294967295", "-1", "a:b", "a,b" } },
                { "umask",
                  { "0022", "77", "0", "777" },
                  { "", "8", "0o22", "-1", "00022", "1777", "u=rwx" } },
                { "ulimit", { "nofile=1:2", "host" }, { "", "nofile", "nofile=2:1", "x=1" } },
                { "oom-score-adj", { "-1000", "0", "1000" }, { "", "1001", "-1001", "x", "1.5" } },
                { "init-path", { "/x" }, { "", "x" } },
                { "sdnotify", { "container", "conmon", "healthy", "ignore" }, { "", "true", "Container" } },
                { "timeout", { "0", "10" }, { "", "-1", "1s", "x", "99999999999999999999" } },
                { "tz",
                  { "local", "Europe/Berlin", "Etc/GMT+3" },
                  { "", "/etc/passwd", "../x", "a//b", "a/", "a b" } },
                { "personality", { "LINUX", "LINUX32", "x86-64" }, { "", "linux", "BSD" } },
                { "cpu-affinity", { "0", "0-3,5" }, { "", "x", "3-1", "4096" } },
                { "pidfile", { "/run/x.pid" }, { "", "x.pid" } },
                { "passwd-entry", { "$USERNAME:x:$UID:$GID::/:/bin/sh" }, { "", "a\nb" } },
                { "log-driver",
                  { "journald", "none", "passthrough", "passthrough-tty" },
                  { "", "k8s-file", "syslog" } },
                { "log-opt",
                  { "tag=x", "label=A=b" },
                  { "", "tag", "path=/x", "max-size=1m", "label=a=b", "tag={{.X}}" } },
                { "add-host",
                  { "a:1.2.3.4", "a;b:::1", "a:host-gateway" },
                  { "", "a", "a:", "a:b", ":1.2.3.4" } },
                { "hosts-file", { "none", "image", "/x" }, { "", "x" } },
                { "dns", { "1.1.1.1", "fe80::1%eth0", "none" }, { "", "x", "1.1.1", "1.1.1.1/8" } },
                { "dns-option", { "ndots:1", "debug" }, { "", "a b", "#" } },
                { "dns-search", { "example.org", "." }, { "", "a b" } },
                { "annotation", { "a=b", "a" }, { "", "=b" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                assert_non_null(container_spec_find(rows[i].key));
                for (size_t k = 0; k < ELEMENTSOF(rows[i].good) && rows[i].good[k]; k++)
                        if (refused(rows[i].key, rows[i].good[k]))
                                fail_msg("%s %s: %s", rows[i].key, rows[i].good[k],
                                         refused(rows[i].key, rows[i].good[k]));
                for (size_t k = 0; k < ELEMENTSOF(rows[i].bad) && rows[i].bad[k]; k++)
                        if (!refused(rows[i].key, rows[i].bad[k]))
                                fail_msg("%s '%s' passes", rows[i].key, rows[i].bad[k]);
        }
}

static void test_together(void **state) {
        _cleanup_strv_free_ char **l = NULL;

        assert_int_equal(strv_extend(&l, "none"), 0);
        assert_null(field_check_dns(&l));
        assert_int_equal(strv_extend(&l, "1.1.1.1"), 0);
        assert_non_null(field_check_dns(&l));
}

static void test_parsers(void **state) {
        unsigned v;

        assert_int_equal(field_parse_umask("027", &v), 0);
        assert_int_equal(v, 027);
        assert_string_equal(field_parse_personality("x86"), "LINUX32");
        assert_string_equal(field_parse_personality("arm64"), "LINUX");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_together),
                cmocka_unit_test(test_parsers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
