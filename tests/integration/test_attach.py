# SPDX-License-Identifier: LGPL-2.1-or-later
"""creelctl attach, run --attach, and standard input that stays open: joining in with containers that run."""

import hashlib
import os
import signal
import socket
import subprocess

import dbus
import pytest

import bus
from fixtures import eventually
from follow import Follower, Terminal, kill_and_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

ECHO = 'echo ready; while read -r line; do echo "got $line"; echo "bad $line" >&2; done; echo over'


def logs(name="box"):
    """What the journal has. It takes only so many lines of one unit in a time: those that say much have names of their own."""
    return subprocess.run(["creelctl", "logs", name], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout.splitlines()


@pytest.fixture
def echo(creelctl, image):
    """A container that says what it hears, called box."""
    creelctl("run", "-d", "-i", "--name", "box", image, "sh", "-c", ECHO)
    return "box"


# Without a terminal


@pytest.mark.smoke
def test_both_ways(echo):
    with Follower("creelctl", "attach", echo, stdin="pipe") as run:
        run.write("one\n")
        run.line("got one")
        run.error_line("bad one")
        run.write("two\n")
        run.line("got two")
        run.process.stdin.close()
        run.line("over")
        assert run.wait() == 0
        run.process.stdin = None
    # stdout and stderr are two streams to the journal.
    assert sorted(logs()) == sorted(["ready", "got one", "bad one", "got two", "bad two", "over"])


def test_detached_input_is_open_and_silent(echo, creelctl):
    """Without anybody who writes, -i means to wait, not to be at the end."""
    eventually(lambda: logs() == ["ready"], logs)
    assert creelctl("exec", echo, "cat", "/proc/1/comm").stdout == "sh\n"


def test_without_i_there_is_no_input(creelctl, image):
    creelctl("run", "-d", "--name", "box", image, "sh", "-c", "cat; while :; do echo over; sleep 0.1; done")
    with Follower("creelctl", "attach", "box", stdin="pipe") as run:
        run.line("over")
        run.write("nobody hears\n")
        run.process.stdin.close()
        run.process.stdin = None
        creelctl("stop", "-t", "0", "box")
        assert run.wait() == 0


def test_no_stdin(echo, creelctl):
    with Follower("creelctl", "attach", "--no-stdin", echo) as run:
        # Its end of file on /dev/null is not passed on.
        other = subprocess.Popen(["creelctl", "attach", echo], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        other.stdin.write("hello\n")
        other.stdin.flush()
        run.line("got hello")
        other.stdin.close()
        run.line("over")
        assert run.wait() == 0 and other.wait() == 0
        assert "got hello" in other.stdout.read()


def test_client_is_killed_and_comes_back(echo):
    with Follower("creelctl", "attach", echo, stdin="pipe") as run:
        run.write("one\n")
        run.line("got one")
        run.signal(signal.SIGKILL)
        run.wait()
    with Follower("creelctl", "attach", echo, stdin="pipe") as run:
        run.write("two\n")
        run.line("got two")
    eventually(lambda: {"got one", "got two", "bad two"} <= set(logs()), logs)


@pytest.mark.smoke
def test_much_data_both_ways(creelctl, image):
    creelctl("run", "-d", "-i", "--log-driver", "none", "--name", "much", image, "cat")
    data = os.urandom(8 * 1024 * 1024)
    done = subprocess.run(["creelctl", "attach", "much"], input=data, stdout=subprocess.PIPE, timeout=120)
    assert done.returncode == 0
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()


def test_everything_to_the_last_byte(creelctl, image):
    """A container that says much and ends at once; a reader that is slow."""
    creelctl("run", "-d", "-i", "--name", "last", image, "sh", "-c", "read x; seq 1 5000")
    process = subprocess.Popen(["creelctl", "attach", "last"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"go\n")
    process.stdin.close()
    first = os.read(process.stdout.fileno(), 1)
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGCONT)
    out = first + process.stdout.read()
    assert process.wait() == 0
    assert out == "".join(f"{i}\n" for i in range(1, 5001)).encode()


def test_slow_reader_stops_the_container_and_not_the_supervisor(creelctl, image):
    """Nothing is dropped for the sake of somebody who does not read: until that one goes away."""
    creelctl("run", "-d", "-i", "--name", "slow", image, "sh", "-c", f"read x; i=0; while [ $i -lt 2000 ]; do echo {'.' * 200}; i=$((i+1)); done; echo end")
    process = subprocess.Popen(["creelctl", "attach", "slow"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"go\n")
    process.stdin.flush()
    os.read(process.stdout.fileno(), 1)
    # The supervisor still answers, though its client takes nothing more.
    assert creelctl("exec", "slow", "echo", "alive").stdout == "alive\n"
    assert bus.container_property("slow", "State") == "running"
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    eventually(lambda: bus.container_property("slow", "State") == "stopped", "the container ended")
    eventually(lambda: logs("slow")[-1:] == ["end"] and len(logs("slow")) == 2001, "everything is in the journal")


def test_many_clients(creelctl, image):
    # Attached are those that see the ticks: whether there is room for one more cannot be asked without taking it.
    script = "(while :; do echo tick; sleep 0.1; done) & read x; kill $!; echo word; sleep 1000"
    creelctl("run", "-d", "-i", "--name", "box", image, "sh", "-c", script)
    followers = [Follower("creelctl", "attach", "--no-stdin", "box") for _ in range(7)]
    try:
        with Follower("creelctl", "attach", "box", stdin="pipe") as writer:
            for follower in [*followers, writer]:
                follower.line("tick")
            assert attach_once() == bus.ERROR + "LimitsExceeded"
            writer.write("go\n")
            for follower in [*followers, writer]:
                follower.line("word")
    finally:
        for follower in followers:
            follower.stop()


def attach_once():
    """Attaches and goes; the name of the error when that is refused."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        try:
            bus.call(bus.container("box"), "Container", "Attach", "a{sv}", bus.options(session=dbus.types.UnixFd(theirs.fileno())))
        except dbus.DBusException as e:
            return e.get_dbus_name()
    return None


def test_signals_are_passed_on(creelctl, image):
    script = "trap 'echo got it; exit 3' USR1; while :; do echo tick; sleep 0.1; done"
    creelctl("run", "-d", "--name", "box", image, "sh", "-c", script)
    with Follower("creelctl", "attach", "box") as run:
        run.line("tick")
        run.signal(signal.SIGUSR1)
        run.line("got it")
        assert run.wait() == 0
    assert creelctl("wait", "box").stdout == "3\n"


def test_exit_status_is_that_of_attach(creelctl, image):
    creelctl("run", "-d", "-i", "--name", "box", image, "sh", "-c", "read x; exit 7")
    assert creelctl("attach", "box", input="go\n").returncode == 0
    assert creelctl("wait", "box").stdout == "7\n"


def test_start_attach_of_one_that_runs(creelctl, image):
    creelctl("run", "-d", "-i", "--name", "box", image, "sh", "-c", "read x; echo $x; exit 7")
    done = creelctl("start", "-a", "-i", "box", input="word\n", check=False)
    assert (done.returncode, done.stdout) == (7, "word\n")


@pytest.mark.smoke
def test_creeld_is_killed_meanwhile(echo):
    with Follower("creelctl", "attach", echo, stdin="pipe") as run:
        run.write("one\n")
        run.line("got one")
        kill_and_wait(int(subprocess.check_output(["systemctl", "show", "-P", "MainPID", "creeld"])))
        run.write("two\n")
        run.line("got two")
        # And the next creeld can bring others in.
        assert subprocess.run(["creelctl", "attach", echo], input="", capture_output=True, text=True).stdout.endswith("over\n")
        run.line("over")
        run.process.stdin.close()
        run.process.stdin = None
        assert run.wait() == 0


def test_event(echo, monitor):
    with Follower("creelctl", "attach", "--no-stdin", echo):
        monitor.signal_named("Event", lambda body: body[2] == "attach" and body[4]["name"] == echo)


# With a terminal


@pytest.fixture
def terminal_box(creelctl, image):
    creelctl("run", "-d", "-i", "-t", "--name", "box", image, "sh", "-c", 'echo ready; while read line; do echo "got $line"; stty size; done')
    eventually(lambda: logs() == ["ready"], logs)
    return "box"


@pytest.mark.smoke
def test_terminal(terminal_box):
    with Terminal("creelctl", "attach", terminal_box, rows=31, columns=77) as run:
        run.write("one\n")
        run.expect("got one\r\n31 77\r\n")
        run.resize(40, 90)
        run.write("two\n")
        run.expect("got two\r\n40 90\r\n")
        run.write("\x10\x11")
        assert run.wait() == 0
        assert run.attributes() == run.before


def test_terminal_comes_back(terminal_box, creelctl):
    """Left by the keys or by death, it is the journal's until the next one comes."""
    for i, leave in enumerate((lambda run: run.write("\x10\x11"), lambda run: run.process.kill(), lambda run: run.write("\x10\x11"))):
        with Terminal("creelctl", "attach", terminal_box) as run:
            run.write(f"word{i}\n")
            run.expect(f"got word{i}\r\n")
            leave(run)
            run.process.wait()
        creelctl("exec", terminal_box, "sh", "-c", f"echo away{i} > /dev/console")
        eventually(lambda: f"away{i}" in logs(), logs)


def test_terminal_has_one_client(terminal_box, creelctl):
    with Terminal("creelctl", "attach", terminal_box) as run:
        run.write("one\n")
        run.expect("got one")
        with Terminal("creelctl", "attach", terminal_box) as other:
            other.expect("in use by another client")
            assert other.wait() == 125
        run.write("two\n")
        run.expect("got two")


def test_terminal_of_a_foreground_run(image):
    with Terminal("creelctl", "run", "-it", "--name", "box", image, "sh", "-c", "echo ready; read x; echo got $x; exit 3") as run:
        run.expect("ready")
        with Terminal("creelctl", "attach", "box") as other:
            other.expect("in use by another client")
            assert other.wait() == 125
        run.write("\x10\x11")
        assert run.wait() == 0
    with Terminal("creelctl", "attach", "box") as run:
        run.write("word\n")
        run.expect("got word")
        assert run.wait() == 0


@pytest.mark.parametrize("verb", [["run", "-it", "--name", "box", "IMAGE", "sh"], ["start", "-a", "-i", "box"]], ids=["run", "start"])
def test_detach_keys_of_ones_own(creelctl, image, verb):
    if verb[0] == "start":
        creelctl("create", "-it", "--name", "box", image, "sh")
    words = [image if word == "IMAGE" else word for word in verb]
    with Terminal("creelctl", words[0], "--detach-keys", "ctrl-z,q", *words[1:]) as run:
        run.write("echo $((20+3))\n")
        run.expect("23\r\n")
        run.write("\x10\x11\x1aq")
        assert run.wait() == 0
    assert bus.container_property("box", "State") == "running"
    with Terminal("creelctl", "attach", "--detach-keys", "", "box") as run:
        run.write("echo $((30+4))\n")
        run.expect("34\r\n")
        run.write("exit\n")
        assert run.wait() == 0


# Not to be had


def test_streams_of_the_foreground_are_its_callers(creelctl, image):
    with Follower("creelctl", "run", "--name", "box", image, "sh", "-c", "echo ready; sleep 1000") as run:
        run.line("ready")
        done = creelctl("attach", "box", check=False)
        assert done.returncode == 125 and "--detach" in done.stderr and done.stderr.count("\n") == 1


def test_not_running(creelctl, image):
    creelctl("create", "--name", "box", image)
    done = creelctl("attach", "box", check=False)
    assert done.returncode == 125 and "created" in done.stderr and done.stderr.count("\n") == 1
    assert creelctl("attach", "nothing-of-that-name", check=False).returncode == 125


@pytest.mark.parametrize("words", [["--detach-keys", "ctrl-1", "box"], ["--bad", "box"], [], ["a", "b"]])
def test_bad_input(creelctl, words):
    done = creelctl("attach", *words, check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


def test_bus_refuses(echo):
    def refused(**options):
        return bus.refused(bus.container(echo), "Container", "Attach", "a{sv}", bus.options(**options))

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, open("/dev/zero") as device:
        session = dbus.types.UnixFd(theirs.fileno())
        assert refused() == ("InvalidArgument", "option session: is needed to attach")
        assert refused(session=session, nonsense=1)[0] == "InvalidArgument"
        assert refused(session=session, stdin="yes")[0] == "InvalidArgument"
        name, message = refused(session=session, stdout=dbus.types.UnixFd(device.fileno()))
        assert name == "InvalidArgument" and "pipe" in message


# run --attach


def test_run_attach(creelctl, image):
    script = "cat; echo out; echo err >&2"
    done = creelctl("run", "-i", "-a", "stdout", "--name", "box", image, "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "") and logs() == ["err"]
    creelctl("rm", "box")
    done = creelctl("run", "-i", "-a", "stdin", "-a", "STDERR", "--name", "box", image, "sh", "-c", script, input="in\n")
    assert (done.stdout, done.stderr) == ("", "err\n") and logs() == ["in", "out"]


def test_run_attach_bad_input(creelctl, image):
    for words in (["-a", "stdnone"], ["-d", "-a", "stdout"]):
        done = creelctl("run", *words, "--name", "box", image, "true", check=False)
        assert done.returncode == 125 and "--attach" in done.stderr and done.stderr.count("\n") == 1
    assert creelctl("ps", "-aq").stdout == ""
