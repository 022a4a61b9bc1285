# SPDX-License-Identifier: LGPL-2.1-or-later
"""./dev vm: Debian's own kernel with all cgroup controllers and AppArmor, in QEMU without KVM.

    with Vm() as vm:
        vm.call(["systemctl", "is-system-running"])
        vm.power_cut()      # kill -9 of qemu: what the guest had not written is lost
        vm.boot()           # the same disk again

The root disk is a qcow2 overlay over an ext4 image that is made once per tree. The installed programs, the checkout and
the agent that runs commands come as a tar stream on the second disk (see trees.INITRAMFS_UNPACK).
"""

import contextlib
import fcntl
import json
import os
import secrets
import select
import socket
import struct
import subprocess
import sys
import termios
import time
import tty

import host
from host import BUILD, CACHE, LOG, ROOT, Failure, child_env, locked, run_logged, say
from lab import guest_argv, guest_env
from runs import RUNS, new_run, remove_run, sweep
from trees import Tree

DISK_SIZE = "8G"
MEMORY_MB = 2048
BOOT_TIMEOUT_SEC = 420
CHUNK = 65536

KERNEL_ARGUMENTS = (
    "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=no apparmor=1 security=apparmor"
    " systemd.unified_cgroup_hierarchy=1 net.ifnames=0 mitigations=off"
)


