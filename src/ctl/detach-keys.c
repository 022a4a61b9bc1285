/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "basic/str.h"
#include "ctl/detach-keys.h"

static int parse_key(const char *word, size_t n, char *ret) {
        static const char others[] = "[\\]^_";
        const char *control = n == 6 ? startswith(word, "ctrl-") : NULL, *p;

        if (n == 1 && word[0] > 0) {
                *ret = word[0];
                return 0;
        }
        if (!control)
                return -EINVAL;
        if (*control >= 'a' && *control <= 'z')
                *ret = (char) (*control - 'a' + 1);
        else if (*control == '@')
                *ret = 0;
        else if ((p = strchr(others, *control)))
                *ret = (char) (27 + (p - others));
        else
                return -EINVAL;
        return 0;
}

int detach_keys_parse(const char *text, DetachKeys *ret) {
        DetachKeys keys = {};

        for (const char *p = text; *text && p;) {
                size_t n = strcspn(p, ",");

                if (keys.n >= DETACH_KEYS_MAX || parse_key(p, n, keys.bytes + keys.n) < 0)
                        return -EINVAL;
                keys.n++;
                p = p[n] ? p + n + 1 : NULL;
        }
        *ret = keys;
        return 0;
}

/* The longest beginning of the keys that is the end of what is matched and @next. */
static size_t shorter_match(const DetachKeys *keys, char next) {
        for (size_t n = keys->n_matched; n > 0; n--)
                if (keys->bytes[n - 1] == next &&
                    memcmp(keys->bytes, keys->bytes + keys->n_matched - (n - 1), n - 1) == 0)
                        return n;
        return 0;
}

size_t detach_keys_filter(DetachKeys *keys, const char *data, size_t n, char *out, bool *ret_detach) {
        size_t n_out = 0;

        *ret_detach = false;
        if (keys->n == 0) {
                memcpy(out, data, n);
                return n;
        }
        for (size_t i = 0; i < n; i++) {
                size_t matched, n_held;

                if (data[i] == keys->bytes[keys->n_matched]) {
                        if (++keys->n_matched < keys->n)
                                continue;
                        keys->n_matched = 0;
                        *ret_detach = true;
                        return n_out;
                }
                /* What was held back was no detaching after all, but for what may begin one. */
                matched = shorter_match(keys, data[i]);
                n_held = matched == 0 ? keys->n_matched : keys->n_matched + 1 - matched;
                memcpy(out + n_out, keys->bytes, n_held);
                n_out += n_held;
                keys->n_matched = matched;
                if (matched == 0)
                        out[n_out++] = data[i];
        }
        return n_out;
}
