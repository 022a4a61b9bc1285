/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* /etc/hosts and resolv.conf, of an image or of the host, on their way into a container. */

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "basic/memory.h"
#include "spec/hosts.h"
#include "spec/resolv-conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size), *hosts = NULL, *again = NULL,
                            *resolv = NULL;

        if (!text)
                return 0;
        assert(hosts_merge("1.2.3.4\tmine\n", text, "127.0.0.1\tlocalhost box\n", &hosts) >= 0);
        assert(strncmp(hosts, "1.2.3.4\tmine\n", 13) == 0);
        assert(hosts[strlen(hosts) - 1] == '\n');
        /* a file of our own making comes through as it is */
        assert(hosts_merge(NULL, hosts, NULL, &again) >= 0 && strcmp(hosts, again) == 0);
        assert(resolv_conf_compose(&(const ResolvConf){ .host = text }, &resolv) >= 0);
        (void) resolv_conf_is_local(text);
        return 0;
}
