/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "unit/scope-property.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

/* The properties as sd_bus_message_dump() shows them. */
static char *dump(const ScopeSpec *spec, unsigned version, bool use_pidfd) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        char *text = NULL;
        size_t size;
        FILE *f;
        int p[2];

        /* A message can be built as soon as the bus is started, before anybody answers. */
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p), 0);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_fd(bus, p[0], p[0]) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_message_new_signal(bus, &m, "/x", "a.b", "C") >= 0);
        assert_true(scope_append_properties(m, spec, version, use_pidfd) >= 0);
        assert_true(sd_bus_message_seal(m, 1, 0) >= 0);
        f = open_memstream(&text, &size);
        assert_non_null(f);
        assert_true(sd_bus_message_dump(m, f, 0) >= 0);
        assert_int_equal(fclose(f), 0);
        (void) close(p[1]);
        return text;
}

static bool has(const char *text, const char *name, const char *value) {
        char quoted[64];
        const char *p;

        (void) snprintf(quoted, sizeof(quoted), "STRING \"%s\";", name);
        p = strstr(text, quoted);
        return p && (!value || strstr(p, value));
}

static void test_defaults(void **state) {
        const ScopeSpec spec = {.unit = "creel-web.scope", .pid = 4711, .pidfd = -1};
        _cleanup_free_ char *text = dump(&spec, 252, true);

        assert_true(has(text, "PIDs", "UINT32 4711"));
        assert_true(has(text, "Slice", "\"machine.slice\""));
        assert_true(has(text, "Description", "\"creel-web.scope\""));
        assert_true(has(text, "Delegate", "BOOLEAN true"));
        assert_true(has(text, "CollectMode", "\"inactive-or-failed\""));
        assert_true(has(text, "KillMode", "\"control-group\""));
        assert_true(has(text, "After", "\"creeld.service\""));
        assert_true(has(text, "DevicePolicy", "\"closed\""));
        assert_true(has(text, "DeviceAllow", "\"char-pts\""));
        assert_true(has(text, "SendSIGHUP", "BOOLEAN false"));
        assert_true(has(text, "MemoryAccounting", "BOOLEAN true"));
        for (const char *const *name =
                             (const char *const[]){"MemoryMax", "MemorySwapMax", "CPUQuotaPerSecUSec",
                                                   "TasksMax", "OOMPolicy", "PIDFDs", "TimeoutStopUSec",
                                                   "KillSignal", "Controller", NULL};
             *name; name++)
                assert_false(has(text, *name, NULL));
}

static void test_limits(void **state) {
        UnitProperties p = {};
        cpu_set_t cpus;

        CPU_ZERO(&cpus);
        CPU_SET(0, &cpus);
        CPU_SET(2, &cpus);
        assert_int_equal(unit_properties_add_number(&p, "MemoryMax", 64 << 20), 0);
        assert_int_equal(unit_properties_add_number(&p, "TasksMax", UINT64_MAX), 0);
        assert_int_equal(unit_properties_add_boolean(&p, "IPAccounting", true), 0);
        assert_int_equal(unit_properties_add_string(&p, "ManagedOOMSwap", "kill"), 0);
        assert_int_equal(unit_properties_add_set(&p, "AllowedCPUs", &cpus), 0);
        assert_int_equal(unit_properties_add_device(&p, "IOReadBandwidthMax", "/dev/vda", 10), 0);
        assert_int_equal(unit_properties_add_device(&p, "IOReadBandwidthMax", "/dev/vdb", 20), 0);

        const ScopeSpec spec = { .unit = "creel-web.scope",
                                 .slice = "batch.slice",
                                 .description = "Container web",
                                 .pid = 1,
                                 .pidfd = -1,
                                 .timeout_stop_usec = 15000000,
                                 .kill_signal = 23,
                                 .properties = p };
        _cleanup_free_ char *text = dump(&spec, 253, false);

        assert_true(has(text, "Slice", "\"batch.slice\""));
        assert_true(has(text, "Description", "\"Container web\""));
        assert_true(has(text, "MemoryMax", "UINT64 67108864"));
        assert_true(has(text, "TasksMax", "UINT64 18446744073709551615"));
        assert_true(has(text, "IPAccounting", "BOOLEAN true"));
        assert_true(has(text, "ManagedOOMSwap", "\"kill\""));
        assert_true(has(text, "AllowedCPUs", "BYTE 5"));
        assert_true(has(text, "IOReadBandwidthMax", "\"/dev/vdb\""));
        assert_true(has(text, "TimeoutStopUSec", "UINT64 15000000"));
        assert_true(has(text, "KillSignal", "INT32 23"));
        assert_true(has(text, "OOMPolicy", "\"continue\""));
        unit_properties_done(&p);
}

static void test_copy(void **state) {
        _cleanup_close_ int fd = memfd_create("stands-for-a-pidfd", MFD_CLOEXEC);
        UnitProperties p = {};

        assert_int_equal(unit_properties_add_number(&p, "TasksMax", 9), 0);

        const ScopeSpec spec = {
                .unit = "creel-web.scope", .slice = "batch.slice", .pid = 7, .pidfd = fd, .properties = p
        };
        _cleanup_(scope_spec_freep) ScopeSpec *copy = NULL;

        assert_int_equal(scope_spec_copy(&spec, &copy), 0);
        assert_string_equal(copy->unit, spec.unit);
        assert_ptr_not_equal(copy->unit, spec.unit);
        assert_string_equal(copy->slice, "batch.slice");
        assert_null(copy->description);
        assert_true(copy->pidfd >= 0 && copy->pidfd != fd);
        assert_int_equal(unit_properties_find(&copy->properties, "TasksMax")->number, 9);
        unit_properties_done(&p);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                        cmocka_unit_test(test_defaults),
                        cmocka_unit_test(test_limits),
                        cmocka_unit_test(test_copy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
