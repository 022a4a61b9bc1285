# SPDX-License-Identifier: LGPL-2.1-or-later
"""Killed at any moment, many at once, and damage on disk: creeld comes back, and nothing is left behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower, kill_and_wait
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")


def serve_again(creelctl, run):
    """creeld answers again."""
    return creelctl("ps", "-a", "--format", "json")


# As many beats after a start as take it from the first message to the end of the command.
@pytest.mark.parametrize("beats", [0, 1, 2, 4, 8, 16, 32])
def test_creeld_is_killed_in_a_start(creelctl, image, run, beats):
    with Follower("creelctl", "run", "--rm", "--name", "cut-off", image, "sh", "-c", "echo ran; exit 6") as client:
        # Each beat is a round trip over the bus: a clock that runs with the machine's speed.
        for _ in range(beats):
            bus.get(bus.PATH, "Manager", "NContainers")
        kill_and_wait(traces.creeld_pid())
        status = client.wait()
        # It ran, or it says in one line that it did not.
        if status == 6:
            assert client.rest() == ["ran"]
        else:
            assert status == 125
            client.error_line("creel")
    serve_again(creelctl, run)
    eventually(lambda: json.loads(serve_again(creelctl, run).stdout) == [], "the container is gone")


@pytest.mark.parametrize("beats", [0, 2, 8])
def test_creeld_is_killed_in_a_removal(creelctl, image, run, beats):
    creelctl("run", "-d", "--name", "half-gone", image, "sh", "-c", "dd if=/dev/zero of=/big bs=1M count=30; sleep 1000")
    with Follower("creelctl", "rm", "-f", "-t", "0", "half-gone") as client:
        for _ in range(beats):
            bus.get(bus.PATH, "Manager", "NContainers")
        kill_and_wait(traces.creeld_pid())
        client.wait()
    rows = json.loads(serve_again(creelctl, run).stdout)
    # Either it is all there, or nothing is.
    if rows:
        assert rows[0]["Names"] == ["half-gone"]
        creelctl("rm", "-f", "-t", "0", "half-gone")
    assert not any((traces.STORE / "containers").iterdir())


@pytest.mark.parametrize("beats", [0, 1, 2, 4, 8])
def test_supervisor_is_killed_in_a_start(creelctl, image, beats):
    with Follower("creelctl", "run", "--rm", "--name", "unborn", image, "sleep", "1000") as client:
        (pid,) = eventually(lambda: traces.worker_pids("creel-supervise")[:1], "there is a supervisor")
        for _ in range(beats):
            bus.get(bus.PATH, "Manager", "NContainers")
        try:
            kill_and_wait(pid)
        except ProcessLookupError:
            pytest.fail("the supervisor of a sleeping container is gone")
        assert client.wait() in (125, 137)
    eventually(lambda: creelctl("ps", "-aq").stdout == "", "the container is gone")


def test_descriptors_and_children_do_not_add_up(creelctl, image):
    def target(fd):
        try:
            return os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0]
        except FileNotFoundError:
            return "just closed"

    def held():
        fds = [target(fd) for fd in os.listdir(f"/proc/{pid}/fd")]
        return {kind: fds.count(kind) for kind in set(fds)}

    creelctl("run", "--rm", image, "true")
    pid = traces.creeld_pid()
    # Removed in the background, until when their directories are open; children have a descriptor until they are reaped.
    eventually(lambda: not any("staging/" in kind for kind in held()), "what was removed is gone")
    eventually(lambda: not Path(f"/proc/{pid}/task/{pid}/children").read_text(), "the children are reaped")
    before = held()
    for i in range(20):
        creelctl("run", "--rm", image, "true")
        creelctl("run", "--rm", image, "no-such-command", check=False)
        creelctl("run", "--rm", "--name", "-bad", image, check=False)
        creelctl("run", "-d", "--name", f"fds-{i}", image, "true")
        creelctl("wait", f"fds-{i}")
        creelctl("rm", f"fds-{i}")
    eventually(lambda: held() == before, lambda: f"{before} -> {held()}")
    assert traces.creeld_pid() == pid


def test_second_creeld_gives_way(run):
    pid = traces.creeld_pid()
    done = run("/usr/lib/creel/creeld", check=False, timeout=20)
    assert done.returncode != 0 and "another" in done.stderr.lower(), done
    assert traces.creeld_pid() == pid
    done = run("/usr/lib/creel/creeld", "--store", "/var/tmp/other-store", "--runtime", "/run/other-creel", check=False, timeout=20)
    assert done.returncode != 0
    run("rm", "-rf", "/var/tmp/other-store", "/run/other-creel")


DAMAGE = {
    "empty": b"",
    "cut": b'{"version":1,"id":"',
    "binary": bytes(range(256)),
    "null": b"null",
    "other-version": b'{"version":99}',
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_record(creelctl, image, run, content):
    """One bad record costs one container, not the service, and the journal says which."""
    identity = creelctl("create", "--name", "damaged", image, "true").stdout.strip()
    creelctl("create", "--name", "whole", image, "true")
    run("systemctl", "stop", "creeld.service")
    (traces.STORE / "containers" / identity / "container.json").write_bytes(content)
    run("systemctl", "start", "creeld.service")
    assert creelctl("ps", "-a", "--format", "{{.Names}}").stdout == "whole\n"
    text = subprocess.run(["journalctl", "-q", "-u", "creeld", "-o", "cat", "-n", "20"], check=True, text=True, stdout=subprocess.PIPE).stdout
    assert identity[:12] in text
    # Nothing that may be somebody's data is thrown away behind his back, and neither are the layers below it; by hand it goes.
    assert (traces.STORE / "containers" / identity / "rootfs" / "upper").is_dir()
    run("rm", "-rf", traces.STORE / "containers" / identity)


def test_damaged_image_record(creelctl, image, run, registry):
    """It costs that image, until it is pulled again."""
    reference = registry.push(Image([images.busybox_layer(), Layer().file("own", "x")], config={"Cmd": ["/bin/sh"]}), "storms/damaged:1")
    identity = creelctl("pull", "-q", reference).stdout.strip()
    run("systemctl", "stop", "creeld.service")
    record = traces.STORE / "images" / f"{identity.removeprefix('sha256:')}.json"
    record.write_bytes(record.read_bytes()[:100])
    run("systemctl", "start", "creeld.service")
    names = creelctl("images", "--format", "{{.Repository}}").stdout
    assert "storms/damaged" not in names and "busybox" in names
    # its layers wait for the next pull
    assert [path for path in (traces.STORE / "layers").glob("*/tree/own")]
    creelctl("run", "--rm", image, "true")
    assert [path for path in (traces.STORE / "layers").glob("*/tree/own")]
    creelctl("pull", "-q", reference)
    assert creelctl("run", "--rm", reference, "/bin/cat", "/own").stdout == "x"
    creelctl("rmi", reference)


def test_stop_during_a_start(creelctl, image):
    """A stop that comes while a start is under way wins, or finds it running; the container ends stopped either way."""
    creelctl("create", "--name", "hurried", image, "sleep", "1000")
    for _ in range(5):
        with Follower("creelctl", "start", "hurried") as starting:
            creelctl("stop", "-t", "0", "hurried")
            starting.wait()
        creelctl("stop", "-t", "0", "hurried")
        assert str(bus.container_property("hurried", "State")) in ("created", "stopped")


def test_signals_in_the_first_moments(creelctl, image):
    """creelctl may be interrupted before there is anything to interrupt."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with Follower("creelctl", "run", "--rm", "--name", "early", image, "sleep", "1000") as client:
            client.signal(number)
            if number == signal.SIGKILL:
                client.wait()
        creelctl("rm", "-f", "-t", "0", "early", check=False)
        eventually(lambda: creelctl("ps", "-aq").stdout == "" or creelctl("rm", "-a", "-f", "-t", "0", check=False).returncode, "nothing runs")
