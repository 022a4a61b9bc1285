# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab itself: what all other tests stand on."""

import json
import os
import subprocess

import pytest

import images
import ociwriter
from ociwriter import Image, Index, Layer

pytestmark = pytest.mark.smoke


def test_systemd_is_running(run):
    assert run("systemctl", "is-system-running", check=False).stdout.strip() == "running", run(
        "systemctl", "--failed", "--no-pager"
    ).stdout


def test_system_bus_answers(run):
    assert "org.freedesktop.systemd1" in run("busctl", "--system", "list", "--no-pager").stdout


def test_machined_answers(run):
    run("machinectl", "list", "--no-legend", "--no-pager")


def test_scope_is_delegated(run):
    # On hosts with cgroup v1 the file has other lines as well; only "0::" is ours.
    script = "g=$(sed -n s,^0::,,p /proc/self/cgroup) && mkdir /sys/fs/cgroup$g/sub && echo $g"
    done = run("systemd-run", "--scope", "--quiet", "-p", "Delegate=yes", "sh", "-c", script)
    assert done.stdout.strip().endswith(".scope")


def test_stores_lie_on_a_plain_filesystem(run):
    for path in ("/var/lib/creel", "/var/lib/containers", "/var/lib/docker", "/var/lib/machines", "/var/tmp"):
        assert run("stat", "-f", "-c", "%T", path).stdout.strip() != "overlayfs", path


def test_overlay_mounts_on_the_store(run, tmp_path):
    base = "/var/tmp/overlay-test"
    for name in ("lower", "upper", "work", "merged"):
        os.makedirs(f"{base}/{name}")
    try:
        options = f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work"
        run("mount", "-t", "overlay", "overlay", "-o", options, f"{base}/merged")
        run("umount", f"{base}/merged")
    finally:
        run("rm", "-rf", base)


def test_network_tools_work(run):
    run("ip", "link", "add", "lab0", "type", "bridge")
    run("ip", "link", "del", "lab0")
    run("nft", "add", "table", "inet", "labtest")
    run("nft", "delete", "table", "inet", "labtest")


def test_exit_status_of_a_scope_is_passed_on(run):
    assert run("systemd-run", "--scope", "--quiet", "sh", "-c", "exit 7", check=False).returncode == 7


def test_registry_serves_a_pushed_image(run, registry, busybox, busybox_ref):
    shown = json.loads(run("skopeo", "inspect", "--tls-verify=false", f"docker://{busybox_ref}").stdout)
    assert shown["Digest"] == busybox.digest
    assert shown["Layers"] == [ociwriter.sha256(layer.blob) for layer in busybox.layers]


def test_registry_with_tls_wants_a_password(run, registry_tls, busybox, tmp_path):
    reference = registry_tls.push(busybox, "private/busybox:1")
    (tmp_path / "ca.crt").write_bytes(registry_tls.ca_file.read_bytes())
    inspect = ["skopeo", "inspect", "--cert-dir", str(tmp_path)]
    assert run(*inspect, f"docker://{reference}", check=False).returncode != 0
    shown = run(*inspect, "--creds", "lab:secret", f"docker://{reference}").stdout
    assert json.loads(shown)["Digest"] == busybox.digest


def test_registry_with_tokens(run, registry_token, busybox):
    inspect = ["skopeo", "inspect", "--tls-verify=false"]
    public = registry_token.push(busybox, "public/busybox:1")
    private = registry_token.push(busybox, "private/busybox:1")
    assert json.loads(run(*inspect, f"docker://{public}").stdout)["Digest"] == busybox.digest
    assert run(*inspect, f"docker://{private}", check=False).returncode != 0
    run(*inspect, "--creds", "lab:secret", f"docker://{private}")
    assert ("lab", ["repository:private/busybox:pull"]) in registry_token.tokens.requests


@pytest.mark.parametrize("flavour", ["oci", "docker"])
def test_layers_are_understood_by_others(run, registry, tmp_path, flavour):
    """skopeo and umoci read what ociwriter writes; zstd is beyond umoci."""
    image = images.layered_image(flavour=flavour, compressions=("gzip",))
    reference = registry.push(image, f"layered-{flavour}:1")
    run("skopeo", "copy", "-q", "--src-tls-verify=false", f"docker://{reference}", f"oci:{tmp_path}/layout:latest")
    run("umoci", "unpack", "--image", f"{tmp_path}/layout:latest", f"{tmp_path}/bundle")
    root = tmp_path / "bundle" / "rootfs"
    assert (root / "data/kept").read_text() == "kept"
    assert (root / "data/kept").stat().st_nlink == 2
    assert (root / "data/replaced").read_text() == "new"
    assert not (root / "data/removed").exists()
    assert not (root / "data/removed-dir").exists()
    assert (root / "data/turned/inside").exists()
    assert (root / "data/plain").is_file()
    assert sorted(os.listdir(root / "opaque")) == ["fresh"]
    assert os.getxattr(root / "attrs/user", "user.creel") == b"value"
    assert (root / "owned").stat().st_uid == 1000
    assert (root / "names/zażółć").exists()
    assert "cap_net_raw" in run("getcap", str(root / "attrs/capable")).stdout


def test_index_offers_platforms(run, registry):
    amd64 = Image([Layer().file("arch", "amd64")])
    arm64 = Image([Layer().file("arch", "arm64")], architecture="arm64", variant="v8")
    reference = registry.push(Index([amd64, arm64]), "platforms:1")
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{reference}").stdout
    assert [m["platform"]["architecture"] for m in json.loads(raw)["manifests"]] == ["amd64", "arm64"]


def test_zstd_layers_reach_the_registry(run, registry):
    layer = Layer("zstd").file("x", b"y" * 1000)
    reference = registry.push(Image([layer]), "zstd:1")
    shown = json.loads(run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{reference}").stdout)
    assert shown["layers"][0]["mediaType"].endswith("+zstd")
    stored = registry.blob_file(ociwriter.sha256(layer.blob)).read_bytes()
    assert subprocess.run(["zstd", "-dc"], input=stored, capture_output=True, check=True).stdout == layer.tar


def test_busybox_image_runs_under_crun(run, busybox, tmp_path):
    """The image is a working root filesystem: another runtime runs it."""
    busybox.write_layout(tmp_path / "layout")
    run("umoci", "unpack", "--image", f"{tmp_path}/layout:latest", f"{tmp_path}/bundle")
    config = json.loads((tmp_path / "bundle/config.json").read_text())
    config["process"]["args"] = ["sh", "-c", "id -un; exit 3"]
    config["process"]["terminal"] = False
    # The lab has no pids, memory and cpu controllers, and hard limits cannot be raised.
    config["linux"].pop("resources", None)
    config["process"].pop("rlimits", None)
    (tmp_path / "bundle/config.json").write_text(json.dumps(config))
    done = run("crun", "run", "--bundle", str(tmp_path / "bundle"), "lab-test", check=False)
    assert (done.returncode, done.stdout.strip()) == (3, "root"), done.stderr
