/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-request.h"

#include "test.h"

static void expect(MountSyntax syntax, const char *text, MountKind kind, const char *source,
                   const char *destination, const char *options) {
        _cleanup_(mount_request_done) MountRequest m = {};
        _cleanup_free_ char *joined = NULL;
        char hint[MOUNT_HINT_MAX];

        if (mount_request_parse(syntax, text, &m, hint) < 0)
                fail_msg("%s: %s", text, hint);
        assert_int_equal(m.kind, kind);
        assert_string_equal(strempty(m.source), strempty(source));
        assert_string_equal(strempty(m.destination), strempty(destination));
        assert_int_equal(strv_join(m.options, ",", &joined), 0);
        assert_string_equal(joined, options);
}

static void refuse(MountSyntax syntax, const char *text, const char *word) {
        _cleanup_(mount_request_done) MountRequest m = {};
        char hint[MOUNT_HINT_MAX] = "";

        if (mount_request_parse(syntax, text, &m, hint) != -EINVAL)
                fail_msg("'%s' passes", text);
        if (!strstr(hint, word))
                fail_msg("'%s' is refused with '%s', not for %s", text, hint, word);
}

static void test_volume(void **state) {
        const MountSyntax v = MOUNT_SYNTAX_VOLUME;

        expect(v, "/a:/b", MOUNT_KIND_BIND, "/a", "/b", "rbind,rprivate,nosuid,nodev");
        expect(v, "/a:/b:ro,noexec", MOUNT_KIND_BIND, "/a", "/b", "ro,noexec,rbind,rprivate,nosuid,nodev");
        expect(v, "/a:/b//./c/../d/:rshared,bind,suid,dev,Z", MOUNT_KIND_BIND, "/a", "/b/d",
               "rshared,bind,suid,dev");
        expect(v, "/a\\:b:/c", MOUNT_KIND_BIND, "/a:b", "/c", "rbind,rprivate,nosuid,nodev");
        expect(v, "/dev/null:/dev/x", MOUNT_KIND_BIND, "/dev/null", "/dev/x", "rbind,rprivate,nosuid");
        expect(v, "/data", MOUNT_KIND_VOLUME, NULL, "/data", "rbind,rprivate,nosuid,nodev");
        expect(v, "name-1:/data:nocopy", MOUNT_KIND_VOLUME, "name-1", "/data",
               "rbind,rprivate,nosuid,nodev");
        expect(v, "/a:/b:O", MOUNT_KIND_OVERLAY, NULL, "/b", "nosuid,nodev");

        refuse(v, "", "empty");
        refuse(v, ":/b", "[SOURCE:]");
        refuse(v, "/a:", "absolute");
        refuse(v, "/a:b", "absolute");
        refuse(v, "/a:/", "/");
        refuse(v, "/a:/b/..", "/");
        refuse(v, "/a:/b:", "[SOURCE:]");
        refuse(v, "/a:/b:ro:rw", "[SOURCE:]");
        refuse(v, "/a:/b:ro,rw", "rw");
        refuse(v, "/a:/b:ro,ro", "ro");
        refuse(v, "/a:/b:private,shared", "shared");
        refuse(v, "/a:/b:nonsense", "nonsense");
        refuse(v, "/a:/b:size=1m", "size");
        refuse(v, "/a:/b:ro=true", "value");
        refuse(v, "/a:/b:,ro", "empty");
        refuse(v, "./a:/b", "absolute path on the host");
        refuse(v, "na/me:/b", "name");
        refuse(v, "-x:/b", "name");
        refuse(v, "/a:/b:O,U", "U");
        refuse(v, "/a:/b:O,upperdir=/u", "together");
        refuse(v, "/a:/b:upperdir=/u,workdir=/w", "upperdir");
        refuse(v, "/b:O", "absolute");
}

