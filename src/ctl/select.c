/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "ctl/filter.h"
#include "ctl/select.h"

#define CIDFILE_BYTES_MAX 4096

Selection selection;

bool select_is_active(const ContainerInfo *info) {
        return container_info_is_active(info);
}

bool select_is_idle(const ContainerInfo *info) {
        return streq(info->state, "created") || streq(info->state, "stopped");
}

bool select_is_running(const ContainerInfo *info) {
        return streq(info->state, "running");
}

bool select_is_paused(const ContainerInfo *info) {
        return streq(info->state, "paused");
}

static int read_cidfile(const char *path, char ***names, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = file_read(AT_FDCWD, path, CIDFILE_BYTES_MAX, &text, NULL);
        if (r == -ENOENT && selection.ignore)
                return 0;
        if (r < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r,
                                         "cannot read the container id file '%s'", path);
        text[strcspn(text, "\r\n")] = 0;
        if (isempty(text))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "the container id file '%s' is empty; nothing was created with it", path);
        return strv_extend(names, text);
}

static int find_names(Ctl *c, bool (*fits)(const ContainerInfo *info), char ***names, Failure *f) {
        _cleanup_(object_list_freep) ObjectList *l = NULL;
        int r;

        r = object_list_get(c, &l, f);
        if (r >= 0)
                r = filter_resolve(selection.filters, l, f);
        if (r < 0)
                return r;
        if (selection.latest && l->n_containers == 0)
                return failure_set(f, FAILURE_NO_SUCH_CONTAINER, "there is no container yet");
        for (size_t i = 0; r >= 0 && i < l->n_containers; i++) {
                const ContainerInfo *info = l->containers[i];

                if (selection.latest)
                        return strv_extend(names, info->name);
                if ((!fits || fits(info)) && filter_match(selection.filters, info))
                        r = strv_extend(names, info->name);
        }
        return r;
}

/* What was said once, and what cannot be said together. */
static int check(const char *verb, char **operands, Failure *f) {
        int n = (operands[0] || selection.cidfiles) + (selection.all || selection.filters) +
                selection.latest;

        if (n > 1)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s': container names (or --cidfile), --all (or --filter) and --latest "
                                   "exclude each other; give one",
                                   verb);
        if (n == 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "'%s' needs CONTAINER... or --all; see creelctl %s --help", verb, verb);
        return filter_check(selection.filters, f);
}

int select_names(Ctl *c, const char *verb, bool (*fits)(const ContainerInfo *info), char **operands,
                 char ***ret, Failure *f) {
        _cleanup_strv_free_ char **names = NULL;
        int r;

        r = check(verb, operands, f);
        if (r >= 0)
                r = strv_copy(operands, &names);
        STRV_FOREACH(i, selection.cidfiles)
                if (r >= 0)
                        r = read_cidfile(*i, &names, f);
        if (r >= 0 && (selection.all || selection.filters || selection.latest))
                r = find_names(c, fits, &names, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(names);
        return 0;
}
