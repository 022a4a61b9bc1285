# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pulls that must fail: one line that names the thing, the right D-Bus error, and nothing left behind."""

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

import bus
import traces
from fixtures import eventually
from follow import Follower, kill_and_wait
from ociwriter import DOCKER, OCI, Image, Index, Layer, descriptor, encode, sha256

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def refused(creelctl, monitor):
    """refused(reference, "Kind", "text", ...): the pull fails with that D-Bus error, in one line with these texts."""

    def pull(reference, kind, *texts, options=()):
        done = creelctl("pull", "-q", *options, reference, check=False)
        body = monitor.signal_named("TransferRemoved")
        kinds = (kind,) if isinstance(kind, str) else kind
        said = f"{body[4]}: {body[5]}"
        assert body[2] == "failed" and body[3] == "", said
        assert body[4].removeprefix(bus.ERROR) in kinds, said
        assert done.returncode == 125 and done.stdout == "", said
        one_line(done.stderr, *texts)
        assert done.stderr == f"creelctl: {body[5]}\n"
        assert reference not in creelctl("images").stdout
        return body

    return pull


def one_line(text, *words):
    assert text.endswith("\n") and text.count("\n") == 1, text
    assert text.startswith("creelctl: "), text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text), "control characters in the message"
    for word in words:
        assert word in text, text


def image_of(*layers, **kw):
    return Image(list(layers), config={"Cmd": ["x"]}, **kw)


def plain_image(size=1000, compression="gzip", **kw):
    return image_of(Layer(compression).file("content", os.urandom(size)), **kw)


def layer_digest(image, index=0):
    return json.loads(image.manifest)["layers"][index]["digest"]


# What is asked for does not exist, or not for us


def test_malformed_reference(creelctl):
    for reference in ("UPPER/case", "a b", "", "x@sha256:1234", "registry.test/../x", "x:" + "t" * 129):
        done = creelctl("pull", "-q", reference, check=False)
        assert done.returncode == 125, reference
        one_line(done.stderr)
        assert bus.refused(bus.PATH, "Manager", "PullImage", "sa{sv}", reference, bus.options())[0] == "InvalidArgument"


def test_unknown_options(creelctl):
    name, message = bus.refused(bus.PATH, "Manager", "PullImage", "sa{sv}", "x", bus.options(colour="red"))
    assert name == "InvalidArgument" and "colour" in message
    name, message = bus.refused(bus.PATH, "Manager", "PullImage", "sa{sv}", "x", bus.options(tls_verify="maybe"))
    assert name == "InvalidArgument" and "tls-verify" in message
    one_line(creelctl("pull", "--colour", "x", check=False).stderr, "--colour")


def test_unknown_image(refused, registry):
    refused(registry.reference("bad/unknown:1"), "NoSuchImage", "bad/unknown:1")


def test_unknown_digest(refused, registry):
    reference = registry.push(plain_image(), "bad/digest:1")
    refused(f"{reference.rpartition(':')[0]}@sha256:{'0' * 64}", "NoSuchImage", "0" * 12)


def test_no_such_platform(refused, registry):
    reference = registry.push(Index([plain_image(architecture="s390x")]), "bad/platform:1")
    refused(reference, "NoSuchImage", "linux/amd64")
    refused(reference, "NoSuchImage", "linux/riscv64", options=["--platform", "linux/riscv64"])


def test_image_is_for_another_platform(refused, registry):
    """No index, a single image for another machine: podman and docker run it and fail later; here the pull says it."""
    reference = registry.push(plain_image(architecture="s390x"), "bad/other-machine:1")
    refused(reference, ("NoSuchImage", "Registry"), "s390x")


def test_registry_down(refused, make_registry):
    registry = make_registry()
    reference = registry.push(plain_image(), "bad/down:1")
    registry.stop()
    refused(reference, "Network", registry.host)


