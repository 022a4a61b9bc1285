/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "basic/failure.h"

#define USER_FILE_BYTES_MAX (4 * 1024 * 1024)
#define USER_GROUPS_MAX 1024

/* Who the payload runs as, in the container's own numbers. */
typedef struct User {
        uint32_t uid, gid;
        uint32_t *gids; /* supplementary */
        size_t n_gids, n_listed; /* the first of them are those that /etc/group lists the user in */
        char *home, *name, *shell; /* NULL: not known */
} User;

void user_done(User *u);

/* Resolves USER[:GROUP], each a name or a number, by the /etc/passwd and /etc/group beneath @root_fd, as
 * image-spec's config.md ("User") and the other engines do: a number needs no entry and no readable file;
 * without :GROUP the entry's group and the groups that list the user count. Absent files are empty ones;
 * malformed lines are skipped. Kind InvalidArgument: no such name. */
int user_resolve(int root_fd, const char *user, User *ret, Failure *reterr);

/* Adds supplementary groups by name or number. Kind InvalidArgument: no such group. */
int user_add_groups(int root_fd, char *const *groups, User *u, Failure *reterr);

/* True when the container's /etc/passwd has an entry for @uid, its /etc/group one for @gid; an absent or
 * unreadable file has none. */
bool user_has_entry(int root_fd, uint32_t uid);
bool user_has_group_entry(int root_fd, uint32_t gid);
/* A number of a user or group. -EINVAL, -ERANGE. */
int user_parse_id(const char *s, uint32_t *ret);

/* Fills in home, name and shell of u->uid where they are not known and there is an entry. */
int user_describe(int root_fd, User *u);

/* The name of a group: *@ret is NULL when there is no entry. */
int user_find_group_name(int root_fd, uint32_t gid, char **ret);

/* The home directory of @uid: *@ret is NULL when there is no entry. */
int user_find_home(int root_fd, uint32_t uid, char **ret);

/* True when the user namespace of @pid (0: of this process) lets nobody change groups, because who made it
 * could then drop one that keeps them out (user_namespaces(7)). */
bool user_groups_are_fixed(pid_t pid);

/* setgroups(2), which is left out where they are @fixed. */
int user_set_groups(const gid_t *gids, size_t n, bool fixed);
