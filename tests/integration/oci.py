# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bundles, and an OCI runtime that executes them: creel-oci, or what CREEL_OCI_RUNTIME names, for checking the tests
themselves against crun and runc.

    def test_uid(oci):
        done = oci.run(oci.bundle("id", "-u", user={"uid": 7, "gid": 0}))
        assert done.stdout == "7\n"

    def test_life(oci):
        container = oci.create(oci.bundle("sleep", "1000"))
        container.start()
        container.kill("KILL")
        container.wait()
        container.delete()

Everything has a --root and a directory of its own. Behind the test every container is deleted, and what is then left of
them (state, cgroups, units, mounts, processes) fails it.
"""

import array
import contextlib
import copy
import io
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import pytest

import images

RUNTIME = os.environ.get("CREEL_OCI_RUNTIME", "creel-oci")
IS_CREEL = os.path.basename(RUNTIME) == "creel-oci"
TIMEOUT_SEC = 30

if not IS_CREEL:
    sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))
    import memlock

    memlock.raise_or_pretend()

CAPABILITIES = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]

# What `runc spec` writes, but for a terminal and a read-only root.
CONFIG = {
    "ociVersion": "1.2.0" if IS_CREEL else "1.0.2",
    "process": {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        "cwd": "/",
        "capabilities": {name: CAPABILITIES for name in ("bounding", "effective", "permitted")},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    },
    "root": {"path": "rootfs", "readonly": False},
    "hostname": "bundle",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {
            "destination": "/dev",
            "type": "tmpfs",
            "source": "tmpfs",
            "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
            "destination": "/dev/pts",
            "type": "devpts",
            "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {
            "destination": "/dev/shm",
            "type": "tmpfs",
            "source": "shm",
            "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
        },
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        {
            "destination": "/sys/fs/cgroup",
            "type": "cgroup",
            "source": "cgroup",
            "options": ["nosuid", "noexec", "nodev", "relatime", "ro"],
        },
    ],
    "linux": {
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount", "cgroup")],
        "maskedPaths": [
            "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
            "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
}  # fmt: skip

# A user namespace's ids: 65536 from here on.
MAPPED = 1000000


@lru_cache
def busybox_archive():
    return images.busybox_layer("none").tar


def make_rootfs(directory):
    directory.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(busybox_archive())) as archive:
        archive.extractall(directory)


class Bundle:
    """A directory with config.json, which is written from .config when the bundle is used, and rootfs/."""

    def __init__(self, directory, args, process):
        self.path = directory
        self.rootfs = directory / "rootfs"
        make_rootfs(self.rootfs)
        self.config = copy.deepcopy(CONFIG)
        self.process = self.config["process"]
        self.linux = self.config["linux"]
        self.process.update({"args": [str(word) for word in args], **process} if args else process)

    def write(self):
        (self.path / "config.json").write_text(json.dumps(self.config))

    def script(self, name, text):
        """An executable of the host beside the rootfs, such as a hook: its path."""
        path = self.path / name
        path.write_text(text if text.startswith("#!") else "#!/bin/sh\n" + text)
        path.chmod(0o755)
        return str(path)

    def hook(self, kind, path, *args, **rest):
        self.config.setdefault("hooks", {}).setdefault(kind, []).append({"path": path, "args": [path, *args], **rest})

    def mount(self, destination, kind=None, source=None, options=(), **rest):
        entry = {"destination": destination, "options": list(options), **rest}
        entry.update({key: str(value) for key, value in (("type", kind), ("source", source)) if value is not None})
        self.config["mounts"].append(entry)

    def namespace(self, kind, path=None):
        """One's own, or that at @path, in place of what the document has."""
        self.without(kind)
        self.linux["namespaces"].append({"type": kind, **({"path": str(path)} if path else {})})

    def without(self, kind):
        self.linux["namespaces"] = [each for each in self.linux["namespaces"] if each["type"] != kind]

    def map_users(self, first=MAPPED, size=65536):
        """A user namespace: root and 65535 others are @first and those behind it."""
        self.namespace("user")
        for name in ("uidMappings", "gidMappings"):
            self.linux[name] = [{"containerID": 0, "hostID": first, "size": size}]
        for directory, names, files in os.walk(self.rootfs):
            for name in (".", *names, *files):
                path = os.path.join(directory, name)
                owner = os.lstat(path)
                if owner.st_uid < first:
                    os.lchown(path, owner.st_uid + first, owner.st_gid + first)
        for parent in (self.path, *self.path.parents):
            if parent.stat().st_mode & 0o055 != 0o055:
                parent.chmod(parent.stat().st_mode | 0o055)


