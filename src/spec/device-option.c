/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/device-option.h"

#define MAJOR_MAX 0xfffU
#define MINOR_MAX 0xfffffU

void device_option_done(DeviceOption *o) {
        o->host = mfree(o->host);
        o->container = mfree(o->container);
}

bool device_permissions_valid(const char *s) {
        size_t n = strlen(s);

        if (n == 0 || n > 3 || !string_in_charset(s, "rwm"))
                return false;
        for (size_t i = 0; i < n; i++)
                if (strchr(s + i + 1, s[i]))
                        return false;
        return true;
}

static bool word_is_valid(const char *s, size_t n, const char *inner, const char *first) {
        if (n == 0 || n > 255 || !strchr(first, s[0]) || !strchr(ALPHANUMERIC, s[n - 1]))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!strchr(inner, s[i]))
                        return false;
        return true;
}

bool cdi_name_is_valid(const char *s) {
        size_t vendor = strcspn(s, "/="), class, name;
        const char *p = s + vendor;

        if (*p != '/' || !word_is_valid(s, vendor, ALPHANUMERIC "_-.", LOWERCASE UPPERCASE))
                return false;
        class = strcspn(++p, "=");
        if (p[class] != '=' || !word_is_valid(p, class, ALPHANUMERIC "_-.", LOWERCASE UPPERCASE))
                return false;
        p += class + 1;
        name = strlen(p);
        return word_is_valid(p, name, ALPHANUMERIC "_-.:", ALPHANUMERIC);
}

static bool path_is_valid(const char *s) {
        if (*s != '/' || strlen(s) > 4095 || streq(s, "/"))
                return false;
        for (const char *p = s; p; p = strchr(p + 1, '/'))
                if ((startswith(p, "/..") && (p[3] == '/' || !p[3])))
                        return false;
        return true;
}

static int parse_paths(const char *s, DeviceOption *ret) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_device_option_ DeviceOption o = { .permissions = "rwm" };
        size_t n;
        int r;

        if (*s == ':' || strstr(s, "::") || endswith(s, ":"))
                return -EINVAL;
        r = strv_split(s, ":", &parts);
        if (r < 0)
                return r;
        n = strv_length(parts);
        if (n < 1 || n > 3)
                return -EINVAL;
        if (n > 1 && (n == 3 || parts[1][0] != '/')) {
                const char *permissions = parts[n - 1];

                if (!device_permissions_valid(permissions))
                        return -EINVAL;
                memcpy(o.permissions, permissions, strlen(permissions) + 1);
                n--;
        }
        if (!path_is_valid(parts[0]) || (n > 1 && !path_is_valid(parts[1])))
                return -EINVAL;
        o.host = strdup(parts[0]);
        o.container = strdup(n > 1 ? parts[1] : parts[0]);
        if (!o.host || !o.container)
                return -ENOMEM;
        *ret = o;
        o = (DeviceOption){};
        return 0;
}

int device_option_parse(const char *s, DeviceOption *ret, const char **reterr_hint) {
        int r;

        if (*s != '/' && cdi_name_is_valid(s)) {
                char *name = strdup(s);

                if (!name)
                        return -ENOMEM;
                *ret = (DeviceOption){ .host = name, .cdi = true };
                return 0;
        }
        r = parse_paths(s, ret);
        if (r == -EINVAL)
                *reterr_hint = "must be HOST[:CONTAINER][:PERMISSIONS] with absolute paths and letters of "
                               "rwm, or "
                               "a CDI name VENDOR/CLASS=NAME";
        return r;
}

static int parse_number(const char *s, uint32_t max, bool *ret_any, uint32_t *ret) {
        if (streq(s, "*")) {
                *ret_any = true;
                return 0;
        }
        return parse_u32(s, ret) < 0 || *ret > max ? -EINVAL : 0;
}

static int parse_rule(const char *s, DeviceRule *ret) {
        _cleanup_strv_free_ char **words = NULL, **numbers = NULL;
        DeviceRule rule = {};
        int r;

        r = strv_split(s, " \t", &words);
        if (r < 0)
                return r;
        if (words && streq(words[0], "a") && !words[1]) {
                *ret = (DeviceRule){
                        .type = 'a', .any_major = true, .any_minor = true, .permissions = "rwm"
                };
                return 0;
        }
        if (strv_length(words) != 3 || strlen(words[0]) != 1 || !strchr("abc", words[0][0]) ||
            strstr(words[1], "::") || !device_permissions_valid(words[2]))
                return -EINVAL;
        r = strv_split(words[1], ":", &numbers);
        if (r < 0)
                return r;
        if (strv_length(numbers) != 2 ||
            parse_number(numbers[0], MAJOR_MAX, &rule.any_major, &rule.major) < 0 ||
            parse_number(numbers[1], MINOR_MAX, &rule.any_minor, &rule.minor) < 0)
                return -EINVAL;
        rule.type = words[0][0];
        memcpy(rule.permissions, words[2], strlen(words[2]) + 1);
        *ret = rule;
        return 0;
}

int device_rule_parse(const char *s, DeviceRule *ret, const char **reterr_hint) {
        DeviceRule rule;
        int r;

        r = parse_rule(s, &rule);
        if (r == -EINVAL)
                *reterr_hint = "must be 'TYPE MAJOR:MINOR PERMISSIONS': a, b or c, numbers or *, letters of "
                               "rwm";
        else if (r >= 0 && ((rule.type == 'a' && !(rule.any_major && rule.any_minor)) ||
                            (rule.any_major && !rule.any_minor))) {
                *reterr_hint = "must name the major number to name the minor one, and the type to name "
                               "either: "
                               "units cannot say it otherwise";
                r = -EINVAL;
        }
        if (r < 0)
                return r;
        *ret = rule;
        return 0;
}
