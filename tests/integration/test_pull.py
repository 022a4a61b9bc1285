# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pulling: registries, media types, platforms, sharing of layers, progress, and the trees that come out."""

import base64
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import tarfile

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower, Terminal
from ociwriter import Image, Index, Layer

pytestmark = pytest.mark.usefixtures("nothing_left_but_images")


@pytest.fixture
def nothing_left_but_images(creelctl, nothing_left):
    """Takes away what the test pulled, and then nothing may be left of it."""
    before = set(creelctl("images", "-q", "--no-trunc").stdout.split())
    yield
    creelctl("rm", "-a", "-f", "-t", "0")
    for image in set(creelctl("images", "-q", "--no-trunc").stdout.split()) - before:
        creelctl("rmi", "-f", image)


def inspect(creelctl, name):
    return json.loads(creelctl("inspect", name).stdout)[0]


def tree_of(layer):
    return traces.STORE / "layers" / layer.diff_id.removeprefix("sha256:") / "tree"


def small_image(marker, **kw):
    return Image([Layer().dir("only").file("only/marker", marker)], config={"Cmd": ["x"]}, **kw)


# Registries


@pytest.mark.smoke
def test_pull_prints_the_id(creelctl, registry):
    image = small_image("plain")
    reference = registry.push(image, "pull/plain:1")
    done = creelctl("pull", reference)
    config_digest = json.loads(image.manifest)["config"]["digest"]
    assert done.stdout.strip() == config_digest
    shown = inspect(creelctl, reference)
    assert (shown["Id"], shown["Digest"], shown["RepoTags"]) == (config_digest, image.digest, [reference])


def test_pull_without_a_tag_means_latest(creelctl, registry):
    reference = registry.push(small_image("latest"), "pull/untagged:latest")
    creelctl("pull", "-q", reference.removesuffix(":latest"))
    assert inspect(creelctl, reference)["RepoTags"] == [reference]


def auth_file(path, host, name="lab", password="secret"):
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    path.write_text(json.dumps({"auths": {host: {"auth": token}}}))
    return path


def test_pull_over_tls_with_a_password(creelctl, registry_tls, tmp_path):
    reference = registry_tls.push(small_image("tls"), "private/tls:1")
    creds = auth_file(tmp_path / "auth.json", registry_tls.host)
    creelctl("pull", "-q", "--ca", registry_tls.ca_file, "--authfile", creds, reference)
    assert inspect(creelctl, reference)["RepoTags"] == [reference]


def test_pull_finds_the_password_by_itself(creelctl, registry_tls, tmp_path):
    reference = registry_tls.push(small_image("tls by itself"), "private/tls-found:1")
    creds = auth_file(tmp_path / "auth.json", registry_tls.host)
    creelctl("pull", "-q", "--ca", registry_tls.ca_file, reference, env={**os.environ, "REGISTRY_AUTH_FILE": str(creds)})


def test_pull_with_tokens(creelctl, registry_token, tmp_path):
    public = registry_token.push(small_image("public"), "public/token:1")
    private = registry_token.push(small_image("private"), "private/token:1")
    creelctl("pull", "-q", public)
    creds = auth_file(tmp_path / "auth.json", registry_token.host)
    creelctl("pull", "-q", "--authfile", creds, private)
    assert ("lab", ["repository:private/token:pull"]) in registry_token.tokens.requests


# Media types


