# SPDX-License-Identifier: LGPL-2.1-or-later
"""creelctl run in the foreground: exit statuses, descriptors, terminals, the options, and what a container can see."""

import json
import os
import re
import signal
import subprocess
import termios
from pathlib import Path

import pytest

import bus
import images
import traces
from fixtures import eventually
from follow import Follower, Terminal
from ociwriter import Image, Layer

pytestmark = pytest.mark.usefixtures("image", "nothing_left", "no_containers")

READY_AND_WAIT = "sleep 1000 & wait $!"


@pytest.fixture
def inside(creelctl, image):
    """inside("--option", ..., script="...") -> the output of a shell script in a fresh container."""

    def call(*options, script, **kw):
        return creelctl("run", "--rm", *options, image, "sh", "-c", script, **kw)

    return call


def status_of(pid="self", path="/proc"):
    return dict(line.split(":\t", 1) for line in Path(f"{path}/{pid}/status").read_text().splitlines() if ":\t" in line)


# Exit statuses


@pytest.mark.smoke
@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_exit_status(inside, status):
    assert inside(script=f"exit {status}", check=False).returncode == status


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_exit_status_of_a_signal(inside, name):
    # Process 1 cannot signal itself to death: a child does, and the shell passes its status on.
    script = f"sh -c 'kill -{name} $$'; exit $?"
    assert inside(script=script, check=False).returncode == 128 + getattr(signal, f"SIG{name}")


def test_exit_status_when_process_1_is_killed(creelctl, image):
    with Follower("creelctl", "run", "--rm", "--name", "killed", image, "sh", "-c", f"echo ready; {READY_AND_WAIT}") as run:
        run.line("ready")
        creelctl("kill", "killed")
        assert run.wait() == 137


def test_command_is_missing(creelctl, image):
    done = creelctl("run", "--rm", image, "no-such-command", check=False)
    assert done.returncode == 127
    assert done.stderr.count("\n") == 1 and "no-such-command" in done.stderr


def test_command_by_path_is_missing(creelctl, image):
    done = creelctl("run", "--rm", image, "/bin/missing", check=False)
    assert done.returncode == 127 and "/bin/missing" in done.stderr


@pytest.mark.parametrize("command", ["/etc/passwd", "/etc", "/"])
def test_command_is_not_executable(creelctl, image, command):
    done = creelctl("run", "--rm", image, command, check=False)
    assert done.returncode == 126
    assert done.stderr.count("\n") == 1 and command in done.stderr


def test_interpreter_is_missing(creelctl, pulled):
    layer = images.busybox_layer().file("script", "#!/no/interpreter\n", mode=0o755).file("not-a-program", "\x7fnot ELF", mode=0o755)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "run/interpreter:1")
    assert creelctl("run", "--rm", reference, "/script", check=False).returncode in (126, 127)
    assert creelctl("run", "--rm", reference, "/not-a-program", check=False).returncode == 126


