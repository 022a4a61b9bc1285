# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays creeld for the real creel-supervise: made-up layers, a plain cgroup, the messages of src/proto/message.h."""

import array
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

SOURCE = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..', '..'))
MAGIC = 0x314C5243
UID_BASE = 0x90000
BUSYBOX = '/usr/bin/busybox'

DEFAULT_CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_NET_BIND_SERVICE',
                        'CAP_SETFCAP', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_SETUID', 'CAP_SYS_CHROOT']
MASKED = ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/proc/timer_stats',
          '/proc/sched_debug', '/proc/scsi', '/sys/firmware', '/sys/fs/selinux', '/sys/dev/block']
READONLY = ['/proc/asound', '/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']


def enum(name):
    with open(os.path.join(SOURCE, 'src/proto/message.h'), encoding='utf-8') as f:
        text = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
    body = re.search(r'typedef enum %s \{(.*?)\}' % name, text, re.S).group(1)
    return {word: i for i, word in enumerate(re.findall(r'[A-Z_]+', body))}


TYPES, FIELDS = enum('MessageType'), enum('MessageField')
TYPE_NAMES = {v: k for k, v in TYPES.items()}
FIELD_NAMES = {v: k for k, v in FIELDS.items()}
FIRST_NUMBER, FIRST_FD = FIELDS['FIELD_INDEX'], FIELDS['FIELD_STAGING']


class Message:
    def __init__(self, kind, fields=()):
        self.kind, self.fields = kind, list(fields)

    def __getitem__(self, name):
        return dict(self.fields)['FIELD_' + name]

    def get(self, name, default=None):
        return dict(self.fields).get('FIELD_' + name, default)

    def send(self, sock):
        data, fds = b'', []
        for name, value in self.fields:
            key = FIELDS[name]
            if key < FIRST_NUMBER:
                value = value.encode()
            elif key < FIRST_FD:
                value = struct.pack('<Q', value)
            else:
                fds.append(value)
                value = struct.pack('<I', len(fds) - 1)
            data += struct.pack('<HHI', key, 0, len(value)) + value
        data = struct.pack('<IHH', MAGIC, TYPES[self.kind], len(self.fields)) + data
        sock.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))] if fds else [])

    @staticmethod
    def receive(sock):
        data, control, _, _ = sock.recvmsg(65536, socket.CMSG_SPACE(16 * 4), socket.MSG_CMSG_CLOEXEC)
        fds = array.array('i')
        for _, _, item in control:
            fds.frombytes(item[:len(item) - len(item) % 4])
        if not data:
            return None
        _, kind, n = struct.unpack_from('<IHH', data)
        offset, fields = 8, []
        for _ in range(n):
            key, _, length = struct.unpack_from('<HHI', data, offset)
            value = data[offset + 8:offset + 8 + length]
            offset += 8 + length
            if key < FIRST_NUMBER:
                value = value.decode()
            elif key < FIRST_FD:
                value = struct.unpack('<Q', value)[0]
            else:
                value = fds[struct.unpack('<I', value)[0]]
            fields.append((FIELD_NAMES[key], value))
        return Message(TYPE_NAMES[kind], fields)


def memfd(data):
    fd = os.memfd_create('spec', os.MFD_CLOEXEC)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def cgroup_root():
    for path in ('/sys/fs/cgroup', '/sys/fs/cgroup/unified'):
        if os.path.exists(path + '/cgroup.controllers'):
            return path
    raise RuntimeError('there is no cgroup version 2 hierarchy')


