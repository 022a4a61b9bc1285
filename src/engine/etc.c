/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/file.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "basic/strv.h"
#include "config.h"
#include "engine/etc.h"
#include "spec/host-entry.h"
#include "spec/hosts.h"
#include "spec/json.h"
#include "spec/resolv-conf.h"
#include "unit/machine.h"

#define HOST_FILE_BYTES_MAX (1024 * 1024)
#define PROGRAM_BYTES_MAX (64 * 1024 * 1024)
#define INIT_PROGRAM CREEL_LIBEXECDIR "/creel-init"
#define ZONES "/usr/share/zoneinfo"

static bool network_is_host(const ContainerRecord *record) {
        return streq_ptr(record->spec->network, "host");
}

static bool hosts_are_of_image(const ContainerSpec *spec) {
        return streq_ptr(spec->hosts_file, "image");
}

bool etc_has_init(const ContainerSpec *spec) {
        return spec->init || (spec->init_path && !container_spec_has(spec, "init"));
}

const char *etc_hostname(const ContainerRecord *record, char *buf, size_t size) {
        if (record->spec->hostname)
                return record->spec->hostname;
        /* Systems are called what the machine is. */
        if (record->spec->boot && record->name && machine_name_is_valid(record->name))
                return record->name;
        /* On the host's network the host's name is the one that resolves. */
        if ((!network_is_host(record) && !streq_ptr(record->spec->uts, "host")) ||
            gethostname(buf, size) < 0)
                (void) snprintf(buf, size, "%.12s", record->id);
        buf[size - 1] = 0;
        return buf;
}

size_t etc_files(const ContainerRecord *record, EtcFile ret[static ETC_FILES_MAX]) {
        const ContainerSpec *spec = record->spec;
        /* A system that has a tree to itself keeps its own, unless something else was asked for. */
        bool own = spec->boot && record->rootfs;
        size_t n = 0;

        if (!spec->no_hostname && (!own || spec->hostname))
                ret[n++] = (EtcFile){ "hostname", "/etc/hostname", false };
        if (!spec->no_hosts && !hosts_are_of_image(spec) && (!own || spec->add_hosts || spec->hosts_file))
                ret[n++] = (EtcFile){ "hosts", "/etc/hosts", false };
        if (!strv_contains(spec->dns, "none") &&
            (!own || spec->dns || spec->dns_options || spec->dns_search || network_is_host(record)))
                ret[n++] = (EtcFile){ "resolv.conf", "/etc/resolv.conf", false };
        if (spec->timezone)
                ret[n++] = (EtcFile){ "localtime", "/etc/localtime", false };
        ret[n++] = (EtcFile){ "containerenv", "/run/.containerenv", false };
        if (etc_has_init(spec))
                ret[n++] = (EtcFile){ "init", ETC_INIT_PATH, true };
        return n;
}

/* The host's own file, links followed: resolv.conf usually is one. */
static int open_host_file(const char *path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        return fd < 0 ? negative_errno() : fd;
}

/* An absent file is an empty one. */
static int read_host_file(const char *path, char **ret, size_t *ret_size) {
        _cleanup_close_ int fd = open_host_file(path);

        if (fd == -ENOENT)
                return string_format(ret, "%s", "");
        return fd < 0 ? fd : fd_read_file(fd, HOST_FILE_BYTES_MAX, ret, ret_size);
}

static int zone_path(const ContainerSpec *spec, char **ret) {
        return streq(spec->timezone, "local") ? string_format(ret, "%s", "/etc/localtime")
                                              : string_format(ret, ZONES "/%s", spec->timezone);
}

static int check_zone(const ContainerSpec *spec, Failure *f) {
        _cleanup_free_ char *path = NULL;
        struct stat st;
        int r;

        if (!spec->timezone)
                return 0;
        r = zone_path(spec, &path);
        if (r < 0)
                return r;
        /* A host without that file is in UTC. */
        if (streq(spec->timezone, "local") && access(path, F_OK) < 0)
                return 0;
        if (strstr(spec->timezone, "..") || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--tz' has '%s': there is no such time zone in " ZONES,
                                   spec->timezone);
        return 0;
}

