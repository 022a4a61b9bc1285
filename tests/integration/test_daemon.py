# SPDX-License-Identifier: LGPL-2.1-or-later
"""creeld as a service: it may come and go."""

import json
import os
import re
import signal
import socket
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower

SOURCE = Path(__file__).resolve().parents[2]


@pytest.fixture
def image(pulled):
    return pulled(images.busybox_image(), "daemon/busybox:1")


def creeld_pid():
    return int(subprocess.run(["systemctl", "show", "--value", "-p", "MainPID", "creeld"], capture_output=True, text=True).stdout)


def inspect(creelctl, name):
    return json.loads(creelctl("inspect", name).stdout)[0]


def kill_and_wait(run):
    """SIGKILL; systemd restarts it, and the next call waits for that."""
    old = creeld_pid()
    os.kill(old, signal.SIGKILL)
    eventually(lambda: creeld_pid() not in (0, old), "creeld is not restarted")


@pytest.mark.smoke
@pytest.mark.parametrize("how", ["restart", "kill"])
def test_containers_outlive_it(creelctl, image, run, how):
    creelctl("run", "-d", "--name", "stays", image, "sh", "-c", "trap 'exit 6' TERM; echo up; while :; do sleep 0.2; done")
    before = inspect(creelctl, "stays")
    if how == "restart":
        run("systemctl", "restart", "creeld")
    else:
        kill_and_wait(run)
    after = inspect(creelctl, "stays")
    assert after["State"]["Running"] is True
    assert after["State"]["Pid"] == before["State"]["Pid"] != 0
    assert after["CgroupPath"] == before["CgroupPath"]
    creelctl("stop", "stays")
    assert inspect(creelctl, "stays")["State"]["ExitCode"] == 6


def test_an_exit_that_nobody_saw(creelctl, image, run):
    creelctl("run", "-d", "--name", "leaves", image, "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.2; done")
    pid = inspect(creelctl, "leaves")["State"]["Pid"]
    with Follower("creelctl", "logs", "-f", "leaves") as log:
        log.line("up")
    run("systemctl", "stop", "creeld")
    os.kill(pid, signal.SIGTERM)
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "it does not exit")
    state = inspect(creelctl, "leaves")["State"]  # starts creeld
    assert (state["Running"], state["ExitCode"]) == (False, 7)


def test_an_ephemeral_one_is_gone_afterwards(creelctl, image, run):
    creelctl("run", "-d", "--rm", "--name", "brief", image, "sleep", "1000")
    pid = inspect(creelctl, "brief")["State"]["Pid"]
    run("systemctl", "stop", "creeld")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "it does not exit")
    assert creelctl("ps", "-aq").stdout == ""
    eventually(lambda: not list(Path("/var/lib/creel/containers").iterdir()), "its files stay")
    assert not list(Path("/run/creel/containers").iterdir())


def test_a_foreground_run_outlives_it(creelctl, image, run):
    script = "trap 'exit 8' TERM; echo up; while :; do sleep 0.2; done"
    with Follower("creelctl", "run", "--rm", "--name", "front", image, "sh", "-c", script) as front:
        front.line("up")
        kill_and_wait(run)
        front.process.send_signal(signal.SIGTERM)
        assert front.process.wait(timeout=20) == 8
    eventually(lambda: creelctl("ps", "-aq").stdout == "", "it is not removed")


def test_a_killed_supervisor_takes_its_container_along(creelctl, image):
    creelctl("run", "-d", "--name", "orphan", image, "sleep", "1000")
    pid = inspect(creelctl, "orphan")["State"]["Pid"]
    os.kill(int(bus.container_property("orphan", "Supervisor")), signal.SIGKILL)
    creelctl("wait", "orphan")
    state = inspect(creelctl, "orphan")["State"]
    assert (state["Running"], state["ExitCode"]) == (False, 137) and "supervisor" in state["Error"]
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "the command runs on")
    eventually(lambda: not traces.processes(), traces.processes)
    creelctl("start", "orphan")
    assert inspect(creelctl, "orphan")["State"]["Running"] is True


def test_a_supervisor_killed_without_creeld(creelctl, image, run):
    creelctl("run", "-d", "--name", "orphan", image, "sleep", "1000")
    supervisor = int(bus.container_property("orphan", "Supervisor"))
    pid = inspect(creelctl, "orphan")["State"]["Pid"]
    run("systemctl", "stop", "creeld")
    os.kill(supervisor, signal.SIGKILL)
    state = inspect(creelctl, "orphan")["State"]
    assert (state["Running"], state["ExitCode"]) == (False, 137)
    eventually(lambda: not Path(f"/proc/{pid}").exists(), "the command runs on")


def test_systemd_stops_a_container_without_creeld(creelctl, image, run):
    creelctl("run", "-d", "--name", "alone", image, "sh", "-c", "trap 'exit 11' TERM; echo up; while :; do sleep 0.2; done")
    with Follower("creelctl", "logs", "-f", "alone") as log:
        log.line("up")
    run("systemctl", "stop", "creeld")
    run("systemctl", "stop", "creel-alone.scope")
    assert inspect(creelctl, "alone")["State"]["ExitCode"] == 11


