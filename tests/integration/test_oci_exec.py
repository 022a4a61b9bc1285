# SPDX-License-Identifier: LGPL-2.1-or-later
"""creel-oci exec: one more process in a container."""

import json
import os
import signal
import socket
import subprocess

import pytest
from oci import ConsoleSocket, alive, cgroup_of, oci, wait_for_end  # noqa: F401 - oci is a fixture


@pytest.fixture
def container(oci):  # noqa: F811
    return oci.start(oci.bundle("sleep", "1000", env=["PATH=/bin", "OWN=1"]))


def refused(container, *words, options=(), say):
    """exec fails before anything runs: with a status that no command is likely to have."""
    done = container.exec(*words, options=options, check=False)
    assert done.returncode == 255
    assert say in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_command(container):
    assert container.exec("echo", "hello").stdout == "hello\n"
    assert container.exec("sh", "-c", "exit 42", check=False).returncode == 42
    assert container.exec("sh", "-c", "kill -9 $$", check=False).returncode == 137
    assert container.exec("--", "echo", "dashes").stdout == "dashes\n"
    assert container.exec("cat", input="in\n").stdout == "in\n"
    assert container.status == "running"


def test_like_the_container(container):
    assert container.exec("sh", "-c", "echo $OWN $PATH; pwd; id -u").stdout == "1 /bin\n/\n0\n"
    status = container.exec("cat", "/proc/self/status").stdout
    assert "NoNewPrivs:\t1" in status
    assert "CapBnd:\t0000000020000420" in status
    assert container.exec("sh", "-c", "ulimit -n").stdout == "1024\n"
    for kind in ("pid", "net", "ipc", "uts", "mnt", "cgroup"):
        inside = container.exec("readlink", f"/proc/self/ns/{kind}").stdout.strip()
        assert inside == os.readlink(f"/proc/{container.pid}/ns/{kind}")


def test_options(container):
    shell = "echo $(id -u) $(id -g) $(id -G); pwd; echo $A $B $HOME"
    options = ("--user", "1234:1001", "-g", "100", "--additional-gids=65534", "--cwd", "/bin", "-e", "A=1", "--env", "B=2")
    assert container.exec("sh", "-c", shell, options=options).stdout == "1234 1001 1001 100 65534\n/bin\n1 2 /\n"
    assert container.exec("id", "-g", options=("-u", "7")).stdout == "0\n"
    added = container.exec("cat", "/proc/self/status", options=("--cap", "CAP_SYS_ADMIN", "-c", "CAP_NONSENSE")).stdout
    assert "CapEff:\t0000000020200420" in added
    assert "CapInh:\t0000000000000000" in added
    assert "CapAmb:\t0000000000000000" in added
    free = container.exec("cat", "/proc/self/status", options=("--no-new-privs=false",)).stdout
    assert "NoNewPrivs:\t0" in free


