/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdint.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/option.h"
#include "basic/str.h"
#include "basic/strv.h"

#define HELP_COLUMN 32

int option_set_flag(const Option *option, const char *text, Failure *f) {
        if (!text) {
                *(bool *) option->value = true;
                return 0;
        }
        if (parse_boolean(text, option->value) >= 0)
                return 0;
        return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s=%s': must be true or false",
                           option->name, text);
}

int option_set_string(const Option *option, const char *text, Failure *f) {
        *(const char **) option->value = text;
        return 0;
}

int option_set_path(const Option *option, const char *text, Failure *f) {
        if (isempty(text))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' is empty: must be a path",
                                   option->name);
        return option_set_string(option, text, f);
}

int option_set_strv(const Option *option, const char *text, Failure *f) {
        return strv_extend(option->value, text);
}

int option_set_seconds(const Option *option, const char *text, Failure *f) {
        uint64_t n;

        if (parse_u64(text, &n) < 0 || n > UINT64_MAX / USEC_PER_SEC - 1)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--%s' has '%s': must be a number of seconds", option->name,
                                   text);
        *(uint64_t *) option->value = n * USEC_PER_SEC;
        return 0;
}

int option_set_count(const Option *option, const char *text, Failure *f) {
        if (parse_u64(text, option->value) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s' has '%s': must be a number",
                                   option->name, text);
        return 0;
}

int option_ignore(const Option *option, const char *text, Failure *f) {
        bool ignored;

        return option_set_flag(&(const Option) { .name = option->name, .value = &ignored }, text, f);
}

typedef struct Parser {
        const Option *const *tables;
        const char *verb;
        char **argv; /* next word to read */
        Failure *f;
} Parser;

static const Option *find_name(const Parser *p, const char *name, size_t n) {
        for (const Option *const *table = p->tables; *table; table++)
                for (const Option *o = *table; o->name; o++)
                        if (strlen(o->name) == n && memcmp(o->name, name, n) == 0)
                                return o;
        return NULL;
}

static const Option *find_letter(const Parser *p, char letter) {
        for (const Option *const *table = p->tables; *table; table++)
                for (const Option *o = *table; o->name; o++)
                        if (o->letter == letter)
                                return o;
        return NULL;
}

static int parser_refuse(const Parser *p, const char *dashes, const char *name, int n) {
        if (p->verb)
                return failure_set(p->f, FAILURE_INVALID_ARGUMENT,
                                   "unknown option '%s%.*s' for '%s'; see %s %s --help", dashes, n, name,
                                   p->verb, log_identifier(), p->verb);
        return failure_set(p->f, FAILURE_INVALID_ARGUMENT, "unknown option '%s%.*s'; see %s --help",
                           dashes, n, name, log_identifier());
}

/* Sets @option from @text or, where it needs a value and has none yet, from the next word. */
static int parser_set(Parser *p, const Option *option, const char *text) {
        int r;

        if (option->argument && !text) {
                if (!*p->argv)
                        return failure_set(p->f, FAILURE_INVALID_ARGUMENT, "option '--%s' needs a value: %s",
                                           option->name, option->argument);
                text = *p->argv++;
        }
        r = option->set(option, text, p->f);
        if (r == -EINVAL && p->f && !p->f->text)
                return failure_set(p->f, FAILURE_INVALID_ARGUMENT, "option '--%s' has a bad value: '%s'",
                                   option->name, strempty(text));
        return r;
}

static int parse_long(Parser *p, const char *word) {
        const char *equals = strchr(word, '=');
        size_t n = equals ? (size_t) (equals - word) : strlen(word);
        const Option *option = find_name(p, word, n);

        if (!option)
                return parser_refuse(p, "--", word, (int) n);
        return parser_set(p, option, equals ? equals + 1 : NULL);
}

static int parse_letters(Parser *p, const char *word) {
        for (; *word; word++) {
                const Option *option = find_letter(p, *word);
                int r;

                if (!option)
                        return parser_refuse(p, "-", word, 1);
                if (option->argument) {
                        /* The rest of the word is the value; as in podman, "-n=5" is "-n 5". */
                        word++;
                        return parser_set(p, option, *word ? word + (*word == '=') : NULL);
                }
                if (word[1] == '=')
                        return parser_set(p, option, word + 2);
                r = parser_set(p, option, NULL);
                if (r < 0)
                        return r;
        }
        return 0;
}

int option_parse(const Option *const *tables, OptionOrder order, const char *verb, char **argv, Failure *f) {
        Parser p = { .tables = tables, .verb = verb, .argv = argv, .f = f };
        bool ended = false;
        int n = 0, r;

        while (*p.argv) {
                char *word = *p.argv++;

                if (ended || word[0] != '-' || !word[1]) {
                        argv[n++] = word;
                        ended |= order == OPTIONS_FIRST;
                        continue;
                }
                if (streq(word, "--")) {
                        ended = true;
                        continue;
                }
                r = word[1] == '-' ? parse_long(&p, word + 2) : parse_letters(&p, word + 1);
                if (r < 0)
                        return r;
        }
        argv[n] = NULL;
        return n;
}

void option_print_help(const Option *table) {
        for (const Option *o = table; o->name; o++) {
                char spelling[128];
                int n;

                if (!o->help)
                        continue;
                n = snprintf(spelling, sizeof(spelling), "  %c%c%s --%s%s%s", o->letter ? '-' : ' ',
                             o->letter ?: ' ', o->letter ? "," : " ", o->name, o->argument ? " " : "",
                             strempty(o->argument));
                if (n >= HELP_COLUMN - 1)
                        (void) printf("%s\n%*s%s\n", spelling, HELP_COLUMN, "", o->help);
                else
                        (void) printf("%-*s%s\n", HELP_COLUMN, spelling, o->help);
        }
}
