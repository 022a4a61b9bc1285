/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "manager/manager.h"
#include "spec/json.h"

static const char *const words[] = { "EndpointID",  "Gateway",    "IPAddress",
                                     "IPv6Gateway", "MacAddress", "GlobalIPv6Address",
                                     "SandboxID",   "Bridge",     "LinkLocalIPv6Address" };
static const char *const numbers[] = { "IPPrefixLen", "GlobalIPv6PrefixLen", "LinkLocalIPv6PrefixLen" };
static const char *const maps[] = { "Ports", "Networks" };

/* docker and podman answer for every container, and scripts ask without looking: there are no networks whose
 * addresses could be told, so all of it is as empty as they have it for --network none. */
int inspect_network(const Container *c, json_object *o) {
        _cleanup_json_ json_object *settings = json_object_new_object();
        _cleanup_free_ char *netns = NULL;
        int r = settings ? 0 : -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(words) && r >= 0; i++)
                r = json_add_string(settings, words[i], "");
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++)
                r = json_add_i64(settings, numbers[i], 0);
        if (r >= 0)
                r = json_add_boolean(settings, "HairpinMode", false);
        for (size_t i = 0; i < ELEMENTSOF(maps) && r >= 0; i++)
                r = json_add(settings, maps[i], json_object_new_object());
        if (r >= 0 && c->leader > 0)
                r = string_format(&netns, "/proc/%d/ns/net", (int) c->leader);
        if (r >= 0)
                r = json_add_string(settings, "SandboxKey", strempty(netns));
        return r < 0 ? r : json_add(o, "NetworkSettings", TAKE_PTR(settings));
}

int inspect_network_config(const Container *c, json_object *o) {
        int r;

        r = json_add_string(o, "NetworkMode", c->record->spec->network ?: "none");
        if (r >= 0)
                r = json_add(o, "PortBindings", json_object_new_object());
        return r < 0 ? r : json_add_boolean(o, "PublishAllPorts", false);
}