def test_unknown_host(refused):
    refused("registry.invalid/bad/host:1", "Network", "registry.invalid")


def test_password_is_missing(refused, registry_tls):
    reference = registry_tls.push(plain_image(), "private/bad:1")
    refused(reference, "AuthenticationRequired", "private/bad", options=["--ca", registry_tls.ca_file])


def test_password_is_wrong(refused, registry_tls, registry_token, tmp_path):
    for registry, options in ((registry_tls, ["--ca", registry_tls.ca_file]), (registry_token, [])):
        reference = registry.push(plain_image(), "private/wrong:1")
        wrong = base64.b64encode(b"lab:wrong").decode()
        (tmp_path / "auth.json").write_text(json.dumps({"auths": {registry.host: {"auth": wrong}}}))
        refused(reference, "AuthenticationRequired", "private/wrong", options=[*options, "--authfile", tmp_path / "auth.json"])


def test_token_is_refused(refused, registry_token):
    reference = registry_token.push(plain_image(), "private/no-token:1")
    refused(reference, "AuthenticationRequired", "private/no-token")


def test_password_file_is_nonsense(creelctl, registry, tmp_path):
    reference = registry.push(plain_image(), "bad/auth-file:1")
    (tmp_path / "auth.json").write_text("not JSON")
    done = creelctl("pull", "-q", "--authfile", tmp_path / "auth.json", reference, check=False)
    assert done.returncode == 125
    one_line(done.stderr)
    done = creelctl("pull", "-q", "--authfile", tmp_path / "missing.json", reference, check=False)
    assert done.returncode == 125
    one_line(done.stderr, "missing.json")


def test_certificate_is_unknown(refused, registry_tls):
    reference = registry_tls.push(plain_image(), "private/ca:1")
    refused(reference, "Security", registry_tls.host, options=["--tls-verify=true"])


def test_tls_from_a_registry_without(refused, registry):
    reference = registry.push(plain_image(), "bad/no-tls:1")
    refused(reference, ("Network", "Security"), registry.host, options=["--tls-verify=true"])


# Documents that are not what they should be


NONSENSE = {
    "html": b"<html><body>Welcome to the hotel network</body></html>",
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "no-layers": encode({"schemaVersion": 2, "mediaType": OCI["manifest"]}),
    "strings": encode({"schemaVersion": 2, "mediaType": OCI["manifest"], "config": "x", "layers": "y"}),
    "schema-1": encode({"schemaVersion": 1, "name": "x", "fsLayers": []}),
    "bad-digest": encode(
        {"schemaVersion": 2, "config": {"mediaType": OCI["config"], "digest": "sha256:../../etc/passwd", "size": 1}, "layers": []}
    ),
    "negative-size": encode(
        {"schemaVersion": 2, "config": {"mediaType": OCI["config"], "digest": "sha256:" + "0" * 64, "size": -1}, "layers": []}
    ),
    "deep": b"[" * 100000,
    "huge": b'{"x":"' + b"y" * (40 << 20) + b'"}',
    "binary": bytes(range(256)) * 10,
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE.keys())
def test_manifest_is_nonsense(refused, scripted, body):
    scripted.answer("/manifests/", body=body, headers={"Content-Type": OCI["manifest"], "Docker-Content-Digest": sha256(body)})
    refused(f"{scripted.host}/nonsense:1", ("Registry", "LimitsExceeded"), "nonsense:1")


@pytest.mark.parametrize("status", [400, 403, 418, 429, 500, 502, 503])
def test_error_statuses(refused, scripted, status):
    body = b'{"errors":[{"code":"OOPS","message":"a message\\n\\u001b[31mwith control characters"}]}'
    scripted.answer("/manifests/", status=status, body=body, headers={"Content-Type": "application/json"})
    refused(f"{scripted.host}/status:1", ("Registry", "Network", "AuthenticationRequired"), "status:1")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://127.0.0.1:1/v2/x", "/v2/loop/manifests/1"])
