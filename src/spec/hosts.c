/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/hosts.h"

#define BLANKS " \t\r"

/* Splits the next line into words, up to a comment. 0: the text is at its end. */
static int next_line(const char **text, char ***ret) {
        size_t n = strcspn(*text, "\n");
        _cleanup_free_ char *line = NULL;

        if (!**text)
                return 0;
        line = strndup(*text, MIN(n, strcspn(*text, "#")));
        if (!line)
                return -ENOMEM;
        *text += n + ((*text)[n] == '\n');
        return strv_split(line, BLANKS, ret) < 0 ? -ENOMEM : 1;
}

/* Writes what of @text is not in @names yet; new ones come into @found. */
static int write_part(FILE *f, const char *text, char *const *names, char ***found) {
        int r;

        for (;;) {
                _cleanup_strv_free_ char **words = NULL;
                bool begun = false;

                r = next_line(&text, &words);
                if (r <= 0)
                        return r;
                STRV_FOREACH(i, words ? words + 1 : NULL) {
                        if (strv_contains(names, *i))
                                continue;
                        if (begun)
                                (void) fprintf(f, " %s", *i);
                        else
                                (void) fprintf(f, "%s\t%s", words[0], *i);
                        begun = true;
                        r = strv_extend(found, *i);
                        if (r < 0)
                                return r;
                }
                if (begun)
                        (void) fputc('\n', f);
        }
}

int hosts_merge(const char *added, const char *base, const char *own, char **ret) {
        const char *const parts[] = { added, base, own };
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_free_ char *out = NULL;
        size_t size;
        FILE *f = open_memstream(&out, &size);
        int r = f ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(parts) && r >= 0; i++) {
                _cleanup_strv_free_ char **found = NULL;

                /* Several addresses of one name are fine within a part. */
                r = write_part(f, strempty(parts[i]), names, &found);
                if (r >= 0)
                        r = strv_extend_strv(&names, found);
        }
        if (f && fclose(f) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0)
                return r;
        *ret = TAKE_PTR(out);
        return 0;
}
