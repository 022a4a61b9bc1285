# SPDX-License-Identifier: LGPL-2.1-or-later
"""./dev lab: a booted Debian with systemd, made of a cached tree and build/root, in systemd-nspawn.

In a run's directory (runs.py) a lab has:

    keep      present when the lab was told to outlive its ./dev (lab --keep)
    leader    pid of the lab's PID 1
    suite     bookworm or trixie
    installed/ upper/ work/ merged/    the overlay over the tree, mounted at merged/
    data/     directories bound over those whose contents must not lie on an overlay
    out/      bound at /out: results
"""

import contextlib
import os
import secrets
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import host
from host import BUILD, CACHE, LOG, ROOT, Failure, child_env
from runs import RUNS, cgroup2_mount, cgroup_mounts, new_run, remove_run, sweep
from trees import Tree

# Overlayfs cannot be the upper layer of an overlay, so stores get plain directories.
PLAIN = (
    "/var/lib/creel /var/lib/containers /var/lib/docker /var/lib/containerd /var/lib/machines /var/tmp"
).split()

BOOT_TIMEOUT_SEC = 120

NSPAWN_ENV = {
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
    "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes",
    # The guest's own container managers install seccomp filters; nspawn's would only be in their way.
    "SYSTEMD_SECCOMP": "0",
}

GUEST_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def guest_argv(command):
    """What the words after './dev lab' mean: a single word with blanks is a shell line, as with ssh."""
    if not command:
        return ["bash", "-l"]
    if len(command) == 1 and any(c in command[0] for c in " \t\n;|&<>$"):
        return ["bash", "-c", command[0]]
    return list(command)


def guest_env(tier, suite):
    return {**GUEST_ENV, "TERM": os.environ.get("TERM") or "dumb", "CREEL_TIER": tier, "CREEL_SUITE": suite}