@pytest.mark.parametrize("flavour", ["oci", "docker"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_media_types(creelctl, registry, flavour, compression):
    layer = Layer(compression).file("compressed", f"{flavour} {compression}" * 1000)
    image = Image([layer], config={"Cmd": ["x"]}, flavour=flavour)
    creelctl("pull", "-q", registry.push(image, f"pull/{flavour}-{compression}:1"))
    assert (tree_of(layer) / "compressed").read_text() == f"{flavour} {compression}" * 1000


def test_image_without_layers(creelctl, registry):
    reference = registry.push(Image([], config={"Cmd": ["x"]}), "pull/no-layers:1")
    creelctl("pull", "-q", reference)
    assert inspect(creelctl, reference)["RootFS"]["Layers"] == []


def test_same_layer_twice_in_an_image(creelctl, registry):
    layer = Layer().file("twice", "x")
    reference = registry.push(Image([layer, layer], config={"Cmd": ["x"]}), "pull/twice:1")
    creelctl("pull", "-q", reference)
    assert inspect(creelctl, reference)["RootFS"]["Layers"] == [layer.diff_id] * 2


@pytest.mark.parametrize("flavour", ["oci", "docker"])
def test_index_gives_the_hosts_platform(creelctl, registry, flavour):
    choices = [
        small_image("arm64", architecture="arm64", variant="v8", flavour=flavour),
        small_image("amd64", architecture="amd64", flavour=flavour),
        small_image("windows", os="windows", flavour=flavour),
    ]
    reference = registry.push(Index(choices, flavour=flavour), f"pull/index-{flavour}:1")
    creelctl("pull", "-q", reference)
    shown = inspect(creelctl, reference)
    assert (shown["Os"], shown["Architecture"]) == ("linux", "amd64")
    assert (tree_of(choices[1].layers[0]) / "only/marker").read_text() == "amd64"
    assert not tree_of(choices[0].layers[0]).exists()


def test_another_platform(creelctl, registry):
    choices = [small_image("amd64"), small_image("arm64", architecture="arm64", variant="v8")]
    reference = registry.push(Index(choices), "pull/platform:1")
    creelctl("pull", "-q", "--platform", "linux/arm64", reference)
    assert inspect(creelctl, reference)["Architecture"] == "arm64"
    # A pull for this host does not take the other one's image for its own.
    creelctl("pull", "-q", reference)
    assert inspect(creelctl, reference)["Architecture"] == "amd64"


def test_pull_by_digest(creelctl, registry):
    image = small_image("by digest")
    tagged = registry.push(image, "pull/digest:1")
    reference = f"{tagged.rpartition(':')[0]}@{image.digest}"
    creelctl("pull", "-q", reference)
    assert inspect(creelctl, reference)["Digest"] == image.digest


# What is not fetched twice


def test_shared_layers_are_fetched_once(creelctl, make_registry):
    registry = make_registry()
    base, first, second = Layer().file("base", "b"), Layer().file("first", "1"), Layer("zstd").file("second", "2")
    creelctl("pull", "-q", registry.push(Image([base, first], config={"Cmd": ["x"]}), "shared/a:1"))
    start = len(registry.lines)
    other = Image([base, second], config={"Cmd": ["x"]})
    creelctl("pull", "-q", registry.push(other, "shared/b:1"))
    eventually(lambda: any("GET" in line and "blobs" in line for line in registry.lines[start:]), "the access log has the requests")
    fetched = [re.search(r"blobs/(sha256:\w+)", line)[1] for line in registry.lines[start:] if re.search(r'"GET /v2/.*/blobs/', line)]
    blobs = {descriptor["digest"]: descriptor for descriptor in json.loads(other.manifest)["layers"]}
    assert [digest for digest in fetched if digest in blobs] == [json.loads(other.manifest)["layers"][1]["digest"]]


def test_unchanged_tag_fetches_nothing(creelctl, make_registry, monitor):
    registry = make_registry()
    reference = registry.push(small_image("unchanged"), "same/tag:1")
    first = creelctl("pull", "-q", reference).stdout
    start = len(registry.lines)
    assert creelctl("pull", "-q", reference).stdout == first
    results = [monitor.signal_named("TransferRemoved")[2] for _ in range(2)]
    assert results == ["done", "unchanged"]
    assert not [line for line in registry.lines[start:] if "/blobs/" in line]


def test_moved_tag_takes_the_new_image(creelctl, registry):
    reference = registry.push(small_image("old"), "pull/moved:1")
    old = creelctl("pull", "-q", reference).stdout.strip()
    registry.push(small_image("new"), "pull/moved:1")
    new = creelctl("pull", "-q", reference).stdout.strip()
    assert old != new
    assert inspect(creelctl, reference)["Id"] == new
    assert inspect(creelctl, old)["RepoTags"] == []


def test_two_pulls_of_one_image_at_once(creelctl, registry, monitor):
    layer = Layer().file("content", os.urandom(2_000_000))
    reference = registry.push(Image([layer], config={"Cmd": ["x"]}), "pull/race:1")
    with Follower("creelctl", "pull", "-q", reference) as one, Follower("creelctl", "pull", "-q", reference) as two:
        assert [one.wait(), two.wait()] == [0, 0]
        assert one.rest() == two.rest()
    assert (tree_of(layer) / "content").stat().st_size == 2_000_000


def test_run_pulls_what_is_missing(creelctl, registry):
    reference = registry.push(images.busybox_image({"Cmd": ["echo", "pulled by run"]}), "pull/by-run:1")
    assert creelctl("run", "--rm", reference).stdout == "pulled by run\n"
    done = creelctl("run", "--rm", "--pull", "never", registry.push(small_image("never"), "pull/never:1"), check=False)
    assert done.returncode == 125 and "pull/never:1" in done.stderr


# Progress


def big_image(megabytes=3):
    layers = [Layer("none").file(f"big{i}", os.urandom(megabytes << 20)) for i in range(2)]
    return Image(layers, config={"Cmd": ["x"]})


def test_progress_on_the_bus(creelctl, scripted, monitor):
    image = big_image()
    reference = scripted.serve(image, "progress:1")
    digests = [layer["digest"] for layer in json.loads(image.manifest)["layers"]]
    stall = scripted.stall(digests[0], 1 << 20)
    with Follower("creelctl", "pull", reference) as pull:
        stall.wait()
        number, path = monitor.signal_named("TransferNew")

        def has_bytes(body):
            layers = body[1].get("Layers", {}).get("data", [])
            return body[0] == "org.creel1.Transfer" and layers and layers[0][2] > 0 and layers[1][1] == "done"

        monitor.signal_named("PropertiesChanged", has_bytes)
        layers = bus.get(path, "Transfer", "Layers")
        assert [str(layer[0]) for layer in layers] == digests
        assert [str(layer[1]) for layer in layers] == ["fetching", "done"]
        assert layers[0][2] <= 1 << 20 and layers[0][3] == len(image.layers[0].blob)
        assert 0.5 <= bus.get(path, "Transfer", "Progress") < 1
        assert bus.get(path, "Transfer", "Reference") == reference
        row = bus.manager("ListTransfers")[0]
        assert (row[0], row[1], row[2], row[3], row[5]) == (number, "pull", reference, "fetching", path)
        assert path.rpartition("/")[2] in creelctl("list-transfers", "--no-legend").stdout or str(number) in creelctl("list-transfers").stdout

        stall.go()
        body = monitor.signal_named("TransferRemoved")
        assert body[2:] == ["done", json.loads(image.manifest)["config"]["digest"], "", ""]
        assert pull.wait() == 0
        # Without a terminal there are lines, on standard error; standard output has the id.
        assert pull.rest() == [json.loads(image.manifest)["config"]["digest"]]
        pull.error_line(f"^{digests[1].removeprefix('sha256:')[:12]}: done")


def test_progress_on_a_terminal(scripted):
    image = big_image()
    reference = scripted.serve(image, "bars:1")
    digest = json.loads(image.manifest)["layers"][0]["digest"]
    stall = scripted.stall(digest, 1 << 20)
    with Terminal("creelctl", "pull", reference, columns=100) as pull:
        stall.wait()
        pull.expect(digest.removeprefix("sha256:")[:12] + r" +fetching +\[=+>? *\]")
        stall.go()
        assert pull.wait() == 0
        assert "\033[" in pull.output
        assert all(len(re.sub(r"\033\[\d*[A-Z]", "", line).strip("\r")) <= 100 for line in pull.output.split("\n"))


@pytest.mark.parametrize("how", ["verb", "interrupt"])
def test_cancel(creelctl, scripted, monitor, how):
    image = big_image()
    reference = scripted.serve(image, "cancel:1")
    stall = scripted.stall(json.loads(image.manifest)["layers"][0]["digest"], 1 << 20)
    with Follower("creelctl", "pull", reference) as pull:
        stall.wait()
        if how == "verb":
            creelctl("cancel-transfer", monitor.signal_named("TransferNew")[0])
        else:
            pull.signal(2)
        body = monitor.signal_named("TransferRemoved")
        assert body[2] == "cancelled" and body[4] == "org.creel1.Error.Cancelled"
        assert reference in body[5]
        assert pull.wait() not in (0, -2)
        pull.error_line("cancelled")
    assert reference not in creelctl("images").stdout


# Trees


def read_tree(top):
    """{path: what is there}, as far as a layer can say it."""
    found, inodes = {}, {}
    for directory, names, files in os.walk(os.fsencode(top)):
        for name in names + files:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            what = {"mode": stat.filemode(st.st_mode), "owner": (st.st_uid, st.st_gid), "mtime": st.st_mtime_ns}
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as file:
                    what["content"] = hashlib.sha256(file.read()).hexdigest()
            if stat.S_ISLNK(st.st_mode):
                what["target"] = os.readlink(path)
            if stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
                what["device"] = (os.major(st.st_rdev), os.minor(st.st_rdev))
            what["xattrs"] = {key: os.getxattr(path, key, follow_symlinks=False) for key in os.listxattr(path, follow_symlinks=False)}
            relative = os.path.relpath(path, os.fsencode(top))
            inodes.setdefault(st.st_ino, []).append(relative)
            found[relative] = what
    for names in inodes.values():
        for name in names:
            found[name]["links"] = sorted(names)
    return found


TYPES = {
    tarfile.REGTYPE: stat.S_IFREG,
    tarfile.GNUTYPE_SPARSE: stat.S_IFREG,
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}


def expected_tree(tar_bytes):
    """The same, out of the tar stream by Python's reader: whiteouts as overlayfs has them."""
    found, links = {}, {}
    with tarfile.open(fileobj=io.BytesIO(tar_bytes), errors="surrogateescape", encoding="utf-8") as tar:
        for member in tar:
            name = os.fsencode(member.name.rstrip("/"))
            parent, base = os.path.split(name)
            if base == b".wh..wh..opq":
                found[parent]["xattrs"]["trusted.overlay.opaque"] = b"y"
                continue
            if base.startswith(b".wh."):
                found[os.path.join(parent, base[4:])] = {"whiteout": True}
                continue
            if member.islnk():
                links[name] = os.fsencode(member.linkname)
                continue
            mode = 0o777 if member.issym() else member.mode
            what = {"mode": stat.filemode(TYPES[member.type] | mode), "owner": (member.uid, member.gid)}
            # to nanoseconds, as the text has it: a float would lose some
            text = member.pax_headers.get("mtime", str(int(member.mtime)))
            seconds, _, fraction = text.partition(".")
            nanoseconds = int(fraction.ljust(9, "0")[:9] or 0)
            what["mtime"] = int(seconds) * 10**9 + (-nanoseconds if seconds.startswith("-") else nanoseconds)
            if member.isreg():
                what["content"] = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
            if member.issym():
                what["target"] = os.fsencode(member.linkname)
            if member.ischr() or member.isblk():
                what["device"] = (member.devmajor, member.devminor)
            prefix = "SCHILY.xattr."
            what["xattrs"] = {
                key.removeprefix(prefix): value.encode("utf-8", "surrogateescape")
                for key, value in member.pax_headers.items()
                if key.startswith(prefix) and not key.startswith((prefix + "trusted.", prefix + "user.overlay."))
            }
            found[name] = what
    for name, target in links.items():
        found[name] = found[target]
    groups = {}
    for name, what in found.items():
        groups.setdefault(id(what), []).append(name)
    return {name: {**what, "links": sorted(groups[id(what)])} for name, what in found.items()}


def expect_tree(layer):
    expected, found = expected_tree(layer.tar), read_tree(tree_of(layer))
    assert sorted(found) == sorted(expected)
    for name, what in expected.items():
        if what.get("whiteout"):
            assert (found[name]["mode"][0], found[name]["device"]) == ("c", (0, 0)), name
        else:
            assert found[name] == what, name


def test_layers_as_they_were_written(creelctl, registry):
    image = images.layered_image()
    creelctl("pull", "-q", registry.push(image, "pull/layered:1"))
    for layer in image.layers:
        expect_tree(layer)


def test_merged_layers_seen_from_inside(creelctl, registry):
    reference = registry.push(images.layered_image(), "pull/merged:1")
    script = (
        "cd / && find data opaque attrs owned names ! -type d | sort && cat data/kept data/replaced data/plain opaque/fresh && echo && "
        "stat -c '%n %F %a %u:%g %h %Y' data/link data/turned owned names/fifo attrs/capable && readlink names/dangling"
    )
    done = creelctl("run", "--rm", reference, "sh", "-c", script)
    assert done.stdout.splitlines() == [
        *sorted(
            ["data/kept", "data/link", "data/plain", "data/replaced", "data/turned/inside", "opaque/fresh", "attrs/capable", "attrs/user"]
            + ["owned", "names/" + "long-" * 45, "names/zażółć", "names/with blank", "names/fifo", "names/dangling"],
            key=os.fsencode,
        ),
        "keptnewa filefresh",
        "data/link regular file 644 0:0 2 1700000000",
        "data/turned directory 755 0:0 2 1700000000",
        "owned regular file 4755 1000:1000 1 1700000000",
        "names/fifo fifo 600 0:0 1 1700000000",
        "attrs/capable regular file 755 0:0 1 1700000000",
        "../nowhere",
    ]


def odd_layer(compression="gzip"):
    layer = Layer(compression)
    layer.dir("modes").dir("modes/sticky", mode=0o1777).dir("modes/closed", mode=0).dir("modes/set-group-id", mode=0o2775)
    for mode in (0, 0o001, 0o444, 0o755, 0o2755, 0o4711, 0o6777, 0o7000):
        layer.file(f"modes/{mode:04o}", "x", mode=mode)
    layer.dir("owners")
    for uid, gid in ((0, 65534), (65534, 0), (65535, 65535), (1, 2)):
        layer.file(f"owners/{uid}-{gid}", "x", uid=uid, gid=gid)
        layer.symlink(f"owners/link-{uid}-{gid}", "nowhere", uid=uid, gid=gid)
    # dates: the epoch, before it, a half second, behind 2038 and behind 33 bits
    layer.dir("times", mtime=1)
    for mtime in (0, -86400, 1234567890.5, 2**31 + 5, 2**33 + 7):
        layer.file(f"times/{mtime}", "x", mtime=mtime)
    layer.symlink("times/link", "nowhere", mtime=99)
    layer.dir("names").file("names/" + "n" * 255, "x").file("names/new\nline", "x").file("names/ leading", "x").file("names/back\\slash", "x")
    layer.file("names/not-utf8-\udcff\udcfe", "x").file("names/-dash", "x").file("names/.hidden", "x").file("names/wh.not", "x")
    deep = "deep"
    layer.dir(deep)
    for i in range(20):
        deep += f"/{'d' * 60}{i:02}"
        layer.dir(deep)
    layer.file(f"{deep}/bottom", "x").symlink(f"{deep}/long-target", "t/" * 1000 + "end")
    layer.dir("links").file("links/first", "same", mode=0o640).hardlink("links/second", "links/first").hardlink("links/third", "links/second")
    layer.symlink("links/absolute", "/etc/passwd").symlink("links/loop", "loop").symlink("links/up", "../../../../etc/passwd")
    layer.hardlink("links/of-a-link", "links/absolute")
    layer.dir("xattrs", xattrs={"user.on-directory": "yes"})
    layer.file("xattrs/binary", "x", xattrs={"user.bytes": bytes(range(256)), "user.empty": ""})
    # trusted.* is overlayfs's, and user.overlay.* is, where nobody is root: images cannot set them
    layer.file("xattrs/forbidden", "x", xattrs={f"{key}.overlay.opaque": "y" for key in ("trusted", "user")} | {"trusted.mine": "t"})
    layer.file("xattrs/capable", "x", mode=0o755, xattrs={"security.capability": images.CAP_NET_RAW_EP})
    layer.file("xattrs/owned-capable", "x", mode=0o4755, uid=33, gid=33, xattrs={"security.capability": images.CAP_NET_RAW_EP})
    layer.dir("nodes").char_device("nodes/null", 1, 3, mode=0o666).block_device("nodes/loop", 7, 200, mode=0o660, gid=6)
    layer.char_device("nodes/large", 4095, 1048575).fifo("nodes/fifo", mode=0o622)
    layer.dir("empty").file("empty/file", "")
    layer.dir("gone").whiteout("gone/file").whiteout("gone/directory").dir("hidden").opaque("hidden").file("hidden/fresh", "x")
    return layer


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_odd_entries(creelctl, registry, compression):
    layer = odd_layer(compression)
    creelctl("pull", "-q", registry.push(Image([layer], config={"Cmd": ["x"]}), f"pull/odd-{compression}:1"))
    expect_tree(layer)


def tar_of(directory, *options):
    return subprocess.run(["tar", "-C", directory, *options, "-cf", "-", "."], check=True, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize(
    "options",
    [["--format=gnu"], ["--format=posix"], ["--format=ustar"], ["--format=gnu", "-S"]]
    + [["--format=posix", "-S", f"--sparse-version={version}"] for version in ("0.0", "0.1", "1.0")],
    ids=" ".join,
)
def test_tar_dialects(creelctl, registry, tmp_path, options):
    """What GNU tar writes, sparse files included, is read as it was."""
    source = tmp_path / "source"
    (source / ("long-" * 15) / ("longer-" * 12)).mkdir(parents=True)
    (source / ("long-" * 15) / ("longer-" * 12) / "file").write_text("x")
    (source / "link").symlink_to("t" * (90 if "--format=ustar" in options else 300))
    with open(source / "sparse", "wb") as file:
        file.truncate(300 << 20 if "-S" in options else 1 << 20)
        for offset in (0, 5 << 19, 100 << 20, (300 << 20) - 4096) if "-S" in options else (4096,):
            file.seek(offset)
            file.write(b"island" * 100)
    os.utime(source / "sparse", ns=(10**18, 10**18))
    os.link(source / "sparse", source / "twin")
    layer = Layer()
    layer._tar = tar_of(source, *options)
    name = "-".join(re.findall(r"\w+", " ".join(options))).lower()
    creelctl("pull", "-q", registry.push(Image([layer], config={"Cmd": ["x"]}), f"pull/dialect-{name}:1"))
    tree = tree_of(layer)
    wanted, found = read_tree(source), read_tree(tree)
    for what in [*wanted.values(), *found.values()]:
        if "--format=posix" not in options:
            what["mtime"] //= 10**9
    assert found == wanted
    if "-S" in options:
        assert (tree / "sparse").stat().st_blocks * 512 < 2 << 20, "holes were written out"


def test_big_image_of_many_layers(creelctl, registry):
    """As many layers as an image may have in practice, all visible in a container."""
    layers = [images.busybox_layer()] + [Layer("none").dir("many").file(f"many/{i}", str(i)) for i in range(120)]
    reference = registry.push(Image(layers, config={"Env": [images.PATH_ENV], "Cmd": ["sh"]}), "pull/many:1")
    creelctl("pull", "-q", reference)
    assert creelctl("run", "--rm", reference, "sh", "-c", "ls /many | wc -l; cat /many/119").stdout.split() == ["120", "119"]


def test_events_and_objects_of_a_pull(creelctl, registry, monitor):
    reference = registry.push(small_image("events"), "pull/events:1")
    image_id = creelctl("pull", "-q", reference).stdout.strip()
    number, path = monitor.signal_named("TransferNew")
    assert path == f"/org/creel1/transfer/{number}" or path.startswith("/org/creel1/transfer/")
    new_id, image_path = monitor.signal_named("ImageNew")
    assert new_id == image_id
    event = monitor.signal_named("Event", lambda body: body[2] == "pull")
    assert event[1:4] == ["image", "pull", image_id] and event[4]["name"] == reference
    assert bus.get(image_path, "Image", "Tags") == [reference]
    assert bus.get(image_path, "Image", "Layers") == [small_image("events").layers[0].diff_id]
