/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/audit.h>

#include "basic/memory.h"
#include "basic/strv.h"
#include "security/seccomp-profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const uint8_t *data, size_t size, const SeccompTarget *target) {
        _cleanup_(seccomp_profile_freep) SeccompProfile *p = NULL;
        _cleanup_failure_ Failure f = {};

        if (seccomp_profile_parse((const char *) data, size, target, &p, &f) < 0) {
                /* A refusal is one printable line. */
                if (p || !f.text || strpbrk(f.text, "\n\r\033"))
                        abort();
                return;
        }
        if (f.text)
                abort();
        for (size_t i = 0; i < p->n_rules; i++) {
                if (strv_length(p->rules[i].names) == 0)
                        abort();
                for (size_t k = 0; k < p->rules[i].n_args; k++)
                        if (p->rules[i].args[k].index > 5)
                                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        check(data, size, &(SeccompTarget){.architecture = AUDIT_ARCH_X86_64, .kernel_release = "6.1.0"});
        check(data, size, &(SeccompTarget){UINT64_MAX, AUDIT_ARCH_AARCH64, "4.8-rc1", false});
        check(data, size, &(SeccompTarget){0, AUDIT_ARCH_X86_64, "6.1.0", true});
        return 0;
}
