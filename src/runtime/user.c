/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "runtime/user.h"

/* (uid_t) -1 means "leave it" to the kernel and must never come out of a file or an option. */
#define ID_MAX (UINT32_MAX - 1)

void user_done(User *u) {
        u->gids = mfree(u->gids);
        u->home = mfree(u->home);
        u->name = mfree(u->name);
        u->shell = mfree(u->shell);
        u->n_gids = 0;
}

int user_parse_id(const char *s, uint32_t *ret) {
        uint32_t v;
        int r;

        r = parse_u32(s, &v);
        if (r < 0)
                return r;
        if (v > ID_MAX)
                return -ERANGE;
        *ret = v;
        return 0;
}

static int read_file(int root_fd, const char *path, char **ret) {
        int r;

        r = path_read_in_root(root_fd, path, USER_FILE_BYTES_MAX, ret);
        if (r == -ENOENT || r == -ENOTDIR)
                return string_set(ret, "");
        return r;
}

/* Splits the next line of *@text in place into @n fields at the colons. False at the end. Lines with another
 * number of fields are skipped. */
static bool next_entry(char **text, char **fields, size_t n) {
        while (**text) {
                char *line = *text, *end = line + strcspn(line, "\n");
                size_t found = 0;

                *text = *end ? end + 1 : end;
                *end = 0;
                for (char *p = line; p; found++) {
                        char *colon = strchr(p, ':');

                        if (found < n)
                                fields[found] = p;
                        if (colon)
                                *colon = 0;
                        p = colon ? colon + 1 : NULL;
                }
                if (found == n && *fields[0])
                        return true;
        }
        return false;
}

/* True when the member list "a,b,c" has @name. */
static bool list_has(const char *list, const char *name) {
        size_t n = strlen(name);

        for (const char *p = list; *p;) {
                size_t length = strcspn(p, ",");

                if (length == n && strncmp(p, name, n) == 0)
                        return true;
                p += length + (p[length] == ',');
        }
        return false;
}

typedef struct PasswdEntry {
        char *name, *home, *shell;
        uint32_t uid, gid;
} PasswdEntry;

static void passwd_entry_done(PasswdEntry *e) {
        free(e->name);
        free(e->home);
        free(e->shell);
}

/* Finds the first entry with this name or, where @uid is one, this number. 0: there is none. */
static int passwd_find(int root_fd, const char *name, const uint32_t *uid, PasswdEntry *ret) {
        _cleanup_free_ char *content = NULL;
        char *fields[7], *text;
        int r;

        r = read_file(root_fd, "/etc/passwd", &content);
        if (r < 0)
                return r;
        text = content;
        while (next_entry(&text, fields, ELEMENTSOF(fields))) {
                PasswdEntry e = {};

                if (user_parse_id(fields[2], &e.uid) < 0 || user_parse_id(fields[3], &e.gid) < 0)
                        continue;
                if (!(name && streq(fields[0], name)) && !(uid && e.uid == *uid))
                        continue;
                e.name = strdup(fields[0]);
                e.home = strdup(fields[5]);
                e.shell = strdup(fields[6]);
                if (!e.name || !e.home || !e.shell) {
                        passwd_entry_done(&e);
                        return -ENOMEM;
                }
                *ret = e;
                return 1;
        }
        return 0;
}

/* By name or, where @name is NULL, by number. */
static int group_find(int root_fd, const char *name, uint32_t *ret_gid) {
        _cleanup_free_ char *content = NULL;
        char *fields[4], *text;
        uint32_t gid;
        int r;

        r = read_file(root_fd, "/etc/group", &content);
        if (r < 0)
                return r;
        text = content;
        while (next_entry(&text, fields, ELEMENTSOF(fields)))
                if ((!name || streq(fields[0], name)) && user_parse_id(fields[2], &gid) >= 0 &&
                    (name || gid == *ret_gid)) {
                        *ret_gid = gid;
                        return 1;
                }
        return 0;
}

int user_find_group_name(int root_fd, uint32_t gid, char **ret) {
        _cleanup_free_ char *content = NULL;
        char *fields[4], *text;
        uint32_t found;
        int r;

        r = read_file(root_fd, "/etc/group", &content);
        if (r < 0)
                return r;
        text = content;
        while (next_entry(&text, fields, ELEMENTSOF(fields)))
                if (user_parse_id(fields[2], &found) >= 0 && found == gid)
                        return string_set(ret, fields[0]);
        return string_set(ret, NULL);
}

static int add_supplementary(int root_fd, const char *name, User *u) {
        _cleanup_free_ char *content = NULL;
        char *fields[4], *text;
        size_t allocated = 0;
        uint32_t gid;
        int r;

        r = read_file(root_fd, "/etc/group", &content);
        if (r < 0)
                return r;
        text = content;
        while (u->n_gids < USER_GROUPS_MAX && next_entry(&text, fields, ELEMENTSOF(fields))) {
                if (!list_has(fields[3], name) || user_parse_id(fields[2], &gid) < 0)
                        continue;
                if (!GREEDY_REALLOC(u->gids, allocated, u->n_gids + 1))
                        return -ENOMEM;
                u->gids[u->n_gids++] = gid;
        }
        return 0;
}

