/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "peer.h"

static void expect(const char *name, const char *message, FailureKind kind, const char *want) {
        const sd_bus_error e = SD_BUS_ERROR_MAKE_CONST(name, message);
        _cleanup_failure_ Failure f = {};

        assert_true(client_failure(&e, -EIO, &f) < 0);
        assert_int_equal(f.kind, kind);
        if (!strstr(f.text, want))
                fail_msg("%s: %s", name, f.text);
}

static void test_errors(void **state) {
        _cleanup_failure_ Failure f = {};

        expect("org.creel1.Error.NoSuchImage", "x: no such image", FAILURE_NO_SUCH_IMAGE,
               "x: no such image");
        expect("org.creel1.Error.Unheard", "text", FAILURE_SYSTEM, "text");
        expect(SD_BUS_ERROR_SERVICE_UNKNOWN, "The name is not activatable", FAILURE_SYSTEM,
               "systemctl status creeld");
        expect(SD_BUS_ERROR_NO_REPLY, "Remote peer disconnected", FAILURE_SYSTEM, "went away");
        expect(SD_BUS_ERROR_ACCESS_DENIED, "Rejected send message, 2 matched rules", FAILURE_SECURITY,
               "run it as root");
        expect(SD_BUS_ERROR_ACCESS_DENIED, "Access denied: polkit says no", FAILURE_SECURITY,
               "Access denied: polkit says no");
        expect(SD_BUS_ERROR_UNKNOWN_OBJECT, "Unknown object", FAILURE_NO_SUCH_CONTAINER,
               "removed in the meantime");
        assert_true(client_failure(NULL, -ECONNRESET, &f) < 0);
        assert_non_null(strstr(f.text, "bus went away"));
        assert_true(client_failure(NULL, -ENOMEM, &f) < 0);
}

static void test_lost(void **state) {
        assert_true(client_error_is_lost(&SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_NO_REPLY, "")));
        assert_true(client_error_is_lost(&SD_BUS_ERROR_MAKE_CONST(SD_BUS_ERROR_DISCONNECTED, "")));
        assert_false(client_error_is_lost(&SD_BUS_ERROR_MAKE_CONST("org.creel1.Error.System", "")));
}

static bool lost; /* in the peer: it has gone away once */

static int handle(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *name;

        if (!sd_bus_message_is_method_call(m, CREEL_MANAGER, "GetImage") ||
            sd_bus_message_read(m, "s", &name) < 0)
                return 0;
        if (streq(name, "lost") && !lost) {
                lost = true;
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_NO_REPLY, "creeld is gone");
        }
        if (streq(name, "x") || streq(name, "lost"))
                return sd_bus_reply_method_return(m, "o", "/image/x");
        return sd_bus_reply_method_errorf(m, "org.creel1.Error.NoSuchImage", "%s: no such image", name);
}

static void test_calls(void **state) {
        _cleanup_failure_ Failure f = {};
        char *path = NULL;
        Ctl c = {};
        pid_t pid = peer_start(&c, handle, NULL);

        assert_int_equal(client_find_image(&c, "x", &path, &f), 0);
        assert_string_equal(path, "/image/x");
        assert_int_equal(client_find_image(&c, "y", &path, &f), -ENOENT);
        assert_string_equal(f.text, "y: no such image");
        assert_int_equal(client_find_image(&c, "\xff", &path, &f), -EINVAL);
        assert_non_null(strstr(f.text, "UTF-8"));
        assert_string_equal(path, "/image/x");
        /* a creeld that goes away is asked again */
        assert_int_equal(client_find_image(&c, "lost", &path, &f), 0);
        free(path);
        peer_stop(&c, pid);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors),
                cmocka_unit_test(test_lost),
                cmocka_unit_test(test_calls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
