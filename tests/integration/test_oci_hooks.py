# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hooks of all kinds: where and when they run, what they get, and what becomes of the container when they fail."""

import json
import os
import time

import pytest

from oci import IS_CREEL, oci  # noqa: F401 - a fixture

BEFORE = ["prestart", "createRuntime", "createContainer", "startContainer"]
STATUS = {
    "prestart": ("creating",),
    "createRuntime": ("creating",),
    "createContainer": ("creating",),
    "startContainer": ("created",),
    "poststart": ("running",),
    "poststop": ("stopped",),
}


def everything(oci, *args):
    """A bundle whose hooks note their names and states in files; those inside are of the root."""
    bundle = oci.bundle(*(args or ("true",)))
    inside = bundle.rootfs / "hook"
    inside.write_text('#!/bin/sh\ncat > /state-$1\necho "$1" >> /order\n')
    inside.chmod(0o755)
    outside = bundle.script("hook", f'cat > {bundle.path}/state-$1\necho "$1" >> {bundle.path}/order\n')
    for kind in STATUS:
        bundle.hook(kind, "/hook" if kind == "startContainer" else outside, kind, env=["PATH=/usr/bin:/bin"])
    return bundle


@pytest.mark.smoke
def test_order_and_states(oci):
    bundle = everything(oci, "sleep", "1000")
    bundle.config["annotations"] = {"org.example.a": 'quote "'}
    container = oci.create(bundle)
    order = bundle.path / "order"
    assert order.read_text().split() == ["prestart", "createRuntime", "createContainer"]
    assert not (bundle.rootfs / "order").exists()
    container.start()
    assert order.read_text().split()[3:] == ["poststart"]
    assert (bundle.rootfs / "order").read_text().split() == ["startContainer"]
    container.kill("KILL")
    container.wait()
    container.delete()
    assert order.read_text().split()[4:] == ["poststop"]
    for kind, status in STATUS.items():
        where = bundle.rootfs if kind == "startContainer" else bundle.path
        state = json.loads((where / f"state-{kind}").read_text())
        assert state["status"] in status, kind
        assert (state["id"], state["bundle"]) == (container.id, str(bundle.path)), kind
        assert state["annotations"]["org.example.a"] == 'quote "', kind
        assert state["ociVersion"].startswith("1."), kind
        if kind in ("prestart", "createRuntime", "poststart"):
            assert state["pid"] == container.pid, kind


def test_run_has_all_of_them(oci):
    bundle = everything(oci)
    oci.run(bundle)
    names = (bundle.path / "order").read_text().split()
    assert names == ["prestart", "createRuntime", "createContainer", "poststart", "poststop"]


def test_namespaces(oci):
    """Those of the runtime, though the container's network is by path, and those of the container."""
    bundle = oci.bundle("true")
    say = "for i in mnt net pid uts; do readlink /proc/self/ns/$i; done"
    outside = bundle.script("hook", f"({say}) > {bundle.path}/ns-$1\n")
    holder = oci.start(oci.bundle("sleep", "1000"))
    bundle.namespace("network", f"/proc/{holder.pid}/ns/net")
    for kind in ("createRuntime", "createContainer", "poststop"):
        bundle.hook(kind, outside, kind, env=["PATH=/usr/bin:/bin"])
    oci.run(bundle)
    ours = [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "net", "pid", "uts")]
    assert (bundle.path / "ns-createRuntime").read_text().split() == ours
    assert (bundle.path / "ns-poststop").read_text().split() == ours
    theirs = (bundle.path / "ns-createContainer").read_text().split()
    assert all(a != b for a, b in zip(theirs, ours)), theirs


def test_the_root_is_in_its_place(oci):
    """Hooks such as nvidia's put files and mounts there."""
    bundle = oci.bundle("cat", "/mnt/file")
    (bundle.rootfs / "mnt").mkdir(exist_ok=True)
    (bundle.path / "source").mkdir()
    (bundle.path / "source" / "file").write_text("from a hook\n")
    bundle.hook(
        "createContainer",
        bundle.script("hook", f"mount --bind {bundle.path}/source {bundle.rootfs}/mnt\n"),
        env=["PATH=/usr/bin:/bin:/usr/sbin:/sbin"],
    )
    assert oci.run(bundle).stdout == "from a hook\n"


