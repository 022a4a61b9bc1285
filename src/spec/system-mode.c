/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/str.h"
#include "basic/table.h"
#include "spec/system-mode.h"

static const char *const volatile_mode_table[] = {
        [VOLATILE_NO] = "no",
        [VOLATILE_YES] = "yes",
        [VOLATILE_STATE] = "state",
        [VOLATILE_OVERLAY] = "overlay",
};
static const char *const systemd_mode_table[] = {
        [SYSTEMD_FALSE] = "false",
        [SYSTEMD_TRUE] = "true",
        [SYSTEMD_ALWAYS] = "always",
};
static const char *const link_journal_table[] = {
        [LINK_JOURNAL_NO] = "no",       [LINK_JOURNAL_AUTO] = "auto",
        [LINK_JOURNAL_HOST] = "host",   [LINK_JOURNAL_TRY_HOST] = "try-host",
        [LINK_JOURNAL_GUEST] = "guest", [LINK_JOURNAL_TRY_GUEST] = "try-guest",
};

DEFINE_STRING_TABLE(volatile_mode, VolatileMode, _VOLATILE_MODE_MAX)
DEFINE_STRING_TABLE(systemd_mode, SystemdMode, _SYSTEMD_MODE_MAX)
DEFINE_STRING_TABLE(link_journal, LinkJournal, _LINK_JOURNAL_MAX)

static int or_boolean(int mode, const char *s, int no, int yes) {
        bool b;

        if (mode >= 0)
                return mode;
        return !s || parse_boolean(s, &b) < 0 ? -EINVAL : b ? yes : no;
}

int volatile_mode_parse(const char *s) {
        return or_boolean(volatile_mode_from_string(s), s, VOLATILE_NO, VOLATILE_YES);
}

int systemd_mode_parse(const char *s) {
        return or_boolean(systemd_mode_from_string(s), s, SYSTEMD_FALSE, SYSTEMD_TRUE);
}

int link_journal_parse(const char *s) {
        return or_boolean(link_journal_from_string(s), s, LINK_JOURNAL_NO, LINK_JOURNAL_AUTO);
}

bool system_program_is_init(const char *program) {
        static const char *const inits[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };
        const char *slash = strrchr(program, '/');

        for (size_t i = 0; i < ELEMENTSOF(inits); i++)
                if (streq(program, inits[i]))
                        return true;
        return streq(slash ? slash + 1 : program, "systemd");
}

static bool is_dash_place(size_t i) {
        return i == 8 || i == 13 || i == 18 || i == 23;
}

bool system_uuid_is_valid(const char *s) {
        size_t n = strlen(s);
        bool zero = true;

        if (n != 32 && n != 36)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (n == 36 && is_dash_place(i)) {
                        if (s[i] != '-')
                                return false;
                        continue;
                }
                if (!strchr(LOWERCASE_HEX "ABCDEF", s[i]))
                        return false;
                zero = zero && s[i] == '0';
        }
        return !zero;
}

void system_uuid_normalize(const char *s, char ret[static 33]) {
        size_t n = 0;

        for (; *s && n < 32; s++)
                if (*s != '-')
                        ret[n++] = *s >= 'A' && *s <= 'F' ? (char) (*s - 'A' + 'a') : *s;
        ret[n] = 0;
}
