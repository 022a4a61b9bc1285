# SPDX-License-Identifier: LGPL-2.1-or-later
"""creelctl exec and shell: exit statuses, streams, terminals, confinement, and what outlives whom."""

import hashlib
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import dbus
import pytest

import bus
import images
from fixtures import eventually
from follow import Follower, Terminal, kill_and_wait

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

READY_AND_WAIT = "echo ready; sleep 1000 & wait $!"


@pytest.fixture
def box(creelctl, image):
    """A container that waits, called box."""
    creelctl("run", "-d", "--name", "box", image, "sleep", "100000")
    return "box"


@pytest.fixture
def inside(creelctl, box):
    """inside("--option", ..., script="...") -> the output of a shell script in the container."""

    def call(*options, script, **kw):
        return creelctl("exec", *options, box, "sh", "-c", script, **kw)

    return call


def execs(name="box"):
    return list(bus.container_property(name, "ExecIds"))


# Exit statuses


@pytest.mark.smoke
@pytest.mark.parametrize("status", [0, 1, 7, 126, 255])
def test_exit_status(inside, status):
    assert inside(script=f"exit {status}", check=False).returncode == status


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_exit_status_of_a_signal(inside, name):
    assert inside(script=f"kill -{name} $$", check=False).returncode == 128 + getattr(signal, f"SIG{name}")


@pytest.mark.parametrize(
    "command, status",
    [("no-such-command", 127), ("/bin/missing", 127), ("/etc/passwd", 126), ("/etc", 126), ("", 125)],
)
def test_command_cannot_be_run(creelctl, box, command, status):
    done = creelctl("exec", box, command, check=False)
    assert done.returncode == status, done
    assert done.stderr.count("\n") == 1 and command in done.stderr


def test_not_running(creelctl, image):
    creelctl("create", "--name", "idle", image)
    done = creelctl("exec", "idle", "true", check=False)
    assert done.returncode == 125 and "created" in done.stderr and "start" in done.stderr and done.stderr.count("\n") == 1
    creelctl("run", "--name", "over", image, "true")
    done = creelctl("exec", "over", "true", check=False)
    assert done.returncode == 125 and "stopped" in done.stderr
    assert creelctl("exec", "nothing-of-that-name", "true", check=False).returncode == 125


def test_wait(creelctl, image):
    creelctl("create", "--name", "box", image, "sleep", "1000")
    done = creelctl("exec", "--wait", "1", "box", "true", check=False)
    assert done.returncode == 125 and "--wait" in done.stderr and "box" in done.stderr and done.stderr.count("\n") == 1
    with Follower("creelctl", "exec", "--wait", "30", "box", "echo", "there") as run:
        creelctl("start", "box")
        run.line("there")
        assert run.wait() == 0
    assert creelctl("exec", "--wait", "5", "box", "echo", "running").stdout == "running\n"
    assert creelctl("exec", "--wait", "soon", "box", "true", check=False).returncode == 125


def test_paused(creelctl, box):
    creelctl("pause", box)
    done = creelctl("exec", box, "true", check=False)
    assert done.returncode == 125 and "paused" in done.stderr and "unpause" in done.stderr
    creelctl("unpause", box)
    creelctl("exec", box, "true")


@pytest.mark.parametrize(
    "words",
    [
        ["-w", "relative", "box", "true"],
        ["-e", "=x", "box", "true"],
        ["--env-file", "/no/such/file", "box", "true"],
        ["--detach-keys", "ctrl-", "box", "true"],
        ["--no-such-option", "box", "true"],
        ["box"],
        [],
        ["-u", "app:", "box", "true"],
        ["-u", "nobody-of-that-name", "box", "true"],
        ["-u", "app:no-group", "box", "true"],
        ["-u", "4294967295", "box", "true"],
        ["-u", "-1", "box", "true"],
    ],
)
def test_bad_input(creelctl, box, words):
    done = creelctl("exec", *words, check=False)
    assert done.returncode in (125, 126) and done.stdout == ""
    assert done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done.stderr
    assert execs() == []


