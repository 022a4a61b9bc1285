/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/path.h"
#include "runtime/mount.h"
#include "runtime/terminal.h"

static int open_pair(int devpts_fd, int *ret_master, int *ret_peer) {
        _cleanup_close_ int master = -EBADF;
        struct statfs sfs;
        int unlock = 0, peer, r;

        r = path_openat2(devpts_fd, "ptmx", O_RDWR | O_NOCTTY, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV, &master);
        if (r < 0)
                return r;
        if (fstatfs(master, &sfs) < 0)
                return negative_errno();
        if (sfs.f_type != DEVPTS_SUPER_MAGIC)
                return -EXDEV;
        if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
                return negative_errno();
        peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (peer < 0)
                return negative_errno();
        *ret_peer = peer;
        *ret_master = TAKE_FD(master);
        return 0;
}

int terminal_open(int devpts_fd, uid_t uid, uint64_t width, uint64_t height, int *ret_master, int *ret_peer,
                  Failure *reterr) {
        _cleanup_close_ int master = -EBADF, peer = -EBADF;
        int r;

        r = open_pair(devpts_fd, &master, &peer);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, r, "cannot make a terminal");
        if (width > 0 || height > 0) {
                struct winsize ws = { .ws_col = (unsigned short) width, .ws_row = (unsigned short) height };

                if (ioctl(master, TIOCSWINSZ, &ws) < 0)
                        return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                                 "cannot set the size of the terminal");
        }
        if (fchown(peer, uid, (gid_t) -1) < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot give the terminal to user %u", uid);
        *ret_master = TAKE_FD(master);
        *ret_peer = TAKE_FD(peer);
        return 0;
}

int terminal_set_plain(int master_fd) {
        struct termios t;

        if (tcgetattr(master_fd, &t) < 0)
                return negative_errno();
        t.c_oflag &= ~(tcflag_t) ONLCR;
        return tcsetattr(master_fd, TCSANOW, &t) < 0 ? negative_errno() : 0;
}

int terminal_bind_console(int peer_fd, int root_fd, Failure *reterr) {
        _cleanup_close_ int target = -EBADF, copy = -EBADF;
        int r;

        r = mount_open_target(root_fd, "/dev/console", MOUNT_TARGET_NO_LINKS, false, &target, reterr);
        if (r < 0)
                return r;
        copy = open_tree(peer_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (copy < 0)
                return failure_set_errno(reterr, FAILURE_SYSTEM, errno,
                                         "cannot mount the terminal on /dev/console");
        return mount_attach(copy, target, root_fd, "/dev/console", MOUNT_TARGET_NO_LINKS, reterr);
}

int terminal_take(int peer_fd) {
        if (ioctl(peer_fd, TIOCSCTTY, 0) < 0)
                return negative_errno();
        for (int i = 0; i < 3; i++)
                if (dup2(peer_fd, i) < 0)
                        return negative_errno();
        return 0;
}
