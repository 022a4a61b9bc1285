/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "compile-fixture.h"
#include "engine/journal-link.h"
#include "life-fixture.h"

#define ID "0123456789abcdef0123456789abcdef"

typedef struct Place {
        char path[32], journal[48], mine[96];
} Place;

static Place place_new(void) {
        Place p = { .path = "/tmp/test-journal-XXXXXX" };

        assert_non_null(mkdtemp(p.path));
        (void) snprintf(p.journal, sizeof(p.journal), "%s/journal", p.path);
        (void) snprintf(p.mine, sizeof(p.mine), "%s/" ID, p.journal);
        return p;
}

static void place_done(Place *p) {
        _cleanup_close_ int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_int_equal(path_remove_tree(tmp, p->path + strlen("/tmp/"), 100), 0);
}

static int plan(Case *c, const Place *p, JournalLink *ret) {
        _cleanup_failure_ Failure f = {};
        int r = journal_link_plan(NULL, c->record, p->journal, ID, ret, &f);

        if (r < 0)
                assert_int_equal(f.kind, FAILURE_INVALID_ARGUMENT);
        return r;
}

static void test_plan(void **state) {
        _cleanup_(place_done) Place p = place_new();
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
        JournalLink l;

        /* no journal on disk: only who insists is refused */
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_NO);
        set(&c, "link-journal", "try-host");
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_NO);
        set(&c, "link-journal", "host");
        assert_true(plan(&c, &p, &l) < 0);

        assert_int_equal(mkdir(p.journal, 0755), 0);
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_HOST);
        assert_string_equal(l.source, p.mine);
        journal_link_done(&l);
        set(&c, "link-journal", "auto");
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_NO);
        assert_int_equal(mkdir(p.mine, 0755), 0);
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_HOST);
        journal_link_done(&l);
}

/* A machine ID that a container has made up shows it nobody else's journal. */
static void test_another(void **state) {
        _cleanup_(place_done) Place p = place_new();
        _cleanup_engine_ EngineFixture f;
        _cleanup_failure_ Failure failure = {};
        ContainerRecord record = { .id = HEX_B };
        Container *other;
        JournalLink l;

        engine_fixture_init(&f);
        other = container_with(&f, "other", NULL, NULL);
        record.spec = other->record->spec;
        assert_int_equal(mkdir(p.journal, 0755), 0);
        assert_int_equal(mkdir(p.mine, 0755), 0);
        id_map_done(&other->record->uid_map);
        assert_int_equal(id_map_add(&other->record->uid_map, &(IdMapping){ 0, getuid() + 1, 1 }), 0);
        assert_int_equal(journal_link_plan(&f.engine, &record, p.journal, ID, &l, NULL), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_HOST);
        journal_link_done(&l);
        assert_int_equal(id_map_add(&record.uid_map, &(IdMapping){ 0, getuid() + 2, 1 }), 0);
        id_map_done(&other->record->uid_map);
        assert_int_equal(id_map_add(&other->record->uid_map, &(IdMapping){ 0, getuid(), 1 }), 0);
        assert_int_equal(journal_link_plan(&f.engine, &record, p.journal, ID, &l, NULL), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_NO);
        assert_int_equal(string_set(&record.spec->link_journal, "host"), 0);
        assert_true(journal_link_plan(&f.engine, &record, p.journal, ID, &l, &failure) < 0);
        assert_int_equal(failure.kind, FAILURE_INVALID_ARGUMENT);
        /* its own */
        assert_int_equal(journal_link_plan(&f.engine, other->record, p.journal, ID, &l, NULL), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_HOST);
        journal_link_done(&l);
        id_map_done(&record.uid_map);
}

static void test_make(void **state) {
        _cleanup_(place_done) Place p = place_new();
        _cleanup_(case_done) Case c = case_new("\"Cmd\":[\"sh\"]");
        _cleanup_(journal_link_done) JournalLink l = {};
        char there[PATH_MAX] = {}, inside[128], *target;
        struct stat st;

        c.record->uid_base = getuid();
        assert_int_equal(mkdir(p.journal, 0755), 0);
        set(&c, "link-journal", "guest");
        assert_int_equal(plan(&c, &p, &l), 0);
        assert_int_equal(l.mode, LINK_JOURNAL_GUEST);
        /* without an engine the container's directory would be in / */
        free(l.source);
        free(l.target);
        assert_int_equal(string_format(&l.source, "%s/container", p.path), 0);
        target = l.target = strdup(l.source);
        assert_int_equal(journal_link_make(&l, c.record, -EBADF, NULL), 0);
        assert_int_equal(journal_link_make(&l, c.record, -EBADF, NULL), 0);
        assert_true(readlink(p.mine, there, sizeof(there) - 1) > 0);
        assert_string_equal(there, target);

        journal_link_remove(p.journal, ID, "/elsewhere");
        assert_int_equal(lstat(p.mine, &st), 0);
        journal_link_remove(p.journal, ID, p.path);
        assert_true(lstat(p.mine, &st) < 0);

        /* an empty directory makes room for the link, a journal does not */
        assert_int_equal(mkdir(p.mine, 0755), 0);
        assert_int_equal(journal_link_make(&l, c.record, -EBADF, NULL), 0);
        assert_int_equal(unlink(p.mine), 0);
        (void) snprintf(inside, sizeof(inside), "%s/x", p.mine);
        assert_int_equal(mkdir(p.mine, 0755), 0);
        assert_int_equal(mkdir(inside, 0755), 0);
        assert_true(journal_link_make(&l, c.record, -EBADF, NULL) < 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plan),
                cmocka_unit_test(test_another),
                cmocka_unit_test(test_make),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
