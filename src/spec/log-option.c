/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/table.h"
#include "spec/log-option.h"

#define FIELD_BYTES_MAX 64
#define TAG_BYTES_MAX 1024
#define SHORT_ID 12

static const char *const log_driver_table[] = {
        [LOG_DRIVER_JOURNALD] = "journald",
        [LOG_DRIVER_NONE] = "none",
        [LOG_DRIVER_PASSTHROUGH] = "passthrough",
        [LOG_DRIVER_PASSTHROUGH_TTY] = "passthrough-tty",
};
DEFINE_STRING_TABLE(log_driver, LogDriver, _LOG_DRIVER_MAX)

static bool label_is_valid(const char *s) {
        size_t n = strspn(s, UPPERCASE DIGITS "_");

        return n > 0 && n <= FIELD_BYTES_MAX && s[n] == '=' && !strchr("_" DIGITS, *s) &&
               !startswith(s, "CONTAINER_") && !startswith(s, "MESSAGE=") && !startswith(s, "PRIORITY=");
}

int log_option_parse(const char *text, const char **ret_value) {
        const char *value;

        if ((value = startswith(text, "tag="))) {
                if (strlen(value) > TAG_BYTES_MAX || log_tag_expand(value, NULL, NULL) < 0)
                        return -EINVAL;
                *ret_value = value;
                return LOG_OPTION_TAG;
        }
        if ((value = startswith(text, "label=")) && label_is_valid(value)) {
                *ret_value = value;
                return LOG_OPTION_LABEL;
        }
        return -EINVAL;
}

typedef struct Placeholder {
        const char *word;
        size_t offset; /* in LogTag */
        int n_bytes;   /* 0: all */
} Placeholder;

static const Placeholder placeholders[] = {
        { "{{.ID}}", offsetof(LogTag, id), SHORT_ID },
        { "{{.FullID}}", offsetof(LogTag, id), 0 },
        { "{{.Name}}", offsetof(LogTag, name), 0 },
        { "{{.ImageName}}", offsetof(LogTag, image), 0 },
        { "{{.ImageID}}", offsetof(LogTag, image_id), SHORT_ID },
        { "{{.ImageFullID}}", offsetof(LogTag, image_id), 0 },
};

static const Placeholder *find_placeholder(const char *s) {
        for (size_t i = 0; i < ELEMENTSOF(placeholders); i++)
                if (startswith(s, placeholders[i].word))
                        return placeholders + i;
        return NULL;
}

int log_tag_expand(const char *text, const LogTag *tag, char **ret) {
        _cleanup_free_ char *out = NULL;
        size_t size = 0;
        FILE *f;

        f = open_memstream(&out, &size);
        if (!f)
                return -ENOMEM;
        while (*text) {
                const Placeholder *p = find_placeholder(text);
                const char *value;

                if (!p && startswith(text, "{{")) {
                        (void) fclose(f);
                        return -EINVAL;
                }
                if (!p) {
                        (void) fputc(*text++, f);
                        continue;
                }
                text += strlen(p->word);
                value = tag ? *(const char *const *) ((const char *) tag + p->offset) : NULL;
                (void) fprintf(f, "%.*s", p->n_bytes > 0 ? p->n_bytes : TAG_BYTES_MAX, strempty(value));
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        if (ret)
                *ret = TAKE_PTR(out);
        return 0;
}
