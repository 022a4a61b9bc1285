/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <sys/types.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "security/apparmor.h"

static void file_closep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

/* "NAME (MODE)". Names may hold blanks, so the mode is what stands behind the last one. */
static bool line_matches(const char *line, const char *name) {
        const char *mode = startswith(line, name);

        return mode && (streq(mode, " (enforce)") || streq(mode, " (kill)") || streq(mode, " (mixed)"));
}

int apparmor_profile_is_loaded(const char *list_path, const char *name) {
        _cleanup_(file_closep) FILE *f = NULL;
        _cleanup_free_ char *line = NULL;
        size_t allocated = 0;
        ssize_t n;

        f = fopen(list_path, "re");
        if (!f)
                return errno == ENOENT ? 0 : negative_errno();
        while ((n = getline(&line, &allocated, f)) >= 0) {
                if (n > 0 && line[n - 1] == '\n')
                        line[n - 1] = 0;
                if (line_matches(line, name))
                        return 1;
        }
        return ferror(f) ? -EIO : 0;
}

bool apparmor_is_available(const char *path) {
        _cleanup_(file_closep) FILE *f = fopen(path, "re");

        return f && fgetc(f) == 'Y';
}
