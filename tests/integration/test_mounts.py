# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mounts: every spelling, good and bad, what the container sees of them, and images and sources that mislead."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import images
from follow import Follower
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_volumes", "no_containers")

STORE = Path("/var/lib/creel")


@pytest.fixture
def no_volumes():
    """Removes every volume behind the test, and the containers that use them."""
    yield
    subprocess.run(["creelctl", "volume", "rm", "--all", "--force"], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def inside(creelctl, image):
    """inside("--option", ..., script="...") -> the output of a shell script in a fresh container."""

    def call(*options, script="true", name=None, **kw):
        return creelctl("run", "--rm", *options, name or image, "sh", "-c", script, **kw)

    return call


@pytest.fixture
def source(tmp_path):
    """A directory of the host, open to everybody, with a file and a directory in it."""
    tmp_path.chmod(0o755)
    top = tmp_path / "source"
    (top / "sub").mkdir(parents=True)
    (top / "file").write_text("host\n")
    (top / "sub" / "deep").write_text("deep\n")
    top.chmod(0o777)
    return top


@pytest.fixture
def with_data(pulled):
    """An image with something in /data, and with a volume declared there where asked."""

    def build(name, volumes=(), **config):
        layer = images.busybox_layer()
        layer.dir("data", mode=0o750, uid=5, gid=6).file("data/seed", "seed", uid=7, gid=8).symlink("data/link", "/etc/passwd")
        layer.dir("data/sub", mode=0o711).file("data/sub/x", "x")
        config = {"Env": [images.PATH_ENV], "Cmd": ["sh"], **config}
        if volumes:
            config["Volumes"] = {each: {} for each in volumes}
        return pulled(Image([layer], config=config), name)

    return build


def mountinfo(text):
    """{mount point: (root, options, propagation, type, super options)} of a /proc/self/mountinfo; the last one on a place counts."""
    found = {}
    for line in text.splitlines():
        fields = line.split()
        dash = fields.index("-")
        found[fields[4]] = (fields[3], set(fields[5].split(",")), fields[6:dash], fields[dash + 1], set(fields[dash + 3].split(",")))
    return found


def mounts(inside, *options, **kw):
    return mountinfo(inside(*options, script="cat /proc/self/mountinfo", **kw).stdout)


def refused(done, *words):
    assert done.returncode == 125, done
    assert done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


# Binds


@pytest.mark.smoke
@pytest.mark.parametrize(
    "option",
    [
        "-v={0}:/x",
        "--volume={0}:/x:rw",
        "--mount=type=bind,source={0},target=/x",
        "--mount=type=bind,src={0},dst=/x,ro=false",
        "--mount=type=bind,src={0},destination=/x,rw=true",
        "--bind={0}:/x",
    ],
)
def test_bind(inside, source, option):
    assert inside(option.format(source), script="cat /x/file; echo new > /x/made").stdout == "host\n"
    assert (source / "made").read_text() == "new\n"


@pytest.mark.parametrize(
    "option",
    [
        "-v={0}:/x:ro",
        "--mount=type=bind,source={0},target=/x,ro",
        "--mount=type=bind,source={0},target=/x,readonly",
        "--mount=type=bind,source={0},target=/x,readonly=true",
        "--mount=type=bind,source={0},target=/x,rw=false",
        "-v={0}:/x:rro",
        "--bind-ro={0}:/x",
    ],
)
def test_bind_read_only(inside, source, option):
    done = inside(option.format(source), script="cat /x/file; touch /x/made", check=False)
    assert done.returncode != 0 and done.stdout == "host\n" and "Read-only" in done.stderr
    assert not (source / "made").exists()


def test_bind_attributes(inside, source):
    there = mounts(
        inside,
        *("-v", f"{source}:/a", "-v", f"{source}:/b:noexec,suid,dev", "--bind", f"{source}:/c", "-v", f"{source}:/d:noatime"),
    )
    assert {"nosuid", "nodev", "rw"} <= there["/a"][1] and "noexec" not in there["/a"][1]
    assert "noexec" in there["/b"][1] and not {"nosuid", "nodev"} & (there["/b"][1] - mountinfo_of(source))
    assert "rw" in there["/c"][1]
    assert "noatime" in there["/d"][1]
    assert there["/a"][2] == [], "private by default"


def mountinfo_of(path):
    """The options of the host's own mount that @path lies on; a bind has them, too."""
    done = subprocess.run(["findmnt", "-n", "-o", "VFS-OPTIONS", "-T", path], check=True, text=True, stdout=subprocess.PIPE)
    return set(done.stdout.strip().split(","))


def test_relative_source(creelctl, image, source):
    for option in ("-v=./source:/x", "--mount=type=bind,src=source,dst=/x", "--mount=type=bind,src=./source,dst=/x", "--bind=source:/x"):
        done = creelctl("run", "--rm", option, image, "cat", "/x/file", cwd=source.parent)
        assert done.stdout == "host\n", option


def test_odd_names(inside, source):
    odd = source / 'a:b,"c d'
    odd.mkdir()
    (odd / "f").write_text("odd\n")
    escaped = str(odd).replace(":", "\\:")
    assert inside("-v", f"{escaped}:/x", script="cat /x/f").stdout == "odd\n"
    quoted = str(odd).replace('"', '""')
    assert inside("--mount", f'type=bind,"source={quoted}",target=/x', script="cat /x/f").stdout == "odd\n"


def test_bind_of_a_file_makes_the_place(inside, source):
    script = "cat /new/place/file; test -f /new/place/file"
    assert inside("-v", f"{source}/file:/new/place/file", script=script).stdout == "host\n"


def test_bind_of_a_file_onto_a_directory(inside, source):
    refused(inside("-v", f"{source}/file:/home", check=False), "/home", "directory")


def test_bind_of_special_files(inside, source):
    os.mkfifo(source / "fifo")
    done = inside("-v", f"{source}/fifo:/fifo", "-v", "/dev/null:/dev/mine", script="test -p /fifo && echo > /dev/mine && echo good")
    assert done.stdout == "good\n"


def test_no_dereference(inside, source):
    (source / "link").symlink_to("/etc/os-release")
    script = "readlink /x; test -e /x && echo there"
    assert inside("-v", f"{source}/link:/x:no-dereference", script=script).stdout == "/etc/os-release\nthere\n"
    assert "Debian" in inside("-v", f"{source}/link:/x", script="cat /x").stdout


def test_nonrecursive_and_recursive_read_only(inside, source):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source / "sub", "-o", "mode=777"], check=True)
    try:
        assert "/x/sub" in mounts(inside, "-v", f"{source}:/x")
        assert "/x/sub" not in mounts(inside, "-v", f"{source}:/x:bind")
        assert "/x/sub" not in mounts(inside, "--mount", f"type=bind,src={source},dst=/x,bind-nonrecursive")
        assert "rw" in mounts(inside, "-v", f"{source}:/x:ro")["/x/sub"][1]
        assert "ro" in mounts(inside, "-v", f"{source}:/x:rro")["/x/sub"][1]
        assert "ro" in mounts(inside, "--bind-ro", f"{source}:/x")["/x/sub"][1]
    finally:
        subprocess.run(["umount", source / "sub"], check=True)


