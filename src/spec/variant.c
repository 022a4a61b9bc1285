/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "spec/variant.h"

#define BLANKS " \t\n\r"
#define BASIC_TYPES "bynqiuxtdsog"

static const struct {
        const char *word;
        char type;
} words[] = {
        { "boolean", 'b' }, { "byte", 'y' },   { "int16", 'n' },      { "uint16", 'q' },
        { "int32", 'i' },   { "uint32", 'u' }, { "int64", 'x' },      { "uint64", 't' },
        { "double", 'd' },  { "string", 's' }, { "objectpath", 'o' }, { "signature", 'g' },
};

static const struct {
        char type;
        int64_t min;
        uint64_t max;
} ranges[] = {
        { 'y', 0, UINT8_MAX },         { 'n', INT16_MIN, INT16_MAX }, { 'q', 0, UINT16_MAX },
        { 'i', INT32_MIN, INT32_MAX }, { 'u', 0, UINT32_MAX },        { 'x', INT64_MIN, INT64_MAX },
        { 't', 0, UINT64_MAX },
};

void variant_done(Variant *v) {
        for (size_t i = 0; i < v->n; i++)
                free(v->tokens[i].text);
        free(v->tokens);
        free(v->signature);
        *v = (Variant){};
}

static const char *skip(const char *p) {
        return p + strspn(p, BLANKS);
}

/* The end of one complete type, or NULL. */
static const char *type_end(const char *s, unsigned depth) {
        if (depth > VARIANT_DEPTH_MAX)
                return NULL;
        if (*s && strchr(BASIC_TYPES, *s))
                return s + 1;
        if (*s == 'a')
                return type_end(s + 1, depth + 1);
        if (*s != '(' || s[1] == ')')
                return NULL;
        for (s++; s && *s != ')';)
                s = type_end(s, depth + 1);
        return s ? s + 1 : NULL;
}

static int add(Variant *v, char type, size_t *ret_index) {
        if (!GREEDY_REALLOC(v->tokens, v->n_allocated, v->n + 1))
                return -ENOMEM;
        v->tokens[v->n] = (VariantToken){ .type = type };
        *ret_index = v->n++;
        return 0;
}

static int set_text(Variant *v, size_t index, const char *text, size_t n) {
        char *copy = strndup(text, n);

        if (!copy)
                return -ENOMEM;
        free(v->tokens[index].text);
        v->tokens[index].text = copy;
        return 0;
}

/* The types of what the tokens from @from on are. */
static int signature_of(const Variant *v, size_t from, char **ret) {
        char *p, *s;
        size_t n = 1;

        for (size_t i = from; i < v->n; i++)
                n += 2 + (v->tokens[i].type == 'a' ? strlen(v->tokens[i].text) : 0);
        s = p = malloc(n);
        if (!s)
                return -ENOMEM;
        for (size_t i = from; i < v->n; i++) {
                const VariantToken *t = v->tokens + i;

                *p++ = t->type;
                if (t->type != 'a')
                        continue;
                p = mempcpy(p, t->text, strlen(t->text));
                /* The elements say nothing more; arrays and tuples among them end with ')', and so does an
                 * array itself, which has no such letter. */
                for (unsigned depth = 1; depth > 0;) {
                        char type = v->tokens[++i].type;

                        depth += type == 'a' || type == '(' ? 1 : 0;
                        depth -= type == ')';
                }
        }
        *p = 0;
        *ret = s;
        return 0;
}

static int parse_value(Variant *v, const char **p, const char *expected, unsigned depth);

static int parse_string(Variant *v, const char **p, char type) {
        _cleanup_free_ char *text = new (char, strlen(*p) + 1);
        const char *s = *p;
        char quote = *s++;
        size_t n = 0, index;
        int r;

        if (!text)
                return -ENOMEM;
        for (; *s != quote; s++) {
                if (*s == '\\')
                        s++;
                if (!*s)
                        return -EINVAL;
                text[n++] = s[-1] == '\\' && *s == 'n' ? '\n' : s[-1] == '\\' && *s == 't' ? '\t' : *s;
        }
        r = add(v, type, &index);
        *p = s + 1;
        return r < 0 ? r : set_text(v, index, text, n);
}

static int set_integer(VariantToken *t, const char *text) {
        char *end;

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++) {
                bool negative = *text == '-';
                uint64_t n;

                if (ranges[i].type != t->type)
                        continue;
                errno = 0;
                n = strtoull(text + (negative || *text == '+'), &end, 0);
                if (errno != 0 || *end || !strchr(DIGITS, text[negative || *text == '+']))
                        return -EINVAL;
                if (negative ? ranges[i].min == 0 || n > ranges[i].max + 1 : n > ranges[i].max)
                        return -EINVAL;
                t->bits = negative ? -n : n;
                return 0;
        }
        return -EINVAL;
}

static int parse_number(Variant *v, const char **p, char type) {
        size_t n = strspn(*p, ALPHANUMERIC "+-."), index;
        char text[64], *end;
        int r;

        if (n == 0 || n >= sizeof(text))
                return -EINVAL;
        memcpy(text, *p, n);
        text[n] = 0;
        *p += n;
        if (!type)
                type = streq(text, "true") || streq(text, "false") ? 'b' : strchr(text, '.') ? 'd' : 'i';
        r = add(v, type, &index);
        if (r < 0)
                return r;
        if (type == 'b') {
                v->tokens[index].bits = streq(text, "true");
                return v->tokens[index].bits || streq(text, "false") ? 0 : -EINVAL;
        }
        if (type != 'd')
                return set_integer(v->tokens + index, text);
        errno = 0;
        v->tokens[index].real = strtod(text, &end);
        return errno != 0 || *end || !strchr(DIGITS "+-.", *text) ? -EINVAL : 0;
}

