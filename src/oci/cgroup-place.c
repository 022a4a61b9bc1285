/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "basic/file.h"
#include "basic/memory.h"
#include "basic/path.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "oci/cgroup-place.h"

#define UNIT_NAME_BYTES_MAX 255u
#define UNIT_NAME_CHARS ALPHANUMERIC ":-_.\\"

#define refuse(f, ...) failure_set(f, FAILURE_CONFIGURATION, __VA_ARGS__)

/* "/" and the valid components of @path. */
static int normalise(const char *path, char **ret) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_free_ char *joined = NULL;
        int r;

        r = strv_split(path, "/", &parts);
        if (r < 0)
                return r;
        STRV_FOREACH(i, parts)
                if (!path_component_is_valid(*i))
                        return -EINVAL;
        r = strv_join(parts, "/", &joined);
        return r < 0 ? r : string_format(ret, "/%s", joined);
}

bool oci_cgroup_subgroup_is_valid(const char *s) {
        _cleanup_free_ char *path = NULL;

        return !isempty(s) && s[0] != '/' && normalise(s, &path) >= 0 && !streq(path, "/");
}

static int own_parent(char **ret) {
        _cleanup_free_ char *own = NULL;
        int r;

        r = file_read_cgroup(AT_FDCWD, "/proc/self/cgroup", &own);
        if (r < 0)
                return r;
        *(strrchr(own, '/') ?: own) = 0;
        *ret = TAKE_PTR(own);
        return 0;
}

int oci_cgroup_place_path(const char *cgroups_path, const char *id, bool rootless, char **ret,
                          Failure *reterr) {
        _cleanup_free_ char *parent = NULL, *whole = NULL, *path = NULL;
        int r = 0;

        if (isempty(cgroups_path))
                cgroups_path = id;
        if (cgroups_path[0] != '/' && rootless) {
                r = own_parent(&parent);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_SYSTEM, r,
                                                 "cannot tell which cgroup this process is in");
        }
        r = string_format(&whole, "%s/%s", strempty(parent), cgroups_path);
        if (r >= 0)
                r = normalise(whole, &path);
        if (r == -EINVAL || (r >= 0 && streq(path, "/")))
                return refuse(reterr,
                              "linux.cgroupsPath: '%s' is no path of a cgroup; leave out '.' and '..'",
                              cgroups_path);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(path);
        return 0;
}

static int escape(const char *s, char **ret) {
        char *p, *escaped = new (char, strlen(s) * 4 + 1);

        if (!escaped)
                return -ENOMEM;
        for (p = escaped; *s; s++)
                if (strchr(UNIT_NAME_CHARS, *s))
                        *p++ = *s;
                else
                        p += snprintf(p, 5, "\\x%02x", (unsigned char) *s);
        *p = 0;
        *ret = escaped;
        return 0;
}

/* a-b.slice lies in a.slice, so no component may be empty; -.slice is the root. */
static bool slice_is_valid(const char *s) {
        size_t n;

        if (strlen(s) > UNIT_NAME_BYTES_MAX || !endswith(s, ".slice") ||
            !string_in_charset(s, UNIT_NAME_CHARS))
                return false;
        if (streq(s, "-.slice"))
                return true;
        n = strlen(s) - strlen(".slice");
        return n > 0 && s[0] != '-' && s[n - 1] != '-' && !strstr(s, "--");
}

static int name_unit(const char *prefix, const char *name, char **ret) {
        _cleanup_free_ char *plain = NULL, *escaped = NULL;
        int r;

        r = string_format(&plain, "%s%s%s", prefix, *prefix ? "-" : "", name);
        if (r >= 0)
                r = escape(plain, &escaped);
        if (r < 0)
                return r;
        return endswith(escaped, ".scope") ? string_set(ret, escaped)
                                           : string_format(ret, "%s.scope", escaped);
}

int oci_cgroup_place_unit(const char *cgroups_path, const char *id, bool rootless, char **ret_unit,
                          char **ret_slice, Failure *reterr) {
        _cleanup_free_ char *slice = NULL, *unit = NULL;
        const char *prefix = "creel", *name = id;
        char *colon, *copy;
        int r;

        slice = strdup(isempty(cgroups_path) ? "" : cgroups_path);
        if (!slice)
                return -ENOMEM;
        if (*slice) {
                colon = strchr(slice, ':');
                copy = colon ? strchr(colon + 1, ':') : NULL;
                if (!copy || strchr(copy + 1, ':') || !copy[1])
                        return refuse(reterr,
                                      "linux.cgroupsPath: '%s' is not SLICE:PREFIX:NAME, which systemd's "
                                      "cgroups need; write it so, or leave out --systemd-cgroup",
                                      cgroups_path);
                *colon = *copy = 0;
                prefix = colon + 1;
                name = copy + 1;
        }
        if (endswith(name, ".slice"))
                return refuse(reterr, "linux.cgroupsPath: '%s' names a slice; a container is a scope in one",
                              cgroups_path);
        r = name_unit(prefix, name, &unit);
        if (r >= 0 && !*slice)
                r = string_set(&slice, rootless ? "user.slice" : "system.slice");
        if (r < 0)
                return r;
        if (!slice_is_valid(slice))
                return refuse(reterr,
                              "linux.cgroupsPath: '%s' is not the name of a slice, such as a-b.slice",
                              slice);
        if (strlen(unit) > UNIT_NAME_BYTES_MAX)
                return refuse(reterr, "linux.cgroupsPath: the unit's name would have more than %u bytes",
                              UNIT_NAME_BYTES_MAX);
        *ret_unit = TAKE_PTR(unit);
        *ret_slice = TAKE_PTR(slice);
        return 0;
}
