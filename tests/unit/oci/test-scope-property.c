/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <json-c/json.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/scope-property.h"

#include "test.h"

static void check_resources(const char *json, const char *expected) {
        _cleanup_(runtime_resources_done) RuntimeResources res = {};
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *joined = NULL;
        json_object *o = json_tokener_parse(json);
        const char *key, *text;

        assert_non_null(o);
        assert_int_equal(runtime_resources_parse(o, &res, &key, &text), 0);
        assert_int_equal(oci_scope_resources(&res, &l, &f), 0);
        assert_int_equal(strv_join(l, ";", &joined), 0);
        assert_string_equal(joined, expected);
        (void) json_object_put(o);
}

static void test_resources(void **state) {
        check_resources("{}", "");
        check_resources("{\"memory\":{\"limit\":1000,\"swap\":3000}}",
                        "MemorySwapMax=uint64 2000;MemoryMax=uint64 1000");
        check_resources("{\"cpu\":{\"quota\":1,\"period\":3000,\"cpus\":\"0,9\"}}",
                        "CPUQuotaPerSecUSec=uint64 334;CPUQuotaPeriodUSec=uint64 3000;AllowedCPUs=@ay "
                        "[1,2]");
        check_resources("{\"cpu\":{\"shares\":1024,\"idle\":1}}", "CPUWeight=uint64 0");
        check_resources("{\"pids\":{\"limit\":-1}}", "TasksMax=uint64 18446744073709551615");
        check_resources("{\"unified\":{\"memory.high\":\"max\",\"pids.max\":\"5\"}}",
                        "MemoryHigh=uint64 18446744073709551615;TasksMax=uint64 5");
        check_resources("{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":6},{"
                        "\"major\":8,\"minor\":1,\"rate\":7}]}}",
                        "IOReadBandwidthMax=[('/dev/block/8:0', uint64 6), ('/dev/block/8:1', uint64 7)]");
}

static void check_annotation(const char *text, const char *expected) {
        char *annotations[] = { (char *) text, NULL };
        _cleanup_strv_free_ char **l = NULL;
        _cleanup_failure_ Failure f = {};
        int r = oci_scope_annotations(annotations, &l, &f);

        if (expected) {
                assert_int_equal(r, 0);
                assert_string_equal(l[0], expected);
        } else {
                assert_true(r < 0);
                assert_non_null(f.text);
        }
}

static void test_annotations(void **state) {
        check_annotation("org.systemd.property.CollectMode='inactive-or-failed'",
                         "CollectMode='inactive-or-failed'");
        check_annotation("org.systemd.property.TimeoutStopSec=uint64 5", "TimeoutStopUSec=uint64 5000000");
        check_annotation("org.systemd.property.TimeoutStopSec=1.5", "TimeoutStopUSec=uint64 1500000");
        check_annotation("org.systemd.property.TimeoutStopUSec=uint64 5", "TimeoutStopUSec=uint64 5");
        check_annotation("org.systemd.property.TimeoutStopSec='x'", NULL);
        check_annotation("org.systemd.property.TimeoutStopSec=-5", NULL);
        check_annotation("org.systemd.property.A=inactive", NULL);
        check_annotation("org.systemd.property.=5", NULL);
        check_annotation("org.systemd.property.A-B=5", NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_resources),
                cmocka_unit_test(test_annotations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