class Container:
    def __init__(self, oci, name, bundle):
        self.oci, self.id, self.bundle = oci, name, bundle
        self._pid = None

    @property
    def pid(self):
        if self._pid is None:
            self._pid = int((self.bundle.path / f"pid-{self.id}").read_text())
        return self._pid

    @property
    def output(self):
        """What the payload of a created container wrote, stdout and stderr."""
        return (self.bundle.path / f"output-{self.id}").read_text()

    def start(self, **kw):
        return self.oci.call("start", self.id, **kw)

    def state(self):
        return json.loads(self.oci.call("state", self.id).stdout)

    @property
    def status(self):
        return self.state()["status"]

    def kill(self, *words, **kw):
        return self.oci.call("kill", self.id, *words, **kw)

    def delete(self, *options, **kw):
        return self.oci.call("delete", *options, self.id, **kw)

    def exec(self, *command, options=(), **kw):
        return self.oci.call("exec", *options, self.id, *command, **kw)

    def wait(self, timeout=TIMEOUT_SEC):
        """Until the payload has ended."""
        wait_for_end(self.pid, timeout)

    def cgroup(self):
        """The directory of the running payload's cgroup."""
        return cgroup_of(self.pid)

    def end(self, *, timeout=TIMEOUT_SEC):
        """start, wait and the output."""
        self.start()
        self.wait(timeout)
        return self.output


def wait_for_end(pid, timeout=TIMEOUT_SEC):
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(timeout * 1000), f"process {pid} has not ended within {timeout} s"
    finally:
        os.close(fd)


def cgroup_of(pid):
    line = next(line for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::"))
    return Path("/sys/fs/cgroup") / line[3:].lstrip("/")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Oci:
    """The runtime with a --root of its own, and what was made with it."""

    def __init__(self, directory, program=RUNTIME, options=()):
        self.directory = directory
        self.program = program
        self.root = directory / "root"
        self.options = list(options)
        self.tag = directory.name.replace("_", "-")
        self.containers = []
        self.n = 0

    # Making

    def fresh(self):
        self.n += 1
        return f"{self.tag}-{self.n}"

    def bundle(self, *args, **process):
        """A bundle whose process has these @args; further fields of "process" by name."""
        self.n += 1
        return Bundle(self.directory / f"bundle-{self.n}", args, process)

    def adopt(self, name, bundle):
        """Takes care that the container is gone behind the test."""
        container = Container(self, name, bundle)
        self.containers.append(container)
        return container

    # Calling

    def argv(self, *words):
        return [str(word) for word in (self.program, "--root", self.root, *self.options, *words)]

    def call(self, *words, check=True, input=None, timeout=TIMEOUT_SEC, stdout=None, stderr=None, **kw):
        """CompletedProcess; output as text. What a detached container may keep open is a file, not a pipe."""
        with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
            process = subprocess.Popen(
                self.argv(*words),
                stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                stdout=said if stdout is None else stdout,
                stderr=complained if stderr is None else stderr,
                text=True,
                **kw,
            )
            try:
                process.communicate(input, timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                said.seek(0), complained.seek(0)
                pytest.fail(f"{' '.join(process.args)}: still there after {timeout} s\nstdout: {said.read()}\n"
                            f"stderr: {complained.read()}", pytrace=False)  # fmt: skip
            said.seek(0), complained.seek(0)
            done = subprocess.CompletedProcess(process.args, process.returncode, said.read(), complained.read())
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(done.args)}: status {done.returncode}\nstdout: {done.stdout}\nstderr: {done.stderr}",
                        pytrace=False)  # fmt: skip
        return done

    def spawn(self, *words, **kw):
        """A Popen of the runtime, for what goes on in parallel."""
        return subprocess.Popen(self.argv(*words), text=True, **{"stdin": subprocess.DEVNULL, **kw})

    def run(self, bundle, *options, check=True, name=None, **kw):
        """`run` in the foreground."""
        bundle.write()
        container = self.adopt(name or self.fresh(), bundle)
        done = self.call("run", "--bundle", bundle.path, *options, container.id, check=check, **kw)
        done.id = container.id
        return done

    def create(self, bundle, *options, name=None, verb="create", check=True, **kw):
        """A Container; with check=False the CompletedProcess, its container as .container."""
        bundle.write()
        container = self.adopt(name or self.fresh(), bundle)
        words = [verb, "--bundle", bundle.path, "--pid-file", bundle.path / f"pid-{container.id}", *options, container.id]
        # stderr too is the payload's for as long as it lives
        with open(bundle.path / f"output-{container.id}", "a+") as output:
            kw = {"stdout": output, "stderr": output, **kw}
            done = self.call(*words, check=False, **kw)
        if done.returncode != 0 and not done.stderr:
            done.stderr = container.output
        done.container = container
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(done.args)}: status {done.returncode}: {done.stderr}", pytrace=False)
        return container if check else done

    def start(self, bundle, *options, **kw):
        """A running Container, by `run --detach`."""
        return self.create(bundle, "--detach", *options, verb="run", **kw)

    def refused(self, *words, say=None, **kw):
        """A call that must fail with a message (in which @say occurs, unless it is another runtime); the message."""
        done = self.call(*words, check=False, **kw)
        return check_refusal(done, say)

    def create_refused(self, bundle, *options, say=None, **kw):
        """The same for create; nothing is left of the container."""
        done = self.create(bundle, *options, check=False, **kw)
        message = check_refusal(done, say)
        self.assert_gone(done.container.id)
        return message

    def exists(self, name):
        return self.call("state", name, check=False).returncode == 0

    # What is left

    def left_of(self, name):
        """Lines about all that still is of a container."""
        left = [f"state: {path}" for path in self.root.rglob("*") if path.name == name] if self.root.exists() else []
        left += [f"cgroup: {path}" for path in Path("/sys/fs/cgroup").rglob("*") if is_named(path.name, name)]
        left += [f"process: {pid}: {line}" for pid, line in command_lines() if is_named_in(line, name)]
        return left

    def assert_gone(self, name):
        until = time.monotonic() + 10
        while left := self.left_of(name):
            # systemd removes the cgroup of a scope when it comes to it
            assert time.monotonic() < until, f"left of {name}:\n" + "\n".join(left)
            time.sleep(0.02)

    def left(self):
        found = [line for container in self.containers for line in self.left_of(container.id)]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return found + [f"mount: {line}" for line in mounts if f" {self.directory}/" in line]

    def finish(self):
        """Deletes all, and complains about what then is left."""
        for container in self.containers:
            if self.root.exists() and (self.root / container.id).exists():
                self.call("delete", "--force", container.id, check=False)
        until = time.monotonic() + 10
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.02)
        for container in self.containers:
            end_processes(container.id)
        for line in left:
            if line.startswith("mount: "):
                subprocess.run(["umount", "-l", line.split()[5]], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)
        assert not left, "left behind:\n" + "\n".join(left)