def test_image_without_a_command(creelctl, pulled):
    reference = pulled(Image([images.busybox_layer()]), "run/no-command:1")
    done = creelctl("run", "--rm", reference, check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1


OWN_ERRORS = {
    "unknown-option": ["--no-such-option", "IMAGE"],
    "bad-value": ["--memory", "lots", "IMAGE"],
    "negative-cpus": ["--cpus", "-1", "IMAGE"],
    "bad-name": ["--name", "-x", "IMAGE"],
    "bad-name-slash": ["--name", "a/b", "IMAGE"],
    "bad-hostname": ["--hostname", "a b", "IMAGE"],
    "bad-network": ["--network", "bridge-of-nowhere", "IMAGE"],
    "bad-capability": ["--cap-add", "CAP_FLY", "IMAGE", "true"],
    "bad-signal": ["--stop-signal", "SIGNOTHING", "IMAGE"],
    "bad-workdir": ["-w", "relative", "IMAGE"],
    "bad-slice": ["--cgroup-parent", "not-a-slice", "IMAGE"],
    "no-image": [],
    "missing-env-file": ["--env-file", "/no/such/file", "IMAGE"],
}


@pytest.mark.parametrize("words", OWN_ERRORS.values(), ids=OWN_ERRORS.keys())
def test_own_errors(creelctl, image, words):
    done = creelctl("run", "--rm", *(image if word == "IMAGE" else word for word in words), check=False)
    assert done.returncode == 125
    assert done.stderr.startswith("creelctl: ") and done.stderr.count("\n") == 1, done.stderr
    bad = [word for word in words if word not in ("IMAGE", "true")]
    assert not bad or any(word.lstrip("-") in done.stderr for word in bad), done.stderr


def test_unknown_image(creelctl):
    done = creelctl("run", "--rm", "--pull", "never", "registry.invalid/none:1", check=False)
    assert done.returncode == 125 and "registry.invalid/none:1" in done.stderr


# Descriptors


def test_output_is_the_callers_own_pipe(image):
    """Nobody copies: inside, descriptors 1 and 2 are the very pipes that the caller made."""
    out, err = os.pipe(), os.pipe()
    process = subprocess.Popen(
        ["creelctl", "run", "--rm", image, "sh", "-c", "readlink /proc/self/fd/1; readlink /proc/self/fd/2 >&2"],
        stdin=subprocess.DEVNULL, stdout=out[1], stderr=err[1],
    )  # fmt: skip
    inodes = [os.fstat(pair[1]).st_ino for pair in (out, err)]
    for pair in (out, err):
        os.close(pair[1])
    said = [os.fdopen(pair[0]).read().strip() for pair in (out, err)]
    assert process.wait() == 0, said
    assert said == [f"pipe:[{inode}]" for inode in inodes]


def test_output_to_a_file_is_appended_in_order(image, tmp_path):
    with open(tmp_path / "out", "wb") as file:
        subprocess.run(["creelctl", "run", "--rm", image, "sh", "-c", "echo a; echo b >&2; echo c"], check=True, stdout=file, stderr=file)
    assert (tmp_path / "out").read_text() == "a\nb\nc\n"


def test_standard_input_through_a_pipe(creelctl, image):
    data = "line\n" * 50_000
    assert creelctl("run", "--rm", "-i", image, "cat", input=data).stdout == data
    assert creelctl("run", "--rm", "-i", image, "wc", "-c", input=data).stdout.strip() == str(len(data))


def test_standard_input_is_closed_without_i(creelctl, image):
    assert creelctl("run", "--rm", image, "cat", input="not for you").stdout == ""


def test_no_other_descriptors(inside):
    # 3 is the directory that ls reads.
    assert inside(script="ls /proc/self/fd").stdout.split() == ["0", "1", "2", "3"]


def test_closed_descriptors_of_the_caller(image):
    done = subprocess.run(["sh", "-c", f"creelctl run --rm {image} true >&- 2>&- <&-"])
    assert done.returncode == 0


def test_reader_goes_away(image):
    """The payload meets the broken pipe as it would without a container."""
    done = subprocess.run(f"creelctl run --rm {image} yes | head -n1", shell=True, text=True, stdout=subprocess.PIPE, timeout=60)
    assert done.stdout == "y\n"


# Options


def test_environment(inside, tmp_path, image, creelctl):
    (tmp_path / "file").write_text("# a comment\n\nFROM_FILE=a b\nQUOTED=\"kept\"\nCALLERS\n")
    env = {**os.environ, "CALLERS": "from the caller", "PASSED": "too", "HIDDEN": "x"}
    done = inside("-e", "ONE=1", "--env", "TWO=2=2", "-e", "PASSED", "-e", "EMPTY=", "--env-file", tmp_path / "file", script="env", env=env)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert (found["ONE"], found["TWO"], found["PASSED"], found["EMPTY"]) == ("1", "2=2", "too", "")
    assert (found["FROM_FILE"], found["QUOTED"], found["CALLERS"]) == ("a b", '"kept"', "from the caller")
    assert "HIDDEN" not in found
    assert found["container"] == "creel" and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", found["container_uuid"])
    assert "PATH=" + found["PATH"] == images.PATH_ENV
    assert "HOME" in found


def test_environment_of_the_image(creelctl, pulled):
    reference = pulled(images.busybox_image({"Env": [images.PATH_ENV, "FROM=image", "KEPT=yes"]}), "run/env:1")
    done = creelctl("run", "--rm", "-e", "FROM=caller", reference, "sh", "-c", "echo $FROM $KEPT")
    assert done.stdout == "caller yes\n"


def test_working_directory(inside, creelctl, pulled):
    assert inside("-w", "/var/log", script="pwd").stdout == "/var/log\n"
    assert inside("--workdir=/made/on/the/way", script="pwd").stdout == "/made/on/the/way\n"
    reference = pulled(images.busybox_image({"WorkingDir": "/home/app"}), "run/workdir:1")
    assert creelctl("run", "--rm", reference, "pwd").stdout == "/home/app\n"
    assert creelctl("run", "--rm", "-w", "/", reference, "pwd").stdout == "/\n"


def test_working_directory_is_a_file(creelctl, image):
    done = creelctl("run", "--rm", "-w", "/etc/passwd", image, "true", check=False)
    assert done.returncode in (125, 126) and "/etc/passwd" in done.stderr


@pytest.mark.parametrize(
    "user, ids, groups",
    [
        ("app", "1000:1000", {"1000", "10"}),
        ("1000", "1000:1000", None),
        ("app:wheel", "1000:10", None),
        ("app:0", "1000:0", None),
        ("4711:4712", "4711:4712", {"4712"}),
        ("root", "0:0", {"0", "10"}),
        ("0:10", "0:10", None),
        ("4711", "4711:0", None),
    ],
)
def test_user(inside, user, ids, groups):
    done = inside("-u", user, script="echo $(id -u):$(id -g); id -G; echo $HOME").stdout.splitlines()
    assert done[0] == ids
    if groups:
        assert groups <= set(done[1].split())
    if ids.startswith("1000:") and user.startswith("app"):
        assert done[2] == "/home/app"


def test_user_of_the_image(creelctl, pulled):
    reference = pulled(images.busybox_image({"User": "app"}), "run/user:1")
    assert creelctl("run", "--rm", reference, "id", "-u").stdout == "1000\n"
    assert creelctl("run", "--rm", "-u", "0", reference, "id", "-u").stdout == "0\n"


@pytest.mark.parametrize("user", ["nobody-of-that-name", "app:no-group", "-1", "4294967295", "65536", "1000:99999999999", "app:", ":"])
def test_user_is_unknown(creelctl, image, user):
    done = creelctl("run", "--rm", "-u", user, image, "id", check=False)
    if user == "app:":
        return
    assert done.returncode in (125, 126), done.stdout
    assert done.stderr.count("\n") == 1, done.stderr


def host_only_user():
    """A user of the host that no image has."""
    return next(line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines() if line.startswith(("messagebus:", "systemd-network:")))


@pytest.mark.parametrize("target", ["../../../../../../etc/passwd", "/proc/1/root/etc/passwd", "/proc/self/root/etc/passwd", "/dev/zero"])
def test_user_names_are_never_those_of_the_host(creelctl, pulled, target):
    """A link in the image leads nowhere but into the image."""
    layer = images.busybox_layer().symlink("etc/passwd", target)
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV], "Cmd": ["sh"]}), "run/passwd-link:1")
    done = creelctl("run", "--rm", "-u", host_only_user(), reference, "id", check=False)
    assert done.returncode in (125, 126) and done.stdout == "", done
    # Not id(1), which looks the name up itself and would read such a file for ever.
    whoami = ["stat", "-L", "-c", "%u", "/proc/self"]
    assert creelctl("run", "--rm", reference, *whoami).stdout == "0\n"
    # With a number the file is not needed; that it cannot be read may be an error, but nothing else may come out.
    done = creelctl("run", "--rm", "-u", "5", reference, *whoami, check=False)
    assert done.stdout == "5\n" or (done.returncode == 125 and "/etc/passwd" in done.stderr), done


