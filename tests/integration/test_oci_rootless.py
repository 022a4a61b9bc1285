# SPDX-License-Identifier: LGPL-2.1-or-later
"""The OCI runtime without privileges: called by a plain user, and by the root of a user namespace, as rootless podman does."""

import os
import subprocess
from pathlib import Path

import pytest

import oci as fixtures
from oci import Oci

UID = 3210
SUBIDS = 700000
RUNTIME_DIRECTORY = Path(f"/run/user/{UID}")


class RootlessOci(Oci):
    """The runtime as a user; what was made for it is that user's."""

    wrapper = ()
    adopted = False  # everything has its owner already

    def argv(self, *words):
        return [*self.wrapper, *super().argv(*words)]

    def call(self, *words, **kw):
        if not self.adopted:
            subprocess.run(["chown", "-hR", f"{UID}:{UID}", self.directory], check=True)
        environment = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(RUNTIME_DIRECTORY)}
        return super().call(*words, **{"user": UID, "group": UID, "extra_groups": [], "env": environment, **kw})


class NamespacedOci(RootlessOci):
    """As root of a user namespace that somebody else made."""

    wrapper = ("unshare", "--user", "--mount", "--map-root-user")


def runtime_for(kind):
    RUNTIME_DIRECTORY.mkdir(parents=True, exist_ok=True)
    os.chown(RUNTIME_DIRECTORY, UID, UID)
    with fixtures.private_runtime() as plain:
        made = kind(plain.directory)
        try:
            yield made
        finally:
            plain.containers, plain.root = made.containers, made.root


@pytest.fixture
def rootless():
    yield from runtime_for(RootlessOci)


@pytest.fixture
def namespaced():
    yield from runtime_for(NamespacedOci)


def adapt(bundle, *, userns=True):
    """What `spec --rootless` changes."""
    for kind in ("network", "cgroup"):
        bundle.without(kind)
    if userns:
        bundle.namespace("user")
        for name in ("uidMappings", "gidMappings"):
            bundle.linux[name] = [{"containerID": 0, "hostID": UID, "size": 1}]
    bundle.linux.pop("resources")
    bundle.config["mounts"] = [each for each in bundle.config["mounts"] if each["destination"] != "/sys/fs/cgroup"]
    for mount in bundle.config["mounts"]:
        mount["options"] = [each for each in mount.get("options", []) if each != "gid=5"]
        if mount["destination"] == "/sys":
            mount.update({"type": "none", "source": "/sys", "options": ["rbind", "nosuid", "noexec", "nodev", "ro"]})
    return bundle


def test_as_spec_says(rootless):
    bundle = adapt(rootless.bundle("sh", "-c", "id -u; stat -c %u:%g /; cat /proc/self/uid_map; touch /made; hostname"))
    lines = rootless.run(bundle).stdout.splitlines()
    assert lines[:2] == ["0", "0:0"] and lines[2].split() == ["0", str(UID), "1"] and lines[3] == "bundle"
    assert os.stat(bundle.rootfs / "made").st_uid == UID


def test_devices_are_the_hosts(rootless):
    names = ("null", "zero", "full", "random", "urandom", "tty")
    bundle = adapt(rootless.bundle("stat", "-c", "%F %a", *(f"/dev/{name}" for name in names)))
    assert rootless.run(bundle).stdout.splitlines() == ["character special file 666"] * len(names)
    bundle = adapt(rootless.bundle("sh", "-c", "echo x >/dev/null; head -c 3 /dev/zero | wc -c"))
    assert rootless.run(bundle).stdout == "3\n"


def test_devices_of_the_document(rootless):
    bundle = adapt(rootless.bundle("sh", "-c", "head -c 3 /dev/more/zero | wc -c"))
    bundle.linux["devices"] = [{"path": "/dev/more/zero", "type": "c", "major": 1, "minor": 5}]
    rootless.create_refused(bundle, say="/dev/more/zero")
    bundle = adapt(rootless.bundle("sh", "-c", "head -c 3 /dev/zero | wc -c; [ -p /dev/pipe ] && echo pipe"))
    bundle.linux["devices"] = [
        {"path": "/dev/zero", "type": "c", "major": 1, "minor": 5},
        {"path": "/dev/pipe", "type": "p"},
    ]
    assert rootless.run(bundle).stdout == "3\npipe\n"


