/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/machine.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "peer.h"

#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

#define CONTAINER_ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct Machined {
        sd_event *event;
        sd_bus *client, *server;
        MachineRegistry *registry;
        bool knows_ex, absent;
        unsigned n_ex, n_plain, n_unregister;
        const char *expected; /* the name to register; NULL: "web" */
        const char *found;    /* what GetMachineByPID answers; NULL: nothing */
        bool done;
} Machined;

static void check_plain(sd_bus_message *m, const char *expected) {
        const char *name, *service, *class, *root;
        const void *id;
        uint32_t leader;
        size_t size;

        assert_true(sd_bus_message_read(m, "s", &name) >= 0);
        assert_true(sd_bus_message_read_array(m, 'y', &id, &size) >= 0);
        assert_true(sd_bus_message_read(m, "ssus", &service, &class, &leader, &root) >= 0);
        assert_string_equal(name, expected ?: "web");
        assert_int_equal(size, 16);
        assert_memory_equal(id, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
        assert_string_equal(service, "creel");
        assert_string_equal(class, "container");
        assert_int_equal(leader, getpid());
        assert_string_equal(root, "");
}

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Machined *d = userdata;

        if (sd_bus_message_is_method_call(m, NULL, "RegisterMachineEx")) {
                d->n_ex++;
                assert_string_equal(sd_bus_message_get_signature(m, 1), "sa(sv)");
                if (!d->knows_ex)
                        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "what?");
                d->done = true;
                return sd_bus_reply_method_return(m, "o", "/x");
        }
        if (sd_bus_message_is_method_call(m, NULL, "RegisterMachine")) {
                d->n_plain++;
                d->done = true;
                if (d->absent)
                        return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_SERVICE_UNKNOWN, "not there");
                check_plain(m, d->expected);
                return sd_bus_reply_method_return(m, "o", "/x");
        }
        if (sd_bus_message_is_method_call(m, NULL, "GetMachineByPID")) {
                _cleanup_free_ char *path = NULL;

                if (!d->found ||
                    sd_bus_path_encode("/org/freedesktop/machine1/machine", d->found, &path) < 0)
                        return sd_bus_reply_method_errorf(m, "org.freedesktop.machine1.NoMachineForPID",
                                                          "nobody's");
                return sd_bus_reply_method_return(m, "o", path);
        }
        if (sd_bus_message_is_method_call(m, NULL, "UnregisterMachine")) {
                d->n_unregister++;
                d->done = true;
                return sd_bus_reply_method_errorf(m, "org.freedesktop.machine1.NoSuchMachine",
                                                  "no such machine");
        }
        return 0;
}

static int setup(void **state) {
        Machined *d = calloc(1, sizeof(Machined));

        if (!d || sd_event_new(&d->event) < 0 ||
            peer_pair(d->event, on_call, d, &d->client, &d->server) < 0 ||
            machine_registry_new(d->client, &d->registry) < 0)
                return -1;
        peer_settle(d->event);
        *state = d;
        return 0;
}

static int teardown(void **state) {
        Machined *d = *state;

        machine_registry_free(d->registry);
        sd_bus_close_unref(d->client);
        sd_bus_close_unref(d->server);
        sd_event_unref(d->event);
        free(d);
        return 0;
}

static void register_web(Machined *d, int pidfd) {
        const MachineSpec spec = {.name = "web",
                                  .machine_id = CONTAINER_ID,
                                  .leader = getpid(),
                                  .leader_pidfd = pidfd};

        d->done = false;
        assert_int_equal(machine_register(d->registry, &spec), 1);
        assert_true(peer_run_until(d->event, &d->done));
        peer_settle(d->event);
}

static void test_plain(void **state) {
        Machined *d = *state;

        register_web(d, -1);
        assert_int_equal(d->n_plain, 1);
        assert_int_equal(d->n_ex, 0);
        d->done = false;
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
        assert_true(peer_run_until(d->event, &d->done));
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 1);
}

static void on_left(const char *name, void *userdata) {
        assert_string_equal(name, "web");
        (*(unsigned *) userdata)++;
}

/* The name is not free before machined has said so. */
static void test_leaving(void **state) {
        Machined *d = *state;
        unsigned n = 0;

        machine_registry_watch(d->registry, on_left, &n);
        assert_false(machine_is_leaving(d->registry, "web"));
        register_web(d, -1);
        assert_false(machine_is_leaving(d->registry, "web"));
        d->done = false;
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
        assert_true(machine_is_leaving(d->registry, "web"));
        assert_true(peer_run_until(d->event, &d->done));
        peer_settle(d->event);
        assert_false(machine_is_leaving(d->registry, "web"));
        assert_int_equal(n, 1);
        machine_registry_watch(d->registry, NULL, NULL);
}

/* What an earlier process has registered is unregistered too. */
static void test_adopted(void **state) {
        Machined *d = *state;

        d->n_unregister = 0;
        d->found = "web";
        assert_true(machine_adopt(d->registry, "web", getpid()) >= 0);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 0);
        d->done = false;
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
        assert_true(peer_run_until(d->event, &d->done));
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 1);

        /* somebody else's */
        d->found = NULL;
        assert_true(machine_adopt(d->registry, "web", getpid()) >= 0);
        peer_settle(d->event);
        assert_int_equal(machine_unregister(d->registry, "web"), 0);
        assert_int_equal(d->n_unregister, 1);
}

