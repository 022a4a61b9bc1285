/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "oci/cgroup.h"
#include "oci/oci.h"
#include "spec/json.h"

#define RESOURCES_BYTES_MAX (1024 * 1024)

typedef enum LimitKind {
        LIMIT_NUMBER,
        LIMIT_BYTES, /* with a suffix, or -1 */
        LIMIT_TEXT,
        LIMIT_IGNORED, /* only version 1 has it */
        LIMIT_REFUSED,
} LimitKind;

typedef enum Limit {
        BLKIO_WEIGHT,
        CPU_PERIOD,
        CPU_QUOTA,
        CPU_BURST,
        CPU_SHARE,
        CPU_RT_PERIOD,
        CPU_RT_RUNTIME,
        CPU_IDLE,
        CPUSET_CPUS,
        CPUSET_MEMS,
        MEMORY,
        MEMORY_RESERVATION,
        MEMORY_SWAP,
        KERNEL_MEMORY,
        KERNEL_MEMORY_TCP,
        PIDS_LIMIT,
        L3_CACHE_SCHEMA,
        MEM_BW_SCHEMA,
        _LIMIT_MAX,
} Limit;

static const struct {
        const char *option, *object, *member;
        LimitKind kind;
} limits[] = {
        [BLKIO_WEIGHT] = { "blkio-weight", "blockIO", "weight", LIMIT_NUMBER },
        [CPU_PERIOD] = { "cpu-period", "cpu", "period", LIMIT_NUMBER },
        [CPU_QUOTA] = { "cpu-quota", "cpu", "quota", LIMIT_NUMBER },
        [CPU_BURST] = { "cpu-burst", "cpu", "burst", LIMIT_NUMBER },
        [CPU_SHARE] = { "cpu-share", "cpu", "shares", LIMIT_NUMBER },
        [CPU_RT_PERIOD] = { "cpu-rt-period", NULL, NULL, LIMIT_IGNORED },
        [CPU_RT_RUNTIME] = { "cpu-rt-runtime", NULL, NULL, LIMIT_IGNORED },
        [CPU_IDLE] = { "cpu-idle", "cpu", "idle", LIMIT_NUMBER },
        [CPUSET_CPUS] = { "cpuset-cpus", "cpu", "cpus", LIMIT_TEXT },
        [CPUSET_MEMS] = { "cpuset-mems", "cpu", "mems", LIMIT_TEXT },
        [MEMORY] = { "memory", "memory", "limit", LIMIT_BYTES },
        [MEMORY_RESERVATION] = { "memory-reservation", "memory", "reservation", LIMIT_BYTES },
        [MEMORY_SWAP] = { "memory-swap", "memory", "swap", LIMIT_BYTES },
        [KERNEL_MEMORY] = { "kernel-memory", NULL, NULL, LIMIT_IGNORED },
        [KERNEL_MEMORY_TCP] = { "kernel-memory-tcp", NULL, NULL, LIMIT_IGNORED },
        [PIDS_LIMIT] = { "pids-limit", "pids", "limit", LIMIT_NUMBER },
        [L3_CACHE_SCHEMA] = { "l3-cache-schema", NULL, NULL, LIMIT_REFUSED },
        [MEM_BW_SCHEMA] = { "mem-bw-schema", NULL, NULL, LIMIT_REFUSED },
};
static_assert(ELEMENTSOF(limits) == _LIMIT_MAX, "limits is not full");

static const char *arg_resources, *arg_limits[_LIMIT_MAX];

