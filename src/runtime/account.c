/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "basic/log.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "runtime/account.h"
#include "runtime/cover.h"

#define LINE_BYTES_MAX 8192

typedef struct Variable {
        const char *name, *value;
} Variable;

/* Replaces "$NAME". Of two names that begin alike the longer one has to come first. */
static int fill_in(const char *template, const Variable *variables, size_t n, char **ret) {
        _cleanup_free_ char *out = NULL;
        size_t size;
        FILE *f = open_memstream(&out, &size);

        if (!f)
                return -ENOMEM;
        while (*template) {
                size_t i;

                for (i = 0; i < n; i++)
                        if (startswith(template, variables[i].name))
                                break;
                if (i < n) {
                        (void) fputs(variables[i].value, f);
                        template += strlen(variables[i].name);
                } else
                        (void) fputc(*template ++, f);
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        if (size > LINE_BYTES_MAX)
                return -E2BIG;
        *ret = TAKE_PTR(out);
        return 0;
}

/* The user's part of USER[:GROUP], where it is a number. */
static bool numeric_user(const char *username, uint32_t *ret) {
        _cleanup_free_ char *user = strndup(username, strcspn(username, ":"));

        return user && user_parse_id(user, ret) >= 0;
}

int account_passwd_line(int root_fd, const char *username, const User *u, const char *home,
                        const char *template, char **ret) {
        uint32_t uid;
        char id[16], gid[16];

        *ret = NULL;
        if (!numeric_user(username, &uid) || user_has_entry(root_fd, uid))
                return 0;
        (void) snprintf(id, sizeof(id), "%u", uid);
        (void) snprintf(gid, sizeof(gid), "%u", u->gid);
        const Variable variables[] = { { "$USERNAME", id },
                                       { "$UID", id },
                                       { "$GID", gid },
                                       { "$NAME", "container user" },
                                       { "$HOME", home } };

        return fill_in(template ?: "$UID:*:$UID:$GID:$NAME:$HOME:/bin/sh", variables, ELEMENTSOF(variables),
                       ret);
}

int account_group_line(int root_fd, const char *username, const char *template, char **ret) {
        const char *colon = strchr(username, ':');
        _cleanup_free_ char *user = strndup(username, strcspn(username, ":"));
        const char *group = colon ? colon + 1 : username;
        uint32_t gid;

        *ret = NULL;
        if (!user)
                return -ENOMEM;
        if (user_parse_id(group, &gid) < 0 || user_has_group_entry(root_fd, gid))
                return 0;
        const Variable variables[] = { { "$GROUPNAME", group }, { "$GID", group }, { "$USERLIST", user } };

        return fill_in(template ?: "$GROUPNAME:x:$GID:$USERLIST", variables, ELEMENTSOF(variables), ret);
}

static bool is_mounted(const RuntimeSpec *spec, const char *path) {
        for (size_t i = 0; i < spec->n_mounts; i++)
                if (streq(spec->mounts[i].destination, path))
                        return true;
        return false;
}

static int add_line(int root_fd, int scratch_fd, const char *path, const char *line, Failure *reterr) {
        _cleanup_free_ char *content = NULL, *longer = NULL;
        size_t n;
        int r;

        r = path_read_in_root(root_fd, path, USER_FILE_BYTES_MAX, &content);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0; /* an image that has no such file is given none */
        if (r < 0 && r != -ENOMEM) {
                /* Nobody named anybody in there: what cannot be read stays as it is. */
                log_debug_errno(r, "cannot read the container's %s, ignoring: %m", path);
                return 0;
        }
        if (r < 0)
                return r;
        n = strlen(content);
        r = string_format(&longer, "%s%s%s\n", content, n > 0 && content[n - 1] != '\n' ? "\n" : "", line);
        return r < 0 ? r : cover_file(root_fd, scratch_fd, path, longer, reterr);
}

int account_complete(const RuntimeSpec *spec, int root_fd, int scratch_fd, User *u, Failure *reterr) {
        const char *username = spec->process.username;
        _cleanup_free_ char *passwd = NULL, *group = NULL;
        int r;

        if (!spec->accounts || isempty(username))
                return 0;
        r = account_group_line(root_fd, username, spec->group_entry, &group);
        if (r >= 0)
                r = account_passwd_line(root_fd, username, u, spec->process.cwd, spec->passwd_entry,
                                        &passwd);
        if (r >= 0 && passwd && !u->home)
                r = string_set(&u->home, spec->process.cwd);
        if (r >= 0 && group && !is_mounted(spec, "/etc/group"))
                r = add_line(root_fd, scratch_fd, "/etc/group", group, reterr);
        if (r >= 0 && passwd && !is_mounted(spec, "/etc/passwd"))
                r = add_line(root_fd, scratch_fd, "/etc/passwd", passwd, reterr);
        return r;
}