static int check_file(const char *option, const char *path, Failure *f) {
        struct stat st;

        if (stat(path, &st) < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno,
                                         "option '--%s': cannot find %s on the host", option, path);
        if (!S_ISREG(st.st_mode))
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--%s': %s is not a regular file",
                                   option, path);
        return 0;
}

/* host-gateway is where the host answers: for a container with no network of its own it is itself. */
static const char *host_gateway(const ContainerRecord *record) {
        return network_is_host(record) ? "127.0.0.1" : NULL;
}

static int added_hosts(const ContainerRecord *record, char **ret, Failure *f) {
        _cleanup_free_ char *text = NULL;
        int r = string_set(&text, "");

        STRV_FOREACH(i, record->spec->add_hosts) {
                _cleanup_(host_entry_done) HostEntry e = {};
                _cleanup_free_ char *names = NULL, *longer = NULL;
                const char *address;

                if (r >= 0)
                        r = host_entry_parse(*i, &e);
                if (r < 0)
                        return r;
                address = e.address ?: host_gateway(record);
                if (!address)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "option '--add-host' has '%s': a container without a network "
                                           "has no gateway; name an address",
                                           *i);
                r = strv_join(e.names, " ", &names);
                if (r >= 0)
                        r = string_format(&longer, "%s%s\t%s\n", text, address, names);
                if (r < 0)
                        return r;
                free(text);
                text = TAKE_PTR(longer);
        }
        if (r >= 0)
                *ret = TAKE_PTR(text);
        return r;
}

int etc_check(const ContainerRecord *record, Failure *f) {
        const ContainerSpec *spec = record->spec;
        _cleanup_free_ char *hosts = NULL;
        int r;

        if (spec->no_hosts && (spec->add_hosts || spec->hosts_file))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--no-hosts and --%s exclude each other; leave one out",
                                   spec->add_hosts ? "add-host" : "hosts-file");
        if (strv_contains(spec->dns, "none") && (spec->dns_options || spec->dns_search))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--dns none and --%s exclude each other; leave one out",
                                   spec->dns_options ? "dns-option" : "dns-search");
        if (spec->init_path && container_spec_has(spec, "init") && !spec->init)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "--init-path and --init=false exclude each other; leave one out");
        r = added_hosts(record, &hosts, f);
        if (r >= 0)
                r = check_zone(spec, f);
        if (r >= 0 && spec->hosts_file && *spec->hosts_file == '/')
                r = check_file("hosts-file", spec->hosts_file, f);
        if (r >= 0 && spec->init_path)
                r = check_file("init-path", spec->init_path, f);
        return r;
}

static int own_hosts(const ContainerRecord *record, char **ret) {
        char buf[65];

        return string_format(ret, "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\t%s %s\n",
                             etc_hostname(record, buf, sizeof(buf)), strempty(record->name));
}

int etc_compile_hosts(const ContainerRecord *record, json_object *extension) {
        _cleanup_free_ char *added = NULL, *own = NULL;
        _cleanup_failure_ Failure ignored = {};
        int r;

        if (record->spec->no_hosts || !hosts_are_of_image(record->spec))
                return 0;
        r = added_hosts(record, &added, &ignored);
        if (r >= 0)
                r = own_hosts(record, &own);
        if (r >= 0)
                r = json_add_string(extension, "hostsAdded", added);
        return r < 0 ? r : json_add_string(extension, "hostsOwn", own);
}

static int hosts_content(const ContainerRecord *record, char **ret, Failure *f) {
        const char *file = record->spec->hosts_file ?: "/etc/hosts";
        _cleanup_free_ char *added = NULL, *base = NULL, *own = NULL;
        int r = 0;

        if (!streq(file, "none"))
                r = read_host_file(file, &base, NULL);
        if (r == -EBADMSG)
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "the hosts file %s is not text", file);
        if (r >= 0)
                r = added_hosts(record, &added, f);
        if (r >= 0)
                r = own_hosts(record, &own);
        return r < 0 ? r : hosts_merge(added, base, own, ret);
}