def test_etc_is_a_link(creelctl, pulled):
    layer = Layer().dir("bin").file("bin/busybox", images.busybox_program(), mode=0o755).symlink("bin/id", "busybox")
    layer.symlink("etc", "/proc/1/root/etc")
    reference = pulled(Image([layer], config={"Env": [images.PATH_ENV]}), "run/etc-link:1")
    assert creelctl("run", "--rm", "-u", host_only_user(), reference, "id", check=False).returncode in (125, 126)


def test_passwd_is_a_fifo(creelctl, pulled):
    """Nothing in an image makes a start wait for ever."""
    layer = images.busybox_layer().whiteout("etc/nothing").file("etc/x", "")
    top = Layer().dir("etc").fifo("etc/passwd")
    reference = pulled(Image([layer, top], config={"Env": [images.PATH_ENV]}), "run/passwd-fifo:1")
    assert creelctl("run", "--rm", "-u", "app", reference, "id", check=False, timeout=20).returncode in (125, 126)


def test_entrypoint(creelctl, image, pulled):
    reference = pulled(images.busybox_image({"Entrypoint": ["echo", "entry"], "Cmd": ["default"]}), "run/entrypoint:1")
    assert creelctl("run", "--rm", reference).stdout == "entry default\n"
    assert creelctl("run", "--rm", reference, "given").stdout == "entry given\n"
    assert creelctl("run", "--rm", "--entrypoint", "id", reference, "-u").stdout == "0\n"
    assert creelctl("run", "--rm", "--entrypoint", '["echo", "two words"]', reference, "x").stdout == "two words x\n"
    assert creelctl("run", "--rm", "--entrypoint", "", reference, "echo", "bare").stdout == "bare\n"