def test_propagation(creelctl, image, source):
    """What the host mounts later is seen by a slave, and by nobody private."""
    subprocess.run(["mount", "--bind", source, source], check=True)
    subprocess.run(["mount", "--make-shared", source], check=True)
    try:
        options = ["-v", f"{source}:/slave:rslave", "--mount", f"type=bind,src={source},dst=/shared,bind-propagation=rshared"]
        options += ["-v", f"{source}:/private"]
        script = "cat /proc/self/mountinfo; echo ready; read line; cat /proc/self/mountinfo; echo end"
        with Follower("creelctl", "run", "--rm", "-i", *options, image, "sh", "-c", script, stdin="pipe") as run:
            run.line("^ready$")
            there = mountinfo("\n".join(run.seen[:-1]))
            assert any(tag.startswith("master:") for tag in there["/slave"][2])
            assert any(tag.startswith("shared:") for tag in there["/shared"][2])
            assert there["/private"][2] == []
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", source / "sub"], check=True)
            n = len(run.seen)
            run.write("\n")
            run.line("^end$")
            there = mountinfo("\n".join(run.seen[n:-1]))
            assert "/slave/sub" in there and "/shared/sub" in there and "/private/sub" not in there
    finally:
        subprocess.run(["umount", "-R", source], check=True)


def test_subpath(inside, source):
    assert inside("--mount", f"type=bind,src={source},dst=/x,subpath=sub", script="cat /x/deep").stdout == "deep\n"
    (source / "out").symlink_to("/etc")
    (source / "up").symlink_to("../../../../../../etc")
    for bad in ("out", "up", "missing"):
        refused(inside("--mount", f"type=bind,src={source},dst=/x,subpath={bad}", check=False), bad)
    refused(inside("--mount", f"type=bind,src={source},dst=/x,subpath=../etc", check=False), "..")


# Ids


