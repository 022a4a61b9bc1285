# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks on resources, which only a machine with all controllers can stand."""

import os
import time
from pathlib import Path

import bus
from fixtures import eventually

BOMB = "bomb() { bomb | bomb & }; echo ready; bomb; while :; do sleep 1000; done"


def tasks_of(scope, file="pids.current"):
    return int((Path("/sys/fs/cgroup") / scope.lstrip("/") / file).read_text())


def test_fork_bomb(creelctl, image, run):
    """It stops at the limit of its container; the host goes on, and the container can still be killed at one blow."""
    creelctl("run", "-d", "--name", "bomb", "--pids-limit", "200", "--cpus", "0.5", image, "sh", "-c", BOMB)
    try:
        scope = bus.container_property("bomb", "ControlGroup")
        eventually(lambda: tasks_of(scope) > 150, "the bomb has gone off", timeout=60)
        assert tasks_of(scope) <= 200
        began = time.monotonic()
        assert run("true").returncode == 0
        assert creelctl("run", "--rm", image, "echo", "fine").stdout == "fine\n"
        assert time.monotonic() - began < 60
        creelctl("kill", "bomb")
        creelctl("wait", "bomb")
        eventually(lambda: not os.path.exists(f"/sys/fs/cgroup{scope}"), "every process of it is gone")
    finally:
        creelctl("rm", "-f", "-t", "0", "bomb")


def test_fork_bomb_without_an_option(creelctl, image):
    """There is a limit by default."""
    creelctl("run", "-d", "--name", "usual", image, "sleep", "1000")
    try:
        assert 0 < tasks_of(bus.container_property("usual", "ControlGroup"), "pids.max") <= 4096
    finally:
        creelctl("rm", "-f", "-t", "0", "usual")


def test_memory_of_tmpfs_counts(creelctl, image):
    """What is written to /dev/shm and other file systems in memory is the container's."""
    done = creelctl("run", "--rm", "--memory", "32m", "--memory-swap", "32m", image, "sh", "-c", "head -c 60m /dev/zero > /dev/shm/x; echo survived", check=False)
    assert done.returncode == 137 or "survived" in done.stdout
    assert done.returncode == 137 or "Killed" in done.stderr or "No space" in done.stderr or "Cannot allocate" in done.stderr, done
