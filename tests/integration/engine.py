# SPDX-License-Identifier: LGPL-2.1-or-later
"""Engines of other projects with creel-oci as their runtime. Cases is what podman and docker are both held to: their
test files make a class of it and give it the fixture "engine"."""

import contextlib
import os
import pty
import re
import secrets
import subprocess
import time
from pathlib import Path

from fixtures import eventually, run_command
from oci import read_terminal

RUNTIME = "/usr/bin/creel-oci"

# buildah asks for a million of each, more than a lab that is itself a guest may give.
BUILD_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


class Service:
    """A daemon as a transient unit, ready when start() returns."""

    def __init__(self, *argv):
        self.unit = f"engine-{Path(argv[0]).name}-{secrets.token_hex(4)}"
        self.argv = argv

    def start(self):
        properties = [f"--property={each}" for each in ("Delegate=yes", "Type=notify", "KillMode=mixed", "TimeoutStartSec=60")]
        run_command("systemd-run", "--quiet", "--collect", f"--unit={self.unit}", *properties, *self.argv, timeout=90)

    def stop(self):
        run_command("systemctl", "stop", self.unit, check=False, timeout=90)


@contextlib.contextmanager
def containerd(directory):
    """Its socket."""
    config = directory / "containerd.toml"
    config.write_text(
        f"version = 2\nroot = '/var/lib/containerd/{directory.name}'\nstate = '{directory}/state'\n"
        f"disabled_plugins = ['io.containerd.grpc.v1.cri']\n[grpc]\naddress = '{directory}/containerd.sock'\n"
    )
    service = Service("containerd", "--config", str(config))
    service.start()
    try:
        yield f"{directory}/containerd.sock"
    finally:
        service.stop()
        run_command("rm", "-rf", f"/var/lib/containerd/{directory.name}", check=False)


class Engine:
    """The command line of podman or docker. call("run", ...) -> CompletedProcess."""

    def __init__(self, name, options=(), run_options=()):
        self.name, self.options, self.run_options = name, options, ("--network", "none", *run_options)
        self.names = []
        self.image = None

    def call(self, *words, **kw):
        return run_command(self.name, *self.options, *words, **kw)

    def run(self, *words, **kw):
        """run --rm: of the engine's options first, the image by its place."""
        return self.call("run", "--rm", *self.run_options, *words, **kw)

    def start(self, *words, image=None):
        """run -d; a name."""
        options, command = split(words)
        name = f"engine-{secrets.token_hex(4)}"
        self.names.append(name)
        self.call("run", "-d", "--name", name, *self.run_options, *options, image or self.image, *command)
        return name

    def inspect(self, name, field):
        return self.call("inspect", "-f", "{{" + field + "}}", name).stdout.strip()

    def running(self, name):
        return self.inspect(name, ".State.Running") == "true"

    def clean(self):
        for name in self.names:
            self.call("rm", "-f", name, check=False)

    def argv(self, *words):
        return [self.name, *self.options, *words]


def split(words):
    words = list(words)
    at = words.index("--") if "--" in words else 0
    return (words[:at], words[at + 1 :]) if "--" in words else ([], words)


