/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/event.h"
#include "spec/json.h"
#include "test.h"

#define STRINGS(...) ((char **) (const char *[]){ __VA_ARGS__, NULL })

static Event *event_new(const char *type, const char *action, const char *id, const char *attributes) {
        Event *e = new0(Event, 1);

        assert_non_null(e);
        e->time_usec = UINT64_C(1700000000) * USEC_PER_SEC + 5;
        e->type = strdup(type);
        e->action = strdup(action);
        e->id = strdup(id);
        assert_int_equal(event_set_attributes(e, attributes), 0);
        return e;
}

static char *print(const Event *e, bool json, const char *template) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_int_equal(event_print(e, json, template, out, NULL), 0);
        assert_int_equal(fclose(out), 0);
        return text;
}

static void test_print(void **state) {
        _cleanup_(event_freep) Event *e =
                        event_new("container", "died", "abc", "{\"name\":\"web\",\"exitCode\":\"3\"}");
        _cleanup_free_ char *people = NULL, *json = NULL, *through = NULL;
        static char zone[] = "TZ=UTC", *env[] = { zone, NULL };
        _cleanup_json_ json_object *o = NULL;
        const char *name;

        environ = env;
        tzset();
        people = print(e, false, NULL);
        assert_string_equal(people,
                            "2023-11-14 22:13:20.000005 +0000 container died abc (name=web, exitCode=3)\n");
        through = print(e, false, "{{.Status}} {{.Attributes.exitCode}}");
        assert_string_equal(through, "died 3\n");
        json = print(e, true, NULL);
        assert_int_equal(json_parse(json, strlen(json), 4096, &o), 0);
        assert_int_equal(json_get_string(o, "Name", &name), 0);
        assert_string_equal(name, "web");
        assert_non_null(strstr(json, "\"timeUSec\":1700000000000005"));
}

static void test_without_attributes(void **state) {
        _cleanup_(event_freep) Event *e = event_new("image", "remove", "sha256:1", "{}");
        _cleanup_free_ char *people = print(e, false, NULL);

        assert_true(endswith(people, " image remove sha256:1\n"));
        assert_int_equal(event_set_attributes(e, "[]"), -EBADMSG);
        assert_int_equal(event_set_attributes(e, "{\"a\":1}"), -EBADMSG);
        assert_int_equal(event_set_attributes(e, "{"), -EBADMSG);
}

static void test_filters(void **state) {
        _cleanup_(event_freep) Event *e =
                        event_new("container", "died", "abcdef", "{\"name\":\"web\",\"image\":\"x:1\"}");
        _cleanup_(event_freep) Event *i = event_new("image", "pull", "sha256:12", "{\"name\":\"x:1\"}");
        _cleanup_failure_ Failure f = {};

        assert_true(event_match(e, NULL));
        assert_true(event_match(e, STRINGS("type=container", "event=die")));
        assert_true(event_match(e, STRINGS("event=start", "event=died")));
        assert_false(event_match(e, STRINGS("type=image")));
        assert_true(event_match(e, STRINGS("container=web")));
        assert_true(event_match(e, STRINGS("container=abc")));
        assert_false(event_match(e, STRINGS("container=")));
        assert_false(event_match(e, STRINGS("container=we")));
        assert_true(event_match(e, STRINGS("image=x:1")));
        assert_true(event_match(i, STRINGS("image=x:1")));
        assert_true(event_match(i, STRINGS("image=sha256:1")));
        assert_false(event_match(i, STRINGS("container=x:1")));
        assert_int_equal(event_check_filters(STRINGS("type=image", "action=pull"), &f), 0);
        assert_int_equal(event_check_filters(STRINGS("kind=image"), &f), -EINVAL);
        assert_non_null(strstr(f.text, "kind=image"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_print),
                cmocka_unit_test(test_without_attributes),
                cmocka_unit_test(test_filters),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