def is_named(path, name):
    """creel-oci-NAME.scope, crun-NAME.scope, NAME, libpod-NAME ..."""
    stem = path.removesuffix(".scope")
    return stem == name or stem.endswith(f"-{name}")


def is_named_in(line, name):
    return any(word == name or word.endswith(f"/{name}") for word in line)


def command_lines():
    """(pid, words) of all processes but ourselves."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")


def end_processes(name):
    for pid, words in command_lines():
        if is_named_in(words, name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def check_refusal(done, say):
    assert done.returncode > 0, f"{' '.join(done.args)}: status {done.returncode}, expected a failure: {done.stdout}"
    assert done.stderr.strip(), f"{' '.join(done.args)}: status {done.returncode} without a word"
    if say and IS_CREEL:
        assert say.lower() in done.stderr.lower(), f"{' '.join(done.args)}: {say!r} is not in: {done.stderr}"
    return done.stderr


class ConsoleSocket:
    """What --console-socket and --pidfd-socket want: listens, and receives one descriptor."""

    def __init__(self, path):
        self.path = str(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)

    def receive(self, timeout=TIMEOUT_SEC):
        """(fd, the text that came with it)"""
        self.listener.settimeout(timeout)
        peer, _ = self.listener.accept()
        with peer:
            peer.settimeout(timeout)
            data, ancillary, _, _ = peer.recvmsg(4096, socket.CMSG_SPACE(4))
        fds = array.array("i")
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(content[: len(content) - len(content) % 4])
        assert len(fds) == 1, f"{len(fds)} descriptors came"
        return fds[0], data.decode(errors="replace")

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_terminal(fd, until=None, timeout=TIMEOUT_SEC):
    """What comes out of a terminal's master: to its end, or until @until has come."""
    said, end = b"", time.monotonic() + timeout
    while until is None or until.encode() not in said:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        assert poll.poll(max(0, end - time.monotonic()) * 1000), f"the terminal said only {said!r}"
        try:
            data = os.read(fd, 4096)
        except OSError:  # EIO: the last slave is closed
            data = b""
        if not data:
            break
        said += data
    return said.decode(errors="replace")


@contextlib.contextmanager
def private_runtime(options=(), program=RUNTIME):
    directory = Path(tempfile.mkdtemp(prefix="oci-", dir="/var/tmp"))
    directory.chmod(0o755)
    made = Oci(directory, program, options)
    try:
        yield made
    finally:
        made.finish()


@pytest.fixture
def oci():
    """The runtime with cgroupfs."""
    with private_runtime() as made:
        yield made


@pytest.fixture
def oci_systemd():
    """The runtime with --systemd-cgroup."""
    with private_runtime(["--systemd-cgroup"]) as made:
        yield made
