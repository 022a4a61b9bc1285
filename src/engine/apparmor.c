/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/log.h"
#include "basic/spawn.h"
#include "engine/apparmor.h"
#include "engine/reaper.h"
#include "security/apparmor.h"

#define PROFILE_PATH CREEL_SYSCONFDIR_APPARMOR "/" APPARMOR_PROFILE_DEFAULT

static const char *const parsers[] = { "/usr/sbin/apparmor_parser", "/sbin/apparmor_parser" };

static void look(Engine *e) {
        int r = apparmor_profile_is_loaded(APPARMOR_PROFILES_PATH, APPARMOR_PROFILE_DEFAULT);

        if (r < 0)
                log_warning_errno(r, "Cannot read the list of AppArmor profiles, ignoring: %m");
        e->apparmor.default_loaded = r > 0;
}

static void on_loaded(void *userdata) {
        Engine *e = userdata;

        look(e);
        if (e->apparmor.default_loaded)
                log_debug("Loaded the AppArmor profile " APPARMOR_PROFILE_DEFAULT ".");
        else
                log_warning("Cannot load the AppArmor profile " PROFILE_PATH
                            "; containers run without one. Try 'apparmor_parser -r " PROFILE_PATH "'.");
}

static int load(Engine *e) {
        _cleanup_close_ int program = -EBADF;
        int pidfd, r;
        pid_t pid;

        if (access(PROFILE_PATH, R_OK) < 0)
                return negative_errno();
        for (size_t i = 0; i < ELEMENTSOF(parsers) && program < 0; i++)
                program = open(parsers[i], O_PATH | O_CLOEXEC);
        if (program < 0)
                return negative_errno();
        r = spawn_run(&(const Spawn){ .exec_fd = program,
                                      .argv = (char *const[]){ (char *) "apparmor_parser",
                                                               (char *) "--replace", (char *) PROFILE_PATH,
                                                               NULL },
                                      .stdio_fds = { -EBADF, -EBADF, -EBADF },
                                      .die_with_parent = true },
                      &pid, &pidfd);
        if (r < 0)
                return r;
        reaper_add(e->event, pid, pidfd, on_loaded, e);
        return 0;
}

void engine_begin_apparmor(Engine *e) {
        int r;

        e->apparmor.available = apparmor_is_available(APPARMOR_ENABLED_PATH);
        if (!e->apparmor.available)
                return;
        look(e);
        if (e->apparmor.default_loaded)
                return;
        r = load(e);
        if (r < 0)
                log_warning_errno(r, "Cannot load the AppArmor profile " PROFILE_PATH
                                     ", containers run without one: %m");
}
