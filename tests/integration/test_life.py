# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pause, restart, rename, wait, replace, and how verbs choose their containers."""

import json
import subprocess
import time
from pathlib import Path

import pytest

import bus
import images
from fixtures import eventually
from follow import Follower, pidfd_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

GRACEFUL = "trap 'echo stopping; exit 7' TERM; echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def start(creelctl, image):
    """start("name", "--option", ..., script=...) -> id of a detached container whose script has said "ready"."""

    def call(name, *options, script=GRACEFUL):
        identity = creelctl("run", "-d", "--name", name, *options, image, "sh", "-c", script).stdout.strip()
        eventually(lambda: "ready" in creelctl("logs", name).stdout, f"{name} is ready")
        return identity

    return call


def state_of(name):
    return str(bus.container_property(name, "State"))


def payload(name):
    return Path("/sys/fs/cgroup" + str(bus.container_property(name, "ControlGroup"))) / "payload"


def is_frozen(name):
    return "frozen 1" in (payload(name) / "cgroup.events").read_text()


def machines():
    listed = subprocess.run(["machinectl", "list", "--no-legend"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return {line.split()[0] for line in listed.splitlines()}


def restart_creeld(number="TERM"):
    process = int(subprocess.run(["systemctl", "show", "-P", "MainPID", "creeld.service"], check=True, text=True, stdout=subprocess.PIPE).stdout)
    subprocess.run(["systemctl", "kill", "-s", number, "creeld.service"], check=True)
    pidfd_wait(process)
    bus.manager("ListContainers")


# Pause


@pytest.mark.smoke
def test_pause_and_unpause(creelctl, start):
    start("p")
    assert creelctl("pause", "p").stdout == "p\n"
    assert state_of("p") == "paused" and is_frozen("p")
    status = json.loads(creelctl("inspect", "p").stdout)[0]["State"]
    assert (status["Status"], status["Paused"], status["Running"]) == ("paused", True, True)
    assert creelctl("ps", "--format", "{{.Status}}").stdout.strip().endswith("(Paused)")
    assert creelctl("ps", "-q", "--filter", "status=paused").stdout.strip()
    # the supervisor beside the payload goes on
    supervisor = payload("p").parent / "supervisor"
    assert "frozen 0" in (supervisor / "cgroup.events").read_text()
    assert creelctl("unpause", "p").stdout == "p\n"
    assert state_of("p") == "running" and not is_frozen("p")


def test_refused_moves_name_both_states(creelctl, start, image):
    creelctl("create", "--name", "idle", image)
    start("p")
    for verb, name, words in (
        ("pause", "idle", ("created", "pause")),
        ("unpause", "p", ("running", "unpause")),
        ("unpause", "idle", ("created", "unpause")),
    ):
        done = creelctl(verb, name, check=False)
        assert done.returncode == 125 and done.stdout == "" and done.stderr.count("\n") == 1
        assert all(word in done.stderr for word in words)
    creelctl("pause", "p")
    done = creelctl("pause", "p", check=False)
    assert done.returncode == 125 and "paused" in done.stderr
    kind, text = bus.refused(bus.container("p"), "Container", "Pause", "a{sv}", bus.options())
    assert kind == "InvalidState" and "paused" in text and "pause" in text
    kind, text = bus.refused(bus.container("p"), "Container", "Unpause", "a{sv}", bus.options(hard=True))
    assert kind == "InvalidArgument" and "hard" in text


def test_paused_stays_paused_when_creeld_comes_back(creelctl, start):
    start("p")
    creelctl("pause", "p")
    for number in ("TERM", "KILL"):
        restart_creeld(number)
        assert state_of("p") == "paused" and is_frozen("p")
    # and what somebody else did meanwhile is seen
    subprocess.run(["systemctl", "stop", "creeld.service"], check=True)
    (Path("/sys/fs/cgroup/machine.slice/creel-p.scope/payload") / "cgroup.freeze").write_text("0")
    assert state_of("p") == "running"


@pytest.mark.parametrize("verb", ["stop", "restart", "rm"])
def test_who_ends_a_paused_container_thaws_it(creelctl, start, verb):
    start("p")
    creelctl("pause", "p")
    before = time.monotonic()
    creelctl(verb, *(["-f"] if verb == "rm" else []), "p")
    assert time.monotonic() - before < 8
    if verb == "stop":
        assert (state_of("p"), bus.container_property("p", "ExitCode")) == ("stopped", 7)
        assert "stopping" in creelctl("logs", "p").stdout
    elif verb == "restart":
        assert state_of("p") == "running" and not is_frozen("p")


def test_kill_of_a_paused_container(creelctl, start):
    start("p")
    creelctl("pause", "p")
    creelctl("kill", "p")
    assert creelctl("wait", "p").stdout == "137\n"
    start("q", script="trap 'echo usr1' USR1; echo ready; while :; do sleep 0.05; done")
    creelctl("pause", "q")
    with Follower("creelctl", "logs", "-f", "q") as logs:
        creelctl("kill", "-s", "USR1", "q")
        logs.line("^usr1$")
    assert state_of("q") == "running"


def test_systemd_stops_a_paused_container(creelctl, start):
    start("p")
    creelctl("pause", "p")
    subprocess.run(["systemctl", "stop", "creel-p.scope"], check=True)
    creelctl("wait", "p")
    assert (state_of("p"), bus.container_property("p", "ExitCode")) == ("stopped", 7)


def test_pause_all(creelctl, start, image):
    start("a")
    start("b")
    creelctl("create", "--name", "c", image)
    creelctl("pause", "a")
    assert creelctl("pause", "--all").stdout == "b\n"
    assert sorted(creelctl("unpause", "--all").stdout.split()) == ["a", "b"]
    assert creelctl("pause", "--all").stdout.count("\n") == 2


def test_events_of_pausing(creelctl, start, monitor):
    start("p")
    creelctl("pause", "p")
    monitor.signal_named("Event", lambda body: body[1:3] == ["container", "pause"])
    creelctl("unpause", "p")
    monitor.signal_named("Event", lambda body: body[1:3] == ["container", "unpause"])


def test_many_pauses_at_once(creelctl, start):
    """One is done, the others share it or are told that there is nothing to do; the container survives."""
    start("p")
    calls = [subprocess.Popen(["creelctl", verb, "p"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for verb in ["pause", "unpause"] * 6]
    assert {call.wait(30) for call in calls} <= {0, 125}
    for call in calls:
        call.communicate()
    creelctl("stop", "p")
    assert state_of("p") == "stopped"


# Restart


def test_restart(creelctl, start, image):
    start("r")
    leader = bus.container_property("r", "Leader")
    assert creelctl("restart", "r").stdout == "r\n"
    assert state_of("r") == "running" and bus.container_property("r", "Leader") != leader
    eventually(lambda: creelctl("logs", "r").stdout == "ready\nstopping\nready\n", "the second run is ready")
    assert bus.container_property("r", "RestartCount") == 0
    creelctl("create", "--name", "idle", image, "true")
    creelctl("restart", "idle")
    assert creelctl("wait", "idle").stdout == "0\n"


def test_restart_kills_who_does_not_stop(creelctl, start):
    start("r", script="trap '' TERM; echo ready; while :; do sleep 1000; done")
    before = time.monotonic()
    creelctl("restart", "-t", "1", "r")
    assert 0.9 < time.monotonic() - before < 8
    creelctl("restart", "-t", "0", "r")
    assert state_of("r") == "running"
    creelctl("rm", "-f", "-t", "0", "r")


def test_restart_keeps_a_container_that_is_removed_at_its_exit(creelctl, start):
    identity = start("r", "--rm")
    creelctl("restart", "r")
    assert creelctl("ps", "-q", "--no-trunc").stdout.strip() == identity
    creelctl("stop", "r")
    assert creelctl("ps", "-aq").stdout == ""


def test_restart_that_fails(creelctl, start):
    start("r", script="echo ready; mv /bin/busybox /bin/other; while :; do /bin/other sleep 0.05; done")
    done = creelctl("restart", "-t", "0", "r", check=False)
    assert done.returncode in (125, 126, 127) and done.stderr.count("\n") == 1
    assert state_of("r") == "stopped"
    creelctl("rm", "r")


def test_restart_of_several(creelctl, start, image):
    start("a")
    start("b")
    creelctl("create", "--name", "c", image, "sleep", "1000")
    assert sorted(creelctl("restart", "--running", "-t", "0").stdout.split()) == ["a", "b"]
    assert state_of("c") == "created"
    assert sorted(creelctl("restart", "--all", "-t", "0").stdout.split()) == ["a", "b", "c"]
    assert state_of("c") == "running"
    creelctl("rm", "-fa", "-t", "0")


def test_the_caller_of_a_foreground_run_is_let_go(creelctl, image):
    with Follower("creelctl", "run", "--name", "r", image, "sh", "-c", GRACEFUL) as run:
        run.line("ready")
        creelctl("restart", "r")
        assert run.wait() == 7
    assert state_of("r") == "running"


def test_restart_events(creelctl, start, monitor):
    start("r")
    creelctl("restart", "r")
    for action in ("died", "start", "restart"):
        monitor.signal_named("Event", lambda body: body[1:3] == ["container", action])


# Rename


@pytest.mark.smoke
def test_rename(creelctl, image):
    identity = creelctl("create", "--name", "old", image, "true").stdout.strip()
    assert creelctl("rename", "old", "new").stdout == ""
    assert bus.container_property("new", "Id") == identity
    told = creelctl("events", "--since", "1m", "--until", "now", "--filter", f"container={identity}", "--filter", "event=rename", "--format", "json").stdout
    assert json.loads(told)["Attributes"]["name"] == "new"
    assert creelctl("inspect", "old", check=False).returncode == 125
    restart_creeld()
    assert bus.container_property("new", "Id") == identity
    creelctl("start", "new")
    creelctl("wait", "new")


def test_rename_of_one_that_runs(creelctl, start, image):
    start("web")
    creelctl("rename", "web", "web-old")
    assert bus.container_property("web-old", "Unit") == "creel-web.scope"
    eventually(lambda: machines() == {"web-old"}, "machined knows it")
    restart_creeld("KILL")
    creelctl("rename", "web-old", "web-older")
    eventually(lambda: machines() == {"web-older"}, "machined knows what another creeld had registered")
    creelctl("rename", "web-older", "web-old")
    # the name is free, though its scope is not
    identity = creelctl("run", "-d", "--name", "web", image, "sleep", "1000").stdout.strip()
    assert bus.container_property("web", "Unit") == f"creel-web-{identity[:12]}.scope"
    restart_creeld("KILL")
    assert (state_of("web"), state_of("web-old")) == ("running", "running")
    creelctl("stop", "web-old")
    creelctl("restart", "-t", "0", "web")
    assert bus.container_property("web", "Unit") == "creel-web.scope"
    creelctl("rm", "-f", "-t", "0", "web")


@pytest.mark.parametrize("name", ["", "-x", "a/b", "a b", "x" * 65, "taken", "self"])
def test_names_that_are_refused(creelctl, image, name):
    creelctl("create", "--name", "self", image)
    creelctl("create", "--name", "taken", image)
    done = creelctl("rename", "--", "self", name, check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1
    assert bus.container_property("self", "State") == "created"


# Wait


def test_wait_for_a_state(creelctl, start, image):
    creelctl("create", "--name", "w", image, "sleep", "1000")
    assert creelctl("wait", "--condition", "configured", "w").stdout == "-1\n"
    with Follower("creelctl", "wait", "--condition", "paused", "--condition=removed", "w") as wait:
        creelctl("start", "w")
        creelctl("wait", "--condition", "running", "w")
        assert wait.process.poll() is None
        creelctl("pause", "w")
        assert wait.wait() == 0
    with Follower("creelctl", "wait", "--ignore", "--condition", "removed", "w") as wait:
        creelctl("rm", "-f", "-t", "0", "w")
        assert wait.wait() == 0


def test_wait_and_missing_containers(creelctl, image):
    creelctl("create", "--name", "w", image, "true")
    assert creelctl("wait", "missing", check=False).returncode == 125
    assert creelctl("wait", "--ignore", "--interval", "250ms", "missing", "w").stdout == "-1\n-1\n"
    assert creelctl("wait", "-i", "100", "--latest").stdout == "-1\n"


@pytest.mark.parametrize("words", [["--condition", "dancing"], ["--condition="], ["--condition", "stopped,"], ["--interval", "soon"], []])
def test_bad_waits(creelctl, image, words):
    creelctl("create", "--name", "w", image, "true")
    done = creelctl("wait", *words, *(["w"] if words else []), check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


# Replace, image removal, files


def test_replace(creelctl, start, image):
    old = start("web")
    new = creelctl("run", "-d", "--replace", "--name", "web", image, "sleep", "1000").stdout.strip()
    assert new != old and bus.container_property("web", "Id") == new
    # nobody to replace
    creelctl("create", "--replace", "--name", "other", image)
    newest = creelctl("create", "--replace", "--name", "web", image).stdout.strip()
    assert bus.container_property("web", "Id") == newest and state_of("web") == "created"
    assert creelctl("run", "--rm", "--replace", "--name", "web", image, "echo", "fresh").stdout == "fresh\n"


@pytest.mark.parametrize(
    "options",
    [
        ["--name", "web", "--memory", "1k"],
        ["--name", "web", "--restart", "sometimes"],
        ["--name", "web", "--rm", "--restart", "always"],
        ["--name", "web", "--health-on-failure", "kill"],
        [],
    ],
)
def test_what_cannot_be_made_replaces_nothing(creelctl, start, image, options):
    identity = start("web")
    done = creelctl("run", "-d", "--replace", *options, image, "true", check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1
    assert creelctl("run", "-d", "--pull=never", "--replace", "--name", "web", "localhost/none:1", check=False).returncode == 125
    assert (bus.container_property("web", "Id"), state_of("web")) == (identity, "running")


def test_several_replace_the_same(creelctl, image):
    """Each in turn: nobody fails, and one is left."""
    argv = ["creelctl", "run", "-d", "--replace", "--name", "web", image, "sleep", "1000"]
    calls = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [call.communicate(timeout=60) for call in calls]
    assert len(creelctl("ps", "-aq").stdout.split()) == 1
    assert state_of("web") == "running" and str(bus.container_property("web", "Id")) + "\n" in [out for out, _ in outputs]


def test_rmi(creelctl, pulled):
    reference = pulled(images.busybox_image({"Labels": {"for": "rmi"}}), "life/rmi:1")
    creelctl("create", "--name", "holder", reference)
    creelctl("run", "--rmi", reference, "true")
    assert reference in creelctl("images", "--format", "{{.Repository}}:{{.Tag}}").stdout
    creelctl("rm", "holder")
    creelctl("run", "--rmi", reference, "true")
    assert reference not in creelctl("images", "--format", "{{.Repository}}:{{.Tag}}").stdout
    assert creelctl("ps", "-aq").stdout == ""


def test_labels_of_files(creelctl, image, tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_text("# a comment\n\na=1\nb=from file\nbare\n")
    second.write_text("b=later\nc=x=y\n")
    creelctl("create", "--name", "l", "--label-file", first, "--label-file", second, "--label", "a=option", image)
    labels = json.loads(creelctl("inspect", "l").stdout)[0]["Config"]["Labels"]
    assert labels == {"a": "option", "b": "later", "bare": "", "c": "x=y"}
    for text in ("=x\n", "with blank=1\n"):
        first.write_text(text)
        done = creelctl("create", "--label-file", first, image, check=False)
        assert done.returncode == 125 and done.stderr.count("\n") == 1
    assert creelctl("create", "--label-file", tmp_path / "none", image, check=False).returncode == 125


def test_annotations(creelctl, image):
    creelctl("create", "--name", "a", "--annotation", "one=1", "--annotation", "two=x=y", image)
    assert json.loads(creelctl("inspect", "a").stdout)[0]["Config"]["Annotations"] == {"one": "1", "two": "x=y"}
    assert dict(bus.container_property("a", "Annotations")) == {"one": "1", "two": "x=y"}


# Choosing containers


def test_cidfiles(creelctl, image, tmp_path):
    file = tmp_path / "cid"
    creelctl("run", "-d", "--cidfile", file, "--name", "c", image, "sleep", "1000")
    for verb in ("pause", "unpause", "restart", "kill", "stop", "rm"):
        creelctl(verb, *(["-t", "0"] if verb in ("restart", "stop") else []), "--cidfile", file)
    assert creelctl("ps", "-aq").stdout == ""
    done = creelctl("stop", "--cidfile", tmp_path / "none", check=False)
    assert done.returncode == 125 and "none" in done.stderr
    assert creelctl("stop", "--ignore", "--cidfile", tmp_path / "none").stdout == ""
    (tmp_path / "empty").write_text("")
    assert creelctl("rm", "--cidfile", tmp_path / "empty", check=False).returncode == 125


def test_ignore(creelctl, image):
    for verb in ("stop", "kill", "rm"):
        assert creelctl(verb, "missing", check=False).returncode == 125
        assert creelctl(verb, "--ignore", "missing").stdout == ""
    assert creelctl("rm", "-f", "missing").returncode == 0


def test_latest_and_filters(creelctl, image):
    creelctl("create", "--name", "first", "--label", "tier=db", image, "sleep", "1000")
    creelctl("create", "--name", "second", "--label", "tier=web", image, "sleep", "1000")
    assert creelctl("ps", "--latest", "--format", "{{.Names}}").stdout == "second\n"
    assert creelctl("ps", "-n", "1", "-q").stdout == creelctl("ps", "-lq").stdout
    assert creelctl("start", "--latest").stdout == "second\n"
    assert creelctl("start", "--filter", "label=tier=db").stdout == "first\n"
    assert creelctl("start", "--all").stdout == ""
    assert creelctl("stop", "-t", "0", "--filter", "name=sec").stdout == "second\n"
    assert creelctl("start", "--all").stdout == "second\n"
    assert creelctl("kill", "--filter", "label!=tier=web").stdout == "first\n"
    creelctl("wait", "first")
    assert creelctl("ps", "--filter", "exited=137", "--format", "{{.Names}}").stdout == "first\n"
    assert creelctl("ps", "-a", "--filter", "before=second", "--format", "{{.Names}}").stdout == "first\n"
    assert creelctl("ps", "-a", "--filter", "since=first", "--format", "{{.Names}}").stdout == "second\n"
    assert creelctl("rm", "-f", "-t", "0", "--filter", "until=0s").stdout == "second\nfirst\n"


@pytest.mark.parametrize(
    "words",
    [
        ["stop"],
        ["stop", "a", "--all"],
        ["stop", "a", "--latest"],
        ["pause", "--all", "--latest"],
        ["restart", "a", "--running"],
        ["rm", "--filter", "colour=red"],
        ["kill", "--filter", "status=asleep"],
        ["ps", "--filter", "exited=x"],
        ["ps", "--filter", "health=fine"],
        ["ps", "--filter", "restart-policy=perhaps"],
        ["ps", "-a", "--filter", "before=nobody"],
        ["start", "--attach", "--all"],
        ["rename", "a"],
    ],
)
def test_bad_choices(creelctl, image, words):
    done = creelctl(*words, check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


def test_latest_of_nothing(creelctl):
    done = creelctl("stop", "--latest", check=False)
    assert done.returncode == 125 and "no container" in done.stderr
