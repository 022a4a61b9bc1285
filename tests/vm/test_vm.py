# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vm itself: what resource limits and AppArmor tests stand on."""

import os
import subprocess
from pathlib import Path


def test_systemd_is_running(run):
    assert run("systemctl", "is-system-running", check=False).stdout.strip() == "running", run(
        "systemctl", "--failed", "--no-pager"
    ).stdout


def test_controllers_are_there():
    controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()
    assert {"memory", "cpu", "pids", "io", "cpuset"} <= set(controllers)


def test_cgroup_v2_is_the_only_hierarchy():
    assert Path("/proc/self/cgroup").read_text().startswith("0::/")
    assert subprocess.run(["stat", "-f", "-c", "%T", "/sys/fs/cgroup"], capture_output=True, text=True).stdout == "cgroup2fs\n"


def test_apparmor_is_enabled(run):
    assert Path("/sys/module/apparmor/parameters/enabled").read_text().strip() == "Y"
    run("aa-enabled")


def test_apparmor_confines(run, tmp_path):
    profile = tmp_path / "profile"
    profile.write_text("profile creel-vm-test {\n  file,\n  deny /etc/shadow r,\n}\n")
    run("apparmor_parser", "--replace", profile)
    try:
        assert run("aa-exec", "-p", "creel-vm-test", "cat", "/etc/shadow", check=False).returncode != 0
        run("aa-exec", "-p", "creel-vm-test", "cat", "/etc/passwd")
    finally:
        run("apparmor_parser", "--remove", profile)


def test_memory_limit_holds(run):
    hog = ["python3", "-c", "x = bytearray(200 << 20)"]
    limits = ["-p", "MemoryMax=50M", "-p", "MemorySwapMax=0"]
    assert run("systemd-run", "--scope", "--quiet", *limits, *hog, check=False).returncode != 0


def test_tasks_limit_holds(run):
    script = "for i in 1 2 3 4 5 6; do sleep 1 & done; wait"
    done = run("systemd-run", "--scope", "--quiet", "-p", "TasksMax=3", "sh", "-c", script, check=False)
    assert "fork" in done.stderr


def test_store_is_on_ext4_with_overlay(run):
    assert run("findmnt", "-n", "-o", "FSTYPE", "-T", "/var/lib/creel").stdout.strip() == "ext4"
    for name in ("lower", "upper", "work", "merged"):
        os.mkdir(f"/var/tmp/{name}")
    try:
        options = "lowerdir=/var/tmp/lower,upperdir=/var/tmp/upper,workdir=/var/tmp/work"
        run("mount", "-t", "overlay", "overlay", "-o", options, "/var/tmp/merged")
        run("umount", "/var/tmp/merged")
    finally:
        run("rm", "-rf", *(f"/var/tmp/{name}" for name in ("lower", "upper", "work", "merged")))


def test_network_modules_load(run):
    run("ip", "link", "add", "vm0", "type", "bridge")
    run("ip", "link", "add", "vm1", "type", "veth", "peer", "name", "vm2")
    run("ip", "link", "del", "vm0")
    run("ip", "link", "del", "vm1")
    run("nft", "add", "table", "inet", "vmtest")
    run("nft", "delete", "table", "inet", "vmtest")
