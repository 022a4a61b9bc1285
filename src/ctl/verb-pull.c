/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "ctl/authfile.h"
#include "ctl/client.h"
#include "ctl/progress.h"
#include "ctl/pull.h"
#include "ctl/pull-source.h"
#include "spec/platform.h"

#define RETRIES_MAX 100U
#define RETRY_DELAY_USEC (2 * USEC_PER_SEC)
#define RETRY_DELAY_MAX_USEC (3600 * USEC_PER_SEC)
#define TRANSFERS_MATCH                                                             \
        "type='signal',sender='" CREEL_BUS_NAME                                     \
        "',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'," \
        "path_namespace='" CREEL_BUS_PATH "/transfer'"
#define OWNER_MATCH                                                                             \
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='" \
        "NameOwnerChanged',arg0='" CREEL_BUS_NAME "'"

static const char *arg_platform, *arg_os, *arg_arch, *arg_variant, *arg_ca, *arg_cert_dir, *arg_authfile,
                *arg_creds, *arg_policy = "always";
static uint64_t arg_retry, arg_retry_delay_usec = RETRY_DELAY_USEC;
static bool arg_tls_verify = true, arg_tls_verify_given;

static int set_tls_verify(const Option *option, const char *text, Failure *f) {
        arg_tls_verify_given = true;
        return option_set_flag(option, text, f);
}

static int set_platform(const Option *option, const char *text, Failure *f) {
        Platform platform;

        if (platform_parse(text, &platform) < 0)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--platform' has '%s': must be OS/ARCH[/VARIANT], such as "
                                   "linux/arm64",
                                   text);
        arg_platform = text;
        return 0;
}

static int set_platform_part(const Option *option, const char *text, Failure *f) {
        if (isempty(text) || strlen(text) > PLATFORM_PART_MAX ||
            !string_in_charset(text, ALPHANUMERIC "._-"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--%s' has '%s': must be a word such as linux, arm64 or v8",
                                   option->name, text);
        return option_set_string(option, text, f);
}

static int set_creds(const Option *option, const char *text, Failure *f) {
        if (!strchr(text, ':') || *text == ':')
                return failure_set(f, FAILURE_INVALID_ARGUMENT, "option '--creds' must be USER:PASSWORD");
        arg_creds = text;
        return 0;
}

static int set_retry(const Option *option, const char *text, Failure *f) {
        int r = option_set_count(option, text, f);

        return r >= 0 && arg_retry > RETRIES_MAX
                               ? failure_set(f, FAILURE_INVALID_ARGUMENT,
                                             "option '--retry' has '%s': must be at most %u", text,
                                             RETRIES_MAX)
                               : r;
}

static int set_retry_delay(const Option *option, const char *text, Failure *f) {
        if (clock_parse_duration(text, &arg_retry_delay_usec) < 0 ||
            arg_retry_delay_usec > RETRY_DELAY_MAX_USEC)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--retry-delay' has '%s': must be a time such as 5s, at most 1h",
                                   text);
        return 0;
}

const Option pull_shared_options[] = {
        { "platform", 0, "OS/ARCH[/VARIANT]", "Pull the image for this platform (default: the host's)",
          set_platform, &arg_platform },
        { "os", 0, "OS", "Pull the image for this operating system", set_platform_part, &arg_os },
        { "arch", 0, "ARCH", "Pull the image for this architecture", set_platform_part, &arg_arch },
        { "variant", 0, "VARIANT", "Pull the image for this variant of the architecture", set_platform_part,
          &arg_variant },
        { "tls-verify", 0, NULL, "Insist on TLS (default); =false: plain HTTP", set_tls_verify,
          &arg_tls_verify },
        { "ca", 0, "FILE", "Trust the certificates in this PEM file", option_set_path, &arg_ca },
        { "cert-ca", 0, "FILE", NULL, option_set_path, &arg_ca },
        { "cert-dir", 0, "DIR", "Trust the certificates (*.crt) in this directory", option_set_path,
          &arg_cert_dir },
        { "authfile", 0, "FILE", "Registry credentials (default: as docker and podman)", option_set_path,
          &arg_authfile },
        { "creds", 0, "USER:PASSWORD", "Log in so (lists of processes do not show an authfile)", set_creds,
          &arg_creds },
        { "retry", 0, "NUMBER", "Try again this often when the registry cannot be reached (default: 0)",
          set_retry, &arg_retry },
        { "retry-delay", 0, "TIME", "Wait before that, each time twice as long (default: 2s)",
          set_retry_delay, &arg_retry_delay_usec },
        {},
};

