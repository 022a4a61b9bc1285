# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hooks: when they run, where, with what on stdin, and what a failing or hanging one does."""

import json
import os
import time

import pytest

KINDS = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]


@pytest.fixture
def hooked(oci):
    """hooked(script, *kinds): a bundle whose hooks of these kinds run it, with the kind as $1."""

    def make(script, *kinds, command=("true",), **rest):
        bundle = oci.bundle(*command)
        path = bundle.script("hook", script)
        # startContainer is looked up and executed inside
        inside = bundle.rootfs / "hook"
        inside.write_text("#!/bin/sh\n" + script)
        inside.chmod(0o755)
        for kind in kinds:
            bundle.hook(kind, "/hook" if kind == "startContainer" else path, kind, **rest)
        return bundle

    return make


def log_of(bundle):
    return (bundle.path / "log").read_text().split() if (bundle.path / "log").exists() else []


@pytest.mark.smoke
def test_order_and_time(oci, hooked):
    bundle = hooked("", command=("sh", "-c", "echo payload >> /log/log"))
    (bundle.path / "logs").mkdir()
    bundle.mount("/log", "bind", bundle.path / "logs", ["rbind"])
    path = bundle.script("note", f'echo $1 >> $( [ -d /log ] && echo /log/log || echo {bundle.path}/logs/log )')
    (bundle.rootfs / "note").write_text("#!/bin/sh\necho $1 >> /log/log\n")
    (bundle.rootfs / "note").chmod(0o755)
    for kind in reversed(KINDS):
        bundle.hook(kind, "/note" if kind == "startContainer" else path, kind)
    said = lambda: (bundle.path / "logs/log").read_text().split()  # noqa: E731
    container = oci.create(bundle)
    assert said() == ["prestart", "createRuntime", "createContainer"]
    container.start()
    container.wait()
    assert said()[:4] == ["prestart", "createRuntime", "createContainer", "startContainer"]
    # The payload and poststart are in no order
    assert sorted(said()[4:]) == ["payload", "poststart"]
    container.delete()
    assert said()[6:] == ["poststop"]


def test_hooks_of_a_kind_run_in_their_order(oci):
    bundle = oci.bundle("true")
    path = bundle.script("note", f"echo $1 >> {bundle.path}/log")
    for i in range(5):
        bundle.hook("createRuntime", path, str(i))
    oci.create(bundle)
    assert log_of(bundle) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("kind, status", [("prestart", "creating"), ("createRuntime", "creating"), ("poststart", "running"), ("poststop", "stopped")])
def test_state_on_stdin(oci, hooked, kind, status):
    bundle = hooked("", command=("sleep", "1000"))
    bundle.hook(kind, bundle.script("keep", f"cat > {bundle.path}/state"), "x")
    bundle.config["annotations"] = {"a.b": "c"}
    container = oci.create(bundle)
    pid = container.pid
    container.start()
    container.delete("--force")
    state = json.loads((bundle.path / "state").read_text())
    assert state["id"] == container.id
    assert state["bundle"] == str(bundle.path)
    # crun and runc say "created" here, which the hooks of others know
    assert state["status"] in (status, "created" if status == "creating" else status)
    assert state["ociVersion"].startswith("1.")
    assert state["annotations"] == {"a.b": "c"}
    if kind != "poststop":
        assert state["pid"] == pid


def test_arguments_and_environment(oci):
    bundle = oci.bundle("true")
    path = bundle.script("note", f'echo "$0 $# $1 $A $HOME_NOT" > {bundle.path}/log; env | sort >> {bundle.path}/log')
    bundle.config["hooks"] = {"createRuntime": [{"path": path, "args": ["called", "one"], "env": ["A=b", "PATH=/usr/bin:/bin"]}]}
    os.environ["HOME_NOT"] = "leaks"
    try:
        oci.create(bundle)
    finally:
        del os.environ["HOME_NOT"]
    said = (bundle.path / "log").read_text().splitlines()
    assert said[0].split()[1:] == ["1", "one", "b"]
    assert "HOME_NOT=leaks" not in said


@pytest.mark.parametrize("kind, inside", [("prestart", False), ("createRuntime", False), ("createContainer", True), ("poststart", False), ("poststop", False)])
def test_namespaces_that_they_run_in(oci, kind, inside):
    bundle = oci.bundle("sleep", "1000")
    bundle.hook(kind, bundle.script("where", f"readlink /proc/self/ns/mnt > {bundle.path}/where"), "x")
    container = oci.create(bundle)
    container.start()
    container.delete("--force")
    where = (bundle.path / "where").read_text().strip()
    assert (where != os.readlink("/proc/self/ns/mnt")) == inside


def test_start_container_runs_inside(oci, hooked):
    bundle = hooked("pwd > /where; hostname >> /where", "startContainer", command=("cat", "/where"))
    assert oci.run(bundle).stdout.split() == ["/", "bundle"]


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer"])
def test_failure_before_the_payload_ends_create(oci, hooked, kind):
    bundle = hooked("echo this is why >&2; exit 3", kind)
    message = oci.create_refused(bundle, say=kind)
    assert message


def test_failure_of_start_container_ends_start(oci, hooked):
    bundle = hooked("exit 3", "startContainer", command=("touch", "/ran"))
    container = oci.create(bundle)
    oci.refused("start", container.id, say="startContainer")
    assert not (bundle.rootfs / "ran").exists()


def test_failure_of_poststop_does_not_keep_the_container(oci, hooked):
    bundle = hooked("exit 3", "poststop")
    second = bundle.script("second", f"echo ran > {bundle.path}/second-ran")
    bundle.hook("poststop", second, "x")
    container = oci.create(bundle)
    container.end()
    container.delete()
    oci.assert_gone(container.id)
    assert (bundle.path / "second-ran").exists()


def test_poststop_runs_behind_a_create_that_failed_late(oci, hooked):
    bundle = hooked("exit 3", "createContainer")
    bundle.hook("poststop", bundle.script("note", f"echo ran > {bundle.path}/ran"), "x")
    oci.create_refused(bundle)


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_hook_that_hangs(oci, hooked, kind):
    bundle = hooked("sleep 1000 & sleep 1000", kind, timeout=1)
    began = time.monotonic()
    oci.create_refused(bundle, say="1 s")
    assert 0.9 < time.monotonic() - began < 15


def test_hook_that_is_not_there(oci):
    bundle = oci.bundle("true")
    bundle.hook("createRuntime", "/no/such/hook", "x")
    oci.create_refused(bundle, say="/no/such/hook")


def test_hook_that_does_not_read_its_stdin(oci):
    bundle = oci.bundle("true")
    bundle.config["annotations"] = {f"a{i}": "x" * 1000 for i in range(100)}
    bundle.hook("createRuntime", "/bin/true")
    oci.create(bundle)


@pytest.mark.parametrize("hook", [{"path": "relative"}, {}, {"path": "/bin/true", "timeout": 0}, {"path": "/bin/true", "args": "x"}])
def test_malformed_hooks(oci, hook):
    bundle = oci.bundle("true")
    bundle.config["hooks"] = {"createRuntime": [hook]}
    oci.create_refused(bundle)
