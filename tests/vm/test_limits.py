# SPDX-License-Identifier: LGPL-2.1-or-later
"""Containers against the real controllers, on Debian's kernel."""

import json
import re
from pathlib import Path

import pytest

EATER = r"""
awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 200 * 1024 * 1024) s = s s; print length(s) }'
"""


@pytest.fixture
def image(creelctl, busybox_ref):
    creelctl("pull", "--quiet", busybox_ref)
    return busybox_ref


@pytest.fixture
def container(creelctl):
    """Calls `creelctl run -d --name NAME ...` and removes it at the end."""
    names = []

    def start(name, *args):
        names.append(name)
        creelctl("run", "--detach", "--name", name, *args)
        return name

    yield start
    for name in names:
        creelctl("rm", "--force", "--time", "0", name, check=False)


def state(creelctl, name):
    return json.loads(creelctl("inspect", name).stdout)[0]["State"]


def cgroup(creelctl, name):
    path = json.loads(creelctl("inspect", name).stdout)[0]["CgroupPath"]
    return Path("/sys/fs/cgroup" + path)


def test_memory_limit_kills_the_eater_alone(creelctl, image, container, run):
    container("bystander", image, "sleep", "1000")
    container("eater", "--memory", "64m", image, "sh", "-c", EATER)
    assert creelctl("wait", "eater").stdout.strip() == "137"
    eater = state(creelctl, "eater")
    assert eater["OOMKilled"] is True
    assert eater["ExitCode"] == 137
    # the host and its other containers are unharmed
    assert state(creelctl, "bystander")["Running"] is True
    assert run("systemctl", "is-active", "creeld", "dbus").stdout.split() == ["active", "active"]
    events = creelctl("events", "--stream=false").stdout
    assert re.search(r"container oom .*eater", events), events


def test_memory_limit_of_a_foreground_run(creelctl, image):
    done = creelctl("run", "--rm", "--memory", "64m", image, "sh", "-c", EATER, check=False)
    assert done.returncode == 137


def test_enough_memory_is_no_oom(creelctl, image, container):
    container("modest", "--memory", "64m", image, "sh", "-c", "exit 3")
    assert creelctl("wait", "modest").stdout.strip() == "3"
    assert state(creelctl, "modest")["OOMKilled"] is False


def test_pids_limit(creelctl, image):
    script = "n=0; while [ $n -lt 30 ]; do sleep 100 & n=$((n + 1)); done; echo all"
    done = creelctl("run", "--rm", "--pids-limit", "10", image, "sh", "-c", script, check=False)
    assert done.returncode != 0 and "all" not in done.stdout
    assert "fork" in done.stderr
    done = creelctl("run", "--rm", "--pids-limit", "100", image, "sh", "-c", script)
    assert "all" in done.stdout


def test_cpu_limit(creelctl, image, container):
    container("busy", "--cpus", "0.25", image, "sh", "-c", "while :; do :; done")
    group = cgroup(creelctl, "busy")
    quota, period = (group / "cpu.max").read_text().split()
    assert int(quota) / int(period) == pytest.approx(0.25)

    def throttled():
        return int(re.search(r"nr_throttled (\d+)", (group / "cpu.stat").read_text()).group(1))

    # It is throttled in each period, of which there are ten a second: the file has no event, so it is read until then.
    import time

    end = time.monotonic() + 30
    while throttled() < 5:
        assert time.monotonic() < end, (group / "cpu.stat").read_text()


def test_limits_are_properties_of_the_unit(creelctl, image, container, run):
    container("limited", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "42", image, "sleep", "1000")
    shown = dict(
        line.split("=", 1)
        for line in run("systemctl", "show", "creel-limited.scope", "-p", "MemoryMax,CPUQuotaPerSecUSec,TasksMax").stdout.splitlines()
    )
    assert shown == {"MemoryMax": str(64 << 20), "CPUQuotaPerSecUSec": "500ms", "TasksMax": "42"}
    # and what an administrator sets afterwards is what holds
    run("systemctl", "set-property", "--runtime", "creel-limited.scope", "TasksMax=50")
    assert (cgroup(creelctl, "limited") / "pids.max").read_text().strip() == "50"


def test_controllers_are_delegated(creelctl, image):
    done = creelctl("run", "--rm", image, "cat", "/sys/fs/cgroup/cgroup.controllers")
    assert {"memory", "cpu", "pids", "io"} <= set(done.stdout.split())


def test_runs_beside_apparmor_on_the_floor_kernel(creelctl, image):
    done = creelctl("run", "--rm", image, "sh", "-c", "cat /etc/os-release; cat /proc/self/uid_map")
    assert "creel-busybox" in done.stdout and done.stdout.split()[-1] == "65536"
