# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine that ./dev runs on: paths, messages, packages, locks, children."""

import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LOG = BUILD / "log"
CACHE = Path(os.environ.get("CREEL_DEV_CACHE") or "/var/cache/creel-dev")

PACKAGES = {
    "build": (
        "gcc libc6-dev meson ninja-build pkg-config libsystemd-dev libseccomp-dev libcap-dev libmount-dev"
        " libarchive-dev libcurl4-gnutls-dev libjson-c-dev libapparmor-dev libmnl-dev libnftables-dev"
        " libgnutls28-dev nettle-dev libisal-dev libzstd-dev libcmocka-dev systemd dbus scdoc"
    ).split(),
    "unit": "libasan8 libubsan1 clang busybox-static".split(),
    "fuzz": "clang libclang-rt-14-dev llvm".split(),
    "lint": "clang clang-tidy python3 man-db libxml2-utils".split(),
    "lab": (
        "systemd-container mmdebstrap debian-archive-keyring util-linux mount procps zstd"
    ).split(),
    "vm": "qemu-system-x86 qemu-utils e2fsprogs".split(),
}


class Failure(Exception):
    """Something that the person at the terminal can act on; main() prints it and exits with 1."""


class Interrupted(BaseException):
    """SIGTERM or SIGHUP: unwinds like KeyboardInterrupt, so that every lab and vm is taken down."""

    def __init__(self, number):
        super().__init__(f"signal {number}")
        self.number = number


def say(text):
    print(text, file=sys.stderr, flush=True)


def catch_signals():
    def unwind(number, _frame):
        # A second signal must not cut the clean-up short.
        for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, unwind)


def require_root(what):
    if os.geteuid() != 0:
        raise Failure(f"{what} needs root: run it with sudo")


def child_env(**extra):
    """The environment of the tools we start: the system's own programs, whatever the caller's PATH says."""
    keep = {k: v for k, v in os.environ.items() if k in ("HOME", "TERM", "TMPDIR", "CI", "SSH_AUTH_SOCK")}
    keep.setdefault("HOME", "/root")
    return {
        **keep,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        **extra,
    }


def run_logged(argv, name, *, cwd=None, env=None, quiet=False, append=False):
    """Runs @argv with its output in build/log/@name.log. Returns the exit status; shows the end of the log on failure."""
    LOG.mkdir(parents=True, exist_ok=True)
    path = LOG / f"{name}.log"
    with open(path, "ab" if append else "wb") as log:
        log.write(f"$ {shlex.join(map(str, argv))}\n".encode())
        log.flush()
        status = subprocess.run(
            argv, cwd=cwd or ROOT, env=env or child_env(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ).returncode
    if status != 0 and not quiet:
        show_tail(path)
    return status


def show_tail(path, lines=60):
    with open(path, "rb") as log:
        tail = log.read().splitlines()[-lines:]
    for line in tail:
        say("  " + line.decode(errors="replace"))
    say(f"  (whole log: {path})")


def run(argv, **kw):
    return subprocess.run(argv, check=True, env=child_env(), **kw)


def output(argv):
    return subprocess.run(argv, check=True, env=child_env(), text=True, stdout=subprocess.PIPE).stdout


@contextlib.contextmanager
def locked(path, waiting=None):
    """Holds an exclusive lock on @path; says @waiting when somebody else has it first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                say(waiting)
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def installed_packages():
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"], text=True, stdout=subprocess.PIPE, check=True
    ).stdout
    return {line.split()[1] for line in shown.splitlines() if line.startswith("ii")}


def install_packages(*groups):
    """Installs what is missing of the named groups; asks the network for nothing when all is there."""
    wanted = [package for group in groups for package in PACKAGES[group]]
    if not set(wanted) - installed_packages():
        return

    require_root("installing packages")
    with locked(Path("/run/lock/creel-dev-apt.lock"), "packages: waiting for another ./dev"):
        missing = sorted(set(wanted) - installed_packages())
        if not missing:
            return
        say(f"packages: installing {' '.join(missing)}")
        env = child_env(DEBIAN_FRONTEND="noninteractive")
        update = ["apt-get", "-q", "update"]
        install = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=600", "--no-install-recommends", "install", *missing]

        # Package lists may be absent or older than the mirror: then, and only then, they are fetched anew.
        known = subprocess.run(["apt-cache", "show", *missing], env=env, capture_output=True).returncode == 0
        if known and run_logged(install, "apt", env=env, quiet=True) == 0:
            return
        if run_logged(update, "apt", env=env, append=True) != 0:
            raise Failure("packages: apt-get update failed: check the machine's apt sources")
        if run_logged(install, "apt", env=env, append=True) != 0:
            raise Failure("packages: apt-get install failed: see the log above")
