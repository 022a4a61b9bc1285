# SPDX-License-Identifier: LGPL-2.1-or-later
"""linux.devices, the devices and links that every container has, and the many ways to have a /dev."""

import os
import stat
from pathlib import Path

import pytest

from oci import IS_CREEL

DEFAULTS = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
         "ptmx": "pts/ptmx"}  # fmt: skip
FORMAT = "%F %t:%T %a %u:%g"


def device(path, kind="c", major=10, minor=200, **rest):
    return {"path": path, "type": kind, **({} if kind == "p" else {"major": major, "minor": minor}), **rest}


def allow_all(bundle):
    bundle.linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}


def without_dev(bundle):
    bundle.config["mounts"] = [each for each in bundle.config["mounts"] if not each["destination"].startswith("/dev")]


def listing(oci, bundle, *paths):
    bundle.process["args"] = ["stat", "-c", FORMAT, *paths]
    return oci.run(bundle).stdout.splitlines()


@pytest.mark.parametrize("userns", [False, True])
def test_defaults(oci, userns):
    bundle = oci.bundle()
    if userns:
        bundle.map_users()
    found = listing(oci, bundle, *(f"/dev/{name}" for name in DEFAULTS))
    assert found == [f"character special file {major:x}:{minor:x} 666 0:0" for major, minor in DEFAULTS.values()]
    bundle.process["args"] = ["sh", "-c", "; ".join(f"readlink /dev/{name}" for name in LINKS)]
    assert oci.run(bundle).stdout.splitlines() == list(LINKS.values())
    bundle.process["args"] = ["sh", "-c", "echo x >/dev/null; head -c 3 /dev/zero | wc -c; echo x >/dev/full"]
    done = oci.run(bundle, check=False)
    assert done.stdout == "3\n" and "No space left on device" in done.stderr


@pytest.mark.parametrize("userns", [False, True])
def test_additional(oci, userns):
    bundle = oci.bundle()
    if userns:
        bundle.map_users()
    bundle.linux["devices"] = [
        device("/dev/net/tun", fileMode=0o20640, uid=3, gid=4),  # some write the kind, too
        device("/dev/block", "b", 1, 5, fileMode=0o157, uid=10, gid=11),
        device("/dev/unbuffered", "u", 1, 9),
        device("/dev/pipe", "p", fileMode=0o660, uid=1, gid=2),
        device("/dev/tty", "c", 5, 0),
    ]
    os.umask(0o077)
    try:
        found = listing(oci, bundle, "/dev/net/tun", "/dev/block", "/dev/unbuffered", "/dev/pipe", "/dev/tty")
    finally:
        os.umask(0o022)
    assert found == [
        "character special file a:c8 640 3:4",
        "block special file 1:5 157 10:11",
        "character special file 1:9 666 0:0",
        "fifo 0:0 660 1:2",
        "character special file 5:0 666 0:0",
    ]


def test_elsewhere(oci):
    bundle = oci.bundle()
    bundle.mount("/data", "tmpfs", "tmpfs")
    bundle.linux["devices"] = [
        device("/foo-dev", "b", 10, 229, fileMode=0o600, uid=5, gid=6),
        device("/sub/dir/foo-dev", "b", 10, 229),
        device("/data/in-memory", fileMode=0o644),
        device("/trailing/"),
        device("/a/../up//here"),
    ]
    found = listing(oci, bundle, "/foo-dev", "/sub/dir/foo-dev", "/data/in-memory", "/trailing", "/up/here")
    assert found[0] == "block special file a:e5 600 5:6"
    assert found[2] == "character special file a:c8 644 0:0"
    assert [line.split()[-1] for line in found[1:]] == ["0:0"] * 4
    assert stat.S_ISBLK(os.lstat(bundle.rootfs / "sub/dir/foo-dev").st_mode)


def test_what_is_there_stays(oci):
    bundle = oci.bundle("cat", "/there")
    (bundle.rootfs / "there").write_text("file\n")
    bundle.linux["devices"] = [device("/there")]
    assert oci.run(bundle).stdout == "file\n"


def test_the_root_is_no_device(oci):
    bundle = oci.bundle("true")
    bundle.linux["devices"] = [device("/dev/..")]
    oci.create_refused(bundle)


def test_links_do_not_lead_out(oci):
    outside = oci.directory / "outside"
    outside.mkdir()
    bundle = oci.bundle("true")
    (bundle.rootfs / "out").symlink_to(outside)
    bundle.linux["devices"] = [device("/out/made")]
    oci.run(bundle, check=False)
    assert not list(outside.iterdir())