def test_user_by_name(container):
    (container.bundle.rootfs / "etc").mkdir(exist_ok=True)
    (container.bundle.rootfs / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:33:44::/home/app:/bin/sh\n")
    out = container.exec("sh", "-c", "id -u; id -g; echo $HOME", options=("--user", "app")).stdout
    assert out == "33\n44\n/home/app\n"
    refused(container, "id", options=("--user", "nobody-such"), say="nobody-such")


def test_process_file(container, tmp_path):
    path = tmp_path / "process.json"
    process = {"args": ["sh", "-c", "id -u; pwd; echo $A $OWN"], "cwd": "/bin", "user": {"uid": 5, "gid": 6}, "env": ["A=1", "PATH=/bin"]}
    path.write_text(json.dumps(process))
    assert container.exec(options=("--process", path)).stdout == "5\n/bin\n1\n"
    # What it leaves out is the container's, but for what the specification has a default for.
    path.write_text(json.dumps({"args": ["sh", "-c", "echo $OWN; cat /proc/self/status"], "cwd": "/"}))
    out = container.exec(options=("-p", path)).stdout
    assert out.startswith("1\n")
    assert "CapBnd:\t0000000020000420" in out
    assert "NoNewPrivs:\t0" in out


@pytest.mark.parametrize("text, say", [
    ("", "JSON"), ("{", "JSON"), ("[]", "JSON"), ("{}", "args"), ('{"args":["true"]}', "cwd"),
    ('{"args":[],"cwd":"/"}', "args"), ('{"args":["true"],"cwd":"tmp"}', "cwd"),
    ('{"args":["true"],"cwd":"/","user":{"uid":-1}}', "uid"),
    ('{"args":["true"],"cwd":"/","env":["A"]}', "env"),
])  # fmt: skip
def test_bad_process(container, tmp_path, text, say):
    path = tmp_path / "process.json"
    path.write_text(text)
    refused(container, options=("--process", path), say=say)


def test_bad_words(container, tmp_path):
    refused(container, say="command")
    refused(container, "no-such-program", say="no-such-program")
    refused(container, "/etc", say="/etc")
    refused(container, "true", options=("--cwd", "relative"), say="--cwd")
    refused(container, "true", options=("--cwd", "/no/such/directory"), say="/no/such/directory")
    refused(container, "true", options=("--env", "A"), say="--env")
    refused(container, "true", options=("--user", ":5"), say="--user")
    refused(container, "true", options=("--additional-gids", "wheel"), say="--additional-gids")
    refused(container, "true", options=("--process", tmp_path / "missing"), say="missing")
    refused(container, "true", options=("--pid-file", tmp_path / "missing/pid"), say="missing")
    refused(container, "true", options=("--preserve-fds", "1000000"), say="--preserve-fds")
    refused(container, "true", options=("--process-label", "a_u:b_r:c_t:s0"), say="SELinux")
    done = container.exec("true", options=("--no-such-option",), check=False)
    assert done.returncode != 0 and "--no-such-option" in done.stderr


def test_wrong_container(oci):  # noqa: F811
    assert "does not exist" in oci.refused("exec", "nobody", "true")
    assert "cannot be" in oci.refused("exec", "../x", "true")
    stopped = oci.start(oci.bundle("true"))
    stopped.wait()
    refused(stopped, "true", say="stopped")


def test_created(oci):  # noqa: F811
    created = oci.create(oci.bundle("sleep", "1000"))
    assert created.exec("echo", "early").stdout == "early\n"
    assert created.status == "created"


def test_pid_file(container, tmp_path):
    path = tmp_path / "pid"
    container.exec("sleep", "1000", options=("--detach", "--pid-file", path))
    pid = int(path.read_text())
    assert alive(pid)
    assert os.readlink(f"/proc/{pid}/ns/pid") == os.readlink(f"/proc/{container.pid}/ns/pid")
    assert cgroup_of(pid) == cgroup_of(container.pid)
    assert list(tmp_path.iterdir()) == [path]
    container.kill("KILL")
    wait_for_end(pid)


def test_relative_paths(container, tmp_path):
    container.exec("true", options=("--pid-file", "pid.txt"), cwd=tmp_path)
    assert int((tmp_path / "pid.txt").read_text()) > 0


def test_pidfd_socket(container, tmp_path):
    with ConsoleSocket(tmp_path / "s") as listener:
        container.exec("sleep", "1000", options=("-d", "--pid-file", tmp_path / "pid", "--pidfd-socket", tmp_path / "s"))
        fd, text = listener.receive()
        assert text == "setns"
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        os.close(fd)
    wait_for_end(int((tmp_path / "pid").read_text()))
    refused(container, "true", options=("--pidfd-socket", tmp_path / "missing"), say="missing")


def given(fd, number):
    """For a call: the descriptor as number @number, and nothing else of ours."""
    return {"close_fds": False, "preexec_fn": lambda: os.dup2(fd, number)}


def test_descriptors(container, tmp_path):
    (tmp_path / "text").write_text("kept\n")
    shell = "for i in 3 4 5 6 7; do test -e /proc/$$/fd/$i && echo $i; done; true"
    with open(tmp_path / "text") as file:
        five = given(file.fileno(), 5)
        assert container.exec("sh", "-c", shell, **five).stdout == ""
        assert container.exec("sh", "-c", shell, options=("--preserve-fds", "3"), **five).stdout == "5\n"
        assert container.exec("sh", "-c", "cat <&5", options=("--preserve-fds", "3"), **five).stdout == "kept\n"


def test_listen_fds(container):
    with socket.socket() as listener:
        env = {**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "web"}
        three = {"env": env, **given(listener.fileno(), 3)}
        shell = "echo $LISTEN_FDS $LISTEN_FDNAMES; readlink /proc/$$/fd/3 | cut -d: -f1; echo $LISTEN_PID $$"
        count, kind, numbers = container.exec("sh", "-c", shell, **three).stdout.splitlines()
        assert (count, kind) == ("1 web", "socket")
        assert len(set(numbers.split())) == 1
        env["LISTEN_PID"] = "1"
        assert container.exec("sh", "-c", "echo $LISTEN_FDS", **three).stdout == "\n"


def test_signals(container):
    process = container.oci.spawn("exec", container.id, "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done", stdout=-1)
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGURG)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 7


def test_paused(container):
    container.oci.call("pause", container.id)
    refused(container, "true", say="cannot exec in a paused container")
    waiting = container.oci.spawn("exec", "--ignore-paused", container.id, "echo", "late", stdout=-1)
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.2)
    container.oci.call("resume", container.id)
    assert waiting.communicate(timeout=30)[0] == "late\n"


def test_sub_cgroup(container, tmp_path):
    cgroup = container.cgroup()
    (cgroup / "sub").mkdir()
    try:
        container.exec("sleep", "1000", options=("-d", "--cgroup", "sub", "--pid-file", tmp_path / "pid"))
        pid = int((tmp_path / "pid").read_text())
        assert cgroup_of(pid) == cgroup / "sub"
        assert container.exec("cat", "/proc/self/cgroup", options=("--cgroup", "/")).stdout.rstrip().endswith("0::/")
        refused(container, "true", options=("--cgroup", ".."), say="bad sub cgroup path")
        refused(container, "true", options=("--cgroup", "none"), say="--cgroup")
        os.kill(pid, signal.SIGKILL)
        wait_for_end(pid)
    finally:
        container.kill("KILL")
        container.wait()


def test_user_namespace(oci):  # noqa: F811
    bundle = oci.bundle("sleep", "1000")
    bundle.map_users()
    container = oci.start(bundle)
    assert container.exec("sh", "-c", "id -u; cat /proc/self/uid_map").stdout.split()[:4] == ["0", "0", "1000000", "65536"]
    assert container.exec("id", "-u", options=("--user", "12")).stdout == "12\n"


def test_seccomp(oci):  # noqa: F811
    bundle = oci.bundle("sleep", "1000")
    bundle.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
                               "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}  # fmt: skip
    container = oci.start(bundle)
    assert "Seccomp:\t2" in container.exec("cat", "/proc/self/status").stdout
    assert container.exec("mkdir", "/tmp/x", check=False).returncode != 0
