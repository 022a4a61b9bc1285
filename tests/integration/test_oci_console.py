# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terminals of creel-oci: --console-socket, and our caller's own."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios

import pytest
from oci import ConsoleSocket, oci, read_terminal  # noqa: F401 - oci is a fixture


@pytest.fixture
def container(oci):  # noqa: F811
    return oci.start(oci.bundle("sleep", "1000"))


def test_create(oci, tmp_path):  # noqa: F811
    bundle = oci.bundle("sh", "-c", "test -t 0 && test -t 1 && test -t 2 && tty; stty size; read a; echo got $a", terminal=True)
    bundle.process["consoleSize"] = {"height": 10, "width": 110}
    with ConsoleSocket(tmp_path / "s") as listener:
        container = oci.create(bundle, "--console-socket", tmp_path / "s")
        fd, text = listener.receive()
        assert text.startswith("/dev/pts/")
        container.start()
        said = read_terminal(fd, "110")
        assert "/dev/pts/0\r\n10 110" in said
        os.write(fd, b"word\n")
        assert "got word" in read_terminal(fd, "got word")
        container.wait()
        os.close(fd)


def test_exec(container, tmp_path):
    with ConsoleSocket(tmp_path / "s") as listener:
        container.exec("sh", "-c", "tty; stat -c %u:%g $(tty); sleep 1000",
                       options=("-t", "-d", "-u", "1000", "--console-socket", "s"), cwd=tmp_path)  # fmt: skip
        fd, text = listener.receive()
        assert "/dev/pts/0\r\n1000:5" in read_terminal(fd, "1000:5")
        assert text == "/dev/pts/0"
        os.close(fd)


def test_refusals(container, tmp_path, oci):  # noqa: F811
    missing = tmp_path / "missing"
    assert "use --console-socket" in oci.create_refused(oci.bundle("true", terminal=True))
    assert str(missing) in oci.create_refused(oci.bundle("true", terminal=True), "--console-socket", missing)
    with ConsoleSocket(tmp_path / "s"):
        assert "terminal" in oci.create_refused(oci.bundle("true"), "--console-socket", tmp_path / "s")
        assert "terminal" in oci.refused("exec", "-d", "--console-socket", tmp_path / "s", container.id, "true")
        assert "detach" in oci.refused("exec", "-t", "--console-socket", tmp_path / "s", container.id, "true")
    assert "use --console-socket" in oci.refused("exec", "-t", "-d", container.id, "true")
    assert str(missing) in oci.refused("exec", "-t", "-d", "--console-socket", missing, container.id, "true")


def test_foreground_without_ours(oci):  # noqa: F811
    """What reads a pipe gets lines as they were written."""
    shell = "test -t 0 && test -t 1 && echo terminal; seq 2000"
    done = oci.run(oci.bundle("sh", "-c", shell, terminal=True))
    assert done.stdout == "terminal\n" + "".join(f"{i}\n" for i in range(1, 2001))
    container = oci.start(oci.bundle("sleep", "1000"))
    assert container.exec("sh", "-c", "tty; exit 3", options=("-t",), check=False).stdout == "/dev/pts/0\n"
    assert container.exec("sh", "-c", "exit 3", options=("-t",), check=False).returncode == 3


def with_terminal(argv):
    """A process whose terminal of 33x111 is ours."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 111, 0, 0))
        os.execvp(argv[0], argv)
    return pid, fd


@pytest.mark.parametrize("verb", ["run", "exec"])
def test_foreground(oci, container, verb):  # noqa: F811
    shell = "stty size; trap 'stty size; echo resized' WINCH; read a; echo got $a; sleep 1000"
    if verb == "run":
        bundle = oci.bundle("sh", "-c", shell, terminal=True)
        bundle.write()
        running = oci.adopt(oci.fresh(), bundle)
        pid, fd = with_terminal(oci.argv("run", "--bundle", bundle.path, running.id))
    else:
        pid, fd = with_terminal(oci.argv("exec", "-t", container.id, "sh", "-c", shell))
    try:
        assert "33 111" in read_terminal(fd, "33 111")
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 50, 0, 0))
        os.write(fd, b"word\r")
        assert "got word" in read_terminal(fd, "got word")
        # the key is the container's, not ours
        os.write(fd, b"\x03")
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT
    finally:
        os.close(fd)


def test_restored(container):
    argv = container.oci.argv("exec", "-t", container.id, "true")
    pid, fd = with_terminal(["sh", "-c", '"$@"; stty -a; echo end', "sh", *argv])
    said = read_terminal(fd, "end\r\n")
    os.close(fd)
    os.waitpid(pid, 0)
    assert {"icanon", "echo", "isig", "opost", "onlcr"} <= set(said.split())


def test_pidfd(oci, tmp_path):  # noqa: F811
    bundle = oci.bundle("sleep", "1000")
    bundle.config["annotations"] = {"run.oci.pidfd_receiver": str(tmp_path / "r")}
    with ConsoleSocket(tmp_path / "s") as listener, ConsoleSocket(tmp_path / "r") as receiver:
        container = oci.create(bundle, "--pidfd-socket", tmp_path / "s")
        fd, text = listener.receive()
        assert text == "standard"
        other, _ = receiver.receive()
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        container.wait()
        assert select.select([other], [], [], 30)[0]
        os.close(fd)
        os.close(other)
    assert container.status == "stopped"
    assert "--pidfd-socket" in oci.create_refused(oci.bundle("true"), "--pidfd-socket", tmp_path / "missing")


def test_signals_of_run(oci):  # noqa: F811
    bundle = oci.bundle("sh", "-c", "trap 'exit 9' USR1; echo up; while :; do sleep 0.05; done")
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    process = oci.spawn("run", "--bundle", bundle.path, container.id, stdout=-1)
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGUSR1)
    assert process.wait(30) == 9
    oci.assert_gone(container.id)