def test_allowed_device_works(oci):
    bundle = oci.bundle("sh", "-c", "head -c 5 /dev/mine | wc -c")
    bundle.linux["devices"] = [device("/dev/mine", "c", 1, 5)]
    allow_all(bundle)
    assert oci.run(bundle).stdout == "5\n"


# Other ways to have a /dev


@pytest.mark.parametrize("userns", [False, True])
def test_dev_of_the_image(oci, userns):
    """None is mounted: what has to be there is made, beside what the image has."""
    bundle = oci.bundle()
    without_dev(bundle)
    (bundle.rootfs / "dev").mkdir(exist_ok=True)
    (bundle.rootfs / "dev/own").write_text("")
    (bundle.rootfs / "dev/ptmx").write_text("")
    if userns:
        bundle.map_users()
    found = listing(oci, bundle, *(f"/dev/{name}" for name in DEFAULTS))
    assert [line.split()[3] for line in found] == [f"{major:x}:{minor:x}" for major, minor in DEFAULTS.values()]
    assert (bundle.rootfs / "dev/own").exists()
    assert os.readlink(bundle.rootfs / "dev/ptmx") == "pts/ptmx"
    assert os.readlink(bundle.rootfs / "dev/stdin") == "/proc/self/fd/0"
    again = listing(oci, bundle, "/dev/null")
    assert again[0].startswith("character special file 1:3")


def test_dev_of_the_host(oci):
    """Nothing is made in it, and nothing of it is changed."""
    before = sorted(os.listdir("/dev"))
    bundle = oci.bundle("ls", "/dev")
    without_dev(bundle)
    bundle.mount("/dev", "bind", "/dev", ["rbind", "rprivate"])
    bundle.linux["devices"] = [device("/dev/made-by-a-test")]
    names = oci.run(bundle).stdout.split()
    assert "made-by-a-test" not in names and "null" in names
    assert sorted(os.listdir("/dev")) == before


def test_read_only_dev(oci):
    bundle = oci.bundle("sh", "-c", "touch /dev/x; echo x >/dev/null && touch /dev/shm/x && echo fine")
    next(each for each in bundle.config["mounts"] if each["destination"] == "/dev")["options"].append("ro")
    done = oci.run(bundle)
    assert done.stdout == "fine\n" and "Read-only file system" in done.stderr


def test_bound_device(oci):
    """As rootless engines do it: the host's node, as a mount."""
    bundle = oci.bundle("sh", "-c", "head -c 5 /dev/mine | wc -c")
    bundle.mount("/dev/mine", "bind", "/dev/zero", ["bind"])
    allow_all(bundle)
    assert oci.run(bundle).stdout == "5\n"


# Where no devices can be made


def test_user_namespace_binds_the_hosts_node(oci):
    path = oci.directory / "node"
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    bundle = oci.bundle("stat", "-c", "%F %t:%T", path)
    bundle.map_users()
    bundle.linux["devices"] = [device(str(path), "c", 1, 5)]
    assert oci.run(bundle).stdout == "character special file 1:5\n"


def test_user_namespace_without_such_a_node(oci):
    path = oci.directory / "node"
    bundle = oci.bundle("true")
    bundle.map_users()
    bundle.linux["devices"] = [device(str(path), "c", 1, 5)]
    message = oci.create_refused(bundle, say="the host has no such one")
    assert str(path) in message
    # another device, or no device at all, does not stand in for it
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    oci.create_refused(bundle, say="the host has no such one")
    path.unlink()
    path.write_text("")
    oci.create_refused(bundle, say="the host has no such one")


@pytest.mark.parametrize("bad", [{"type": "x"}, {"path": "dev/relative"}, {"type": None}, {"major": "one"}])
def test_bad_devices(oci, bad):
    bundle = oci.bundle("true")
    bundle.linux["devices"] = [{**device("/dev/x"), **bad}]
    if not IS_CREEL:
        pytest.xfail("others are lenient")
    oci.create_refused(bundle, say="linux.devices[0]")


def test_nothing_is_left_in_the_root(oci):
    """A /dev in memory leaves no nodes behind."""
    bundle = oci.bundle("true")
    bundle.linux["devices"] = [device("/dev/net/tun")]
    oci.run(bundle)
    dev = Path(bundle.rootfs / "dev")
    assert not dev.exists() or not list(dev.iterdir())
