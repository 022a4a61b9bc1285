/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/option.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "test.h"

static bool all, detach, tty;
static const char *name;
static char **env;
static uint64_t timeout_usec, count;
static bool global_quiet, global_all;

static const Option verb_options[] = {
        { "all", 'a', NULL, "All", option_set_flag, &all },
        { "detach", 'd', NULL, "Detach", option_set_flag, &detach },
        { "tty", 't', NULL, "Terminal", option_set_flag, &tty },
        { "name", 'n', "NAME", "Name", option_set_string, &name },
        { "env", 'e', "NAME=VALUE", "Environment", option_set_strv, &env },
        { "time", 0, "SECONDS", "Time", option_set_seconds, &timeout_usec },
        { "count", 0, "NUMBER", "Count", option_set_count, &count },
        {},
};

static const Option global_options[] = {
        { "quiet", 'q', NULL, "Quiet", option_set_flag, &global_quiet },
        { "all", 'a', NULL, "Never reached", option_set_flag, &global_all },
        { "no-pager", 0, NULL, "Nothing", option_ignore, NULL },
        {},
};

static int setup(void **state) {
        all = detach = tty = global_quiet = global_all = false;
        name = NULL;
        env = strv_free(env);
        timeout_usec = count = 0;
        return 0;
}

static int parse(OptionOrder order, char **words, Failure *f) {
        return option_parse((const Option *const[]){ verb_options, global_options, NULL }, order, "try",
                            words, f);
}

#define WORDS(...) ((char **) (const char *[]){ __VA_ARGS__, NULL })

static void test_spellings(void **state) {
        char **words = WORDS("one", "--name", "x", "-e", "A=1", "--env=B=2", "-eC=3", "-e=D=4", "-dt", "two",
                             "--all=false", "-q");
        _cleanup_failure_ Failure f = {};

        assert_int_equal(parse(OPTIONS_ANYWHERE, words, &f), 2);
        assert_string_equal(words[0], "one");
        assert_string_equal(words[1], "two");
        assert_null(words[2]);
        assert_string_equal(name, "x");
        assert_true(strv_equal(env, WORDS("A=1", "B=2", "C=3", "D=4")));
        assert_true(detach && tty && !all && global_quiet && !global_all);
}

static void test_order(void **state) {
        char **words = WORDS("-d", "image", "-t", "--name", "x");
        char **dashes = WORDS("-d", "--", "-t", "-");

        assert_int_equal(parse(OPTIONS_FIRST, words, NULL), 4);
        assert_string_equal(words[1], "-t");
        assert_true(detach && !tty && !name);
        assert_int_equal(parse(OPTIONS_ANYWHERE, dashes, NULL), 2);
        assert_string_equal(dashes[0], "-t");
        assert_string_equal(dashes[1], "-");
        assert_false(tty);
}

static void test_letters(void **state) {
        assert_int_equal(parse(OPTIONS_ANYWHERE, WORDS("-dn", "x", "-t=false"), NULL), 0);
        assert_string_equal(name, "x");
        assert_true(detach);
        assert_false(tty);
        assert_int_equal(parse(OPTIONS_ANYWHERE, WORDS("-tnlong"), NULL), 0);
        assert_string_equal(name, "long");
}

static void test_values(void **state) {
        assert_int_equal(parse(OPTIONS_ANYWHERE, WORDS("--time", "5", "--count=18446744073709551615"), NULL),
                         0);
        assert_int_equal(timeout_usec, 5 * USEC_PER_SEC);
        assert_true(count == UINT64_MAX);
        assert_int_equal(parse(OPTIONS_ANYWHERE, WORDS("--name="), NULL), 0);
        assert_string_equal(name, "");
}

static void refuse(char **words, const char *text) {
        _cleanup_failure_ Failure f = {};

        assert_int_equal(parse(OPTIONS_ANYWHERE, words, &f), -EINVAL);
        assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        assert_non_null(strstr(f.text, text));
}

static void test_refused(void **state) {
        refuse(WORDS("--nam", "x"), "unknown option '--nam' for 'try'; see creelctl try --help");
        refuse(WORDS("--frob=1"), "unknown option '--frob'");
        refuse(WORDS("-dz"), "unknown option '-z'");
        refuse(WORDS("--name"), "option '--name' needs a value: NAME");
        refuse(WORDS("-dn"), "option '--name' needs a value");
        refuse(WORDS("--all=maybe"), "must be true or false");
        refuse(WORDS("--time", "1s"), "must be a number of seconds");
        refuse(WORDS("--time", "18446744073709551615"), "must be a number of seconds");
        refuse(WORDS("--count", "-1"), "must be a number");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_spellings, setup, setup),
                cmocka_unit_test_setup_teardown(test_order, setup, setup),
                cmocka_unit_test_setup_teardown(test_letters, setup, setup),
                cmocka_unit_test_setup_teardown(test_values, setup, setup),
                cmocka_unit_test_setup_teardown(test_refused, setup, setup),
        };

        log_setup("creelctl", LOG_INFO);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
