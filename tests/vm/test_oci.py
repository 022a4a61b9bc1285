# SPDX-License-Identifier: LGPL-2.1-or-later
"""creel-oci's limits against the real controllers, with both managers."""

import json
import re
import subprocess
from pathlib import Path

import pytest

EATER = r"""
awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 200 * 1024 * 1024) s = s s; print length(s) }'
"""
CGROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(params=["cgroupfs", "systemd"])
def managed(oci, request):
    oci.options.append(f"--cgroup-manager={request.param}")
    return oci


def start(oci, resources, *args):
    bundle = oci.bundle(*(args or ("sleep", "1000")))
    bundle.linux["resources"].update(resources)
    return oci.start(bundle)


def run(oci, resources, *args, check=True):
    bundle = oci.bundle(*args)
    bundle.linux["resources"].update(resources)
    return oci.run(bundle, check=check)


def read(container, name):
    return (container.cgroup() / name).read_text().strip()


def show(container, *names):
    state = json.loads((container.oci.root / container.id / "state.json").read_text())
    done = subprocess.run(["systemctl", "show", state["unit"], *(f"-p{name}" for name in names)], check=True,
                          capture_output=True, text=True)  # fmt: skip
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


LIMITS = {
    "memory": {"limit": 64 << 20, "swap": 96 << 20, "reservation": 16 << 20},
    "cpu": {"shares": 2048, "quota": 50000, "period": 100000, "cpus": "0"},
    "pids": {"limit": 50},
    "blockIO": {"weight": 500},
    "unified": {"memory.high": str(48 << 20)},
}


def test_files(managed):
    container = start(managed, LIMITS)
    assert read(container, "memory.max") == str(64 << 20)
    assert read(container, "memory.swap.max") == str(32 << 20)
    assert read(container, "memory.low") == str(16 << 20)
    assert read(container, "memory.high") == str(48 << 20)
    assert read(container, "cpu.max") == "50000 100000"
    assert 100 < int(read(container, "cpu.weight")) < 300
    assert read(container, "cpuset.cpus") == "0"
    assert read(container, "pids.max") == "50"


def test_systemd_knows(oci_systemd):
    oci = oci_systemd
    container = start(oci, LIMITS)
    known = {
        "MemoryMax": str(64 << 20), "MemorySwapMax": str(32 << 20), "MemoryLow": str(16 << 20),
        "MemoryHigh": str(48 << 20), "CPUQuotaPerSecUSec": "500ms", "CPUQuotaPeriodUSec": "100ms", "AllowedCPUs": "0",
        "TasksMax": "50",
    }  # fmt: skip
    assert show(container, *known) == known
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert read(container, "cpu.max") == "50000 100000"
    assert read(container, "pids.max") == "50"
    oci.call("update", "--memory", "80m", "--memory-swap", "80m", "--pids-limit", "60", container.id)
    assert show(container, "MemoryMax", "MemorySwapMax", "TasksMax") == {
        "MemoryMax": str(80 << 20), "MemorySwapMax": "0", "TasksMax": "60",
    }  # fmt: skip
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    assert read(container, "memory.max") == str(80 << 20)


def test_memory_binds(managed):
    done = run(managed, {"memory": {"limit": 48 << 20, "swap": 48 << 20}}, "sh", "-c", EATER, check=False)
    assert done.returncode == 137


def test_pids_bind(managed):
    done = run(managed, {"pids": {"limit": 5}}, "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait", check=False)
    assert "fork" in done.stderr


def test_cpus_bind(managed):
    assert run(managed, {"cpu": {"cpus": "1"}}, "nproc").stdout == "1\n"


def test_quota_binds(managed):
    busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; cat /sys/fs/cgroup/cpu.stat"
    said = run(managed, {"cpu": {"quota": 20000, "period": 100000}}, "sh", "-c", busy).stdout
    assert int(re.search(r"nr_throttled (\d+)", said)[1]) > 0


def test_update(managed):
    oci = managed
    container = start(oci, LIMITS)
    oci.call("update", "--cpu-quota", "20000", "--cpu-share", "1024", "--pids-limit", "-1", container.id)
    assert read(container, "cpu.max") == "20000 100000"
    assert read(container, "cpu.weight") == "100"
    assert read(container, "pids.max") == "max"
    assert read(container, "memory.max") == str(64 << 20)
    oci.call("update", "--resources", "-", container.id, input=json.dumps({"memory": {"limit": -1}}))
    assert read(container, "memory.max") == "max"
    assert read(container, "memory.swap.max") == "max"
    # another update does not bring back what was changed
    oci.call("update", "--cpuset-cpus", "0-1", container.id)
    assert read(container, "cpuset.cpus") == "0-1"
    assert read(container, "cpu.max") == "20000 100000"
    assert read(container, "memory.max") == "max"
    oci.refused("update", "--cpuset-cpus", "777", container.id, say="cpuset.cpus")
    oci.refused("update", "--memory", "1m", "--memory-swap", "512k", container.id, say="at least")


def test_check_before_update(oci):
    container = start(oci, {"memory": {"limit": 64 << 20}}, "sh", "-c", "head -c 20m /dev/zero > /dev/shm/x; sleep 1000")
    request = json.dumps({"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    oci.refused("update", "--resources", "-", container.id, input=request, say="checkBeforeUpdate")
    assert read(container, "memory.max") == str(64 << 20)


def test_events(managed):
    container = start(managed, {"memory": {"limit": 64 << 20}, "pids": {"limit": 9}})
    data = json.loads(managed.call("events", "--stats", container.id).stdout)["data"]
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert data["memory"]["usage"]["usage"] > 0
    assert data["pids"] == {"current": 1, "limit": 9}
    assert data["memory"]["raw"]["anon"] > 0


def test_nothing_asked_nothing_set(managed):
    container = start(managed, {})
    assert read(container, "memory.max") == "max"
    assert read(container, "cpu.max") == "max 100000"
