/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "engine/journal-link.h"
#include "engine/root.h"

void journal_link_done(JournalLink *l) {
        l->host_path = mfree(l->host_path);
        l->source = mfree(l->source);
        l->target = mfree(l->target);
}

static bool is_directory(const char *path) {
        struct stat st;

        return lstat(path, &st) >= 0 && S_ISDIR(st.st_mode);
}

static bool is_host_id(const char *machine_id) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;

        return sd_id128_get_machine(&id) >= 0 && streq(sd_id128_to_string(id, text), machine_id);
}

/* Who may write to its own /etc/machine-id can make it another container's. */
static bool belongs_to_another(const Engine *e, const ContainerRecord *record, const char *path) {
        struct stat st;
        Container *c;

        if (!e || lstat(path, &st) < 0 || st.st_uid == container_record_root_uid(record))
                return false;
        HASHMAP_FOREACH(c, e->containers)
                if (c->record != record && id_map_uses(&c->record->uid_map, st.st_uid, 1))
                        return true;
        return false;
}

static bool mode_insists(LinkJournal mode) {
        return mode == LINK_JOURNAL_HOST || mode == LINK_JOURNAL_GUEST;
}

static int plan_guest(const Engine *e, const ContainerRecord *record, const char *machine_id,
                      JournalLink *l) {
        int r;

        if (!root_is_overlay(record))
                return string_format(&l->target, "%s" JOURNAL_PATH "/%s", record->rootfs, machine_id);
        /* What is written goes to a place of its own; the journal to one beside it. */
        r = string_format(&l->target, "%s/containers/%s/journal", e ? e->store->path : "", record->id);
        return r < 0 ? r : string_set(&l->source, l->target);
}

int journal_link_plan(const Engine *e, const ContainerRecord *record, const char *journal_path,
                      const char *machine_id, JournalLink *ret, Failure *f) {
        const char *word = record->spec->link_journal;
        LinkJournal mode = word ? (LinkJournal) link_journal_parse(word) : LINK_JOURNAL_AUTO;
        _cleanup_(journal_link_done) JournalLink l = {};
        int r;

        *ret = (JournalLink){};
        if (mode == LINK_JOURNAL_NO)
                return 0;
        if (is_host_id(machine_id))
                return mode_insists(mode)
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "--link-journal=%s: the container's machine ID is the "
                                                     "host's; empty its /etc/machine-id, or give --uuid",
                                                     word)
                                       : 0;
        r = string_format(&l.host_path, "%s/%s", journal_path, machine_id);
        if (r < 0)
                return r;
        if (mode == LINK_JOURNAL_AUTO ? !is_directory(l.host_path) : !is_directory(journal_path))
                return mode_insists(mode)
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "--link-journal=%s: the host keeps no journal on disk; "
                                                     "make %s, or use --link-journal=try-%s",
                                                     word, journal_path, word)
                                       : 0;
        if (belongs_to_another(e, record, l.host_path))
                return mode_insists(mode)
                                       ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                                     "--link-journal=%s: %s belongs to another container, "
                                                     "which has the same machine ID; give --uuid",
                                                     word, l.host_path)
                                       : 0;
        if (mode == LINK_JOURNAL_GUEST || mode == LINK_JOURNAL_TRY_GUEST) {
                l.mode = LINK_JOURNAL_GUEST;
                r = plan_guest(e, record, machine_id, &l);
        } else {
                l.mode = LINK_JOURNAL_HOST;
                r = string_set(&l.source, l.host_path);
        }
        if (r < 0)
                return r;
        *ret = l;
        l = (JournalLink){};
        return 0;
}

static int make_directory(const char *path, uid_t uid, gid_t gid) {
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return negative_errno();
        return lchown(path, uid, gid) < 0 ? negative_errno() : 0;
}

/* A link of an earlier run may lead elsewhere. A directory holds somebody's journal. */
static int make_link(const JournalLink *l, Failure *f) {
        char there[PATH_MAX];
        ssize_t n = readlink(l->host_path, there, sizeof(there) - 1);

        if (n >= 0) {
                there[n] = 0;
                if (streq(there, l->target))
                        return 0;
                (void) unlink(l->host_path);
        } else if (errno == EINVAL && rmdir(l->host_path) < 0)
                return failure_set(
                                f, FAILURE_STORAGE,
                                "%s has a journal in it already; move it away, or use --link-journal=host",
                                l->host_path);
        return symlink(l->target, l->host_path) < 0 ? negative_errno() : 0;
}

int journal_link_make(const JournalLink *l, const ContainerRecord *record, int tree_fd, Failure *f) {
        _cleanup_close_ int fd = -EBADF;
        int r = 0;

        if (l->mode == LINK_JOURNAL_NO)
                return 0;
        if (l->source)
                r = make_directory(l->source, container_record_root_uid(record),
                                   container_record_root_gid(record));
        else {
                struct stat st = {};

                /* As it is on disk: a tree that is mapped stays as it is there. */
                r = fstat(tree_fd, &st) < 0 ? negative_errno()
                                            : path_mkdir_in_root(tree_fd, l->host_path, 0755, st.st_uid,
                                                                 st.st_gid, &fd);
        }
        if (r >= 0 && l->mode == LINK_JOURNAL_GUEST)
                r = make_link(l, f);
        if (r < 0 && !(f && f->text))
                return failure_set_errno(f, FAILURE_STORAGE, r, "%s: cannot link its journal to %s",
                                         record->name, l->host_path);
        return r;
}

void journal_link_remove(const char *journal_path, const char *machine_id, const char *prefix) {
        _cleanup_free_ char *path = NULL;
        char there[PATH_MAX];
        ssize_t n;

        if (string_format(&path, "%s/%s", journal_path, machine_id) < 0)
                return;
        n = readlink(path, there, sizeof(there) - 1);
        if (n < 0)
                return;
        there[n] = 0;
        if (startswith(there, prefix))
                (void) unlink(path);
}
