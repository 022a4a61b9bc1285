/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include "basic/str.h"
#include "basic/trace.h"
#include "bus/error.h"
#include "ctl/client.h"

int client_connect(Ctl *c, Failure *f) {
        int r;

        if (c->bus)
                return 0;
        r = sd_bus_open_system(&c->bus);
        if (r < 0)
                return failure_set(f, FAILURE_SYSTEM,
                                   "cannot reach creeld on the system bus: %s; is dbus running?",
                                   strerrordesc_np(-r) ?: "unknown error");
        /* Only somebody at a terminal can answer polkit's questions. */
        (void) sd_bus_set_allow_interactive_authorization(c->bus, isatty(STDIN_FILENO));
        /* One event loop after another may use this connection: a pull, then the run. */
        (void) sd_bus_set_close_on_exit(c->bus, false);
        trace("bus connected");
        return 0;
}

/* What the bus says instead of creeld, and what to do about it. */
static const struct {
        const char *name;
        FailureKind kind;
        const char *text;
} bus_errors[] = {
        { SD_BUS_ERROR_SERVICE_UNKNOWN, FAILURE_SYSTEM,
          "creeld is not on the system bus and cannot be started; see systemctl status creeld" },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, FAILURE_SYSTEM,
          "creeld is not on the system bus and cannot be started; see systemctl status creeld" },
        { "org.freedesktop.DBus.Error.Spawn.ChildExited", FAILURE_SYSTEM,
          "creeld cannot be started; see systemctl status creeld" },
        { "org.freedesktop.systemd1.NoSuchUnit", FAILURE_SYSTEM,
          "creeld.service is not installed; see creeld(8)" },
        { SD_BUS_ERROR_NO_REPLY, FAILURE_SYSTEM,
          "creeld went away before it answered; see journalctl -u creeld, then try again" },
        { SD_BUS_ERROR_DISCONNECTED, FAILURE_SYSTEM, "the system bus went away; try again" },
        { SD_BUS_ERROR_TIMEOUT, FAILURE_SYSTEM, "creeld does not answer; see systemctl status creeld" },
        { SD_BUS_ERROR_ACCESS_DENIED, FAILURE_SECURITY,
          "polkit does not allow this for you; run it as root or ask an administrator" },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, FAILURE_SECURITY,
          "polkit wants a password for this; run it as root or in a session with a polkit agent" },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, FAILURE_NO_SUCH_CONTAINER,
          "the container was removed in the meantime" },
};

bool client_error_is_lost(const sd_bus_error *e) {
        return sd_bus_error_has_names(e, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_DISCONNECTED);
}

int client_failure(const sd_bus_error *e, int r, Failure *f) {
        if (!e || !e->name) {
                if (r == -ENOTCONN || r == -ECONNRESET || r == -EPIPE)
                        return failure_set(f, FAILURE_SYSTEM, "the system bus went away; try again");
                return failure_set_errno(f, FAILURE_SYSTEM, r, "cannot talk to creeld");
        }
        /* creeld's own refusals say what polkit said; the bus's talk about its rules. */
        for (size_t i = 0; i < ELEMENTSOF(bus_errors); i++)
                if (streq(e->name, bus_errors[i].name) && !startswith(strempty(e->message), "Access denied"))
                        return failure_set(f, bus_errors[i].kind, "%s", bus_errors[i].text);
        return bus_error_to_failure(e, f);
}

int client_new_call(Ctl *c, const char *path, const char *interface, const char *member,
                    sd_bus_message **ret, Failure *f) {
        int r;

        r = client_connect(c, f);
        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(c->bus, ret, CREEL_BUS_NAME, path, interface, member);
        return r < 0 ? client_failure(NULL, r, f) : 0;
}

/* Calls that change nothing. */
static bool is_question(sd_bus_message *m) {
        const char *member = strempty(sd_bus_message_get_member(m));

        return startswith(member, "Get") || startswith(member, "List");
}

int client_send(Ctl *c, sd_bus_message *m, sd_bus_message **ret, Failure *f) {
        _cleanup_bus_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call(c->bus, m, UINT64_MAX, &error, ret);
        /* A creeld that was just leaving: the next one, which the bus starts, answers a question as well. */
        if (r < 0 && is_question(m) && sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY)) {
                sd_bus_error_free(&error);
                r = sd_bus_call(c->bus, m, UINT64_MAX, &error, ret);
        }
        return r < 0 ? client_failure(&error, r, f) : 0;
}

int client_call(Ctl *c, const char *path, const char *interface, const char *member, sd_bus_message **ret,
                Failure *f, const char *types, ...) {
        _cleanup_bus_message_ sd_bus_message *m = NULL;
        va_list ap;
        int r;

        r = client_new_call(c, path, interface, member, &m, f);
        if (r < 0)
                return r;
        if (!isempty(types)) {
                va_start(ap, types);
                r = sd_bus_message_appendv(m, types, ap);
                va_end(ap);
                if (r == -EINVAL)
                        return failure_set(f, FAILURE_INVALID_ARGUMENT,
                                           "an argument is not valid UTF-8; D-Bus carries nothing else");
                if (r < 0)
                        return client_failure(NULL, r, f);
        }
        return client_send(c, m, ret, f);
}

static int client_find(Ctl *c, const char *member, const char *name, char **ret_path, Failure *f) {
        _cleanup_bus_message_ sd_bus_message *reply = NULL;
        const char *path;
        int r;

        r = client_call(c, CREEL_BUS_PATH, CREEL_MANAGER, member, &reply, f, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", &path);
        return r < 0 ? client_failure(NULL, r, f) : string_set(ret_path, path);
}

int client_find_container(Ctl *c, const char *name, char **ret_path, Failure *f) {
        return client_find(c, "GetContainer", name, ret_path, f);
}

int client_find_image(Ctl *c, const char *name, char **ret_path, Failure *f) {
        return client_find(c, "GetImage", name, ret_path, f);
}