const Option *pull_shared_table(void) {
        return pull_shared_options;
}

const Option pull_options[] = {
        { "policy", 0, "POLICY", "always or missing (default: always)", option_set_string, &arg_policy },
        {},
};

typedef struct Pull {
        Ctl *c;
        sd_event *event;
        const char *reference;
        char *path;         /* of the transfer; NULL until PullImage has answered */
        Progress *progress; /* NULL: quiet */
        char *image_id;
        Failure *failure;
        sigset_t old_mask;
        int signal_fd, signal; /* the signal that cancelled it */
        int error;             /* negative: the transfer has failed */
} Pull;

static int read_layers(Pull *p, sd_bus_message *m) {
        const char *digest, *state;
        uint64_t bytes, total;
        size_t index = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sstt)");
        while (r >= 0 && (r = sd_bus_message_read(m, "(sstt)", &digest, &state, &bytes, &total)) > 0)
                if (progress_set_layer(p->progress, index++, digest, state, bytes, total,
                                       clock_now_monotonic_usec()) == -ENOMEM)
                        return -ENOMEM;
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* The a{sv} of GetAll and PropertiesChanged. */
static int read_properties(Pull *p, sd_bus_message *m) {
        const char *key, *state;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r < 0)
                        break;
                if (streq(key, "State")) {
                        r = sd_bus_message_read(m, "v", "s", &state);
                        if (r >= 0)
                                progress_set_state(p->progress, state);
                } else if (streq(key, "Layers")) {
                        r = sd_bus_message_enter_container(m, 'v', "a(sstt)");
                        if (r >= 0)
                                r = read_layers(p, m);
                        if (r >= 0)
                                r = sd_bus_message_exit_container(m);
                } else
                        r = sd_bus_message_skip(m, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                progress_draw(p->progress);
        return r;
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Pull *p = userdata;
        const char *interface;

        if (!p->progress || !p->path || !streq(sd_bus_message_get_path(m), p->path))
                return 0;
        if (sd_bus_message_read(m, "s", &interface) >= 0 && streq(interface, CREEL_TRANSFER))
                (void) read_properties(p, m);
        return 0;
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Pull *p = userdata;

        /* The transfer may be over already: then there is nothing to show. */
        if (p->progress && !sd_bus_message_is_method_error(m, NULL))
                (void) read_properties(p, m);
        return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *path, *result, *image_id, *name, *message;
        Pull *p = userdata;

        if (sd_bus_message_read(m, "uossss", NULL, &path, &result, &image_id, &name, &message) < 0 ||
            !p->path || !streq(path, p->path))
                return 0;
        if (streq(result, "done") || streq(result, "unchanged"))
                p->error = string_set(&p->image_id, image_id);
        else if (p->signal > 0)
                p->error = failure_set(p->failure, FAILURE_CANCELLED, "the pull of '%s' is cancelled",
                                       p->reference);
        else
                p->error = client_failure(&SD_BUS_ERROR_MAKE_CONST(name, message), -EIO, p->failure);
        return sd_event_exit(p->event, 0);
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *owner;
        Pull *p = userdata;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) < 0 || *owner || !p->path)
                return 0;
        p->error = failure_set(
                        p->failure, FAILURE_SYSTEM,
                        "creeld went away while it pulled '%s'; see journalctl -u creeld, then pull again",
                        p->reference);
        return sd_event_exit(p->event, 0);
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Pull *p = userdata;
        const char *path;
        int r;

        if (sd_bus_message_is_method_error(m, NULL)) {
                p->error = client_failure(sd_bus_message_get_error(m), -EIO, p->failure);
                return sd_event_exit(p->event, 0);
        }
        r = sd_bus_message_read(m, "uo", NULL, &path);
        if (r >= 0)
                r = string_set(&p->path, path);
        if (r >= 0 && p->progress)
                r = sd_bus_call_method_async(p->c->bus, NULL, CREEL_BUS_NAME, path,
                                             "org.freedesktop.DBus.Properties", "GetAll", on_properties, p,
                                             "s", CREEL_TRANSFER);
        if (r >= 0 && p->signal > 0)
                r = sd_bus_call_method_async(p->c->bus, NULL, CREEL_BUS_NAME, path, CREEL_TRANSFER, "Cancel",
                                             NULL, NULL, "");
        if (r < 0) {
                p->error = client_failure(NULL, r, p->failure);
                return sd_event_exit(p->event, 0);
        }
        return 0;
}