class Lab:
    def __init__(self, suite="bookworm", flavour="lab", keep=False):
        self.tree = Tree(flavour, suite)
        self.keep = keep
        self.name = f"creel-{suite[:4]}-{secrets.token_hex(4)}"
        self.dir = RUNS / self.name
        self.merged = self.dir / "merged"
        self.out = self.dir / "out"
        self.nspawn = None
        self.leader = None
        self._lock = None

    @classmethod
    def attach(cls, name):
        """A kept lab, by name."""
        self = cls.__new__(cls)
        self.name, self.dir, self.keep, self.nspawn, self._lock = name, RUNS / name, True, None, None
        self.merged, self.out = self.dir / "merged", self.dir / "out"
        try:
            self.leader = int((self.dir / "leader").read_text())
            suite = (self.dir / "suite").read_text()
        except FileNotFoundError:
            raise Failure(f"lab: no lab named {name} is running: see ./dev lab --list") from None
        self.tree = Tree("lab", suite)
        return self

    # Starting

    def __enter__(self):
        host.require_root("a lab")
        host.install_packages("lab")
        sweep()
        lower = self.tree.ensure()
        self.guest = Tree("guest", self.tree.suite).ensure()
        try:
            self._prepare(lower)
            self._boot()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        if not self.keep:
            self.stop()

    def _prepare(self, lower):
        self._lock = new_run(self.name)
        (self.dir / "suite").write_text(self.tree.suite)
        if self.keep:
            (self.dir / "keep").touch()

        for name in ("upper", "work", "merged", "out", "data"):
            (self.dir / name).mkdir()
        for path in PLAIN:
            (self.dir / "data" / plain_name(path)).mkdir(mode=0o755)
        (self.dir / "data" / plain_name("/var/tmp")).chmod(0o1777)

        # A copy, so that a rebuild does not change the programs under a running lab.
        installed = self.dir / "installed"
        if (BUILD / "root").is_dir():
            shutil.copytree(BUILD / "root", installed, symlinks=True)
        else:
            installed.mkdir()

        etc = self.dir / "upper" / "etc"
        (etc / "systemd/system").mkdir(parents=True)
        # A lab runs on the host's kernel and has no modules of its own to load.
        (etc / "systemd/system/systemd-modules-load.service").symlink_to("/dev/null")
        (etc / "machine-id").write_text(secrets.token_hex(16) + "\n")
        (etc / "hostname").write_text(self.name + "\n")

        done = subprocess.run(
            ["mount", "-t", "overlay", "creel-lab", "-o"]
            + [f"lowerdir={installed}:{lower},upperdir={self.dir}/upper,workdir={self.dir}/work", str(self.merged)],
            env=child_env(),
            text=True,
            stderr=subprocess.PIPE,
        )
        if done.returncode != 0:
            raise Failure(
                f"lab: cannot mount an overlay in {CACHE}: {done.stderr.strip()}\n"
                "lab: set CREEL_DEV_CACHE to a directory on a plain filesystem (ext4, xfs, btrfs)"
            )

    def _boot(self):
        os.makedirs("/run/systemd", exist_ok=True)
        self._make_cgroups()
        argv = [
            "systemd-nspawn",
            "--quiet",
            "--register=no",
            "--keep-unit",
            f"--directory={self.merged}",
            f"--machine={self.name}",
            "--boot",
            "--capability=all",
            "--private-network",
            "--resolv-conf=off",
            "--timezone=off",
            "--link-journal=no",
            "--console=read-only",
            "--notify-ready=yes",
            "--system-call-filter=@mount @module @keyring @raw-io @clock bpf perf_event_open @privileged @debug",
            *(f"--bind={path}" for path in ("/dev/fuse", "/dev/net/tun") if os.path.exists(path)),
            *(f"--bind={escape(self.dir / 'data' / plain_name(path))}:{path}" for path in PLAIN),
            f"--bind={escape(self.out)}:/out",
            f"--bind-ro={escape(ROOT)}:/src/creel",
            f"--bind-ro={escape(self.guest)}:/guest",
            "systemd.log_target=journal",
        ]
        if os.path.isdir("/run/systemd/system"):
            argv = ["systemd-run", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", f"--unit={self.name}", *argv]

        LOG.mkdir(parents=True, exist_ok=True)
        self.console = LOG / f"lab-{self.tree.flavour}-{self.tree.suite}.log"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self.console, "wb") as console:
            notify.bind(str(self.dir / "notify"))
            self.nspawn = subprocess.Popen(
                self._in_cgroup(argv),
                env=child_env(NOTIFY_SOCKET=str(self.dir / "notify"), **NSPAWN_ENV),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
            self._await_ready(notify)

    def _await_ready(self, notify):
        """nspawn tells the leader's pid at once, and passes on the READY=1 of the PID 1 inside."""
        nspawn_fd = os.pidfd_open(self.nspawn.pid)
        try:
            until = time.monotonic() + BOOT_TIMEOUT_SEC
            while True:
                readable, _, _ = select.select([notify, nspawn_fd], [], [], max(0, until - time.monotonic()))
                if notify in readable:
                    lines = notify.recv(65536).decode().splitlines()
                    for line in lines:
                        if line.startswith("X_NSPAWN_LEADER_PID="):
                            self.leader = int(line.partition("=")[2])
                            (self.dir / "leader").write_text(str(self.leader))
                    if "READY=1" in lines:
                        return
                elif nspawn_fd in readable:
                    host.show_tail(self.console)
                    raise Failure(f"lab: systemd-nspawn ended with status {self.nspawn.wait()} before the boot was done")
                elif not readable:
                    host.show_tail(self.console)
                    raise Failure(f"lab: not booted after {BOOT_TIMEOUT_SEC} s")
        finally:
            os.close(nspawn_fd)

    # cgroups: without a systemd on the host every lab gets a group of its own, made and removed here

    def _make_cgroups(self):
        for group in self._cgroups():
            group.mkdir(parents=True, exist_ok=True)

    def _cgroups(self):
        if os.path.isdir("/run/systemd/system"):
            return []
        return [mount / "creel-dev" / self.name for mount in cgroup_mounts()]

    def _in_cgroup(self, argv):
        script = "".join(f"echo $$ > {shlex.quote(str(group))}/cgroup.procs && " for group in self._cgroups())
        return ["sh", "-c", script + 'exec "$@"', "sh", *argv]

    def _guest_cgroup(self):
        """Where PID 1 of the lab lives, seen from the host: commands enter there before systemd moves them on."""
        for line in Path(f"/proc/{self.leader}/cgroup").read_text().splitlines():
            hierarchy, _, path = line.split(":", 2)
            if hierarchy == "0":
                return cgroup2_mount() / path.lstrip("/")
        raise Failure("lab: this kernel has no cgroup v2")

    # Running commands

    def argv(self, command, *, tty=False, cwd="/src/creel", env=None):
        """The host command that runs @command in the lab, in a scope of its own."""
        command = guest_argv(command)
        if tty:
            command = ["script", "-qefc", shlex.join(command), "/dev/null"]
        variables = {**guest_env(self.tree.flavour, self.tree.suite), **(env or {})}
        enter = f"echo $$ > {shlex.quote(str(self._guest_cgroup()))}/cgroup.procs && exec \"$@\""
        return [
            *("sh", "-c", enter, "sh"),
            *("nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"),
            *("env", "-i", "-C", cwd),
            *(f"{key}={value}" for key, value in variables.items()),
            *("systemd-run", "--scope", "--quiet", "--collect", "--"),
            *command,
        ]

    def call(self, command, *, tty=None, timeout=None, cwd="/src/creel", env=None, **kw):
        """Runs @command (a list) in the lab and returns its exit status."""
        if tty is None:
            tty = sys.stdin.isatty() and sys.stdout.isatty()
        child = subprocess.Popen(self.argv(command, tty=tty, cwd=cwd, env=env), env=child_env(), **kw)
        try:
            status = child.wait(timeout)
        except BaseException:
            child.kill()
            child.wait()
            raise
        return status if status >= 0 else 128 - status

    # Stopping

    def stop(self):
        if self.leader and self.nspawn:
            # PID 1 takes every process of the lab with it, and nspawn ends once all are gone.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.nspawn.wait(30)
        if self.nspawn and self.nspawn.poll() is None:
            self.nspawn.kill()
            self.nspawn.wait()
        remove_run(self.name)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def plain_name(path):
    return path.strip("/").replace("/", "-")


def escape(path):
    return str(path).replace("\\", "\\\\").replace(":", "\\:")


def kept():
    return [run.name for run in sorted(RUNS.iterdir()) if (run / "keep").exists()] if RUNS.is_dir() else []
