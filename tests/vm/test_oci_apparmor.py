# SPDX-License-Identifier: LGPL-2.1-or-later
"""process.apparmorProfile of creel-oci, on a kernel that has AppArmor."""

import pytest

from oci import oci  # noqa: F401

PROFILE = """
profile creel-test-oci flags=(attach_disconnected, mediate_deleted) {
  capability, file, network, signal, ptrace, umount,
  deny /etc/passwd r,
}
"""
CURRENT = "cat /proc/self/attr/current"


@pytest.fixture
def profile(run, tmp_path):
    path = tmp_path / "creel-test-oci"
    path.write_text(PROFILE)
    run("apparmor_parser", "--replace", path)
    yield "creel-test-oci"
    run("apparmor_parser", "--remove", path)


@pytest.mark.parametrize("nnp", [False, True])
def test_profile(oci, profile, nnp):
    bundle = oci.bundle("sh", "-c", f"{CURRENT}; cat /etc/passwd", apparmorProfile=profile, noNewPrivileges=nnp)
    (bundle.rootfs / "etc").mkdir(exist_ok=True)
    (bundle.rootfs / "etc/passwd").write_text("secret")
    done = oci.run(bundle, check=False)
    assert done.stdout.strip() == "creel-test-oci (enforce)" and "Permission denied" in done.stderr


def test_user_namespace(oci, profile):
    bundle = oci.bundle("sh", "-c", CURRENT, apparmorProfile=profile)
    bundle.map_users()
    assert oci.run(bundle).stdout.strip() == "creel-test-oci (enforce)"


@pytest.mark.parametrize("none", ["", "unconfined"])
def test_no_profile(oci, none):
    assert oci.run(oci.bundle("sh", "-c", CURRENT, apparmorProfile=none)).stdout.strip() == "unconfined"


def test_profile_that_is_not_loaded(oci):
    assert "creel-test-absent" in oci.create_refused(oci.bundle("true", apparmorProfile="creel-test-absent"), say="is it loaded?")


def test_exec(oci, profile):
    container = oci.start(oci.bundle("sleep", "1000", apparmorProfile=profile))
    assert container.exec("sh", "-c", CURRENT).stdout.strip() == "creel-test-oci (enforce)"
    assert container.exec("sh", "-c", CURRENT, options=["--apparmor", "unconfined"]).stdout.strip() == "unconfined"
    assert container.exec("true", options=["--apparmor", "creel-test-absent"], check=False).returncode != 0


def test_labels_without_selinux(oci):
    label = "system_u:system_r:container_t:s0"
    assert label in oci.create_refused(oci.bundle("true", selinuxLabel=label), say="selinuxLabel")
