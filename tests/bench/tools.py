# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tools that are compared, each behind the same few methods.

What a tool cannot do it leaves out: an argv method that returns None takes it out of that case.
"""

import copy
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import oci


class Unusable(Exception):
    """This tool takes no part, and why."""


def call(*argv, **kw):
    """Runs a command that nobody times; its output, or Unusable with its last line."""
    done = subprocess.run(argv, text=True, capture_output=True, stdin=subprocess.DEVNULL, **kw)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise Unusable(f"{' '.join(argv[:3])}: {said}")
    return done.stdout.strip()


def quietly(*argv):
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


class World:
    """What all tools work on."""

    def __init__(self, directory, registry, image, rootfs):
        self.directory, self.registry, self.image, self.rootfs = directory, registry, image, rootfs


class Tool:
    name = None
    program = None

    def __init__(self, world):
        self.world = world
        self._numbers = itertools.count()

    def fresh(self):
        return f"bench-{self.name}-{next(self._numbers)}"

    def prepare(self):
        if not shutil.which(self.program or self.name):
            raise Unusable("not installed")

    def finish(self):
        pass

    def daemons(self):
        """Pids of what stays resident without any container."""
        return []

    def run(self):
        """Runs `true` in a new container and removes it."""
        return None

    def start(self, n):
        """Starts @n containers of `sleep infinity`: the pids of the processes that stay with them."""
        return None

    def execute(self):
        """Runs `true` in the first container of start()."""
        return None

    def stop(self):
        pass

    def pull(self, reference):
        return None

    def remove(self, reference):
        pass


class Engine(Tool):
    """What podman and docker have in common, and creelctl with them."""

    run_options = ()
    pull_options = ()

    def prepare(self):
        super().prepare()
        call(*self.pull(self.world.image))

    def run(self):
        return [self.name, "run", "--rm", "--network", "none", *self.run_options, self.world.image, "true"]

    def names(self, n):
        return [f"bench-{self.name}-idle-{i}" for i in range(n)]

    def start(self, n):
        for name in self.names(n):
            options = ["--name", name, "--network", "none", *self.run_options]
            call(self.name, "run", "-d", *options, self.world.image, "sleep", "infinity")
        self.started = n
        return [self.supervisor(name) for name in self.names(n)]

    def execute(self):
        return [self.name, "exec", self.names(1)[0], "true"]

    def stop(self):
        quietly(self.name, "rm", "-f", *self.names(getattr(self, "started", 0)))

    def pull(self, reference):
        return [self.name, "pull", "-q", *self.pull_options, reference]

    def remove(self, reference):
        quietly(self.name, "rmi", "-f", reference)


class Creel(Engine):
    name = "creelctl"

    def daemons(self):
        return [int(call("systemctl", "show", "-P", "MainPID", "creeld.service"))]

    def supervisor(self, name):
        manager = ("org.creel1", "/org/creel1", "org.creel1.Manager")
        path = json.loads(call("busctl", "-j", "call", *manager, "GetContainer", "s", name))["data"][0]
        found = call("busctl", "-j", "get-property", "org.creel1", path, "org.creel1.Container", "Supervisor")
        return json.loads(found)["data"]


class Podman(Engine):
    name = "podman"
    # Debian 12's crun wants the pids controller for a limit, which a lab does not have.
    run_options = ("--pids-limit", "0")
    pull_options = ("--tls-verify=false",)

    def supervisor(self, name):
        return int(call("podman", "inspect", "-f", "{{.State.ConmonPid}}", name))


class Service:
    """A daemon of another project as a transient unit; starting returns when it says that it is ready."""

    def __init__(self, unit, *argv):
        self.unit, self.argv = unit, argv

    def start(self):
        options = ["--quiet", "--collect", f"--unit={self.unit}", "--property=Delegate=yes"]
        call("systemd-run", *options, "--property=Type=notify", "--property=KillMode=mixed", *self.argv)

    def stop(self):
        quietly("systemctl", "stop", self.unit)

    @property
    def pid(self):
        return int(call("systemctl", "show", "-P", "MainPID", self.unit))


CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
CONTAINERD = Service("bench-containerd", "containerd")
DOCKERD = Service("bench-dockerd", "dockerd", f"--containerd={CONTAINERD_SOCKET}")


def shims_of(namespace):
    """Pids of the containerd shims that serve @namespace."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                argv = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"containerd-shim" in argv[0] and namespace.encode() in argv:
                found.append(int(entry.name))
    return found


