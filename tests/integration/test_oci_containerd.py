# SPDX-License-Identifier: LGPL-2.1-or-later
"""containerd's shim with creel-oci as its runtime, driven by ctr."""

import json
import os
import re
import secrets
from pathlib import Path

import pytest

from engine import RUNTIME, containerd, left_of_creel_oci, on_terminal
from fixtures import eventually, run_command

NAMESPACE = "creel-test"


@pytest.fixture(scope="module")
def socket(tmp_path_factory, busybox_ref):
    directory = tmp_path_factory.mktemp("containerd")
    with containerd(directory) as socket:
        run_command("ctr", "-a", socket, "-n", NAMESPACE, "images", "pull", "--plain-http", busybox_ref)
        yield socket


class Ctr:
    def __init__(self, socket, image, root):
        self.socket, self.image, self.root = socket, image, root
        self.names = []

    def argv(self, *words):
        return ["ctr", "-a", self.socket, "-n", NAMESPACE, *words]

    def call(self, *words, **kw):
        return run_command(*self.argv(*words), **kw)

    def fresh(self):
        self.names.append(f"ctr-{secrets.token_hex(4)}")
        return self.names[-1]

    def run_words(self, *options):
        # ctr's own default of CPU shares wants the cpu controller, which a lab does not have.
        return ["run", "--runc-binary", RUNTIME, "--runc-root", self.root, "--cpu-shares", "0", *options, self.image]

    def run(self, *command, options=(), **kw):
        return self.call(*self.run_words("--rm", *options), self.fresh(), *command, **kw)

    def start(self, *command, options=()):
        name = self.fresh()
        self.call(*self.run_words("-d", *options), name, *command)
        return name

    def exec(self, name, *command, options=(), **kw):
        return self.call("task", "exec", "--exec-id", secrets.token_hex(4), *options, name, *command, **kw)

    def status(self, name):
        found = re.search(rf"^{name} +\d+ +(\w+)", self.call("task", "ls").stdout, re.M)
        return found[1] if found else None

    def clean(self):
        for name in self.names:
            self.call("task", "kill", "-s", "KILL", name, check=False)
            self.call("task", "rm", "-f", name, check=False)
            self.call("container", "rm", name, check=False)


@pytest.fixture
def ctr(socket, busybox_ref, tmp_path):
    ctr = Ctr(socket, busybox_ref, str(tmp_path / "root"))
    yield ctr
    ctr.clean()


@pytest.mark.smoke
def test_run(ctr):
    assert ctr.run("echo", "hello").stdout == "hello\n"


def test_run_by_systemd(ctr):
    """--runc-systemd-cgroup: a scope."""
    done = ctr.run("cat", "/proc/self/cgroup", options=["--runc-systemd-cgroup", "--cgroup", f"system.slice:ctr:{secrets.token_hex(4)}"])
    assert "\n0::/" in f"\n{done.stdout}"


@pytest.mark.parametrize("status", [0, 1, 42, 137])
def test_exit_statuses(ctr, status):
    assert ctr.run("sh", "-c", f"exit {status}", check=False).returncode == status


def test_program_that_is_not_there(ctr):
    done = ctr.run("/no/such/program", check=False)
    assert done.returncode != 0
    assert "/no/such/program" in done.stderr and "no such file" in done.stderr.lower()


def test_environment_and_directory(ctr):
    done = ctr.run("sh", "-c", "echo $A $PWD $(id -u):$(id -g)", options=["--env", "A=b", "--cwd", "/tmp"])
    assert done.stdout == "b /tmp 0:0\n"


def test_mount_and_read_only(ctr, tmp_path):
    (tmp_path / "file").write_text("of the host\n")
    mount = f"type=bind,src={tmp_path},dst=/mnt,options=rbind:ro"
    assert ctr.run("cat", "/mnt/file", options=["--mount", mount]).stdout == "of the host\n"
    done = ctr.run("touch", "/x", options=["--read-only"], check=False)
    assert done.returncode == 1 and "Read-only" in done.stderr