# Where it runs, and as whom


def test_environment(creelctl, pulled):
    reference = pulled(images.busybox_image({"Env": [images.PATH_ENV, "A=image", "B=image"]}), "exec/env:1")
    creelctl("run", "-d", "--name", "box", "-e", "B=run", "-e", "C=run", "-h", "some.host", reference, "sleep", "1000")
    lines = creelctl("exec", "-e", "C=exec", "-e", "D=two words", "-e", "HOME_OF", "box", "env", env={**os.environ, "HOME_OF": "caller"}).stdout.splitlines()
    env = dict(line.split("=", 1) for line in lines)
    assert {k: env.get(k) for k in "ABCD"} == {"A": "image", "B": "run", "C": "exec", "D": "two words"}
    assert env["HOSTNAME"] == "some.host" and env["HOME"] == "/root" and env["HOME_OF"] == "caller" and "container" in env
    assert "TERM" not in env and f"PATH={env['PATH']}" == images.PATH_ENV
    assert "TERM=xterm" in creelctl("exec", "-t", "box", "env").stdout
    assert "HOME=/home/app" in creelctl("exec", "-u", "app", "box", "env").stdout


def test_environment_file(creelctl, box, tmp_path):
    (tmp_path / "env").write_text("# comment\nONE=1\nTWO=a b\n")
    out = creelctl("exec", "--env-file", tmp_path / "env", "-e", "TWO=3", box, "env").stdout.splitlines()
    assert "ONE=1" in out and "TWO=3" in out


@pytest.mark.parametrize(
    "user, ids",
    [(None, "0:0"), ("app", "1000:1000"), ("1000", "1000:1000"), ("app:wheel", "1000:10"), ("4711:4712", "4711:4712"), ("0:10", "0:10")],
)
def test_user(inside, user, ids):
    options = ["-u", user] if user else []
    assert inside(*options, script="echo $(id -u):$(id -g)").stdout.strip() == ids


def test_groups_of_a_user(inside):
    assert set(inside("-u", "app", script="id -G").stdout.split()) == {"1000", "10"}
    assert inside("-u", "0:0", script="id -G").stdout.split() == ["0"]


def test_user_and_directory_of_the_container(creelctl, image):
    creelctl("run", "-d", "--name", "box", "-u", "app", "-w", "/home/app", image, "sleep", "1000")
    assert creelctl("exec", "box", "sh", "-c", "id -u; pwd").stdout.split() == ["1000", "/home/app"]
    assert creelctl("exec", "-u", "0", "-w", "/etc", "box", "sh", "-c", "id -u; pwd").stdout.split() == ["0", "/etc"]


def test_working_directory_is_missing(creelctl, box):
    done = creelctl("exec", "-w", "/not/there", box, "true", check=False)
    assert done.returncode == 127 and "/not/there" in done.stderr and done.stderr.count("\n") == 1
    assert creelctl("exec", box, "ls", "/not", check=False).returncode != 0, "it was made"
    done = creelctl("exec", "-w", "/etc/passwd", box, "true", check=False)
    assert done.returncode == 127 and "/etc/passwd" in done.stderr


STATUS = "grep -E '^(Cap|NoNewPrivs|Seccomp|Umask|Groups)' /proc/{}/status"


@pytest.mark.parametrize("options", [[], ["--cap-drop", "ALL"], ["--cap-add", "SYS_PTRACE", "--cap-drop", "CHOWN"], ["--userns", "host"], ["-u", "app"]])
def test_confinement_is_the_containers(creelctl, image, options):
    creelctl("run", "-d", "--name", "box", *options, image, "sleep", "1000")
    own, inner = (creelctl("exec", "box", "sh", "-c", STATUS.format(who)).stdout for who in ("1", "self"))
    assert own == inner and "Seccomp:\t2" in own


