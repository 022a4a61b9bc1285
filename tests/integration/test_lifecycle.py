# SPDX-License-Identifier: LGPL-2.1-or-later
"""From create to rm: states, scopes, the journal, machined."""

import json
import re
import subprocess

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower

TRAP = "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.2; done"


@pytest.fixture
def image(pulled):
    return pulled(images.busybox_image(), "lifecycle/busybox:1")


def inspect(creelctl, name):
    return json.loads(creelctl("inspect", name).stdout)[0]


def scopes():
    text = subprocess.run(["systemctl", "list-units", "--no-legend", "--plain", "creel-*.scope"], capture_output=True, text=True).stdout
    return [line.split()[0] for line in text.splitlines()]


@pytest.mark.smoke
def test_the_whole_life(creelctl, image):
    identifier = creelctl("create", "--name", "web", image, "sh", "-c", TRAP).stdout.strip()
    assert re.fullmatch("[0-9a-f]{64}", identifier)
    assert inspect(creelctl, "web")["State"]["Status"] == "created"
    assert creelctl("start", "web").stdout == "web\n"
    assert inspect(creelctl, "web")["State"]["Running"] is True
    assert "creel-web.scope" in scopes()
    assert creelctl("stop", "web").stdout == "web\n"
    state = inspect(creelctl, "web")["State"]
    assert (state["Status"], state["ExitCode"], state["Pid"]) == ("exited", 4, 0)
    eventually(lambda: "creel-web.scope" not in scopes(), "the scope stays")
    assert creelctl("logs", "web").stdout == "up\nbye\n"
    # and once more
    creelctl("start", identifier[:6])
    creelctl("stop", "web")
    assert creelctl("rm", "web").stdout == "web\n"
    assert creelctl("ps", "-a", "-q").stdout == ""
    eventually(lambda: not traces.processes(), traces.processes)