def test_words_of_the_command_stay_as_they_are(creelctl, image):
    words = ["a b", "", "$HOME", "*", "-x", "--rm", "zażółć", "new\nline"]
    done = creelctl("run", "--rm", image, "sh", "-c", 'for i; do printf "<%s>" "$i"; done', "sh", *words)
    assert done.stdout == "".join(f"<{word}>" for word in words)


def test_hostname(inside, creelctl, image):
    assert inside("--hostname", "some.host", script="hostname").stdout == "some.host\n"
    assert inside("-h", "other", script="cat /proc/sys/kernel/hostname").stdout == "other\n"
    name = inside(script="hostname").stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{12}", name)
    assert os.uname().nodename != "other"


def test_labels(creelctl, image):
    creelctl("create", "--name", "labelled", "-l", "one=1", "--label", "two=2=2", "-l", "empty", image)
    assert dict(bus.container_property("labelled", "Labels")) == {"one": "1", "two": "2=2", "empty": ""}


def test_read_only(inside):
    script = "touch /etc/x 2>/dev/null && echo etc; mkdir /d 2>/dev/null && echo root; touch /tmp/x /run/x /var/tmp/x /dev/shm/x && echo rest"
    assert inside("--read-only", script=script).stdout == "rest\n"
    assert inside(script="touch /etc/x && mkdir /d && echo written").stdout == "written\n"


def test_layers_are_never_written_to(creelctl, image, inside, busybox):
    tree = traces.STORE / "layers" / busybox.layers[0].diff_id.removeprefix("sha256:") / "tree"
    before = traces.walk(tree, lambda path: False)
    inside(script="rm -r /etc; echo changed > /bin/sh; chmod 777 /root; touch /new; mv /home /moved")
    assert traces.walk(tree, lambda path: False) == before
    assert inside(script="cat /etc/os-release").stdout.startswith("ID=creel-busybox")


CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7, "SETPCAP": 8}
CAPABILITIES |= {"NET_BIND_SERVICE": 10, "SYS_CHROOT": 18, "SETFCAP": 31}
DEFAULT_SET = sum(1 << bit for bit in CAPABILITIES.values())


def capability_sets(done):
    return {line.split()[0]: int(line.split()[1], 16) for line in done.stdout.splitlines()}


def test_capabilities(inside):
    script = "grep ^Cap /proc/self/status"
    last = (1 << (int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1)) - 1
    found = capability_sets(inside(script=script))
    assert found["CapBnd:"] == found["CapEff:"] == found["CapPrm:"] == DEFAULT_SET
    assert found["CapInh:"] == found["CapAmb:"] == 0
    assert capability_sets(inside("--cap-add", "NET_RAW", script=script))["CapBnd:"] == DEFAULT_SET | 1 << 13
    assert capability_sets(inside("--cap-drop", "cap_chown", script=script))["CapBnd:"] == DEFAULT_SET & ~1
    assert capability_sets(inside("--cap-drop", "ALL", script=script))["CapBnd:"] == 0
    assert capability_sets(inside("--cap-drop", "all", "--cap-add", "KILL", script=script))["CapBnd:"] == 1 << 5
    assert capability_sets(inside("--cap-add", "ALL", script=script))["CapBnd:"] == last
    assert capability_sets(inside("--cap-add=ALL", "--cap-drop=SYS_ADMIN", script=script))["CapBnd:"] == last & ~(1 << 21)


