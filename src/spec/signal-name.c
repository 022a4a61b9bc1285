/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "basic/str.h"
#include "spec/signal-name.h"

static const struct {
        const char *name;
        int number;
} signal_names[] = {
        { "HUP", SIGHUP },       { "INT", SIGINT },   { "QUIT", SIGQUIT }, { "ILL", SIGILL },
        { "TRAP", SIGTRAP },     { "ABRT", SIGABRT }, { "IOT", SIGIOT },   { "BUS", SIGBUS },
        { "FPE", SIGFPE },       { "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
        { "USR2", SIGUSR2 },     { "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM },
        { "STKFLT", SIGSTKFLT }, { "CHLD", SIGCHLD }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
        { "TSTP", SIGTSTP },     { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG },
        { "XCPU", SIGXCPU },     { "XFSZ", SIGXFSZ }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH },
        { "IO", SIGIO },         { "POLL", SIGPOLL }, { "PWR", SIGPWR },   { "VTALRM", SIGVTALRM },
        { "SYS", SIGSYS },
};

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n in the kernel's numbers: glibc's own SIGRTMIN leaves out the two it keeps
 * for itself. */
static int signal_parse_realtime(const char *s) {
        const char *rest = s + strlen("RTMIN");
        uint32_t n = 0;

        if (strncasecmp(s, "RTMIN", strlen("RTMIN")) == 0) {
                if (*rest && (*rest != '+' || parse_u32(rest + 1, &n) < 0))
                        return -EINVAL;
                return n <= 64 - (uint32_t) SIGRTMIN ? SIGRTMIN + (int) n : -EINVAL;
        }
        if (strncasecmp(s, "RTMAX", strlen("RTMAX")) != 0 ||
            (*rest && (*rest != '-' || parse_u32(rest + 1, &n) < 0)))
                return -EINVAL;
        return n <= 64 - (uint32_t) SIGRTMIN ? 64 - (int) n : -EINVAL;
}

int signal_parse(const char *s) {
        const char *name;
        uint32_t n;

        if (isempty(s))
                return -EINVAL;
        if (parse_u32(s, &n) >= 0)
                return n >= 1 && n <= 64 ? (int) n : -EINVAL;
        name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
        for (size_t i = 0; i < ELEMENTSOF(signal_names); i++)
                if (strcasecmp(signal_names[i].name, name) == 0)
                        return signal_names[i].number;
        return signal_parse_realtime(name);
}
