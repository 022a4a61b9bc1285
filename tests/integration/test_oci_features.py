# SPDX-License-Identifier: LGPL-2.1-or-later
"""`features` says what documents may ask for: nothing that it lists is refused."""

import json
import re
from pathlib import Path

import pytest

from oci import IS_CREEL, oci  # noqa: F401

pytestmark = pytest.mark.skipif(not IS_CREEL, reason="what our own runtime says about itself")


@pytest.fixture
def features(oci):
    return json.loads(oci.call("features").stdout)


def test_shape(features):
    assert features["ociVersionMin"] == "1.0.0" and features["ociVersionMax"] == "1.2.0"
    assert features["hooks"] == ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]
    linux = features["linux"]
    assert sorted(linux["namespaces"]) == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
    assert linux["cgroup"] == {"v1": False, "v2": True, "systemd": True, "systemdUser": True, "rdma": True}
    assert linux["intelRdt"] == {"enabled": False} and linux["apparmor"] == {"enabled": True}
    assert linux["mountExtensions"] == {"idmap": {"enabled": True}}
    assert re.fullmatch(r"2\.\d+\.\d+", features["annotations"]["io.github.seccomp.libseccomp.version"])
    assert set(linux["seccomp"]["supportedFlags"]) == set(linux["seccomp"]["knownFlags"])


def test_needs_no_state_and_takes_no_operand(oci):
    oci.call("features")
    assert not Path(oci.root).exists()
    assert "operand" in oci.refused("features", "x")


@pytest.mark.parametrize("key", ["ociVersionMin", "ociVersionMax"])
def test_versions_are_taken(oci, features, key):
    bundle = oci.bundle("true")
    bundle.config["ociVersion"] = features[key]
    oci.run(bundle)


def test_every_mount_option_is_taken(oci, features):
    """Of those that exclude each other, some together."""
    clash = {"bind", "rbind", "idmap", "ridmap"}
    words = [word for word in features["mountOptions"] if word not in clash]
    bundle = oci.bundle("true")
    for i, word in enumerate(words):
        # Not every kernel has mandatory locks.
        if word not in ("mand", "rmand"):
            bundle.mount(f"/tmp/{i}", "tmpfs", "tmpfs", [word])
    oci.run(bundle)


def test_every_capability_is_taken(oci, features):
    bundle = oci.bundle("true")
    bundle.process["capabilities"] = {"bounding": features["linux"]["capabilities"]}
    assert "unknown" not in oci.run(bundle).stderr.lower()


def test_every_word_of_seccomp_is_taken(oci, features):
    words = features["linux"]["seccomp"]
    for action in words["actions"]:
        bundle = oci.bundle("true")
        rules = [{"names": ["quotactl"], "action": action}]
        rules += [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": op}]} for op in words["operators"]]
        bundle.linux["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "architectures": words["archs"] if action == "SCMP_ACT_LOG" else [],
            "flags": words["supportedFlags"],
            "syscalls": rules,
        }
        if action == "SCMP_ACT_NOTIFY":
            assert "listenerPath" in oci.create_refused(bundle)
        else:
            oci.run(bundle)


@pytest.mark.parametrize("kind", ["time", "user"])
def test_namespaces_are_taken(oci, features, kind):
    assert kind in features["linux"]["namespaces"]
    bundle = oci.bundle("readlink", f"/proc/self/ns/{kind}")
    if kind == "user":
        bundle.map_users()
    else:
        bundle.namespace(kind)
    assert oci.run(bundle).stdout.startswith(f"{kind}:[")