def test_capabilities_of_a_user(inside):
    found = capability_sets(inside("-u", "app", script="grep ^Cap /proc/self/status"))
    assert found["CapEff:"] == found["CapPrm:"] == found["CapAmb:"] == 0
    assert found["CapBnd:"] == DEFAULT_SET


def test_network_none(inside):
    assert inside(script="ls /sys/class/net; ip link show lo").stdout.splitlines()[0] == "lo"
    assert inside("--network", "none", script="wc -l < /proc/net/dev; ip addr show lo | grep -c 127.0.0.1").stdout.split() == ["3", "1"]


def test_network_host(inside):
    assert inside("--network", "host", script="readlink /proc/self/ns/net").stdout.strip() == os.readlink("/proc/self/ns/net")
    assert inside("--network=host", script="hostname").stdout.strip() == os.uname().nodename


# Terminals


@pytest.mark.smoke
def test_terminal(image):
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all", rows=33, columns=99) as run:
        run.expect(r"/dev/(pts/\d+|console)\r\n33 99\r\nall\r\n")
        assert run.wait() == 0
        assert run.attributes() == run.before, "the terminal was not restored"


def test_terminal_environment_and_console(image):
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", "echo T=$TERM; ls -l /dev/console; stat -c %F /dev/console") as run:
        run.expect("T=xterm")
        run.expect("character special file")
        assert run.wait() == 0


def test_terminal_input_and_echo(image):
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", "echo ready; read a; echo got:$a; exit 4") as run:
        run.expect("ready")
        run.write("typed\n")
        run.expect("typed\r\ngot:typed\r\n")
        assert run.wait() == 4
        assert run.attributes() == run.before


def test_terminal_keys_become_signals(image):
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", f"trap 'echo interrupted; exit 5' INT; echo ready; {READY_AND_WAIT}") as run:
        run.expect("ready")
        assert not run.attributes()[3] & (termios.ICANON | termios.ECHO | termios.ISIG), "the caller's terminal is not raw"
        run.write("\x03")
        run.expect("interrupted")
        assert run.wait() == 5


def test_terminal_resize(image):
    script = f"trap 'stty size; exit 0' WINCH; echo ready; {READY_AND_WAIT}"
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", script) as run:
        run.expect("ready")
        run.resize(50, 132)
        run.expect("50 132")
        assert run.wait() == 0


def test_terminal_carries_everything(image):
    """Much output at once, as it was written and to its end."""
    with Terminal("creelctl", "run", "--rm", "-it", image, "sh", "-c", "seq 1 50000; echo end") as run:
        run.expect("\r\nend\r\n", timeout=60)
        assert run.wait() == 0
        assert run.output.replace("\r\n", "\n").startswith("".join(f"{i}\n" for i in range(1, 50001)))


def test_terminal_end_of_file(image):
    with Terminal("creelctl", "run", "--rm", "-it", image, "cat") as run:
        run.write("line\n")
        run.expect("line\r\nline\r\n")
        run.write("\x04")
        assert run.wait() == 0


def test_terminal_wanted_but_input_is_none(creelctl, image):
    done = creelctl("run", "--rm", "-it", image, "true", input="x", check=False)
    assert done.returncode == 125 and done.stderr.count("\n") == 1 and "TTY" in done.stderr.upper()


def test_terminal_without_input(creelctl, image):
    done = creelctl("run", "--rm", "-t", image, "sh", "-c", "test -t 1 && echo a terminal")
    assert done.stdout == "a terminal\n"


def test_terminal_is_restored_when_creelctl_is_ended(image, creelctl):
    with Terminal("creelctl", "run", "--name", "ended", "-it", image, "sh", "-c", f"trap 'exit 9' TERM; echo ready; {READY_AND_WAIT}") as run:
        run.expect("ready")
        run.process.send_signal(signal.SIGTERM)
        assert run.wait() == 9
        assert run.attributes() == run.before


