# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree of a container under the OCI runtime: its root, mounts of every kind, hidden and protected paths, sysctls."""

import contextlib
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from oci import IS_CREEL, ConsoleSocket

ATTRIBUTES = ("ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime")


class Line:
    """A line of /proc/self/mountinfo."""

    def __init__(self, text):
        left, _, right = text.partition(" - ")
        fields = left.split()
        self.root, self.place = fields[3], fields[4]
        self.options = fields[5].split(",")
        self.propagation = [word.split(":")[0] for word in fields[6:]]
        self.type, self.source, super_options = (right.split() + [""])[:3]
        self.super_options = super_options.split(",")


def mountinfo(text):
    return [Line(line) for line in text.splitlines() if " - " in line]


def mounts_of(oci, bundle):
    """{place: the topmost mount there}"""
    bundle.process["args"] = ["cat", "/proc/self/mountinfo"]
    return {line.place: line for line in mountinfo(oci.run(bundle).stdout)}


@contextlib.contextmanager
def mounted(*words):
    """mount(8) with these arguments, the place last."""
    subprocess.run(["mount", *map(str, words)], check=True)
    try:
        yield Path(words[-1])
    finally:
        subprocess.run(["umount", "-R", "-l", str(words[-1])], check=True)


@pytest.fixture
def source(oci):
    directory = oci.directory / "source"
    directory.mkdir()
    (directory / "file").write_text("content\n")
    return directory


# The root


def test_root_is_taken_as_it_is(oci):
    bundle = oci.bundle("stat", "-c", "%u:%g %a", "/", "/etc/own")
    (bundle.rootfs / "etc").mkdir(exist_ok=True)
    (bundle.rootfs / "etc/own").write_text("")
    os.chown(bundle.rootfs, 12, 34)
    os.chown(bundle.rootfs / "etc/own", 56, 78)
    (bundle.rootfs / "etc/own").chmod(0o640)
    bundle.rootfs.chmod(0o751)
    assert oci.run(bundle).stdout == "12:34 751\n56:78 640\n"


def test_root_of_a_user_namespace_keeps_its_owners(oci):
    bundle = oci.bundle("stat", "-c", "%u:%g", "/")
    bundle.map_users()
    assert oci.run(bundle).stdout == "0:0\n"
    bundle = oci.bundle("stat", "-c", "%u:%g", "/bin")
    bundle.map_users()
    os.chown(bundle.rootfs / "bin", 0, 0)
    assert oci.run(bundle).stdout == "65534:65534\n"


def test_read_only_root(oci):
    bundle = oci.bundle("sh", "-c", "touch /x 2>&1; touch /data/x /tmp/x && echo written")
    bundle.config["root"]["readonly"] = True
    bundle.mount("/data", "tmpfs", "tmpfs")
    bundle.mount("/tmp", "tmpfs", "tmpfs")
    assert re.search(r"Read-only file system\nwritten\n", oci.run(bundle).stdout)


def test_what_is_mounted_in_the_root_comes_along(oci):
    bundle = oci.bundle("cat", "/sub/mark")
    (bundle.rootfs / "sub").mkdir()
    with mounted("-t", "tmpfs", "tmpfs", bundle.rootfs / "sub") as sub:
        (sub / "mark").write_text("beneath\n")
        assert oci.run(bundle).stdout == "beneath\n"


def test_root_that_is_a_mount(oci):
    bundle = oci.bundle("sh", "-c", "echo made >/made")
    with mounted("--bind", bundle.rootfs, bundle.rootfs):
        oci.run(bundle)
        assert (bundle.rootfs / "made").read_text() == "made\n"


def test_nothing_of_the_host_is_left(oci):
    bundle = oci.bundle("sh", "-c", "cat /proc/self/mountinfo; ls -a /")
    out = oci.run(bundle).stdout
    assert not [line for line in mountinfo(out) if line.place.startswith("/work") or line.place == "/run"]
    assert len([line for line in mountinfo(out) if line.place == "/"]) == 1


def test_no_pivot(oci):
    bundle = oci.bundle("sh", "-c", "cat /mark; ls /; cat /proc/self/mountinfo >/dev/null && echo fine")
    (bundle.rootfs / "mark").write_text("here\n")
    out = oci.run(bundle, "--no-pivot").stdout.splitlines()
    assert out[0] == "here" and out[-1] == "fine" and "src" not in out


@pytest.mark.parametrize(("word", "expect"), [(None, []), ("private", []), ("rprivate", []), ("shared", ["shared"]),
                                              ("unbindable", ["unbindable"])])  # fmt: skip
def test_root_propagation(oci, word, expect):
    bundle = oci.bundle()
    if word:
        bundle.linux["rootfsPropagation"] = word
    assert mounts_of(oci, bundle)["/"].propagation == expect