def test_ids_of_a_bind(inside, source):
    script = "stat -c %u:%g /x/file"
    assert inside("-v", f"{source}:/x", script=script).stdout == "65534:65534\n"
    assert inside("-v", f"{source}:/x", "--userns", "host", script=script).stdout == "0:0\n"
    assert inside("-v", f"{source}:/x:idmap", script=script).stdout == "0:0\n"
    assert inside("--bind", f"{source}:/x:rootidmap", script=script).stdout == "0:0\n"
    assert inside("-v", f"{source}:/x:idmap=uids=@0-7-1;gids=@0-8-1", script=script).stdout == "7:8\n"
    assert inside("-v", f"{source}:/x:idmap=uids=0-7-1;gids=0-8-1", "--userns", "host", script=script).stdout == "7:8\n"


def test_what_an_idmap_writes(inside, source):
    inside("-v", f"{source}:/x:idmap", script="touch /x/root; touch /x/app; chown app:app /x/app")
    assert (source / "root").stat().st_uid == 0 and (source / "app").stat().st_uid == 1000


def test_idmap_needs_a_user_namespace(inside, source):
    refused(inside("-v", f"{source}:/x:idmap", "--userns", "host", check=False), "idmap", "user namespace")


@pytest.mark.parametrize("option", ["-v={0}:/x:U", "--mount=type=bind,src={0},dst=/x,U", "--mount=type=bind,src={0},dst=/x,chown=true"])
def test_chown(inside, source, option):
    (source / "link").symlink_to("/etc/passwd")
    owner = Path("/etc/passwd").stat().st_uid
    done = inside("-u", "app", option.format(source), script="stat -c %u:%g /x /x/sub/deep; touch /x/made")
    assert done.stdout == "1000:1000\n1000:1000\n"
    uid = (source / "file").stat().st_uid
    assert uid >= 0x80000 and (source / "made").stat().st_uid == uid == (source / "link").lstat().st_uid
    assert Path("/etc/passwd").stat().st_uid == owner


def test_chown_and_idmap(inside, source):
    inside("-u", "app", "-v", f"{source}:/x:U,idmap", script="touch /x/made")
    assert (source / "made").stat().st_uid == 1000 == (source / "sub" / "deep").stat().st_uid


# File systems in memory


def test_tmpfs(inside):
    there = mounts(inside, "--tmpfs", "/a", "--tmpfs", "/b:size=1m,mode=1770,noexec", "--mount", "type=tmpfs,dst=/c,tmpfs-size=2m")
    assert there["/a"][3] == "tmpfs" and {"nosuid", "nodev"} <= there["/a"][1]
    assert "noexec" in there["/b"][1] and {"size=1024k", "mode=1770"} <= there["/b"][4]
    assert "size=2048k" in there["/c"][4]


def test_tmpfs_takes_what_the_image_has(inside, with_data):
    name = with_data("mounts/data:1")
    script = "stat -c '%a %u:%g' /data /data/seed /data/sub; cat /data/seed; readlink /data/link"
    expected = "750 5:6\n644 7:8\n711 0:0\nseed/etc/passwd\n"
    assert inside("--tmpfs", "/data", name=name, script=script).stdout == expected
    assert inside("--mount", "type=tmpfs,dst=/data,ro", name=name, script=script).stdout == expected
    assert inside("--mount", "type=tmpfs,dst=/data,notmpcopyup", name=name, script="ls /data").stdout == ""
    done = inside("--tmpfs", "/data:ro", name=name, script="touch /data/x", check=False)
    assert "Read-only" in done.stderr


def test_tmpfs_for_a_user(inside):
    assert inside("-u", "app", "--mount", "type=tmpfs,dst=/new,tmpfs-mode=700,U", script="stat -c '%a %u' /new; touch /new/x").stdout == "700 1000\n"


def test_ramfs_and_devpts(inside):
    there = mounts(inside, "--mount", "type=ramfs,dst=/r,tmpfs-mode=711", "--mount", "type=devpts,dst=/p,mode=600,max=3")
    assert there["/r"][3] == "ramfs" and there["/p"][3] == "devpts" and "mode=600" in there["/p"][4]


def test_shm_size(inside):
    assert "size=65536k" in mounts(inside)["/dev/shm"][4]
    assert "size=1024k" in mounts(inside, "--shm-size", "1m")["/dev/shm"][4]
    assert "size=0k" in mounts(inside, "--shm-size", "0")["/dev/shm"][4], "no limit"
    assert "size=2048k" in mounts(inside, "--tmpfs", "/dev/shm:size=2m")["/dev/shm"][4]
    refused(inside("--shm-size", "1m", "--ipc", "host", check=False), "shm-size", "ipc")


def test_read_only(inside):
    script = "for i in /tmp /run /var/tmp /dev /dev/shm; do touch $i/x && echo $i; done; touch /x"
    done = inside("--read-only", script=script, check=False)
    assert done.stdout.split() == ["/tmp", "/run", "/var/tmp", "/dev", "/dev/shm"] and done.stderr.count("Read-only") == 1
    assert inside("--read-only", "--read-only-tmpfs=false", script=script, check=False).stdout == ""
    assert inside("--read-only-tmpfs", script="touch /x && echo /x").stdout == "/x\n"