def on_terminal(argv, typed, until):
    """Types into the command on a terminal; (what it said, its status)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    said = ""
    for text, answer in zip(typed, until):
        os.write(fd, text.encode())
        said += read_terminal(fd, until=answer)
    said += read_terminal(fd)
    os.close(fd)
    return said, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def left_of_creel_oci(root):
    """The names of containers that --root still has, and processes of creel-oci."""
    left = [str(path) for path in Path(root).glob("*")]
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if os.path.basename(words[0]) == b"creel-oci" and str(root).encode() in words:
                left.append(f"{entry.name}: {b' '.join(words).decode()}")
    return left


SLEEP = ("sleep", "1000")


class Cases:
    def test_run(self, engine):
        assert engine.run(engine.image, "echo", "hello").stdout == "hello\n"

    def test_exit_statuses(self, engine):
        for status in (0, 1, 42, 255):
            assert engine.run(engine.image, "sh", "-c", f"exit {status}", check=False).returncode == status
        assert engine.run(engine.image, "sh", "-c", "sh -c 'kill -KILL $$'; exit $?", check=False).returncode == 137

    def test_program_that_is_not_there(self, engine):
        done = engine.run(engine.image, "/no/such/program", check=False)
        assert done.returncode == 127, done.stderr
        assert "/no/such/program" in done.stderr and "no such file" in done.stderr.lower()

    def test_program_that_is_not_in_the_path(self, engine):
        done = engine.run(engine.image, "no-such-program", check=False)
        assert done.returncode == 127, done.stderr
        assert "no-such-program" in done.stderr

    def test_program_that_cannot_be_executed(self, engine):
        done = engine.run(engine.image, "/etc/passwd", check=False)
        assert done.returncode == 126, done.stderr
        assert "permission denied" in done.stderr.lower()

    def test_stdin(self, engine):
        assert engine.run("-i", engine.image, "tr", "a-z", "A-Z", input="typed\n").stdout == "TYPED\n"

    def test_stderr_apart(self, engine):
        done = engine.run(engine.image, "sh", "-c", "echo out; echo err >&2")
        assert (done.stdout, done.stderr) == ("out\n", "err\n")

    def test_environment_and_directory(self, engine):
        done = engine.run("-e", "COLOUR=green", "-w", "/home/app", engine.image, "sh", "-c", "echo $COLOUR $PWD")
        assert done.stdout == "green /home/app\n"

    def test_user(self, engine):
        done = engine.run("--user", "1000:10", "--group-add", "20", engine.image, "id")
        assert done.stdout.startswith("uid=1000(app) gid=10(wheel)") and "20" in done.stdout

    def test_user_by_name(self, engine):
        assert engine.run("--user", "app", engine.image, "id", "-un").stdout == "app\n"

    def test_volume(self, engine, tmp_path):
        (tmp_path / "file").write_text("of the host\n")
        engine.run("-v", f"{tmp_path}:/data", engine.image, "sh", "-c", "cat /data/file; echo inside > /data/new")
        assert (tmp_path / "new").read_text() == "inside\n"
        done = engine.run("-v", f"{tmp_path}:/data:ro", engine.image, "touch", "/data/x", check=False)
        assert done.returncode == 1 and "Read-only" in done.stderr

    def test_tmpfs(self, engine):
        done = engine.run("--tmpfs", "/scratch:size=1m,mode=700", engine.image, "grep", " /scratch ", "/proc/mounts")
        assert "tmpfs" in done.stdout and "size=1024k" in done.stdout

    def test_read_only(self, engine):
        done = engine.run("--read-only", engine.image, "touch", "/x", check=False)
        assert done.returncode == 1 and "Read-only" in done.stderr

    def test_hostname(self, engine):
        assert engine.run("--hostname", "given", engine.image, "hostname").stdout == "given\n"

    def test_capabilities(self, engine):
        script = "grep CapEff /proc/self/status"
        everything = int(engine.run("--cap-add", "ALL", engine.image, "sh", "-c", script).stdout.split()[1], 16)
        nothing = int(engine.run("--cap-drop", "ALL", engine.image, "sh", "-c", script).stdout.split()[1], 16)
        one = int(engine.run("--cap-drop", "ALL", "--cap-add", "CHOWN", engine.image, "sh", "-c", script).stdout.split()[1], 16)
        assert (nothing, one) == (0, 1)
        assert everything > 0xFFFF

    def test_seccomp_is_on(self, engine):
        done = engine.run(engine.image, "grep", "Seccomp:", "/proc/self/status")
        assert done.stdout.split() == ["Seccomp:", "2"]
        done = engine.run("--security-opt", "seccomp=unconfined", engine.image, "grep", "Seccomp:", "/proc/self/status")
        assert done.stdout.split() == ["Seccomp:", "0"]

    def test_no_new_privileges(self, engine):
        done = engine.run("--security-opt", "no-new-privileges", engine.image, "grep", "NoNewPrivs", "/proc/self/status")
        assert done.stdout.split()[1] == "1"

    def test_privileged(self, engine):
        done = engine.run("--privileged", engine.image, "sh", "-c", "ls /dev/fuse && mount -t tmpfs none /tmp && echo mounted")
        assert done.stdout.endswith("mounted\n")

    def test_device(self, engine):
        done = engine.run("--device", "/dev/fuse:/dev/fuse-here:r", engine.image, "stat", "-c", "%t:%T", "/dev/fuse-here")
        assert done.stdout == "a:e5\n"

    def test_sysctl_and_rlimit(self, engine):
        done = engine.run("--sysctl", "net.ipv4.ip_forward=1", "--ulimit", "nofile=77:88", "--ulimit", "nproc=99:99", engine.image, "sh", "-c",
                          "cat /proc/sys/net/ipv4/ip_forward; ulimit -Sn; ulimit -Hn")  # fmt: skip
        assert done.stdout.split() == ["1", "77", "88"]

    def test_namespaces_of_the_host(self, engine):
        done = engine.run("--pid", "host", "--ipc", "host", "--uts", "host", engine.image, "sh", "-c",
                          "for each in pid ipc uts; do readlink /proc/self/ns/$each; done")  # fmt: skip
        assert done.stdout.split() == [os.readlink(f"/proc/1/ns/{kind}") for kind in ("pid", "ipc", "uts")]

    def test_pid_namespace_of_another_container(self, engine):
        name = engine.start(*SLEEP)
        done = engine.run("--pid", f"container:{name}", engine.image, "ps", "-o", "pid,args")
        assert re.search(r"^ *1 sleep 1000$", done.stdout, re.M), done.stdout

    def test_terminal(self, engine):
        said, status = on_terminal(
            engine.argv("run", "--rm", "-it", *engine.run_options, engine.image, "sh"), ["tty; stty size\n", "exit 9\n"], ["pts/0", "exit 9"]
        )
        assert "/dev/pts/0" in said or "/dev/console" in said, said
        assert status == 9

    def test_exec(self, engine):
        name = engine.start(*SLEEP)
        assert engine.call("exec", name, "sh", "-c", "echo $$ here").stdout.endswith("here\n")
        assert engine.call("exec", name, "sh", "-c", "exit 42", check=False).returncode == 42
        assert engine.call("exec", "-i", name, "cat", input="through\n").stdout == "through\n"
        assert engine.call("exec", "-e", "A=b", "-w", "/tmp", "-u", "app", name, "sh", "-c", "echo $A $PWD $(id -u)").stdout == "b /tmp 1000\n"
        assert engine.call("exec", name, "/no/such/program", check=False).returncode in (126, 127)
        assert engine.running(name)

    def test_exec_detached(self, engine):
        name = engine.start(*SLEEP)
        engine.call("exec", "-d", name, "touch", "/done")
        eventually(lambda: engine.call("exec", name, "ls", "/done", check=False).returncode == 0, "the file is there")

    def test_exec_on_a_terminal(self, engine):
        name = engine.start(*SLEEP)
        said, status = on_terminal(engine.argv("exec", "-it", name, "sh"), ["tty\n", "exit 4\n"], ["pts/", "exit 4"])
        assert "/dev/pts/" in said and status == 4, said

    def test_many_execs_at_once(self, engine):
        name = engine.start(*SLEEP)
        pipe = subprocess.PIPE
        calls = [subprocess.Popen(engine.argv("exec", name, "echo", str(i)), text=True, stdout=pipe, stderr=pipe) for i in range(8)]
        assert [call.communicate(timeout=60)[0] for call in calls] == [f"{i}\n" for i in range(8)]

    def test_pause(self, engine):
        name = engine.start("sh", "-c", "while :; do echo tick; sleep 0.05; done")
        engine.call("pause", name)
        assert engine.inspect(name, ".State.Status") == "paused"
        pid = engine.inspect(name, ".State.Pid")
        group = Path("/sys/fs/cgroup") / Path(f"/proc/{pid}/cgroup").read_text().rpartition("::/")[2].strip()
        eventually(lambda: any("frozen 1" in (each / "cgroup.events").read_text() for each in (group, group.parent)), "frozen")
        engine.call("unpause", name)
        assert engine.inspect(name, ".State.Status") == "running"
        assert engine.call("exec", name, "echo", "alive").stdout == "alive\n"

    def test_remove_a_paused_container(self, engine):
        name = engine.start(*SLEEP)
        engine.call("pause", name)
        engine.call("rm", "-f", name)
        assert engine.call("inspect", name, check=False).returncode != 0

    def test_kill(self, engine):
        name = engine.start("sh", "-c", "trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.05; done")
        eventually(lambda: "ready" in engine.call("logs", name).stdout, "ready")
        engine.call("kill", "-s", "USR1", name)
        assert engine.call("wait", name).stdout.strip() == "5"
        assert engine.call("logs", name).stdout == "ready\ncaught\n"
        name = engine.start(*SLEEP)
        engine.call("kill", name)
        assert engine.call("wait", name).stdout.strip() == "137"

    def test_stop_and_start_again(self, engine):
        name = engine.start("sh", "-c", "trap 'exit 6' TERM; echo up; while :; do sleep 0.05; done")
        eventually(lambda: "up" in engine.call("logs", name).stdout, "up")
        engine.call("stop", "-t", "10", name)
        assert engine.inspect(name, ".State.ExitCode") == "6"
        engine.call("start", name)
        assert engine.running(name)
        engine.call("restart", "-t", "1", name)
        assert engine.running(name)
        engine.call("rm", "-f", name)

    def test_stop_of_what_ignores_it(self, engine):
        name = engine.start(*SLEEP)
        began = time.monotonic()
        engine.call("stop", "-t", "1", name)
        assert time.monotonic() - began < 9
        assert engine.inspect(name, ".State.ExitCode") == "137"

    def test_logs(self, engine):
        name = engine.start("sh", "-c", "echo one; echo two >&2; echo three")
        engine.call("wait", name)
        done = engine.call("logs", name)
        assert sorted((done.stdout + done.stderr).split()) == ["one", "three", "two"]

    def test_copy(self, engine, tmp_path):
        name = engine.start(*SLEEP)
        (tmp_path / "there").write_text("and back")
        engine.call("cp", tmp_path / "there", f"{name}:/tmp/x")
        engine.call("cp", f"{name}:/tmp/x", tmp_path / "back")
        assert (tmp_path / "back").read_text() == "and back"

    def test_top(self, engine):
        name = engine.start(*SLEEP)
        assert "sleep 1000" in engine.call("top", name).stdout

    def test_create_then_start(self, engine):
        name = f"engine-{secrets.token_hex(4)}"
        engine.names.append(name)
        engine.call("create", "--name", name, *engine.run_options, engine.image, "echo", "late")
        assert engine.call("start", "-a", name).stdout == "late\n"

    def test_what_the_runtime_says_reaches_the_user(self, engine):
        """A bad volume path or working directory: the failure is a line of ours, not a bare status."""
        done = engine.run("-w", "/etc/passwd/x", engine.image, "true", check=False)
        assert done.returncode in (125, 126, 127)
        assert "not a directory" in done.stderr.lower(), done.stderr

    def test_many_at_once(self, engine):
        pipe = subprocess.PIPE
        argv = engine.argv("run", "--rm", *engine.run_options, engine.image, "echo")
        runs = [subprocess.Popen([*argv, str(i)], text=True, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe) for i in range(5)]
        said = [run.communicate(timeout=100) for run in runs]
        assert [each[0] for each in said] == [f"{i}\n" for i in range(5)], said

    def test_nothing_is_left(self, engine):
        name = engine.start(*SLEEP)
        pid = engine.inspect(name, ".State.Pid")
        group = Path("/sys/fs/cgroup") / Path(f"/proc/{pid}/cgroup").read_text().rpartition("::/")[2].strip()
        identity = engine.inspect(name, ".Id")
        engine.call("rm", "-f", name)
        eventually(lambda: not group.exists(), f"{group} is gone")
        eventually(lambda: not any(identity in each for each in left_of_creel_oci(engine.root)), "no state")
        assert identity not in Path("/proc/self/mountinfo").read_text()