@pytest.mark.parametrize("word", ["slave", "rslave"])
def test_slave_root_follows_the_host(oci, word):
    bundle = oci.bundle("sh", "-c", "until [ -e /sub/mark ]; do sleep 0.02; done; echo seen")
    bundle.linux["rootfsPropagation"] = word
    (bundle.rootfs / "sub").mkdir()
    with mounted("--bind", bundle.rootfs, bundle.rootfs):
        subprocess.run(["mount", "--make-shared", bundle.rootfs], check=True)
        container = oci.start(bundle)
        with mounted("-t", "tmpfs", "tmpfs", bundle.rootfs / "sub") as sub:
            (sub / "mark").write_text("")
            container.wait()
        assert container.output == "seen\n"


def test_private_root_does_not_follow(oci):
    bundle = oci.bundle("sleep", "1000")
    (bundle.rootfs / "sub").mkdir()
    with mounted("--bind", bundle.rootfs, bundle.rootfs):
        subprocess.run(["mount", "--make-shared", bundle.rootfs], check=True)
        container = oci.start(bundle)
        with mounted("-t", "tmpfs", "tmpfs", bundle.rootfs / "sub"):
            text = Path(f"/proc/{container.pid}/mountinfo").read_text()
        assert "/sub" not in {line.place for line in mountinfo(text)}


# Bind mounts


@pytest.mark.parametrize(("kind", "options"), [("bind", []), ("bind", ["bind"]), (None, ["bind"]), ("none", ["rbind"]),
                                               ("bind", ["rbind", "rprivate"])])  # fmt: skip
def test_bind(oci, source, kind, options):
    bundle = oci.bundle("cat", "/data/file")
    bundle.mount("/data", kind, source, options)
    assert oci.run(bundle).stdout == "content\n"


def test_relative_source_is_of_the_bundle(oci):
    bundle = oci.bundle("cat", "/data/mark")
    (bundle.path / "beside").mkdir()
    (bundle.path / "beside/mark").write_text("beside\n")
    bundle.mount("/data", "bind", "beside", ["bind"])
    assert oci.run(bundle).stdout == "beside\n"


def test_bind_of_a_file_makes_the_place(oci, source):
    bundle = oci.bundle("cat", "/no/such/place")
    bundle.mount("/no/such/place", "bind", source / "file", ["bind", "ro"])
    assert oci.run(bundle).stdout == "content\n"


def test_bind_of_fifo_and_socket(oci, source):
    os.mkfifo(source / "fifo")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(source / "socket"))
        for options in (["bind"], ["bind", "ro"], ["bind", "rro"]):
            bundle = oci.bundle("sh", "-c", "[ -p /fifo ] && [ -S /socket ] && echo both")
            bundle.mount("/fifo", "bind", source / "fifo", options)
            bundle.mount("/socket", "bind", source / "socket", options)
            assert oci.run(bundle).stdout == "both\n"


def test_missing_source(oci, source):
    bundle = oci.bundle("true")
    bundle.mount("/data", "bind", source / "missing", ["bind"])
    oci.create_refused(bundle, say="missing")


def test_directory_on_a_file(oci, source):
    bundle = oci.bundle("true")
    (bundle.rootfs / "file").write_text("")
    bundle.mount("/file", "bind", source, ["bind"])
    oci.create_refused(bundle, say="/file")


def test_order_of_the_document_counts(oci, source):
    bundle = oci.bundle("sh", "-c", "ls /a /a/b")
    (source / "b").mkdir()
    (source / "b/hidden").write_text("")
    other = oci.directory / "other"
    other.mkdir()
    (other / "seen").write_text("")
    bundle.mount("/a", "bind", source, ["bind"])
    bundle.mount("/a/b", "bind", other, ["bind"])
    assert oci.run(bundle).stdout == "/a:\nb\nfile\n\n/a/b:\nseen\n"
    bundle.config["mounts"][-2:] = reversed(bundle.config["mounts"][-2:])
    assert oci.run(bundle).stdout == "/a:\nb\nfile\n\n/a/b:\nhidden\n"


@pytest.mark.parametrize("recursive", [False, True])
def test_recursion(oci, source, recursive):
    bundle = oci.bundle("sh", "-c", "ls /data/sub")
    (source / "sub").mkdir()
    with mounted("-t", "tmpfs", "tmpfs", source / "sub") as sub:
        (sub / "deep").write_text("")
        bundle.mount("/data", "bind", source, ["rbind" if recursive else "bind"])
        assert oci.run(bundle).stdout == ("deep\n" if recursive else "")


@pytest.mark.parametrize("userns", [False, True])
@pytest.mark.parametrize("word", ATTRIBUTES)
def test_attributes(oci, source, word, userns):
    bundle = oci.bundle()
    if userns:
        bundle.map_users()
    bundle.mount("/bound", "bind", source, ["bind", word])
    bundle.mount("/fresh", "tmpfs", "tmpfs", [word])
    bundle.mount("/one", "bind", source / "file", ["bind", word])
    found = mounts_of(oci, bundle)
    for place in ("/bound", "/fresh", "/one"):
        assert word in found[place].options, place