class Ctr(Tool):
    name = "ctr"
    namespace = "bench"
    # Its default of 1024 wants the cpu controller, which a lab does not have.
    run_options = ("--cpu-shares", "0")

    def ctr(self, *argv):
        return ["ctr", "--namespace", self.namespace, *argv]

    def prepare(self):
        super().prepare()
        CONTAINERD.start()
        call(*self.pull(self.world.image))

    def finish(self):
        CONTAINERD.stop()

    def daemons(self):
        return [CONTAINERD.pid]

    def run(self):
        return self.ctr("run", "--rm", *self.run_options, self.world.image, self.fresh(), "true")

    def start(self, n):
        self.started = [self.fresh() for _ in range(n)]
        for name in self.started:
            call(*self.ctr("run", "-d", *self.run_options, self.world.image, name, "sleep", "infinity"))
        return shims_of(self.namespace)

    def execute(self):
        return self.ctr("task", "exec", "--exec-id", self.fresh(), self.started[0], "true")

    def stop(self):
        for name in getattr(self, "started", []):
            quietly(*self.ctr("task", "kill", "-s", "KILL", name))
            quietly(*self.ctr("task", "rm", "-f", name))
            quietly(*self.ctr("container", "rm", name))

    def pull(self, reference):
        return self.ctr("images", "pull", "--plain-http", reference)

    def remove(self, reference):
        quietly(*self.ctr("images", "rm", "--sync", reference))


class Docker(Engine):
    """Uses the containerd that Ctr starts."""

    name = "docker"

    def prepare(self):
        Tool.prepare(self)
        DOCKERD.start()
        call(*self.pull(self.world.image))

    def finish(self):
        DOCKERD.stop()

    def daemons(self):
        return [DOCKERD.pid, CONTAINERD.pid]

    def start(self, n):
        self.supervisor = lambda name: None
        super().start(n)
        return shims_of("moby")


class Bundle(Tool):
    """A bare runtime on a bundle: no engine, no image, no network set up beyond an empty namespace."""

    options = ()

    def prepare(self):
        super().prepare()
        self.true, self.sleep = (self.bundle(*argv) for argv in (("true",), ("sleep", "infinity")))
        call(*self.argv("run", "--bundle", self.true, self.fresh()))

    def bundle(self, *argv):
        directory = self.world.directory / f"{self.name}-{argv[0]}"
        directory.mkdir()
        # One document for all: what `runc spec` writes, of a version that all of them know.
        config = {**copy.deepcopy(oci.CONFIG), "ociVersion": "1.0.2"}
        config["process"]["args"] = list(argv)
        config["root"] = {"path": str(self.world.rootfs), "readonly": False}
        (directory / "config.json").write_text(json.dumps(config))
        return str(directory)

    def argv(self, verb, *rest):
        return [self.program, *self.options, verb, *rest]

    def run(self):
        return self.argv("run", "--bundle", self.true, self.fresh())

    def start(self, n):
        self.started = [self.fresh() for _ in range(n)]
        for name in self.started:
            # Without a pipe of ours in its hands, or call() would wait for the container.
            argv = self.argv("run", "--detach", "--bundle", self.sleep, name)
            null = subprocess.DEVNULL
            if subprocess.run(argv, stdin=null, stdout=null, stderr=null, check=False).returncode != 0:
                raise Unusable(f"{' '.join(argv)} failed")
        return None  # nothing stays

    def execute(self):
        return self.argv("exec", self.started[0], "true")

    def stop(self):
        for name in getattr(self, "started", []):
            quietly(*self.argv("delete", "--force", name))