def test_network_of_ones_own(rootless):
    """Then its /sys can be had as well."""
    bundle = adapt(rootless.bundle("sh", "-c", "ls /sys/class/net; cat /proc/self/mountinfo"))
    bundle.namespace("network")
    for mount in bundle.config["mounts"]:
        if mount["destination"] == "/sys":
            mount.update({"type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]})
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    lines = rootless.run(bundle).stdout.splitlines()
    assert lines[0] == "lo"


def test_sysfs_of_the_host_is_bound(rootless):
    bundle = adapt(rootless.bundle("cat", "/proc/self/mountinfo"))
    for mount in bundle.config["mounts"]:
        if mount["destination"] == "/sys":
            mount.update({"type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]})
    lines = [line.split() for line in rootless.run(bundle).stdout.splitlines()]
    assert all(line[5].startswith("ro") for line in lines if line[4].startswith("/sys"))
    assert [line for line in lines if line[4] == "/sys"]


def test_without_a_word_of_users(rootless):
    """A document that asks for no user namespace gets one all the same."""
    bundle = adapt(rootless.bundle("sh", "-c", "id -u; cat /proc/self/uid_map"), userns=False)
    lines = rootless.run(bundle).stdout.split()
    assert lines == ["0", "0", str(UID), "1"]


def test_masks_and_read_only_paths(rootless):
    bundle = adapt(rootless.bundle("sh", "-c", "cat /proc/version /hidden; echo 1 >/proc/sys/kernel/domainname; true"))
    (bundle.rootfs / "hidden").write_text("secret")
    bundle.linux["maskedPaths"] = ["/proc/version", "/hidden", "/proc/acpi"]
    done = rootless.run(bundle)
    assert done.stdout == "" and "Read-only file system" in done.stderr


def test_read_only_root_and_binds(rootless):
    bundle = adapt(rootless.bundle("sh", "-c", "touch /x; touch /data/x; cat /data/file; mkdir /tmp/fine && echo fine"))
    source = bundle.path / "source"
    source.mkdir()
    (source / "file").write_text("content\n")
    bundle.mount("/data", "bind", source, ["rbind", "ro"])
    bundle.mount("/tmp", "tmpfs", "tmpfs", ["size=1m", "mode=1777"])
    bundle.config["root"]["readonly"] = True
    done = rootless.run(bundle)
    assert done.stdout == "content\nfine\n" and done.stderr.count("Read-only file system") == 2


def test_flags_of_the_host_stay(rootless):
    """A mount that the host restricts cannot be freed, and is no reason to fail."""
    place = Path("/var/tmp") / f"locked-{os.getpid()}"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nosuid,nodev,noexec,mode=777", "tmpfs", place], check=True)
    try:
        bundle = adapt(rootless.bundle("grep", " /data ", "/proc/self/mountinfo"))
        bundle.mount("/data", "bind", place, ["rbind", "rw", "dev", "suid", "exec"])
        options = rootless.run(bundle).stdout.split()[5].split(",")
        assert {"nosuid", "nodev", "noexec"} <= set(options)
    finally:
        subprocess.run(["umount", "-l", place], check=True)
        place.rmdir()


def test_life(rootless):
    bundle = adapt(rootless.bundle("sleep", "1000"))
    container = rootless.create(bundle)
    assert container.status == "created"
    container.start()
    assert container.status == "running"
    container.kill("KILL")
    container.wait()
    assert container.status == "stopped"
    container.delete()


def test_user_of_no_mapping(rootless):
    bundle = adapt(rootless.bundle("true", user={"uid": 7, "gid": 7}))
    rootless.create_refused(bundle, say="user 7")


def test_ids_of_others_are_refused(rootless):
    bundle = adapt(rootless.bundle("true"))
    bundle.linux["uidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]
    rootless.create_refused(bundle, say="newuidmap")


@pytest.fixture
def subordinate_ids():
    """The user's ranges in /etc/subuid and /etc/subgid."""
    files = [Path("/etc/subuid"), Path("/etc/subgid")]
    before = [path.read_text() if path.exists() else None for path in files]
    passwd = Path("/etc/passwd").read_text()
    name = f"rootless{UID}"
    with open("/etc/passwd", "a") as out:
        out.write(f"{name}:x:{UID}:{UID}::/:/bin/sh\n")
    for path, text in zip(files, before):
        path.write_text((text or "") + f"{name}:{SUBIDS}:65536\n")
    yield
    Path("/etc/passwd").write_text(passwd)
    for path, text in zip(files, before):
        path.write_text(text or "")


def test_more_ids_by_newuidmap(rootless, subordinate_ids):
    bundle = adapt(rootless.bundle("sh", "-c", "cat /proc/self/uid_map; id; touch /made"))
    for name in ("uidMappings", "gidMappings"):
        bundle.linux[name] = [
            {"containerID": 0, "hostID": UID, "size": 1},
            {"containerID": 1, "hostID": SUBIDS, "size": 65536},
        ]
    bundle.rootfs.chmod(0o777)
    bundle.process["user"] = {"uid": 5, "gid": 6, "additionalGids": [7, 8]}
    lines = rootless.run(bundle).stdout.splitlines()
    assert [line.split() for line in lines[:2]] == [["0", str(UID), "1"], ["1", str(SUBIDS), "65536"]]
    assert "uid=5 gid=6 groups=6,7,8" in lines[2] or "groups=7,8" in lines[2]
    assert os.stat(bundle.rootfs / "made").st_uid == SUBIDS + 4


def test_groups_that_are_kept(rootless):
    """As `podman run --group-add keep-groups` asks."""
    bundle = adapt(rootless.bundle("sh", "-c", "cat /shared/secret"))
    shared = bundle.path / "shared"
    shared.mkdir()
    (shared / "secret").write_text("for the group\n")
    bundle.mount("/shared", "bind", shared, ["rbind"])
    bundle.config["annotations"] = {"run.oci.keep_original_groups": "1"}
    subprocess.run(["chown", "-hR", f"{UID}:{UID}", rootless.directory], check=True)
    os.chown(shared / "secret", 0, 5432)
    (shared / "secret").chmod(0o640)
    rootless.adopted = True
    assert rootless.run(bundle, extra_groups=[5432]).stdout == "for the group\n"


# As root of a user namespace


def test_inside_a_user_namespace(namespaced):
    bundle = adapt(namespaced.bundle("sh", "-c", "id -u; echo x >/dev/null; stat -c %F /dev/zero; touch /made"), userns=False)
    assert namespaced.run(bundle).stdout == "0\ncharacter special file\n"
    assert os.stat(bundle.rootfs / "made").st_uid == UID


def test_cgroups_inside_a_user_namespace(namespaced):
    """Its own where it has a namespace for them, else what the host shows."""
    for own in (True, False):
        bundle = adapt(namespaced.bundle("cat", "/proc/self/mountinfo"), userns=False)
        if own:
            bundle.namespace("cgroup")
        bundle.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"])
        lines = [line.split() for line in namespaced.run(bundle).stdout.splitlines()]
        last = [line for line in lines if line[4] == "/sys/fs/cgroup"][-1]
        assert last[5].startswith("ro")


def test_another_user_namespace_inside(namespaced):
    bundle = adapt(namespaced.bundle("sh", "-c", "id -u; cat /proc/self/uid_map; stat -c %F /dev/zero"), userns=False)
    bundle.namespace("user")
    for name in ("uidMappings", "gidMappings"):
        bundle.linux[name] = [{"containerID": 0, "hostID": 0, "size": 1}]
    out = namespaced.run(bundle).stdout.split()
    assert out == ["0", "0", "0", "1", "character", "special", "file"]