@pytest.mark.parametrize(("word", "without"), [("exec", "noexec"), ("suid", "nosuid"), ("dev", "nodev"), ("rw", "ro")])
def test_attributes_are_taken_away(oci, source, word, without):
    bundle = oci.bundle()
    with mounted("--bind", source, source):
        subprocess.run(["mount", "-o", f"remount,bind,{without}", source], check=True)
        bundle.mount("/bound", "bind", source, ["bind", word])
        bundle.mount("/kept", "bind", source, ["bind"])
        found = mounts_of(oci, bundle)
    assert without not in found["/bound"].options
    assert without in found["/kept"].options


def test_recursive_attributes(oci, source):
    bundle = oci.bundle()
    (source / "sub").mkdir()
    with mounted("-t", "tmpfs", "tmpfs", source / "sub"):
        bundle.mount("/plain", "bind", source, ["rbind", "ro", "nosuid"])
        bundle.mount("/deep", "bind", source, ["rbind", "rro", "rnosuid", "rnodev", "rnoexec"])
        bundle.mount("/mixed", "bind", source, ["rbind", "ro", "rrw"])
        found = mounts_of(oci, bundle)
    assert {"ro", "nosuid"} <= set(found["/plain"].options) and "ro" not in found["/plain/sub"].options
    for place in ("/deep", "/deep/sub"):
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(found[place].options)
    assert "ro" not in found["/mixed/sub"].options


@pytest.mark.parametrize("options", [["remount"], ["rprivate", "remount", "async", "loud", "nomand", "diratime"]])
def test_words_that_change_nothing(oci, source, options):
    bundle = oci.bundle("cat", "/data/file")
    bundle.mount("/data", "bind", source, ["bind", *options])
    assert oci.run(bundle).stdout == "content\n"


@pytest.mark.parametrize(("word", "expect"), [("rprivate", []), ("private", []), ("rslave", ["master"]),
                                              ("slave", ["master"]), ("rshared", ["shared"]), ("shared", ["shared"]),
                                              ("unbindable", ["unbindable"])])  # fmt: skip
def test_bind_propagation(oci, source, word, expect):
    bundle = oci.bundle()
    with mounted("--bind", source, source):
        subprocess.run(["mount", "--make-shared", source], check=True)
        bundle.mount("/data", "bind", source, ["rbind", word])
        assert [each for each in mounts_of(oci, bundle)["/data"].propagation if each != "propagate_from"] == expect


def test_shared_bind_is_seen_by_the_host(oci, source):
    """What kubelets mean by Bidirectional."""
    bundle = oci.bundle("sh", "-c", "mount -t tmpfs tmpfs /data/sub && touch /data/sub/mark && exec sleep 1000")
    for kind in ("bounding", "effective", "permitted"):
        bundle.process["capabilities"][kind] = ["CAP_SYS_ADMIN"]
    bundle.linux["rootfsPropagation"] = "shared"
    (source / "sub").mkdir()
    with mounted("--bind", source, source):
        subprocess.run(["mount", "--make-shared", source], check=True)
        bundle.mount("/data", "bind", source, ["rbind", "rshared"])
        container = oci.start(bundle)
        for _ in range(500):
            if (source / "sub/mark").exists():
                break
            subprocess.run(["sleep", "0.02"], check=True)
        assert (source / "sub/mark").exists(), container.output


# Places


@pytest.mark.parametrize(("given", "expect"), [("/test//deep/", "/test/deep"), ("relative/place", "/relative/place"),
                                               ("/a/../b/./c", "/b/c")])  # fmt: skip
def test_places_are_cleaned(oci, source, given, expect):
    bundle = oci.bundle()
    bundle.mount(given, "bind", source, ["bind"])
    assert expect in mounts_of(oci, bundle)


@pytest.mark.parametrize(("link", "destination", "expect"), [
    ("/run", "/var/run/data", "/run/data"),
    ("../run", "/var/run/data", "/run/data"),
    ("../../../../run", "/var/run/data", "/run/data"),
])  # fmt: skip
def test_links_of_the_image_lead_inside(oci, source, link, destination, expect):
    bundle = oci.bundle()
    (bundle.rootfs / "var").mkdir(exist_ok=True)
    (bundle.rootfs / "run").mkdir(exist_ok=True)
    (bundle.rootfs / "var/run").symlink_to(link)
    bundle.mount(destination, "bind", source, ["bind"])
    assert expect in mounts_of(oci, bundle)


def test_link_to_nowhere_is_made(oci, source):
    bundle = oci.bundle()
    (bundle.rootfs / "etc").mkdir(exist_ok=True)
    (bundle.rootfs / "etc/not-there").symlink_to("../foo/bar/not/here")
    bundle.mount("/etc/not-there", "bind", source / "file", ["bind", "ro"])
    assert "/foo/bar/not/here" in mounts_of(oci, bundle)


def test_link_as_the_place_itself(oci, source):
    bundle = oci.bundle("cat", "/link")
    (bundle.rootfs / "link").symlink_to("point-to-nowhere")
    bundle.mount("/link", "bind", source / "file", ["bind", "dest-nofollow"])
    if not IS_CREEL:
        pytest.xfail("newer than what Debian 12 has of others")
    assert oci.run(bundle).stdout == "content\n"
    (source / "link").symlink_to("file")
    bundle = oci.bundle("readlink", "/link")
    (bundle.rootfs / "link").symlink_to("point-to-nowhere")
    bundle.mount("/link", "bind", source / "link", ["bind", "dest-nofollow", "src-nofollow"])
    assert oci.run(bundle).stdout == "file\n"
    assert os.readlink(bundle.rootfs / "link") == "point-to-nowhere"


