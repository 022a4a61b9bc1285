/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basic/macro.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "security/capability.h"

static const char *const capability_names[] = {
        [CAP_CHOWN] = "CAP_CHOWN",
        [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
        [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
        [CAP_FOWNER] = "CAP_FOWNER",
        [CAP_FSETID] = "CAP_FSETID",
        [CAP_KILL] = "CAP_KILL",
        [CAP_SETGID] = "CAP_SETGID",
        [CAP_SETUID] = "CAP_SETUID",
        [CAP_SETPCAP] = "CAP_SETPCAP",
        [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
        [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
        [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
        [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
        [CAP_NET_RAW] = "CAP_NET_RAW",
        [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
        [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
        [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
        [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
        [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
        [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
        [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
        [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
        [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
        [CAP_SYS_NICE] = "CAP_SYS_NICE",
        [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
        [CAP_SYS_TIME] = "CAP_SYS_TIME",
        [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
        [CAP_MKNOD] = "CAP_MKNOD",
        [CAP_LEASE] = "CAP_LEASE",
        [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
        [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
        [CAP_SETFCAP] = "CAP_SETFCAP",
        [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
        [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
        [CAP_SYSLOG] = "CAP_SYSLOG",
        [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
        [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
        [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
        [CAP_PERFMON] = "CAP_PERFMON",
        [CAP_BPF] = "CAP_BPF",
        [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
};
static_assert(ELEMENTSOF(capability_names) <= 64, "capabilities no longer fit a mask");

const char *capability_to_string(unsigned capability) {
        return capability < ELEMENTSOF(capability_names) ? capability_names[capability] : NULL;
}

int capability_from_string(const char *name) {
        size_t skip = name && strncasecmp(name, "CAP_", 4) == 0 ? 0 : 4;

        for (size_t i = 0; name && i < ELEMENTSOF(capability_names); i++)
                if (strcasecmp(capability_names[i] + skip, name) == 0)
                        return (int) i;
        return -EINVAL;
}

int capability_set_parse(char *const *names, uint64_t *ret, const char **reterr_name) {
        uint64_t set = 0;

        STRV_FOREACH(i, names) {
                int c = capability_from_string(*i);

                if (c < 0) {
                        *reterr_name = *i;
                        return c;
                }
                set |= CAPABILITY_BIT(c);
        }
        *ret = set;
        return 0;
}

unsigned capability_last(void) {
        static unsigned last;

        /* The kernel answers EINVAL for numbers that it does not have; the table's own end is nearly always
         * right. */
        if (last == 0) {
                last = ELEMENTSOF(capability_names) - 1;
                while (last > 0 && prctl(PR_CAPBSET_READ, last) < 0)
                        last--;
                while (last < 63 && prctl(PR_CAPBSET_READ, last + 1) >= 0)
                        last++;
        }
        return last;
}

uint64_t capability_all(void) {
        return UINT64_MAX >> (63 - capability_last());
}

uint64_t capability_bounding(void) {
        uint64_t set = 0;

        for (unsigned i = 0; i <= capability_last(); i++)
                if (prctl(PR_CAPBSET_READ, i) > 0)
                        set |= CAPABILITY_BIT(i);
        return set;
}

int capability_bound(uint64_t keep) {
        for (unsigned i = 0; i <= capability_last(); i++)
                if (!(keep & CAPABILITY_BIT(i)) && prctl(PR_CAPBSET_DROP, i) < 0)
                        return negative_errno();
        return 0;
}

int capability_apply(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2];

        for (int i = 0; i < 2; i++)
                data[i] = (struct __user_cap_data_struct) {
                        .effective = (uint32_t) (effective >> (32 * i)),
                        .permitted = (uint32_t) (permitted >> (32 * i)),
                        .inheritable = (uint32_t) (inheritable >> (32 * i)),
                };
        return syscall(SYS_capset, &header, data) < 0 ? negative_errno() : 0;
}

int capability_apply_ambient(uint64_t ambient) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return negative_errno();
        for (unsigned i = 0; i <= capability_last(); i++)
                if ((ambient & CAPABILITY_BIT(i)) &&
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
                        return negative_errno();
        return 0;
}