def default_spec(args, **process):
    """What creeld would write, in short."""
    return {
        'ociVersion': '1.2.0',
        'process': {'user': {'uid': 0, 'gid': 0}, 'args': args, 'cwd': '/', 'env': ['PATH=/bin:/sbin', 'TERM=xterm'],
                    'capabilities': {k: DEFAULT_CAPABILITIES for k in ('bounding', 'effective', 'permitted')},
                    **process},
        'root': {'path': 'rootfs'},
        'hostname': 'box',
        'mounts': [
            {'destination': '/proc', 'type': 'proc', 'source': 'proc', 'options': ['nosuid', 'noexec', 'nodev']},
            {'destination': '/dev', 'type': 'tmpfs', 'source': 'tmpfs',
             'options': ['nosuid', 'strictatime', 'mode=755', 'size=65536k']},
            {'destination': '/dev/pts', 'type': 'devpts', 'source': 'devpts',
             'options': ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']},
            {'destination': '/dev/shm', 'type': 'tmpfs', 'source': 'shm',
             'options': ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']},
            {'destination': '/dev/mqueue', 'type': 'mqueue', 'source': 'mqueue',
             'options': ['nosuid', 'noexec', 'nodev']},
            {'destination': '/sys', 'type': 'sysfs', 'source': 'sysfs', 'options': ['nosuid', 'noexec', 'nodev', 'ro']},
            {'destination': '/sys/fs/cgroup', 'type': 'cgroup', 'source': 'cgroup',
             'options': ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']},
        ],
        'linux': {
            'namespaces': [{'type': t} for t in ('pid', 'network', 'ipc', 'uts', 'mount', 'cgroup')],
            'maskedPaths': MASKED,
            'readonlyPaths': READONLY,
        },
    }


class Store:
    """A directory with layers, on a file system that can map ids."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='creel-test-', dir='/var/tmp')
        os.chmod(self.path, 0o711)
        self.layers = []
        self.add(self.base)
        self.add(self.second)

    def add(self, fill):
        name = 'layer%02d' % len(self.layers)
        tree = os.path.join(self.path, 'layers', name, 'tree')
        os.makedirs(tree)
        fill(tree)
        self.layers.append(name)
        return name

    @staticmethod
    def base(tree):
        os.makedirs(tree + '/bin')
        os.makedirs(tree + '/etc')
        os.makedirs(tree + '/home/app')
        os.makedirs(tree + '/tmp')
        os.makedirs(tree + '/run')
        os.chmod(tree + '/tmp', 0o1777)
        os.chown(tree + '/home/app', 1000, 1000)
        os.symlink('/run', tree + '/link-to-run')
        shutil.copy(BUSYBOX, tree + '/bin/busybox')
        for name in ('sh', 'cat', 'echo', 'id', 'ls', 'sleep', 'true', 'tty', 'stat', 'touch', 'pwd', 'hostname',
                     'readlink', 'grep', 'seq', 'stty', 'head', 'wc', 'mkdir'):
            os.symlink('busybox', tree + '/bin/' + name)
        with open(tree + '/etc/passwd', 'w', encoding='utf-8') as f:
            f.write('root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n')
        with open(tree + '/etc/group', 'w', encoding='utf-8') as f:
            f.write('root:x:0:\napp:x:1000:\naudio:x:29:app,other\nvideo:x:44:other\n')
        with open(tree + '/etc/base', 'w', encoding='utf-8') as f:
            f.write('base\n')
        with open(tree + '/bin/plain', 'w', encoding='utf-8') as f:
            f.write('just text\n')
        with open(tree + '/bin/lost', 'w', encoding='utf-8') as f:
            f.write('#!/no/such/interpreter\n')
        os.chmod(tree + '/bin/lost', 0o755)

    @staticmethod
    def second(tree):
        os.makedirs(tree + '/etc')
        with open(tree + '/etc/base', 'w', encoding='utf-8') as f:
            f.write('second\n')
        os.chown(tree + '/etc/base', 1000, 1000)

    def close(self):
        shutil.rmtree(self.path)


def with_user_namespace(spec):
    mapping = [{'containerID': 0, 'hostID': UID_BASE, 'size': 65536}]
    linux = dict(spec.get('linux', {}), uidMappings=mapping, gidMappings=mapping)
    linux['namespaces'] = [n for n in linux.get('namespaces', []) if n['type'] != 'user'] + [{'type': 'user'}]
    return dict(spec, linux=linux)


class Container:
    """One container under the real supervisor."""

    count = 0

    def __init__(self, store, spec, program, layers=None, userns=True, stdio=(None, None, None), go=True, session=False,
                 **fields):
        Container.count += 1
        self.id = ('%064x' % (os.getpid() << 64 | Container.count))
        self.store = store
        self.directory = os.path.join(store.path, 'containers', self.id)
        self.runtime = os.path.join(store.path, 'run', str(Container.count))
        for d in ('upper', 'work'):
            os.makedirs(os.path.join(self.directory, d))
        os.makedirs(self.runtime)
        self.cgroup = '/creel-test-%d-%d' % (os.getpid(), Container.count)
        self.cgroup_path = cgroup_root() + self.cgroup
        os.mkdir(self.cgroup_path)
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.session = None
        self.process = subprocess.Popen([program], env={'CREEL_LOG_LEVEL': os.environ.get('CREEL_LOG_LEVEL', 'info')},
                                        stdin=subprocess.DEVNULL, close_fds=False,
                                        preexec_fn=lambda: (os.dup2(theirs.fileno(), 3), os.set_inheritable(3, True)))
        theirs.close()
        self.start(spec, layers if layers is not None else store.layers, userns, stdio, session, fields)
        if go:
            self.go()

    def start(self, spec, layers, userns, stdio, session, extra):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(self.runtime + '/supervisor.sock')
        listener.listen(8)
        opened = [memfd(json.dumps(with_user_namespace(spec) if userns else spec).encode())]
        opened += [os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                   for path in (self.store.path + '/layers', self.directory, self.runtime)]
        opened.append(listener.fileno())
        fields = [('FIELD_CONTAINER', self.id), ('FIELD_NAME', 'test')]
        fields += [('FIELD_LAYER', layer) for layer in layers]
        fields += [('FIELD_STOP_SIGNAL', signal.SIGTERM), ('FIELD_STOP_TIMEOUT_USEC', 2000000)]
        fields += list(zip(('FIELD_SPEC', 'FIELD_LAYERS', 'FIELD_ROOTFS', 'FIELD_RUNTIME', 'FIELD_LISTEN'), opened))
        names = ('FIELD_STDIN', 'FIELD_STDOUT', 'FIELD_STDERR')
        fields += [(name, fd) for name, fd in zip(names, stdio) if fd is not None]
        fields += [('FIELD_' + key.upper(), value) for key, value in extra.items()]
        if session:
            self.session, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            fields.append(('FIELD_SESSION', theirs.fileno()))
        Message('MESSAGE_SUPERVISE_START', fields).send(self.socket)
        for fd in opened[:-1]:
            os.close(fd)
        listener.close()
        if session:
            theirs.close()

    def go(self):
        with open(self.cgroup_path + '/cgroup.procs', 'w', encoding='utf-8') as f:
            f.write(str(self.process.pid))
        try:
            Message('MESSAGE_SUPERVISE_GO', [('FIELD_CGROUP', self.cgroup)]).send(self.socket)
        except BrokenPipeError:
            pass  # it has failed before; its message says why

    def receive(self, kind=None, sock=None):
        message = Message.receive(sock or self.socket)
        if kind and (message is None or message.kind != 'MESSAGE_' + kind):
            raise AssertionError('expected %s, got %s' % (kind, message and (message.kind, message.fields)))
        return message

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(self.runtime + '/supervisor.sock')
        Message('MESSAGE_SUPERVISE_HELLO').send(sock)
        return sock

    def record(self):
        with open(self.runtime + '/exit', encoding='utf-8') as f:
            return json.load(f)

    def upper(self, path):
        return os.path.join(self.directory, 'upper', path)

    def close(self):
        self.socket.close()
        if self.session:
            self.session.close()
        if self.process.poll() is None:
            if os.path.exists(self.cgroup_path + '/cgroup.kill'):
                with open(self.cgroup_path + '/cgroup.kill', 'w', encoding='utf-8') as f:
                    f.write('1')
            self.process.kill()
        self.process.wait(10)
        for directory, _, _ in os.walk(self.cgroup_path, topdown=False):
            for _ in range(200):
                try:
                    os.rmdir(directory)
                    break
                except OSError:
                    time.sleep(0.01)


def pipe():
    """A pipe whose write side is for the container; reading gives its whole output."""
    read, write = os.pipe()
    fcntl.fcntl(read, 1031, 1 << 20)  # F_SETPIPE_SZ
    return read, write


def read_all(fd):
    data = b''
    while True:
        piece = os.read(fd, 65536)
        if not piece:
            os.close(fd)
            return data.decode()
        data += piece
