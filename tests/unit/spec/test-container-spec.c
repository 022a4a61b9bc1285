/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/container-spec.h"
#include "spec/json.h"

#include <signal.h>

#include "test.h"

static int set(ContainerSpec *s, const char *key, const char *text) {
        const char *hint = NULL;
        int r = container_spec_set_text(s, container_spec_find(key), text, &hint);

        /* a refusal says what would be right */
        if (r < 0)
                assert_non_null(hint);
        return r;
}

static void test_text(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);

        assert_int_equal(set(s, "name", "web"), 0);
        assert_int_equal(set(s, "env", "A=1"), 0);
        assert_int_equal(set(s, "env", "A=2"), 0);
        assert_int_equal(set(s, "label", "bare"), 0);
        assert_int_equal(set(s, "label", "k=v"), 0);
        assert_int_equal(set(s, "label", "k=w"), 0);
        assert_int_equal(set(s, "tty", NULL), 0);
        assert_int_equal(set(s, "read-only", "yes"), 0);
        assert_int_equal(set(s, "interactive", "false"), 0);
        assert_int_equal(set(s, "memory", "64m"), 0);
        assert_int_equal(set(s, "stop-timeout", "3"), 0);
        assert_int_equal(set(s, "pids-limit", "-1"), 0);
        assert_int_equal(set(s, "cpus", ".5"), 0);

        assert_string_equal(s->name, "web");
        assert_int_equal(strv_length(s->env),
                         2); /* the record keeps what was said; the environment is made of it later */
        assert_int_equal(strv_length(s->labels), 2);
        assert_string_equal(strv_env_get(s->labels, "bare"), "");
        assert_string_equal(strv_env_get(s->labels, "k"), "w");
        assert_true(s->tty && s->read_only && !s->interactive);
        assert_int_equal(s->memory_bytes, 64 << 20);
        assert_int_equal(s->stop_timeout_usec, 3 * USEC_PER_SEC);
        assert_int_equal(s->pids_limit, -1);
        assert_true(s->cpus == 0.5);
        assert_true(container_spec_is_set(s, container_spec_find("interactive")));
        assert_false(container_spec_is_set(s, container_spec_find("hostname")));
}

static void test_text_refuses(void **state) {
        static const struct {
                const char *key, *text;
        } bad[] = {
                { "name", "-x" },
                { "name", "" },
                { "hostname", "a..b" },
                { "hostname", "-a" },
                { "hostname", "" },
                { "workdir", "relative" },
                { "workdir", "" },
                { "env", "NOVALUE" },
                { "env", "=x" },
                { "label", "=x" },
                { "label", "" },
                { "tty", "maybe" },
                { "memory", "1k" },
                { "memory", "-1" },
                { "memory", "lots" },
                { "cpus", "0.001" },
                { "cpus", "-1" },
                { "cpus", "nan" },
                { "cpus", "inf" },
                { "cpus", "1e999" },
                { "cpus", "" },
                { "cpus", "." },
                { "cpus", "1,5" },
                { "cpus", "9000" },
                { "cpus", "1x" },
                { "pids-limit", "-2" },
                { "pids-limit", "4194305" },
                { "pids-limit", "many" },
                { "network", "bridge" },
                { "userns", "keep" },
                { "stop-signal", "SIGNOPE" },
                { "stop-timeout", "-1" },
                { "stop-timeout", "86401" },
                { "stop-timeout", "18446744073709551615" },
                { "cgroup-parent", "machine" },
                { "cgroup-parent", "../x.slice" },
                { "cgroup-parent", "a/b.slice" },
                { "cgroup-parent", "a--b.slice" },
                { "cgroup-parent", ".slice" },
                { "cgroup-parent", "a-.slice" },
                { "memory-swap", "-2" },
                { "memory-swap", "lots" },
                { "memory-swap", "" },
                { "memory-swappiness", "101" },
                { "memory-reservation", "-1" },
                { "cpu-shares", "1" },
                { "cpu-shares", "262145" },
                { "cpu-quota", "999" },
                { "cpu-quota", "-2" },
                { "cpu-period", "999" },
                { "cpu-period", "1000001" },
                { "cpuset-cpus", "" },
                { "cpuset-cpus", "3-1" },
                { "cpuset-mems", "x" },
                { "blkio-weight", "9" },
                { "blkio-weight", "1001" },
                { "blkio-weight-device", "/dev/sda:9" },
                { "device-read-bps", "/dev/sda" },
                { "device-write-iops", "sda:10" },
                { "cgroups", "some" },
                { "cgroup-conf", "cgroup.freeze=1" },
                { "cgroup-conf", "memory.high" },
                { "property", "DeviceAllow=/dev/sda rwm" },
                { "property", "TasksMax=0" },
                { "oom-policy", "stop" },
                { "entrypoint", "[1]" },
                { "entrypoint", "[\"a\",null]" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);

                if (set(s, bad[i].key, bad[i].text) != -EINVAL)
                        fail_msg("--%s %s is accepted", bad[i].key, bad[i].text);
        }
}

