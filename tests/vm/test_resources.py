# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits that bind: each is set on a container and felt by it, and again after an update."""

import json
import re
import subprocess
import time
import uuid
from pathlib import Path

import pytest

# Touches 200 MB, page by page.
EATER = "awk 'BEGIN { s = \"0123456789abcdef\"; while (length(s) < 200 * 1024 * 1024) s = s s; print length(s) }'"


@pytest.fixture
def container(creelctl, image):
    """container("--memory", "64m", command=[...]) -> the name of a container that sleeps."""
    names = []

    def start(*args, command=("sleep", "1000")):
        names.append(f"res-{uuid.uuid4().hex[:8]}")
        creelctl("run", "-d", "--name", names[-1], *args, image, *command)
        return names[-1]

    yield start
    for name in names:
        creelctl("rm", "--force", "--time", "0", name, check=False)


@pytest.fixture
def scope(creelctl):
    """The directory of a container's scope in the cgroup file system."""

    def path(name):
        return Path("/sys/fs/cgroup" + json.loads(creelctl("inspect", name).stdout)[0]["CgroupPath"])

    return path


def value(directory, name):
    return (directory / name).read_text().strip()


def disk(run):
    """The whole disk that the store lies on."""
    device = run("findmnt", "-n", "-o", "SOURCE", "-T", "/var/lib/creel").stdout.strip()
    parent = run("lsblk", "-n", "-o", "PKNAME", device).stdout.split()
    return f"/dev/{parent[0]}" if parent else device


def test_every_limit_reaches_the_kernel(container, scope, run):
    device = disk(run)
    name = container(
        *("--memory", "64m", "--memory-swap", "96m", "--memory-reservation", "32m", "--cpus", "0.5", "-c", "2048"),
        *("--cpuset-cpus", "1", "--cpuset-mems", "0", "--pids-limit", "33", "--blkio-weight", "500", "--oom-policy", "kill"),
        *("--device-read-bps", f"{device}:10m", "--device-write-iops", f"{device}:100"),
        *("--cgroup-conf", "memory.high=50331648", "--cgroup-conf", "hugetlb.2MB.max=0"),
    )
    group = scope(name)
    payload = group / "payload"
    assert value(group, "memory.max") == str(64 << 20)
    assert value(group, "memory.swap.max") == str(32 << 20)
    assert value(group, "memory.low") == str(32 << 20)
    assert value(group, "cpu.max") == "50000 100000"
    assert 100 < int(value(group, "cpu.weight")) < 200
    assert value(group, "cpuset.cpus") == "1" and value(payload, "cpuset.cpus.effective") == "1"
    assert value(group, "cpuset.mems") == "0"
    assert value(group, "pids.max") == "33"
    assert re.search(r"rbps=10485760 .*wiops=100", value(group, "io.max"))
    assert value(payload, "memory.high") == "50331648"
    assert value(payload, "hugetlb.2MB.max") == "0"
    assert value(payload, "memory.oom.group") == "1" and value(group, "memory.oom.group") == "0"


def test_the_container_reads_its_own_limits(creelctl, image, container, run):
    files = ["memory.max", "memory.swap.max", "memory.low", "cpu.max", "pids.max", "io.max"]
    show = ["sh", "-c", "cd /sys/fs/cgroup; for f in $*; do cat $f; done", "-", *files]
    limits = ["--memory", "64m", "--memory-reservation", "16m", "--cpus", "0.5", "--pids-limit", "33"]
    device = disk(run)
    seen = creelctl("run", "--rm", *limits, "--device-read-bps", f"{device}:10m", image, *show).stdout.splitlines()
    assert seen[:5] == [str(64 << 20), str(64 << 20), str(16 << 20), "50000 100000", "33"]
    assert "rbps=10485760" in seen[5]
    # and what anybody makes of them later
    name = container(*limits, "--device-read-bps", f"{device}:10m", "--cgroup-conf", "memory.high=33554432")

    def reads(wanted, *files):
        until = time.monotonic() + 20
        while (seen := creelctl("exec", name, "cat", *(f"/sys/fs/cgroup/{f}" for f in files)).stdout.split()) != wanted:
            assert time.monotonic() < until, seen

    run("systemctl", "set-property", "--runtime", f"creel-{name}.scope", "TasksMax=50", "CPUQuota=", "MemoryMax=128M")
    reads(["50", "max", "100000", str(128 << 20)], "pids.max", "cpu.max", "memory.max")
    run("systemctl", "restart", "creeld.service")
    creelctl("update", "--pids-limit", "44", "--memory", "96m", name)
    reads(["44", str(96 << 20)], "pids.max", "memory.max")
    run("systemctl", "set-property", "--runtime", f"creel-{name}.scope", f"IOReadBandwidthMax={device} infinity", "MemoryHigh=infinity")
    reads([str(32 << 20)], "io.max", "memory.high")