def test_redirects_to_bad_places(refused, scripted, target):
    scripted.answer("/manifests/", status=307, headers={"Location": target})
    refused(f"{scripted.host}/loop:1", ("Registry", "Network", "Security"), scripted.host)


def test_manifest_has_another_digest(refused, scripted):
    image = plain_image()
    scripted.serve(image, "other:1")
    wrong = sha256(b"something else")
    scripted.manifests["other", wrong] = (image.manifest, image.media_type)
    refused(f"{scripted.host}/other@{wrong}", ("Registry", "Security"), wrong[7:19])


def test_config_is_not_what_the_manifest_says(refused, scripted):
    image = plain_image()
    reference = scripted.serve(image, "config:1")
    digest = sha256(image.config)
    scripted.blobs[digest] = image.config[:-1] + b" "
    refused(reference, "Registry", digest[7:19])


@pytest.mark.parametrize("change", ["no-rootfs", "fewer", "more", "not-digests", "nonsense"])
def test_config_does_not_belong_to_the_layers(refused, scripted, change):
    def edit(document):
        ids = document["rootfs"]["diff_ids"]
        if change == "no-rootfs":
            del document["rootfs"]
        elif change == "fewer":
            ids.clear()
        elif change == "more":
            ids.append(ids[0])
        elif change == "not-digests":
            ids[0] = "sha256:../../../etc"
        else:
            return {"config": [], "rootfs": 3}

    refused(scripted.serve(plain_image(edit_config=edit), "config:1"), "Registry", "config:1")


def test_unknown_media_type_of_a_layer(refused, scripted):
    def edit(document):
        document["layers"][0]["mediaType"] = "application/vnd.example.squashfs"

    refused(scripted.serve(plain_image(edit_manifest=edit), "media:1"), "Registry", "squashfs")


# Blobs that are not what they should be


def test_layer_is_missing(refused, registry):
    image = plain_image()
    reference = registry.push(image, "bad/missing-layer:1")
    registry.blob_file(layer_digest(image)).unlink()
    refused(reference, ("Registry", "NoSuchImage"), layer_digest(image)[7:19])


def test_layer_is_corrupt(refused, registry):
    image = plain_image(100_000)
    reference = registry.push(image, "bad/corrupt:1")
    file = registry.blob_file(layer_digest(image))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    refused(reference, "Registry", layer_digest(image)[7:19])


def test_plain_layer_is_corrupt(refused, registry):
    """Nothing but the digest can tell."""
    image = plain_image(100_000, compression="none")
    reference = registry.push(image, "bad/corrupt-plain:1")
    file = registry.blob_file(layer_digest(image))
    data = bytearray(file.read_bytes())
    data[5000] ^= 0xFF
    file.write_bytes(data)
    refused(reference, "Registry", layer_digest(image)[7:19])


def test_layer_is_truncated(refused, registry):
    image = plain_image(100_000)
    reference = registry.push(image, "bad/truncated:1")
    file = registry.blob_file(layer_digest(image))
    file.write_bytes(file.read_bytes()[:50_000])
    refused(reference, ("Registry", "Network"), layer_digest(image)[7:19])


def test_connection_breaks_off(refused, scripted):
    image = plain_image(3_000_000, compression="none")
    reference = scripted.serve(image, "breaks:1")
    scripted.cut(layer_digest(image), 1_000_000)
    refused(reference, ("Registry", "Network"), layer_digest(image)[7:19])


@pytest.mark.parametrize("change", [-10, 10])
def test_layer_has_another_size(refused, scripted, change):
    def edit(document):
        document["layers"][0]["size"] += change

    image = plain_image(10_000, edit_manifest=edit)
    refused(scripted.serve(image, "size:1"), "Registry", layer_digest(image)[7:19])


