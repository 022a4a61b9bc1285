# SPDX-License-Identifier: LGPL-2.1-or-later
"""Profiles and labels of security modules that this kernel does not have; tests/vm has AppArmor."""

from pathlib import Path

import pytest

from oci import IS_CREEL, oci  # noqa: F401

pytestmark = [
    pytest.mark.skipif(not IS_CREEL, reason="others ignore what the kernel does not have"),
    pytest.mark.skipif(Path("/sys/kernel/security/apparmor").exists(), reason="there is AppArmor here"),
    pytest.mark.skipif(Path("/sys/fs/selinux").is_mount(), reason="there is SELinux here"),
]


def test_profile_without_apparmor(oci):
    message = oci.create_refused(oci.bundle("true", apparmorProfile="tight"), say="apparmor")
    assert "tight" in message and len(message.strip().splitlines()) == 1


@pytest.mark.parametrize("profile", ["", "unconfined"])
def test_no_profile(oci, profile):
    oci.run(oci.bundle("true", apparmorProfile=profile))


def test_labels_without_selinux(oci):
    label = "system_u:system_r:container_t:s0"
    assert label in oci.create_refused(oci.bundle("true", selinuxLabel=label), say="selinuxLabel")
    bundle = oci.bundle("true")
    bundle.linux["mountLabel"] = label
    assert label in oci.create_refused(bundle, say="mountLabel")


def test_exec(oci):
    container = oci.start(oci.bundle("sleep", "1000"))
    for option, value in (("--apparmor", "tight"), ("--process-label", "a:b:c")):
        done = container.exec("true", options=[option, value], check=False)
        assert done.returncode != 0 and value in done.stderr
    assert container.exec("echo", "fine").stdout == "fine\n"
