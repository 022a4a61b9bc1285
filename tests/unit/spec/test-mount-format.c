/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-format.h"

#include "test.h"

/* What comes out means the same. */
static void survives(MountSyntax syntax, const char *text) {
        _cleanup_(mount_request_done) MountRequest m = {}, again = {};
        _cleanup_free_ char *formatted = NULL;
        char hint[MOUNT_HINT_MAX];
        MountSyntax back;

        assert_int_equal(mount_request_parse(syntax, text, &m, hint), 0);
        assert_int_equal(mount_request_format(&m, &back, &formatted), 0);
        if (mount_request_parse(back, formatted, &again, hint) < 0)
                fail_msg("%s became %s: %s", text, formatted, hint);
        assert_int_equal(again.kind, m.kind);
        assert_string_equal(again.source, m.source);
        assert_string_equal(again.destination, m.destination);
        assert_string_equal(strempty(again.subpath), strempty(m.subpath));
        assert_int_equal(again.idmap, m.idmap);
        assert_int_equal(again.recursive_idmap, m.recursive_idmap);
        assert_int_equal(again.n_uids, m.n_uids);
        for (size_t i = 0; i < m.n_uids; i++)
                assert_memory_equal(again.uids + i, m.uids + i, sizeof(MountMapping));
        assert_int_equal(again.n_gids, m.n_gids);
        assert_true(again.chown == m.chown && again.no_copy == m.no_copy &&
                    again.no_dereference == m.no_dereference && again.writable == m.writable);
        STRV_FOREACH(i, m.options)
                assert_true(strv_contains(again.options, *i));
}

static void test_survive(void **state) {
        survives(MOUNT_SYNTAX_VOLUME, "/a:/b");
        survives(MOUNT_SYNTAX_VOLUME, "/a\\:b,\"c:/d\\:e:ro,rslave,bind,U,nocopy,no-dereference,noexec");
        survives(MOUNT_SYNTAX_VOLUME, "name:/b:ridmap=uids=@0-1-10#10-11-10;gids=0-100-10");
        survives(MOUNT_SYNTAX_VOLUME, "/a:/b:idmap");
        survives(MOUNT_SYNTAX_MOUNT, "type=bind,src=/a,dst=/b,\"subpath=x,y\",bind-nonrecursive,rro");
        survives(MOUNT_SYNTAX_MOUNT, "type=image,source=x/y:1,dst=/i,rw=true,subpath=etc");
        survives(MOUNT_SYNTAX_MOUNT, "type=image,source=x/y:1,dst=/i");
        survives(MOUNT_SYNTAX_BIND_RO, "/a:/b:rootidmap,norbind");
}

static void test_others(void **state) {
        _cleanup_(mount_request_done) MountRequest m = {};
        char hint[MOUNT_HINT_MAX], *text;
        MountSyntax syntax;

        assert_int_equal(mount_request_parse(MOUNT_SYNTAX_TMPFS, "/t", &m, hint), 0);
        assert_int_equal(mount_request_format(&m, &syntax, &text), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_survive),
                cmocka_unit_test(test_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