class Crun(Bundle):
    name = program = "crun"


class CrunSystemd(Bundle):
    name, program = "crun-systemd", "crun"
    options = ("--systemd-cgroup",)


class Runc(Bundle):
    name = program = "runc"


class CreelOci(Bundle):
    name = program = "creel-oci"


class CreelOciSystemd(Bundle):
    name, program = "creel-oci-systemd", "creel-oci"
    options = ("--systemd-cgroup",)


OCI_TOOLS = ["creel-oci", "creel-oci-systemd", "crun", "crun-systemd", "runc"]


class Nspawn(Tool):
    name, program = "nspawn", "systemd-nspawn"

    def argv(self, *command):
        options = ["--quiet", "--private-network", "--pipe", f"--machine={self.fresh()}"]
        return [self.program, *options, f"--directory={self.world.rootfs}", *command]

    def prepare(self):
        super().prepare()
        call(*self.argv("true"))

    def run(self):
        return self.argv("true")

    def start(self, n):
        options = ["--read-only"]  # a directory is one machine's at a time, unless it is only read
        self.started = []
        for _ in range(n):
            argv = self.argv("sleep", "infinity")
            argv[1:1] = options
            devnull = subprocess.DEVNULL
            process = subprocess.Popen(argv, stdin=devnull, stdout=devnull, stderr=devnull)
            self.started.append(process)
            name = next(word for word in argv if word.startswith("--machine=")).partition("=")[2]
            wait_until(lambda name=name: registered(name), f"{name} to start")
        return [process.pid for process in self.started]

    def stop(self):
        for process in getattr(self, "started", []):
            process.send_signal(signal.SIGKILL)
            process.wait()


def registered(machine):
    return subprocess.run(["machinectl", "show", machine], capture_output=True, check=False).returncode == 0


def wait_until(condition, what, seconds=10):
    """For what other projects' programs do not tell about."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise Unusable(f"waited {seconds} s for {what}")
        time.sleep(0.05)


class SystemdRun(Tool):
    """No container at all: a scope around a process of the host."""

    name, program = "systemd-run-scope", "systemd-run"

    def run(self):
        return ["systemd-run", "--scope", "--quiet", "true"]


ALL = (Creel, Podman, Ctr, Docker, Nspawn, Crun, CrunSystemd, Runc, CreelOci, CreelOciSystemd, SystemdRun)


def prepare_all(world, names=None):
    """The tools that work here, and {name: why not} for the others. @names: only these."""
    usable, left_out = [], {}
    for kind in ALL:
        if names and kind.name not in names:
            continue
        tool = kind(world)
        try:
            tool.prepare()
            usable.append(tool)
        except Unusable as reason:
            left_out[tool.name] = str(reason)
    return usable, left_out


def peak_kib(argv):
    """ru_maxrss of a command and of what it waited for. A process begins with the peak of who forked it, which busybox
    keeps below that of any runtime."""
    with tempfile.NamedTemporaryFile("r") as measured:
        call("/bin/busybox", "time", "-f", "%M", "-o", measured.name, *argv)
        return int(measured.read().split()[-1])


def resident_kib(pid):
    return field(pid, "status", "VmRSS:")


def proportional_kib(pid):
    return field(pid, "smaps_rollup", "Pss:")


def field(pid, file, key):
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    raise Unusable(f"process {pid} has no {key} in {file}")


def spawn_timed(argv, errors):
    """Seconds from spawning to the end of a command; its status and complaints must be good."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, errors.fileno(), 2),
    ]
    errors.seek(0)
    errors.truncate()
    before = time.monotonic_ns()
    pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = (time.monotonic_ns() - before) / 1e9
    if status != 0:
        errors.seek(0)
        said = (errors.read().decode(errors="replace").strip() or "no output").splitlines()[-1]
        raise Unusable(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}: {said}")
    return took
