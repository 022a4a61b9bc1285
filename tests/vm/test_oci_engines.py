# SPDX-License-Identifier: LGPL-2.1-or-later
"""Limits that podman asks creel-oci for, against the real controllers."""

import subprocess

import pytest

from engine import RUNTIME, Engine

EATER = """awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 200 * 1024 * 1024) s = s s; print length(s) }'"""


@pytest.fixture(scope="module")
def podman_image(busybox_ref):
    subprocess.run(["podman", "pull", "-q", "--tls-verify=false", busybox_ref], check=True, stdout=subprocess.DEVNULL)
    return busybox_ref


@pytest.fixture(params=["systemd", "cgroupfs"])
def engine(request, podman_image):
    engine = Engine("podman", ("--runtime", RUNTIME, "--cgroup-manager", request.param))
    engine.image = podman_image
    yield engine
    engine.clean()


def limits(engine, *options):
    files = "memory.max pids.max cpu.max"
    script = f"cd /sys/fs/cgroup; for each in {files}; do echo $each $(cat $each); done"
    said = engine.run(*options, engine.image, "sh", "-c", script).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


def test_limits(engine):
    found = limits(engine, "--memory", "64m", "--pids-limit", "33", "--cpus", "0.5")
    assert found == {"memory.max": str(64 << 20), "pids.max": "33", "cpu.max": "50000 100000"}


def test_memory_limit_kills_the_eater(engine):
    done = engine.run("--memory", "32m", "--memory-swap", "32m", engine.image, "sh", "-c", f"{EATER}; exit $?", check=False)
    assert done.returncode == 137, done.stderr


def test_process_limit(engine):
    script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 5 & done; echo all"
    done = engine.run("--pids-limit", "5", engine.image, "sh", "-c", script, check=False)
    assert "all" not in done.stdout and "fork" in done.stderr
