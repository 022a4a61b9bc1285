# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits as properties of the scope, update, stats and top. That limits bind is for tests/vm: there are no controllers here."""

import json
import subprocess
import uuid

import pytest

from fixtures import eventually


@pytest.fixture
def unique_name():
    return f"resources-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def container(creelctl, image, unique_name):
    """container("--memory", "64m") -> the name of a container that sleeps."""
    names = []

    def start(*args, command=("sleep", "1000")):
        name = f"{unique_name}-{len(names)}"
        names.append(name)
        creelctl("run", "-d", "--name", name, *args, image, *command)
        return name

    yield start
    for name in names:
        creelctl("rm", "--force", "--time", "0", name, check=False)


@pytest.fixture
def show(run):
    def call(name, *properties):
        out = run("systemctl", "show", f"creel-{name}.scope", "-p", ",".join(properties)).stdout
        return dict(line.split("=", 1) for line in out.splitlines())

    return call


PROPERTIES = {
    "memory": (["--memory", "64m"], {"MemoryMax": 64 << 20, "MemorySwapMax": 64 << 20}),
    "swap": (["-m", "64m", "--memory-swap", "96m"], {"MemoryMax": 64 << 20, "MemorySwapMax": 32 << 20}),
    "no-swap": (["-m", "64m", "--memory-swap", "64m"], {"MemorySwapMax": 0}),
    "endless-swap": (["-m", "64m", "--memory-swap=-1"], {"MemorySwapMax": "infinity"}),
    "reservation": (["--memory-reservation", "1.5m"], {"MemoryLow": 3 << 19}),
    "cpus": (["--cpus", "0.25"], {"CPUQuotaPerSecUSec": "250ms"}),
    "quota": (["--cpu-quota", "20000", "--cpu-period", "10000"], {"CPUQuotaPerSecUSec": "2s", "CPUQuotaPeriodUSec": "10ms"}),
    "shares": (["-c", "1024"], {"CPUWeight": 100}),
    "cpuset": (["--cpuset-cpus", "0", "--cpuset-mems", "0"], {"AllowedCPUs": "0", "AllowedMemoryNodes": "0"}),
    "pids": (["--pids-limit", "17"], {"TasksMax": 17}),
    "no-pids": (["--pids-limit", "-1"], {"TasksMax": "infinity"}),
    "default-pids": ([], {"TasksMax": 2048}),
    "blkio": (["--blkio-weight", "1000"], {"IOWeight": 10000}),
    "slice": (["--slice", "creeltest-a.slice"], {"Slice": "creeltest-a.slice"}),
    "parent": (["--cgroup-parent", "creeltest-b.slice", "--cgroups", "no-conmon"], {"Slice": "creeltest-b.slice"}),
    "property": (
        ["--property=MemoryHigh=32M", "--property", "CPUWeight=7", "--property=Description=A test"],
        {"MemoryHigh": 32 << 20, "CPUWeight": 7, "Description": "A test"},
    ),
}


@pytest.mark.parametrize("case", PROPERTIES)
def test_limits_are_properties_of_the_scope(container, show, case):
    options, expected = PROPERTIES[case]
    name = container(*options)
    assert show(name, *expected) == {key: str(value) for key, value in expected.items()}


