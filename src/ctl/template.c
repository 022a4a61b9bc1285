/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/template.h"
#include "spec/json.h"

#define BLANKS " \t"
#define NAME_CHARACTERS ALPHANUMERIC "_-"

static int refuse(Failure *f, const char *what, const char *where) {
        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                           "bad template: %s at '%.40s'; see creelctl(1), FORMATS", what, where);
}

static void skip_blanks(const char **p) {
        *p += strspn(*p, BLANKS);
}

static int read_path(const char **p, json_object **value, Failure *f) {
        if (**p != '.')
                return refuse(f, "expected a path such as .State.ExitCode", *p);
        (*p)++;
        for (bool first = true;; first = false) {
                size_t n = strspn(*p, NAME_CHARACTERS);
                _cleanup_free_ char *name = NULL;
                json_object *member;

                if (n == 0)
                        return first && strspn(*p, BLANKS "}") > 0 ? 0 : refuse(f, "expected a name", *p);
                name = strndup(*p, n);
                if (!name)
                        return -ENOMEM;
                if (!json_object_is_type(*value, json_type_object) ||
                    !json_object_object_get_ex(*value, name, &member))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "bad template: there is no member '%s' here; show all with "
                                           "--format json",
                                           name);
                *value = member;
                *p += n;
                if (**p != '.')
                        return 0;
                (*p)++;
        }
}

static int read_string(const char **p, char **ret, Failure *f) {
        const char *end = strchr(*p + 1, '"');

        if (!end)
                return refuse(f, "a string that does not end", *p);
        *ret = strndup(*p + 1, (size_t) (end - *p - 1));
        *p = end + 1;
        return *ret ? 0 : -ENOMEM;
}

static int read_index(const char **p, json_object **value, Failure *f) {
        _cleanup_free_ char *word = NULL;
        json_object *member = NULL;
        uint32_t n;
        int r;

        if (**p == '"') {
                r = read_string(p, &word, f);
                if (r < 0)
                        return r;
                /* As in Go, a key that a map does not have is no error: labels are asked for like this. */
                if (!json_object_is_type(*value, json_type_object))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "bad template: index \"%s\" of something that is not an object",
                                           word);
                (void) json_object_object_get_ex(*value, word, &member);
        } else {
                word = strndup(*p, strspn(*p, DIGITS));
                if (!word)
                        return -ENOMEM;
                if (parse_u32(word, &n) < 0)
                        return refuse(f, "expected a number or a string in double quotes", *p);
                if (!json_object_is_type(*value, json_type_array) || n >= json_object_array_length(*value))
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "bad template: there is no element %u here", n);
                member = json_object_array_get_idx(*value, n);
                *p += strlen(word);
        }
        *value = member;
        return 0;
}

static void print_value(json_object *value, FILE *out) {
        bool first = true;

        switch (json_object_get_type(value)) {
        case json_type_null:
                (void) fputs("<no value>", out);
                break;
        case json_type_array:
                (void) fputc('[', out);
                for (size_t i = 0; i < json_object_array_length(value); i++) {
                        (void) fputs(i > 0 ? " " : "", out);
                        print_value(json_object_array_get_idx(value, i), out);
                }
                (void) fputc(']', out);
                break;
        case json_type_object:
                (void) fputs("map[", out);
                json_object_object_foreach(value, key, member) {
                        (void) fprintf(out, "%s%s:", first ? "" : " ", key);
                        print_value(member, out);
                        first = false;
                }
                (void) fputc(']', out);
                break;
        case json_type_string:
                (void) fwrite(json_object_get_string(value), 1, (size_t) json_object_get_string_len(value),
                              out);
                break;
        default:
                (void) fputs(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), out);
        }
}

static int starts_with_word(const char **p, const char *word) {
        const char *rest = startswith(*p, word);

        if (!rest || !strchr(BLANKS, *rest) || !*rest)
                return false;
        *p = rest;
        skip_blanks(p);
        return true;
}

/* Reads what stands between "{{" and "}}". */
static int render_action(const char **p, json_object *value, FILE *out, Failure *f) {
        bool json = false, indexed = false;
        int r;

        skip_blanks(p);
        if (starts_with_word(p, "json"))
                json = true;
        else
                indexed = starts_with_word(p, "index");
        r = read_path(p, &value, f);
        if (r < 0)
                return r;
        skip_blanks(p);
        while (indexed && **p != '}' && **p) {
                r = read_index(p, &value, f);
                if (r < 0)
                        return r;
                skip_blanks(p);
        }
        if (json)
                (void) fputs(value ? json_object_to_json_string_ext(
                                                     value,
                                                     JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
                                   : "null",
                             out);
        else
                print_value(value, out);
        return 0;
}

static int render_all(const char *p, json_object *value, FILE *out, Failure *f) {
        while (*p) {
                int r;

                if (p[0] == '\\' && p[1] && strchr("nt\\", p[1])) {
                        (void) fputc(p[1] == 'n' ? '\n' : p[1] == 't' ? '\t' : '\\', out);
                        p += 2;
                        continue;
                }
                if (!startswith(p, "{{")) {
                        (void) fputc(*p++, out);
                        continue;
                }
                p += 2;
                r = render_action(&p, value, out, f);
                if (r < 0)
                        return r;
                if (!startswith(p, "}}"))
                        return refuse(f, "expected '}}'", p);
                p += 2;
        }
        return 0;
}

int template_render(const char *template, json_object *value, char **ret, Failure *f) {
        _cleanup_free_ char *path = NULL;
        char *text = NULL;
        size_t size;
        FILE *out;
        int r;

        if (*template == '.' && !strstr(template, "{{")) {
                r = string_format(&path, "{{%s}}", template);
                if (r < 0)
                        return r;
                template = path;
        }
        out = open_memstream(&text, &size);
        if (!out)
                return negative_errno();
        r = render_all(template, value, out, f);
        if (fclose(out) != 0 && r >= 0)
                r = -ENOMEM;
        if (r < 0) {
                free(text);
                return r;
        }
        *ret = text;
        return 0;
}
