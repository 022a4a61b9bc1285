/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/mount.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/mount-option.h"

/* Words that change attributes; an "r" in front makes each of them recursive. The access time modes exclude
 * each other.
 */
static const struct {
        const char *word;
        uint64_t set, clear;
} attributes[] = {
        { "ro", MOUNT_ATTR_RDONLY, 0 },
        { "rw", 0, MOUNT_ATTR_RDONLY },
        { "nosuid", MOUNT_ATTR_NOSUID, 0 },
        { "suid", 0, MOUNT_ATTR_NOSUID },
        { "nodev", MOUNT_ATTR_NODEV, 0 },
        { "dev", 0, MOUNT_ATTR_NODEV },
        { "noexec", MOUNT_ATTR_NOEXEC, 0 },
        { "exec", 0, MOUNT_ATTR_NOEXEC },
        { "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
        { "relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
        { "atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
        { "norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
        { "strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
        { "nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
        { "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
        { "diratime", 0, MOUNT_ATTR_NODIRATIME },
        { "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
        { "symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW },
        { "defaults", 0, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC },
};

static const struct {
        const char *word;
        uint64_t propagation;
} propagations[] = {
        { "private", MS_PRIVATE },
        { "slave", MS_SLAVE },
        { "shared", MS_SHARED },
        { "unbindable", MS_UNBINDABLE },
};

/* Said by managers, but the kernel is asked in another way or does so anyhow. */
static const char *const ignored[] = { "silent", "loud", "remount", "norelabel", "iversion", "noiversion" };

/* Flags of the file system, which fsconfig(2) knows by these names for any of them. An "r" in front, as crun
 * has it, changes nothing. */
static const struct {
        const char *set, *clear;
} superblock[] = {
        { "sync", "async" },
        { "dirsync", NULL },
        { "lazytime", "nolazytime" },
        { "mand", "nomand" },
};

void mount_options_done(MountOptions *o) {
        o->data = strv_free(o->data);
}

int mount_propagation_parse(const char *word, uint64_t *ret_propagation, bool *ret_recursive) {
        const char *plain = startswith(word, "r") ?: word;

        for (size_t i = 0; i < ELEMENTSOF(propagations); i++)
                if (streq(plain, propagations[i].word)) {
                        *ret_propagation = propagations[i].propagation;
                        *ret_recursive = plain != word;
                        return 0;
                }
        return -EINVAL;
}

static bool apply_attribute(const char *word, uint64_t *set, uint64_t *clear) {
        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                if (streq(word, attributes[i].word)) {
                        *set = (*set & ~attributes[i].clear) | attributes[i].set;
                        *clear = (*clear & ~attributes[i].set) | attributes[i].clear;
                        return true;
                }
        return false;
}

static bool apply_superblock(const char *word, unsigned *flags) {
        for (unsigned i = 0; i < ELEMENTSOF(superblock); i++)
                if (streq(word, superblock[i].set)) {
                        *flags |= 1U << i;
                        return true;
                } else if (superblock[i].clear && streq(word, superblock[i].clear)) {
                        *flags &= ~(1U << i);
                        return true;
                }
        return false;
}

static int apply_word(MountOptions *o, const char *word, unsigned *superblock_flags) {
        if (streq(word, "bind"))
                o->bind = true;
        else if (streq(word, "rbind"))
                o->bind = o->recursive_bind = true;
        else if (streq(word, "idmap") || streq(word, "ridmap")) {
                o->idmap = true;
                o->recursive_idmap = *word == 'r';
        } else if (mount_propagation_parse(word, &o->propagation, &o->propagation_recursive) >= 0 ||
                   apply_attribute(word, &o->attr_set, &o->attr_clear) ||
                   apply_superblock(word, superblock_flags) ||
                   (word[0] == 'r' && apply_attribute(word + 1, &o->recursive_set, &o->recursive_clear)) ||
                   (word[0] == 'r' && apply_superblock(word + 1, superblock_flags)))
                return 0;
        else {
                for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
                        if (streq(word, ignored[i]))
                                return 0;
                return strv_extend(&o->data, word);
        }
        return 0;
}

int mount_options_parse(char *const *words, MountOptions *ret) {
        _cleanup_(mount_options_done) MountOptions o = {};
        unsigned superblock_flags = 0;
        int r;

        STRV_FOREACH(i, words) {
                r = apply_word(&o, *i, &superblock_flags);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < ELEMENTSOF(superblock); i++)
                if (superblock_flags & (1U << i)) {
                        r = strv_extend(&o.data, superblock[i].set);
                        if (r < 0)
                                return r;
                }
        *ret = o;
        o = (MountOptions){};
        return 0;
}

/* The word, and the same for everything beneath. */
static int add_both(char ***words, const char *word) {
        _cleanup_free_ char *recursive = NULL;
        int r;

        r = string_format(&recursive, "r%s", word);
        if (r >= 0)
                r = strv_extend(words, word);
        return r < 0 ? r : strv_extend(words, recursive);
}

int mount_option_words(char ***ret) {
        _cleanup_strv_free_ char **words = NULL;
        int r;

        r = add_both(&words, "bind");
        if (r >= 0)
                r = add_both(&words, "idmap");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(attributes); i++)
                r = streq(attributes[i].word, "defaults") ? strv_extend(&words, attributes[i].word)
                                                          : add_both(&words, attributes[i].word);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(propagations); i++)
                r = add_both(&words, propagations[i].word);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(superblock); i++) {
                r = strv_extend(&words, superblock[i].set);
                if (r >= 0 && superblock[i].clear)
                        r = strv_extend(&words, superblock[i].clear);
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(ignored); i++)
                r = strv_extend(&words, ignored[i]);
        if (r >= 0)
                r = strv_extend(&words, "tmpcopyup");
        if (r < 0)
                return r;
        *ret = TAKE_PTR(words);
        return 0;
}