static void test_entrypoint(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *s = new0(ContainerSpec, 1);

        assert_int_equal(set(s, "entrypoint", "a word"), 0);
        assert_int_equal(strv_length(s->entrypoint), 1);
        assert_int_equal(set(s, "entrypoint", "[\"sh\", \"-c\", \"x\"]"), 0);
        assert_int_equal(strv_length(s->entrypoint), 3);
        assert_string_equal(s->entrypoint[2], "x");
        assert_int_equal(set(s, "entrypoint", "[not json"), 0); /* a program may be called so */
        assert_string_equal(s->entrypoint[0], "[not json");
        assert_int_equal(set(s, "entrypoint", ""), 0);
        assert_int_equal(strv_length(s->entrypoint), 0);
        assert_true(container_spec_is_set(s, container_spec_find("entrypoint")));
}

static int parse(const char *text, ContainerSpec **ret) {
        _cleanup_json_ json_object *o = NULL;

        assert_int_equal(json_parse(text, strlen(text), 65536, &o), 0);
        return container_spec_from_json(o, ret);
}

static void test_json_round_trip(void **state) {
        static const char text[] = "{\"name\":\"web\",\"hostname\":\"h\",\"entrypoint\":[],\"command\":["
                                   "\"sh\",\"-c\",\"a=b\"],\"env\":[\"B=1\",\"A=\"],"
                                   "\"workdir\":\"/"
                                   "w\",\"user\":\"u:g\",\"label\":[\"k=v=w\"],\"tty\":true,\"interactive\":"
                                   "false,\"rm\":true,"
                                   "\"memory\":67108864,\"cpus\":1.5,\"pids-limit\":-1,\"network\":\"none\","
                                   "\"userns\":\"auto\",\"read-only\":true,"
                                   "\"cap-add\":[\"SYS_ADMIN\"],\"cap-drop\":[\"ALL\"],\"stop-signal\":"
                                   "\"HUP\",\"stop-timeout\":3000000,"
                                   "\"cgroup-parent\":\"web.slice\"}";
        _cleanup_(container_spec_freep) ContainerSpec *s = NULL;
        _cleanup_json_ json_object *o = NULL, *before = NULL;

        assert_int_equal(parse(text, &s), 0);
        assert_string_equal(s->labels[0], "k=v=w");
        assert_int_equal(s->stop_timeout_usec, 3 * USEC_PER_SEC);
        assert_int_equal(container_spec_to_json(s, &o), 0);
        assert_int_equal(json_parse(text, strlen(text), 65536, &before), 0);
        assert_true(json_object_equal(before, o));
}

static void test_json_refuses(void **state) {
        static const char *const bad[] = {
                "[]",
                "{\"nonsense\":1}",
                "{\"name\":null}",
                "{\"name\":\"-x\"}",
                "{\"name\":1}",
                "{\"tty\":1}",
                "{\"env\":\"A=1\"}",
                "{\"env\":[\"A\"]}",
                "{\"env\":[1]}",
                "{\"label\":[\"bare\"]}",
                "{\"label\":[\"=v\"]}",
                "{\"memory\":-1}",
                "{\"memory\":1}",
                "{\"memory\":1.5}",
                "{\"cpus\":\"1\"}",
                "{\"cpus\":-1}",
                "{\"pids-limit\":-2}",
                "{\"stop-timeout\":86400000001}",
                "{\"name\":\"a\\u0000b\"}",
                "{\"command\":[null]}",
                "{\"network\":\"x\"}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ContainerSpec *s = NULL;

                if (parse(bad[i], &s) != -EBADMSG)
                        fail_msg("%s is accepted", bad[i]);
                assert_null(s);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_text_refuses),
                cmocka_unit_test(test_entrypoint),
                cmocka_unit_test(test_json_round_trip),
                cmocka_unit_test(test_json_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
