/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fnmatch.h>

#include "spec/security-option.h"
#include "basic/str.h"
#include "basic/strv.h"

void security_options_done(SecurityOptions *o) {
        o->mask = strv_free(o->mask);
        o->unmask = strv_free(o->unmask);
}

typedef int (*option_parse_t)(SecurityOptions *o, const char *value);

static int parse_no_new_privileges(SecurityOptions *o, const char *value) {
        o->no_new_privileges = true;
        return value ? parse_boolean(value, &o->no_new_privileges) : 0;
}

static int parse_seccomp(SecurityOptions *o, const char *value) {
        o->seccomp = value;
        return isempty(value) ? -EINVAL : 0;
}

static int parse_apparmor(SecurityOptions *o, const char *value) {
        o->apparmor = value;
        /* What the kernel would read as something else than the end of the name. */
        return isempty(value) || strlen(value) > 255 || strpbrk(value, "\n\t \"") ? -EINVAL : 0;
}

static int parse_label(SecurityOptions *o, const char *value) {
        static const char *const words[] = { "user:", "role:", "type:", "level:", "filetype:" };

        if (value && (streq(value, "disable") || streq(value, "nested")))
                return 0;
        for (size_t i = 0; value && i < ELEMENTSOF(words); i++) {
                const char *rest = startswith(value, words[i]);

                if (rest)
                        return *rest ? 0 : -EINVAL;
        }
        return -EINVAL;
}

static int add_paths(char ***l, const char *value) {
        _cleanup_strv_free_ char **paths = NULL;
        int r;

        if (isempty(value))
                return -EINVAL;
        r = strv_split(value, ":", &paths);
        if (r < 0)
                return r;
        STRV_FOREACH(i, paths)
                if (**i != '/')
                        return -EINVAL;
        return paths ? strv_extend_strv(l, paths) : -EINVAL;
}

static int parse_mask(SecurityOptions *o, const char *value) {
        return add_paths(&o->mask, value);
}

static int parse_unmask(SecurityOptions *o, const char *value) {
        if (value && strcasecmp(value, "all") == 0)
                return strv_extend(&o->unmask, "ALL");
        return add_paths(&o->unmask, value);
}

static int parse_proc_options(SecurityOptions *o, const char *value) {
        o->proc_options = value;
        return isempty(value) ? -EINVAL : 0;
}

static int parse_system_paths(SecurityOptions *o, const char *value) {
        return value && streq(value, "unconfined") ? strv_extend(&o->unmask, "ALL") : -EINVAL;
}

static const struct {
        const char *word;
        option_parse_t parse;
        const char *hint;
} options[] = {
        { "no-new-privileges", parse_no_new_privileges, "must be no-new-privileges[:true|false]" },
        { "seccomp", parse_seccomp, "must be seccomp=FILE, seccomp=builtin or seccomp=unconfined" },
        { "apparmor", parse_apparmor, "must be apparmor=PROFILE or apparmor=unconfined" },
        { "label", parse_label,
          "must be label=disable, nested, user:WORD, role:WORD, type:WORD, level:WORD or filetype:WORD" },
        { "mask", parse_mask, "must be mask=PATH[:PATH...], absolute paths" },
        { "unmask", parse_unmask, "must be unmask=ALL or unmask=PATH[:PATH...], absolute paths" },
        { "proc-opts", parse_proc_options, "must be proc-opts=OPTION[,OPTION...]" },
        { "systempaths", parse_system_paths, "must be systempaths=unconfined" },
};

static int parse_one(SecurityOptions *o, const char *s, const char **reterr_hint) {
        size_t n = strcspn(s, "=:");

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                int r;

                if (strlen(options[i].word) != n || strncmp(s, options[i].word, n) != 0)
                        continue;
                r = options[i].parse(o, s[n] ? s + n + 1 : NULL);
                if (r < 0)
                        *reterr_hint = options[i].hint;
                return r == -ENOMEM ? r : r < 0 ? -EINVAL : 0;
        }
        *reterr_hint = "must be no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask=, proc-opts= "
                       "or "
                       "systempaths=unconfined";
        return -EINVAL;
}

int security_options_parse(char *const *l, SecurityOptions *ret, const char **reterr_hint) {
        _cleanup_security_options_ SecurityOptions o = {};

        STRV_FOREACH(i, l) {
                int r = parse_one(&o, *i, reterr_hint);

                if (r < 0)
                        return r;
        }
        *ret = o;
        o = (SecurityOptions){};
        return 0;
}

bool security_options_unmask(const SecurityOptions *o, const char *path) {
        STRV_FOREACH(i, o->unmask)
                if (streq(*i, "ALL") || fnmatch(*i, path, FNM_PATHNAME) == 0)
                        return true;
        return false;
}