const Option update_options[] = {
        { "resources", 'r', "FILE|-", "Read linux.resources from there", option_set_path, &arg_resources },
        { "blkio-weight", 0, "N", "Share of block I/O, 10 to 1000", option_set_string,
          &arg_limits[BLKIO_WEIGHT] },
        { "cpu-period", 0, "USEC", "Period of the CPU quota", option_set_string, &arg_limits[CPU_PERIOD] },
        { "cpu-quota", 0, "USEC", "CPU time in a period, -1 for no limit", option_set_string,
          &arg_limits[CPU_QUOTA] },
        { "cpu-burst", 0, "USEC", "CPU time that may be saved up", option_set_string,
          &arg_limits[CPU_BURST] },
        { "cpu-share", 0, "N", "Share of CPU time, 2 to 262144", option_set_string, &arg_limits[CPU_SHARE] },
        { "cpu-shares", 0, "N", NULL, option_set_string, &arg_limits[CPU_SHARE] },
        { "cpu-rt-period", 0, "USEC", NULL, option_set_string, &arg_limits[CPU_RT_PERIOD] },
        { "cpu-rt-runtime", 0, "USEC", NULL, option_set_string, &arg_limits[CPU_RT_RUNTIME] },
        { "cpu-idle", 0, "0|1", "Run only when nothing else wants to", option_set_string,
          &arg_limits[CPU_IDLE] },
        { "cpuset-cpus", 0, "LIST", "CPUs to use", option_set_string, &arg_limits[CPUSET_CPUS] },
        { "cpuset-mems", 0, "LIST", "Memory nodes to use", option_set_string, &arg_limits[CPUSET_MEMS] },
        { "memory", 0, "BYTES", "Limit of memory, -1 for none", option_set_string, &arg_limits[MEMORY] },
        { "memory-reservation", 0, "BYTES", "Memory that is left to it", option_set_string,
          &arg_limits[MEMORY_RESERVATION] },
        { "memory-swap", 0, "BYTES", "Limit of memory and swap together, -1 for none", option_set_string,
          &arg_limits[MEMORY_SWAP] },
        { "kernel-memory", 0, "BYTES", NULL, option_set_string, &arg_limits[KERNEL_MEMORY] },
        { "kernel-memory-tcp", 0, "BYTES", NULL, option_set_string, &arg_limits[KERNEL_MEMORY_TCP] },
        { "pids-limit", 0, "N", "Limit of processes, -1 for none", option_set_string,
          &arg_limits[PIDS_LIMIT] },
        { "l3-cache-schema", 0, "TEXT", NULL, option_set_string, &arg_limits[L3_CACHE_SCHEMA] },
        { "mem-bw-schema", 0, "TEXT", NULL, option_set_string, &arg_limits[MEM_BW_SCHEMA] },
        {},
};

/* The object @key of @o, made where there is none. */
static int get_object(json_object *o, const char *key, json_object **ret) {
        json_object *child;

        if (json_object_object_get_ex(o, key, &child) && json_object_is_type(child, json_type_object)) {
                *ret = child;
                return 0;
        }
        child = json_object_new_object();
        if (!child || json_object_object_add(o, key, child) < 0) {
                (void) json_object_put(child);
                return -ENOMEM;
        }
        *ret = child;
        return 0;
}