def test_read_only_keeps_what_the_image_has_in_run(inside, pulled):
    layer = images.busybox_layer().dir("run/app", uid=1000, gid=1000).file("run/app/file", "kept")
    name = pulled(Image([layer], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]}), "mounts/run:1")
    assert inside("--read-only", name=name, script="cat /run/app/file; touch /run/app/x").stdout == "kept"


def test_mount_of_the_user_instead_of_ours(inside, source):
    assert inside("-v", f"{source}/file:/etc/hosts", script="cat /etc/hosts").stdout == "host\n"
    assert inside("-v", f"{source}:/etc", script="ls /etc").stdout == "file\nsub\n"
    assert sorted(os.listdir(source)) == ["file", "sub"], "nothing of ours was made in there"
    assert inside("--read-only", "-v", f"{source}:/run", script="ls /run").stdout == "file\nsub\n"


def test_order_is_by_depth(inside, source):
    done = inside("-v", f"{source}/file:/a/b/c", "--tmpfs", "/a/b", "-v", f"{source}:/a", script="cat /a/file /a/b/c; ls /a/b")
    assert done.stdout == "host\nhost\nc\n"


# Overlays and images


def test_overlay(inside, source):
    script = "cat /x/file; echo changed > /x/file; rm -r /x/sub; touch /x/new; ls /x"
    assert inside("-v", f"{source}:/x:O", script=script).stdout == "host\nfile\nnew\n"
    assert (source / "file").read_text() == "host\n" and (source / "sub").is_dir() and not (source / "new").exists()


def test_overlay_starts_anew(creelctl, image, source):
    creelctl("create", "--name", "over", "-v", f"{source}:/x:O", image, "sh", "-c", "ls /x; touch /x/new")
    for _ in range(2):
        assert creelctl("start", "-a", "over").stdout == "file\nsub\n"


def test_overlay_with_upper(inside, source, tmp_path):
    (tmp_path / "upper").mkdir()
    (tmp_path / "work").mkdir()
    option = f"{source}:/x:O,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    inside("--userns", "host", "-v", option, script="echo kept > /x/kept")
    assert (tmp_path / "upper" / "kept").read_text() == "kept\n"
    assert inside("--userns", "host", "-v", option, script="cat /x/kept /x/file").stdout == "kept\nhost\n"


def test_nspawn_overlay(inside, source, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "more").write_text("more\n")
    assert inside("--overlay", f"{source}:{other}::/x", script="ls /x; touch /x/y").stdout == "file\nmore\nsub\n"
    done = inside("--overlay-ro", f"{source}:{other}:/x", script="ls /x; touch /x/y", check=False)
    assert done.stdout == "file\nmore\nsub\n" and "Read-only" in done.stderr
    inside("--userns", "host", "--overlay", f"{source}:{other}:/x", script="touch /x/made")
    assert (other / "made").exists() and not (source / "made").exists()


def test_image_mount(inside, with_data):
    name = with_data("mounts/data:2")
    there = f"type=image,source={name},target=/i"
    done = inside("--mount", there, script="cat /i/data/seed; stat -c %u:%g /i/data; touch /i/x", check=False)
    assert done.stdout == "seed5:6\n" and "Read-only" in done.stderr
    assert inside("--mount", f"{there},subpath=data", script="ls /i").stdout == "link\nseed\nsub\n"
    assert inside("--mount", f"{there},subpath=/data/sub", script="ls /i").stdout == "x\n"
    assert inside("--mount", f"{there},rw=true", script="touch /i/new /i/data/more; ls /i/data").stdout == "link\nmore\nseed\nsub\n"
    assert inside("--mount", there, script="ls /i/data").stdout == "link\nseed\nsub\n"
    refused(inside("--mount", f"{there},subpath=nosuch", check=False), "nosuch")
    refused(inside("--mount", "type=image,source=no.such/image:1,target=/i", check=False), "no.such/image:1")


def test_image_in_use_stays(creelctl, image, with_data):
    name = with_data("mounts/data:3")
    creelctl("create", "--name", "user", "--mount", f"type=image,source={name},target=/i", image, "ls", "/i/data")
    done = creelctl("rmi", name, check=False)
    assert done.returncode != 0 and "user" in done.stderr
    assert creelctl("start", "-a", "user").stdout == "link\nseed\nsub\n"