REFUSED = {
    "swap-alone": (["--memory-swap", "64m"], "--memory-swap"),
    "swap-below": (["-m", "64m", "--memory-swap", "32m"], "--memory-swap"),
    "reservation-above": (["-m", "64m", "--memory-reservation", "65m"], "--memory-reservation"),
    "swappiness": (["--memory-swappiness", "10"], "cgroup version 2"),
    "swappiness-range": (["--memory-swappiness", "101"], "0 to 100"),
    "oom-kill-disable": (["--oom-kill-disable"], "--oom-kill-disable"),
    "rt": (["--cpu-rt-runtime", "1000"], "--cpu-rt-runtime"),
    "cpus-quota": (["--cpus", "1", "--cpu-quota", "10000"], "--cpus"),
    "cpus-garbage": (["--cpus", "two"], "--cpus"),
    "shares-range": (["-c", "1"], "2 to 262144"),
    "quota-range": (["--cpu-quota", "10"], "1000"),
    "period-range": (["--cpu-period", "10"], "1000"),
    "cpuset-empty": (["--cpuset-cpus", ""], "0-3,7"),
    "cpuset-garbage": (["--cpuset-cpus", "0-"], "0-3,7"),
    "cpuset-absent": (["--cpuset-cpus", "1000"], "this host has"),
    "mems-absent": (["--cpuset-mems", "800"], "this host has"),
    "blkio-range": (["--blkio-weight", "9"], "10 to 1000"),
    "device-absent": (["--device-read-bps", "/dev/no-such:1m"], "/dev/no-such"),
    "device-character": (["--device-write-iops", "/dev/null:1"], "not a block device"),
    "device-garbage": (["--device-write-bps", "1m"], "DEVICE:BYTES"),
    "parent-garbage": (["--cgroup-parent", "/machine.slice"], "slice"),
    "parent-no-slice": (["--cgroup-parent", "x.scope"], "slice"),
    "cgroups-disabled": (["--cgroups", "disabled"], "--cgroups=disabled"),
    "cgroups-split": (["--cgroups", "split"], "--cgroups=split"),
    "cgroups-garbage": (["--cgroups", "x"], "enabled"),
    "conf-core": (["--cgroup-conf", "cgroup.freeze=1"], "KEY=VALUE"),
    "conf-path": (["--cgroup-conf", "../memory.high=1"], "KEY=VALUE"),
    "property-unsafe": (["--property", "DeviceAllow=/dev/sda rwm"], "NAME=VALUE"),
    "property-twice": (["--memory", "64m", "--property", "MemoryMax=1G"], "another option"),
    "property-garbage": (["--property", "TasksMax=some"], "must be"),
    "oom-policy": (["--oom-policy", "stop"], "continue or kill"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_limits_create_nothing(creelctl, image, unique_name, case):
    options, word = REFUSED[case]
    done = creelctl("run", "--name", unique_name, *options, image, "true", check=False)
    assert done.returncode == 125
    assert word in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert creelctl("inspect", unique_name, check=False).returncode != 0


def test_a_file_of_an_absent_controller(creelctl, image):
    done = creelctl("run", "--rm", "--cgroup-conf", "rdma.max=mlx4_0 hca_handle=2", image, "true", check=False)
    assert done.returncode == 125
    assert "rdma" in done.stderr and done.stderr.count("\n") == 1, done.stderr


# Update


def test_update_of_a_running_container(container, creelctl, show, run):
    name = container("--memory", "64m", "--pids-limit", "10")
    creelctl("update", "--memory", "128m", "--cpus", "1.5", "-c", "2048", "--cpuset-cpus", "0", "--blkio-weight=100", name)
    expected = {
        "MemoryMax": str(128 << 20),
        "MemorySwapMax": str(128 << 20),
        "CPUQuotaPerSecUSec": "1.500000s",
        "AllowedCPUs": "0",
        "TasksMax": "10",
    }
    assert show(name, *expected) == expected
    # a limit that is taken away
    creelctl("update", "--pids-limit=-1", "--cpus=0", "--memory=0", name)
    assert show(name, "TasksMax", "CPUQuotaPerSecUSec", "MemoryMax") == {
        "TasksMax": "infinity",
        "CPUQuotaPerSecUSec": "infinity",
        "MemoryMax": "infinity",
    }
    # what an administrator has set stays
    run("systemctl", "set-property", "--runtime", f"creel-{name}.scope", "IOWeight=77")
    creelctl("update", "--pids-limit=20", name)
    assert show(name, "TasksMax", "IOWeight") == {"TasksMax": "20", "IOWeight": "77"}


def test_update_outlives_a_restart(container, creelctl, show, run):
    name = container("--cpus", "1")
    creelctl("update", "--cpu-quota", "20000", "--cpu-period", "40000", name)
    quota = {"CPUQuotaPerSecUSec": "500ms", "CPUQuotaPeriodUSec": "40ms"}
    assert show(name, *quota) == quota
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "creeld.service")
    assert show(name, *quota) == quota
    creelctl("stop", "--time", "0", name)
    creelctl("update", "--pids-limit", "33", name)
    creelctl("start", name)
    assert show(name, *quota, "TasksMax") == {**quota, "TasksMax": "33"}
    config = json.loads(creelctl("inspect", name).stdout)[0]["HostConfig"]
    assert (config["CpuQuota"], config["CpuPeriod"], config["NanoCpus"], config["PidsLimit"]) == (20000, 40000, 500000000, 33)


@pytest.mark.parametrize(
    "options, word",
    [
        (["--memory", "200m"], "--memory-swap"),  # the limit of both is lower
        (["--memory", "lots"], "--memory"),
        (["--cpuset-cpus", "1000"], "this host has"),
        (["--device-read-bps", "/dev/no-such:1m"], "/dev/no-such"),
        (["--pids-limit", "10", "--memory-swappiness", "3"], "cgroup version 2"),
        (["--read-only"], "unknown option"),
        ([], "needs an option"),
    ],
)
def test_a_refused_update_changes_nothing(container, creelctl, show, options, word):
    name = container("--memory", "64m", "--memory-swap", "96m", "--pids-limit", "17")
    names = ["MemoryMax", "MemorySwapMax", "TasksMax", "AllowedCPUs"]
    before = show(name, *names), creelctl("inspect", name).stdout
    done = creelctl("update", *options, name, check=False)
    assert done.returncode != 0 and word in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert (show(name, *names), creelctl("inspect", name).stdout) == before


def test_update_of_the_restart_policy(container, creelctl):
    name = container()
    creelctl("update", "--restart", "on-failure:3", "--pids-limit", "50", name)
    config = json.loads(creelctl("inspect", name).stdout)[0]["HostConfig"]
    assert config["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3} and config["PidsLimit"] == 50
    assert creelctl("update", "--restart", "sometimes", name, check=False).returncode != 0


def test_update_over_the_bus(container, run, creelctl):
    name = container()
    path = run("busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "GetContainer", "s", name).stdout.split('"')[1]
    call = ["busctl", "call", "org.creel1", path, "org.creel1.Container", "Update", "a{sv}"]
    run(*call, "1", "pids-limit", "x", "9")
    assert json.loads(creelctl("inspect", name).stdout)[0]["HostConfig"]["PidsLimit"] == 9
    for entry in (["hostname", "s", "x"], ["no-such", "s", "x"], ["pids-limit", "s", "9"], ["cpu-shares", "x", "1"]):
        done = run(*call, "1", *entry, check=False)
        assert done.returncode != 0 and entry[0] in done.stderr, done.stderr


# Stats


def test_stats_once(container, creelctl):
    busy, idle = container(command=["sh", "-c", "while :; do :; done"]), container()
    rows = json.loads(creelctl("stats", "--no-stream", "--format", "json", busy, idle).stdout)
    assert {row["name"] for row in rows} == {busy, idle}
    by_name = {row["name"]: row for row in rows}
    assert float(by_name[busy]["cpu_percent"].rstrip("%")) > float(by_name[idle]["cpu_percent"].rstrip("%"))
    assert by_name[busy]["pids"] == "1" and by_name[busy]["statistics"]["Tasks"] == 1
    assert by_name[busy]["net_io"] == "0B / 0B"
    for key in ("id", "cpu_time", "avg_cpu", "mem_usage", "mem_percent", "block_io", "pressure"):
        assert key in by_name[busy]
    header, *lines = creelctl("stats", "--no-stream", busy, idle).stdout.splitlines()
    assert header.split() == "ID NAME CPU % MEM USAGE / LIMIT MEM % NET IO BLOCK IO PIDS CPU TIME AVG CPU %".split()
    assert len(lines) == 2
    assert creelctl("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", idle).stdout == f"{idle} 1\n"


def test_stats_selects(container, creelctl, image, unique_name):
    running, stopped = container(), container(command=["true"])
    creelctl("wait", stopped)

    def names(*args):
        return {row["name"] for row in json.loads(creelctl("stats", "--no-stream", "--format=json", *args).stdout)}

    assert running in names() and stopped not in names()
    assert {running, stopped} <= names("--all")
    assert names(stopped) == {stopped}
    assert creelctl("stats", "--no-stream", "no-such", check=False).returncode != 0
    assert creelctl("stats", "--all", running, check=False).returncode != 0
    assert creelctl("stats", "--interval", "0", running, check=False).returncode != 0


def test_stats_streams(container, creelctl):
    name = container(command=["sh", "-c", "while :; do :; done"])
    stream = subprocess.Popen(["creelctl", "stats", "-i", "1", "--format", "{{.CPUPerc}}", name], stdout=subprocess.PIPE, text=True)
    try:
        rounds = [float(stream.stdout.readline().rstrip("%\n")) for _ in range(3)]
        assert rounds[2] > 0
    finally:
        stream.kill()
        stream.wait()


def test_stats_of_the_host_network(container, creelctl):
    name = container("--network", "host")
    row = json.loads(creelctl("stats", "--no-stream", "--format=json", name).stdout)[0]
    assert row["net_io"] == "-- / --"


def test_stats_need_a_running_container(container, creelctl, run):
    name = container(command=["true"])
    creelctl("wait", name)
    path = run("busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "GetContainer", "s", name).stdout.split('"')[1]
    done = run("busctl", "call", "org.creel1", path, "org.creel1.Container", "GetStats", check=False)
    assert done.returncode != 0 and "not running" in done.stderr


# Top


def rows_of(creelctl, name, *columns):
    return json.loads(creelctl("top", "--format", "json", name, *columns).stdout)


def test_top_as_ps(container, creelctl):
    name = container(command=["sh", "-c", "sleep 1001 & sleep 1002 & wait"])
    eventually(lambda: len(rows_of(creelctl, name)) == 3, "three processes")
    header, *lines = creelctl("top", name).stdout.splitlines()
    assert header.split() == ["USER", "PID", "PPID", "%CPU", "ELAPSED", "TTY", "TIME", "COMMAND"]
    assert lines[0].split()[:3] == ["root", "1", "0"]
    assert {tuple(line.split()[-2:]) for line in lines[1:]} == {("sleep", "1001"), ("sleep", "1002")}
    assert all(line.split()[2] == "1" for line in lines[1:])
    header, *lines = creelctl("top", name, "pid,hpid", "%U", "state", "seccomp").stdout.splitlines()
    assert header.split() == ["PID", "HPID", "USER", "STATE", "SECCOMP"]
    pid, hpid, user, state, seccomp = lines[0].split()
    assert (pid, user, state, seccomp) == ("1", "root", "S", "filter") and int(hpid) > 1


def test_top_names_users_of_the_container(creelctl, run, container):
    name = container("--user", "4242", command=["sleep", "1000"])
    assert [row["USER"] for row in rows_of(creelctl, name)] == ["4242"]
    host = rows_of(creelctl, name, "huser", "capeff")[0]
    assert int(host["HUSER"]) > 65536 and host["EFFECTIVE CAPS"] == "none"


def test_top_believes_nothing(container, creelctl):
    """Files of accounts that lead out of the container or never end, and names that play with terminals."""
    hostile = "rm -f /etc/passwd /etc/group; ln -s /proc/1/root/etc/shadow /etc/passwd; mkfifo /etc/group; "
    hostile += """exec sh -c "$(printf 'sleep 1000 & wait #\\033[2J\\377')" """
    name = container(command=["sh", "-c", hostile])
    row = eventually(lambda: [r for r in rows_of(creelctl, name, "user", "group", "args") if "#?[2J?" in r["COMMAND"]], "it sleeps")[0]
    assert row["USER"] == "0" and row["GROUP"] == "0"


def test_top_refuses(container, creelctl):
    name = container(command=["true"])
    creelctl("wait", name)
    for args, word in (([name], "not running"), (["no-such"], "no-such"), ([], "CONTAINER")):
        done = creelctl("top", *args, check=False)
        assert done.returncode != 0 and word in done.stderr and done.stderr.count("\n") == 1, done.stderr
    running = container()
    for bad in ("nonsense", "pid,,nonsense", "-eo", "aux"):
        done = creelctl("top", running, "--", bad, check=False)
        assert done.returncode != 0 and bad.split(",")[-1] in done.stderr, done.stderr
    assert creelctl("top", running, "--list-descriptors").stdout.split()[0] == "args"


def test_many_tops_at_once(container, creelctl):
    name = container()
    started = [subprocess.Popen(["creelctl", "top", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(40)]
    for process in started:
        out, err = process.communicate()
        assert "sleep 1000" in out or "at once already" in err, err
