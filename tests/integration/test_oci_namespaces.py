# SPDX-License-Identifier: LGPL-2.1-or-later
"""Namespaces: new ones, those at a path, the host's."""

import os
import subprocess

import pytest

from oci import MAPPED

FILES = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup", "user": "user", "time": "time"}


def seen(oci, bundle, kind):
    bundle.process["args"] = ["readlink", f"/proc/self/ns/{FILES[kind]}"]
    return oci.run(bundle).stdout.strip()


def of_host(kind):
    return os.readlink(f"/proc/self/ns/{FILES[kind]}")


@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "mount", "cgroup"])
def test_new(oci, kind):
    assert seen(oci, oci.bundle(), kind) != of_host(kind)


@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "cgroup"])
def test_of_the_host(oci, kind):
    bundle = oci.bundle()
    bundle.without(kind)
    if kind == "uts":
        del bundle.config["hostname"]
    if kind == "network":
        # sysfs belongs to a network namespace: of the host's it is mounted all the same, by root
        bundle.linux["maskedPaths"] = []
    assert seen(oci, bundle, kind) == of_host(kind)


@pytest.mark.smoke
@pytest.mark.parametrize("kind", ["pid", "network", "ipc", "uts", "cgroup"])
def test_by_path(oci, kind):
    first = oci.start(oci.bundle("sleep", "1000"))
    path = f"/proc/{first.pid}/ns/{FILES[kind]}"
    bundle = oci.bundle()
    bundle.namespace(kind, path)
    if kind == "uts":
        del bundle.config["hostname"]
    assert seen(oci, bundle, kind) == os.readlink(path)


def test_pid_namespace_by_path_shows_its_processes(oci):
    first = oci.start(oci.bundle("sleep", "1234"))
    bundle = oci.bundle("ps", "-o", "pid,args")
    bundle.namespace("pid", f"/proc/{first.pid}/ns/pid")
    assert "1 sleep 1234" in oci.run(bundle).stdout


def test_user_namespace(oci):
    bundle = oci.bundle("sh", "-c", "cat /proc/self/uid_map; id -u; touch /made && stat -c %u /made")
    bundle.map_users()
    assert oci.run(bundle).stdout.split() == ["0", str(MAPPED), "65536", "0", "0"]
    assert (bundle.rootfs / "made").stat().st_uid == MAPPED


def test_user_namespace_by_path(oci):
    bundle = oci.bundle("sleep", "1000")
    bundle.map_users()
    first = oci.start(bundle)
    second = oci.bundle("sh", "-c", "readlink /proc/self/ns/user; id -u")
    second.map_users()
    second.without("user")
    second.linux.pop("uidMappings"), second.linux.pop("gidMappings")
    second.namespace("user", f"/proc/{first.pid}/ns/user")
    assert oci.run(second).stdout.split() == [os.readlink(f"/proc/{first.pid}/ns/user"), "0"]


def test_time_namespace(oci):
    bundle = oci.bundle("cat", "/proc/self/timens_offsets")
    bundle.namespace("time")
    bundle.linux["timeOffsets"] = {"boottime": {"secs": 1000, "nanosecs": 5}, "monotonic": {"secs": 2000}}
    rows = {line.split()[0]: line.split()[1:] for line in oci.run(bundle).stdout.splitlines()}
    assert rows == {"monotonic": ["2000", "0"], "boottime": ["1000", "5"]}


def test_network_namespace_has_a_loopback_device_alone(oci):
    said = oci.run(oci.bundle("ls", "/sys/class/net")).stdout.split()
    assert "lo" in said and "eth0" not in said and "host0" not in said


def test_network_namespace_made_by_another_program(oci, run):
    name = oci.tag
    run("ip", "netns", "add", name)
    try:
        bundle = oci.bundle("cat", "/proc/net/dev")
        run("ip", "-n", name, "link", "add", "dummy7", "type", "dummy", check=False)
        bundle.namespace("network", f"/run/netns/{name}")
        inside = subprocess.run(["ip", "-n", name, "-o", "link"], capture_output=True, text=True, check=True).stdout
        said = oci.run(bundle).stdout
        assert said.count(":") == len(inside.splitlines())
    finally:
        run("ip", "netns", "del", name)


def test_ipc_sysctl_of_a_namespace(oci):
    bundle = oci.bundle("cat", "/proc/sys/kernel/shm_rmid_forced", "/proc/sys/net/ipv4/ip_forward")
    bundle.linux["sysctl"] = {"kernel.shm_rmid_forced": "1", "net.ipv4.ip_forward": "1"}
    assert oci.run(bundle).stdout.split() == ["1", "1"]


def test_cgroup_namespace_begins_at_the_container(oci):
    assert "\n0::/\n" in "\n" + oci.run(oci.bundle("cat", "/proc/self/cgroup")).stdout