def test_glob(inside, source):
    (source / "file2").write_text("two\n")
    assert inside("--mount", f"type=glob,src={source}/fi*,dst=/x,ro", script="ls /x; cat /x/file2").stdout == "file\nfile2\ntwo\n"
    assert inside("--mount", f"type=glob,src={source}/fi*", script=f"ls {source}").stdout == "file\nfile2\n"
    refused(inside("--mount", f"type=glob,src={source}/none*,dst=/x", check=False), "none*")


def test_inaccessible(inside):
    assert inside("--inaccessible", "/etc/passwd", "--inaccessible", "/home", script="cat /etc/passwd; ls /home; echo end").stdout == "end\n"


# Volumes


@pytest.mark.smoke
def test_named_volume(creelctl, inside, with_data):
    name = with_data("mounts/data:4")
    script = "stat -c '%a %u:%g' /data /data/seed; cat /data/seed; touch /data/new; ls /data"
    assert inside("-v", "keep:/data", name=name, script=script).stdout == "750 5:6\n644 7:8\nseedlink\nnew\nseed\nsub\n"
    data = STORE / "volumes" / "keep" / "data"
    assert (data / "new").stat().st_uid == 0 and (data / "seed").stat().st_uid == 7, "on disk it is nobody's range"
    assert inside("-v", "keep:/x", script="ls /x").stdout == "link\nnew\nseed\nsub\n", "another container with another range"
    assert inside("--userns", "host", "-v", "keep:/x:ro", script="stat -c %u /x/new").stdout == "0\n"
    assert creelctl("volume", "ls", "-q").stdout == "keep\n"
    assert inside("-v", "empty:/data:nocopy", name=name, script="ls /data").stdout == ""
    assert inside("--mount", "type=volume,source=keep,target=/x,subpath=sub", script="ls /x").stdout == "x\n"
    assert inside("-v", "keep:/x:O", script="touch /x/over; ls /x").stdout == "link\nnew\nover\nseed\nsub\n"
    assert not (data / "over").exists()


