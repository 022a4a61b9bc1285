# SPDX-License-Identifier: LGPL-2.1-or-later
"""Containers from create to rm: states, logs, events, and what systemd, machined and the journal say about them."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower, pidfd_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

GRACEFUL = "trap 'echo stopping; exit 7' TERM; echo ready; sleep 1000 & wait $!"
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


@pytest.fixture
def start(creelctl, image):
    """start("name", "script", "--option", ...) -> id of a detached container that has said "ready"."""

    def call(name, script=GRACEFUL, *options):
        with Follower("journalctl", "-f", "-n0", "-o", "cat", f"CONTAINER_NAME={name}") as journal:
            identity = creelctl("run", "-d", "--name", name, *options, image, "sh", "-c", script).stdout.strip()
            if "ready" in script:
                # journalctl may have begun after the line was written
                eventually(lambda: "ready" in logs_of(name), f"{name} is ready")
            assert journal.process.poll() is None
        return identity

    return call


def logs_of(name):
    return subprocess.run(["journalctl", "-q", "-o", "cat", f"CONTAINER_NAME={name}"], check=True, text=True, stdout=subprocess.PIPE).stdout


def state_of(name):
    return str(bus.container_property(name, "State"))


def shown(unit, *properties):
    argv = ["systemctl", "show", unit, *(f"-p{name}" for name in properties)]
    text = subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


# From create to rm


@pytest.mark.smoke
def test_whole_life(creelctl, image):
    identity = creelctl("create", "--name", "life", image, "sh", "-c", "echo once; exit 3").stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{64}", identity)
    assert state_of("life") == "created" and bus.container_property("life", "ExitCode") == -1
    assert creelctl("start", "life").stdout == "life\n"
    assert creelctl("wait", "life").stdout == "3\n"
    assert (state_of("life"), bus.container_property("life", "ExitCode")) == ("stopped", 3)
    assert creelctl("start", "life").stdout == "life\n"
    assert creelctl("wait", "life").stdout == "3\n"
    assert creelctl("logs", "life").stdout == "once\nonce\n"
    assert creelctl("rm", "life").stdout == "life\n"
    assert creelctl("inspect", "life", check=False).returncode == 125


def test_writes_survive_a_restart(creelctl, image):
    creelctl("create", "--name", "kept", image, "sh", "-c", "echo line >> /file; cat /file")
    for expected in (1, 2, 3):
        assert creelctl("start", "-a", "kept").stdout == "line\n" * expected


def test_start_attached_gives_the_status(creelctl, image):
    creelctl("create", "-i", "--name", "attached", image, "sh", "-c", "cat; exit 9")
    done = creelctl("start", "-a", "-i", "attached", input="through\n", check=False)
    assert (done.returncode, done.stdout) == (9, "through\n")


@pytest.mark.smoke
def test_run_detached_and_stop(creelctl, start):
    identity = start("detached")
    assert state_of("detached") == "running"
    assert creelctl("ps", "-q", "--no-trunc").stdout.strip() == identity
    assert creelctl("stop", "detached").stdout == "detached\n"
    assert (state_of("detached"), bus.container_property("detached", "ExitCode")) == ("stopped", 7)
    assert "stopping" in creelctl("logs", "detached").stdout
    creelctl("rm", "detached")


def test_names_and_ids(creelctl, start):
    identity = start("by-id")
    for name in ("by-id", identity, identity[:12], identity[:6]):
        assert json.loads(creelctl("inspect", name).stdout)[0]["Id"] == identity
    creelctl("stop", "-t", "0", identity[:12])
    creelctl("rm", identity)


def test_stop_kills_when_the_time_is_over(creelctl, start):
    start("stubborn", STUBBORN)
    before = time.monotonic()
    creelctl("stop", "-t", "1", "stubborn")
    assert 0.9 < time.monotonic() - before < 10
    assert bus.container_property("stubborn", "ExitCode") == 137


def test_stop_timeout_and_signal_of_the_container(creelctl, start):
    start("own", "trap 'exit 11' USR1; trap '' TERM; echo ready; sleep 1000 & wait $!; wait", "--stop-signal", "SIGUSR1")
    creelctl("stop", "own")
    assert bus.container_property("own", "ExitCode") == 11
    start("own-time", STUBBORN, "--stop-timeout", "1")
    before = time.monotonic()
    creelctl("stop", "own-time")
    assert 0.9 < time.monotonic() - before < 8


def test_stop_signal_of_the_image(creelctl, pulled):
    reference = pulled(images.busybox_image({"StopSignal": "SIGINT"}), "lifecycle/stop-signal:1")
    with Follower("creelctl", "run", "--name", "int", reference, "sh", "-c", "trap 'exit 12' INT; echo ready; sleep 1000 & wait $!") as run:
        run.line("ready")
        creelctl("stop", "int")
        assert run.wait() == 12


def test_stop_with_a_signal(creelctl, start):
    start("other-signal", "trap 'exit 13' HUP; echo ready; sleep 1000 & wait $!")
    creelctl("stop", "-s", "HUP", "other-signal")
    assert bus.container_property("other-signal", "ExitCode") == 13


def test_stop_of_what_does_not_run(creelctl, image):
    creelctl("create", "--name", "idle", image)
    creelctl("stop", "idle")
    assert state_of("idle") == "created"


def test_kill(creelctl, start):
    start("killed")
    assert creelctl("kill", "killed").stdout == "killed\n"
    assert creelctl("wait", "killed").stdout == "137\n"
    start("signalled", "trap 'echo usr1' USR1; echo ready; while :; do sleep 1000 & wait $!; done")
    with Follower("creelctl", "logs", "-f", "signalled") as logs:
        creelctl("kill", "-s", "USR1", "signalled")
        logs.line("^usr1$")
    assert state_of("signalled") == "running"


def test_kill_all_processes(creelctl, image):
    """--kill-whom all reaches the children, too."""
    script = "sh -c 'trap \"echo child; exit\" USR1; echo ready; sleep 1000 & wait $!' & trap 'echo parent' USR1; wait; wait; sleep 1000 & wait"
    with Follower("creelctl", "run", "--name", "family", image, "sh", "-c", script) as run:
        run.line("ready")
        creelctl("kill", "--kill-whom", "all", "-s", "USR1", "family")
        assert {run.line("child|parent"), run.line("child|parent")} == {"child", "parent"}
        creelctl("kill", "family")
        run.wait()


def test_kill_all_with_kill(creelctl, start):
    start("crowd", "sleep 1000 & sleep 1000 & echo ready; wait; wait; exit 5")
    creelctl("kill", "-s", "KILL", "--kill-whom", "all", "crowd")
    assert creelctl("wait", "crowd").stdout == "137\n"


@pytest.mark.smoke
def test_rm(creelctl, start):
    start("busy")
    done = creelctl("rm", "busy", check=False)
    assert done.returncode == 125 and "busy" in done.stderr and "running" in done.stderr and "force" in done.stderr
    assert creelctl("rm", "-f", "busy").stdout == "busy\n"
    assert creelctl("ps", "-aq").stdout == ""


def test_rm_all(creelctl, start, image):
    start("all-a")
    creelctl("create", "--name", "all-b", image)
    assert sorted(creelctl("rm", "-a", "-f", "-t", "0").stdout.split()) == ["all-a", "all-b"]


def test_several_names_of_which_one_fails(creelctl, start):
    start("good-a")
    start("good-b")
    done = creelctl("stop", "-t", "0", "good-a", "missing", "good-b", check=False)
    assert done.returncode == 125
    assert done.stdout == "good-a\ngood-b\n"
    assert done.stderr.count("\n") == 1 and "missing" in done.stderr
    assert [state_of("good-a"), state_of("good-b")] == ["stopped", "stopped"]


def test_many_at_once(creelctl, image):
    names = [f"many-{i}" for i in range(12)]
    followers = [Follower("creelctl", "run", "--name", name, image, "sh", "-c", f"echo {name}; exit 4") for name in names]
    try:
        assert [follower.wait(60) for follower in followers] == [4] * 12
        assert [follower.rest() for follower in followers] == [[name] for name in names]
    finally:
        for follower in followers:
            follower.stop()
    assert len(creelctl("rm", *names).stdout.split()) == 12


# Waiting


def test_wait(creelctl, start, image):
    start("waited")
    with Follower("creelctl", "wait", "waited") as waiting:
        creelctl("kill", "-s", "TERM", "waited")
        assert waiting.line(".") == "7"
        assert waiting.wait() == 0
    with Follower("creelctl", "wait", "--condition", "removed", "waited") as waiting:
        creelctl("rm", "waited")
        waiting.wait()
    creelctl("create", "--name", "later", image, "true")
    with Follower("creelctl", "wait", "--condition", "running", "later") as waiting:
        creelctl("start", "later")
        waiting.wait()
    assert creelctl("wait", "missing", check=False).returncode == 125


def test_rm_option_removes(creelctl, image, monitor):
    creelctl("run", "-d", "--rm", "--name", "gone", image, "true")
    monitor.signal_named("ContainerRemoved")
    assert creelctl("ps", "-aq").stdout == ""
    assert not any((traces.STORE / "containers").iterdir())


# ps and inspect


def test_ps(creelctl, start, image, pulled):
    start("ps-up", GRACEFUL, "-l", "tier=web")
    creelctl("create", "--name", "ps-new", image, "echo", "x y")
    creelctl("run", "--name", "ps-done", image, "sh", "-c", "exit 3", check=False)
    table = creelctl("ps", "-a").stdout.splitlines()
    assert table[0].split("  ")[0] == "CONTAINER ID" and len(table) == 4
    rows = {line.split()[-1]: line for line in table[1:]}
    assert "Up " in rows["ps-up"] and "Created" in rows["ps-new"] and "Exited (3)" in rows["ps-done"]
    assert creelctl("ps", "--no-legend").stdout.split()[-1] == "ps-up"

    def names(*options):
        return sorted(creelctl("ps", "-a", *options, "--format", "{{.Names}}").stdout.split())

    assert names("-f", "status=running") == ["ps-up"]
    assert names("-f", "status=created") == ["ps-new"]
    assert names("-f", "status=exited") == ["ps-done"]
    assert names("-f", "label=tier=web") == names("--filter", "label=tier") == ["ps-up"]
    assert names("-f", "name=ps-d") == ["ps-done"]
    assert names("-f", f"ancestor={image}") == ["ps-done", "ps-new", "ps-up"]
    assert names("-f", "name=ps-", "-f", "status=running") == ["ps-up"]
    assert names("-f", "name=none-such") == []
    done = creelctl("ps", "-f", "colour=red", check=False)
    assert done.returncode == 125 and "colour" in done.stderr

    rows = {row["Names"][0]: row for row in json.loads(creelctl("ps", "-a", "--format", "json").stdout)}
    assert rows["ps-done"]["ExitCode"] == 3 and rows["ps-up"]["Labels"] == {"tier": "web"}
    assert rows["ps-up"]["Pid"] == bus.container_property("ps-up", "Leader") and rows["ps-new"]["Pid"] == 0
    assert [row["Image"] for row in rows.values()] == [image] * 3


def test_inspect(creelctl, start, image):
    identity = start("inspected", GRACEFUL, "-e", "A=1", "-w", "/var", "-u", "0:0")
    (document,) = json.loads(creelctl("inspect", "inspected").stdout)
    assert document["Id"] == identity and document["Name"] in ("inspected", "/inspected")
    assert document["State"]["Status"] == "running" and document["State"]["Running"] is True
    assert document["State"]["Pid"] == bus.container_property("inspected", "Leader")
    assert document["Config"]["WorkingDir"] == "/var" and "A=1" in document["Config"]["Env"]
    # what scripts ask podman and docker for
    assert document["State"]["ConmonPid"] == bus.container_property("inspected", "Supervisor")
    assert document["Config"]["Hostname"] == identity[:12]
    assert document["NetworkSettings"]["IPAddress"] == "" and document["NetworkSettings"]["Ports"] == {}
    assert document["NetworkSettings"]["SandboxKey"] == f"/proc/{document['State']['Pid']}/ns/net"
    assert document["HostConfig"]["PortBindings"] == {} and document["HostConfig"]["VolumesFrom"] == []
    creelctl("stop", "inspected")
    assert creelctl("inspect", "--format", "{{.State.ExitCode}}", "inspected").stdout == "7\n"
    row = creelctl("ps", "-a", "--filter", "name=inspected", "--format", "{{.State}}|{{.Ports}}|{{.Networks}}").stdout
    assert row == "exited||\n"
    assert creelctl("inspect", "--format", ".State.Status", "inspected").stdout.strip() in ("exited", "stopped")
    done = creelctl("inspect", "no-such-thing", check=False)
    assert done.returncode == 125 and "no-such-thing" in done.stderr


# Logs


def test_logs_by_stream(creelctl, image):
    creelctl("run", "-d", "--name", "streams", image, "sh", "-c", "echo out; echo err >&2; echo more")
    creelctl("wait", "streams")
    done = creelctl("logs", "streams")
    assert (done.stdout, done.stderr) == ("out\nmore\n", "err\n")


def test_logs_follow_until_the_end(creelctl, start):
    start("followed", "trap 'echo last; exit' TERM; echo ready; sleep 1000 & wait $!")
    with Follower("creelctl", "logs", "-f", "followed") as logs:
        logs.line("^ready$")
        creelctl("stop", "followed")
        assert logs.rest() == ["last"]
        assert logs.wait() == 0


@pytest.mark.smoke
def test_logs_tail_and_since(creelctl, image):
    creelctl("run", "-d", "--name", "numbers", image, "seq", "1", "50")
    creelctl("wait", "numbers")
    assert creelctl("logs", "numbers").stdout.split() == [str(i) for i in range(1, 51)]
    assert creelctl("logs", "-n", "3", "numbers").stdout.split() == ["48", "49", "50"]
    assert creelctl("logs", "--tail", "0", "numbers").stdout == ""
    assert creelctl("logs", "--since", "1h", "numbers").stdout.split() == [str(i) for i in range(1, 51)]
    assert creelctl("logs", "--until", "1h", "numbers").stdout == ""
    stamped = creelctl("logs", "-t", "-n", "1", "numbers").stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* 50\n", stamped)


def test_logs_are_complete(creelctl, image):
    """What comes last and at once is not lost with the process."""
    creelctl("run", "-d", "--name", "burst", image, "sh", "-c", "seq 1 5000; echo end >&2")
    creelctl("wait", "burst")
    done = creelctl("logs", "burst")
    assert done.stdout == "".join(f"{i}\n" for i in range(1, 5001)) and done.stderr == "end\n"


def test_logs_of_odd_lines(creelctl, image):
    """Long lines, a last line without an end, bytes that are no text."""
    script = "head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'zażółć\\n\\n  blank\\n'; printf '\\377\\376bytes\\n'; printf unfinished"
    creelctl("run", "-d", "--name", "odd", image, "sh", "-c", script)
    creelctl("wait", "odd")
    out = subprocess.run(["creelctl", "logs", "odd"], check=True, stdout=subprocess.PIPE).stdout
    assert out.rstrip(b"\n") == b"x" * 100000 + "\nzażółć\n\n  blank\n".encode() + b"\xff\xfebytes\nunfinished"


def test_logs_outlive_the_container(creelctl, image, monitor):
    creelctl("run", "-d", "--rm", "--name", "late", image, "echo", "still here")
    monitor.signal_named("ContainerRemoved")
    assert "still here" in creelctl("logs", "late").stdout


@pytest.mark.smoke
def test_journal_fields(creelctl, image):
    identity = creelctl("run", "-d", "--name", "fields", image, "sh", "-c", "echo out; echo err >&2").stdout.strip()
    creelctl("wait", "fields")
    lines = subprocess.run(["journalctl", "-q", "-o", "json", "CONTAINER_NAME=fields"], check=True, text=True, stdout=subprocess.PIPE)
    entries = {entry["MESSAGE"]: entry for entry in map(json.loads, lines.stdout.splitlines())}
    out, err = entries["out"], entries["err"]
    assert (out["PRIORITY"], err["PRIORITY"]) == ("6", "3")
    for entry in (out, err):
        assert entry["CONTAINER_ID_FULL"] == identity and entry["CONTAINER_ID"] == identity[:12]
        assert entry["IMAGE_NAME"] == image and "CONTAINER_TAG" in entry
        assert entry["SYSLOG_IDENTIFIER"] == "fields"
        assert entry["_SYSTEMD_UNIT"] == "creel-fields.scope"


def test_foreground_output_is_not_logged(creelctl, image):
    creelctl("run", "--name", "foreground", image, "echo", "not for the journal")
    assert "not for the journal" not in logs_of("foreground")


def test_detached_terminal_is_logged(creelctl, image):
    creelctl("run", "-d", "-t", "--name", "tty", image, "sh", "-c", "test -t 1 && echo a terminal")
    creelctl("wait", "tty")
    assert creelctl("logs", "tty").stdout.replace("\r", "") == "a terminal\n"


# Events


def test_events(creelctl, image):
    with Follower("creelctl", "events", "--format", "json", "--filter", "container=observed") as events:
        # The journal is followed from now on; that creelctl has begun to, nobody tells: a first event does.
        creelctl("create", "--name", "observed", image, "sh", "-c", GRACEFUL)
        creelctl("start", "observed")
        creelctl("kill", "observed")
        creelctl("wait", "observed")
        creelctl("rm", "observed")
        events.line("remove")
    history = creelctl("events", "--since", "1m", "--stream=false", "--format", "json", "--filter", "container=observed").stdout
    found = [json.loads(line) for line in history.splitlines()]
    actions = [next(value for key, value in each.items() if key.lower() in ("action", "status")) for each in found]
    assert actions == ["create", "start", "kill", "died", "remove"] or actions == ["create", "start", "kill", "died", "stop", "remove"]


def test_event_signals(creelctl, image, monitor):
    identity = creelctl("run", "-d", "--name", "signals", image, "sh", "-c", "exit 5").stdout.strip()
    path = bus.container("signals")
    assert monitor.signal_named("ContainerNew") == [identity, path]
    started = monitor.signal_named("Event", lambda body: body[2] == "start")
    assert started[1] == "container" and started[3] == identity and started[4]["name"] == "signals" and started[4]["image"] == image
    died = monitor.signal_named("Event", lambda body: body[2] == "died")
    assert died[4]["exitCode"] == "5" and died[0] >= started[0]
    creelctl("rm", "signals")
    assert monitor.signal_named("ContainerRemoved") == [identity, path]


def test_properties_change(creelctl, image, monitor):
    creelctl("create", "--name", "changing", image, "sh", "-c", "exit 5")
    path = bus.container("changing")
    creelctl("start", "changing")

    def changed_to(state):
        def matches(body):
            return body[0] == "org.creel1.Container" and body[1].get("State", {}).get("data") == state

        return monitor.signal_named("PropertiesChanged", matches)[1]

    assert changed_to("running")["Leader"]["data"] > 0
    assert changed_to("stopped")["ExitCode"]["data"] == 5
    assert bus.get(path, "Container", "Leader") == 0


def test_object_manager(creelctl, image, monitor):
    creelctl("create", "--name", "managed", image)
    path = bus.container("managed")
    interfaces = monitor.signal_named("InterfacesAdded", lambda body: body[0] == path)[1]
    assert interfaces["org.creel1.Container"]["Name"]["data"] == "managed"
    connection = bus.connect()
    objects = connection.call_blocking(bus.NAME, "/org/creel1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", "", ())
    connection.close()
    assert objects[path]["org.creel1.Container"]["State"] == "created"
    assert any(str(each).startswith("/org/creel1/image/") for each in objects)
    creelctl("rm", "managed")
    assert "org.creel1.Container" in monitor.signal_named("InterfacesRemoved", lambda body: body[0] == path)[1]


# Refusals


def test_wrong_states(creelctl, start, image):
    start("state")
    path = bus.container("state")
    assert bus.refused(path, "Container", "Remove", "a{sv}", bus.options())[0] == "InvalidState"
    creelctl("stop", "state")
    name, message = bus.refused(path, "Container", "Kill", "si", "leader", 15)
    assert name == "InvalidState" and "stopped" in message and "state" in message
    done = creelctl("kill", "state", check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


def test_name_in_use(creelctl, image):
    identity = creelctl("create", "--name", "taken", image).stdout.strip()
    done = creelctl("create", "--name", "taken", image, check=False)
    assert done.returncode == 125 and "taken" in done.stderr and identity[:12] in done.stderr
    assert bus.refused(bus.PATH, "Manager", "CreateContainer", "sa{sv}", image, bus.options(name="taken"))[0] == "NameInUse"
    assert len(creelctl("ps", "-aq").stdout.split()) == 1


def test_unknown_container(creelctl):
    for verb in ("start", "stop", "kill", "rm", "wait", "inspect", "logs", "status", "show"):
        done = creelctl(verb, "no-such-container", check=False)
        assert done.returncode == 125 and "no-such-container" in done.stderr and done.stderr.count("\n") == 1, (verb, done.stderr)
    assert bus.refused(bus.PATH, "Manager", "GetContainer", "s", "no-such-container")[0] == "NoSuchContainer"


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


def test_refused_calls(creelctl, image):
    def create(**kw):
        return bus.refused(bus.PATH, "Manager", "CreateContainer", "sa{sv}", image, bus.options(**kw))

    for options, word in (
        ({"colour": "red"}, "colour"),
        ({"name": 3}, "name"),
        ({"name": "../x"}, "name"),
        ({"network": "moon"}, "network"),
        ({"user": "app", "cap_add": ["CAP_FLY"]}, "CAP_FLY"),
        ({"env": ["=x"]}, "env"),
        ({"workdir": "relative"}, "workdir"),
    ):
        name, message = create(**options)
        assert name == "InvalidArgument" and word in message, (options, message)
    assert bus.refused(bus.PATH, "Manager", "CreateContainer", "sa{sv}", "no/such:image", bus.options())[0] == "NoSuchImage"
    creelctl("create", "--name", "calls", image)
    path = bus.container("calls")
    assert bus.refused(path, "Container", "Start", "a{sv}", bus.options(speed="fast"))[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Stop", "a{sv}", bus.options(signal="SIGNONE"))[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Kill", "si", "nobody", 15)[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Kill", "si", "leader", 0)[0] == "InvalidArgument"
    assert bus.refused(path, "Container", "Wait", "s", "happy")[0] == "InvalidArgument"


def test_failed_start_is_remembered(creelctl, image):
    creelctl("create", "--name", "broken", image, "/no/such/program")
    done = creelctl("start", "broken", check=False)
    assert done.returncode == 127 and "/no/such/program" in done.stderr
    assert "/no/such/program" in bus.container_property("broken", "Error")
    assert state_of("broken") in ("created", "stopped")
    creelctl("rm", "broken")


# systemd


def test_scope_properties(creelctl, start):
    start("scoped")
    unit = shown("creel-scoped.scope", "Slice", "Delegate", "TasksMax", "CollectMode", "KillMode", "KillSignal", "DevicePolicy", "ActiveState", "Description", "ControlGroup")
    assert unit["Slice"] == "machine.slice" and unit["Delegate"] == "yes" and unit["ActiveState"] == "active"
    assert unit["CollectMode"] == "inactive-or-failed" and unit["KillMode"] == "control-group" and unit["DevicePolicy"] == "closed"
    # The first signal is one that programs ignore: only the supervisor knows how the container wants to be stopped.
    assert unit["KillSignal"] == str(signal.SIGURG.value)
    assert "scoped" in unit["Description"]
    assert unit["ControlGroup"] == bus.container_property("scoped", "ControlGroup")
    assert bus.container_property("scoped", "Unit") == "creel-scoped.scope"


def test_limits_are_properties_of_the_scope(creelctl, start):
    start("limited", GRACEFUL, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "42")
    unit = shown("creel-limited.scope", "MemoryMax", "CPUQuotaPerSecUSec", "TasksMax")
    assert unit == {"MemoryMax": str(64 << 20), "CPUQuotaPerSecUSec": "500ms", "TasksMax": "42"}
    start("unlimited", GRACEFUL, "--pids-limit", "-1")
    assert shown("creel-unlimited.scope", "TasksMax")["TasksMax"] == "infinity"


def test_names_that_systemd_escapes(creelctl, start):
    start("odd_name.with-dashes")
    unit = str(bus.container_property("odd_name.with-dashes", "Unit"))
    assert shown(unit, "ActiveState")["ActiveState"] == "active"
    creelctl("stop", "odd_name.with-dashes")


def test_systemd_cgls(start, run):
    start("listed")
    groups = run("systemd-cgls", "--no-pager", "-u", "creel-listed.scope").stdout
    assert "payload" in groups and "supervisor" in groups


@pytest.mark.parametrize("name", ["x.scope", "a.scope.b", "y.slice"])
def test_names_that_look_like_units(creelctl, start, name):
    start(name)
    assert str(bus.container_property(name, "ControlGroup")).endswith(f"/creel-{name}.scope")
    creelctl("kill", "--kill-whom", "all", name)
    assert creelctl("wait", name).stdout == "137\n"


def test_systemctl_status(creelctl, start, run):
    start("seen", "echo ready; echo a line for the status; sleep 1000 & wait $!")
    text = run("systemctl", "status", "--no-pager", "-l", "creel-seen.scope").stdout
    assert "active (running)" in text and "sleep 1000" in text and "creel-supervise" in text
    assert "a line for the status" in text


def test_systemctl_stop_is_graceful(creelctl, start, run):
    start("asked")
    run("systemctl", "stop", "creel-asked.scope")
    assert creelctl("wait", "asked").stdout == "7\n"
    assert state_of("asked") == "stopped"


def test_systemctl_stop_of_a_stubborn_one(creelctl, start, run):
    start("forced", STUBBORN, "--stop-timeout", "1")
    run("systemctl", "stop", "creel-forced.scope")
    assert creelctl("wait", "forced").stdout == "137\n"


def test_systemctl_kill(creelctl, start, run):
    start("wiped")
    run("systemctl", "kill", "-s", "KILL", "creel-wiped.scope")
    assert creelctl("wait", "wiped").stdout == "137\n"
    assert state_of("wiped") == "stopped"


def test_daemon_reload_changes_nothing(creelctl, start, run):
    start("reloaded", GRACEFUL, "--pids-limit", "42")
    run("systemctl", "daemon-reload")
    assert state_of("reloaded") == "running" and shown("creel-reloaded.scope", "TasksMax")["TasksMax"] == "42"
    creelctl("stop", "reloaded")
    assert bus.container_property("reloaded", "ExitCode") == 7


def test_unit_name_is_taken(creelctl, image, run):
    """Somebody else's scope of that name is not touched."""
    script = ["systemd-run", "--scope", "--unit=creel-occupied", "sleep", "1000"]
    with subprocess.Popen(script, stderr=subprocess.PIPE, text=True) as other:
        try:
            assert "creel-occupied.scope" in other.stderr.readline()
            done = creelctl("run", "--rm", "--name", "occupied", image, "true", check=False)
            assert done.returncode == 125 and "creel-occupied.scope" in done.stderr and done.stderr.count("\n") == 1
            assert other.poll() is None
        finally:
            other.kill()


