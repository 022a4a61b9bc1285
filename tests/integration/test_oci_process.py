# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a document says about the process: who it is, what it may, where and how it runs."""

import os
import signal
import time
from pathlib import Path

import pytest

from oci import IS_CREEL, oci  # noqa: F401 - a fixture


def status(oci, bundle, key):
    """A line of /proc/self/status of a bundle whose program prints that."""
    for line in oci.run(bundle).stdout.splitlines():
        if line.startswith(f"{key}:"):
            return line.split(":", 1)[1].strip()
    raise AssertionError(key)


def test_program_by_path_and_by_name(oci):
    assert oci.run(oci.bundle("/bin/echo", "a")).stdout == "a\n"
    assert oci.run(oci.bundle("echo", "b")).stdout == "b\n"


@pytest.mark.parametrize(
    "program, text",
    [
        ("nonexistent", "executable file"),
        ("/nonexistent", "no such file or directory"),
        ("/etc", "permission denied"),
        ("/file", "permission denied"),
    ],
)
def test_programs_that_are_none(oci, program, text):
    """The words that podman and docker look for; known when it is created."""
    bundle = oci.bundle(program)
    (bundle.rootfs / "file").write_text("text")
    said = oci.create_refused(bundle, say=program)
    if IS_CREEL:
        assert text in said


def test_interpreter_that_is_not_there(oci):
    """The kernel alone can tell, and does so when it is started."""
    bundle = oci.bundle("/script")
    (bundle.rootfs / "script").write_text("#!/no/such/interpreter\n")
    (bundle.rootfs / "script").chmod(0o755)
    container = oci.create(bundle)
    oci.refused("start", container.id, say="/script" if IS_CREEL else None)
    container.wait()
    assert container.status == "stopped"


def test_descriptors_lead_to_no_program_of_the_host(oci):
    """CVE-2024-21626: a directory of the host that the runtime has open."""
    for number in range(3, 20):
        bundle = oci.bundle(f"/proc/self/fd/{number}/../../../../../../../../usr/bin/busybox", "ls", "/")
        done = oci.run(bundle, check=False)
        assert done.returncode != 0, done.stdout


def test_ids_groups_and_umask(oci):
    user = {"uid": 7, "gid": 8, "additionalGids": [9, 10], "umask": 0o27}
    done = oci.run(oci.bundle("sh", "-c", "id -u; id -g; id -G; umask", user=user))
    assert done.stdout.split() == ["7", "8", "8", "9", "10", "0027"]


def test_home_is_of_the_image(oci):
    bundle = oci.bundle("sh", "-c", "echo $HOME", user={"uid": 7, "gid": 7})
    (bundle.rootfs / "etc").mkdir(exist_ok=True)
    (bundle.rootfs / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nseven:x:7:7::/seven:/bin/sh\n")
    assert oci.run(bundle).stdout == "/seven\n"


def test_working_directory(oci):
    bundle = oci.bundle("pwd", cwd="/made/for/it")
    assert oci.run(bundle).stdout == "/made/for/it\n"


def test_no_terminal(oci):
    done = oci.run(oci.bundle("sh", "-c", "[ -t 0 ] || [ -t 1 ] || [ -t 2 ] || echo none; (: < /dev/tty) 2>&1 || echo none"))
    assert done.stdout.count("none") == 2


def test_limits(oci):
    limits = [
        {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": 1024},
    ]
    done = oci.run(oci.bundle("cat", "/proc/self/limits", rlimits=limits))
    lines = {line[:26].strip(): line[26:].split() for line in done.stdout.splitlines()}
    assert lines["Max open files"][:2] == ["100", "200"]
    assert lines["Max core file size"][:2] == ["0", "1024"]


def test_capabilities(oci):
    sets = {
        "bounding": ["CAP_KILL", "CAP_CHOWN"],
        "permitted": ["CAP_KILL"],
        "effective": ["CAP_KILL"],
        "inheritable": ["CAP_KILL"],
        "ambient": ["CAP_KILL"],
    }
    bundle = oci.bundle("cat", "/proc/self/status", capabilities=sets, user={"uid": 7, "gid": 7})
    lines = dict(line.split(":\t", 1) for line in oci.run(bundle).stdout.splitlines() if line.startswith("Cap"))
    kill = 1 << 5
    assert int(lines["CapBnd"], 16) == kill | 1
    for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
        assert int(lines[name], 16) == kill, name


def test_unknown_capability_is_warned_of(oci):
    sets = {"bounding": ["CAP_KILL", "CAP_EVERYTHING"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]}
    bundle = oci.bundle("true", capabilities=sets)
    done = oci.run(bundle, check=False)
    if IS_CREEL:
        assert done.returncode == 0 and "CAP_EVERYTHING" in done.stderr


@pytest.mark.parametrize("wanted", [True, False])
def test_no_new_privileges(oci, wanted):
    bundle = oci.bundle("cat", "/proc/self/status", noNewPrivileges=wanted)
    assert status(oci, bundle, "NoNewPrivs") == str(int(wanted))


def test_oom_score(oci):
    own = Path("/proc/self/oom_score_adj").read_text()
    assert oci.run(oci.bundle("cat", "/proc/self/oom_score_adj")).stdout == own
    assert oci.run(oci.bundle("cat", "/proc/self/oom_score_adj", oomScoreAdj=321)).stdout == "321\n"


def test_ignored_signals_of_the_caller_are_none_of_the_payload(oci):
    ignored = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGUSR1)
    before = [signal.signal(each, signal.SIG_IGN) for each in ignored]
    try:
        bundle = oci.bundle("cat", "/proc/self/status")
        assert int(status(oci, bundle, "SigIgn"), 16) == 0
    finally:
        for each, handler in zip(ignored, before):
            signal.signal(each, handler)


def test_scheduler_and_affinity(oci):
    scheduler = {"policy": "SCHED_BATCH", "nice": 5}
    bundle = oci.bundle("cat", "/proc/self/stat", scheduler=scheduler)
    fields = oci.run(bundle, check=IS_CREEL).stdout.rsplit(")", 1)[-1].split()
    if IS_CREEL:
        assert (fields[16], fields[38]) == ("5", str(os.SCHED_BATCH))


def test_io_priority(oci):
    bundle = oci.bundle("sh", "-c", "ionice -p $$", ioPriority={"class": "IOPRIO_CLASS_IDLE", "priority": 0})
    assert oci.run(bundle).stdout.startswith("idle")


def test_personality(oci):
    bundle = oci.bundle("uname", "-m")
    bundle.linux["personality"] = {"domain": "LINUX32"}
    assert oci.run(bundle).stdout == "i686\n"


def test_names(oci):
    bundle = oci.bundle("cat", "/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname")
    bundle.config.update({"hostname": "box", "domainname": "example.org"})
    assert oci.run(bundle).stdout == "box\nexample.org\n"


def test_clocks(oci):
    bundle = oci.bundle("cat", "/proc/uptime")
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 1000000}, "monotonic": {"secs": 500}}
    ahead = float(oci.run(bundle).stdout.split()[0]) - time.clock_gettime(time.CLOCK_BOOTTIME)
    assert abs(ahead - 1000000) < 60


