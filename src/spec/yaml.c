/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/json.h"
#include "spec/yaml.h"

typedef struct Line {
        size_t indent, number;
        char *text; /* without indentation, comment and blanks at the end; not empty */
} Line;

typedef struct Reader {
        char *copy;
        Line *lines;
        size_t n, allocated, at;
        size_t bad; /* the number of the line that is wrong */
} Reader;

static void reader_done(Reader *r) {
        free(r->copy);
        free(r->lines);
}

static int bad_line(Reader *r, size_t i) {
        r->bad = i < r->n ? r->lines[i].number : r->n > 0 ? r->lines[r->n - 1].number : 1;
        return -EBADMSG;
}

/* Behind the quoted scalar that begins at @s; NULL: it has no end on this line. */
static char *skip_quoted(char *s) {
        char quote = *s++;

        for (; *s; s++) {
                if (quote == '"' && *s == '\\' && s[1])
                        s++;
                else if (*s == quote && quote == '\'' && s[1] == quote)
                        s++;
                else if (*s == quote)
                        return s + 1;
        }
        return NULL;
}

/* A quote only quotes where a scalar begins. */
static bool begins_scalar(const char *line, const char *s) {
        return s == line || strchr(" ,[{:", s[-1]);
}

static void strip_comment(char *line) {
        for (char *s = line; *s; s++) {
                if (*s == '#' && (s == line || s[-1] == ' ')) {
                        *s = 0;
                        break;
                }
                if ((*s == '"' || *s == '\'') && begins_scalar(line, s)) {
                        char *end = skip_quoted(s);

                        if (!end)
                                break;
                        s = end - 1;
                }
        }
        for (size_t n = strlen(line); n > 0 && strchr(" \t\r", line[n - 1]); n--)
                line[n - 1] = 0;
}

static int split_lines(Reader *r) {
        char *rest = r->copy, *line;

        for (size_t number = 1; (line = strsep(&rest, "\n")); number++) {
                size_t indent = strspn(line, " ");

                strip_comment(line);
                if (strlen(line) <= indent || (r->n == 0 && streq(line, "---")))
                        continue;
                if (r->n >= YAML_LINES_MAX || line[indent] == '\t' || streq(line, "---") ||
                    streq(line, "...")) {
                        r->bad = number;
                        return -EBADMSG;
                }
                if (!GREEDY_REALLOC(r->lines, r->allocated, r->n + 1))
                        return -ENOMEM;
                r->lines[r->n++] = (Line){ .indent = indent, .number = number, .text = line + indent };
        }
        return 0;
}

static bool is_item(const char *text) {
        return *text == '-' && (text[1] == ' ' || !text[1]);
}

/* The colon that ends the key of "key: value" or "key:"; NULL: this is no entry of a mapping. */
static char *find_colon(char *text) {
        char *s = text;

        if (strchr("[{", *text))
                return NULL;
        if (*s == '"' || *s == '\'') {
                s = skip_quoted(s);
                return s && *s == ':' && (s[1] == ' ' || !s[1]) ? s : NULL;
        }
        for (; *s; s++)
                if (*s == ':' && (s[1] == ' ' || !s[1]))
                        return s;
        return NULL;
}

static int string_new(const char *s, json_object **ret) {
        *ret = json_object_new_string(s);
        return *ret ? 0 : -ENOMEM;
}

static int read_single_quoted(char *s, json_object **ret) {
        char *end = skip_quoted(s), *out = s + 1;

        if (!end || *end)
                return -EBADMSG;
        for (char *p = s + 1; p < end - 1; p++) {
                *out++ = *p;
                if (*p == '\'')
                        p++;
        }
        *out = 0;
        return string_new(s + 1, ret);
}

/* *@ret is NULL for null, which is how json-c has it. */
static int read_plain(const char *s, json_object **ret) {
        char *end;
        long long v;

        *ret = NULL;
        if (strchr("&*!|>%@`", *s) || strstr(s, ": "))
                return -EBADMSG;
        if (streq(s, "~") || streq(s, "null"))
                return 0;
        if (streq(s, "true") || streq(s, "false")) {
                *ret = json_object_new_boolean(*s == 't');
                return *ret ? 0 : -ENOMEM;
        }
        if (strchr(DIGITS "-", *s)) {
                const char *octal = startswith(s, "0o");

                errno = 0;
                v = octal ? strtoll(octal, &end, 8) : strtoll(s, &end, 0);
                if (errno == 0 && end > s && !*end && strchr(DIGITS "abcdefABCDEF", end[-1])) {
                        *ret = json_object_new_int64(v);
                        return *ret ? 0 : -ENOMEM;
                }
        }
        return string_new(s, ret);
}

static int read_scalar(char *s, json_object **ret);