def test_link_is_copied(oci, source):
    bundle = oci.bundle("readlink", "/a/sym/link")
    (source / "broken").symlink_to("point-to-nowhere")
    bundle.mount("/a/sym/link", "bind", source / "broken", ["rbind", "copy-symlink"])
    if not IS_CREEL:
        pytest.xfail("newer than what Debian 12 has of others")
    assert oci.run(bundle).stdout == "point-to-nowhere\n"


def test_another_root_on_top(oci):
    bundle = oci.bundle("cat", "/mark")
    other = oci.bundle().rootfs
    (other / "mark").write_text("the other one\n")
    bundle.config["mounts"].insert(0, {"destination": "/", "type": "bind", "source": str(other), "options": ["bind"]})
    assert oci.run(bundle).stdout == "the other one\n"


def test_root_in_memory_on_top(oci):
    bundle = oci.bundle("sh", "-c", "cat /mark && echo changed >/mark && cat /mark")
    (bundle.rootfs / "mark").write_text("of the image\n")
    bundle.config["mounts"].insert(
        0, {"destination": "/", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}
    )
    assert oci.run(bundle).stdout == "of the image\nchanged\n"
    assert (bundle.rootfs / "mark").read_text() == "of the image\n"


def test_bind_over_files_of_proc(oci, source):
    """As lxcfs shows a container its limits."""
    bundle = oci.bundle("cat", "/proc/cpuinfo", "/proc/meminfo", "/proc/sys/kernel/osrelease")
    for name in ("cpuinfo", "meminfo", "sys/kernel/osrelease"):
        bundle.mount(f"/proc/{name}", "bind", source / "file", ["bind", "ro"])
    assert oci.run(bundle).stdout == "content\n" * 3


def test_mount_beneath_a_bind_of_sys(oci, source):
    """What watches a host has its /sys somewhere, and more on top of that."""
    bundle = oci.bundle("cat", "/host/sys/kernel/file")
    bundle.mount("/host/sys", "bind", "/sys", ["rbind", "ro"])
    bundle.mount("/host/sys/kernel", "bind", source, ["bind", "ro"])
    assert oci.run(bundle).stdout == "content\n"


def test_many_mounts(oci, source):
    """More than one packet holds."""
    bundle = oci.bundle()
    bundle.process["rlimits"] = []
    for i in range(600):
        bundle.mount(f"/many/{i}", "bind", source, ["bind", "ro"])
    found = mounts_of(oci, bundle)
    assert all(f"/many/{i}" in found for i in range(600))


# File systems


def test_tmpfs_options(oci):
    bundle = oci.bundle("sh", "-c", "stat -c '%a %u %g' /data; grep ' /data ' /proc/self/mountinfo")
    bundle.mount("/data", "tmpfs", "tmpfs", ["size=64k", "mode=1750", "uid=7", "gid=8", "nr_inodes=100"])
    first, line = oci.run(bundle).stdout.splitlines()
    assert first == "1750 7 8"
    assert {"size=64k", "nr_inodes=100"} <= set(Line(line).super_options)


def test_tmpfs_looks_like_what_it_covers(oci):
    bundle = oci.bundle("stat", "-c", "%a", "/data", "/new")
    (bundle.rootfs / "data").mkdir()
    (bundle.rootfs / "data").chmod(0o712)
    bundle.mount("/data", "tmpfs", "tmpfs", ["ro"])
    bundle.mount("/new", "tmpfs", "tmpfs")
    out = oci.run(bundle).stdout.split()
    assert out[0] == "712"
    assert "ro" in mounts_of(oci, bundle)["/data"].options


def test_tmpcopyup(oci):
    bundle = oci.bundle("sh", "-c", "stat -c '%a %u:%g' /dir /dir/sub /dir/file; cat /dir/file; touch /dir/x")
    (bundle.rootfs / "dir/sub").mkdir(parents=True)
    (bundle.rootfs / "dir/sub").chmod(0o1777)
    (bundle.rootfs / "dir/file").write_text("copied\n")
    os.chown(bundle.rootfs / "dir/file", 3, 4)
    bundle.mount("/dir", "tmpfs", "tmpfs", ["tmpcopyup"])
    out = oci.run(bundle).stdout.splitlines()
    assert out[1:] == ["1777 0:0", "644 3:4", "copied"]
    assert not (bundle.rootfs / "dir/x").exists()


@pytest.mark.parametrize("word", ["sync", "dirsync"])
def test_options_of_the_file_system(oci, word):
    bundle = oci.bundle()
    bundle.mount("/data", "tmpfs", "tmpfs", [word])
    assert word in mounts_of(oci, bundle)["/data"].super_options


