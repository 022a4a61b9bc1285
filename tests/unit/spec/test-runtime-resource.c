/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/json.h"
#include "spec/runtime-resource.h"

#include "test.h"

static int parse(const char *text, RuntimeResources *ret, const char **key, const char **why) {
        _cleanup_json_ json_object *o = NULL;

        *key = *why = NULL;
        assert_int_equal(json_parse(text, strlen(text), 65536, &o), 0);
        return runtime_resources_parse(o, ret, key, why);
}

static const char full[] =
                "{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\","
                "\"major\":10,"
                "\"minor\":229,\"access\":\"rw\"},{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":-1}],"
                "\"memory\":{\"limit\":536870912,\"reservation\":9223372036854775807,\"swap\":-1,\"kernel\":"
                "-1,"
                "\"kernelTCP\":0,\"disableOOMKiller\":false,\"useHierarchy\":true,\"checkBeforeUpdate\":"
                "true},"
                "\"cpu\":{\"shares\":1024,\"quota\":-5,\"period\":500000,\"burst\":0,\"realtimeRuntime\":0,"
                "\"cpus\":\"2-3,5\",\"mems\":\"0-7\",\"idle\":1},\"pids\":{\"limit\":-2},"
                "\"blockIO\":{\"weight\":10,\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":500,"
                "\"leafWeight\":0}],\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}],"
                "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":18446744073709551615}]},"
                "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9223372036854772000}],"
                "\"network\":{\"classID\":0,\"priorities\":[]},"
                "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000},\"rxe3\":{\"hcaObjects\":0}},"
                "\"unified\":{\"io.max\":\"259:0 rbps=2097152\\n253:0 rbps=1\",\"hugetlb.1GB.max\":\"1\","
                "\"cpuset.cpus\":\"\"},\"unknown\":[]}";

static void test_full(void **state) {
        _cleanup_(runtime_resources_done) RuntimeResources r = {};
        const char *key, *why;

        assert_int_equal(parse(full, &r, &key, &why), 0);
        assert_int_equal(r.n_devices, 3);
        assert_false(r.devices[0].allow);
        assert_int_equal(r.devices[0].type, 'a');
        assert_true(r.devices[0].major == -1 && r.devices[0].mknod);
        assert_true(r.devices[1].allow && r.devices[1].read && r.devices[1].write && !r.devices[1].mknod);
        assert_int_equal(r.devices[1].minor, 229);
        assert_true(r.devices[2].minor == -1 && r.devices[2].mknod);
        assert_int_equal(r.memory_limit.value, 536870912);
        assert_true(r.memory_reservation.value == INT64_MAX);
        assert_true(r.memory_swap.set && r.memory_swap.value == -1 && r.memory_check_before_update);
        assert_int_equal(r.cpu_shares.value, 1024);
        assert_int_equal(r.cpu_quota.value, -1);
        assert_true(r.cpu_burst.set && r.cpu_idle.value == 1);
        assert_string_equal(r.cpus, "2-3,5");
        assert_string_equal(r.mems, "0-7");
        assert_int_equal(r.pids_limit.value, -1);
        assert_int_equal(r.block_weight.value, 10);
        assert_int_equal(r.block_weights[0].weight.value, 500);
        assert_int_equal(r.n_throttles, 2);
        assert_int_equal(r.throttles[0].kind, RUNTIME_THROTTLE_READ_BPS);
        assert_int_equal(r.throttles[1].kind, RUNTIME_THROTTLE_WRITE_IOPS);
        assert_true(r.throttles[1].minor == 16 && r.throttles[1].rate == UINT64_MAX);
        assert_string_equal(r.hugepages[0].page_size, "2MB");
        assert_int_equal(r.n_rdma, 2);
        assert_true(r.rdma[0].handles.value == 3 && !r.rdma[1].handles.set && r.rdma[1].objects.set);
        assert_string_equal(r.rdma[1].device, "rxe3");
        assert_int_equal(strv_length(r.unified), 3);
        assert_string_equal(r.unified[2], "cpuset.cpus=");
}

static void test_nothing_given(void **state) {
        _cleanup_(runtime_resources_done) RuntimeResources r = {}, z = {};
        const char *key, *why;

        assert_int_equal(parse("{}", &r, &key, &why), 0);
        assert_false(r.memory_limit.set || r.cpu_shares.set || r.pids_limit.set);
        assert_int_equal(parse("{\"memory\":{\"limit\":0,\"swap\":0},\"cpu\":{\"shares\":0,\"quota\":0,"
                               "\"period\":0,\"cpus\":\"\"},\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":"
                               "0},"
                               "\"rdma\":null,\"devices\":null}",
                               &z, &key, &why),
                         0);
        assert_false(z.memory_limit.set || z.cpu_shares.set || z.cpu_quota.set || z.cpu_period.set ||
                     z.pids_limit.set || z.block_weight.set);
        assert_true(z.memory_swap.set && !z.cpus);
}

