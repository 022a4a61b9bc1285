/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "spec/host-entry.h"

#define HOST_NAME_BYTES_MAX 255

void host_entry_done(HostEntry *e) {
        e->names = strv_free(e->names);
        e->address = mfree(e->address);
}

bool ip_address_is_valid(const char *s, bool zone) {
        const char *percent = strchr(s, '%');
        struct in6_addr in6;
        struct in_addr in;
        char buf[64];

        if (!percent)
                return inet_pton(AF_INET, s, &in) == 1 || inet_pton(AF_INET6, s, &in6) == 1;
        if (!zone || (size_t) (percent - s) >= sizeof(buf) ||
            !string_in_charset(percent + 1, ALPHANUMERIC "-_.") || !percent[1])
                return false;
        memcpy(buf, s, (size_t) (percent - s));
        buf[percent - s] = 0;
        return inet_pton(AF_INET6, buf, &in6) == 1;
}

static bool name_is_valid(const char *s) {
        return strlen(s) <= HOST_NAME_BYTES_MAX && string_in_charset(s, ALPHANUMERIC "-_.") && *s != '-';
}

static int parse_address(const char *s, HostEntry *e) {
        size_t n = strlen(s);

        if (streq(s, "host-gateway"))
                return 0;
        if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
                s++;
                n -= 2;
        }
        e->address = strndup(s, n);
        if (!e->address)
                return -ENOMEM;
        return ip_address_is_valid(e->address, false) ? 0 : -EINVAL;
}

int host_entry_parse(const char *text, HostEntry *ret) {
        _cleanup_(host_entry_done) HostEntry e = {};
        _cleanup_free_ char *names = NULL;
        size_t n = strcspn(text, ":=");
        int r;

        if (n == 0 || !text[n])
                return -EINVAL;
        names = strndup(text, n);
        if (!names)
                return -ENOMEM;
        r = strv_split(names, ";", &e.names);
        if (r < 0)
                return r;
        if (!e.names || !*e.names)
                return -EINVAL;
        STRV_FOREACH(i, e.names)
                if (!name_is_valid(*i))
                        return -EINVAL;
        r = parse_address(text + n + 1, &e);
        if (r < 0)
                return r;
        *ret = e;
        e = (HostEntry){};
        return 0;
}