def test_layer_has_another_diff_id(refused, registry):
    def edit(document):
        document["rootfs"]["diff_ids"][0] = "sha256:" + "5" * 64

    reference = registry.push(plain_image(edit_config=edit), "bad/diff-id:1")
    refused(reference, "Registry", "5" * 12)


@pytest.mark.parametrize("media, real", [("gzip", "zstd"), ("zstd", "gzip"), ("gzip", "none"), ("none", "gzip")])
def test_layer_is_compressed_otherwise(creelctl, scripted, media, real):
    """A wrong media type is either seen through or refused; what comes out is never wrong."""
    layer = Layer(real).file("content", "right" * 100)

    def edit(document):
        document["layers"][0]["mediaType"] = OCI[media]

    reference = scripted.serve(image_of(layer, edit_manifest=edit), f"media-{media}-{real}:1")
    done = creelctl("pull", "-q", reference, check=False)
    if done.returncode == 0:
        tree = traces.STORE / "layers" / layer.diff_id.removeprefix("sha256:") / "tree"
        assert (tree / "content").read_text() == "right" * 100
        creelctl("rmi", "-f", reference)
    else:
        one_line(done.stderr, layer_digest(image_of(layer))[7:19])


def test_something_behind_the_compressed_stream(refused, scripted):
    layer = Layer().file("x", "y")
    layer.blob = layer.blob + b"trailing rubbish"
    refused(scripted.serve(image_of(layer), "trailing:1"), "Registry", sha256(layer.blob)[7:19])


def test_first_layer_good_second_bad(refused, registry):
    """What was unpacked already goes away, too."""
    image = image_of(Layer().file("good", os.urandom(100_000)), Layer().file("bad", os.urandom(100_000)))
    reference = registry.push(image, "bad/second:1")
    file = registry.blob_file(layer_digest(image, 1))
    data = bytearray(file.read_bytes())
    data[-20] ^= 0xFF
    file.write_bytes(data)
    refused(reference, "Registry", layer_digest(image, 1)[7:19])


# Layers that try to get out, or are none

EVIL = "/var/tmp/creel-evil"


def pax_size_bomb():
    """A member that claims to be larger than any file may be."""
    layer = Layer(tar_format=tarfile.GNU_FORMAT)
    info = tarfile.TarInfo("huge")
    info.size = 1 << 62
    return layer.raw(info.tobuf(tarfile.GNU_FORMAT))


def cut(n_bytes):
    layer = Layer()
    layer._tar = Layer().file("x", b"y" * 5000).tar[:n_bytes]
    return layer