def test_clocks_of_another(oci):
    first = oci.bundle("sleep", "1000")
    first.namespace("time")
    first.linux["timeOffsets"] = {"boottime": {"secs": 1000000}}
    holder = oci.start(first)
    bundle = oci.bundle("cat", "/proc/uptime")
    bundle.namespace("time", f"/proc/{holder.pid}/ns/time")
    ahead = float(oci.run(bundle).stdout.split()[0]) - time.clock_gettime(time.CLOCK_BOOTTIME)
    assert abs(ahead - 1000000) < 60


@pytest.mark.parametrize("kind, name", [("network", "net"), ("ipc", "ipc"), ("uts", "uts"), ("pid", "pid"), ("cgroup", "cgroup")])
@pytest.mark.parametrize("whose", ["ours", "another's", "none"])
def test_namespace(oci, kind, name, whose):
    bundle = oci.bundle("readlink", f"/proc/self/ns/{name}")
    bundle.config.pop("hostname", None)
    own = os.readlink(f"/proc/self/ns/{name}")
    if whose == "another's":
        holder = oci.start(oci.bundle("sleep", "1000"))
        expect = os.readlink(f"/proc/{holder.pid}/ns/{name}")
        bundle.namespace(kind, f"/proc/{holder.pid}/ns/{name}")
    elif whose == "ours":
        expect = own
        bundle.namespace(kind, f"/proc/self/ns/{name}")
    else:
        expect = own
        bundle.without(kind)
    if name == "net" and whose != "another's":
        bundle.config["mounts"] = [each for each in bundle.config["mounts"] if each["destination"] != "/sys"]
    assert oci.run(bundle).stdout == expect + "\n"


def test_user_namespace_of_ours(oci):
    bundle = oci.bundle("readlink", "/proc/self/ns/user")
    bundle.namespace("user", "/proc/self/ns/user")
    done = oci.run(bundle, check=IS_CREEL)
    if IS_CREEL:
        assert done.stdout.strip() == os.readlink("/proc/self/ns/user")


def test_user_namespace_of_another(oci):
    first = oci.bundle("sleep", "1000")
    first.map_users()
    holder = oci.start(first)
    bundle = oci.bundle("cat", "/proc/self/uid_map")
    bundle.map_users()
    for name in ("uidMappings", "gidMappings"):
        del bundle.linux[name]
    bundle.namespace("user", f"/proc/{holder.pid}/ns/user")
    assert oci.run(bundle).stdout.split()[0] == "0"


def test_mount_namespace_of_another_is_refused(oci):
    bundle = oci.bundle("true")
    bundle.namespace("mount", "/proc/self/ns/mnt")
    if IS_CREEL:
        oci.create_refused(bundle, say="mount")
    bundle.without("mount")
    if IS_CREEL:
        oci.create_refused(bundle, say="mount")


def test_killed_before_it_is_started(oci):
    container = oci.create(oci.bundle("true"))
    container.kill("KILL")
    container.wait()
    oci.refused("start", container.id, say=container.id if IS_CREEL else None)