static int resolve_group(int root_fd, const char *group, User *u, Failure *reterr) {
        int r;

        if (user_parse_id(group, &u->gid) >= 0)
                return 0;
        r = group_find(root_fd, group, &u->gid);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_STORAGE, r,
                                         "cannot read the container's /etc/group");
        if (r == 0)
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "there is no group \"%s\" in the container's /etc/group", group);
        return 0;
}

int user_resolve(int root_fd, const char *user, User *ret, Failure *reterr) {
        _cleanup_(passwd_entry_done) PasswdEntry e = {};
        _cleanup_(user_done) User u = {};
        _cleanup_free_ char *name = strdup(user);
        char *group;
        bool numeric;
        int r;

        if (!name)
                return -ENOMEM;
        group = strchr(name, ':');
        if (group)
                *group++ = 0;
        if (!*name || (group && !*group))
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT, "\"%s\" is not USER or USER:GROUP",
                                   user);

        numeric = user_parse_id(name, &u.uid) >= 0;
        /* A number is never a name: else an image decides that 1000 means root. */
        r = passwd_find(root_fd, numeric ? NULL : name, numeric ? &u.uid : NULL, &e);
        if (r < 0 && (!numeric || r == -ENOMEM))
                return failure_set_errno(reterr, FAILURE_STORAGE, r,
                                         "cannot read the container's /etc/passwd");
        if (r < 0)
                log_debug_errno(r, "cannot read the container's /etc/passwd, %s is a number: %m", name);
        if (r == 0 && !numeric)
                return failure_set(reterr, FAILURE_INVALID_ARGUMENT,
                                   "there is no user \"%s\" in the container's /etc/passwd", name);
        if (r > 0) {
                u.uid = e.uid;
                u.gid = e.gid;
                u.home = TAKE_PTR(e.home);
        }

        if (group)
                r = resolve_group(root_fd, group, &u, reterr);
        else if (e.name) {
                r = add_supplementary(root_fd, e.name, &u);
                if (r < 0 && numeric && r != -ENOMEM) {
                        log_debug_errno(r, "cannot read the container's /etc/group, ignoring: %m");
                        r = 0;
                } else if (r < 0)
                        r = failure_set_errno(reterr, FAILURE_STORAGE, r,
                                              "cannot read the container's /etc/group");
        } else
                r = 0;
        if (r < 0)
                return r;
        u.n_listed = u.n_gids;
        *ret = u;
        u = (User) {};
        return 0;
}

int user_describe(int root_fd, User *u) {
        _cleanup_(passwd_entry_done) PasswdEntry e = {};
        int r;

        if (u->home && u->name && u->shell)
                return 0;
        r = passwd_find(root_fd, u->name, u->name ? NULL : &u->uid, &e);
        if (r <= 0)
                return r;
        u->home = u->home ?: TAKE_PTR(e.home);
        u->name = u->name ?: TAKE_PTR(e.name);
        u->shell = u->shell ?: TAKE_PTR(e.shell);
        return 0;
}

int user_find_home(int root_fd, uint32_t uid, char **ret) {
        _cleanup_(passwd_entry_done) PasswdEntry e = {};
        int r;

        r = passwd_find(root_fd, NULL, &uid, &e);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e.home);
        return 0;
}

static int add_group(User *u, uint32_t gid) {
        uint32_t *gids;

        for (size_t i = 0; i < u->n_gids; i++)
                if (u->gids[i] == gid) {
                        /* listed, and asked for as well */
                        if (i < u->n_listed) {
                                u->gids[i] = u->gids[--u->n_listed];
                                u->gids[u->n_listed] = gid;
                        }
                        return 0;
                }
        gids = reallocarray(u->gids, u->n_gids + 1, sizeof(uint32_t));
        if (!gids)
                return -ENOMEM;
        u->gids = gids;
        u->gids[u->n_gids++] = gid;
        return 0;
}

int user_add_groups(int root_fd, char *const *groups, User *u, Failure *reterr) {
        STRV_FOREACH(i, groups) {
                User found = {};
                int r;

                r = resolve_group(root_fd, *i, &found, reterr);
                if (r >= 0 && u->n_gids >= USER_GROUPS_MAX)
                        r = failure_set(reterr, FAILURE_INVALID_ARGUMENT, "more than %d groups",
                                        USER_GROUPS_MAX);
                if (r >= 0)
                        r = add_group(u, found.gid);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool user_has_entry(int root_fd, uint32_t uid) {
        _cleanup_(passwd_entry_done) PasswdEntry e = {};

        return passwd_find(root_fd, NULL, &uid, &e) > 0;
}

bool user_has_group_entry(int root_fd, uint32_t gid) {
        return group_find(root_fd, NULL, &gid) > 0;
}

bool user_groups_are_fixed(pid_t pid) {
        _cleanup_close_ int fd = -EBADF;
        char path[64], text[8];

        (void) snprintf(path, sizeof(path), pid > 0 ? "/proc/%d/setgroups" : "/proc/self/setgroups", pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        return fd >= 0 && fd_read_full(fd, text, sizeof(text)) >= 4 && memcmp(text, "deny", 4) == 0;
}

int user_set_groups(const gid_t *gids, size_t n, bool fixed) {
        return !fixed && setgroups(n, gids) < 0 ? negative_errno() : 0;
}