/* What stands behind a member: a comma, or the end. */
static int next_member(const char **p, char end) {
        *p = skip(*p);
        if (**p == end)
                return 0;
        if (**p != ',')
                return -EINVAL;
        (*p)++;
        return 0;
}

static int parse_array(Variant *v, const char **p, const char *expected, unsigned depth) {
        _cleanup_free_ char *inside = expected ? strdup(expected) : NULL;
        size_t index, closing;
        int r;

        if (expected && !inside)
                return -ENOMEM;
        r = add(v, 'a', &index);
        for (*p = skip(*p + 1); r >= 0 && **p != ']'; *p = skip(*p)) {
                size_t first = v->n;

                r = parse_value(v, p, inside, depth + 1);
                if (r >= 0 && !inside)
                        r = signature_of(v, first, &inside);
                if (r >= 0)
                        r = next_member(p, ']');
        }
        if (r >= 0 && !inside) /* of what? */
                r = -EINVAL;
        if (r >= 0)
                r = set_text(v, index, inside, strlen(inside));
        if (r >= 0) {
                (*p)++;
                r = add(v, ')', &closing);
        }
        return r;
}

static int parse_tuple(Variant *v, const char **p, const char *expected, unsigned depth) {
        _cleanup_free_ char *inside = NULL, *member = NULL;
        const char *rest = expected;
        size_t index, closing;
        int r;

        r = add(v, '(', &index);
        for (*p = skip(*p + 1); r >= 0 && **p != ')'; *p = skip(*p)) {
                const char *end = rest ? type_end(rest, 0) : NULL;

                if (rest && !end)
                        return -EINVAL;
                free(member);
                member = rest ? strndup(rest, (size_t) (end - rest)) : NULL;
                if (rest && !member)
                        return -ENOMEM;
                rest = end;
                r = parse_value(v, p, member, depth + 1);
                if (r >= 0)
                        r = next_member(p, ')');
        }
        if (r >= 0 && ((rest && *rest) || v->n == index + 1))
                r = -EINVAL;
        if (r >= 0)
                r = signature_of(v, index + 1, &inside);
        if (r >= 0)
                r = set_text(v, index, inside, strlen(inside));
        if (r >= 0) {
                (*p)++;
                r = add(v, ')', &closing);
        }
        return r;
}

/* A literal of the complete type @expected, or of any. */
static int parse_literal(Variant *v, const char **p, const char *expected, unsigned depth) {
        _cleanup_free_ char *inside = NULL;
        char type = expected ? *expected : 0;

        if (**p == '[' || **p == '(') {
                bool array = **p == '[';
                size_t n = expected ? strlen(expected) : 0;

                if (depth > VARIANT_DEPTH_MAX || (expected && type != (array ? 'a' : '(')))
                        return -EINVAL;
                if (expected) {
                        inside = strndup(expected + 1, array ? n - 1 : n - 2);
                        if (!inside)
                                return -ENOMEM;
                }
                return array ? parse_array(v, p, inside, depth) : parse_tuple(v, p, inside, depth);
        }
        if (**p == '\'' || **p == '"')
                return type && !strchr("sog", type) ? -EINVAL : parse_string(v, p, type ?: 's');
        return type && strchr("sog(a", type) ? -EINVAL : parse_number(v, p, type);
}

static int parse_annotated(Variant *v, const char **p, const char *expected, unsigned depth) {
        _cleanup_free_ char *signature = NULL;
        const char *end = type_end(*p + 1, 0);

        if (!end || !strchr(BLANKS "[('\"", *end) || !*end)
                return -EINVAL;
        signature = strndup(*p + 1, (size_t) (end - *p - 1));
        if (!signature)
                return -ENOMEM;
        if (expected && !streq(signature, expected))
                return -EINVAL;
        *p = skip(end);
        return parse_literal(v, p, signature, depth);
}

static int parse_value(Variant *v, const char **p, const char *expected, unsigned depth) {
        *p = skip(*p);
        if (**p == '@')
                return parse_annotated(v, p, expected, depth);
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                const char *rest = startswith(*p, words[i].word);
                char type[2] = { words[i].type, 0 };

                if (!rest || !*rest || !strchr(BLANKS, *rest))
                        continue;
                if (expected && !streq(expected, type))
                        return -EINVAL;
                *p = skip(rest);
                return parse_literal(v, p, type, depth);
        }
        return parse_literal(v, p, expected, depth);
}

int variant_parse(const char *text, Variant *ret) {
        Variant v = {};
        int r;

        if (strlen(text) > VARIANT_BYTES_MAX)
                return -EINVAL;
        r = parse_value(&v, &text, NULL, 0);
        if (r >= 0 && *skip(text))
                r = -EINVAL;
        if (r >= 0) {
                /* One basic value, array or tuple: what it is called by. */
                const VariantToken *t = v.tokens;

                r = t->type == 'a'   ? string_format(&v.signature, "a%s", t->text)
                    : t->type == '(' ? string_format(&v.signature, "(%s)", t->text)
                                     : string_format(&v.signature, "%c", t->type);
        }
        if (r < 0) {
                variant_done(&v);
                return r;
        }
        *ret = v;
        return 0;
}
