# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run directories: everything that one lab or vm has on the host, found and removed even when its ./dev was killed.

    CACHE/runs/NAME/lock    held (flock) by the ./dev that owns the run; when nobody holds it, the run is stale and is swept
"""

import contextlib
import fcntl
import os
import select
import subprocess
import time
from pathlib import Path

import host
from host import CACHE, Failure, child_env, say

RUNS = CACHE / "runs"


def new_run(name):
    """Makes the directory of a run. Returns the lock's fd: while it is open the run is alive."""
    RUNS.mkdir(parents=True, exist_ok=True)
    with host.locked(CACHE / "locks" / "runs.lock"):
        (RUNS / name).mkdir()
        fd = os.open(RUNS / name / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def cgroup_mounts():
    """The hierarchies that systemd looks at: cgroup v2, and v1's name=systemd where the host still has it."""
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options):
            mounts.append((kind != "cgroup2", Path(fields.split()[4])))
    if not mounts or mounts[0][0] and mounts[-1][0]:
        raise Failure("lab: no cgroup v2 hierarchy is mounted: mount -t cgroup2 none /sys/fs/cgroup/unified")
    return [mount for _, mount in sorted(mounts)]


def cgroup2_mount():
    return cgroup_mounts()[0]


def remove_run(name):
    """Removes all traces of a run whose processes are gone or may be killed."""
    groups = [mount / "creel-dev" / name for mount in cgroup_mounts()]
    if os.path.isdir("/run/systemd/system"):
        subprocess.run(["systemctl", "kill", "-s", "KILL", f"{name}.scope"], env=child_env(), stderr=subprocess.DEVNULL)
    for group in groups:
        kill_cgroup(group)
        for directory, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)

    run_dir = RUNS / name
    subprocess.run(["umount", "--lazy", str(run_dir / "merged")], env=child_env(), stderr=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", "--one-file-system", str(run_dir)], env=child_env())
    for leftover in (Path("/run/systemd/nspawn/propagate") / name, Path("/run/systemd/nspawn/unix-export") / name):
        with contextlib.suppress(OSError):
            leftover.rmdir()


def kill_cgroup(group):
    """Kills all below a v2 group and waits until the kernel says it is empty."""
    if not (group / "cgroup.kill").exists():
        return
    (group / "cgroup.kill").write_text("1")
    with open(group / "cgroup.events") as events:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        until = time.monotonic() + 30
        while "populated 1" in os.pread(events.fileno(), 4096, 0).decode() and time.monotonic() < until:
            poll.poll(1000)


def sweep():
    """Removes the runs whose ./dev is gone."""
    if not RUNS.is_dir():
        return
    with host.locked(CACHE / "locks" / "runs.lock"):
        for run in sorted(RUNS.iterdir()):
            if not is_alive(run):
                say(f"run: removing {run.name}, left behind by an earlier run")
                remove_run(run.name)


def is_alive(run):
    try:
        fd = os.open(run / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return (run / "keep").exists() and leader_alive(run)


def leader_alive(run):
    try:
        pid = int((run / "leader").read_text())
        return run.name in Path(f"/proc/{pid}/cgroup").read_text()
    except (OSError, ValueError):
        return False
