/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/lsm.h"
#include "security/apparmor.h"
#include "security/selinux.h"

OciLsm oci_lsm_of_kernel(void) {
        return (OciLsm){ .apparmor = apparmor_is_available(APPARMOR_ENABLED_PATH),
                         .selinux = selinux_is_available(SELINUX_PATH) };
}

/* Those that have a context for all of their files, and are not shared with the host. */
static bool takes_context(const RuntimeMount *m) {
        return !m->options.bind && m->type &&
               (streq(m->type, "tmpfs") || streq(m->type, "devpts") || streq(m->type, "mqueue"));
}

static int label_mounts(RuntimeSpec *spec) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < spec->n_mounts; i++) {
                _cleanup_free_ char *option = NULL;

                if (!takes_context(spec->mounts + i))
                        continue;
                r = string_format(&option, "context=%s", spec->mount_label);
                if (r >= 0)
                        r = strv_extend(&spec->mounts[i].options.data, option);
        }
        return r;
}

int oci_lsm_prepare(RuntimeSpec *spec, Failure *f) {
        OciLsm lsm;

        if (!spec->process.apparmor_profile && !spec->process.selinux_label && !spec->mount_label)
                return 0;
        lsm = oci_lsm_of_kernel();
        return oci_lsm_apply(spec, &lsm, f);
}

int oci_lsm_apply(RuntimeSpec *spec, const OciLsm *lsm, Failure *f) {
        const char *profile = spec->process.apparmor_profile, *label = spec->process.selinux_label;

        if (!isempty(profile) && !streq(profile, "unconfined") && !lsm->apparmor)
                return failure_set(f, FAILURE_SECURITY,
                                   "process.apparmorProfile is %s, but this kernel has no AppArmor, or has "
                                   "it disabled",
                                   profile);
        if (!isempty(label) && !lsm->selinux)
                return failure_set(f, FAILURE_SECURITY,
                                   "process.selinuxLabel is %s, but SELinux is disabled or not supported",
                                   label);
        if (isempty(spec->mount_label))
                return 0;
        if (!lsm->selinux)
                return failure_set(f, FAILURE_SECURITY,
                                   "linux.mountLabel is %s, but SELinux is disabled or not supported",
                                   spec->mount_label);
        return label_mounts(spec);
}
