# SPDX-License-Identifier: LGPL-2.1-or-later
"""exec where there are controllers and AppArmor."""

import pytest

from fixtures import eventually


@pytest.fixture
def box(creelctl, busybox_ref):
    """Starts a container called box with these options and this script."""
    creelctl("pull", "--quiet", busybox_ref)

    def start(*options, script="sleep 1000"):
        creelctl("run", "-d", "--name", "box", *options, busybox_ref, "sh", "-c", script)
        return "box"

    yield start
    creelctl("rm", "-f", "-t", "0", "box")


def test_container_divides_its_cgroup(creelctl, box):
    """With controllers on, the payload's cgroup takes no process any more (cgroups(7)): the new one joins the first process."""
    box("--privileged", script="cd /sys/fs/cgroup && mkdir init && echo 1 > init/cgroup.procs && echo +memory +pids > cgroup.subtree_control && echo done; sleep 1000")
    eventually(lambda: creelctl("logs", "box").stdout == "done\n", "the cgroup is divided")
    assert creelctl("exec", "box", "cat", "/proc/self/cgroup").stdout == "0::/init\n"


@pytest.mark.parametrize("options, profile", [([], "creel-default (enforce)"), (["--security-opt", "apparmor=unconfined"], "unconfined")])
def test_apparmor_profile_is_the_containers(creelctl, box, options, profile):
    box(*options)
    assert creelctl("exec", "box", "cat", "/proc/self/attr/current").stdout.strip() == profile
    assert creelctl("exec", "--privileged", "box", "cat", "/proc/self/attr/current").stdout.strip() == profile


def test_memory_is_the_containers(creelctl, box):
    box("--memory", "64m")
    eater = """awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 200 * 1024 * 1024) s = s s; print length(s) }'"""
    assert creelctl("exec", "box", "sh", "-c", eater, check=False).returncode == 137
