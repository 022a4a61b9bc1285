# SPDX-License-Identifier: LGPL-2.1-or-later
"""podman with creel-oci as its runtime, by either cgroup manager."""

import json
import secrets
import subprocess

import pytest

from engine import BUILD_LIMITS, RUNTIME, Cases, Engine, left_of_creel_oci, on_terminal


class Podman(Engine):
    root = "/run/creel-oci"

    def __init__(self, manager):
        # A limit of processes needs the pids controller, which a lab does not have.
        super().__init__("podman", ("--runtime", RUNTIME, "--cgroup-manager", manager), ("--pids-limit", "0"))


@pytest.fixture(scope="module")
def podman_image(busybox_ref):
    subprocess.run(["podman", "pull", "-q", "--tls-verify=false", busybox_ref], check=True, stdout=subprocess.DEVNULL)
    yield busybox_ref
    subprocess.run(["podman", "rmi", "-f", busybox_ref], check=False, stdout=subprocess.DEVNULL)


@pytest.fixture
def engine(request, podman_image):
    engine = Podman(getattr(request, "param", "systemd"))
    engine.image = podman_image
    yield engine
    engine.clean()


class TestPodman(Cases):
    test_run = pytest.mark.smoke(Cases.test_run)
    test_exec = pytest.mark.smoke(Cases.test_exec)
    test_terminal = pytest.mark.smoke(Cases.test_terminal)
    test_pause = pytest.mark.smoke(Cases.test_pause)
    test_kill = pytest.mark.smoke(Cases.test_kill)

    def test_attach_to_a_terminal(self, engine):
        name = engine.start("-it", "--", "sh")
        said, _ = on_terminal(engine.argv("attach", name), ["echo $((40 + 2))\n", "exit 3\n"], ["42", "exit 3"])
        assert "42" in said
        assert engine.call("wait", name).stdout.strip() == "3"

    def test_namespaces_of_another_container(self, engine):
        """Containers that join each other's namespaces."""
        first = engine.start("--hostname", "shared", "--", "sleep", "1000")
        done = engine.call("run", "--rm", "--pids-limit", "0", "--network", f"container:{first}", "--ipc", f"container:{first}",
                           "--uts", f"container:{first}", engine.image, "hostname")  # fmt: skip
        assert done.stdout == "shared\n"

    def test_user_namespace(self, engine):
        """--uidmap: the whole root filesystem is another user's."""
        done = engine.run("--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536", engine.image, "sh", "-c",
                          "cat /proc/self/uid_map; touch /x && stat -c %u /x")  # fmt: skip
        assert done.stdout.split() == ["0", "100000", "65536", "0"]

    def test_sd_notify(self, engine):
        """--sdnotify=container: READY=1 of the payload goes through."""
        script = "echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && echo there"
        done = engine.run("--sdnotify", "container", engine.image, "sh", "-c", script, check=False,
                          env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "NOTIFY_SOCKET": "/run/systemd/notify"})  # fmt: skip
        assert done.stdout.splitlines()[-1] == "there", done.stderr

    def test_health_check(self, engine):
        name = engine.start("--health-cmd", "true", "--health-interval", "disable", "--", "sleep", "1000")
        assert engine.call("healthcheck", "run", name).returncode == 0

    def test_hooks_of_a_directory(self, engine, tmp_path):
        hook = tmp_path / "hook"
        hook.write_text(f"#!/bin/sh\ncat > {tmp_path}/state\n")
        hook.chmod(0o755)
        (tmp_path / "hook.json").write_text(
            json.dumps({"version": "1.0.0", "hook": {"path": str(hook)}, "when": {"always": True}, "stages": ["poststop"]})
        )
        engine.call("--hooks-dir", tmp_path, "run", "--rm", *engine.run_options, engine.image, "true")
        assert json.loads((tmp_path / "state").read_text())["status"] == "stopped"


by_cgroupfs = pytest.mark.parametrize("engine", ["cgroupfs"], indirect=True)


@by_cgroupfs
class TestCgroupfs:
    test_run = Cases.test_run
    test_exec = Cases.test_exec
    test_pause = Cases.test_pause
    test_kill = Cases.test_kill
    test_stop_and_start_again = Cases.test_stop_and_start_again
    test_remove_a_paused_container = Cases.test_remove_a_paused_container
    test_nothing_is_left = Cases.test_nothing_is_left


def test_info_names_the_runtime(engine):
    info = json.loads(engine.call("info", "--format", "json").stdout)
    runtime = info["host"]["ociRuntime"]
    assert runtime["path"] == RUNTIME
    assert "creel-oci" in runtime["version"]


@pytest.mark.smoke
def test_build_with_run_steps(engine, tmp_path):
    (tmp_path / "Containerfile").write_text(
        f"FROM {engine.image}\nRUN echo built > /made && id -u >> /made\nRUN test -s /made\nUSER app\nRUN id -un > /tmp/who\n"
        'CMD ["cat", "/made", "/tmp/who"]\n'
    )
    tag = f"localhost/built-{secrets.token_hex(4)}"
    try:
        # No network of its own: that would be a bridge
        engine.call("build", "-q", "--network", "none", "--layers=false", *BUILD_LIMITS, "-t", tag, tmp_path, timeout=110)
        assert engine.run(tag).stdout.split() == ["built", "0", "app"]
    finally:
        engine.call("rmi", "-f", tag, check=False)


def test_nothing_is_left_in_the_root(engine):
    engine.run(engine.image, "true")
    assert not [each for each in left_of_creel_oci(Podman.root) if "engine-" in each]