static void test_mount(void **state) {
        const MountSyntax m = MOUNT_SYNTAX_MOUNT;

        expect(m, "type=bind,source=/a,target=/b", MOUNT_KIND_BIND, "/a", "/b",
               "rbind,rprivate,nosuid,nodev");
        expect(m, "src=/a,dst=/b,type=bind,readonly", MOUNT_KIND_BIND, "/a", "/b",
               "ro,rbind,rprivate,nosuid,nodev");
        expect(m, "type=bind,src=/a,destination=/b,ro=false,bind-propagation=rslave,bind-nonrecursive",
               MOUNT_KIND_BIND, "/a", "/b", "rw,rslave,bind,nosuid,nodev");
        expect(m, "type=bind,\"src=/a,\"\"b\",dst=/b,relabel=shared,chown=TRUE", MOUNT_KIND_BIND, "/a,\"b",
               "/b", "rbind,rprivate,nosuid,nodev");
        expect(m, "type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770,notmpcopyup", MOUNT_KIND_TMPFS, NULL,
               "/t", "size=64m,mode=1770,nosuid,nodev");
        expect(m, "type=ramfs,dst=/t", MOUNT_KIND_RAMFS, NULL, "/t", "nosuid,nodev");
        expect(m, "type=devpts,dst=/p,uid=1,gid=5,mode=600,max=9", MOUNT_KIND_DEVPTS, NULL, "/p",
               "uid=1,gid=5,mode=600,max=9,nosuid,noexec");
        expect(m, "type=image,source=fedora,dst=/i,rw=true,subpath=etc", MOUNT_KIND_IMAGE, "fedora", "/i",
               "rw,nosuid,nodev");
        expect(m, "type=volume,source=v,target=/v,volume-nocopy", MOUNT_KIND_VOLUME, "v", "/v",
               "rbind,rprivate,nosuid,nodev");
        expect(m, "type=volume,target=/v", MOUNT_KIND_VOLUME, NULL, "/v", "rbind,rprivate,nosuid,nodev");
        expect(m, "type=glob,src=/usr/lib/x*", MOUNT_KIND_GLOB, "/usr/lib/x*", NULL,
               "rbind,rprivate,nosuid,nodev");

        refuse(m, "source=/a,target=/b", "type=");
        refuse(m, "type=moon,target=/b", "moon");
        refuse(m, "type=overlay,target=/b", "overlay");
        refuse(m, "type=bind,type=bind,source=/a,target=/b", "once");
        refuse(m, "type=bind,target=/b", "source=");
        refuse(m, "type=bind,source=,target=/b", "source");
        refuse(m, "type=bind,source,target=/b", "VALUE");
        refuse(m, "type=bind,source=/a", "target=");
        refuse(m, "type=bind,source=/a,target=b", "absolute");
        refuse(m, "type=bind,source=/a,src=/c,target=/b", "src");
        refuse(m, "type=bind,source=/a,target=/b,dst=/c", "dst");
        refuse(m, "type=bind,source=/a,target=/b,ro=maybe", "true or false");
        refuse(m, "type=bind,source=/a,target=/b,bind-propagation=loud", "bind-propagation");
        refuse(m, "type=bind,source=/a,target=/b,relabel=x", "relabel");
        refuse(m, "type=bind,source=/a,target=/b,tmpfs-size=1m", "tmpfs-size");
        refuse(m, "type=bind,source=/a,target=/b,", "empty");
        refuse(m, "type=bind,\"source=/a,target=/b", "quotes");
        refuse(m, "type=tmpfs,source=/a,target=/b", "source");
        refuse(m, "type=tmpfs,target=/b,tmpfs-size=big", "tmpfs-size");
        refuse(m, "type=tmpfs,target=/b,tmpfs-mode=8", "tmpfs-mode");
        refuse(m, "type=tmpfs,target=/b,tmpcopyup,notmpcopyup", "notmpcopyup");
        refuse(m, "type=tmpfs,target=/b,shared", "shared");
        refuse(m, "type=image,target=/b", "IMAGE");
        refuse(m, "type=image,source=x,target=/b,subpath=../etc", "..");
        refuse(m, "type=volume,source=a/b,target=/b", "name");
        refuse(m, "type=volume,target=/b,volume-opt=x", "volume-opt");
}

static void test_others(void **state) {
        _cleanup_(mount_request_done) MountRequest m = {};
        char hint[MOUNT_HINT_MAX];

        expect(MOUNT_SYNTAX_TMPFS, "/t", MOUNT_KIND_TMPFS, NULL, "/t", "nosuid,nodev");
        expect(MOUNT_SYNTAX_TMPFS, "/t:size=10%,mode=700,exec", MOUNT_KIND_TMPFS, NULL, "/t",
               "size=10%,mode=700,exec,nosuid,nodev");
        refuse(MOUNT_SYNTAX_TMPFS, "t", "absolute");
        refuse(MOUNT_SYNTAX_TMPFS, "/t:", "DESTINATION");
        refuse(MOUNT_SYNTAX_TMPFS, "/t:a:b", "DESTINATION");
        refuse(MOUNT_SYNTAX_TMPFS, "/t:Z", "Z");
        expect(MOUNT_SYNTAX_BIND, "/a", MOUNT_KIND_BIND, "/a", "/a", "rbind,rprivate");
        expect(MOUNT_SYNTAX_BIND_RO, "/a:/b:norbind", MOUNT_KIND_BIND, "/a", "/b", "bind,rro,rprivate");
        refuse(MOUNT_SYNTAX_BIND, ":/b", "SOURCE");
        refuse(MOUNT_SYNTAX_BIND, "/a:/b:ro", "ro");
        expect(MOUNT_SYNTAX_INACCESSIBLE, "/etc/../x", MOUNT_KIND_INACCESSIBLE, NULL, "/x", "");

        assert_int_equal(mount_request_parse(MOUNT_SYNTAX_OVERLAY, "/l1:/l2:/u:/d", &m, hint), 0);
        assert_int_equal(strv_length(m.lowers), 2);
        assert_string_equal(m.upper, "/u");
        assert_string_equal(m.work, "/u.work");
        assert_string_equal(m.destination, "/d");
        assert_true(m.writable);
        mount_request_done(&m);
        assert_int_equal(mount_request_parse(MOUNT_SYNTAX_OVERLAY, "/l1::/d", &m, hint), 0);
        assert_null(m.upper);
        mount_request_done(&m);
        assert_int_equal(mount_request_parse(MOUNT_SYNTAX_OVERLAY_RO, "/l1:/d", &m, hint), 0);
        assert_int_equal(strv_length(m.lowers), 2);
        assert_false(m.writable);
        refuse(MOUNT_SYNTAX_OVERLAY, "/a", "LOWER");
        refuse(MOUNT_SYNTAX_OVERLAY, "+/var::/var", "+/var");
        refuse(MOUNT_SYNTAX_OVERLAY, "a:/b:/c", "path");
}

static void test_clean(void **state) {
        static const char *const cases[][2] = {
                { "/", "/" },     { "//", "/" },         { "/a/", "/a" },           { "/a//b", "/a/b" },
                { "/..", "/" },   { "/../../a", "/a" },  { "/a/./b/../c", "/a/c" }, { "/...", "/..." },
                { "/a/..", "/" }, { "/a/b/../..", "/" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *clean = NULL;

                assert_int_equal(mount_path_clean(cases[i][0], &clean), 0);
                assert_string_equal(clean, cases[i][1]);
        }
        assert_int_equal(mount_path_clean("a", NULL), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_volume),
                cmocka_unit_test(test_mount),
                cmocka_unit_test(test_others),
                cmocka_unit_test(test_clean),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