/* Members of @new take the place of those of @old; objects are merged. */
static int merge(json_object *old, json_object *new) {
        json_object_object_foreach(new, key, value) {
                json_object *there;
                int r = 0;

                if (json_object_is_type(value, json_type_object) &&
                    json_object_object_get_ex(old, key, &there) &&
                    json_object_is_type(there, json_type_object))
                        r = merge(there, value);
                else if (json_object_object_add(old, key, json_object_get(value)) < 0)
                        r = -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_file(const char *path, json_object **ret, Failure *f) {
        _cleanup_close_ int fd = streq(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                                  : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_free_ char *text = new (char, RESOURCES_BYTES_MAX + 1);
        ssize_t n;
        int r;

        if (!text)
                return -ENOMEM;
        n = fd < 0 ? negative_errno() : fd_read_full(fd, text, RESOURCES_BYTES_MAX + 1);
        r = n < 0 ? (int) n : json_parse(text, (size_t) n, RESOURCES_BYTES_MAX, ret);
        if (r >= 0 && !json_object_is_type(*ret, json_type_object))
                r = -EBADMSG;
        if (r == -EBADMSG)
                return failure_set(f, FAILURE_CONFIGURATION,
                                   "--resources %s is not an object in JSON, as linux.resources is", path);
        return r < 0 ? failure_set_errno(f, FAILURE_INVALID_ARGUMENT, r, "cannot read --resources %s", path)
                     : 0;
}

static json_object *parse_limit(LimitKind kind, const char *text) {
        uint64_t bytes;
        int64_t n;

        if (kind == LIMIT_TEXT)
                return json_object_new_string(text);
        if (parse_i64(text, &n) >= 0)
                return json_object_new_int64(n);
        if (kind == LIMIT_BYTES && parse_bytes(text, &bytes) >= 0 && bytes <= INT64_MAX)
                return json_object_new_int64((int64_t) bytes);
        return NULL;
}

static int add_options(json_object *o, Failure *f) {
        for (size_t i = 0; i < _LIMIT_MAX; i++) {
                json_object *child, *value;
                int r;

                if (!arg_limits[i] || limits[i].kind == LIMIT_IGNORED)
                        continue;
                if (limits[i].kind == LIMIT_REFUSED)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "--%s: Intel's resource director is not supported; leave it out",
                                           limits[i].option);
                value = parse_limit(limits[i].kind, arg_limits[i]);
                if (!value)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT, "--%s is '%s': must be a number%s",
                                           limits[i].option, arg_limits[i],
                                           limits[i].kind == LIMIT_BYTES ? " of bytes, or such as 64m" : "");
                r = get_object(o, limits[i].object, &child);
                if (r >= 0)
                        r = json_add(child, limits[i].member, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* No limit of memory is none of memory and swap either. */
static int follow_memory(json_object *new) {
        json_object *memory;
        int64_t limit, swap;

        if (json_get(new, "memory", json_type_object, &memory) < 0 ||
            json_get_i64(memory, "limit", &limit) < 0 || limit >= 0 ||
            json_get_i64(memory, "swap", &swap) != -ENODATA)
                return 0;
        return json_add_i64(memory, "swap", -1);
}

static int read_request(json_object **ret, Failure *f) {
        _cleanup_json_ json_object *o = NULL;
        int r;

        if (arg_resources)
                r = read_file(arg_resources, &o, f);
        else
                r = (o = json_object_new_object()) ? 0 : -ENOMEM;
        if (r >= 0)
                r = add_options(o, f);
        if (r >= 0)
                r = follow_memory(o);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(o);
        return 0;
}

/* The container's whole document, with the new limits. */
static int change_document(const OciContainer *c, json_object *request, char **ret, Failure *f) {
        json_object *linux_part, *resources;
        _cleanup_json_ json_object *o = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        r = file_read(c->dir_fd, "config.json", RUNTIME_SPEC_BYTES_MAX, &text, &n);
        if (r >= 0)
                r = json_parse(text, n, RUNTIME_SPEC_BYTES_MAX, &o);
        if (r < 0)
                return failure_set_errno(f, FAILURE_STORAGE, r,
                                         "cannot read the configuration of container %s", c->id);
        r = get_object(o, "linux", &linux_part);
        if (r >= 0)
                r = get_object(linux_part, "resources", &resources);
        if (r >= 0)
                r = merge(resources, request);
        return r < 0 ? r : json_format(o, false, ret);
}

static int update(OciContainer *c, Failure *f) {
        _cleanup_(runtime_spec_freep) RuntimeSpec *spec = NULL;
        _cleanup_(oci_cgroup_freep) OciCgroup *cgroup = NULL;
        _cleanup_json_ json_object *request = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        r = read_request(&request, f);
        if (r >= 0)
                r = change_document(c, request, &text, f);
        if (r >= 0)
                r = runtime_spec_parse(text, strlen(text), &spec, f);
        if (r >= 0)
                r = oci_cgroup_of(c, &cgroup);
        if (r >= 0)
                r = oci_cgroup_update(cgroup, spec, json_object_object_get_ex(request, "devices", NULL), f);
        return r < 0 ? r : oci_container_save_config(c, text, strlen(text), f);
}

int verb_update(const Oci *oci, char **operands, Failure *f) {
        _cleanup_(oci_container_freep) OciContainer *c = NULL;
        int r;

        r = oci_container_open(&oci->root, operands[0], true, &c, f);
        if (r < 0)
                return r;
        if (oci_container_status(c) == OCI_STOPPED)
                return failure_set(f, FAILURE_INVALID_STATE,
                                   "cannot update container %s, which is stopped: it has no limits any more",
                                   c->id);
        return update(c, f);
}