@pytest.mark.parametrize("what", ["bind", "volume"])
def test_read_only_stays(inside, source, what):
    """Whoever may mount in the container cannot take it back."""
    place = source if what == "bind" else "kept"
    inside("-v", f"{place}:/v", script="touch /v/here")
    script = "mount -o remount,bind,rw,nosuid,nodev,noexec /v; touch /v/x && echo written; cat /v/here"
    options = ["--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "-v", f"{place}:/v:ro"]
    assert inside(*options, script=script).stdout == ""


def test_volume_of_a_user(inside):
    assert inside("-u", "app", "-v", "mine:/nowhere", script="stat -c %u /nowhere; touch /nowhere/x").stdout == "1000\n"


@pytest.mark.parametrize("option", ["-v=/data", "--mount=type=volume,target=/data"])
def test_anonymous_volume(creelctl, image, option):
    creelctl("run", "--name", "anon", option, image, "touch", "/data/x")
    volume = json.loads(creelctl("volume", "inspect", "--all").stdout)[0]
    assert volume["Anonymous"] and len(volume["Name"]) == 64 and volume["Containers"] == ["anon"]
    assert Path(volume["Mountpoint"], "x").exists()
    creelctl("rm", "-v", "anon")
    assert creelctl("volume", "ls", "-q").stdout == ""
    creelctl("run", "--rm", option, image, "touch", "/data/x")
    assert creelctl("volume", "ls", "-q").stdout == ""


def test_anonymous_volume_stays_without_v(creelctl, image):
    creelctl("run", "--name", "anon", "-v", "/data", image, "true")
    creelctl("rm", "anon")
    assert len(creelctl("volume", "ls", "-q", "--filter", "dangling=true").stdout.split()) == 1
    creelctl("volume", "prune", "--force")
    assert creelctl("volume", "ls", "-q").stdout == ""


def test_image_volumes(creelctl, inside, with_data):
    name = with_data("mounts/volumes:1", volumes=["/data", "/other"])
    there = mounts(inside, name=name)
    assert "idmapped" in there["/data"][1] and "/other" in there
    assert inside(name=name, script="cat /data/seed; touch /data/x").stdout == "seed"
    assert mounts(inside, "--image-volume", "tmpfs", name=name)["/data"][3] == "tmpfs"
    assert "/data" not in mounts(inside, "--image-volume", "ignore", name=name)
    assert mounts(inside, "--tmpfs", "/data", name=name)["/data"][3] == "tmpfs"
    assert creelctl("volume", "ls", "-q").stdout == ""
    refused(inside("--image-volume", "moon", name=name, check=False), "--image-volume")


def test_volumes_from(creelctl, image, inside, source):
    creelctl("create", "--name", "lender", "-v", "named:/named", "-v", "/anon", "-v", f"{source}:/bind:ro", "--tmpfs", "/t", image, "true")
    there = mounts(inside, "--volumes-from", "lender")
    assert "rw" in there["/named"][1] and "ro" in there["/bind"][1] and "/anon" in there and "/t" not in there
    assert "ro" in mounts(inside, "--volumes-from", "lender:ro")["/named"][1]
    assert mounts(inside, "--volumes-from", "lender", "--tmpfs", "/named")["/named"][3] == "tmpfs"
    inside("--volumes-from", "lender", script="touch /anon/x")
    assert inside("--volumes-from", "lender", script="ls /anon").stdout == "x\n"
    refused(inside("--volumes-from", "nobody", check=False), "nobody")
    creelctl("create", "--name", "borrower", "--volumes-from", "lender", image, "sh", "-c", "ls /anon; cat /bind/file")
    creelctl("rm", "-v", "lender")
    assert creelctl("start", "-a", "borrower").stdout == "x\nhost\n", "the lender may go"
    creelctl("create", "--name", "lender", image, "true")
    refused(inside("--volumes-from", "lender:moon", check=False), "--volumes-from")


def test_volume_verb(creelctl, image):
    assert creelctl("volume", "create", "one", "--label", "a=b", "--label", "c").stdout == "one\n"
    made = creelctl("volume", "create").stdout.strip()
    assert len(made) == 64
    shown = json.loads(creelctl("volume", "inspect", "one").stdout)[0]
    assert shown["Labels"] == {"a": "b", "c": ""} and shown["Driver"] == "local" and shown["Containers"] == []
    assert creelctl("volume", "ls", "-q", "--filter", "label=a=b").stdout == "one\n"
    assert creelctl("volume", "ls", "-q", "--filter", "label!=a").stdout == f"{made}\n"
    assert creelctl("volume", "ls", "--format", "{{.Name}} {{.Driver}}", "--filter", "name=on").stdout == "one local\n"
    assert creelctl("volume", "exists", "one").returncode == 0
    assert creelctl("volume", "exists", "two", check=False).returncode == 1
    assert creelctl("volume", "create", "--ignore", "one").stdout == "one\n"
    for words, said in [
        (["create", "one"], "exists"),
        (["create", "../x"], "name"),
        (["create", "--driver", "nfs", "x"], "driver"),
        (["rm", "nosuch"], "no such volume"),
        (["rm"], "NAME"),
        (["inspect", "nosuch"], "no such volume"),
        (["moon"], "moon"),
        (["ls", "--filter", "moon=1"], "moon=1"),
    ]:
        refused(creelctl("volume", *words, check=False), said)


def test_volume_in_use(creelctl, image):
    creelctl("create", "--name", "user", "-v", "busy:/x", image, "true")
    refused(creelctl("volume", "rm", "busy", check=False), "busy", "user")
    creelctl("volume", "prune", "--force")
    assert creelctl("volume", "ls", "-q").stdout == "busy\n"
    assert creelctl("volume", "rm", "--force", "busy").stdout == "busy\n"
    assert creelctl("ps", "-a", "-q").stdout == ""


def test_volumes_outlive_creeld(creelctl, inside):
    inside("-v", "kept:/x", script="echo kept > /x/f")
    subprocess.run(["systemctl", "restart", "creeld.service"], check=True)
    assert creelctl("volume", "ls", "-q").stdout == "kept\n"
    assert inside("-v", "kept:/x", script="cat /x/f").stdout == "kept\n"


# Bad input: one line each, and nothing was made


@pytest.mark.parametrize(
    "option,word",
    [
        ("-v=", "empty"),
        ("-v=/tmp", None),
        ("-v=:/x", "[SOURCE:]"),
        ("-v=/tmp:x", "absolute"),
        ("-v=/tmp:/", "/"),
        ("-v=/tmp:/x/..", "/"),
        ("-v=/tmp:/x:", "[SOURCE:]"),
        ("-v=/tmp:/x:ro:rw", "[SOURCE:]"),
        ("-v=/tmp:/x:ro,rw", "rw"),
        ("-v=/tmp:/x:moon", "moon"),
        ("-v=/tmp:/x:size=1m", "size"),
        ("-v=/tmp:/x:idmap=moon=1", "idmap"),
        ("-v=/tmp:/x:O,upperdir=/u", "workdir"),
        ("-v=/tmp:/x:O,U", "U"),
        ("-v=/no/such/source:/x", "/no/such/source"),
        ("-v=un/named:/x", "name"),
        ("-v=/etc:/x:U", "/etc"),
        ("-v=/usr/../:/x:U", "host"),
        ("-v=/tmp:/proc/x", "/proc"),
        ("-v=/tmp:/proc", "/proc"),
        ("-v=/tmp:/sys/x", "/sys"),
        ("--tmpfs=/proc", "/proc"),
        ("--tmpfs=x", "absolute"),
        ("--tmpfs=/x:", "DESTINATION"),
        ("--tmpfs=/x:size=lots", "size"),
        ("--tmpfs=/x:mode=9", "mode"),
        ("--mount=", "empty"),
        ("--mount=source=/tmp,target=/x", "type="),
        ("--mount=type=moon,target=/x", "moon"),
        ("--mount=type=bind,target=/x", "source="),
        ("--mount=type=bind,source=/tmp", "target="),
        ("--mount=type=bind,source=/tmp,target=x", "absolute"),
        ("--mount=type=bind,source=/tmp,target=/x,ro=maybe", "true or false"),
        ("--mount=type=bind,source=/tmp,target=/x,ro,rw", "rw"),
        ("--mount=type=bind,source=/tmp,src=/tmp,target=/x", "src"),
        ("--mount=type=bind,source=/tmp,target=/x,bind-propagation=moon", "bind-propagation"),
        ("--mount=type=bind,source=/no/such,target=/x", "/no/such"),
        ("--mount=type=tmpfs,source=/tmp,target=/x", "source"),
        ("--mount=type=tmpfs,target=/x,tmpfs-size=-1", "tmpfs-size"),
        ("--mount=type=volume,source=-x,target=/x", "name"),
        ("--mount=type=volume,target=/x,volume-opt=a=b", "volume-opt"),
        ('--mount="type=tmpfs,target=/x', "quotes"),
        ("--overlay=/tmp", "LOWER"),
        ("--overlay=+/var::/var", "+/var"),
        ("--bind=:/x", "SOURCE"),
        ("--inaccessible=x", "absolute"),
        ("--shm-size=lots", "--shm-size"),
        ("--shm-size=", "--shm-size"),
    ],
)
def test_bad_input(creelctl, image, option, word):
    if word is None:
        return
    refused(creelctl("run", "--rm", option, image, "true", check=False), word)
    assert creelctl("ps", "-a", "-q").stdout == "" and creelctl("volume", "ls", "-q").stdout == ""


@pytest.mark.parametrize(
    "options",
    [
        ["-v=/tmp:/x", "-v=/usr:/x"],
        ["-v=/tmp:/x", "--tmpfs=/x/"],
        ["--mount=type=tmpfs,dst=/x", "--mount=type=volume,dst=/y/../x"],
        ["--tmpfs=/x", "--tmpfs=/x"],
        ["-v=a:/x", "-v=b:/x"],
    ],
)
def test_destination_twice(creelctl, image, options):
    refused(creelctl("run", "--rm", *options, image, "true", check=False), "/x: duplicate mount destination")
    assert creelctl("volume", "ls", "-q").stdout == ""


def test_the_same_twice(inside, source):
    assert inside("-v", f"{source}:/x", "-v", f"{source}:/x", "-v", "/v", "-v", "/v", script="cat /x/file").stdout == "host\n"
    assert inside("--bind", f"{source}:/x", "--bind", f"{source}:/x", script="cat /x/file").stdout == "host\n"


def test_bad_input_on_the_bus(run, image):
    for kind, value in [("volume", "as 1 ./x:/y"), ("mount", "as 1 type=glob,src=/etc/*"), ("tmpfs", "s /x")]:
        done = run("busctl", "call", "org.creel1", "/org/creel1", "org.creel1.Manager", "CreateContainer", "sa{sv}", image, "1", kind, *value.split(" "), check=False)
        assert done.returncode != 0 and kind in done.stderr


# Images and sources that mislead


@pytest.fixture
def misleading(pulled):
    layer = images.busybox_layer()
    layer.dir("real").symlink("absolute", "/real").symlink("up", "../../../../real").symlink("deep", "absolute/sub")
    layer.symlink("dangling", "/made/here").symlink("etc-link", "/etc").symlink("kernel", "/proc").symlink("kernel-file", "/proc/sys/kernel")
    layer.symlink("devices", "/sys/kernel").symlink("loop", "loop").symlink("self", "/proc/self/root")
    return pulled(Image([layer], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]}), "mounts/misleading:1")


