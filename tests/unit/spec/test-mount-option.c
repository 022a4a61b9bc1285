/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-option.h"

#include "test.h"

static void test_attributes(void **state) {
        const char *words[] = { "nosuid", "nodev", "ro", "strictatime", "mode=755", "rro", "idmap", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_int_equal(o.attr_set,
                         MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY | MOUNT_ATTR_STRICTATIME);
        assert_int_equal(o.attr_clear, MOUNT_ATTR__ATIME);
        assert_int_equal(o.recursive_set, MOUNT_ATTR_RDONLY);
        assert_true(o.idmap);
        assert_false(o.bind);
        assert_int_equal(strv_length(o.data), 1);
        assert_string_equal(o.data[0], "mode=755");
}

static void test_last_one_wins(void **state) {
        const char *words[] = { "ro", "nosuid", "rw", "noatime", "relatime", "suid", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_int_equal(o.attr_set, 0);
        assert_int_equal(o.attr_clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME);
}

static void test_bind_and_propagation(void **state) {
        const char *words[] = { "rbind", "rslave", "async", "r", "rw", NULL };
        _cleanup_(mount_options_done) MountOptions o = {};

        assert_int_equal(mount_options_parse((char *const *) words, &o), 0);
        assert_true(o.bind && o.recursive_bind && o.propagation_recursive);
        assert_int_equal(o.propagation, MS_SLAVE);
        assert_int_equal(strv_length(o.data), 1);
        assert_string_equal(o.data[0], "r");
}

static void test_propagation_words(void **state) {
        uint64_t propagation = 0;
        bool recursive = true;

        assert_int_equal(mount_propagation_parse("shared", &propagation, &recursive), 0);
        assert_int_equal(propagation, MS_SHARED);
        assert_false(recursive);
        assert_int_equal(mount_propagation_parse("rprivate", &propagation, &recursive), 0);
        assert_true(recursive);
        assert_int_equal(mount_propagation_parse("", &propagation, &recursive), -EINVAL);
        assert_int_equal(mount_propagation_parse("rrslave", &propagation, &recursive), -EINVAL);
}

/* The table of the runtime-spec 1.2 (config-linux.md, "Linux mount options"): no word of it is the file
 * system's. */
static void test_every_word_is_known(void **state) {
        static const char *const words[] = {
                "async",
                "atime",
                "bind",
                "defaults",
                "dev",
                "diratime",
                "dirsync",
                "exec",
                "iversion",
                "lazytime",
                "loud",
                "mand",
                "noatime",
                "nodev",
                "nodiratime",
                "noexec",
                "noiversion",
                "nolazytime",
                "nomand",
                "norelatime",
                "nostrictatime",
                "nosuid",
                "nosymfollow",
                "private",
                "ratime",
                "rbind",
                "rdev",
                "rdiratime",
                "relatime",
                "remount",
                "rexec",
                "rnoatime",
                "rnodev",
                "rnodiratime",
                "rnoexec",
                "rnorelatime",
                "rnostrictatime",
                "rnosuid",
                "rnosymfollow",
                "ro",
                "rprivate",
                "rrelatime",
                "rro",
                "rrw",
                "rshared",
                "rslave",
                "rstrictatime",
                "rsuid",
                "rsymfollow",
                "runbindable",
                "rw",
                "shared",
                "silent",
                "slave",
                "strictatime",
                "suid",
                "symfollow",
                "sync",
                "unbindable",
                "idmap",
                "ridmap",
                "rsync",
                "rasync",
                "rdirsync",
                "rmand",
                "rnomand",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_(mount_options_done) MountOptions o = {};
                const char *one[] = { words[i], NULL };

                assert_int_equal(mount_options_parse((char *const *) one, &o), 0);
                /* Flags of the file system are for it under their plain names. */
                if (o.data && !streq(o.data[0], *words[i] == 'r' ? words[i] + 1 : words[i]))
                        fail_msg("%s is taken for the file system's", words[i]);
                if (o.data && !strstr(" sync dirsync lazytime mand ", o.data[0]))
                        fail_msg("%s is taken for the file system's", words[i]);
        }
}

/* None of what is said to be known goes to the file system under a name of its own. */
static void test_words(void **state) {
        _cleanup_strv_free_ char **words = NULL;

        assert_int_equal(mount_option_words(&words), 0);
        assert_true(strv_contains(words, "rro") && strv_contains(words, "ridmap") &&
                    strv_contains(words, "runbindable") && strv_contains(words, "nolazytime"));
        assert_false(strv_contains(words, "rdefaults"));
        STRV_FOREACH(word, words) {
                _cleanup_(mount_options_done) MountOptions o = {};
                char *one[] = { *word, NULL };

                if (streq(*word, "tmpcopyup"))
                        continue;
                assert_int_equal(mount_options_parse(one, &o), 0);
                if (o.data && !strstr(" sync dirsync lazytime mand ", o.data[0]))
                        fail_msg("%s is for the file system", *word);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_attributes),
                cmocka_unit_test(test_last_one_wins),
                cmocka_unit_test(test_bind_and_propagation),
                cmocka_unit_test(test_propagation_words),
                cmocka_unit_test(test_every_word_is_known),
                cmocka_unit_test(test_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
