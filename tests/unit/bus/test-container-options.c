/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "bus/container-options.h"
#include "test.h"

/* A bus of one side: messages are built and read in memory, nothing is ever sent. */
static int setup(void **state) {
        sd_bus *bus;
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, pair[0], pair[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        (void) fd_close(pair[1]);
        *state = bus;
        return 0;
}

static int teardown(void **state) {
        sd_bus_close_unref(*state);
        return 0;
}

static void putp(sd_bus_message **m) {
        sd_bus_message_unref(*m);
}

#define _cleanup_message_ _cleanup_(putp)

static sd_bus_message *message_new_call(sd_bus *bus) {
        sd_bus_message *m;

        assert_true(sd_bus_message_new_method_call(bus, &m, "org.creel1", "/org/creel1",
                                                   "org.creel1.Manager", "CreateContainer") >= 0);
        return m;
}

static void message_seal(sd_bus_message *m) {
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        assert_true(sd_bus_message_rewind(m, 1) >= 0);
}

static int read_all(sd_bus_message *m, ContainerSpec *spec, Failure *f) {
        const char *key;
        int r;

        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read_basic(m, 's', &key) > 0);
                r = container_options_read_entry(m, key, spec, f);
                if (r < 0)
                        return r;
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        assert_true(sd_bus_message_exit_container(m) >= 0);
        return 0;
}

static void set(ContainerSpec *s, const char *key, const char *text) {
        const char *hint;

        assert_int_equal(container_spec_set_text(s, container_spec_find(key), text, &hint), 0);
}

static void test_round_trip(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *in = new0(ContainerSpec, 1),
                                                      *out = new0(ContainerSpec, 1);
        _cleanup_message_ sd_bus_message *m = message_new_call(*state);
        _cleanup_failure_ Failure f = {};
        json_object *a, *b;

        set(in, "name", "web");
        set(in, "entrypoint", "[\"/bin/sh\", \"-c\"]");
        set(in, "env", "A=1");
        set(in, "env", "B=x=y");
        set(in, "label", "k=v=w");
        set(in, "label", "bare");
        set(in, "tty", NULL);
        set(in, "rm", "false");
        set(in, "memory", "64m");
        set(in, "cpus", "1.5");
        set(in, "pids-limit", "-1");
        set(in, "stop-timeout", "3");
        set(in, "command", "");
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        assert_int_equal(container_options_append(m, in), 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        message_seal(m);

        assert_int_equal(read_all(m, out, &f), 0);
        assert_null(f.text);
        assert_memory_equal(in->set, out->set, sizeof(in->set));
        assert_int_equal(container_spec_to_json(in, &a), 0);
        assert_int_equal(container_spec_to_json(out, &b), 0);
        assert_true(json_object_equal(a, b));
        (void) json_object_put(a);
        (void) json_object_put(b);
}

static void test_empty(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *in = new0(ContainerSpec, 1),
                                                      *out = new0(ContainerSpec, 1);
        _cleanup_message_ sd_bus_message *m = message_new_call(*state);

        set(in, "entrypoint", "");
        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        assert_int_equal(container_options_append(m, in), 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        message_seal(m);
        assert_int_equal(read_all(m, out, NULL), 0);
        assert_memory_equal(in->set, out->set, sizeof(in->set));
        assert_int_equal(strv_length(out->entrypoint), 0);
}

/* What @append builds is refused with -EINVAL and a text that holds all @words. */
static void refuse(sd_bus *bus, const char *key, const char *type, const char *value,
                   const char *const *words) {
        _cleanup_(container_spec_freep) ContainerSpec *out = new0(ContainerSpec, 1);
        _cleanup_message_ sd_bus_message *m = message_new_call(bus);
        _cleanup_failure_ Failure f = {};

        assert_true(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        if (*type == 'a' && type[1] == '{')
                assert_true(sd_bus_message_append(m, "{sv}", key, type, 1, value, "x") >= 0);
        else if (*type == 'u')
                assert_true(sd_bus_message_append(m, "{sv}", key, type, 7u) >= 0);
        else
                assert_true(sd_bus_message_append(m, "{sv}", key, type, value) >= 0);
        assert_true(sd_bus_message_close_container(m) >= 0);
        message_seal(m);
        assert_int_equal(read_all(m, out, &f), -EINVAL);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        for (; *words; words++)
                assert_non_null(strstr(f.text, *words));
}

static void test_refused(void **state) {
        refuse(*state, "memroy", "s", "1",
               (const char *const[]){ "unknown option 'memroy'", "creel-container-options(7)", NULL });
        refuse(*state, "memory", "s", "64m",
               (const char *const[]){ "'memory'", "type 's'", "type 't'", NULL });
        refuse(*state, "stop-timeout", "u", NULL,
               (const char *const[]){ "'stop-timeout'", "type 't'", NULL });
        refuse(*state, "name", "s", "-x", (const char *const[]){ "'name'", "must start with", NULL });
        refuse(*state, "network", "s", "bridge", (const char *const[]){ "'network'", "must be none", NULL });
        refuse(*state, "label", "a{ss}", "", (const char *const[]){ "'label'", "key is empty", NULL });
        refuse(*state, "label", "a{ss}", "a=b", (const char *const[]){ "'label'", "'='", NULL });
}

static void test_twice(void **state) {
        _cleanup_(container_spec_freep) ContainerSpec *out = new0(ContainerSpec, 1);
        _cleanup_message_ sd_bus_message *m = message_new_call(*state);
        _cleanup_failure_ Failure f = {};

        assert_true(sd_bus_message_append(m, "a{sv}", 2, "name", "s", "a", "name", "s", "b") >= 0);
        message_seal(m);
        assert_int_equal(read_all(m, out, &f), -EINVAL);
        assert_non_null(strstr(f.text, "'name' is given twice"));
        assert_string_equal(out->name, "a");
}

static void test_types(void **state) {
        for (size_t i = 0; i < container_spec_n_fields; i++)
                assert_non_null(container_options_type(container_spec_fields[i].kind));
        assert_string_equal(container_options_type(SPEC_MAP), "a{ss}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
                cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_twice, setup, teardown),
                cmocka_unit_test(test_types),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
