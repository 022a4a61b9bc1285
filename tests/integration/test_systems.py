# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole systems and trees: a small Debian lies read-only at /guest (tools/dev/trees.py)."""

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

import bus
from fixtures import eventually, run_command

GUEST = "/guest"
MACHINES = Path("/var/lib/machines")


def creelctl(*args, **kw):
    return run_command("creelctl", *args, **kw)


def refused(*args):
    """What creelctl says when it refuses, which is one line."""
    done = creelctl(*args, check=False)
    assert done.returncode == 125, (args, done)
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def inspect(name):
    return json.loads(creelctl("inspect", name).stdout)[0]


def leader(name):
    return inspect(name)["State"]["Pid"]


def inside(name, *argv, **kw):
    return run_command("nsenter", "-t", leader(name), "-a", *argv, **kw)


@pytest.fixture
def name():
    """A name that nobody else uses; its container is gone behind the test."""
    name = f"sys-{uuid.uuid4().hex[:8]}"
    yield name
    creelctl("rm", "-f", "-t", "0", name, check=False)


@pytest.fixture(scope="module")
def tree():
    """A tree of our own in /var/lib/machines: the guest's programs, writable."""
    path = MACHINES / f"tree-{uuid.uuid4().hex[:8]}"
    path.mkdir()
    # without what takes long to remove and nobody needs
    left_out = "usr/share/perl* usr/share/zoneinfo usr/share/bash-completion *gconv *perl* var/lib/dpkg/info usr/lib/apt"
    excludes = [f"--exclude=./{pattern}" for pattern in left_out.split()]
    packed = subprocess.Popen(["tar", "-C", GUEST, *excludes, "-cf", "-", "."], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-C", path, "-xpf", "-"], stdin=packed.stdout, check=True)
    assert packed.wait() == 0
    yield path
    shutil.rmtree(path)


def boot(name, *options):
    creelctl("run", "-d", "--name", name, "--boot", "--notify-ready", *options)


# Roots that are no images


def test_rootfs_is_written_to(tree, name):
    done = creelctl("run", "--rm", "--name", name, "--rootfs", tree, "sh", "-c", "id -u; echo x > /root/rootfs")
    assert done.stdout == "0\n"
    written = tree / "root/rootfs"
    # mapped: on disk it belongs to root, in the container too
    assert written.stat().st_uid == 0
    written.unlink()


@pytest.mark.smoke
def test_rootfs_is_mapped(tree):
    lines = creelctl("run", "--rm", "--rootfs", tree, "sh", "-c", "cat /proc/self/uid_map; stat -c %u /etc/passwd").stdout
    mapping, owner = lines.splitlines()
    assert int(mapping.split()[1]) >= 0x80000
    assert owner == "0"


def test_rootfs_overlay(tree):
    creelctl("run", "--rm", "--rootfs", f"{tree}:O", "sh", "-c", "echo x > /root/overlay")
    assert not (tree / "root/overlay").exists()


def test_rootfs_read_only(tree):
    done = creelctl("run", "--rm", "--rootfs", f"{tree}:ro", "touch", "/root/x", check=False)
    assert done.returncode == 1 and "Read-only" in done.stderr


def test_relative_paths(tree):
    assert creelctl("run", "--rm", "--rootfs", f"./{tree.name}", "echo", "hi", cwd=MACHINES).stdout == "hi\n"
    assert creelctl("run", "--rm", "-D", f"./{tree.name}", "echo", "hi", cwd=MACHINES).stdout == "hi\n"


def test_directory_by_name(tree, name):
    creelctl("create", "--name", name, "--directory", tree.name, "true")
    assert inspect(name)["ImageName"] == inspect(name)["Rootfs"] == str(tree)
    assert f"Root: {tree}\n" in creelctl("status", name).stdout
    assert str(tree) in creelctl("ps", "-a").stdout
    assert creelctl("start", "-a", name).returncode == 0


def test_template_is_kept_apart(tree, name):
    creelctl("run", "--name", name, "--template", tree.name, "sh", "-c", "test ! -e /root/kept; touch /root/kept")
    assert not (tree / "root/kept").exists()
    # the second run finds what the first has left
    assert creelctl("start", "-a", name, check=False).returncode == 0
    upper = Path(f"/var/lib/creel/containers/{inspect(name)['Id']}/rootfs/upper")
    assert (upper / "root/kept").exists()


def test_ephemeral(tree, name):
    creelctl("run", "--name", name, "-x", "-D", tree, "sh", "-c", "test ! -e /root/gone && touch /root/gone")
    assert creelctl("start", "-a", name).returncode == 0
    assert not (tree / "root/gone").exists()
    directory = Path(f"/var/lib/creel/containers/{inspect(name)['Id']}")
    assert not (directory / "rootfs").exists()


def test_ephemeral_image(image, name):
    creelctl("run", "--name", name, "-x", image, "sh", "-c", "test ! -e /gone && touch /gone")
    assert creelctl("start", "-a", name).returncode == 0


@pytest.mark.parametrize("root", ["tree", "image"])
def test_volatile(root, tree, image):
    what = ("-D", str(tree)) if root == "tree" else (image,)

    def run(mode, script):
        options = ("--rm", f"--volatile={mode}")
        return creelctl("run", *options, *what, "sh", "-c", script, check=False) if root == "tree" else creelctl(
            "run", *options, image, "sh", "-c", script, check=False
        )

    done = run("state", "ls /var/lib; touch /var/x || exit 7; touch /x && exit 8; exit 0")
    assert done.returncode == 0 and "dpkg" not in done.stdout
    done = run("overlay", "touch /x /var/x && ls /etc/passwd")
    assert done.stdout == "/etc/passwd\n"
    if root == "tree":
        done = run("yes", "test ! -e /etc/passwd && touch /x && test -L /bin && ! touch /usr/x")
        assert done.returncode == 0, done.stderr
        assert not (tree / "x").exists() and not (tree / "var/x").exists()


def test_volatile_needs_usr(image, tmp_path):
    (tmp_path / "bin").mkdir()
    assert "/usr" in refused("run", "--rm", "--volatile=yes", "--rootfs", tmp_path, "true")


def test_a_tree_has_one_user(tree, name):
    creelctl("run", "-d", "--name", name, "-D", tree, "sleep", "600")
    assert "in use" in refused("run", "--rm", "-D", tree, "true")
    assert "in use" in refused("run", "--rm", "-x", "-D", tree, "true")
    done = run_command("systemd-nspawn", "-q", "--register=no", "-D", tree, "true", check=False)
    assert done.returncode != 0 and "busy" in done.stderr
    creelctl("stop", "-t", "0", name)
    # over a tree, as many as like
    creelctl("start", name)
    creelctl("rm", "-f", "-t", "0", name)
    creelctl("run", "-d", "--name", name, "-x", "-D", tree, "sleep", "600")
    assert creelctl("run", "--rm", "-x", "-D", tree, "echo", "hi").stdout == "hi\n"
    assert "in use" in refused("run", "--rm", "-D", tree, "true")
    creelctl("rm", "-f", "-t", "0", name)
    assert not list(MACHINES.glob(f".#{tree.name}*"))


def test_nspawn_keeps_us_out(tree):
    nspawn = subprocess.Popen(
        ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--pipe", "-D", str(tree), "cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        lock = MACHINES / f".#{tree.name}.lck"
        eventually(lambda: lock.exists(), "nspawn locks its tree")
        assert "in use" in refused("run", "--rm", "-D", tree, "true")
    finally:
        nspawn.communicate(timeout=30)


def test_shifted_tree(name):
    """What systemd-nspawn -U leaves behind has a range of its own, which is taken."""
    path = MACHINES / f"shifted-{uuid.uuid4().hex[:8]}"
    base = 0x20000000
    try:
        (path / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", path / "bin/busybox")
        os.symlink("busybox", path / "bin/sh")
        run_command("chown", "-R", f"{base}:{base}", path)
        done = creelctl("run", "--rm", "-D", path, "sh", "-c", "busybox cat /proc/self/uid_map; busybox stat -c %u /bin")
        mapping, owner = done.stdout.splitlines()
        assert mapping.split() == ["0", str(base), "65536"] and owner == "0"
    finally:
        shutil.rmtree(path)


def test_a_file_system_that_cannot_map_ids():
    """The lab's own root is an overlay, which cannot."""
    path = Path(f"/opt/tree-{uuid.uuid4().hex[:8]}")
    try:
        (path / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", path / "bin/sh")
        assert "--userns=host" in refused("run", "--rm", "--rootfs", path, "sh", "-c", "echo hi")
        assert creelctl("run", "--rm", "--userns=host", "--rootfs", path, "sh", "-c", "echo hi").stdout == "hi\n"
    finally:
        shutil.rmtree(path)


def test_bad_roots(tree, image):
    assert "no tree called" in refused("run", "--rm", "-D", "no-such-tree", "true")
    assert "No such file" in refused("run", "--rm", "-D", "/no/such/tree", "true")
    assert "not a directory" in refused("run", "--rm", "--rootfs", "/etc/passwd", "true")
    assert "--directory" in refused("run", "--rm")
    assert "choose one" in refused("run", "--rm", "-D", tree, "--template", tree, "true")
    assert "host's own root" in refused("run", "--rm", "-D", "/", "true")
    assert "volatile=overlay" in refused("run", "--rm", "-x", "-D", "/", "true")
    assert "throw" in refused("run", "--rm", "-x", "--volatile=yes", "-D", tree, "true")
    assert "--template" in refused("run", "--rm", "-x", "--template", tree, "true")
    for option in ("--volatile=maybe", "--systemd=perhaps", "--uuid=x", "--directory=a b", "--link-journal=up",
                   "--set-credential=x", "--load-credential=x:y"):
        assert "must be" in refused("run", "--rm", option, image, "true"), option


def test_bad_combinations(image):
    for options in (
        ("--boot", "--systemd=false"), ("--boot", "--entrypoint=x"), ("--boot", "--user=app"), ("--notify-ready",),
        ("--link-journal=host",), ("--set-credential=a:b",),
    ):
        assert options[0].partition("=")[0] in refused("run", "--rm", *options, image), options


# podman's --systemd


def test_systemd_mode_of_an_image(image, name):
    script = "cat /proc/mounts; tr '\\0' '\\n' < /proc/1/environ; cat /run/host/container-manager"
    shown = creelctl("run", "--rm", "--name", name, "--systemd=always", image, "sh", "-c", script).stdout
    for place in ("/run", "/run/lock", "/tmp"):
        assert f" {place} tmpfs rw" in shown
    assert " /sys/fs/cgroup cgroup2 rw" in shown
    assert " /run/host tmpfs ro" in shown
    assert "NOTIFY_SOCKET=/run/host/notify" in shown
    assert "container=creel" in shown and "container_host_id=debian" in shown
    assert shown.endswith("creel\n")


def test_systemd_mode_is_off(image):
    for options in ((), ("--systemd=true",), ("--systemd=false",)):
        shown = creelctl("run", "--rm", *options, image, "cat", "/proc/mounts").stdout
        assert " /run/host " not in shown and " /sys/fs/cgroup cgroup2 ro" in shown


def test_stop_signal_of_a_system(image, name):
    creelctl("create", "--name", name, "--systemd=always", image, "sh")
    assert inspect(name)["Config"]["StopSignal"] in (37, "SIGRTMIN+3", "RTMIN+3")


def test_uuid(image):
    done = creelctl("run", "--rm", "--uuid", "0123456789ABCDEF0123456789abcdef", image, "sh", "-c", "echo $container_uuid")
    assert done.stdout == "01234567-89ab-cdef-0123-456789abcdef\n"


def test_no_init(image):
    done = creelctl("run", "--rm", "--boot", "--entrypoint", "", image, check=False)
    assert done.returncode == 125
    (done) = creelctl("run", "--rm", "-D", "/guest", "-x", "--boot", "--volatile=no", "--help", check=False)
    assert done.returncode != 125


# A booted system


@pytest.mark.smoke
def test_boot(nothing_left, name):
    boot(name, "-x", "-D", GUEST)
    assert inside(name, "systemctl", "is-system-running", "--wait").stdout == "running\n"
    assert inside(name, "systemctl", "--failed", "--no-legend").stdout == ""
    machine_id = inside(name, "cat", "/etc/machine-id").stdout.strip()
    assert machine_id == inspect(name)["Id"][:32]
    assert inside(name, "hostname").stdout.strip() == name
    assert inside(name, "systemd-detect-virt", check=False).stdout.strip() not in ("", "none")

    assert bus.container_property(name, "Ready")

    # machined knows it and gets into it
    assert name in run_command("machinectl", "list").stdout
    shown = run_command("machinectl", "show", name).stdout
    assert f"Leader={leader(name)}" in shown and "Class=container" in shown
    assert "Debian" in run_command("machinectl", "status", "--no-pager", name).stdout
    script = f"machinectl -q shell {name} /bin/sh -c 'echo in-$(cat /etc/machine-id)'"
    assert f"in-{machine_id}" in run_command("script", "-qec", script, "/dev/null").stdout

    creelctl("stop", name)
    assert inspect(name)["State"]["ExitCode"] == 0
    creelctl("rm", name)


def test_boot_reports_to_the_journal(name):
    boot(name, "-x", "-D", GUEST)
    creelctl("poweroff", name)
    assert "Multi-User System" in creelctl("logs", name).stdout
    assert inspect(name)["State"]["ExitCode"] == 0


@pytest.mark.smoke
def test_reboot(name):
    boot(name, "-x", "-D", GUEST)
    inside(name, "touch", "/root/mark")

    def rebooted(old):
        eventually(lambda: leader(name) not in (0, old), "another leader")
        creelctl("wait", "--condition=ready", name)

    # from inside; changes survive a reboot, even those of an ephemeral one
    old = leader(name)
    inside(name, "systemctl", "reboot")
    rebooted(old)
    inside(name, "test", "-e", "/root/mark")

    # from outside, by both
    old = leader(name)
    creelctl("reboot", name)
    assert leader(name) not in (0, old)
    creelctl("wait", "--condition=ready", name)
    old = leader(name)
    run_command("machinectl", "reboot", name)
    rebooted(old)
    inside(name, "test", "-e", "/root/mark")

    run_command("machinectl", "poweroff", name)
    assert creelctl("wait", name).stdout == "0\n"


def test_stop_before_it_listens(name):
    """A stop that comes too early for the init system is said again when it listens."""
    creelctl("run", "-d", "--name", name, "--boot", "-x", "-D", GUEST)
    creelctl("stop", name)
    assert inspect(name)["State"]["ExitCode"] == 0


def test_systemctl_stop(name):
    boot(name, "-x", "-D", GUEST)
    run_command("systemctl", "stop", f"creel-{name}.scope")
    assert creelctl("wait", name).stdout == "0\n"


def test_exit_status_of_a_system(name):
    boot(name, "-x", "-D", GUEST)
    inside(name, "systemctl", "exit", "7")
    assert creelctl("wait", name).stdout == "7\n"


def test_foreground(name):
    """The console is the caller's; a reboot goes on there."""
    done = subprocess.Popen(
        ["creelctl", "run", "--rm", "--name", name, "-b", "-x", "-D", GUEST],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    eventually(lambda: creelctl("wait", "--condition=ready", name, check=False).returncode == 0, "it is ready")
    old = leader(name)
    inside(name, "systemctl", "reboot")
    eventually(lambda: leader(name) not in (0, old), "another leader")
    creelctl("wait", "--condition=ready", name)
    inside(name, "systemctl", "poweroff")
    output, _ = done.communicate(timeout=60)
    assert done.returncode == 0
    assert output.count("Multi-User System") >= 2
    assert name not in creelctl("ps", "-a").stdout


def test_creeld_may_die_meanwhile(name):
    """Neither readiness nor a reboot needs the creeld that was there at the start."""
    boot(name, "-x", "-D", GUEST)
    def daemon():
        return run_command("systemctl", "show", "-P", "MainPID", "creeld.service").stdout

    before = daemon()
    run_command("systemctl", "kill", "--signal=KILL", "creeld.service")
    eventually(lambda: daemon() not in ("0\n", before), "systemd starts creeld again")
    eventually(lambda: bus.container_property(name, "Ready"), "readiness is known again")
    old = leader(name)
    inside(name, "systemctl", "reboot")
    eventually(lambda: leader(name) not in (0, old), "another leader")
    creelctl("wait", "--condition=ready", name)


def test_reboot_without_creeld(name):
    """A system that reboots while no creeld is there is started by the next one."""
    boot(name, "-x", "-D", GUEST)
    old = leader(name)
    supervisor = bus.container_property(name, "Supervisor")
    run_command("systemctl", "stop", "creeld.service")
    run_command("nsenter", "-t", old, "-a", "systemctl", "reboot")
    eventually(lambda: not Path(f"/proc/{supervisor}").exists(), "the supervisor is gone")
    eventually(lambda: leader(name) not in (0, old), "another leader")
    creelctl("wait", "--condition=ready", name)


def test_a_system_that_never_is_ready_can_be_stopped(name):
    argv = ["run", "-d", "--name", name, "--notify-ready", "--systemd=always", "--rootfs", f"{GUEST}:O", "/bin/sleep", "1000"]
    waiting = subprocess.Popen(["creelctl", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: creelctl("ps", "-q", "--filter", f"name={name}").stdout, "it runs")
    creelctl("wait", "--condition=running", name)
    creelctl("stop", "-t", "0", name)
    assert "another request took its place" in waiting.communicate(timeout=20)[1]
    assert waiting.returncode == 125
    assert inspect(name)["State"]["Status"] == "exited"


def test_exported_sockets_are_bounded(name):
    """The host's /run, in which the rest of /run/host lies, cannot be filled from inside."""
    boot(name, "-x", "-D", GUEST)
    done = inside(name, "dd", "if=/dev/zero", "of=/run/host/unix-export/big", "bs=1M", "count=5", check=False)
    assert done.returncode != 0 and "No space left" in done.stderr


def test_an_init_is_detected(name):
    """Without --boot, as podman has it."""
    creelctl("run", "-d", "--name", name, "--notify-ready", "--rootfs", f"{GUEST}:O", "/sbin/init")
    assert inspect(name)["Config"]["SystemdMode"] is True
    assert inside(name, "systemctl", "is-system-running", "--wait").stdout == "running\n"
    creelctl("stop", name)
    assert "Multi-User System" in creelctl("logs", name).stdout
    assert inspect(name)["State"]["ExitCode"] == 0


@pytest.mark.parametrize("options", [("--userns=host",), ("--volatile=state",), ("--volatile=overlay",), ("--network=host",)])
def test_boot_otherwise(name, options):
    boot(name, "-D", GUEST, *(("-x",) if "volatile" not in options[0] else ()), *options)
    assert inside(name, "systemctl", "is-system-running", "--wait").stdout == "running\n"
    creelctl("poweroff", name)
    assert inspect(name)["State"]["ExitCode"] == 0


def test_services_are_sandboxed(name):
    """What units say about their sandboxes is done: the container's root may mount, and its cgroup is its own."""
    boot(name, "-x", "-D", GUEST)
    properties = "PrivateTmp=yes ProtectSystem=strict DynamicUser=yes PrivateNetwork=yes PrivateUsers=yes ProtectKernelTunables=yes"
    for each in properties.split():
        inside(name, "systemd-run", "-q", "--wait", "-p", each, "true")
    where = inside(name, "systemd-run", "-q", "--pipe", "--wait", "-p", "Delegate=yes", "cat", "/proc/self/cgroup").stdout
    assert "\n0::/system.slice/run-" in "\n" + where


def test_login_prompt(name):
    boot(name, "-x", "-D", GUEST)
    done = subprocess.run(
        ["timeout", "-s", "KILL", "3", "script", "-qec", f"machinectl -q login {name}", "/dev/null"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
    )
    assert "login:" in done.stdout


def test_machinectl_copies(name, tmp_path):
    boot(name, "-x", "-D", GUEST)
    (tmp_path / "there").write_text("x")
    run_command("machinectl", "copy-to", name, tmp_path / "there", "/root/there")
    assert inside(name, "cat", "/root/there").stdout == "x"
    run_command("machinectl", "copy-from", name, "/root/there", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "x"


def test_machinectl_binds(name, tmp_path):
    """By way of /run/host/incoming; systemd 252 does it for containers without a user namespace."""
    (tmp_path / "there").write_text("x")
    boot(name, "-x", "-D", GUEST, "--userns=host")
    run_command("machinectl", "bind", "--mkdir", name, tmp_path, "/root/bound")
    assert inside(name, "cat", "/root/bound/there").stdout == "x"


def test_credentials(name, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"from a file\x00\n")
    boot(name, "-x", "-D", GUEST, "--set-credential=my.key:a\\nb", f"--load-credential=other:{secret}")
    listed = inside(name, "systemd-creds", "--system", "list").stdout
    assert "my.key" in listed and "other" in listed
    assert inside(name, "systemd-creds", "--system", "cat", "my.key", "--newline=no").stdout == "a\nb"


def test_missing_credential(name, tmp_path):
    argv = ("-b", "-x", "-D", GUEST, f"--load-credential=x:{tmp_path}/secret")
    assert "No such file" in refused("run", "--rm", "--name", name, *argv)
    (tmp_path / "secret").write_text("x")
    creelctl("create", "--name", name, *argv)
    (tmp_path / "secret").unlink()
    assert "No such file" in creelctl("start", name, check=False).stderr


def test_journal_of_the_host(name):
    Path("/var/log/journal").mkdir(exist_ok=True)
    boot(name, "-x", "-D", GUEST, "--link-journal=host")
    machine_id = inside(name, "cat", "/etc/machine-id").stdout.strip()
    directory = Path("/var/log/journal") / machine_id
    try:
        inside(name, "journalctl", "--sync")
        assert "multi-user.target" in run_command("journalctl", "-D", directory, "--no-pager").stdout
    finally:
        creelctl("rm", "-f", name)
        shutil.rmtree(directory)


def test_journal_of_the_host_itself():
    own = Path("/etc/machine-id").read_text().strip()
    assert "machine ID is the host's" in refused("run", "--rm", "-b", "-x", "-D", GUEST, "--uuid", own, "--link-journal=host")


def test_journal_of_the_guest(name):
    Path("/var/log/journal").mkdir(exist_ok=True)
    boot(name, "--template", GUEST, "-j")
    machine_id = inside(name, "cat", "/etc/machine-id").stdout.strip()
    link = Path("/var/log/journal") / machine_id
    assert link.is_symlink()
    inside(name, "journalctl", "--sync")
    assert "multi-user.target" in run_command("journalctl", "-D", link, "--no-pager").stdout
    creelctl("rm", "-f", name)
    assert not link.is_symlink()


def test_start_a_tree_by_its_name(tree):
    try:
        creelctl("start", tree.name)
        creelctl("wait", "--condition=ready", tree.name)
        assert inspect(tree.name)["ImageName"] == str(tree)
        assert inside(tree.name, "cat", "/etc/machine-id").stdout.strip() == (tree / "etc/machine-id").read_text().strip()
        creelctl("poweroff", tree.name)
        # it is an ordinary container from then on, and its machine id stays
        before = (tree / "etc/machine-id").read_text()
        creelctl("start", tree.name)
        creelctl("wait", "--condition=ready", tree.name)
        assert (tree / "etc/machine-id").read_text() == before
    finally:
        creelctl("rm", "-f", tree.name)
        (tree / "etc/machine-id").write_text("")


def test_start_of_nothing():
    done = creelctl("start", "no-such-container-nor-tree", check=False)
    assert done.returncode == 125 and "no such container" in done.stderr


def test_power_off_of_an_ordinary_container(image, name):
    creelctl("run", "-d", "--name", name, "--stop-signal=KILL", image, "sleep", "600")
    old = leader(name)
    creelctl("reboot", name)
    assert leader(name) not in (0, old)
    creelctl("poweroff", name)
    assert inspect(name)["State"]["Running"] is False
