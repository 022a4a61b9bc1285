/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/clock.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/describe.h"

char *describe_id(char *buf, size_t size, const char *id, bool full) {
        id = startswith(strempty(id), "sha256:") ?: strempty(id);
        (void) snprintf(buf, size, "%.*s", full ? 64 : SHORT_ID_LENGTH, id);
        return buf;
}

char *describe_status(char *buf, size_t size, const ContainerInfo *info, uint64_t now_usec) {
        char ago[64];

        if (streq(info->state, "running") || streq(info->state, "paused")) {
                clock_format_ago(ago, sizeof(ago), info->started_usec, now_usec);
                if (endswith(ago, " ago"))
                        ago[strlen(ago) - strlen(" ago")] = 0;
                (void) snprintf(buf, size, "Up %s%s%s%s%s",
                                streq(ago, "just now") ? "less than a second" : ago,
                                isempty(info->health) ? "" : " (", strempty(info->health),
                                isempty(info->health) ? "" : ")", *info->state == 'p' ? " (Paused)" : "");
        } else if (streq(info->state, "stopped") || streq(info->state, "dead") ||
                   streq(info->state, "restarting")) {
                clock_format_ago(ago, sizeof(ago), info->finished_usec, now_usec);
                (void) snprintf(buf, size, "%s (%d) %s",
                                *info->state == 's'   ? "Exited"
                                : *info->state == 'd' ? "Dead"
                                                      : "Restarting",
                                info->exit_code, ago);
        } else
                (void) snprintf(buf, size, "%c%s", info->state[0] - 'a' + 'A', info->state + 1);
        return buf;
}

static void print_word(FILE *out, const char *word) {
        if (*word && !strpbrk(word, " \t\n\"'\\$`*?#;&|<>(){}[]!~")) {
                (void) fputs(word, out);
                return;
        }
        (void) fputc('"', out);
        for (; *word; word++) {
                if (strchr("\"\\$`", *word))
                        (void) fputc('\\', out);
                (void) fputc((unsigned char) *word < ' ' ? ' ' : *word, out);
        }
        (void) fputc('"', out);
}

/* Cuts at a whole code point. */
static void cut_text(char *s, size_t max) {
        size_t n = 0;

        if (max < 4)
                return;
        for (char *p = s, *cut = NULL; *p; p++) {
                if ((*p & 0xc0) == 0x80)
                        continue;
                if (n == max - 3)
                        cut = p;
                if (++n > max && cut && strlen(cut) >= 3) {
                        memcpy(cut, "...", 4);
                        return;
                }
        }
}

int describe_command(char *const *command, size_t max, char **ret) {
        char *text = NULL;
        size_t size;
        FILE *out;

        out = open_memstream(&text, &size);
        if (!out)
                return negative_errno();
        STRV_FOREACH (i, command) {
                if (i != command)
                        (void) fputc(' ', out);
                print_word(out, *i);
        }
        if (fclose(out) != 0) {
                free(text);
                return -ENOMEM;
        }
        cut_text(text, max);
        *ret = text;
        return 0;
}

int describe_split_tag(const char *reference, char **ret_repository, const char **ret_tag) {
        size_t n = strcspn(reference, "@");
        const char *slash = memrchr(reference, '/', n), *colon;
        char *repository;

        colon = strchr(slash ?: reference, ':');
        if (colon && (size_t) (colon - reference) > n)
                colon = NULL;
        repository = strndup(reference, colon ? (size_t) (colon - reference) : n);
        if (!repository)
                return -ENOMEM;
        *ret_repository = repository;
        *ret_tag = colon && !reference[n] ? colon + 1 : NULL;
        return 0;
}