@pytest.mark.parametrize(
    "place,real",
    [
        ("/absolute", "/real"),
        ("/up", "/real"),
        ("/deep", "/real/sub"),
        ("/deep/er", "/real/sub/er"),
        ("/absolute/a/b", "/real/a/b"),
        ("/dangling", "/made/here"),
        ("/dangling/more", "/made/here/more"),
        ("/etc-link/x", "/etc/x"),
        ("/../../../x", "/x"),
    ],
)
def test_links_of_the_image_lead_inside(inside, misleading, source, place, real):
    before = os.listdir("/"), os.listdir("/etc")
    there = mounts(inside, "-v", f"{source}:{place}", name=misleading)
    assert real in there
    assert (os.listdir("/"), os.listdir("/etc")) == before, "nothing was made on the host"


@pytest.mark.parametrize("place", ["/kernel", "/kernel/x", "/kernel-file", "/devices", "/loop", "/loop/x", "/self", "/self/etc"])
def test_links_into_the_kernel_are_refused(inside, misleading, source, place):
    refused(inside("-v", f"{source}:{place}", name=misleading, check=False), place)
    refused(inside("--tmpfs", place, name=misleading, check=False), place)


def test_source_is_a_link(inside, source, tmp_path):
    (tmp_path / "link").symlink_to(source)
    assert inside("-v", f"{tmp_path}/link:/x", script="cat /x/file").stdout == "host\n"
    (tmp_path / "nowhere").symlink_to("/no/such/place")
    refused(inside("-v", f"{tmp_path}/nowhere:/x", check=False), "nowhere")


