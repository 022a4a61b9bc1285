# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Creel leaves on a host, so that a test can compare before with after."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path

STORE = Path("/var/lib/creel")
RUNTIME = Path("/run/creel")
CGROUPS = Path("/sys/fs/cgroup")


def store():
    """{path: what it is} of the whole store; file contents by digest, those of layers by size and time."""
    return walk(STORE, lambda path: "layers" not in path.parts)


def runtime():
    return walk(RUNTIME, lambda path: False)


def walk(top, reads):
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = Path(directory) / name
            try:
                st = path.lstat()
                what = (stat.filemode(st.st_mode), st.st_uid, st.st_gid)
                if stat.S_ISREG(st.st_mode):
                    content = hashlib.sha256(path.read_bytes()).hexdigest() if reads(path) else st.st_mtime_ns
                    what += (st.st_size, content)
            except FileNotFoundError:
                continue
            found[str(path)] = what
    return found


def mounts():
    """Every mount that PID 1 sees, without the ids that change from mount to mount."""
    rows = [line.split() for line in Path("/proc/1/mountinfo").read_text().splitlines()]
    # those of units and of logins come and go by themselves
    mine = [row for row in rows if not row[4].startswith(("/run/user/", "/run/credentials/", "/run/systemd/"))]
    return sorted(f"{row[4]} {' '.join(row[row.index('-') + 1:])}" for row in mine)


def processes():
    """{pid: name} of everything that calls itself creel-*, and of all zombies that once did; creeld itself is left out."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            comm = (entry / "comm").read_text().strip()
            argv0 = os.path.basename((entry / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if comm.startswith("creel-") or argv0.startswith("creel-"):
            found[int(entry.name)] = argv0 or f"{comm} (zombie)"
    return found


def worker_pids(name):
    return [pid for pid, called in processes().items() if called == name]


def zombies_of(pid):
    """Children of @pid that nobody has collected."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] == "Z" and int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def units():
    argv = ["systemctl", "list-units", "--all", "--plain", "--no-legend", "--no-pager", "creel-*.scope"]
    return sorted(line.split()[0] for line in subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines())


def cgroups():
    return sorted(str(path) for path in CGROUPS.rglob("creel-*.scope"))


def machines():
    argv = ["machinectl", "list", "--no-legend", "--no-pager"]
    return sorted(line.split()[0] for line in subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines() if line)


def creeld_pid():
    """0 when it does not run."""
    argv = ["systemctl", "show", "-P", "MainPID", "creeld.service"]
    return int(subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout)


KINDS = {
    "store": store,
    "runtime": runtime,
    "mounts": mounts,
    "processes": processes,
    "zombies": lambda: zombies_of(creeld_pid()) if creeld_pid() else [],
    "units": units,
    "cgroups": cgroups,
    "machines": machines,
}


def snapshot():
    return {kind: look() for kind, look in KINDS.items()}


def differences(before, after):
    """Lines that say what came, went or changed; empty when all is as it was."""
    lines = []
    for kind in KINDS:
        old, new = before[kind], after[kind]
        if isinstance(old, list):
            old, new = dict.fromkeys(old, ""), dict.fromkeys(new, "")
        lines += [f"{kind}: new: {key} {new[key]}" for key in new if key not in old]
        lines += [f"{kind}: gone: {key} {old[key]}" for key in old if key not in new]
        lines += [f"{kind}: changed: {key} {old[key]} -> {new[key]}" for key in new if key in old and old[key] != new[key]]
    return lines