def test_bus_activation(creelctl, run):
    run("systemctl", "stop", "creeld")
    assert "0.1.0" in creelctl("info").stdout
    assert run("systemctl", "is-active", "creeld").stdout.strip() == "active"


def test_the_unit(run):
    shown = dict(line.split("=", 1) for line in run("systemctl", "show", "creeld", "-p", "Type,WatchdogUSec,BusName,StatusText").stdout.splitlines())
    assert shown["Type"] == "notify" and shown["BusName"] == "org.creel1" and shown["WatchdogUSec"] == "3min"
    verify = run("systemd-analyze", "verify", "creeld.service", check=False)
    # the lab has no man(1)
    assert not [line for line in verify.stderr.splitlines() if "creeld" in line and "'man " not in line], verify.stderr


def test_memory(creelctl, run):
    run("systemctl", "restart", "creeld")
    creelctl("info")
    kib = int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{creeld_pid()}/status").read_text()).group(1))
    print(f"creeld idle: {kib} KiB")
    assert kib <= 6 * 1024


@pytest.mark.parametrize("noun", ["Manager", "Container", "Image", "Transfer"])
def test_introspection_is_what_the_xml_says(creelctl, image, noun):
    """dbus/*.xml against the running service: members, types, access and annotations."""
    interface = f"org.creel1.{noun}"
    if noun == "Container":
        creelctl("create", "--name", "shown", image, "true")
    if noun == "Transfer":
        root = introspect_a_transfer()
    else:
        path = {
            "Manager": lambda: bus.PATH,
            "Container": lambda: bus.container("shown"),
            "Image": lambda: str(bus.manager("GetImage", "s", image)),
        }[noun]()
        root = introspect(path)
    expected = ElementTree.parse(SOURCE / "dbus" / f"{interface}.xml").getroot().find("interface")
    assert members(root.find(f"interface[@name='{interface}']")) == members(expected)


def introspect(path):
    connection = bus.connect()
    try:
        text = connection.call_blocking(bus.NAME, path, "org.freedesktop.DBus.Introspectable", "Introspect", "", ())
    finally:
        connection.close()
    return ElementTree.fromstring(text)


def introspect_a_transfer():
    """One that cannot end before it is looked at: its registry takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        number, path = bus.manager("PullImage", "sa{sv}", f"127.0.0.1:{silent.getsockname()[1]}/x:1", bus.options())
        try:
            return introspect(path)
        finally:
            bus.call(path, "Transfer", "Cancel")


def members(interface):
    found = {}
    for member in interface:
        if member.tag not in ("method", "signal", "property"):
            continue
        if member.tag == "property":
            annotation = member.find("annotation[@name='org.freedesktop.DBus.Property.EmitsChangedSignal']")
            what = (member.get("type"), member.get("access"), annotation.get("value") if annotation is not None else "true")
        else:
            default = "in" if member.tag == "method" else None
            what = [(a.get("name"), a.get("type"), a.get("direction", default)) for a in member.findall("arg")]
        found[member.tag, member.get("name")] = what
    return found


def as_nobody(*argv):
    return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *argv], capture_output=True, text=True, timeout=60)


def test_others_may_look_but_not_touch(creelctl, image):
    creelctl("create", "--name", "mine", image, "true")
    assert "mine" in as_nobody("creelctl", "ps", "-a").stdout
    for words in (["rm", "mine"], ["start", "mine"], ["run", "--rm", image, "true"], ["rmi", image], ["pull", image], ["inspect", "mine"]):
        done = as_nobody("creelctl", *words)
        assert done.returncode != 0 and done.stderr.count("\n") == 1, (words, done)
    assert inspect(creelctl, "mine")["State"]["Status"] == "created"
    call = ["busctl", "call", "org.creel1", bus.container("mine"), "org.creel1.Container", "Remove", "a{sv}", "0"]
    assert "Authentication is required" in as_nobody(*call).stderr


def test_valgrind_creelctl(creelctl, image):
    for words in (["ps", "-a"], ["images"], ["run", "--rm", image, "true"], ["inspect", image], ["frob"]):
        done = subprocess.run(
            ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=99", "creelctl", *words],
            capture_output=True, text=True, timeout=120)
        assert done.returncode != 99, done.stderr


def test_valgrind_creeld(creelctl, image, run):
    """All that starts no program: valgrind cannot execute one by its descriptor."""
    drop_in = Path("/run/systemd/system/creeld.service.d/valgrind.conf")
    log = Path("/tmp/creeld.valgrind")
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(
        "[Service]\nExecStart=\nExecStart=valgrind --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=99 "
        f"--log-file={log} /usr/lib/creel/creeld\n"
    )
    try:
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "creeld")
        creelctl("create", "--name", "v", image, "true")
        creelctl("inspect", "v", image)
        for words in (["rm", "nobody"], ["create", "--name", "v", image, "true"], ["kill", "v"], ["rmi", image], ["run", "nothing", "true"]):
            assert creelctl(*words, check=False).returncode == 125
        creelctl("ps", "-a")
        creelctl("rm", "v")
        run("systemctl", "stop", "creeld")
        assert "ERROR SUMMARY: 0 errors" in log.read_text(), log.read_text()
    finally:
        drop_in.unlink()
        run("systemctl", "daemon-reload")
        run("systemctl", "restart", "creeld")
