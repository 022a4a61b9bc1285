# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits as properties of the scope, update, stats and top. That limits bind is for tests/vm: there are no controllers here."""

import uuid

import pytest


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