def test_hook_of_the_root_is_none_of_the_host(oci):
    bundle = oci.bundle("true")
    (bundle.rootfs / "only-inside").write_text("#!/bin/sh\n")
    (bundle.rootfs / "only-inside").chmod(0o755)
    bundle.hook("createContainer", "/only-inside")
    oci.create_refused(bundle, say="/only-inside")


def test_arguments_and_environment(oci):
    bundle = oci.bundle("true")
    path = bundle.script("hook", f'(echo "$@"; env) > {bundle.path}/said\n')
    bundle.config["hooks"] = {"createRuntime": [{"path": path, "args": ["name", "a b", "c"], "env": ["X=1", "Y=a b"]}]}
    oci.run(bundle)
    said = (bundle.path / "said").read_text().splitlines()
    assert said[0] == "a b c"
    assert "X=1" in said and "Y=a b" in said
    assert not any(line.startswith("HOME=") for line in said)


@pytest.mark.parametrize("kind", BEFORE[:3])
def test_failure_ends_create(oci, kind):
    bundle = oci.bundle("touch", "/ran")
    bundle.hook(kind, bundle.script("hook", "echo the reason >&2; exit 7\n"), env=["PATH=/usr/bin:/bin"])
    said = oci.create_refused(bundle, say="hook")
    if IS_CREEL:
        assert f"error running {kind} hook #0" in said and "the reason" in said
    assert not (bundle.rootfs / "ran").exists()


def test_failure_ends_start(oci):
    bundle = oci.bundle("touch", "/ran")
    bundle.hook("startContainer", "/bin/false")
    container = oci.create(bundle)
    said = oci.refused("start", container.id, say="/bin/false")
    if IS_CREEL:
        assert "error running startContainer hook #0" in said
    container.wait()
    assert container.status == "stopped"
    assert not (bundle.rootfs / "ran").exists()


def test_later_ones_do_not_run(oci):
    bundle = oci.bundle("true")
    bundle.hook("createRuntime", "/bin/false")
    bundle.hook("createRuntime", bundle.script("hook", f"touch {bundle.path}/later\n"), env=["PATH=/usr/bin:/bin"])
    oci.create_refused(bundle)
    assert not (bundle.path / "later").exists()


def test_failing_poststop_removes_the_container_all_the_same(oci):
    bundle = oci.bundle("true")
    bundle.hook("poststop", "/bin/false")
    bundle.hook("poststop", bundle.script("hook", f"touch {bundle.path}/later\n"), env=["PATH=/usr/bin:/bin"])
    container = oci.create(bundle)
    container.start()
    container.wait()
    container.delete()
    oci.assert_gone(container.id)
    assert (bundle.path / "later").exists()


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_timeout(oci, kind):
    bundle = oci.bundle("true")
    bundle.hook(kind, bundle.script("hook", "exec sleep 1000\n"), env=["PATH=/usr/bin:/bin"], timeout=1)
    before = time.monotonic()
    oci.create_refused(bundle)
    assert 0.5 < time.monotonic() - before < 20


def test_missing_hook(oci):
    bundle = oci.bundle("true")
    bundle.hook("prestart", "/no/such/hook")
    oci.create_refused(bundle, say="/no/such/hook")


def test_hook_that_does_not_read(oci):
    bundle = oci.bundle("true")
    bundle.config["annotations"] = {"large": "x" * 300000}
    bundle.hook("createRuntime", "/bin/true")
    oci.run(bundle)


@pytest.mark.skipif(not IS_CREEL, reason="crun opens them later")
def test_streams_by_annotation(oci):
    bundle = oci.bundle("true")
    bundle.config["annotations"] = {
        "run.oci.hooks.stdout": f"{bundle.path}/out",
        "run.oci.hooks.stderr": f"{bundle.path}/err",
    }
    (bundle.rootfs / "hook").write_text("#!/bin/sh\necho late out; echo late err >&2\n")
    (bundle.rootfs / "hook").chmod(0o755)
    bundle.hook("createRuntime", bundle.script("hook", "echo out; echo err >&2\n"))
    bundle.hook("startContainer", "/hook")
    oci.run(bundle)
    assert (bundle.path / "out").read_text() == "out\nlate out\n"
    assert (bundle.path / "err").read_text() == "err\nlate err\n"