static int resolv_content(const ContainerRecord *record, char **ret) {
        const ContainerSpec *spec = record->spec;
        _cleanup_free_ char *host = NULL, *other = NULL;
        int r;

        r = read_host_file("/etc/resolv.conf", &host, NULL);
        if (r < 0)
                return r;
        /* systemd-resolved's stub cannot be reached from another network namespace, its servers can. */
        if (!network_is_host(record) && resolv_conf_is_local(host) &&
            read_host_file("/run/systemd/resolve/resolv.conf", &other, NULL) >= 0 && *other) {
                free(host);
                host = TAKE_PTR(other);
        }
        return resolv_conf_compose(&(const ResolvConf){ .host = host,
                                                        .loopback = network_is_host(record),
                                                        .servers = spec->dns,
                                                        .search = spec->dns_search,
                                                        .options = spec->dns_options },
                                   ret);
}

static int zone_content(const ContainerRecord *record, char **ret, size_t *ret_size) {
        _cleanup_free_ char *path = NULL;
        int r;

        r = zone_path(record->spec, &path);
        if (r >= 0 && streq(record->spec->timezone, "local") && access(path, F_OK) < 0)
                r = string_set(&path, ZONES "/Etc/UTC");
        return r < 0 ? r : read_host_file(path, ret, ret_size);
}

/* As podman writes it. */
static int containerenv_content(const ContainerRecord *record, char **ret) {
        if (!record->spec->privileged)
                return string_format(ret, "%s", "");
        return string_format(ret,
                             "engine=\"creel-" CREEL_VERSION "\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\n"
                             "imageid=\"%s\"\nrootless=0\n",
                             strempty(record->name), record->id, strempty(record->image),
                             record->image_id.string);
}

static int content(const ContainerRecord *record, const char *name, char **ret, size_t *ret_size,
                   Failure *f) {
        char buf[65];
        int r;

        if (streq(name, "localtime"))
                return zone_content(record, ret, ret_size);
        if (streq(name, "hostname"))
                r = string_format(ret, "%s\n", etc_hostname(record, buf, sizeof(buf)));
        else if (streq(name, "hosts"))
                r = hosts_content(record, ret, f);
        else if (streq(name, "resolv.conf"))
                r = resolv_content(record, ret);
        else
                r = containerenv_content(record, ret);
        if (r >= 0)
                *ret_size = strlen(*ret);
        return r;
}

static int write_text(const ContainerRecord *record, const char *name, int runtime_fd, Failure *f) {
        _cleanup_free_ char *text = NULL;
        size_t size = 0;
        int r;

        r = content(record, name, &text, &size, f);
        if (r >= 0)
                r = file_write_atomic(runtime_fd, name, text, size, 0644, 0);
        if (r < 0)
                return r;
        if (fchownat(runtime_fd, name, container_record_root_uid(record), container_record_root_gid(record),
                     AT_SYMLINK_NOFOLLOW) < 0)
                return negative_errno();
        return 0;
}

/* A copy of the host's program: whatever a container may manage to write to, it is not the host's own. */
static int write_program(const char *path, const char *name, int runtime_fd, Failure *f) {
        _cleanup_close_ int from = open_host_file(path), to = -EBADF;
        ssize_t n = 0;

        if (from < 0)
                return failure_set_errno(f, FAILURE_STORAGE, from, "cannot open the init program %s", path);
        if (unlinkat(runtime_fd, name, 0) < 0 && errno != ENOENT)
                return negative_errno();
        to = openat(runtime_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0700);
        if (to < 0)
                return negative_errno();
        for (size_t total = 0; total <= PROGRAM_BYTES_MAX; total += (size_t) n) {
                n = sendfile(to, from, NULL, 1024 * 1024);
                if (n < 0)
                        return negative_errno();
                if (n == 0)
                        return fchmod(to, 0555) < 0 ? negative_errno() : 0;
        }
        return failure_set(f, FAILURE_INVALID_ARGUMENT, "the init program %s is larger than %d MiB", path,
                           PROGRAM_BYTES_MAX / 1024 / 1024);
}

int etc_write(const ContainerRecord *record, int runtime_fd, Failure *f) {
        EtcFile files[ETC_FILES_MAX];
        size_t n = etc_files(record, files);
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = files[i].program ? write_program(record->spec->init_path ?: INIT_PROGRAM, files[i].name,
                                                     runtime_fd, f)
                                     : write_text(record, files[i].name, runtime_fd, f);
        return r;
}