# machined


@pytest.mark.smoke
def test_machinectl(creelctl, start, run):
    start("machine")
    # Registration goes on behind the answer.
    eventually(lambda: "machine" in traces.machines(), "machined knows the container")
    status = run("machinectl", "status", "--no-pager", "machine").stdout
    assert "creel-machine.scope" in status and str(bus.container_property("machine", "Leader")) in status
    show = dict(line.split("=", 1) for line in run("machinectl", "show", "machine").stdout.splitlines())
    assert show["Class"] == "container" and show["Service"] == "creel" and show["Unit"] == "creel-machine.scope"
    run("machinectl", "terminate", "machine")
    assert int(creelctl("wait", "machine").stdout) in (7, 137, 143)
    eventually(lambda: "machine" not in traces.machines(), "machined forgets the container")


def test_machine_goes_with_the_container(creelctl, start):
    start("leaving")
    eventually(lambda: "leaving" in traces.machines(), "machined knows the container")
    creelctl("rm", "-f", "leaving")
    eventually(lambda: "leaving" not in traces.machines(), "machined forgets the container")


def test_starts_without_machined(creelctl, start, run):
    """Registration is a courtesy."""
    run("systemctl", "mask", "--runtime", "--now", "systemd-machined.service")
    try:
        start("unregistered")
        assert state_of("unregistered") == "running"
        creelctl("rm", "-f", "unregistered")
    finally:
        run("systemctl", "unmask", "--runtime", "systemd-machined.service")
        run("systemctl", "start", "systemd-machined.service")