/* The first signal cancels and waits for creeld to have tidied up; a second one does not wait. */
static int on_signal(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct signalfd_siginfo info;
        Pull *p = userdata;

        if (read(fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        if (p->signal > 0) {
                p->error = failure_set(p->failure, FAILURE_CANCELLED,
                                       "did not wait for the pull of '%s' to be cancelled", p->reference);
                return sd_event_exit(p->event, 0);
        }
        p->signal = (int) info.ssi_signo;
        if (p->path)
                (void) sd_bus_call_method_async(p->c->bus, NULL, CREEL_BUS_NAME, p->path, CREEL_TRANSFER,
                                                "Cancel", NULL, NULL, "");
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Pull *p = userdata;

        p->error = client_failure(NULL, -ECONNRESET, p->failure);
        return sd_event_exit(p->event, 0);
}

static int append_files(sd_bus_message *m, const char *reference, Failure *f) {
        _cleanup_close_ int ca = -EBADF, credentials = -EBADF;
        int r;

        if (arg_ca && arg_cert_dir)
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "options --ca and --cert-dir exclude each other; give one");
        r = arg_creds ? pull_source_credentials(arg_creds, reference, &credentials, f)
                      : authfile_open(arg_authfile, &credentials, f);
        if (r >= 0 && arg_ca)
                r = authfile_seal(arg_ca, "CA file", &ca, f);
        if (r >= 0 && arg_cert_dir)
                r = pull_source_certificates(arg_cert_dir, &ca, f);
        if (r >= 0 && ca >= 0)
                r = sd_bus_message_append(m, "{sv}", "ca", "h", ca);
        if (r >= 0 && credentials >= 0)
                r = sd_bus_message_append(m, "{sv}", "credentials", "h", credentials);
        return r;
}

static int pull_new_call(Pull *p, const char *policy, sd_bus_message **ret, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        _cleanup_free_ char *platform = NULL;
        int r;

        r = pull_source_platform(arg_platform, arg_os, arg_arch, arg_variant, &platform, f);
        if (r < 0)
                return r;
        r = client_new_call(p->c, CREEL_BUS_PATH, CREEL_MANAGER, "PullImage", &m, f);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", p->reference);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}", "policy", "s", policy);
        if (r >= 0 && (platform || arg_platform))
                r = sd_bus_message_append(m, "{sv}", "platform", "s", platform ?: arg_platform);
        if (r >= 0 && arg_tls_verify_given)
                r = sd_bus_message_append(m, "{sv}", "tls-verify", "b", (int) arg_tls_verify);
        if (r >= 0)
                r = append_files(m, p->reference, f);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r < 0)
                return f->text ? r : client_failure(NULL, r, f);
        *ret = TAKE_PTR(m);
        return 0;
}