def test_detach_keys(image, creelctl):
    script = f"trap 'exit 6' TERM; echo ready; {READY_AND_WAIT}"
    with Terminal("creelctl", "run", "-it", "--name", "left", image, "sh", "-c", script) as run:
        run.expect("ready")
        run.write("\x10\x11")
        assert run.wait() == 0
        assert run.attributes() == run.before
    assert creelctl("ps", "--format", "{{.Names}}").stdout == "left\n"
    creelctl("stop", "left")
    assert creelctl("wait", "left").stdout == "6\n"


# Signals


@pytest.mark.smoke
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(image, number):
    name = signal.Signals(number).name.removeprefix("SIG")
    with Follower("creelctl", "run", "--rm", image, "sh", "-c", f"trap 'echo got {name}; exit 42' {name}; echo ready; {READY_AND_WAIT}") as run:
        run.line("ready")
        run.signal(number)
        run.line(f"got {name}")
        assert run.wait() == 42


def test_killed_client_leaves_the_container(creelctl, image):
    with Follower("creelctl", "run", "--name", "orphan", image, "sh", "-c", f"echo ready; {READY_AND_WAIT}") as run:
        run.line("ready")
        run.signal(signal.SIGKILL)
        run.wait()
    assert bus.container_property("orphan", "State") == "running"
    creelctl("stop", "-t", "0", "orphan")


# Isolation


def running(creelctl, image, name, *options, command=("sleep", "1000")):
    creelctl("run", "-d", "--name", name, *options, image, *command)
    return int(bus.container_property(name, "Leader"))


def test_each_container_has_ids_of_its_own(creelctl, image):
    leaders = [running(creelctl, image, name) for name in ("ids-a", "ids-b", "ids-c")]
    maps = [Path(f"/proc/{leader}/uid_map").read_text().split() for leader in leaders]
    assert [each[0] for each in maps] == ["0"] * 3 and [each[2] for each in maps] == ["65536"] * 3
    bases = [int(each[1]) for each in maps]
    assert len(set(bases)) == 3 and all(base >= 0x80000 and base % 65536 == 0 for base in bases)
    for leader, base in zip(leaders, bases):
        assert Path(f"/proc/{leader}/gid_map").read_text().split()[1] == str(base)
        assert os.stat(f"/proc/{leader}").st_uid == base