def test_stop_kills_what_does_not_listen(creelctl, image):
    creelctl("run", "-d", "--name", "deaf", image, "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    creelctl("stop", "--time", "1", "deaf")
    assert inspect(creelctl, "deaf")["State"]["ExitCode"] == 137


def test_stop_signal_of_image_and_option(creelctl, pulled):
    config = {"Env": [images.PATH_ENV], "StopSignal": "SIGUSR1", "Cmd": ["sh"]}
    reference = pulled(images.busybox_image(config), "lifecycle/signal:1")
    script = "trap 'exit 10' USR1; trap 'exit 12' USR2; echo up; while :; do sleep 0.1; done"
    for option, expected in (([], 10), (["--stop-signal", "USR2"], 12)):
        creelctl("run", "-d", "--name", "s", *option, reference, "sh", "-c", script)
        with Follower("creelctl", "logs", "-f", "s") as log:
            log.line("up")
        creelctl("stop", "s")
        assert inspect(creelctl, "s")["State"]["ExitCode"] == expected
        creelctl("rm", "s")


def test_kill_sends_a_signal(creelctl, image):
    creelctl("run", "-d", "--name", "k", image, "sh", "-c", "trap 'exit 9' HUP; echo up; while :; do sleep 0.1; done")
    with Follower("creelctl", "logs", "-f", "k") as log:
        log.line("up")
    creelctl("kill", "-s", "HUP", "k")
    assert creelctl("wait", "k").stdout == "9\n"


def test_kill_all_reaches_every_process(creelctl, image):
    creelctl("run", "-d", "--name", "k", image, "sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait; wait; exit 5")
    with Follower("creelctl", "logs", "-f", "k") as log:
        log.line("up")
    creelctl("kill", "-s", "KILL", "--kill-whom", "all", "k")
    assert creelctl("wait", "k").stdout == "137\n"


@pytest.mark.parametrize(
    "arguments, kind",
    [
        (("kill", "idle"), "not running"),
        (("rm", "busy"), "running"),
        (("start", "nobody"), "nobody"),
        (("stop", "nobody"), "nobody"),
        (("logs", "nobody"), "nobody"),
        (("inspect", "nobody"), "nobody"),
        (("create", "--name", "idle", "IMAGE", "true"), "idle"),
        (("run", "--name", "a/b", "IMAGE", "true"), "--name"),
        (("run", "--cap-add", "FLY", "IMAGE", "true"), "FLY"),
        (("run", "--network", "bridge", "IMAGE", "true"), "--network"),
        (("run", "--stop-signal", "NOPE", "IMAGE", "true"), "--stop-signal"),
        (("run", "--cgroup-parent", "../x", "IMAGE", "true"), "--cgroup-parent"),
        (("run", "--frob", "IMAGE", "true"), "--frob"),
        (("wait", "--condition", "happy", "idle"), "happy"),
    ],
)
def test_wrong_is_one_line_and_changes_nothing(creelctl, image, arguments, kind):
    creelctl("create", "--name", "idle", image, "true")
    creelctl("run", "-d", "--name", "busy", image, "sleep", "1000")
    before = creelctl("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.State}}").stdout
    done = creelctl(*[image if word == "IMAGE" else word for word in arguments], check=False)
    assert done.returncode == 125
    assert done.stderr.count("\n") == 1 and kind in done.stderr, done.stderr
    assert creelctl("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.State}}").stdout == before


def test_states_are_errors_with_names(creelctl, image):
    creelctl("create", "--name", "idle", image, "true")
    path = bus.container("idle")
    assert bus.refused(path, "Container", "Kill", "si", "leader", 15)[0] == "InvalidState"
    assert bus.refused(path, "Container", "Kill", "si", "everyone", 15)[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Kill", "si", "leader", 99)[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Stop", "a{sv}", bus.options(frob=True))[0] == "InvalidArgument"
    assert bus.refused(bus.PATH, "Manager", "GetContainer", "s", "nobody")[0] == "NoSuchContainer"
    assert bus.refused(bus.PATH, "Manager", "GetImage", "s", "nothing")[0] == "NoSuchImage"
    creelctl("run", "-d", "--name", "busy", image, "sleep", "1000")
    assert bus.refused(bus.container("busy"), "Container", "Remove", "a{sv}", bus.options())[0] == "InvalidState"
    assert bus.refused(bus.PATH, "Manager", "CreateContainer", "sa{sv}", image, bus.options(name="busy"))[0] == "NameInUse"


def test_one_failure_does_not_stop_the_others(creelctl, image):
    creelctl("create", "--name", "a", image, "true")
    creelctl("create", "--name", "b", image, "true")
    done = creelctl("rm", "a", "nobody", "b", check=False)
    assert done.returncode == 125 and done.stdout.split() == ["a", "b"] and "nobody" in done.stderr


def test_ps_filters_and_formats(creelctl, image):
    creelctl("run", "-d", "--name", "one", "-l", "tier=web", image, "sleep", "1000")
    creelctl("create", "--name", "two", image, "true")
    names = lambda *a: creelctl("ps", "--format", "{{.Names}}", *a).stdout.split()  # noqa: E731
    assert names() == ["one"]
    assert sorted(names("-a")) == ["one", "two"]
    assert names("-a", "-f", "name=tw") == ["two"]
    assert names("-a", "-f", "status=created") == ["two"]
    assert names("-a", "-f", "label=tier=web") == ["one"]
    row = json.loads(creelctl("ps", "--format", "json").stdout)[0]
    assert row["Names"] == ["one"] and row["Labels"] == {"tier": "web"} and row["State"] == "running"


def test_logs(creelctl, image):
    script = "echo out; echo err >&2; printf 'no newline'; printf '%40000s\\n' x | tr ' ' y"
    creelctl("run", "-d", "--name", "talk", image, "sh", "-c", script)
    creelctl("wait", "talk")
    done = creelctl("logs", "talk")
    assert done.stderr == "err\n"
    assert done.stdout.startswith("out\nno newline") and len(done.stdout) == len("out\nno newline") + 40001
    assert creelctl("logs", "--tail", "1", "talk").stdout.endswith("x\n")
    stamped = creelctl("logs", "-t", "talk").stdout.splitlines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\S* out", stamped), stamped
    # the journal says the same, with the fields by which it is found
    entries = [json.loads(line) for line in subprocess.run(
        ["journalctl", "-o", "json", "--all", "CONTAINER_NAME=talk"], capture_output=True, text=True).stdout.splitlines()]
    assert {"CONTAINER_ID", "CONTAINER_ID_FULL", "IMAGE_NAME", "CONTAINER_TAG", "SYSLOG_IDENTIFIER"} <= set(entries[0])
    assert {entry["MESSAGE"]: entry["PRIORITY"] for entry in entries if len(entry["MESSAGE"]) < 10}["err"] == "3"


def test_follow_ends_with_the_container(creelctl, image):
    creelctl("run", "-d", "--name", "count", image, "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    assert creelctl("logs", "-f", "count", timeout=20).stdout == "1\n2\n3\n"


def test_the_scope_is_systemds(creelctl, image, run):
    creelctl("run", "-d", "--name", "scoped", "--stop-timeout", "3", image, "sh", "-c", TRAP)
    shown = dict(
        line.split("=", 1)
        for line in run("systemctl", "show", "creel-scoped.scope", "-p", "Slice,Delegate,DevicePolicy,TasksMax,CollectMode,Description").stdout.splitlines()
    )
    assert shown["Slice"] == "machine.slice" and shown["Delegate"] == "yes" and shown["DevicePolicy"] == "closed"
    assert shown["CollectMode"] == "inactive-or-failed" and shown["Description"] == "Container scoped"
    groups = run("systemd-cgls", "--no-pager", "-u", "creel-scoped.scope").stdout
    assert "payload" in groups and "supervisor" in groups
    # a stop of the unit is a stop of the container
    with Follower("creelctl", "logs", "-f", "scoped") as log:
        log.line("up")
        run("systemctl", "stop", "creel-scoped.scope")
    assert creelctl("wait", "scoped").stdout == "4\n"
    assert creelctl("logs", "scoped").stdout.endswith("bye\n")


def test_cgroup_parent(creelctl, image, run):
    creelctl("run", "-d", "--name", "sliced", "--cgroup-parent", "web-blue.slice", image, "sleep", "1000")
    assert inspect(creelctl, "sliced")["CgroupPath"] == "/web.slice/web-blue.slice/creel-sliced.scope"


@pytest.mark.smoke
def test_machined(creelctl, image, run):
    creelctl("run", "-d", "--name", "machine1", image, "sleep", "1000")
    eventually(lambda: "machine1" in run("machinectl", "list", "--no-legend").stdout, "machinectl does not list it")
    status = run("machinectl", "--no-pager", "status", "machine1").stdout
    assert "creel-machine1.scope" in status and "Service: creel" in status
    run("machinectl", "terminate", "machine1")
    creelctl("wait", "machine1")
    assert inspect(creelctl, "machine1")["State"]["Running"] is False
    eventually(lambda: "machine1" not in run("machinectl", "list", "--no-legend").stdout, "machined keeps it")


def test_wait_for_what_comes(creelctl, image):
    creelctl("create", "--name", "later", image, "sh", "-c", "exit 3")
    with Follower("creelctl", "wait", "--condition", "removed", "later") as waiting:
        creelctl("start", "later")
        assert creelctl("wait", "later").stdout == "3\n"
        assert waiting.process.poll() is None
        creelctl("rm", "later")
        assert waiting.process.wait(timeout=20) == 0


def test_events(creelctl, image):
    creelctl("run", "--rm", "--name", "eventful", image, "true")
    seen = [json.loads(line) for line in creelctl("events", "--stream=false", "--format", "json", "-f", "container=eventful").stdout.splitlines()]
    assert [event["Status"] for event in seen] == ["create", "start", "died", "remove"], seen


def test_rm_force_stops(creelctl, image):
    creelctl("run", "-d", "--name", "stubborn", image, "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
    creelctl("rm", "-f", "-t", "0", "stubborn")
    assert creelctl("ps", "-aq").stdout == ""
    eventually(lambda: not traces.processes() and not scopes(), lambda: (traces.processes(), scopes()))


def test_many_at_once(creelctl, image):
    processes = [
        subprocess.Popen(["creelctl", "run", "--rm", image, "sh", "-c", f"exit {n}"], stdin=subprocess.DEVNULL) for n in range(30)
    ]
    assert [p.wait(timeout=60) for p in processes] == list(range(30))
    eventually(lambda: not traces.processes() and not scopes(), lambda: (traces.processes(), scopes()))
