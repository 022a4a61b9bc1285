/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/object.h"
#include "peer.h"

static int append_container(sd_bus_message *m, const char *path, const char *id, uint64_t created_usec) {
        return sd_bus_message_append(m, "{oa{sa{sv}}}", path, 2, "org.freedesktop.DBus.Peer", 0,
                                     CREEL_CONTAINER, 8, "Id", "s", id, "Name", "s", "web", "State", "s",
                                     "running", "Command", "as", 2, "sh", "-c", "Labels", "a{ss}", 1, "k",
                                     "v", "CreatedUSec", "t", created_usec, "ExitCode", "i", -1, "Novelty",
                                     "(su)", "x", 3);
}

static int append_objects(sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, 'a', "{oa{sa{sv}}}");
        if (r >= 0)
                r = append_container(m, "/c/old", "aaa", 5);
        if (r >= 0)
                r = sd_bus_message_append(m, "{oa{sa{sv}}}", "/i/1", 1, CREEL_IMAGE, 3, "Id", "s",
                                          "sha256:1", "Tags", "as", 1, "x:1", "SizeBytes", "t", UINT64_C(7));
        if (r >= 0)
                r = append_container(m, "/c/new", "bbb", 9);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int handle(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        const char *path = sd_bus_message_get_path(m);

        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")) {
                if (sd_bus_message_new_method_return(m, &reply) < 0 || append_objects(reply) < 0)
                        _exit(1);
                return sd_bus_message_send(reply);
        }
        if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "GetAll"))
                return 0;
        if (streq(path, "/c/bad"))
                return sd_bus_reply_method_return(m, "a{sv}", 1, "Id", "u", 5);
        if (streq(path, "/c/short"))
                return sd_bus_reply_method_return(m, "a{sv}", 1, "Id", "s", "x");
        if (streq(path, CREEL_BUS_PATH))
                return sd_bus_reply_method_return(m, "a{sv}", 2, "Version", "s", "1", "NImages", "u", 4);
        return sd_bus_reply_method_return(m, "a{sv}", 4, "Id", "s", "aaa", "Name", "s", "web", "State", "s",
                                          "stopped", "Tty", "b", 1);
}

static void test_list(void **state) {
        _cleanup_(object_list_freep) ObjectList *l = NULL;
        Ctl c = {};
        pid_t pid = peer_start(&c, handle, NULL);

        assert_int_equal(object_list_get(&c, &l, NULL), 0);
        assert_int_equal(l->n_containers, 2);
        assert_int_equal(l->n_images, 1);
        assert_string_equal(l->containers[0]->path, "/c/new");
        assert_string_equal(l->containers[1]->id, "aaa");
        assert_true(strv_equal(l->containers[0]->command, (char *[]){ (char *) "sh", (char *) "-c", NULL }));
        assert_string_equal(l->containers[0]->labels[0], "k=v");
        assert_int_equal(l->containers[0]->exit_code, -1);
        assert_true(container_info_is_active(l->containers[0]));
        assert_string_equal(l->images[0]->tags[0], "x:1");
        assert_int_equal(l->images[0]->size_bytes, 7);
        peer_stop(&c, pid);
}

static void test_one(void **state) {
        _cleanup_(container_info_freep) ContainerInfo *info = NULL;
        _cleanup_(manager_info_freep) ManagerInfo *manager = NULL;
        _cleanup_failure_ Failure f = {};
        Ctl c = {};
        pid_t pid = peer_start(&c, handle, NULL);

        assert_true(container_info_get(&c, "/c/bad", &info, &f) < 0);
        assert_true(container_info_get(&c, "/c/short", &info, &f) < 0);
        assert_null(info);
        assert_int_equal(container_info_get(&c, "/c/web", &info, NULL), 0);
        assert_true(info->tty);
        assert_false(container_info_is_active(info));
        assert_int_equal(manager_info_get(&c, &manager, NULL), 0);
        assert_int_equal(manager->n_images, 4);
        assert_string_equal(manager->version, "1");
        peer_stop(&c, pid);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_list),
                cmocka_unit_test(test_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
