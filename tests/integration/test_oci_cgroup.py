# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where creel-oci puts containers, what bounds them, and the verbs that work through their cgroups. Limits that need
controllers are in tests/vm."""

import json
import os
import select
import subprocess
import threading
from pathlib import Path

import pytest

CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture
def systemd_oci(oci):
    """The same runtime with --systemd-cgroup."""
    oci.options.append("--systemd-cgroup")
    return oci


def sleeper(oci, **linux):
    bundle = oci.bundle("sleep", "1000")
    bundle.linux.update(linux)
    return bundle


def show(unit, *properties):
    done = subprocess.run(["systemctl", "show", unit, *(f"-p{name}" for name in properties)], check=True,
                          capture_output=True, text=True)  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def state_of(oci, name):
    return json.loads((oci.root / name / "state.json").read_text())


# cgroupfs


def test_paths(oci):
    for given, expected in (("/creel-test/{}", "creel-test/{}"), ("creel-test-b/{}", "creel-test-b/{}"), (None, "{}")):
        name = oci.fresh()
        container = oci.start(sleeper(oci, **({"cgroupsPath": given.format(name)} if given else {})), name=name)
        where = CGROUPS / expected.format(name)
        assert where == container.cgroup()
        assert (where / "cgroup.procs").read_text().split() == [str(container.pid)]
        container.delete("--force")
        assert not where.exists()
    for parent in ("creel-test", "creel-test-b"):
        os.rmdir(CGROUPS / parent)


@pytest.mark.parametrize("path", ["/a/../b", "..", "/"])
def test_bad_path(oci, path):
    oci.create_refused(sleeper(oci, cgroupsPath=path), say="linux.cgroupsPath")


def test_in_use(oci):
    name = oci.fresh()
    first = oci.start(sleeper(oci, cgroupsPath=f"/{name}"), name=name)
    done = oci.create(sleeper(oci, cgroupsPath=f"/{name}"), check=False)
    assert done.returncode != 0 and "not empty" in done.stderr
    assert first.status == "running"


def test_frozen(oci):
    name = oci.fresh()
    place = CGROUPS / name
    place.mkdir()
    (place / "cgroup.freeze").write_text("1")
    done = oci.create(sleeper(oci, cgroupsPath=f"/{name}"), check=False)
    assert done.returncode != 0 and "frozen" in done.stderr
    place.rmdir()


def test_root_of_namespace(oci):
    bundle = oci.bundle("cat", "/proc/self/cgroup")
    assert "0::/\n" in oci.run(bundle).stdout


def test_user_namespace_owns_its_cgroup(oci):
    bundle = sleeper(oci)
    bundle.map_users(2000000)
    container = oci.start(bundle)
    where = container.cgroup()
    assert where.stat().st_uid == 2000000
    assert (where / "cgroup.procs").stat().st_uid == 2000000
    assert (where / "cgroup.kill").stat().st_uid == 0


def test_delegated_cgroup(oci):
    bundle = sleeper(oci)
    bundle.config["annotations"] = {"run.oci.delegate-cgroup": "inner"}
    container = oci.start(bundle)
    assert container.cgroup() == CGROUPS / container.id / "inner"
    container.delete("--force")
    assert not (CGROUPS / container.id).exists()


def test_delete_takes_what_is_beneath(oci):
    container = oci.start(sleeper(oci))
    (container.cgroup() / "a").mkdir()
    (container.cgroup() / "a/b").mkdir()
    left = subprocess.Popen(["sleep", "1000"])
    (container.cgroup() / "a/b/cgroup.procs").write_text(str(left.pid))
    container.delete("--force")
    assert left.wait(10) == -9
    assert not (CGROUPS / container.id).exists()


def test_kill_all(oci):
    container = oci.start(sleeper(oci))
    other = subprocess.Popen(["sleep", "1000"])
    (container.cgroup() / "cgroup.procs").write_text(str(other.pid))
    container.kill("--all", "TERM")
    assert other.wait(10) == -15
    container.kill("--all", "KILL")
    container.wait()


def test_no_controller(oci):
    """The lab has none: the limit is named, and nothing is left."""
    message = oci.create_refused(sleeper(oci, resources={"pids": {"limit": 5}}))
    assert "pids" in message


def test_disabled(oci):
    oci.options.append("--cgroup-manager=disabled")
    container = oci.start(sleeper(oci))
    assert container.cgroup().resolve() == Path("/sys/fs/cgroup" + own_cgroup()).resolve()
    oci.refused("pause", container.id, say="no cgroup")


def own_cgroup():
    return next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))[3:]


# Devices


def device_test(oci, rules, *command):
    bundle = oci.bundle("sh", "-c", " ".join(command))
    bundle.linux["resources"]["devices"] = rules
    bundle.process["capabilities"] = {name: ["CAP_MKNOD"] for name in ("bounding", "effective", "permitted")}
    return oci.run(bundle, check=False)


NONE = {"allow": False, "access": "rwm"}
OPEN_FUSE = ("mknod /d c 10 229 && : 3</d && echo opened",)


@pytest.mark.parametrize("manager", ["cgroupfs", "systemd"])
def test_devices(oci, manager):
    oci.options.append(f"--cgroup-manager={manager}")
    assert "opened" not in device_test(oci, [NONE], *OPEN_FUSE).stdout
    allow = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "r"}
    assert device_test(oci, [NONE, allow], *OPEN_FUSE).stdout == "opened\n"
    assert "opened" not in device_test(oci, [NONE, allow, NONE], *OPEN_FUSE).stdout
    assert device_test(oci, [{"allow": True, "access": "rwm"}], *OPEN_FUSE).stdout == "opened\n"
    assert device_test(oci, [NONE], "head -c1 /dev/zero | wc -c").stdout.strip() == "1"


def test_devices_updated(oci):
    bundle = oci.bundle("sh", "-c", "mknod /d c 10 229; while read line; do (: 3</d) 2>/dev/null && echo yes || echo no; done")
    bundle.process["capabilities"] = {name: ["CAP_MKNOD"] for name in ("bounding", "effective", "permitted")}
    name = oci.fresh()
    bundle.write()
    oci.adopt(name, bundle)
    process = oci.spawn("run", "--bundle", bundle.path, name, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask():
        process.stdin.write("?\n")
        process.stdin.flush()
        return process.stdout.readline()

    assert ask() == "no\n"
    for allow, answer in ((True, "yes\n"), (False, "no\n")):
        rule = {"allow": allow, "type": "c", "major": 10, "minor": 229, "access": "r"}
        oci.call("update", "--resources", "-", name, input=json.dumps({"devices": [NONE, rule]}))
        assert ask() == answer
    process.stdin.close()
    assert process.wait(10) == 0


# systemd


def test_scope(systemd_oci):
    oci = systemd_oci
    name = oci.fresh()
    container = oci.start(sleeper(oci, cgroupsPath=f"creel-test.slice:cri:{name}"), name=name)
    unit = f"cri-{name}.scope"
    assert container.cgroup() == CGROUPS / "creel.slice/creel-test.slice" / unit
    shown = show(unit, "ActiveState", "Slice", "Delegate", "Description", "DefaultDependencies")
    assert shown == {
        "ActiveState": "active", "Slice": "creel-test.slice", "Delegate": "yes",
        "Description": f"OCI container cri-{name}", "DefaultDependencies": "no",
    }  # fmt: skip
    assert state_of(oci, name)["unit"] == unit
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    container.delete("--force")
    assert show(unit, "LoadState")["LoadState"] == "not-found"
    assert not (CGROUPS / "creel.slice/creel-test.slice" / unit).exists()


def test_default_scope(systemd_oci):
    container = systemd_oci.start(sleeper(systemd_oci))
    assert container.cgroup() == CGROUPS / f"system.slice/creel-{container.id}.scope"


@pytest.mark.parametrize("path", ["/a/b", "a.slice:b", "a:b:c", "a.slice:b:c:d", "a.slice:b:", "../a.slice:b:c"])
def test_bad_unit(systemd_oci, path):
    systemd_oci.create_refused(sleeper(systemd_oci, cgroupsPath=path), say="linux.cgroupsPath")


def test_properties(systemd_oci):
    bundle = sleeper(systemd_oci)
    bundle.config["annotations"] = {
        "org.systemd.property.TimeoutStopUSec": "uint64 12345678",
        "org.systemd.property.RuntimeMaxSec": "uint64 3600",
        "org.systemd.property.CollectMode": "'inactive-or-failed'",
        "org.systemd.property.After": "['dbus.service', 'dbus.socket']",
        "org.systemd.property.SendSIGHUP": "true",
        "org.systemd.property.CPUWeight": "uint64 77",
    }
    container = systemd_oci.start(bundle)
    shown = show(f"creel-{container.id}.scope", "TimeoutStopUSec", "RuntimeMaxUSec", "CollectMode", "After", "SendSIGHUP",
                 "CPUWeight")  # fmt: skip
    assert "dbus.socket" in shown.pop("After")
    assert shown == {"TimeoutStopUSec": "12.345678s", "RuntimeMaxUSec": "1h", "CollectMode": "inactive-or-failed",
                     "SendSIGHUP": "yes", "CPUWeight": "77"}  # fmt: skip


@pytest.mark.parametrize("name, value", [("CPUWeight", "uint64 x"), ("CPUWeight", ""), ("NoSuchThing", "true")])
def test_bad_property(systemd_oci, name, value):
    bundle = sleeper(systemd_oci)
    bundle.config["annotations"] = {f"org.systemd.property.{name}": value}
    systemd_oci.create_refused(bundle, say=name)


def test_stopped_by_systemd(systemd_oci):
    container = systemd_oci.start(sleeper(systemd_oci))
    subprocess.run(["systemctl", "kill", "--signal=KILL", f"creel-{container.id}.scope"], check=True)
    container.wait()
    assert container.status == "stopped"
    container.delete()


def test_failed_scope_is_forgotten(systemd_oci):
    """systemd keeps a unit that failed; delete tells it not to."""
    bundle = sleeper(systemd_oci)
    bundle.config["annotations"] = {
        "org.systemd.property.RuntimeMaxUSec": "uint64 100000",
        "org.systemd.property.KillSignal": "int32 9",
    }
    container = systemd_oci.start(bundle)
    container.wait()
    unit = f"creel-{container.id}.scope"
    container.delete()
    assert show(unit, "LoadState")["LoadState"] == "not-found"


def test_subgroup(systemd_oci):
    bundle = sleeper(systemd_oci)
    bundle.config["annotations"] = {"run.oci.systemd.subgroup": "payload"}
    container = systemd_oci.start(bundle)
    assert container.cgroup() == CGROUPS / f"system.slice/creel-{container.id}.scope/payload"
    container.delete("--force")
    assert not (CGROUPS / f"system.slice/creel-{container.id}.scope").exists()


def test_same_name_again(systemd_oci):
    """A scope that systemd has not removed yet is waited for."""
    name = systemd_oci.fresh()
    for _ in range(5):
        assert systemd_oci.run(systemd_oci.bundle("true"), name=name).returncode == 0


def test_many_at_once(systemd_oci):
    bundles = [systemd_oci.bundle("true") for _ in range(8)]
    failures = []

    def run(bundle):
        done = systemd_oci.run(bundle, check=False)
        if done.returncode != 0:
            failures.append(done)

    threads = [threading.Thread(target=run, args=[bundle]) for bundle in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# Verbs


@pytest.mark.parametrize("manager", ["cgroupfs", "systemd"])
def test_pause(oci, manager):
    oci.options.append(f"--cgroup-manager={manager}")
    container = oci.start(sleeper(oci))
    oci.refused("resume", container.id, say="running")
    oci.call("pause", container.id)
    assert container.status == "paused"
    assert "frozen 1" in (container.cgroup() / "cgroup.events").read_text()
    oci.refused("pause", container.id, say="paused")
    oci.call("resume", container.id)
    assert container.status == "running"
    oci.call("pause", container.id)
    container.kill("KILL")
    container.wait()
    oci.refused("pause", container.id, say="stopped")
    oci.refused("resume", container.id)
    container.delete()


def test_pause_nobody(oci):
    for verb in ("pause", "resume", "ps", "update", "events"):
        oci.refused(verb, "no-such", say="does not exist")


def test_ps(oci):
    container = oci.start(sleeper(oci))
    assert json.loads(oci.call("ps", "--format", "json", container.id).stdout) == [container.pid]
    table = oci.call("ps", container.id).stdout.splitlines()
    assert len(table) == 2 and "PID" in table[0] and table[1].split()[1] == str(container.pid)
    table = oci.call("ps", container.id, "-o", "pid,comm").stdout.splitlines()
    assert table[1].split() == [str(container.pid), "sleep"]
    oci.refused("ps", container.id, "-o", "comm", say="PID")
    oci.refused("ps", container.id, "--no-such-option")
    oci.refused("ps", "--format", "xml", container.id, say="--format")


def test_update_refused(oci):
    container = oci.start(sleeper(oci))
    for words, say in (
        (["--memory", "1x"], "--memory"),
        (["--pids-limit", "many"], "--pids-limit"),
        (["--memory-swap", "1m"], "memory.limit"),
        (["--l3-cache-schema", "x"], "--l3-cache-schema"),
        (["--resources", "/no/such/file"], "/no/such/file"),
        (["--cpu-share", "1024"], "cpu.weight"),
    ):
        oci.refused("update", *words, container.id, say=say)
    for text in ("", "[]", "{", '{"memory": 5}', '{"memory": {"limit": "x"}}'):
        oci.refused("update", "--resources", "-", container.id, input=text)
    # of a failed one nothing is remembered
    config = json.loads((oci.root / container.id / "config.json").read_text())
    assert "cpu" not in config["linux"]["resources"]
    oci.call("update", "--kernel-memory", "1", "--cpu-rt-runtime", "1", container.id)


def test_events(oci):
    container = oci.start(sleeper(oci))
    event = json.loads(oci.call("events", "--stats", container.id).stdout)
    assert event["type"] == "stats" and event["id"] == container.id
    assert event["data"]["cpu"]["usage"]["total"] > 0
    assert {"usage", "swap", "raw", "cache"} <= event["data"]["memory"].keys()
    assert "ioServiceBytesRecursive" in event["data"]["blkio"]
    oci.refused("events", "--interval", "0", container.id, say="--interval")
    follower = oci.spawn("events", "--interval", "10ms", container.id, stdout=subprocess.PIPE)
    for _ in range(3):
        assert select.select([follower.stdout], [], [], 10)[0]
        assert json.loads(follower.stdout.readline())["type"] == "stats"
    container.kill("KILL")
    assert follower.wait(10) == 0
    follower.stdout.close()