OUT = {
    "dot-dot": lambda: Layer().file("../" * 12 + "var/tmp/creel-evil", "evil"),
    "dot-dot-inside": lambda: Layer().dir("a").file("a/../" * 3 + "../../var/tmp/creel-evil", "evil"),
    "directory-dot-dot": lambda: Layer().dir(".."),
    "whiteout-dot-dot": lambda: Layer().file(".wh...", ""),
    "whiteout-dot": lambda: Layer().file(".wh..", ""),
    "whiteout-of-nothing": lambda: Layer().file("dir/.wh.", ""),
    "whiteout-as-directory": lambda: Layer().file(".wh.x/y", ""),
    "through-absolute-link": lambda: Layer().symlink("link", "/var/tmp").file("link/creel-evil", "evil"),
    "through-relative-link": lambda: Layer().symlink("link", "../" * 12 + "var/tmp").file("link/creel-evil", "evil"),
    "through-two-links": lambda: Layer().symlink("a", ".").symlink("a/b", "/var/tmp").file("b/creel-evil", "evil"),
    "through-proc": lambda: Layer().symlink("link", "/proc/self/root/var/tmp").file("link/creel-evil", "evil"),
    "through-a-file": lambda: Layer().file("file", "x").file("file/below", "evil"),
    "hard-link-out": lambda: Layer().hardlink("shadow", "../" * 12 + "etc/shadow"),
    "hard-link-absolute": lambda: Layer().hardlink("shadow", "/etc/shadow"),
    "hard-link-through-link": lambda: Layer().symlink("etc", "/etc").hardlink("shadow", "etc/shadow"),
    "hard-link-to-nothing": lambda: Layer().hardlink("x", "missing"),
    "hard-link-to-directory": lambda: Layer().dir("d").hardlink("x", "d"),
    "no-name": lambda: Layer().file("", "x"),
    "root-is-a-link": lambda: Layer().symlink("./", "/var/tmp").file("creel-evil", "evil"),
    "root-is-a-file": lambda: Layer().file("./", "x"),
    "unknown-type": lambda: Layer().entry("x", b"Z"),
    "ids-too-large": lambda: Layer().file("x", "y", uid=1 << 20),
    "size-bomb": pax_size_bomb,
    "bad-checksum": lambda: Layer().raw(b"name" + b"\0" * 508),
    "cut-in-a-member": lambda: cut(2048),
    "cut-in-a-header": lambda: cut(100),
    "not-tar": lambda: Layer().raw(b"this is not a tar archive" * 100),
    "bad-pax": lambda: Layer().entry("x", tarfile.XHDTYPE, b"999999 path=y\n").file("x", "y"),
    "huge-pax": lambda: Layer().entry("x", tarfile.XHDTYPE, b"x" * (8 << 20)).file("x", "y"),
    "deep": lambda: Layer().file("d/" * 3000 + "x", "y"),
}


@pytest.mark.parametrize("make", OUT.values(), ids=OUT.keys())
def test_layer_that_tries_to_get_out(refused, scripted, make):
    before = Path("/etc/shadow").stat()
    layer = make()
    refused(scripted.serve(image_of(layer), "evil:1"), ("Security", "Registry", "LimitsExceeded"), sha256(layer.blob)[7:19])
    assert not os.path.exists(EVIL)
    after = Path("/etc/shadow").stat()
    assert (after.st_nlink, after.st_mtime_ns, after.st_ctime_ns) == (before.st_nlink, before.st_mtime_ns, before.st_ctime_ns)


STAYS = {
    "absolute-name": (lambda: Layer().file("/var/tmp/creel-evil", "inside"), "var/tmp/creel-evil"),
    "dots": (lambda: Layer().file("./a/./b", "inside"), "a/b"),
    "slashes": (lambda: Layer().file("a//b///c", "inside"), "a/b/c"),
    "absolute-hard-link": (lambda: Layer().file("a", "inside").hardlink("b", "/a"), "b"),
}


@pytest.mark.parametrize("make, where", STAYS.values(), ids=STAYS.keys())
def test_layer_with_names_that_stay_inside(creelctl, scripted, make, where):
    layer = make()
    reference = scripted.serve(image_of(layer), "inside:1")
    creelctl("pull", "-q", reference)
    tree = traces.STORE / "layers" / layer.diff_id.removeprefix("sha256:") / "tree"
    assert (tree / where).read_text() == "inside"
    assert not os.path.exists(EVIL)
    creelctl("rmi", reference)


def test_gzip_bomb_in_a_document(refused, scripted):
    """A manifest that inflates without end: documents are not inflated at all, or only so far."""
    body = gzip.compress(b" " * (200 << 20), 9)
    headers = {"Content-Type": OCI["manifest"], "Content-Encoding": "gzip"}
    scripted.answer("/manifests/", body=body, headers=headers)
    refused(f"{scripted.host}/bomb:1", ("Registry", "LimitsExceeded"), "bomb:1")


def test_too_many_layers(refused, scripted):
    image = Image([], config={"Cmd": ["x"]})
    layer = Layer().file("x", "y")
    image.config = encode({**json.loads(image.config), "rootfs": {"type": "layers", "diff_ids": [layer.diff_id] * 20000}})
    document = json.loads(image.manifest)
    document["config"] = descriptor(image.config, OCI["config"])
    document["layers"] = [descriptor(layer.blob, OCI["gzip"])] * 20000
    image.manifest = encode(document)
    refused(scripted.serve(image, "layers:1"), ("LimitsExceeded", "Registry"), "layers:1")