def test_unknown_option_is_named(oci):
    bundle = oci.bundle("true")
    bundle.mount("/data", "tmpfs", "tmpfs", ["nonsense=1"])
    oci.create_refused(bundle, say="nonsense")


def test_unknown_file_system_is_named(oci):
    bundle = oci.bundle("true")
    bundle.mount("/data", "nosuchfs", "none")
    oci.create_refused(bundle, say="nosuchfs")


def test_proc_options(oci):
    bundle = oci.bundle()
    bundle.config["mounts"][0]["options"] = ["nosuid", "noexec", "nodev", "hidepid=2"]
    found = mounts_of(oci, bundle)["/proc"]
    assert {"nosuid", "noexec", "nodev"} <= set(found.options)
    assert found.super_options[1] in ("hidepid=2", "hidepid=invisible")


def test_overlay(oci, source):
    bundle = oci.bundle("sh", "-c", "cat /merged/file && echo new >/merged/new")
    for name in ("upper", "work"):
        (oci.directory / name).mkdir()
    data = [f"lowerdir={source}", f"upperdir={oci.directory}/upper", f"workdir={oci.directory}/work"]
    bundle.mount("/merged", "overlay", "overlay", [*data, "private"])
    assert oci.run(bundle).stdout == "content\n"
    assert (oci.directory / "upper/new").read_text() == "new\n"
    assert not (source / "new").exists()


def test_overlay_of_long_names(oci):
    bundle = oci.bundle("sh", "-c", "cat /merged/*")
    lowers = []
    for i in range(5):
        lower = oci.directory / f"{i}{'x' * 200}"
        lower.mkdir()
        (lower / f"f{i}").write_text(f"{i}\n")
        lowers.append(str(lower))
    bundle.mount("/merged", "overlay", "overlay", ["lowerdir=" + ":".join(lowers), "ro", "nodev"])
    assert oci.run(bundle).stdout == "0\n1\n2\n3\n4\n"


def test_mqueue_and_devpts(oci):
    found = mounts_of(oci, oci.bundle())
    assert found["/dev/mqueue"].type == "mqueue" and found["/dev/pts"].type == "devpts"
    assert {"gid=5", "mode=620", "ptmxmode=666"} <= set(found["/dev/pts"].super_options)


def test_group_that_is_not_mapped(oci):
    """gid=5 of devpts, which nobody is inside: an error, as with the others, and no terminal of anybody's."""
    bundle = oci.bundle("true")
    bundle.map_users(size=1)
    oci.create_refused(bundle, say="gid=5")


@pytest.mark.parametrize("own_cgroup", [True, False])
@pytest.mark.parametrize("own_network", [True, False])
@pytest.mark.parametrize("listed", [True, False])
def test_read_only_cgroups(oci, own_cgroup, own_network, listed):
    bundle = oci.bundle()
    if not own_cgroup:
        bundle.without("cgroup")
    if not own_network:
        bundle.without("network")
    if not listed:
        bundle.config["mounts"].pop()
    found = mounts_of(oci, bundle)
    assert ("/sys/fs/cgroup" in found) == listed
    assert not listed or "ro" in found["/sys/fs/cgroup"].options


def test_cgroups_of_the_container(oci):
    bundle = oci.bundle("sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs; echo $$")
    lines = oci.run(bundle).stdout.splitlines()
    assert "0::/" in lines
    assert lines[-1] in lines[:-1]


def test_cgroups_of_a_scope(oci_systemd):
    """The process comes into its cgroup when its tree is made already."""
    bundle = oci_systemd.bundle("sh", "-c", "cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs; echo $$; "
                                "grep ' /sys/fs/cgroup ' /proc/self/mountinfo; ls /second/cgroup.procs")  # fmt: skip
    bundle.mount("/second", "cgroup2", "cgroup", ["ro"])
    lines = oci_systemd.run(bundle).stdout.splitlines()
    assert "0::/" in lines
    assert "ro" in mountinfo("\n".join(lines))[-1].options and lines[-1] == "/second/cgroup.procs"
    assert lines[-3] in lines[:-3]


def test_cgroups_twice(oci):
    bundle = oci.bundle()
    bundle.mount("/second", "cgroup2", "cgroup", ["ro", "nosuid"])
    found = mounts_of(oci, bundle)
    assert found["/second"].type == "cgroup2" == found["/sys/fs/cgroup"].type


def test_sys_with_the_network_of_the_host(oci):
    bundle = oci.bundle()
    bundle.without("network")
    assert mounts_of(oci, bundle)["/sys"].type == "sysfs"
    bundle = oci.bundle()
    bundle.without("network")
    bundle.map_users()
    assert mounts_of(oci, bundle)["/sys"].type == "sysfs"


def test_no_mounts_at_all(oci):
    bundle = oci.bundle("sh", "-c", "ls /proc; echo >/dev/null && echo fine")
    bundle.config["mounts"] = []
    bundle.linux["maskedPaths"] = bundle.linux["readonlyPaths"] = []
    assert oci.run(bundle).stdout.endswith("fine\n")


# User ids