def test_source_swapped_while_it_starts(creelctl, image, source, tmp_path):
    """Either the one or the other, whole; never what is reached through the link later, and never a mixture."""
    other = tmp_path / "other"
    other.mkdir(mode=0o755)
    (other / "file").write_text("other\n")
    link, spare = tmp_path / "link", tmp_path / "spare"
    link.symlink_to(source)
    swapper = subprocess.Popen(
        ["sh", "-c", f"while :; do ln -sfn {other} {spare}; mv -T {spare} {link}; ln -sfn {source} {spare}; mv -T {spare} {link}; done"]
    )
    try:
        for _ in range(8):
            done = creelctl("run", "--rm", "-v", f"{link}:/a", image, "sh", "-c", "cat /a/file; ls /a; cat /a/file")
            assert done.stdout in ("host\nfile\nsub\nhost\n", "other\nfile\nother\n")
    finally:
        swapper.kill()
        swapper.wait()


def test_volume_that_somebody_fills_with_links(creelctl, inside, with_data):
    """What is in a volume is the business of whoever writes to it: the copy of the image's files follows no link in it."""
    name = with_data("mounts/data:5")
    inside("-v", "evil:/x", script="ln -s /etc /x/sub; ln -s /etc/passwd /x/seed")
    before = Path("/etc/passwd").read_bytes()
    assert inside("-v", "evil:/data", name=name, script="ls -l /data | grep -c -- '->'").stdout == "2\n"
    assert Path("/etc/passwd").read_bytes() == before


def test_volume_that_several_fill_at_once(creelctl, image):
    """One does; the others see all of it or wait."""
    runs = [
        subprocess.Popen(["creelctl", "run", "--rm", "-v", "shared:/bin", image, "/bin/ls", "/bin"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(6)
    ]
    shown = {run.communicate()[0] for run in runs}
    assert [run.returncode for run in runs] == [0] * 6
    assert shown == {creelctl("run", "--rm", image, "ls", "/bin").stdout}


def test_inspect(creelctl, image, source):
    options = ["-v", f"{source}:/x:ro,rslave", "-v", "vol:/v", "--tmpfs", "/t:size=1m", "--mount", f"type=image,source={image},target=/i"]
    creelctl("create", "--name", "shown", *options, image, "true")
    shown = json.loads(creelctl("inspect", "shown").stdout)[0]
    there = {each["Destination"]: each for each in shown["Mounts"]}
    assert list(there) == ["/x", "/v", "/i"] or set(there) == {"/x", "/v", "/i"}
    assert there["/x"]["Type"] == "bind" and there["/x"]["Source"] == str(source)
    assert there["/x"]["RW"] is False and there["/x"]["Propagation"] == "rslave" and "rbind" in there["/x"]["Options"]
    assert there["/v"]["Type"] == "volume" and there["/v"]["Name"] == "vol" and there["/v"]["RW"] is True
    assert there["/v"]["Source"] == str(STORE / "volumes/vol/data") and there["/v"]["Driver"] == "local"
    assert there["/i"]["Type"] == "image" and there["/i"]["RW"] is False
    assert shown["HostConfig"]["Tmpfs"] == {"/t": "size=1m,nosuid,nodev"}


def test_record_keeps_the_mounts(creelctl, image, source):
    creelctl("create", "--name", "kept", "-v", f"{source}:/x:ro", "--tmpfs", "/t:size=1m", "-v", "vol:/v", image, "sh", "-c", "cat /x/file; touch /v/x")
    subprocess.run(["systemctl", "restart", "creeld.service"], check=True)
    assert creelctl("start", "-a", "kept").stdout == "host\n"
    assert (STORE / "volumes/vol/data/x").exists()