def test_privileged(ctr):
    assert ctr.run("sh", "-c", "mount -t tmpfs none /tmp && echo mounted", options=["--privileged"]).stdout == "mounted\n"


def test_seccomp(ctr):
    assert ctr.run("grep", "Seccomp:", "/proc/self/status", options=["--seccomp"]).stdout.split()[1] == "2"


@pytest.mark.smoke
def test_exec(ctr):
    name = ctr.start("sleep", "1000")
    assert ctr.exec(name, "echo", "inside").stdout == "inside\n"
    assert ctr.exec(name, "sh", "-c", "exit 42", check=False).returncode == 42
    done = ctr.exec(name, "/no/such/program", check=False)
    assert done.returncode != 0 and "no such file" in done.stderr.lower()
    assert ctr.status(name) == "RUNNING"


@pytest.mark.smoke
def test_terminal(ctr):
    argv = ctr.argv(*ctr.run_words("--rm", "-t"), ctr.fresh(), "sh")
    said, status = on_terminal(argv, ["tty\n", "exit 7\n"], ["/dev/", "exit 7"])
    assert status == 7 and re.search(r"/dev/(pts/0|console)", said), said


def test_exec_on_a_terminal(ctr):
    name = ctr.start("sleep", "1000")
    said, status = on_terminal(ctr.argv("task", "exec", "-t", "--exec-id", "x", name, "sh"), ["tty\n", "exit 3\n"], ["/dev/pts", "exit 3"])
    assert status == 3, said


@pytest.mark.smoke
def test_pause(ctr):
    name = ctr.start("sleep", "1000")
    ctr.call("task", "pause", name)
    assert ctr.status(name) == "PAUSED"
    ctr.call("task", "resume", name)
    assert ctr.status(name) == "RUNNING"


@pytest.mark.smoke
def test_kill(ctr):
    name = ctr.start("sleep", "1000")
    ctr.call("task", "kill", "-s", "KILL", name)
    eventually(lambda: ctr.status(name) == "STOPPED", "stopped")
    assert "137" in ctr.call("task", "rm", name, check=False).stderr


def test_kill_all_without_a_pid_namespace(ctr):
    name = ctr.start("sh", "-c", "sleep 1001 & sleep 1002 & wait", options=["--with-ns", "pid:/proc/1/ns/pid"])
    ctr.call("task", "kill", "-a", "-s", "KILL", name)
    eventually(lambda: ctr.status(name) == "STOPPED", "stopped")


def test_ps(ctr):
    name = ctr.start("sleep", "1000")
    listed = ctr.call("task", "ps", name).stdout.splitlines()
    pid = next(line.split()[1] for line in ctr.call("task", "ls").stdout.splitlines() if line.startswith(name))
    assert pid in [line.split()[0] for line in listed[1:]]


def test_checkpoint_is_refused_in_a_line(ctr):
    name = ctr.start("sleep", "1000")
    done = ctr.call("task", "checkpoint", name, check=False)
    assert done.returncode != 0 and "checkpoint" in done.stderr
    assert ctr.status(name) == "RUNNING"


def test_nothing_is_left(ctr):
    name = ctr.start("sleep", "1000")
    pid = int(next(line.split()[1] for line in ctr.call("task", "ls").stdout.splitlines() if line.startswith(name)))
    group = Path("/sys/fs/cgroup") / Path(f"/proc/{pid}/cgroup").read_text().rpartition("::/")[2].strip()
    ctr.clean()
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    eventually(lambda: not group.exists(), f"{group} is gone")
    assert not [each for each in left_of_creel_oci(os.path.join(ctr.root, NAMESPACE)) if name in each]


def test_state_is_where_containerd_asks_for_it(ctr):
    name = ctr.start("sleep", "1000")
    state = json.loads(run_command(RUNTIME, "--root", f"{ctr.root}/{NAMESPACE}", "state", name).stdout)
    assert (state["id"], state["status"]) == (name, "running")