static void test_shares_are_bounded(void **state) {
        _cleanup_(runtime_resources_done) RuntimeResources r = {}, s = {};
        const char *key, *why;

        assert_int_equal(parse("{\"cpu\":{\"shares\":1}}", &r, &key, &why), 0);
        assert_int_equal(r.cpu_shares.value, 2);
        assert_int_equal(parse("{\"cpu\":{\"shares\":999999}}", &s, &key, &why), 0);
        assert_int_equal(s.cpu_shares.value, 262144);
}

static void test_bad(void **state) {
        static const char *const bad[][2] = {
                { "{\"memory\":1}", "memory" },
                { "{\"memory\":{\"limit\":-2}}", "memory.limit" },
                { "{\"memory\":{\"limit\":9223372036854775808}}", "memory.limit" },
                { "{\"memory\":{\"limit\":\"1\"}}", "memory.limit" },
                { "{\"memory\":{\"limit\":1.5}}", "memory.limit" },
                { "{\"memory\":{\"kernel\":4096}}", "memory.kernel" },
                { "{\"memory\":{\"swappiness\":0}}", "memory.swappiness" },
                { "{\"memory\":{\"disableOOMKiller\":true}}", "memory.disableOOMKiller" },
                { "{\"memory\":{\"useHierarchy\":1}}", "memory.useHierarchy" },
                { "{\"memory\":{\"checkBeforeUpdate\":1}}", "memory.checkBeforeUpdate" },
                { "{\"cpu\":{\"shares\":-1}}", "cpu.shares" },
                { "{\"cpu\":{\"idle\":2}}", "cpu.idle" },
                { "{\"cpu\":{\"quota\":10,\"burst\":11}}", "cpu.burst" },
                { "{\"cpu\":{\"realtimeRuntime\":950000}}", "cpu.realtimeRuntime" },
                { "{\"cpu\":{\"cpus\":\"a\"}}", "cpu.cpus" },
                { "{\"cpu\":{\"mems\":1}}", "cpu.mems" },
                { "{\"pids\":[]}", "pids" },
                { "{\"pids\":{\"limit\":true}}", "pids.limit" },
                { "{\"blockIO\":{\"weight\":9}}", "blockIO.weight" },
                { "{\"blockIO\":{\"weight\":1001}}", "blockIO.weight" },
                { "{\"blockIO\":{\"leafWeight\":10}}", "blockIO.leafWeight" },
                { "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}", "blockIO.weightDevice" },
                { "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"weight\":10}]}}", "blockIO.weightDevice" },
                { "{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"leafWeight\":10}]}}",
                  "blockIO.weightDevice" },
                { "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0}]}}",
                  "blockIO.throttleReadBpsDevice" },
                { "{\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":-1}]}}",
                  "blockIO.throttleWriteIOPSDevice" },
                { "{\"blockIO\":{\"throttleReadIOPSDevice\":[8]}}", "blockIO.throttleReadIOPSDevice" },
                { "{\"devices\":{}}", "devices" },
                { "{\"devices\":[1]}", "devices" },
                { "{\"devices\":[{\"access\":\"r\"}]}", "devices" },
                { "{\"devices\":[{\"allow\":true,\"type\":\"p\"}]}", "devices" },
                { "{\"devices\":[{\"allow\":true,\"type\":1}]}", "devices" },
                { "{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}", "devices" },
                { "{\"devices\":[{\"allow\":true,\"major\":-2}]}", "devices" },
                { "{\"devices\":[{\"allow\":true,\"minor\":4294967296}]}", "devices" },
                { "{\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]}", "hugepageLimits" },
                { "{\"hugepageLimits\":[{\"pageSize\":\"../x\",\"limit\":1}]}", "hugepageLimits" },
                { "{\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]}", "hugepageLimits" },
                { "{\"network\":{\"classID\":1}}", "network.classID" },
                { "{\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}}",
                  "network.priorities" },
                { "{\"rdma\":{\"a\":{}}}", "rdma" },
                { "{\"rdma\":{\"a b\":{\"hcaHandles\":1}}}", "rdma" },
                { "{\"rdma\":{\"a\":{\"hcaHandles\":4294967296}}}", "rdma" },
                { "{\"rdma\":{\"a\":1}}", "rdma" },
                { "{\"unified\":{\"a\":1}}", "unified" },
                { "{\"unified\":{\"../x\":\"1\"}}", "unified" },
                { "{\"unified\":{\"..\":\"1\"}}", "unified" },
                { "{\"unified\":{\"\":\"1\"}}", "unified" },
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(runtime_resources_done) RuntimeResources r = {};
                const char *key, *why;

                if (parse(bad[i][0], &r, &key, &why) != -EBADMSG)
                        fail_msg("%s passes", bad[i][0]);
                assert_string_equal(key, bad[i][1]);
                assert_non_null(why);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_full),
                cmocka_unit_test(test_nothing_given),
                cmocka_unit_test(test_shares_are_bounded),
                cmocka_unit_test(test_bad),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