def test_privileged(creelctl, image, inside):
    script = "grep ^Cap /proc/self/status"
    all_caps = creelctl("run", "--rm", "--cap-add", "ALL", image, "sh", "-c", script).stdout
    assert inside("--privileged", script=script).stdout == all_caps != inside(script=script).stdout
    # They are those of the container's user namespace.
    assert inside("--privileged", script="mknod /dev/evil c 1 11 && cat /dev/evil", check=False).returncode != 0


def test_namespaces(inside):
    kinds = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]
    script = "for i in 1 self; do for n in " + " ".join(kinds) + "; do readlink /proc/$i/ns/$n; done; done"
    links = inside(script=script).stdout.split()
    assert links[: len(kinds)] == links[len(kinds) :] and len(links) == 2 * len(kinds)
    assert all(os.readlink(f"/proc/self/ns/{kind}") not in links for kind in kinds)


def test_limits(creelctl, image):
    creelctl("run", "-d", "--name", "box", "--ulimit", "nofile=200:300", "--ulimit", "core=0", "--umask", "0027", image, "sleep", "1000")
    out = creelctl("exec", "box", "sh", "-c", "ulimit -n; ulimit -Hn; ulimit -c; umask").stdout.split()
    assert out == ["200", "300", "0", "0027"]


@pytest.mark.smoke
def test_cgroup(creelctl, box):
    with Follower("creelctl", "exec", box, "sh", "-c", f"echo pid $$; {READY_AND_WAIT}") as run:
        run.line("ready")
        scope = Path("/sys/fs/cgroup") / str(bus.container_property(box, "ControlGroup")).lstrip("/")
        leader = int(bus.container_property(box, "Leader"))
        payload = (scope / "payload/cgroup.procs").read_text().split()
        assert len(payload) >= 2 and str(leader) in payload, "not in the payload's cgroup"
        helpers = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (scope / "supervisor/cgroup.procs").read_text().split()]
        assert sorted(i.split(b"\0")[0] for i in helpers) == [b"creel-exec", b"creel-supervise"]
        assert creelctl("exec", box, "sh", "-c", "grep 0:: /proc/self/cgroup; grep 0:: /proc/1/cgroup").stdout.split() == ["0::/", "0::/"]


def test_container_with_cgroups_of_its_own(creelctl, image):
    """Where processes have moved into cgroups of their own, and controllers are divided, the new one goes to theirs."""
    script = "mount -o remount,rw /sys/fs/cgroup 2>/dev/null; mkdir /sys/fs/cgroup/init && echo 1 > /sys/fs/cgroup/init/cgroup.procs && echo ok; sleep 1000"
    creelctl("run", "-d", "--name", "box", "--cap-add", "SYS_ADMIN", image, "sh", "-c", script)
    assert creelctl("exec", "box", "true").returncode == 0


# Streams


def test_no_other_descriptors(inside):
    # 3 is the directory that ls reads.
    assert inside(script="ls /proc/self/fd").stdout.split() == ["0", "1", "2", "3"]
    with open("/etc/passwd") as leak:
        done = subprocess.run(["creelctl", "exec", "box", "ls", "/proc/self/fd"], pass_fds=(leak.fileno(),), capture_output=True, text=True)
        assert done.stdout.split() == ["0", "1", "2", "3"]


def test_preserved_descriptors(box, tmp_path):
    (tmp_path / "three").write_text("number three")
    fd = os.open(tmp_path / "three", os.O_RDONLY)
    try:
        argv = ["bash", "-c", 'exec 3<&"$0"; exec creelctl exec --preserve-fds=1 box sh -c "cat <&3; echo; ls /proc/self/fd"', str(fd)]
        done = subprocess.run(argv, pass_fds=(fd,), capture_output=True, text=True)
    finally:
        os.close(fd)
    assert done.stdout.split("\n")[0] == "number three", done
    assert done.stdout.split("\n")[1:-1] == ["0", "1", "2", "3", "4"]


