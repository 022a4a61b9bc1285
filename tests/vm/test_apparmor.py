# SPDX-License-Identifier: LGPL-2.1-or-later
"""The AppArmor profile of containers, on a kernel that has AppArmor."""

import json
from pathlib import Path

import pytest

from fixtures import eventually

PROFILES = Path("/sys/kernel/security/apparmor/profiles")
OWN_PROFILE = """
profile creel-test-own flags=(attach_disconnected, mediate_deleted) {
  capability, file, network, signal, ptrace, umount,
  deny /etc/passwd r,
}
"""


@pytest.fixture
def image(creelctl, busybox_ref):
    creelctl("pull", "--quiet", busybox_ref)
    yield busybox_ref
    creelctl("rm", "-a", "-f", "-t", "0")


@pytest.fixture
def own_profile(run, tmp_path):
    path = tmp_path / "creel-test-own"
    path.write_text(OWN_PROFILE)
    run("apparmor_parser", "--replace", path)
    yield "creel-test-own"
    run("apparmor_parser", "--remove", path)


def inside(creelctl, image, *options, script, **kw):
    return creelctl("run", "--rm", *options, image, "sh", "-c", script, **kw)


def label(creelctl, image, *options):
    return inside(creelctl, image, *options, script="cat /proc/self/attr/current").stdout.strip()


def test_the_profile_is_loaded():
    assert "creel-default (enforce)" in PROFILES.read_text().splitlines()


def test_containers_are_confined_by_default(creelctl, image):
    assert label(creelctl, image) == "creel-default (enforce)"
    assert label(creelctl, image, "--userns=host") == "creel-default (enforce)"


def test_unconfined(creelctl, image):
    assert label(creelctl, image, "--security-opt=apparmor=unconfined") == "unconfined"
    assert label(creelctl, image, "--privileged") == "unconfined"


def test_profile_by_name(creelctl, image, own_profile):
    options = [f"--security-opt=apparmor={own_profile}"]
    assert label(creelctl, image, *options) == "creel-test-own (enforce)"
    done = inside(creelctl, image, *options, script="cat /etc/passwd", check=False)
    assert done.returncode != 0 and "ermission denied" in done.stderr


def test_profile_that_is_not_loaded(creelctl, image):
    done = creelctl("run", "--rm", "--security-opt=apparmor=no-such-profile", image, "true", check=False)
    assert done.returncode == 125 and "no-such-profile" in done.stderr and "apparmor_parser" in done.stderr
    assert creelctl("ps", "-aq").stdout == ""


def test_profile_is_shown(creelctl, image, run):
    creelctl("run", "-d", "--name", "shown", image, "sleep", "1000")
    [shown] = json.loads(creelctl("inspect", "shown").stdout)
    assert shown["HostConfig"]["AppArmorProfile"] == "creel-default"
    path = run("busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "GetContainer", "s", "shown").stdout.split('"')[1]
    assert "creel-default" in run("busctl", "get-property", "org.creel1", path, "org.creel1.Container", "AppArmorProfile").stdout


def test_exec_is_confined(creelctl, image):
    creelctl("run", "-d", "--name", "executed", image, "sleep", "1000")
    assert creelctl("exec", "executed", "cat", "/proc/self/attr/current").stdout.strip() == "creel-default (enforce)"


def test_the_profile_denies(creelctl, image):
    """What the masks and the user namespace would not: with the host's root, and nothing hidden."""
    options = ["--userns=host", "--cap-add=ALL", "--security-opt=unmask=ALL", "--security-opt=seccomp=unconfined"]
    script = "mount -t tmpfs x /tmp; echo 1 > /proc/sys/kernel/panic; head -c 1 /proc/kcore; echo 1 > /proc/sysrq-trigger"
    done = inside(creelctl, image, *options, script=script, check=False)
    assert done.stderr.lower().count("permission denied") + done.stderr.lower().count("not permitted") >= 3, done.stderr
    assert Path("/proc/sys/kernel/panic").read_text() != "1\n"


def test_the_profile_lets_programs_work(creelctl, image):
    script = "echo x > /root/x && cat /root/x && rm /root/x && ln -s a /tmp/b && cat /proc/self/status > /dev/null && kill -0 $$ && sh -c 'kill $$' || echo killed"
    assert inside(creelctl, image, script=script).stdout.split() == ["x", "killed"]


def test_the_daemon_loads_the_profile(run, creelctl, image):
    run("systemctl", "stop", "creeld.service")
    run("apparmor_parser", "--remove", "/etc/apparmor.d/creel-default")
    run("systemctl", "start", "creeld.service")
    eventually(lambda: "creel-default (enforce)" in PROFILES.read_text().splitlines(), "the profile is loaded")
    assert label(creelctl, image) == "creel-default (enforce)"
