/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "basic/fd.h"
#include "oci/attachment.h"
#include "test.h"
#include "tmpdir.h"

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        memcpy(address.sun_path, path, strlen(path));
        assert_int_equal(bind(fd, (const struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 2), 0);
        return fd;
}

static void test_sockets(void **state) {
        _cleanup_tmpdir_ TmpDir dir = tmpdir_new();
        _cleanup_close_ int listener = -EBADF;
        _cleanup_(attachment_done) Attachment a = ATTACHMENT_NONE, none = ATTACHMENT_NONE;
        char path[128], annotation[200], *annotations[] = { annotation, NULL };
        OciContainer c = { .dir_fd = dir.fd };
        RuntimeSpec spec = { .has_process = true, .annotations = annotations };
        _cleanup_failure_ Failure f = {};

        assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
        (void) snprintf(path, sizeof(path), "%s/s", dir.path);
        (void) snprintf(annotation, sizeof(annotation), "run.oci.pidfd_receiver=%s", path);
        assert_true(attachment_open(0, path, NULL, true, &a, &f) < 0);
        assert_non_null(strstr(f.text, "--console-socket"));
        assert_true(attachment_open(0, NULL, path, true, &a, &f) < 0);
        assert_non_null(strstr(f.text, "--pidfd-socket"));
        assert_true(attachment_open(UINT64_MAX, NULL, NULL, true, &a, &f) < 0);
        assert_int_equal(attachment_open(0, NULL, NULL, true, &none, &f), 0);
        assert_true(attachment_prepare(&none, &spec, NULL, &c, dir.path, true, &f) < 0);
        assert_non_null(strstr(f.text, "run.oci.pidfd_receiver"));

        listener = listen_at(path);
        assert_int_equal(attachment_prepare(&none, &spec, NULL, &c, dir.path, true, &f), 0);
        assert_true(none.receiver_fd >= 0);
        spec.annotations = NULL;
        assert_int_equal(attachment_open(0, path, path, true, &a, &f), 0);
        assert_true(a.console_fd >= 0 && a.pidfd_fd >= 0);
        /* a socket, but no terminal */
        assert_true(attachment_prepare(&a, &spec, path, &c, dir.path, true, &f) < 0);
        spec.process.terminal = true;
        assert_int_equal(attachment_prepare(&a, &spec, path, &c, dir.path, true, &f), 0);
        assert_false(spec.process.console_plain);
        /* a terminal, but nobody who would have it */
        assert_true(attachment_prepare(&none, &spec, NULL, &c, dir.path, true, &f) < 0);
}

static void test_terminal(void **state) {
        _cleanup_close_ int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3),
                            saved_in = fcntl(0, F_DUPFD_CLOEXEC, 3),
                            null_fd = open("/dev/null", O_RDWR | O_CLOEXEC),
                            master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), peer = -EBADF;
        const struct winsize size = { .ws_row = 5, .ws_col = 6 };
        RuntimeProcess plain = { .terminal = true }, ours = { .terminal = true }, none = {};

        assert_int_equal(unlockpt(master), 0);
        peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
        assert_true(dup2(null_fd, 1) >= 0);
        assert_true(dup2(peer, 0) >= 0);
        attachment_fit_terminal(&plain);
        assert_true(dup2(peer, 1) >= 0);
        attachment_fit_terminal(&ours);
        attachment_fit_terminal(&none);
        assert_true(dup2(saved, 1) >= 0 && dup2(saved_in, 0) >= 0);
        assert_true(plain.console_plain);
        assert_int_equal(plain.console_width, 6);
        assert_false(ours.console_plain);
        assert_int_equal(ours.console_height, 5);
        assert_false(none.console_plain);
        assert_int_equal(none.console_height, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sockets),
                cmocka_unit_test(test_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
