/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "config.h"
#include "ctl/object.h"
#include "ctl/output.h"
#include "ctl/template.h"
#include "spec/json.h"

static int info_to_json(const ManagerInfo *info, json_object **ret) {
        _cleanup_json_ json_object *o = json_object_new_object();
        const struct {
                const char *key, *value;
        } strings[] = {
                { "ClientVersion", CREEL_VERSION },        { "Version", info->version },
                { "StorePath", info->store_path },         { "RuntimePath", info->runtime_path },
                { "KernelVersion", info->kernel_version }, { "SystemdVersion", info->systemd_version },
        };
        int r = o ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(strings); i++)
                r = json_add_string(o, strings[i].key, strempty(strings[i].value));
        if (r >= 0)
                r = info->cgroup_controllers
                                    ? json_add_strv(o, "CgroupControllers", info->cgroup_controllers)
                                    : json_add(o, "CgroupControllers", json_object_new_array());
        if (r >= 0)
                r = info->security_features ? json_add_strv(o, "SecurityFeatures", info->security_features)
                                            : json_add(o, "SecurityFeatures", json_object_new_array());
        if (r >= 0)
                r = json_add_u64(o, "Containers", info->n_containers);
        if (r >= 0)
                r = json_add_u64(o, "ContainersRunning", info->n_containers_running);
        if (r >= 0)
                r = json_add_u64(o, "Images", info->n_images);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

static int print_for_people(const ManagerInfo *info) {
        _cleanup_free_ char *controllers = NULL, *features = NULL;
        int r;

        r = strv_join(info->cgroup_controllers, " ", &controllers);
        if (r >= 0)
                r = strv_join(info->security_features, " ", &features);
        if (r < 0)
                return r;
        (void) printf("%18s: %s (creelctl %s)\n", "creeld", strempty(info->version), CREEL_VERSION);
        (void) printf("%18s: %u (%u running)\n", "Containers", info->n_containers,
                      info->n_containers_running);
        (void) printf("%18s: %u\n", "Images", info->n_images);
        (void) printf("%18s: %s\n", "Store", strempty(info->store_path));
        (void) printf("%18s: %s\n", "Runtime directory", strempty(info->runtime_path));
        (void) printf("%18s: %s\n", "Kernel", strempty(info->kernel_version));
        (void) printf("%18s: %s\n", "systemd", strempty(info->systemd_version));
        (void) printf("%18s: %s\n", "Cgroup controllers", controllers);
        (void) printf("%18s: %s\n", "Security", features);
        return 0;
}

int verb_info(Ctl *c, char **operands, Failure *f) {
        _cleanup_(manager_info_freep) ManagerInfo *info = NULL;
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = manager_info_get(c, &info, f);
        if (r < 0)
                return r;
        if (!ctl_wants_json(c) && !ctl_template(c))
                return print_for_people(info);
        r = info_to_json(info, &o);
        if (r < 0)
                return r;
        if (!ctl_template(c))
                return output_json(o, f);
        r = template_render(ctl_template(c), o, &text, f);
        if (r < 0)
                return r;
        (void) printf("%s\n", text);
        return 0;
}
