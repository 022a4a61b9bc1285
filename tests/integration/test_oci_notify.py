# SPDX-License-Identifier: LGPL-2.1-or-later
"""NOTIFY_SOCKET, LISTEN_FDS and descriptors of create, start and run of creel-oci."""

import os
import select
import socket

import pytest
from oci import oci  # noqa: F401 - a fixture

@pytest.fixture
def manager(tmp_path):
    """A service manager's ear, and the environment that leads there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "manager"))
        listener.settimeout(30)
        yield listener, {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "manager")}


def say(container_state, text):
    """What a program of the container says at its socket, said through the directory that is mounted there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        speaker.sendto(text.encode(), str(container_state / "notify" / "notify"))


def test_place(oci, manager, tmp_path):  # noqa: F811
    _, env = manager
    out = oci.run(oci.bundle("sh", "-c", "echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && echo socket"), env=env).stdout
    assert out == f"{tmp_path}/manager/notify\nsocket\n"
    assert oci.run(oci.bundle("sh", "-c", "echo x$NOTIFY_SOCKET"), env={**env, "NOTIFY_SOCKET": ""}).stdout == "x\n"
    # Nobody listens: the container is as it would be.
    env = {**env, "NOTIFY_SOCKET": "/run/no/such"}
    assert oci.run(oci.bundle("sh", "-c", "echo $NOTIFY_SOCKET"), env=env).stdout == "/run/no/such/notify\n"


def test_foreground(oci, manager):  # noqa: F811
    listener, env = manager
    bundle = oci.bundle("sh", "-c", "trap 'exit 3' TERM; echo up; sleep 1000 & wait")
    bundle.write()
    container = oci.adopt(oci.fresh(), bundle)
    process = oci.spawn("run", "--bundle", bundle.path, container.id, stdout=-1, env=env)
    assert process.stdout.readline() == "up\n"
    say(oci.root / container.id, "READY=1\n")
    assert listener.recv(4096) == b"READY=1"
    say(oci.root / container.id, "STATUS=a\nMAINPID=77")
    assert listener.recv(4096) == b"STATUS=a"
    process.terminate()
    assert process.wait(30) == 3


def test_start_waits(oci, manager):  # noqa: F811
    listener, env = manager
    container = oci.create(oci.bundle("sleep", "1000"), env=env)
    process = oci.spawn("start", container.id, env=env)
    path = oci.root / container.id / "notify" / "notify"
    while not path.exists():
        assert process.poll() is None
        select.select([], [], [], 0.01)
    with pytest.raises(BlockingIOError):
        listener.setblocking(False)
        listener.recv(10)
    listener.settimeout(30)
    say(oci.root / container.id, "READY=1")
    assert listener.recv(4096).decode() == f"MAINPID={container.pid}\nREADY=1"
    assert listener.recv(4096) == b"BARRIER=1"
    assert process.wait(30) == 0
    assert container.status == "running"


def test_start_of_a_short_life(oci, manager):  # noqa: F811
    _, env = manager
    container = oci.create(oci.bundle("true"), env=env)
    container.start(env=env)
    container.wait()


def given(fd, number):
    """For a call: the descriptor as number @number, and nothing else of ours."""
    return {"close_fds": False, "preexec_fn": lambda: os.dup2(fd, number)}


def test_listen_fds(oci):  # noqa: F811
    with socket.socket() as listener:
        shell = "echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; readlink /proc/$$/fd/3 | cut -d: -f1"
        env = {**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}
        three = {"env": env, **given(listener.fileno(), 3)}
        assert oci.run(oci.bundle("sh", "-c", shell), **three).stdout == "1 1 web\nsocket\n"
        # counted, but not open
        assert oci.run(oci.bundle("sh", "-c", "echo $LISTEN_PID"), env=env).stdout == "1\n"
        # for somebody else
        env["LISTEN_PID"] = "1"
        assert oci.run(oci.bundle("sh", "-c", "echo $LISTEN_FDS"), **three).stdout == "\n"


def test_preserve_fds(oci):  # noqa: F811
    shell = "for i in 3 4 5 6 7; do test -e /proc/$$/fd/$i && echo $i; done; true"
    with open("/dev/null") as null:
        five = given(null.fileno(), 5)
        assert oci.run(oci.bundle("sh", "-c", shell), **five).stdout == ""
        assert oci.run(oci.bundle("sh", "-c", shell), "--preserve-fds", "3", **five).stdout == "5\n"
        assert oci.run(oci.bundle("sh", "-c", shell), "--preserve-fds", "100", **five).stdout == "5\n"
    assert "--preserve-fds" in oci.create_refused(oci.bundle("true"), "--preserve-fds", "1000000")
    assert "--preserve-fds" in oci.create_refused(oci.bundle("true"), "--preserve-fds", "-1")