/* Stops and starts again before machined has answered anything. */
static void test_in_the_blink_of_an_eye(void **state) {
        const MachineSpec spec = {
                        .name = "web", .machine_id = CONTAINER_ID, .leader = getpid(), .leader_pidfd = -1};
        Machined *d = *state;

        assert_int_equal(machine_unregister(d->registry, "web"), 0);
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(machine_register(d->registry, &spec), 1);
                assert_int_equal(machine_unregister(d->registry, "web"), 1);
        }
        peer_settle(d->event);
        assert_int_equal(d->n_plain, 1);
        assert_int_equal(d->n_unregister, 1);
        assert_int_equal(machine_unregister(d->registry, "web"), 0);

        assert_int_equal(machine_register(d->registry, &spec), 1);
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
        assert_int_equal(machine_register(d->registry, &spec), 1);
        peer_settle(d->event);
        assert_int_equal(d->n_plain, 3);
        assert_int_equal(d->n_unregister, 2);
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
}

static void test_rename(void **state) {
        MachineSpec spec = {
                .name = "web-old", .machine_id = CONTAINER_ID, .leader = getpid(), .leader_pidfd = -1
        };
        Machined *d = *state;

        /* out with the one, in with the other, however fast */
        register_web(d, -1);
        d->expected = "web-old";
        assert_int_equal(machine_rename(d->registry, "web", &spec), 1);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 1);
        assert_int_equal(d->n_plain, 2);
        assert_int_equal(machine_unregister(d->registry, "web"), 0);
        assert_int_equal(machine_unregister(d->registry, "web-old"), 1);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 2);
}

static void test_rename_of_what_another_process_registered(void **state) {
        MachineSpec spec = {
                .name = "new", .machine_id = CONTAINER_ID, .leader = getpid(), .leader_pidfd = -1
        };
        Machined *d = *state;

        d->expected = "new";
        d->found = "old";
        assert_int_equal(machine_rename(d->registry, "old", &spec), 1);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 1);
        assert_int_equal(d->n_plain, 1);
        assert_int_equal(machine_unregister(d->registry, "new"), 1);
        peer_settle(d->event);

        /* a machine of that name that is not ours stays */
        d->found = "somebody-else";
        assert_int_equal(machine_rename(d->registry, "old", &spec), 1);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 2);
        assert_int_equal(d->n_plain, 2);

        /* machined would refuse the name */
        spec.name = "a_b";
        d->found = "new";
        assert_int_equal(machine_rename(d->registry, "new", &spec), 0);
        peer_settle(d->event);
        assert_int_equal(d->n_unregister, 3);
        assert_int_equal(d->n_plain, 2);
}

static void test_pidfd_where_machined_takes_it(void **state) {
        _cleanup_close_ int fd = memfd_create("stands-for-a-pidfd", MFD_CLOEXEC);
        Machined *d = *state;

        register_web(d, fd);
        assert_int_equal(d->n_ex, 1);
        assert_int_equal(d->n_plain, 1);
        assert_int_equal(machine_unregister(d->registry, "web"), 1);
        register_web(d, fd); /* asked once, remembered */
        assert_int_equal(d->n_ex, 1);
        assert_int_equal(d->n_plain, 2);
}

static void test_pidfd_alone(void **state) {
        _cleanup_close_ int fd = memfd_create("stands-for-a-pidfd", MFD_CLOEXEC);
        Machined *d = *state;

        d->knows_ex = true;
        register_web(d, fd);
        register_web(d, fd);
        assert_int_equal(d->n_ex, 2);
        assert_int_equal(d->n_plain, 0);
}

static void test_absent_and_freed_while_waiting(void **state) {
        const MachineSpec spec = {
                        .name = "web", .machine_id = CONTAINER_ID, .leader = getpid(), .leader_pidfd = -1};
        Machined *d = *state;

        d->absent = true;
        register_web(d, -1);
        assert_int_equal(machine_register(d->registry, &spec), 1);
        d->registry = machine_registry_free(d->registry);
        peer_settle(d->event);
}

static void test_names(void **state) {
        static const char *const good[] = {"a", "web", "web-1", "a.b", "0", "x--y"},
                                 *const bad[] = {"", "a_b", "-a", "a-", "a.", ".a", "a..b", "a-.b", "a.-b"};
        const MachineSpec spec = {.name = "a_b",
                                  .machine_id = CONTAINER_ID,
                                  .leader = 1,
                                  .leader_pidfd = -1},
                          strange = {.name = "ab", .machine_id = "xyz", .leader = 1, .leader_pidfd = -1};
        Machined *d = *state;
        char name[66] = {};

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(machine_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(machine_name_is_valid(bad[i]));
        memset(name, 'a', 64);
        assert_true(machine_name_is_valid(name));
        name[64] = 'a';
        assert_false(machine_name_is_valid(name));

        assert_int_equal(machine_register(d->registry, &spec), 0);
        assert_int_equal(machine_unregister(d->registry, "a_b"), 0);
        assert_int_equal(machine_register(d->registry, &strange), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
                cmocka_unit_test_setup_teardown(test_leaving, setup, teardown),
                cmocka_unit_test_setup_teardown(test_adopted, setup, teardown),
                cmocka_unit_test_setup_teardown(test_in_the_blink_of_an_eye, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rename_of_what_another_process_registered, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_pidfd_where_machined_takes_it, setup, teardown),
                cmocka_unit_test_setup_teardown(test_pidfd_alone, setup, teardown),
                cmocka_unit_test_setup_teardown(test_absent_and_freed_while_waiting, setup, teardown),
                cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
