/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "security/seccomp-compile.h"

static_assert(SECCOMP_NE == (int) SCMP_CMP_NE && SECCOMP_LT == (int) SCMP_CMP_LT &&
                              SECCOMP_LE == (int) SCMP_CMP_LE && SECCOMP_EQ == (int) SCMP_CMP_EQ &&
                              SECCOMP_GE == (int) SCMP_CMP_GE && SECCOMP_GT == (int) SCMP_CMP_GT &&
                              SECCOMP_MASKED_EQ == (int) SCMP_CMP_MASKED_EQ,
              "operators differ from libseccomp's");
static_assert(SECCOMP_ARCH_X32 == SCMP_ARCH_X32, "x32 differs from libseccomp's");
static_assert(SCMP_ACT_ALLOW == 0x7fff0000U && SCMP_ACT_ERRNO(0) == 0x00050000U,
              "actions differ from the kernel's");

/* The few functions of the library that are needed, found anew for each compilation. */
typedef struct Library {
        void *handle;
        typeof(seccomp_init) *init;
        typeof(seccomp_release) *release;
        typeof(seccomp_arch_add) *arch_add;
        typeof(seccomp_attr_set) *attr_set;
        typeof(seccomp_syscall_resolve_name) *resolve_name;
        typeof(seccomp_rule_add_array) *rule_add_array;
        typeof(seccomp_export_bpf) *export_bpf;
        scmp_filter_ctx filter;
        size_t n_rules;
} Library;

static void library_done(Library *l) {
        if (l->filter)
                l->release(l->filter);
        if (l->handle)
                (void) dlclose(l->handle);
}

#define SYMBOL(name) { "seccomp_" #name, offsetof(Library, name) }

static int library_open(Library *l, Failure *f) {
        static const struct {
                const char *name;
                size_t offset;
        } symbols[] = {
                SYMBOL(init),
                SYMBOL(release),
                SYMBOL(arch_add),
                SYMBOL(attr_set),
                SYMBOL(rule_add_array),
                SYMBOL(export_bpf),
                { "seccomp_syscall_resolve_name", offsetof(Library, resolve_name) },
        };

        l->handle = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
        for (size_t i = 0; l->handle && i < ELEMENTSOF(symbols); i++) {
                void *symbol = dlsym(l->handle, symbols[i].name);

                if (!symbol) {
                        (void) dlclose(l->handle);
                        l->handle = NULL;
                        break;
                }
                memcpy((char *) l + symbols[i].offset, &symbol, sizeof(symbol));
        }
        if (l->handle)
                return 0;
        return failure_set(f, FAILURE_SYSTEM,
                           "libseccomp.so.2 cannot be loaded (%s); install libseccomp 2.5 or later",
                           strempty(dlerror()));
}

static int rule_add(Library *l, const SeccompRule *rule, const char *name, int number,
                    const SeccompArg *args, size_t n_args, Failure *f) {
        struct scmp_arg_cmp compare[SECCOMP_PROFILE_ARGS_MAX];
        int r;

        for (size_t i = 0; i < n_args; i++)
                compare[i] = (struct scmp_arg_cmp){
                                .arg = args[i].index,
                                .op = (enum scmp_compare) args[i].op,
                                .datum_a = args[i].value,
                                .datum_b = args[i].value_two,
                };
        r = l->rule_add_array(l->filter, rule->action, number, (unsigned) n_args, compare);
        l->n_rules++;
        /* A second rule with the very same conditions: the first one stays, as in docker. */
        if (r >= 0 || r == -EEXIST)
                return 0;
        if (r == -ENOMEM)
                return r;
        return failure_set(f, FAILURE_CONFIGURATION,
                           "seccomp profile: the rule for %.64s cannot be compiled: %s", name,
                           strempty(strerrordesc_np(-r)));
}

/* Conditions on one and the same argument cannot hold together in libseccomp; docker and runc take them as
 * alternatives. */
static bool args_repeat(const SeccompRule *rule) {
        unsigned seen = 0;

        for (size_t i = 0; i < rule->n_args; i++) {
                if (seen & (1U << rule->args[i].index))
                        return true;
                seen |= 1U << rule->args[i].index;
        }
        return false;
}

static int rule_compile(Library *l, const SeccompProfile *profile, const SeccompRule *rule, Failure *f) {
        bool alternatives = args_repeat(rule);
        int r = 0;

        /* libseccomp refuses a rule that does what happens anyway. */
        if (rule->action == profile->default_action)
                return 0;

        STRV_FOREACH (name, rule->names) {
                int number = l->resolve_name(*name);

                if (number == __NR_SCMP_ERROR) {
                        log_debug("seccomp: unknown system call %.64s, ignoring.", *name);
                        continue;
                }
                if (!alternatives)
                        r = rule_add(l, rule, *name, number, rule->args, rule->n_args, f);
                for (size_t i = 0; alternatives && r >= 0 && i < rule->n_args; i++)
                        r = rule_add(l, rule, *name, number, &rule->args[i], 1, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int filter_export(Library *l, uint32_t flags, int *ret_fd, Failure *f) {
        const struct sock_filter header = { .code = SECCOMP_FLAGS_CODE, .k = flags };
        off_t size, begin = flags ? (off_t) sizeof(header) : 0;
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = memfd_create("seccomp-filter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return negative_errno();
        r = flags ? fd_write_all(fd, &header, sizeof(header)) : 0;
        if (r >= 0)
                r = l->export_bpf(l->filter, fd);
        if (r < 0)
                return r;
        size = lseek(fd, 0, SEEK_END);
        if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return negative_errno();
        if (size - begin > BPF_MAXINSNS * (off_t) sizeof(struct sock_filter))
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "seccomp profile: compiles to %" PRIi64 " instructions, 4096 at most",
                                   (int64_t) (size - begin) / (int64_t) sizeof(struct sock_filter));
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return negative_errno();
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int profile_compile(const SeccompProfile *profile, int *ret_fd, Failure *f) {
        _cleanup_(library_done) Library l = {};
        int r;

        r = library_open(&l, f);
        if (r < 0)
                return r;
        l.filter = l.init(profile->default_action);
        if (!l.filter)
                return -ENOMEM;
        for (size_t i = 0; i < profile->n_architectures; i++) {
                /* Calls of an architecture that is left out kill their process. */
                r = l.arch_add(l.filter, profile->architectures[i]);
                if (r < 0 && r != -EEXIST)
                        log_debug_errno(r, "seccomp: cannot add architecture %#x, ignoring: %m",
                                        profile->architectures[i]);
        }
        for (size_t i = 0; i < profile->n_rules; i++) {
                r = rule_compile(&l, profile, &profile->rules[i], f);
                if (r < 0)
                        return r;
        }
        /* A binary tree over the numbers instead of a list: a third of the instructions on the path of a
         * common call. libseccomp before 2.5.5 makes a bad filter of one without any number. */
        r = l.n_rules > 0 ? l.attr_set(l.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) : 0;
        if (r < 0)
                log_debug_errno(r, "seccomp: no binary tree, ignoring: %m");
        return filter_export(&l, profile->flags, ret_fd, f);
}

int seccomp_compile(const SeccompProfile *profile, int *ret_fd, Failure *f) {
        int r;

        r = profile_compile(profile, ret_fd, f);
        /* The rules took half a megabyte of small pieces; a daemon that compiles once should not carry them
         * on. */
        (void) malloc_trim(0);
        return r;
}