def test_idmap(oci, source):
    """As the mapping says, in the ids of the host."""
    os.chown(source / "file", 100, 211)
    mapping = {
        "uidMappings": [{"containerID": 100, "hostID": 1000100, "size": 10}],
        "gidMappings": [{"containerID": 200, "hostID": 1002000, "size": 100}],
    }
    for userns, expect in ((False, "1000100:1002011\n"), (True, "100:2011\n")):
        bundle = oci.bundle("stat", "-c", "%u:%g", "/data/file")
        if userns:
            bundle.map_users()
        bundle.mount("/data", "bind", source, ["bind"], **mapping)
        if not IS_CREEL:
            bundle.config["mounts"][-1]["options"].append("idmap")
        assert oci.run(bundle).stdout == expect


def test_idmap_by_the_user_namespace(oci, source):
    bundle = oci.bundle("sh", "-c", "stat -c %u:%g /data/file; touch /data/new")
    bundle.map_users()
    bundle.mount("/data", "bind", source, ["bind", "idmap"])
    assert oci.run(bundle).stdout == "0:0\n"
    assert os.stat(source / "new").st_uid == 0


def test_idmap_without_anything_to_map_by(oci, source):
    bundle = oci.bundle("true")
    bundle.mount("/data", "bind", source, ["bind", "idmap"])
    oci.create_refused(bundle, say="neither a user namespace nor a mapping")


def test_recursive_idmap(oci, source):
    bundle = oci.bundle("stat", "-c", "%u", "/flat/sub", "/deep/sub")
    bundle.map_users()
    (source / "sub").mkdir()
    with mounted("-t", "tmpfs", "tmpfs", source / "sub"):
        bundle.mount("/flat", "bind", source, ["rbind", "idmap"])
        bundle.mount("/deep", "bind", source, ["rbind", "ridmap"])
        assert oci.run(bundle).stdout == "65534\n0\n"


def test_source_that_only_the_host_may_see(oci, source):
    bundle = oci.bundle("cat", "/data/file")
    bundle.map_users()
    hidden = oci.directory / "hidden"
    (hidden / "m").mkdir(parents=True)
    (hidden / "m/file").write_text("hidden\n")
    (hidden / "link").symlink_to(hidden / "m")
    hidden.chmod(0)
    bundle.mount("/data", "bind", hidden / "link", ["bind", "ro"])
    assert oci.run(bundle).stdout == "hidden\n"


# Hidden and protected paths


def test_masked_paths(oci):
    bundle = oci.bundle("sh", "-c", "cat /file; ls -A /dir; cat /proc/version; rm /file; touch /dir/x; ls -A /dir2")
    (bundle.rootfs / "file").write_text("secret")
    (bundle.rootfs / "dir").mkdir()
    (bundle.rootfs / "dir/secret").write_text("")
    (bundle.rootfs / "dir2").mkdir()
    (bundle.rootfs / "dir2/secret").write_text("")
    bundle.linux["maskedPaths"] = ["/file", "/dir", "/proc/version", "/not/there", "/file/below", "/dir2", "/dir"]
    done = oci.run(bundle, check=False)
    assert done.stdout == ""
    assert "secret" not in done.stderr and "Read-only file system" in done.stderr


def test_masked_paths_in_a_read_only_root(oci):
    bundle = oci.bundle("sh", "-c", "ls -A /dir; cat /file")
    (bundle.rootfs / "dir").mkdir()
    (bundle.rootfs / "dir/secret").write_text("")
    (bundle.rootfs / "file").write_text("secret")
    bundle.config["root"]["readonly"] = True
    bundle.linux["maskedPaths"] = ["/dir", "/file"]
    assert oci.run(bundle).stdout == ""


@pytest.mark.parametrize("userns", [False, True])
def test_read_only_paths(oci, source, userns):
    bundle = oci.bundle("sh", "-c", "echo x >/file; touch /dir/x; echo 1 >/proc/sys/kernel/domainname; true")
    (bundle.rootfs / "file").write_text("kept")
    (bundle.rootfs / "dir").mkdir()
    if userns:
        bundle.map_users()
    bundle.linux["readonlyPaths"] = ["/file", "/dir", "/proc/sys", "/not/there"]
    assert oci.run(bundle).stderr.count("Read-only file system") == 3
    assert (bundle.rootfs / "file").read_text() == "kept"


def test_read_only_paths_keep_what_they_were(oci, source):
    bundle = oci.bundle()
    bundle.config["mounts"][0]["options"] = ["nosuid", "noexec", "nodev"]
    bundle.mount("/data", "bind", source, ["rbind", "nosuid", "noexec", "nodev"])
    bundle.linux["readonlyPaths"] = ["/data", "/proc/bus"]
    found = mounts_of(oci, bundle)
    for place in ("/data", "/proc/bus"):
        assert {"ro", "nosuid", "nodev", "noexec"} <= set(found[place].options)


# Kernel settings