static int pull_new_progress(Pull *p) {
        struct winsize size = {};
        const char *term = getenv("TERM");

        if (p->c->quiet)
                return 0;
        if (isatty(STDERR_FILENO) && !isempty(term) && !streq(term, "dumb") &&
            ioctl(STDERR_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col == 0)
                size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
        return progress_new(stderr, p->reference, size.ws_col, size.ws_row, &p->progress);
}

/* Signals become events before the call is sent, so that none is lost in between. */
static int pull_watch(Pull *p) {
        sigset_t mask;
        int r;

        (void) sigemptyset(&mask);
        for (size_t i = 0; i < 3; i++)
                (void) sigaddset(&mask, (const int[]){ SIGINT, SIGTERM, SIGHUP }[i]);
        if (sigprocmask(SIG_BLOCK, &mask, &p->old_mask) < 0)
                return negative_errno();
        p->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        if (p->signal_fd < 0)
                return negative_errno();
        r = sd_event_new(&p->event);
        if (r >= 0)
                r = sd_event_add_io(p->event, NULL, p->signal_fd, EPOLLIN, on_signal, p);
        if (r >= 0)
                r = sd_bus_attach_event(p->c->bus, p->event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

static void pull_done(Pull *p) {
        (void) sd_bus_detach_event(p->c->bus);
        sd_event_unref(p->event);
        (void) fd_close(p->signal_fd);
        (void) sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
        (void) progress_free(p->progress);
        free(p->path);
        free(p->image_id);
}

static int pull_execute(Pull *p, sd_bus_message *call) {
        _cleanup_bus_slot_ sd_bus_slot *removed = NULL, *changed = NULL, *owner = NULL, *disconnected = NULL,
                                       *started = NULL;
        sd_bus *bus = p->c->bus;
        int r;

        r = pull_watch(p);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, &removed, CREEL_BUS_NAME, CREEL_BUS_PATH, CREEL_MANAGER,
                                              "TransferRemoved", on_removed, NULL, p);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, &changed, TRANSFERS_MATCH, on_changed, NULL, p);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, &owner, OWNER_MATCH, on_owner_changed, NULL, p);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus, &disconnected, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                              "Disconnected", on_disconnected, NULL, p);
        if (r >= 0)
                r = sd_bus_call_async(bus, &started, call, on_started, p, UINT64_MAX);
        if (r >= 0)
                r = sd_event_loop(p->event);
        return r < 0 ? client_failure(NULL, r, p->failure) : p->error;
}

static int pull_once(Ctl *c, const char *reference, const char *policy, char **ret_id, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *call = NULL;
        Pull p = { .c = c, .reference = reference, .failure = f, .signal_fd = -EBADF };
        int r;

        r = pull_new_call(&p, policy, &call, f);
        if (r < 0)
                return r;
        (void) sigprocmask(SIG_SETMASK, NULL, &p.old_mask);
        r = pull_new_progress(&p);
        if (r >= 0)
                r = pull_execute(&p, call);
        if (r >= 0)
                *ret_id = TAKE_PTR(p.image_id);
        pull_done(&p);
        if (r < 0 && p.signal > 0) {
                (void) ctl_report(f, r);
                return 128 + p.signal;
        }
        return r < 0 ? r : 0;
}

/* 0, or the number of the signal that came meanwhile. */
static int wait_for_signal(uint64_t usec) {
        struct timespec ts = { .tv_sec = (time_t) (usec / USEC_PER_SEC),
                               .tv_nsec = (long) (usec % USEC_PER_SEC * 1000) };
        sigset_t mask, old;
        int n;

        (void) sigemptyset(&mask);
        for (size_t i = 0; i < 3; i++)
                (void) sigaddset(&mask, (const int[]){ SIGINT, SIGTERM, SIGHUP }[i]);
        (void) sigprocmask(SIG_BLOCK, &mask, &old);
        n = sigtimedwait(&mask, NULL, &ts);
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        return n > 0 ? n : 0;
}

int pull_image(Ctl *c, const char *reference, const char *policy, char **ret_id, Failure *f) {
        uint64_t delay_usec = arg_retry_delay_usec;
        int r;

        for (uint64_t left = arg_retry;; left--) {
                int n;

                r = pull_once(c, reference, policy, ret_id, f);
                if (r >= 0 || left == 0 || !f->text || f->kind != FAILURE_NETWORK)
                        return r;
                if (!c->quiet)
                        (void) fprintf(stderr, "creelctl: %s; trying again\n", f->text);
                failure_done(f);
                n = wait_for_signal(delay_usec);
                if (n > 0)
                        return 128 + n;
                delay_usec = MIN(delay_usec * 2, RETRY_DELAY_MAX_USEC);
        }
}

int verb_pull(Ctl *c, char **operands, Failure *f) {
        int status = 0, r;

        if (!streq(arg_policy, "always") && !streq(arg_policy, "missing"))
                return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                   "option '--policy' has '%s': must be always or missing", arg_policy);
        for (char **reference = operands; *reference; reference++) {
                _cleanup_free_ char *id = NULL;

                r = pull_image(c, *reference, arg_policy, &id, f);
                if (r > 0)
                        return r;
                if (r < 0)
                        ctl_worsen(&status, ctl_report(f, r));
                else
                        (void) printf("%s\n", id);
        }
        return status;
}