# Other verbs


def test_status_and_show(creelctl, start):
    start("told", "echo ready; echo last words; sleep 1000 & wait $!")
    text = creelctl("status", "told").stdout
    for word in ("told", "running", "creel-told.scope", str(bus.container_property("told", "Leader")), "last words"):
        assert word in text, word
    properties = dict(line.split("=", 1) for line in creelctl("show", "told").stdout.splitlines() if "=" in line)
    assert properties["State"] == "running" and properties["Unit"] == "creel-told.scope"


@pytest.mark.smoke
def test_aliases_of_machinectl(creelctl, start):
    start("aliased")
    assert "aliased" in creelctl("list").stdout
    assert "busybox" in creelctl("list-images").stdout
    creelctl("terminate", "aliased")
    assert creelctl("wait", "aliased").stdout == "137\n"
    assert creelctl("remove", "aliased").stdout == "aliased\n"


def test_info(creelctl, start):
    start("counted")
    text = creelctl("info").stdout
    assert os.uname().release in text and "/var/lib/creel" in text
    assert bus.get(bus.PATH, "Manager", "NContainers") == bus.get(bus.PATH, "Manager", "NContainersRunning") == 1
    document = json.loads(creelctl("info", "--format", "json").stdout)
    assert document
    assert bus.get(bus.PATH, "Manager", "KernelVersion") == os.uname().release
    assert str(bus.get(bus.PATH, "Manager", "SystemdVersion")).startswith("25")