def test_docker_schema_2_with_oci_layers_is_fine(creelctl, scripted):
    """Registries in the wild mix the two families."""

    def edit(document):
        document["config"]["mediaType"] = DOCKER["config"]

    reference = scripted.serve(plain_image(edit_manifest=edit), "mixed:1")
    creelctl("pull", "-q", reference)
    creelctl("rmi", reference)


# No room


@pytest.fixture
def small_store(run):
    """A store of 20 MB: creeld runs on a little tmpfs."""
    run("systemctl", "stop", "creeld.service")
    run("mount", "-t", "tmpfs", "-o", "size=20M,mode=0711", "tmpfs", traces.STORE)
    run("systemctl", "start", "creeld.service")
    yield
    run("systemctl", "stop", "creeld.service")
    run("umount", traces.STORE)
    run("systemctl", "start", "creeld.service")


def free_bytes(path):
    return os.statvfs(path).f_bavail * os.statvfs(path).f_frsize


def test_full_disk(small_store, refused, scripted, creelctl, run):
    before = traces.store()
    room = free_bytes(traces.STORE)
    image = image_of(Layer("none").file("fits", os.urandom(1 << 20)), Layer("none").file("too-much", os.urandom(30 << 20)))
    reference = scripted.serve(image, "full:1")
    refused(reference, "Storage", "no space left")
    eventually(lambda: traces.store() == before, lambda: f"the store is {sorted(traces.store())}")
    assert free_bytes(traces.STORE) >= room - (64 << 10)
    # Half a disk is not a broken service.
    fits = scripted.serve(image_of(image.layers[0]), "fits:1")
    creelctl("pull", "-q", fits)
    creelctl("rmi", fits)