def test_update_is_felt(container, scope, creelctl, run):
    device = disk(run)
    name = container("--memory", "64m", "--pids-limit", "10")
    group = scope(name)
    creelctl("update", "--memory", "128m", "--cpu-quota", "20000", "--cpuset-cpus", "0", "--pids-limit", "20", name)
    creelctl("update", "--device-write-bps", f"{device}:1m", name)
    assert value(group, "memory.max") == str(128 << 20)
    assert value(group, "cpu.max") == "20000 100000"
    assert value(group, "cpuset.cpus") == "0"
    assert value(group, "pids.max") == "20"
    assert "wbps=1048576" in value(group, "io.max")
    creelctl("update", "--cpus", "0", "--pids-limit", "-1", name)
    assert value(group, "cpu.max").startswith("max") and value(group, "pids.max") == "max"


def test_without_swap_the_memory_limit_is_the_end(creelctl, image):
    limits = ["--memory", "64m", "--memory-swap", "64m"]
    assert creelctl("run", "--rm", *limits, image, "sh", "-c", EATER, check=False).returncode == 137


def test_oom_takes_one_process_or_all(container, creelctl):
    command = ["sh", "-c", f"sleep 1000 & {EATER} >/dev/null; echo survived; exec sleep 1000"]
    one = container("--memory", "64m", "--memory-swap", "64m", command=command)
    all_of_it = container("--memory", "64m", "--memory-swap", "64m", "--oom-policy", "kill", command=command)
    assert creelctl("wait", all_of_it).stdout.strip() == "137"
    assert json.loads(creelctl("inspect", all_of_it).stdout)[0]["State"]["OOMKilled"] is True
    until = time.monotonic() + 60
    while "survived" not in creelctl("logs", one).stdout:
        assert time.monotonic() < until
    assert json.loads(creelctl("inspect", one).stdout)[0]["State"]["Running"] is True
    kills = json.loads(creelctl("stats", "--no-stream", "--format", "json", one).stdout)[0]["statistics"]["MemoryOOMKills"]
    assert kills == 1
    # it is told at once, and only once
    told = [line for line in creelctl("events", "--stream=false").stdout.splitlines() if "container oom" in line]
    assert len([line for line in told if one in line]) == len([line for line in told if all_of_it in line]) == 1
    creelctl("rm", "--force", "--time", "0", one)
    told = [line for line in creelctl("events", "--stream=false").stdout.splitlines() if "container oom" in line]
    assert len([line for line in told if one in line]) == 1


def test_writes_are_slowed_down(creelctl, image, run):
    script = "dd if=/dev/zero of=/big bs=1M count=3 conv=fsync 2>/dev/null"

    def took(*options):
        begin = time.monotonic()
        creelctl("run", "--rm", *options, image, "sh", "-c", script)
        return time.monotonic() - begin

    # A second's worth is free, as the kernel counts.
    assert took("--device-write-bps", f"{disk(run)}:1m") > 1.9


def test_stats_and_top_see_everything(container, creelctl):
    name = container("--memory", "64m", "--pids-limit", "20", command=["sh", "-c", "while :; do :; done"])
    until = time.monotonic() + 60
    row = {}
    while not row or row["statistics"]["CPUUsageUSec"] < 500000:
        assert time.monotonic() < until, row
        row = json.loads(creelctl("stats", "--no-stream", "--format", "json", name).stdout)[0]
    numbers = row["statistics"]
    assert numbers["MemoryLimit"] == 64 << 20 and 0 < numbers["MemoryUsage"] < 64 << 20
    assert numbers["TasksLimit"] == 20 and numbers["Tasks"] == 1 and row["pids"] == "1"
    assert row["mem_usage"].endswith(" / 67.1MB")
    assert {"IOReadBytes", "MemoryPeak", "CPUPeriods"} <= set(numbers)
    assert float(row["cpu_percent"].rstrip("%")) > 20
    top = json.loads(creelctl("top", "--format", "json", name).stdout)
    assert [process["USER"] for process in top] == ["root"] and float(top[0]["%CPU"]) > 20


def test_pressure_is_shown(container, creelctl):
    name = container()
    if not Path("/proc/pressure/cpu").exists():
        pytest.fail("the floor's kernel has pressure stall information")
    try:
        Path("/proc/pressure/cpu").read_text()
    except OSError:  # built in, but off without psi=1 on the kernel's command line
        assert json.loads(creelctl("stats", "--no-stream", "--format", "json", name).stdout)[0]["pressure"] == {}
        return
    pressure = json.loads(creelctl("stats", "--no-stream", "--format", "json", name).stdout)[0]["pressure"]
    assert {"some", "full"} <= set(pressure["memory"]) and pressure["memory"]["some"]["total_usec"] >= 0
    assert set(pressure["cpu"]["some"]) == {"avg10", "avg60", "avg300", "total_usec"}


def test_limits_stay_through_daemon_reload(container, scope, run):
    name = container("--memory", "64m", "--cpus", "0.5")
    run("systemctl", "daemon-reload")
    assert value(scope(name), "memory.max") == str(64 << 20)
    assert value(scope(name), "cpu.max") == "50000 100000"
    assert subprocess.run(["systemctl", "is-active", f"creel-{name}.scope"], capture_output=True, text=True).stdout == "active\n"