def test_output_is_the_callers_own_pipe(box):
    read, write = os.pipe()
    process = subprocess.Popen(["creelctl", "exec", box, "readlink", "/proc/self/fd/1"], stdin=subprocess.DEVNULL, stdout=write)
    inode = os.fstat(write).st_ino
    os.close(write)
    assert os.fdopen(read).read().strip() == f"pipe:[{inode}]"
    assert process.wait() == 0


def test_standard_input_is_closed_without_i(creelctl, box):
    assert creelctl("exec", box, "cat", input="not for you").stdout == ""


@pytest.mark.smoke
def test_much_data_both_ways(box):
    data = os.urandom(24 * 1024 * 1024)
    done = subprocess.run(["creelctl", "exec", "-i", box, "cat"], input=data, stdout=subprocess.PIPE, check=True, timeout=120)
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
    done = subprocess.run(["creelctl", "exec", "-i", box, "sha256sum"], input=data, stdout=subprocess.PIPE, check=True, timeout=120)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_output_and_errors_are_apart(inside):
    done = inside(script="echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_standard_output_can_be_opened_anew(inside):
    assert inside("-u", "app", script="echo hello > /dev/stdout").stdout == "hello\n"


def test_closed_descriptors_of_the_caller(box):
    assert subprocess.run(["sh", "-c", f"creelctl exec {box} true >&- 2>&- <&-"]).returncode == 0


# Terminals


@pytest.mark.smoke
def test_terminal(box):
    script = "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; read a; echo got:$a; exit 4"
    with Terminal("creelctl", "exec", "-it", box, "sh", "-c", script, rows=33, columns=99) as run:
        run.expect(r"/dev/pts/\d+\r\n33 99\r\nall\r\n")
        run.write("typed\n")
        run.expect("typed\r\ngot:typed\r\n")
        assert run.wait() == 4
        assert run.attributes() == run.before, "the terminal was not restored"


def test_terminal_resize(box):
    with Terminal("creelctl", "exec", "-it", box, "sh", "-c", f"trap 'stty size; exit 0' WINCH; {READY_AND_WAIT}") as run:
        run.expect("ready")
        run.resize(50, 132)
        run.expect("50 132")
        assert run.wait() == 0


def test_terminal_carries_everything(box):
    with Terminal("creelctl", "exec", "-it", box, "sh", "-c", "seq 1 50000; echo end") as run:
        run.expect("\r\nend\r\n", timeout=60)
        assert run.wait() == 0
        assert run.output.replace("\r\n", "\n").startswith("".join(f"{i}\n" for i in range(1, 50001)))


def test_terminal_of_another_user(box):
    with Terminal("creelctl", "exec", "-it", "-u", "app", box, "sh", "-c", "echo again > $(tty); echo there > /dev/tty") as run:
        run.expect("again\r\nthere")
        assert run.wait() == 0


def test_input_is_no_terminal(creelctl, box):
    done = creelctl("exec", "-it", box, "true", check=False, input="")
    assert done.returncode == 125 and "TTY" in done.stderr


@pytest.mark.parametrize("keys, typed", [(None, "\x10\x11"), ("ctrl-a", "\x01"), ("x,ctrl-],z", "x\x1dz")])
def test_detach_keys(box, keys, typed):
    options = ["--detach-keys", keys] if keys else []
    script = "echo ready; read a; echo $a > /tmp/said; sleep 1000"
    with Terminal("creelctl", "exec", "-it", *options, box, "sh", "-c", script) as run:
        run.expect("ready")
        run.write(typed)
        assert run.wait() == 0
        assert run.attributes() == run.before
    assert len(execs()) == 1, "it did not go on"


def test_detach_keys_off(box):
    with Terminal("creelctl", "exec", "-it", "--detach-keys", "", box, "sh", "-c", "stty raw -echo; echo ready; head -c 2 | od -An -tx1") as run:
        run.expect("ready")
        run.write("\x10\x11")
        run.expect("10 11")
        assert run.wait() == 0


# Life and death


def test_signals_go_to_the_command(box):
    with Follower("creelctl", "exec", box, "sh", "-c", f"trap 'echo got it; exit 9' TERM; {READY_AND_WAIT}") as run:
        run.line("ready")
        run.signal(signal.SIGTERM)
        run.line("got it")
        assert run.wait() == 9


def test_client_is_killed(box):
    """The command hears a hang-up; without that it would stay for ever."""
    with Follower("creelctl", "exec", box, "sh", "-c", f"trap 'echo over > /tmp/over; exit' HUP; {READY_AND_WAIT}") as run:
        run.line("ready")
        run.signal(signal.SIGKILL)
        run.wait()
    eventually(lambda: not execs(), "the command ended")
    assert subprocess.run(["creelctl", "exec", box, "cat", "/tmp/over"], capture_output=True, text=True).stdout == "over\n"


def test_client_with_a_terminal_is_killed(box):
    with Terminal("creelctl", "exec", "-it", box, "sh", "-c", READY_AND_WAIT) as run:
        run.expect("ready")
        run.process.kill()
        run.process.wait()
    eventually(lambda: not execs(), "the command ended")


def test_detached(creelctl, box, monitor):
    exec_id = creelctl("exec", "-d", box, "sh", "-c", "sleep 0.2; exit 5").stdout.strip()
    assert re.fullmatch("[0-9a-f]{64}", exec_id)
    monitor.signal_named("Event", lambda body: body[2] == "exec" and body[4]["execID"] == exec_id)
    died = monitor.signal_named("Event", lambda body: body[2] == "exec_died" and body[4]["execID"] == exec_id)
    assert died[4]["exitCode"] == "5" and died[4]["name"] == box
    assert execs() == []


def test_detached_failure(creelctl, box):
    done = creelctl("exec", "-d", box, "no-such-command", check=False)
    assert done.returncode == 127 and done.stdout == ""


def test_many_at_once(box):
    results = {}

    def one(i):
        results[i] = subprocess.run(["creelctl", "exec", "-i", box, "sh", "-c", f"cat; exit {i}"], input=f"{i}", capture_output=True, text=True)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {i: (done.returncode, done.stdout) for i, done in results.items()} == {i: (i, str(i)) for i in range(20)}
    assert execs() == []


@pytest.mark.parametrize("options", [[], ["--pid", "host"]])
def test_dies_with_the_container(creelctl, image, options):
    creelctl("run", "-d", "--name", "box", *options, image, "sleep", "1000")
    with Follower("creelctl", "exec", "box", "sh", "-c", f"trap '' TERM HUP; {READY_AND_WAIT}") as run:
        run.line("ready")
        creelctl("rm", "-f", "-t", "0", "box")
        assert run.wait() == 137


def test_restart_takes_them_along(creelctl, box):
    for _ in range(3):
        creelctl("exec", "-d", box, "sh", "-c", "trap : TERM HUP; while :; do sleep 1000; done")
        creelctl("restart", "-t", "0", box)
        eventually(lambda: not execs(), "nothing of before runs")
    assert creelctl("exec", box, "echo", "there").stdout == "there\n"


def test_container_goes_on(creelctl, box):
    creelctl("exec", box, "sh", "-c", "kill -9 $$", check=False)
    assert creelctl("ps", "-q").stdout.strip()


@pytest.mark.smoke
def test_creeld_is_killed_meanwhile(box):
    with Follower("creelctl", "exec", "-i", box, "sh", "-c", "echo ready; read a; exit 6", stdin="pipe") as run:
        run.line("ready")
        creeld = int(subprocess.check_output(["systemctl", "show", "-P", "MainPID", "creeld"]))
        kill_and_wait(creeld)
        run.write("go\n")
        assert run.wait() == 6


def test_creeld_is_restarted_meanwhile(creelctl, box):
    with Follower("creelctl", "exec", "-i", box, "sh", "-c", "echo ready; read a; exit 6", stdin="pipe") as run:
        run.line("ready")
        subprocess.run(["systemctl", "restart", "creeld"], check=True)
        assert creelctl("exec", box, "echo", "another").stdout == "another\n"
        run.write("go\n")
        assert run.wait() == 6


# Security


def test_the_helper_cannot_be_seen_from_inside(box):
    """It holds the host's descriptors: it is in the host's process namespace, and what it makes is not to be looked into."""
    with Follower("creelctl", "exec", box, "sh", "-c", "ps; ls -l /proc/[0-9]*/exe; " + READY_AND_WAIT) as run:
        run.line("ready")
        seen = "\n".join(run.seen)
        assert "creel-exec" not in seen and "memfd" not in seen
        helper = next(int(p.name) for p in Path("/proc").glob("[0-9]*") if (p / "cmdline").read_bytes().startswith(b"creel-exec\0"))
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{helper}/status").read_text().splitlines() if ":\t" in line)
        assert int(status["CapEff"], 16) == 1 << 5 and status["NoNewPrivs"] == "1", "it keeps more than CAP_KILL"
        assert "memfd:" in os.readlink(f"/proc/{helper}/exe")


def test_hostile_terminal_directory(creelctl, image):
    """/dev/pts may be anything by the time somebody wants a terminal."""
    creelctl("run", "-d", "--name", "box", "--cap-add", "SYS_ADMIN", image, "sleep", "1000")
    creelctl("exec", "--privileged", "box", "sh", "-c", "umount /dev/pts && rmdir /dev/pts && ln -s /proc/1/root/dev/pts /dev/pts")
    done = creelctl("exec", "-t", "box", "true", check=False)
    assert done.returncode == 125 and "/dev/pts" in done.stderr
    creelctl("exec", "box", "true")


@pytest.mark.parametrize("directory", ["/proc/self/fd/3", "/proc/self/fd/4", "/proc/1/root", "/proc/self/root/etc"])
def test_working_directory_never_leads_out(creelctl, box, directory):
    done = creelctl("exec", "-w", directory, box, "sh", "-c", "pwd; ls -d /bin/busybox", check=False)
    assert done.returncode != 0 or done.stdout.endswith("/bin/busybox\n")
    assert "unreachable" not in done.stdout


# On the bus


def exec_call(command, **options):
    return bus.call(bus.container("box"), "Container", "Exec", "asa{sv}", command, bus.options(**options))


def exec_refused(command, **options):
    return bus.refused(bus.container("box"), "Container", "Exec", "asa{sv}", command, bus.options(**options))


def test_bus(box):
    read, write = os.pipe()
    exec_call(["sh", "-c", "echo $A; id -u; pwd"], stdout=dbus.types.UnixFd(write), env=dbus.Array(["A=b"], "s"), user="app", workdir="/tmp")
    os.close(write)
    assert os.fdopen(read).read().split() == ["b", "1000", "/tmp"]


@pytest.mark.parametrize(
    "options, word",
    [
        ({"nonsense": 1}, "nonsense"),
        ({"user": 5}, "user"),
        ({"tty": "yes"}, "tty"),
        ({"env": "A=1"}, "env"),
        ({"env": dbus.Array(["A"], "s")}, "A"),
        ({"workdir": "relative"}, "workdir"),
        ({"stdin": 5}, "stdin"),
        ({"shell": True}, "shell"),
        ({"login": True}, "login"),
        ({"notify": 1}, "notify"),
        ({"listen-fds": dbus.UInt32(1)}, "listen-fds"),
    ],
)
def test_bus_refuses(box, options, word):
    name, message = exec_refused(["true"], **options)
    assert name == "InvalidArgument" and word in message
    assert execs() == []


def test_bus_without_a_command(box):
    assert exec_refused(dbus.Array([], "s"))[0] == "InvalidArgument"
    assert exec_refused(["nothing-there"])[0] == "CommandNotFound"


def test_bus_lists_what_runs(creelctl, box, monitor):
    exec_id = exec_call(["sleep", "1000"])
    assert execs() == [exec_id]
    assert exec_id in creelctl("inspect", box).stdout
    creelctl("stop", "-t", "0", box)
    eventually(lambda: not execs(), "nothing runs any more")


# shell


def test_shell(creelctl, box):
    out = creelctl("shell", box, input="echo $0 $HOME $USER $SHELL; pwd; exit 3\n", check=False)
    assert out.returncode == 3
    assert out.stdout.splitlines() == ["-sh /root root /bin/sh", "/root"]


def test_shell_of_a_user(creelctl, box):
    script = "echo $HOME $LOGNAME $(id -u); pwd\n"
    for words in (["app@box"], ["--uid", "app", "box"]):
        assert creelctl("shell", *words, input=script).stdout.splitlines() == ["/home/app app 1000", "/home/app"]


def test_shell_on_a_terminal(box):
    with Terminal("creelctl", "shell", "-E", "WORD=said", box) as run:
        run.write("tty; echo $WORD $TERM\n")
        run.expect(r"/dev/pts/\d+\r\nsaid xterm")
        run.write("exit 2\n")
        assert run.wait() == 2


def test_shell_is_left(box):
    with Terminal("creelctl", "shell", box) as run:
        run.write("echo $((1+1))there\n")
        run.expect("2there")
        run.write("\x1d\x1d\x1d")
        assert run.wait() == 0


def test_shell_with_a_command(creelctl, box):
    assert creelctl("shell", "app@box", "id", "-u").stdout == "1000\n"


def test_shell_by_the_passwd_file(creelctl, pulled):
    """The user's own, unless that is a way to keep users out; then bash, then sh."""
    layer = images.busybox_layer().symlink("bin/mine", "busybox").file(
        "etc/passwd", "root:x:0:0::/root:/bin/ash\nout:x:5:5::/nowhere:/sbin/nologin\ngone:x:6:6::/:/bin/gone\n"
    )
    reference = pulled(images.Image([layer], config={"Env": [images.PATH_ENV], "Cmd": ["sleep", "1000"]}), "exec/shells:1")
    creelctl("run", "-d", "--name", "box", reference)
    assert creelctl("shell", "box", input="echo $0\n").stdout == "-ash\n"
    assert creelctl("shell", "out@box", input="echo $0; pwd\n").stdout == "-sh\n/\n"
    assert creelctl("shell", "gone@box", input="echo $0\n").stdout == "-sh\n"
    assert creelctl("shell", "4711@box", input="echo $0\n").stdout == "-sh\n"


def test_no_shell(creelctl, pulled):
    layer = images.Layer().dir("bin").file("bin/busybox", images.busybox_program(), mode=0o755)
    reference = pulled(images.Image([layer], config={"Cmd": ["/bin/busybox", "sleep", "1000"]}), "exec/no-shell:1")
    creelctl("run", "-d", "--name", "box", reference)
    done = creelctl("shell", "box", check=False)
    assert done.returncode == 127 and "shell" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["@box"], ["app@"], ["--uid", "app", "root@box"], ["nobody-there@box"]])
def test_shell_bad_input(creelctl, box, words):
    done = creelctl("shell", *words, check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


def test_login(creelctl):
    creelctl("run", "-d", "--name", "box", "--boot", "--directory", "/guest", "--ephemeral")
    state = lambda: creelctl("exec", "box", "systemctl", "is-system-running", check=False).stdout.strip()  # noqa: E731
    eventually(lambda: state() in ("running", "degraded"), state, timeout=60)
    for _ in range(2):
        with Terminal("creelctl", "login", "box") as run:
            run.expect("login: ")
            run.write("\x1d\x1d\x1d")
            assert run.wait() == 0
            assert run.attributes() == run.before
    eventually(lambda: not execs(), "nobody is logged in any more")


def test_login_without_systemd(box):
    with Terminal("creelctl", "login", box) as run:
        run.expect("creelctl shell box")
        assert run.wait() == 125
    assert execs() == []


def test_login_needs_a_terminal(creelctl, box):
    done = creelctl("login", box, check=False)
    assert done.returncode == 125 and "terminal" in done.stderr