def test_full_disk_when_a_container_is_made(small_store, creelctl, scripted, busybox):
    reference = scripted.serve(busybox, "busybox:1")
    creelctl("pull", "-q", reference)
    room = free_bytes(traces.STORE)
    with open(traces.STORE / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    before = traces.store()
    done = creelctl("create", "--name", "no-room", reference, check=False)
    if done.returncode != 0:
        one_line(done.stderr, "no-room" if "no-room" in done.stderr else "no space left")
        assert traces.store() == before
    (traces.STORE / "filler").unlink()
    creelctl("rm", "-f", "no-room", check=False)
    assert creelctl("run", "--rm", reference, "echo", "again").stdout == "again\n"
    creelctl("rmi", "-f", reference)
    assert room > 0


# Killed at any moment


def stalled_pull(scripted, name="killed:1"):
    """A pull that stands still with one layer unpacked and another half fetched."""
    image = image_of(Layer("none").file("first", os.urandom(1 << 20)), Layer("none").file("second", os.urandom(4 << 20)))
    reference = scripted.serve(image, name)
    stall = scripted.stall(layer_digest(image, 1), 2 << 20)
    return reference, stall, image


@pytest.mark.parametrize("victim", ["creel-pull", "creel-unpack"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_worker_is_killed(scripted, monitor, creelctl, victim, number):
    reference, stall, _ = stalled_pull(scripted)
    with Follower("creelctl", "pull", "-q", reference) as pull:
        stall.wait()
        (pid,) = eventually(lambda: traces.worker_pids(victim) if len(traces.worker_pids(victim)) == 1 else None, f"one {victim}")
        kill_and_wait(pid, number)
        body = monitor.signal_named("TransferRemoved")
        assert body[2] == "failed" and body[4] == "org.creel1.Error.System", body
        assert pull.wait() == 125
        assert reference in pull.error_line("died unexpectedly")
        assert pull.rest() == []
    assert reference not in creelctl("images").stdout


def test_creeld_is_killed_in_a_pull(scripted, creelctl, run, busybox):
    reference, stall, _ = stalled_pull(scripted)
    before = traces.store()
    with Follower("creelctl", "pull", "-q", reference) as pull:
        stall.wait()
        kill_and_wait(traces.creeld_pid())
        assert pull.wait() == 125
        pull.error_line("creeld")
    # Activated by the next call, if systemd has not restarted it already.
    assert reference not in creelctl("images").stdout
    eventually(lambda: traces.store() == before, lambda: f"differs: {set(traces.store()) ^ set(before)}")
    eventually(lambda: not traces.processes(), lambda: f"still there: {traces.processes()}")
    # And then it can be pulled.
    stall.go()
    del scripted.stalls[stall_digest(scripted)]
    creelctl("pull", "-q", reference)
    creelctl("rmi", reference)


def stall_digest(scripted):
    return next(iter(scripted.stalls))


def test_creeld_is_stopped_in_a_pull(scripted, creelctl, run):
    reference, stall, _ = stalled_pull(scripted)
    before = traces.store()
    with Follower("creelctl", "pull", "-q", reference) as pull:
        stall.wait()
        run("systemctl", "stop", "creeld.service")
        assert pull.wait() == 125
    eventually(lambda: not traces.processes(), lambda: f"still there: {traces.processes()}")
    run("systemctl", "start", "creeld.service")
    eventually(lambda: traces.store() == before, lambda: f"differs: {set(traces.store()) ^ set(before)}")


def test_client_is_killed_in_a_pull(scripted, monitor, creelctl):
    """A pull belongs to creeld: it goes on, and others see it."""
    reference, stall, _ = stalled_pull(scripted)
    with Follower("creelctl", "pull", "-q", reference) as pull:
        stall.wait()
        pull.signal(signal.SIGKILL)
        pull.wait()
        assert reference in creelctl("list-transfers").stdout
        stall.go()
        assert monitor.signal_named("TransferRemoved")[2] == "done"
    creelctl("rmi", reference)


def test_store_is_as_before_after_many_failures(refused, registry, scripted):
    """Failures do not add up."""
    image = plain_image(50_000)
    reference = registry.push(image, "bad/many:1")
    registry.blob_file(layer_digest(image)).write_bytes(b"x" * 100)
    fds = len(os.listdir(f"/proc/{traces.creeld_pid()}/fd"))
    for _ in range(10):
        refused(reference, ("Registry", "Network"), layer_digest(image)[7:19])
    eventually(lambda: len(os.listdir(f"/proc/{traces.creeld_pid()}/fd")) <= fds, "creeld holds as many descriptors as before")


def test_workers_are_confined(scripted, run):
    """What a worker may do while it works, as the kernel tells it."""
    reference, stall, _ = stalled_pull(scripted, "confined:1")
    with Follower("creelctl", "pull", "-q", reference) as pull:
        stall.wait()
        for name in ("creel-pull", "creel-unpack"):
            (pid,) = eventually(lambda: traces.worker_pids(name) if len(traces.worker_pids(name)) == 1 else None, f"one {name}")
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert status["NoNewPrivs"] == "1", name
            assert status["Seccomp"] == "2", name
            own = {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("mnt", "net", "ipc")}
            host = {kind: os.readlink(f"/proc/1/ns/{kind}") for kind in own}
            assert own["mnt"] != host["mnt"], name
            if name == "creel-unpack":
                assert own["net"] != host["net"], "creel-unpack has network"
            for fd in os.listdir(f"/proc/{pid}/fd"):
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                assert "dbus" not in target and "/containers" not in target, (name, target)
        stall.go()
        assert pull.wait() == 0
    subprocess.run(["creelctl", "rmi", reference], check=True, stdout=subprocess.DEVNULL)