def test_sysctls(oci):
    bundle = oci.bundle("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/shm_rmid_forced",
                        "/proc/sys/fs/mqueue/queues_max")  # fmt: skip
    bundle.linux["sysctl"] = {
        "net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "fs.mqueue.queues_max": "123",
    }  # fmt: skip
    assert oci.run(bundle).stdout.split() == ["1", "1", "123"]


def test_sysctls_in_a_user_namespace(oci):
    bundle = oci.bundle("cat", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/shm_rmid_forced")
    bundle.map_users()
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1"}
    assert oci.run(bundle).stdout.split() == ["1", "1"]


@pytest.mark.parametrize(("key", "without"), [("net.ipv4.ip_forward", "network"), ("kernel.shmmax", "ipc")])
def test_sysctl_of_the_host(oci, key, without):
    bundle = oci.bundle("true")
    bundle.without(without)
    bundle.linux["sysctl"] = {key: "1"}
    oci.create_refused(bundle, say=key)


def test_sysctl_by_the_path_of_the_host(oci):
    bundle = oci.bundle("true")
    bundle.namespace("network", "/proc/1/ns/net")
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    oci.create_refused(bundle, say="net.ipv4.ip_forward")


@pytest.mark.parametrize("key", ["kernel.sysrq", "vm.swappiness", "no.such.thing", "net/../kernel/sysrq"])
def test_sysctl_of_no_namespace(oci, key):
    bundle = oci.bundle("true")
    bundle.linux["sysctl"] = {key: "1"}
    oci.create_refused(bundle, say=key)


# What images and neighbours try


@pytest.mark.parametrize("place", ["proc", "sys", "dev"])
@pytest.mark.parametrize("target", ["/elsewhere", "/nowhere", "../elsewhere"])
def test_kernel_places_are_no_links(oci, place, target):
    """CVE-2019-19921, CVE-2023-27561, and a /dev that is one."""
    bundle = oci.bundle("true")
    path = bundle.rootfs / place
    if path.exists():
        path.rmdir()
    (bundle.rootfs / "elsewhere").mkdir()
    path.symlink_to(target)
    oci.create_refused(bundle, say=f"/{place}")


def test_dev_of_the_image_is_no_link(oci):
    bundle = oci.bundle("true")
    bundle.config["mounts"] = bundle.config["mounts"][:1]
    (bundle.rootfs / "dev").rmdir() if (bundle.rootfs / "dev").exists() else None
    outside = oci.directory / "outside"
    outside.mkdir()
    (bundle.rootfs / "dev").symlink_to(outside)
    oci.create_refused(bundle, say="/dev")
    assert not list(outside.iterdir())


def test_proc_of_the_image_is_not_taken_for_the_kernels(oci, source):
    """CVE-2019-16884: what is bound over /proc does not receive what the runtime writes."""
    bundle = oci.bundle("cat", "/proc/sys/net/ipv4/ip_forward")
    fake = source / "sys/net/ipv4"
    fake.mkdir(parents=True)
    (fake / "ip_forward").write_text("fake\n")
    bundle.config["mounts"][0] = {"destination": "/proc", "type": "bind", "source": str(source), "options": ["bind"]}
    bundle.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    oci.run(bundle)
    assert (fake / "ip_forward").read_text() == "fake\n"


def test_link_into_proc(oci, source):
    """CVE-2025-52881: a place that leads to a file of the kernel."""
    bundle = oci.bundle("true")
    (bundle.rootfs / "trap").symlink_to("/proc/sys/kernel")
    bundle.mount("/trap", "bind", source, ["bind"])
    oci.create_refused(bundle, say="/trap")
    bundle = oci.bundle("true")
    bundle.mount("/proc/self", "bind", source, ["bind"])
    oci.create_refused(bundle, say="/proc/self")
    bundle = oci.bundle("true")
    (source / "link").symlink_to("anything")
    bundle.mount("/proc/self", "bind", source / "link", ["bind", "dest-nofollow", "src-nofollow"])
    oci.create_refused(bundle, say="/proc/self")


def test_places_do_not_lead_out(oci, source):
    """CVE-2024-45310: nothing is made on the host on the way to a place."""
    outside = oci.directory / "outside"
    outside.mkdir()
    for link in (str(outside), f"../../../..{outside}"):
        bundle = oci.bundle()
        (bundle.rootfs / "out").symlink_to(link)
        bundle.mount("/out/made", "bind", source, ["bind"])
        bundle.mount("/out/file", "bind", source / "file", ["bind"])
        bundle.mount("/out/memory", "tmpfs", "tmpfs")
        oci.run(bundle)
        assert not list(outside.iterdir())


def test_volume_whose_link_leads_out(oci, source):
    """CVE-2021-30465: a place beneath another's volume."""
    outside = oci.directory / "outside"
    outside.mkdir()
    bundle = oci.bundle("true")
    (source / "trap").symlink_to("/" + "../" * 20 + str(outside)[1:])
    bundle.mount("/shared", "bind", source, ["rbind"])
    bundle.mount("/shared/trap", "tmpfs", "tmpfs")
    oci.run(bundle)
    assert not list(outside.iterdir()) and not os.path.ismount(outside)


@pytest.mark.parametrize("null", ["link", "file", "missing"])
def test_masks_do_not_trust_the_images_null(oci, null):
    """CVE-2025-31133: /dev/null of the container is not what hides files."""
    bundle = oci.bundle("sh", "-c", "cat /proc/version; [ -c /proc/version ] && echo hidden")
    (bundle.rootfs / "dev").mkdir(exist_ok=True)
    bundle.config["mounts"] = [each for each in bundle.config["mounts"] if not each["destination"].startswith("/dev")]
    if null == "link":
        (bundle.rootfs / "dev/null").symlink_to("/proc/sysrq-trigger")
    elif null == "file":
        (bundle.rootfs / "dev/null").write_text("trap")
    bundle.linux["maskedPaths"] = ["/proc/version"]
    assert oci.run(bundle).stdout == "hidden\n"


def test_racing_links(oci, source):
    """CVE-2021-30465 in motion: whoever swaps a directory and a link in a shared volume never gets a mount outside."""
    outside = oci.directory / "outside"
    outside.mkdir()
    (source / "place").mkdir()
    (source / "link").symlink_to("/" + "../" * 20 + str(outside)[1:])
    swapper = subprocess.Popen(
        ["python3", "-c", """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (sys.argv[1] + "/place").encode(), (sys.argv[1] + "/link").encode()
while True:
    libc.renameat2(-100, a, -100, b, 2)
""", str(source)])  # fmt: skip
    try:
        for _ in range(25):
            bundle = oci.bundle()
            bundle.mount("/shared", "bind", source, ["rbind"])
            bundle.mount("/shared/place", "tmpfs", "tmpfs", ["size=4k"])
            bundle.process["args"] = ["cat", "/proc/self/mountinfo"]
            done = oci.run(bundle, check=False)
            for line in mountinfo(done.stdout):
                assert not (line.type == "tmpfs" and "size=4k" in line.super_options) or (
                    line.place.startswith("/shared/") or str(outside) in line.place
                )
            assert not os.path.ismount(outside) and not list(outside.iterdir())
    finally:
        swapper.kill()
        swapper.wait()


@pytest.mark.parametrize("key", ["maskedPaths", "readonlyPaths"])
def test_paths_have_to_be_absolute(oci, key):
    bundle = oci.bundle("true")
    (bundle.rootfs / "relative").mkdir()
    bundle.linux[key] = ["relative"]
    if not IS_CREEL:
        pytest.xfail("others take it for a path from /")
    oci.create_refused(bundle, say="relative")


@pytest.mark.parametrize("key", ["maskedPaths", "readonlyPaths"])
def test_paths_that_are_links(oci, key):
    """A link to itself leads to nothing that could be hidden; any other one to what it stands for."""
    bundle = oci.bundle("sh", "-c", "echo more >>/dir/file; cat /dir/file; true")
    (bundle.rootfs / "loop").symlink_to("../loop")
    (bundle.rootfs / "nowhere").symlink_to("/no/where")
    (bundle.rootfs / "dir").mkdir()
    (bundle.rootfs / "dir/file").write_text("content\n")
    (bundle.rootfs / "link").symlink_to("../../dir")
    bundle.linux[key] = ["/loop", "/nowhere", "/link"]
    assert oci.run(bundle).stdout == ("content\n" if key == "readonlyPaths" else "")
    assert (bundle.rootfs / "dir/file").read_text() == "content\n"


@pytest.mark.parametrize("trap", ["link", "link to the host", "directory"])
def test_console_of_the_image(oci, trap):
    """CVE-2025-52565: where the terminal is mounted."""
    bundle = oci.bundle("true", terminal=True)
    bundle.config["mounts"] = [each for each in bundle.config["mounts"] if each["destination"] != "/dev"]
    outside = oci.directory / "outside"
    outside.write_text("kept")
    console = bundle.rootfs / "dev/console"
    console.parent.mkdir(exist_ok=True)
    if trap == "directory":
        console.mkdir()
    else:
        console.symlink_to("/proc/sysrq-trigger" if trap == "link" else outside)
    with ConsoleSocket(oci.directory / "socket") as console_socket:
        oci.create_refused(bundle, "--console-socket", console_socket.path, say="/dev/console")
    assert outside.read_text() == "kept"


def test_hooks_find_the_root_in_its_place(oci):
    """As what puts drivers of graphics into containers does: in the mount namespace of the process that is told."""
    bundle = oci.bundle("cat", "/injected/mark")
    (bundle.path / "driver").mkdir()
    (bundle.path / "driver/mark").write_text("driver\n")
    hook = bundle.script("hook", f"""
pid=$(grep -o '"pid": *[0-9]*' | grep -o '[0-9]*$')
nsenter -t $pid -m sh -ec 'mountpoint -q {bundle.rootfs}/proc; mkdir -p {bundle.rootfs}/injected
mount --bind {bundle.path}/driver {bundle.rootfs}/injected'
""")  # fmt: skip
    bundle.hook("createRuntime", hook, env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
    assert oci.run(bundle).stdout == "driver\n"
    assert not os.path.ismount(bundle.rootfs / "injected")