def test_namespaces(creelctl, image):
    leader = running(creelctl, image, "namespaces")
    for kind in ("mnt", "pid", "uts", "ipc", "cgroup", "net", "user"):
        assert os.readlink(f"/proc/{leader}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind


def test_user_namespace_of_the_host(inside):
    assert inside("--userns", "host", script="cat /proc/self/uid_map").stdout.split() == ["0", "0", "4294967295"]


def test_process_1(inside):
    done = inside(script="echo $$; ls -d /proc/[0-9]* | wc -l")
    assert done.stdout.splitlines()[0] == "1" and int(done.stdout.splitlines()[1]) <= 4


def test_seccomp_and_new_privileges(inside):
    done = inside(script="grep -E '^(Seccomp|NoNewPrivs|Seccomp_filters):' /proc/self/status")
    assert dict(line.split() for line in done.stdout.splitlines()) == {"NoNewPrivs:": "0", "Seccomp:": "2", "Seccomp_filters:": "1"}


def test_forbidden_calls(inside):
    done = inside("--cap-add", "ALL", script="mount -t tmpfs x /tmp 2>&1; unshare -m true 2>&1; dmesg 2>&1 | head -n1; swapoff -a 2>&1; echo alive")
    assert done.stdout.splitlines()[-1] == "alive"
    done = inside(script="mount -t tmpfs x /tmp; echo $?; hostname changed; echo $?; unshare -U true; echo $?")
    assert "0" not in done.stdout.split(), done


MASKED_FILES = ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kallsyms", "/proc/interrupts"]
MASKED_DIRECTORIES = ["/sys/firmware", "/proc/scsi", "/proc/acpi", "/sys/devices/virtual/powercap"]


def test_masked_paths(inside):
    for path in MASKED_FILES:
        if os.path.exists(path):
            assert inside(script=f"wc -c < {path}").stdout.strip() == "0", path
    for path in MASKED_DIRECTORIES:
        if os.path.isdir(path):
            assert inside(script=f"ls -A {path} | wc -l").stdout.strip() == "0", path


def test_read_only_paths(inside):
    for path in ("/proc/sys/kernel/domainname", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger", "/sys/kernel/mm/ksm/run", "/sys/fs/cgroup/cgroup.procs"):
        if os.path.exists(path) or "cgroup" in path:
            done = inside("--cap-add", "ALL", script=f"echo 1 > {path}", check=False)
            assert done.returncode != 0, f"{path} can be written to"
    options = inside(script="grep -E ' (/proc/sys|/sys|/sys/fs/cgroup) ' /proc/mounts").stdout.splitlines()
    assert len(options) == 3 and all(line.split()[3].startswith("ro,") or line.split()[3] == "ro" for line in options), options


def test_devices(inside):
    done = inside(script="ls /dev; stat -c '%n %F %a %t:%T' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; readlink /dev/fd; readlink /dev/stdin; readlink /dev/ptmx")
    lines = done.stdout.splitlines()
    names = lines[: lines.index(next(line for line in lines if line.startswith("/dev/null")))]
    assert set(names) - {"core", "console"} == {"fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}
    assert "/dev/null character special file 666 1:3" in lines
    assert "/dev/zero character special file 666 1:5" in lines
    assert "/dev/tty character special file 666 5:0" in lines
    assert lines[-3:] == ["/proc/self/fd", "/proc/self/fd/0", "pts/ptmx"]
    done = inside(script="head -c4 /dev/zero | od -An -tx1; head -c3 /dev/urandom | wc -c; echo x > /dev/null && echo null; echo x > /dev/full || echo full")
    assert done.stdout.split() == ["00", "00", "00", "00", "3", "null", "full"]


def test_new_devices_are_refused(inside):
    # in a user namespace nobody may make devices; without one the unit's device policy says no
    for options in (["--cap-add", "MKNOD"], ["--userns", "host", "--cap-add", "MKNOD"]):
        done = inside(*options, script="mknod /tmp/kmsg c 1 11 && head -c1 /tmp/kmsg", check=False)
        assert done.returncode != 0, options
    assert inside("--userns", "host", "--cap-add", "MKNOD", script="mknod /tmp/null c 1 3 && echo made").stdout == "made\n"


def test_devices_in_an_image_are_dead(creelctl, pulled):
    layer = Layer().dir("nodes").char_device("nodes/kmsg", 1, 11, mode=0o666).block_device("nodes/loop", 7, 0, mode=0o666)
    reference = pulled(Image([images.busybox_layer(), layer], config={"Env": [images.PATH_ENV]}), "run/nodes:1")
    for options in ([], ["--userns", "host", "--cap-add", "ALL"]):
        done = creelctl("run", "--rm", *options, reference, "sh", "-c", "head -c1 /nodes/kmsg || head -c1 /nodes/loop", check=False)
        assert done.returncode != 0 and done.stdout == "", options


def test_set_user_id_programs_work(creelctl, pulled):
    """no_new_privs is off by default, as with podman and docker."""
    # Not busybox, whose applets give such a right back: cat with the libraries it needs.
    layer = Layer().file("suid-cat", Path("/usr/bin/cat").read_bytes(), mode=0o4755)
    listed = subprocess.run(["ldd", "/usr/bin/cat"], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"(/\S+)", listed):
        layer.file(library.lstrip("/"), Path(library).read_bytes(), mode=0o755)
    reference = pulled(Image([images.busybox_layer(), layer], config={"Env": [images.PATH_ENV]}), "run/suid:1")
    done = creelctl("run", "--rm", "-u", "app", reference, "/suid-cat", "/proc/self/status")
    assert re.search(r"^Uid:\t1000\t0\t", done.stdout, re.M), done.stdout


def test_file_capabilities_work(creelctl, pulled):
    layer = Layer().dir("bin").file("bin/busybox-capable", images.busybox_program(), mode=0o755, xattrs={"security.capability": images.CAP_NET_RAW_EP})
    reference = pulled(Image([images.busybox_layer(), layer], config={"Env": [images.PATH_ENV]}), "run/file-capability:1")
    done = creelctl("run", "--rm", "-u", "app", "--cap-add", "NET_RAW", reference, "/bin/busybox-capable", "grep", "^CapEff", "/proc/self/status")
    assert int(done.stdout.split()[1], 16) == 1 << 13


def test_mounts_are_not_visible_outside(creelctl, image):
    before = traces.mounts()
    leader = running(creelctl, image, "mounts")
    # machined's registration and the scope add nothing, either
    assert traces.mounts() == before
    rows = [line.split() for line in Path(f"/proc/{leader}/mountinfo").read_text().splitlines()]
    root = next(row for row in rows if row[4] == "/")
    assert root[root.index("-") + 1] == "overlay" and "nodev" in root[5]
    assert not any("creel" in row[4] for row in rows)
    assert all("shared:" not in field for row in rows for field in row[6 : row.index("-")])
    for path in ("/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys", "/sys/fs/cgroup"):
        assert any(row[4] == path for row in rows), path
    assert not any("/var/lib/creel" in Path(f"/proc/{leader}/environ").read_bytes().decode() for _ in (0,))


def test_host_files_are_out_of_reach(inside):
    script = "cat /proc/1/root/etc/shadow /proc/1/root/../../etc/shadow; ls /proc/1/root/var/lib/creel /var/lib/creel; cd /; cd ..; pwd"
    done = inside(script=script, check=False)
    assert done.stdout == "/\n"


def test_root_inside_is_nobody_outside(creelctl, image, tmp_path):
    """Files that container root makes belong to the container's range, and host processes cannot be touched."""
    leader = running(creelctl, image, "owner", command=("sh", "-c", "touch /made; sleep 1000 & wait"))
    base = int(Path(f"/proc/{leader}/uid_map").read_text().split()[1])
    identity = json.loads(creelctl("inspect", "owner").stdout)[0]["Id"]
    made = traces.STORE / "containers" / identity / "rootfs/upper/made"
    # The start is reported when the command executes; what it does then nobody tells.
    eventually(made.exists, "the file is there")
    assert (made.stat().st_uid, made.stat().st_gid) == (base, base)
    assert os.stat(f"/proc/{leader}/root/etc/passwd").st_uid == base


def test_stores_are_closed_to_others(creelctl, image):
    running(creelctl, image, "closed")
    for path in ("layers", "containers", "blobs", "images", "staging", "refs"):
        assert (traces.STORE / path).stat().st_mode & 0o077 == 0, path
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "ls", traces.STORE / path], capture_output=True)
        assert done.returncode != 0, path


def test_oom_score_is_not_that_of_creeld(creelctl, image):
    leader = running(creelctl, image, "score")
    assert Path(f"/proc/{leader}/oom_score_adj").read_text().strip() == "0"


def test_supervisor_is_small_and_confined(creelctl, image):
    running(creelctl, image, "small")
    supervisor = int(bus.container_property("small", "Supervisor"))
    rollup = Path(f"/proc/{supervisor}/smaps_rollup").read_text()
    pss = int(re.search(r"^Pss: +(\d+) kB", rollup, re.M)[1])
    print(f"PSS of the supervisor: {pss} KiB")
    assert pss <= 600
    assert status_of(supervisor)["Threads"] == "1"


def test_cgroup_layout(creelctl, image):
    leader = running(creelctl, image, "layout")
    scope = bus.container_property("layout", "ControlGroup")
    assert scope == "/machine.slice/creel-layout.scope" or scope.endswith("/machine.slice/creel-layout.scope")
    assert sorted(path.name for path in (traces.CGROUPS / scope.lstrip("/")).iterdir() if path.is_dir()) == ["payload", "supervisor"]

    def group_of(pid):
        return next(line[3:] for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines() if line.startswith("0::"))

    assert group_of(leader).endswith("creel-layout.scope/payload")
    assert group_of(bus.container_property("layout", "Supervisor")).endswith("creel-layout.scope/supervisor")
    # Inside, the container's own group is the root of all.
    assert subprocess.run(["creelctl", "run", "--rm", image, "sh", "-c", "grep ^0:: /proc/self/cgroup"], check=True, text=True, stdout=subprocess.PIPE).stdout == "0::/\n"


def test_cgroup_parent(creelctl, image):
    running(creelctl, image, "sliced", "--cgroup-parent", "creeltest.slice")
    assert "/creeltest.slice/creel-sliced.scope" in bus.container_property("sliced", "ControlGroup")