class Vm:
    def __init__(self, suite="bookworm"):
        self.tree = Tree("vm", suite)
        self.name = f"creel-vm-{secrets.token_hex(4)}"
        self.dir = RUNS / self.name
        self.qemu = None
        self.port = None
        self._lock = None

    def __enter__(self):
        host.require_root("a vm")
        host.install_packages("lab", "vm")
        sweep()
        image = self._image()
        try:
            self._lock = new_run(self.name)
            self._make_payload()
            argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image), str(self.dir / "root.qcow2")]
            host.run(argv)
            self.boot()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.power_cut()
        remove_run(self.name)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # Disks

    def _image(self):
        """The ext4 image of the tree, made once."""
        tree = self.tree.ensure()
        image = tree.with_name(tree.name + ".ext4")
        if not image.exists():
            with locked(CACHE / "locks" / f"{image.name}.lock", "vm: waiting for another ./dev to make the disk"):
                if not image.exists():
                    say("vm: making the disk (once)")
                    fresh = image.with_name(f".new-{image.name}")
                    fresh.unlink(missing_ok=True)
                    argv = ["mke2fs", "-q", "-t", "ext4", "-L", "creel-vm", "-d", str(tree), str(fresh), DISK_SIZE]
                    if run_logged(argv, "vm-disk"):
                        raise Failure("vm: mke2fs could not make the disk")
                    fresh.rename(image)
        os.utime(image)
        return image

    def _make_payload(self):
        payload = self.dir / "payload.tar"
        common = ["--owner=0", "--group=0", "--sort=name"]
        checkout = ["--exclude=./build", "--exclude=./build-*", "--exclude=./.git", "--transform=s,^\\.,src/creel,S"]
        (BUILD / "root").mkdir(parents=True, exist_ok=True)
        for mode, directory, options in (
            ("-c", BUILD / "root", []),
            ("-r", ROOT / "tools/dev/guest", []),
            ("-r", ROOT, checkout),
        ):
            host.run(["tar", mode, "-f", str(payload), *common, *options, "-C", str(directory), "."])

    # The machine

    def boot(self):
        """Starts qemu and waits until the guest's systemd has finished its boot."""
        started = time.monotonic()
        kernel = sorted((self.tree.path / "boot").glob("vmlinuz-*"))[-1]
        initrd = kernel.with_name(kernel.name.replace("vmlinuz", "initrd.img"))
        LOG.mkdir(parents=True, exist_ok=True)
        console = LOG / f"vm-console-{self.tree.suite}.log"
        path = self.dir / "port"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            with open(LOG / "qemu.log", "wb") as log:
                self.qemu = subprocess.Popen(
                    # qemu must not outlive this process, however that ends.
                    ["setpriv", "--pdeathsig", "KILL", *self._qemu_argv(kernel, initrd, console, path)],
                    env=child_env(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self.port = self._accept(listener)
        kind, state = self._receive(BOOT_TIMEOUT_SEC)
        if kind != b"H":
            raise Failure(f"vm: the agent said {kind!r} first")
        say(f"vm: {state.decode()} after {time.monotonic() - started:.0f} s")

    def _qemu_argv(self, kernel, initrd, console, port):
        disks = {"root": "file={}/root.qcow2,format=qcow2", "payload": "file={}/payload.tar,format=raw,readonly=on"}
        return [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"),
            *("-kernel", str(kernel), "-initrd", str(initrd), "-append", KERNEL_ARGUMENTS),
            *("-serial", f"file:{console}", "-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
            *("-chardev", f"socket,id=port,path={port},server=off", "-device", "virtserialport,chardev=port,name=creel.0"),
            *(
                word
                for name, where in disks.items()
                for word in (
                    *("-drive", f"if=none,id={name},{where.format(str(self.dir).replace(',', ',,'))}"),
                    *("-device", f"virtio-blk-pci,drive={name},serial=creel-{name}"),
                )
            ),
        ]

    def _accept(self, listener):
        qemu_fd = os.pidfd_open(self.qemu.pid)
        try:
            readable, _, _ = select.select([listener, qemu_fd], [], [], BOOT_TIMEOUT_SEC)
            if listener not in readable:
                host.show_tail(LOG / "qemu.log")
                raise Failure("vm: qemu did not start")
            return listener.accept()[0]
        finally:
            os.close(qemu_fd)

    def power_cut(self):
        """Ends the machine as a power cut does."""
        if self.qemu:
            with contextlib.suppress(ProcessLookupError):
                self.qemu.kill()
            self.qemu.wait()
            self.qemu = None
        if self.port:
            self.port.close()
            self.port = None

    # Commands

    def call(self, command, *, timeout=None, terminal=None, stdin=None, stdout=None, tee=None, cwd="/src/creel"):
        """Runs @command (a list) in the vm and returns its exit status; 124 when it takes longer than @timeout seconds,
        which leaves the vm fit for nothing but stop(). Output goes to @stdout (binary file; default: our own stdout and
        stderr) and to @tee as well. @stdin: bytes; default: our own stdin."""
        if terminal is None:
            terminal = stdin is None and stdout is None and tee is None and sys.stdin.isatty() and sys.stdout.isatty()
        request = {
            "argv": guest_argv(command),
            "cwd": cwd,
            "env": guest_env("vm", self.tree.suite),
            "tty": terminal_size() if terminal else None,
        }
        self._send(b"R", json.dumps(request).encode())
        source = sys.stdin.fileno() if stdin is None and tee is None and stdout is None else None
        if source is None:
            for start in range(0, len(stdin or b""), CHUNK):
                self._send(b"I", stdin[start : start + CHUNK])
            self._send(b"I", b"")
        with raw_terminal(terminal):
            return self._relay(source, timeout, stdout, tee)

    def _relay(self, source, timeout, stdout, tee):
        until = time.monotonic() + timeout if timeout else None
        while True:
            watched = [self.port] + ([source] if source is not None else [])
            readable, _, _ = select.select(watched, [], [], max(0, until - time.monotonic()) if until else None)
            if not readable:
                return 124
            if source in readable:
                data = os.read(source, CHUNK)
                self._send(b"I", data)
                if not data:
                    source = None
            if self.port in readable:
                kind, data = self._receive()
                if kind == b"X":
                    return int(data)
                if kind in (b"O", b"E"):
                    self._show(kind, data, stdout, tee)

    @staticmethod
    def _show(kind, data, stdout, tee):
        if stdout and kind == b"O":
            stdout.write(data)
            return
        # Test output is progress, not a result.
        stream = sys.stdout if kind == b"O" and not tee else sys.stderr
        stream.buffer.write(data)
        stream.buffer.flush()
        if tee:
            tee.write(data)

    def fetch(self, path, directory):
        """Copies what is below @path in the vm into @directory."""
        with subprocess.Popen(["tar", "-C", str(directory), "-x"], stdin=subprocess.PIPE, env=child_env()) as tar:
            status = self.call(["tar", "-C", path, "-c", "."], stdout=tar.stdin, stdin=b"", timeout=300)
            tar.stdin.close()
        if status or tar.returncode:
            raise Failure(f"vm: could not fetch {path}")

    def _send(self, kind, data):
        self.port.sendall(struct.pack(">cI", kind, len(data)) + data)

    def _receive(self, timeout=None):
        kind, size = struct.unpack(">cI", self._read(5, timeout))
        return kind, self._read(size, 60)

    def _read(self, size, timeout):
        data = b""
        self.port.settimeout(timeout)
        try:
            while len(data) < size:
                more = self.port.recv(size - len(data))
                if not more:
                    raise Failure(f"vm: the machine ended: see {LOG}/vm-console-{self.tree.suite}.log")
                data += more
        except TimeoutError:
            raise Failure(f"vm: no answer for {timeout} s: see {LOG}/vm-console-{self.tree.suite}.log") from None
        finally:
            self.port.settimeout(None)
        return data


def terminal_size():
    packed = fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
    return list(struct.unpack("HHHH", packed)[:2])


@contextlib.contextmanager
def raw_terminal(wanted):
    if not wanted:
        yield
        return
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