/* "[a, b]" where the parts are plain; what is JSON has been tried before. */
static int read_flow_sequence(char *s, json_object **ret) {
        _cleanup_json_ json_object *array = json_object_new_array();
        _cleanup_strv_free_ char **parts = NULL;
        size_t n = strlen(s);
        int r;

        if (!array)
                return -ENOMEM;
        if (n < 2 || s[n - 1] != ']' || strpbrk(s + 1, "[{}\"'") || strchr(s, ']') != s + n - 1)
                return -EBADMSG;
        s[n - 1] = 0;
        r = strv_split(s + 1, ",", &parts);
        STRV_FOREACH(i, r < 0 ? NULL : parts) {
                char *part = *i + strspn(*i, " ");
                json_object *v;

                strip_comment(part);
                r = *part ? read_plain(part, &v) : -EBADMSG;
                if (r < 0 || json_object_array_add(array, v) < 0)
                        return r < 0 ? r : -ENOMEM;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(array);
        return 0;
}

static int read_scalar(char *s, json_object **ret) {
        int r;

        if (*s == '\'')
                return read_single_quoted(s, ret);
        if (!strchr("\"[{", *s))
                return read_plain(s, ret);
        r = json_parse(s, strlen(s), strlen(s), ret);
        if (r == -ENOMEM || r >= 0)
                return r;
        return *s == '[' ? read_flow_sequence(s, ret) : -EBADMSG;
}

static int read_node(Reader *r, size_t indent, unsigned depth, json_object **ret);

/* What stands behind "- " or "key: " on the present line, or beneath it. */
static int read_value(Reader *r, char *rest, size_t indent, bool item_here, unsigned depth,
                      json_object **ret) {
        const Line *next;
        int k;

        *ret = NULL;
        if (*rest) {
                k = read_scalar(rest, ret);
                if (k < 0)
                        return k == -EBADMSG ? bad_line(r, r->at) : k;
                r->at++;
                return 0;
        }
        r->at++;
        if (r->at >= r->n)
                return 0;
        next = r->lines + r->at;
        /* The items of a key's sequence may stand where the key does. */
        if (next->indent > indent || (item_here && next->indent == indent && is_item(next->text)))
                return read_node(r, next->indent, depth + 1, ret);
        return 0;
}

static int read_item(Reader *r, size_t indent, unsigned depth, json_object *array) {
        Line *line = r->lines + r->at;
        char *rest = line->text + 1 + strspn(line->text + 1, " ");
        json_object *v;
        int k;

        if (*rest && (is_item(rest) || find_colon(rest))) {
                /* A collection that begins on the line of the dash is as deep as its first word. */
                line->indent += (size_t) (rest - line->text);
                line->text = rest;
                k = read_node(r, line->indent, depth + 1, &v);
        } else
                k = read_value(r, rest, indent, false, depth, &v);
        if (k < 0)
                return k;
        if (json_object_array_add(array, v) < 0) {
                (void) json_object_put(v);
                return -ENOMEM;
        }
        return 0;
}

static int read_entry(Reader *r, size_t indent, unsigned depth, json_object *o) {
        Line *line = r->lines + r->at;
        char *colon = find_colon(line->text), *rest;
        _cleanup_json_ json_object *key = NULL;
        size_t at = r->at;
        json_object *v;
        int k;

        if (!colon || is_item(line->text))
                return bad_line(r, at);
        rest = colon + 1 + strspn(colon + 1, " ");
        *colon = 0;
        k = strchr("\"'", *line->text) && *line->text ? read_scalar(line->text, &key)
                                                      : string_new(line->text, &key);
        if (k < 0 || !json_object_is_type(key, json_type_string))
                return k == -ENOMEM ? k : bad_line(r, at);
        if (strchr("&*!?", *line->text) || json_object_object_get_ex(o, json_object_get_string(key), NULL))
                return bad_line(r, at);
        k = read_value(r, rest, indent, true, depth, &v);
        if (k < 0)
                return k;
        if (json_object_object_add(o, json_object_get_string(key), v) < 0) {
                (void) json_object_put(v);
                return -ENOMEM;
        }
        return 0;
}

static int read_node(Reader *r, size_t indent, unsigned depth, json_object **ret) {
        bool sequence = is_item(r->lines[r->at].text);
        _cleanup_json_ json_object *o = sequence ? json_object_new_array() : json_object_new_object();

        if (!o)
                return -ENOMEM;
        if (depth > YAML_DEPTH_MAX)
                return bad_line(r, r->at);
        while (r->at < r->n && r->lines[r->at].indent == indent &&
               is_item(r->lines[r->at].text) == sequence) {
                int k = sequence ? read_item(r, indent, depth, o) : read_entry(r, indent, depth, o);

                if (k < 0)
                        return k;
        }
        if (r->at < r->n && r->lines[r->at].indent > indent)
                return bad_line(r, r->at);
        *ret = TAKE_PTR(o);
        return 0;
}

int yaml_parse(const char *data, size_t n_bytes, json_object **ret, size_t *reterr_line) {
        _cleanup_(reader_done) Reader r = {};
        _cleanup_json_ json_object *o = NULL;
        int k;

        *reterr_line = 1;
        if (memchr(data, 0, n_bytes))
                return -EBADMSG;
        r.copy = strndup(data, n_bytes);
        if (!r.copy)
                return -ENOMEM;
        k = split_lines(&r);
        if (k >= 0 && r.n == 0)
                k = bad_line(&r, 0);
        if (k >= 0)
                k = read_node(&r, r.lines[0].indent, 0, &o);
        if (k >= 0 && r.at < r.n)
                k = bad_line(&r, r.at);
        if (k < 0) {
                *reterr_line = r.bad;
                return k;
        }
        *ret = TAKE_PTR(o);
        return 0;
}
