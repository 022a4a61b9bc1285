/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <unistd.h>

#include "basic/macro.h"
#include "basic/tty.h"

int tty_make_raw(int fd, struct termios *ret_saved) {
        struct termios saved, raw;

        if (tcgetattr(fd, &saved) < 0)
                return negative_errno();
        raw = saved;
        cfmakeraw(&raw);
        if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
                return negative_errno();
        *ret_saved = saved;
        return 0;
}

void tty_restore(int fd, const struct termios *saved) {
        (void) tcsetattr(fd, TCSADRAIN, saved);
}

bool tty_get_size(struct winsize *ret) {
        static const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                if (ioctl(fds[i], TIOCGWINSZ, ret) >= 0)
                        return true;
        return false;
}