def test_cidfile(creelctl, image, tmp_path):
    file = tmp_path / "cid"
    identity = creelctl("run", "-d", "--cidfile", file, image, "true").stdout.strip()
    assert file.read_text().strip() == identity
    done = creelctl("run", "--rm", "--cidfile", file, image, "true", check=False)
    assert done.returncode == 125 and str(file) in done.stderr
    assert file.read_text().strip() == identity


def test_nothing_of_a_container_stays(creelctl, start, image):
    """All that a long life leaves goes with rm; the fixture compares the whole host."""
    start("thorough")
    leader, supervisor = (int(bus.container_property("thorough", name)) for name in ("Leader", "Supervisor"))
    creelctl("stop", "thorough")
    creelctl("start", "thorough")
    creelctl("kill", "-s", signal.SIGKILL.value, "thorough")
    creelctl("wait", "thorough")
    creelctl("rm", "thorough")
    for pid in (leader, supervisor):
        pidfd_wait(pid)
    # systemd hears of the empty cgroup in its own time
    eventually(lambda: traces.units() == [], "the scope stays")


@pytest.mark.parametrize("limit, shown", [("0", "infinity"), ("-1", "infinity"), ("77", "77"), (None, "2048")])
def test_pids_limit_of_the_scope(creelctl, image, run, limit, shown):
    creelctl("run", "-d", "--name", "limited", *(["--pids-limit", limit] if limit else []), image, "sleep", "1000")
    assert run("systemctl", "show", "-p", "TasksMax", "--value", "creel-limited.scope").stdout.strip() == shown
    creelctl("rm", "-f", "-t", "0", "limited")
