# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in the vm: commands come in over a virtio port, output and exit status go out.

A frame is a type byte, a big-endian 32-bit length and that many bytes.
  host to vm    R  {"argv", "cwd", "env", "tty": [rows, columns] or null}      I  stdin, empty: end of stdin
  vm to host    H  state of the boot      O  stdout      E  stderr      X  exit status in decimal
"""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios

CHUNK = 65536


class Port:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def read_exactly(self, size):
        data = b""
        while len(data) < size:
            more = os.read(self.fd, size - len(data))
            if not more:
                sys.exit(0)
            data += more
        return data

    def receive(self):
        kind, size = struct.unpack(">cI", self.read_exactly(5))
        return kind, self.read_exactly(size)

    def send(self, kind, data):
        frame = struct.pack(">cI", kind, len(data)) + data
        while frame:
            frame = frame[os.write(self.fd, frame) :]


def start(request):
    """Returns the child, the fd to write its stdin to, and {fd: frame type} of its outputs."""
    argv = ["systemd-run", "--scope", "--quiet", "--collect", "--", *request["argv"]]
    common = {"cwd": request["cwd"], "env": request["env"], "bufsize": 0}
    if not request["tty"]:
        pipe = subprocess.PIPE
        child = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, **common)
        return child, child.stdin.fileno(), {child.stdout.fileno(): b"O", child.stderr.fileno(): b"E"}

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *request["tty"], 0, 0))
    child = subprocess.Popen(["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, **common)
    os.close(slave)
    return child, master, {master: b"O"}


def serve(port, request):
    child, stdin, outputs = start(request)
    pidfd = os.pidfd_open(child.pid)
    poll = select.poll()
    for fd in (port.fd, pidfd, *outputs):
        poll.register(fd, select.POLLIN)

    ended = False
    while outputs or not ended:
        # Once the command itself has ended, only what it has already written counts: a daemon that it left behind
        # may keep the pipes open for ever.
        ready = dict(poll.poll(0 if ended else None))
        if ended and not (set(ready) & set(outputs)):
            break
        if port.fd in ready:
            kind, data = port.receive()
            if kind == b"I":
                write_stdin(stdin, data, bool(request["tty"]))
        for fd in [fd for fd in ready if fd in outputs]:
            data = read_output(fd)
            if data:
                port.send(outputs[fd], data)
            else:
                poll.unregister(fd)
                del outputs[fd]
        if pidfd in ready:
            ended = True
            poll.unregister(pidfd)
    status = child.wait()
    os.close(pidfd)
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream:
            stream.close()
    if request["tty"]:
        os.close(stdin)
    port.send(b"X", str(status if status >= 0 else 128 - status).encode())


def write_stdin(fd, data, tty):
    try:
        if data:
            while data:
                data = data[os.write(fd, data) :]
        elif tty:
            os.write(fd, b"\x04")
        else:
            os.dup2(os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC), fd)
    except OSError:
        # The command does not read its input any more; that is its own affair.
        pass


def read_output(fd):
    try:
        return os.read(fd, CHUNK)
    except OSError:
        return b""


def main():
    port = Port(sys.argv[1])
    state = subprocess.run(["systemctl", "is-system-running", "--wait"], stdout=subprocess.PIPE).stdout
    port.send(b"H", state.strip())
    while True:
        kind, data = port.receive()
        if kind == b"R":
            serve(port, json.loads(data))


main()
