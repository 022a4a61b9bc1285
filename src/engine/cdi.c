/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/log.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "engine/cdi.h"

const char *const cdi_directories[] = { "/etc/cdi", "/run/cdi", NULL };

static inline void close_directory(DIR **d) {
        if (*d)
                (void) closedir(*d);
}

static int load(const char *directory, int dirfd, const char *file, CdiFile **ret) {
        _cleanup_failure_ Failure f = {};
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = file_read(dirfd, file, CDI_BYTES_MAX, &text, &size);
        if (r >= 0)
                r = cdi_file_parse(text, size, !endswith(file, ".json"), ret, &f);
        if (r < 0 && r != -ENOMEM)
                log_warning("%s/%s describes no devices, ignoring: %s", directory, file,
                            f.text ?: strerrordesc_np(-r));
        return r;
}

static bool is_description(const char *name) {
        return endswith(name, ".json") || endswith(name, ".yaml") || endswith(name, ".yml");
}

/* The device in one directory. 1: found. */
static int find_in(const char *directory, const char *kind, const char *device, CdiFile **ret,
                   const CdiDevice **ret_device, Failure *f) {
        _cleanup_(close_directory) DIR *d = opendir(directory);
        _cleanup_(cdi_file_freep) CdiFile *best = NULL;
        const struct dirent *de;

        while (d && (de = readdir(d))) {
                _cleanup_(cdi_file_freep) CdiFile *c = NULL;
                int r;

                if (*de->d_name == '.' || !is_description(de->d_name))
                        continue;
                r = load(directory, dirfd(d), de->d_name, &c);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !streq(c->kind, kind) || !cdi_file_find(c, device))
                        continue;
                if (best)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--device' has '%s=%s': two files in %s describe it; "
                                           "remove one",
                                           kind, device, directory);
                best = TAKE_PTR(c);
        }
        if (!best)
                return 0;
        (void) cdi_file_free(*ret);
        *ret = TAKE_PTR(best);
        *ret_device = cdi_file_find(*ret, device);
        return 1;
}

int cdi_find(const char *const *directories, const char *name, CdiFile **ret, const CdiDevice **ret_device,
             Failure *f) {
        _cleanup_free_ char *kind = strdup(name);
        _cleanup_(cdi_file_freep) CdiFile *found = NULL;
        const CdiDevice *device = NULL;
        char *equals = kind ? strchr(kind, '=') : NULL;
        const char *beyond;

        if (!equals)
                return -ENOMEM;
        *equals = 0;
        for (; *directories; directories++) {
                int r = find_in(*directories, kind, equals + 1, &found, &device, f);

                if (r < 0)
                        return r;
        }
        if (!found)
                return failure_set(
                                f, FAILURE_INVALID_ARGUMENT,
                                "option '--device' has '%s': no file in /etc/cdi or /run/cdi describes it",
                                name);
        beyond = found->edits.beyond ?: device->edits.beyond;
        if (beyond)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--device' has '%s': its description has \"%s\", which "
                                   "containers here "
                                   "do not carry out; take a device without",
                                   name, beyond);
        *ret = TAKE_PTR(found);
        *ret_device = device;
        return 0;
}
