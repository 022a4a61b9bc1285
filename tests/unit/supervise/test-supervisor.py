#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real creel-supervise, from START to EXITED, with containers that misbehave in every way we know. Needs root,
cgroup version 2 and busybox-static; the argument is the program."""

import errno
import fcntl
import os
import select
import signal
import socket
import stat
import struct
import sys
import termios
import time
import unittest

import harness
from harness import Container, Message, Store, default_spec, pipe, read_all

PROGRAM = None
UID_BASE = harness.UID_BASE


class Case(unittest.TestCase):
    def setUp(self):
        self.store = Store()
        self.containers = []

    def tearDown(self):
        for c in self.containers:
            c.close()
        self.store.close()

    def container(self, args, spec=None, **options):
        if isinstance(args, str):
            args = ['sh', '-c', args]
        c = Container(self.store, spec or default_spec(args), PROGRAM, **options)
        self.containers.append(c)
        return c

    def run_to_end(self, args, spec=None, **options):
        """Status and output of a container that ends by itself."""
        read, write = pipe()
        c = self.container(args, spec, stdio=(None, write, write), **options)
        os.close(write)
        message = c.receive()
        if message.kind == 'MESSAGE_FAILED':
            os.close(read)
            self.assertEqual(c.process.wait(10), 1)
            return message
        self.assertEqual(message.kind, 'MESSAGE_SUPERVISE_STARTED')
        self.exited = c.receive('SUPERVISE_EXITED')
        self.assertEqual(c.process.wait(10), 0)
        self.assertEqual(c.record()['status'], self.exited['STATUS'])
        self.last = c
        return self.exited['STATUS'], read_all(read)

    def assertFails(self, message, status, error, word):
        self.assertIsInstance(message, Message, message)
        self.assertEqual((message['STATUS'], message['ERROR']), (status, error), message.fields)
        self.assertIn(word, message['TEXT'])


class Life(Case):
    def test_status(self):
        for userns in (False, True):
            self.assertEqual(self.run_to_end('exit 7', userns=userns)[0], 7)
            self.assertEqual(self.last.record()['signal'], 0)
            self.assertFalse(self.last.record()['oom'])

    def test_killed_by_signal(self):
        c = self.container(['sleep', '1000'])
        started = c.receive('SUPERVISE_STARTED')
        signal.pidfd_send_signal(started['PIDFD'], signal.SIGKILL)
        exited = c.receive('SUPERVISE_EXITED')
        self.assertEqual((exited['STATUS'], exited['SIGNAL']), (137, 9))
        self.assertEqual(c.record()['signal'], 9)

    def test_not_found(self):
        for args in (['nonsense'], ['/no/such'], ['/etc/passwd/x'], ['/bin/lost']):
            self.assertFails(self.run_to_end(args), 127, 'CommandNotFound', args[0])

    def test_not_executable(self):
        for args, word in ((['plain'], 'ermission'), (['/bin/plain'], 'ermission'), (['/etc'], 'directory')):
            self.assertFails(self.run_to_end(args), 126, 'CommandNotExecutable', word)

    def test_wrong_format(self):
        def fill(tree):
            os.makedirs(tree + '/bin')
            with open(tree + '/bin/odd', 'wb') as f:
                f.write(b'\x7fELF nothing')
            os.chmod(tree + '/bin/odd', 0o755)
        self.store.add(fill)
        self.assertFails(self.run_to_end(['odd']), 126, 'CommandNotExecutable', 'architecture')

    def test_layer_missing(self):
        self.assertFails(self.run_to_end(['true'], layers=['layer00', 'gone']), 125, 'Storage', 'gone')
        self.assertFails(self.run_to_end(['true'], layers=['../layers/layer00']), 125, 'InvalidArgument', 'layer')

    def test_no_layers(self):
        self.assertFails(self.run_to_end(['true'], layers=[]), 127, 'CommandNotFound', 'true')

    def test_many_layers(self):
        for i in range(120):
            def fill(tree, i=i):
                with open(tree + '/number', 'w', encoding='utf-8') as f:
                    f.write('%d\n' % i)
            self.store.add(fill)
        self.assertEqual(self.run_to_end(['cat', '/number']), (0, '119\n'))

    def test_bad_spec(self):
        spec = default_spec(['true'])
        spec['process']['rlimits'] = [{'type': 'RLIMIT_FUN', 'soft': 1, 'hard': 1}]
        self.assertFails(self.run_to_end([], spec), 125, 'Configuration', 'process.rlimits[0].type')
        spec = default_spec(['true'])
        spec['process']['capabilities']['bounding'] = ['CAP_EVERYTHING']
        self.assertFails(self.run_to_end([], spec), 125, 'Configuration', 'CAP_EVERYTHING')

    def test_creeld_dies_before_go(self):
        c = self.container(['sleep', '1000'], go=False)
        c.socket.close()
        self.assertEqual(c.process.wait(10), 1)

    def test_creeld_dies_and_comes_back(self):
        c = self.container('read x; exit 3', stdio=(None, None, None))
        c.close_stdin = None
        c.receive('SUPERVISE_STARTED')
        # its stdin is /dev/null, so read fails at once; what counts is that the record is there though nobody listens
        c.socket.close()
        self.assertEqual(c.process.wait(10), 0)
        self.assertEqual(c.record()['status'], 3)

    def test_hello(self):
        read, write = os.pipe()
        c = self.container('read x; exit 4', stdio=(read, None, None))
        os.close(read)
        first = c.receive('SUPERVISE_STARTED')
        c.socket.close()
        again = c.connect()
        second = c.receive('SUPERVISE_STARTED', again)
        self.assertEqual((first['PID'], first['TIME_USEC']), (second['PID'], second['TIME_USEC']))
        junk = c.connect()
        c.receive('SUPERVISE_STARTED', junk)
        junk.send(b'junk')
        self.assertEqual(junk.recv(10), b'')
        os.write(write, b'x\n')
        self.assertEqual(c.receive('SUPERVISE_EXITED', again)['STATUS'], 4)
        os.close(write)

    def test_only_root_may_connect(self):
        c = self.container(['sleep', '1000'])
        c.receive('SUPERVISE_STARTED')
        os.chmod(c.runtime + '/supervisor.sock', 0o777)
        for d in (self.store.path, self.store.path + '/run', c.runtime):
            os.chmod(d, 0o755)
        pid = os.fork()
        if pid == 0:
            try:
                os.setresuid(1000, 1000, 1000)
                status = 0 if c.connect().recv(100) == b'' else 1
            except OSError as e:
                status = 0 if e.errno in (errno.ECONNRESET, errno.EPIPE) else 2
            os._exit(status)
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_sigterm_stops_the_payload(self):
        c = self.container('trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done')
        c.receive('SUPERVISE_STARTED')
        time.sleep(0.3)
        c.process.send_signal(signal.SIGTERM)
        self.assertEqual(c.receive('SUPERVISE_EXITED')['STATUS'], 9)

    def test_sigterm_then_kill(self):
        c = self.container(['sleep', '1000'])
        c.receive('SUPERVISE_STARTED')
        begin = time.monotonic()
        c.process.send_signal(signal.SIGTERM)
        self.assertEqual(c.receive('SUPERVISE_EXITED')['SIGNAL'], 9)
        self.assertGreater(time.monotonic() - begin, 1.9)

    def test_host_pid_namespace(self):
        spec = default_spec(['sh', '-c', 'sleep 1000 & exit 5'])
        spec['linux']['namespaces'] = [n for n in spec['linux']['namespaces'] if n['type'] != 'pid']
        spec['mounts'][0] = {'destination': '/proc', 'type': 'bind', 'source': '/proc', 'options': ['rbind', 'nosuid']}
        spec['linux']['maskedPaths'] = spec['linux']['readonlyPaths'] = []
        self.assertEqual(self.run_to_end([], spec)[0], 5)
        self.assertFalse(os.path.exists(self.last.cgroup_path + '/payload'))

    def test_fds(self):
        status, output = self.run_to_end('ls /proc/self/fd; ls /proc/1/fd; true')
        self.assertEqual(output.split(), ['0', '1', '2', '3', '0', '1', '2'])

    def test_cgroup(self):
        status, output = self.run_to_end('cd /sys/fs/cgroup; grep ^0: /proc/self/cgroup; ls -d $PWD/cgroup.procs; '
                                         'stat -c %u cgroup.procs')
        self.assertEqual(output.split(), ['0::/', '/sys/fs/cgroup/cgroup.procs', '0'])
        self.assertFalse(os.path.exists(self.last.cgroup_path + '/payload'))

    def test_cgroup_path(self):
        c = self.container(['sleep', '1000'])
        pid = c.receive('SUPERVISE_STARTED')['PID']
        with open('/proc/%d/cgroup' % pid, encoding='utf-8') as f:
            self.assertIn('0::%s/payload\n' % c.cgroup, f.read())
        with open('/proc/%d/cgroup' % c.process.pid, encoding='utf-8') as f:
            self.assertIn('0::%s/supervisor\n' % c.cgroup, f.read())
        with open('/proc/%d/oom_score_adj' % pid, encoding='utf-8') as f:
            self.assertEqual(f.read(), '0\n')

    def test_host_sees_no_mount(self):
        def mounts():
            with open('/proc/self/mountinfo', encoding='utf-8') as f:
                return len(f.readlines())
        before = mounts()
        c = self.container(['sleep', '1000'])
        c.receive('SUPERVISE_STARTED')
        self.assertEqual(mounts(), before)


class Identity(Case):
    def test_ids(self):
        status, output = self.run_to_end('id -u; touch /made; stat -c %u /etc/base /bin/busybox /made; '
                                         'cat /proc/self/uid_map')
        self.assertEqual(output.split(), ['0', '1000', '0', '0', '0', str(UID_BASE), '65536'])
        self.assertEqual(os.stat(self.last.upper('made')).st_uid, UID_BASE)
        status, output = self.run_to_end('stat -c %u /etc/base; touch /made', userns=False)
        self.assertEqual(output, '1000\n')
        self.assertEqual(os.stat(self.last.upper('made')).st_uid, 0)

    def check_user(self, user, *expected, userns=True):
        spec = default_spec(['sh', '-c', 'id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status'])
        spec['process']['user'] = {'username': user}
        status, output = self.run_to_end([], spec, userns=userns)
        self.assertEqual(output.split('\n')[:4], list(expected))
        if expected[0] != '0':
            self.assertEqual(output.split()[-1], '0' * 16)

    def test_users(self):
        for userns in (False, True):
            self.check_user('app', '1000', '1000', '1000 29', '/home/app', userns=userns)
            self.check_user('1000', '1000', '1000', '1000 29', '/home/app', userns=userns)
            self.check_user('app:video', '1000', '44', '44', '/home/app', userns=userns)
            self.check_user('app:77', '1000', '77', '77', '/home/app', userns=userns)
            self.check_user('4242', '4242', '0', '0', '/', userns=userns)

    def test_unknown_user(self):
        for user in ('nobody', 'app:nogroup', '', ':1', '1000x', '-1', '4294967295', '0x0'):
            spec = default_spec(['id'])
            spec['process']['user'] = {'username': user}
            self.assertFails(self.run_to_end([], spec), 125, 'InvalidArgument', '')

    def test_user_outside_the_range(self):
        spec = default_spec(['id'])
        spec['process']['user'] = {'uid': 70000, 'gid': 0}
        self.assertFails(self.run_to_end([], spec), 125, 'InvalidArgument', '70000')

    def test_capabilities(self):
        status, output = self.run_to_end('grep Cap /proc/self/status')
        values = [line.split()[1] for line in output.strip().split('\n')]
        self.assertEqual(values, ['0' * 16, '00000000800405fb', '00000000800405fb', '00000000800405fb', '0' * 16])

    def test_ambient(self):
        spec = default_spec(['sh', '-c', 'grep CapEff /proc/self/status'])
        spec['process']['user'] = {'uid': 1000, 'gid': 1000}
        for name in ('ambient', 'inheritable'):
            spec['process']['capabilities'][name] = ['CAP_NET_BIND_SERVICE']
        self.assertEqual(self.run_to_end([], spec)[1].split()[1], '%016x' % (1 << 10))

    def test_attributes(self):
        spec = default_spec(['sh', '-c', 'umask; grep -E "NoNewPrivs|Max open" /proc/self/status /proc/self/limits; '
                                         'cat /proc/self/oom_score_adj; hostname'])
        spec['process'].update(noNewPrivileges=True, oomScoreAdj=345,
                               rlimits=[{'type': 'RLIMIT_NOFILE', 'soft': 100, 'hard': 200}])
        spec['process']['user']['umask'] = 0o27
        output = self.run_to_end([], spec)[1]
        self.assertEqual(output.split(), ['0027', '/proc/self/status:NoNewPrivs:', '1', '/proc/self/limits:Max', 'open',
                                          'files', '100', '200', 'files', '345', 'box'])

    def test_sysctl(self):
        spec = default_spec(['cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start'])
        spec['linux']['sysctl'] = {'net.ipv4.ip_unprivileged_port_start': '80'}
        self.assertEqual(self.run_to_end([], spec)[1], '80\n')
        spec['linux']['sysctl'] = {'net.ipv4.../../../x': '80'}
        self.assertFails(self.run_to_end([], spec), 125, 'InvalidArgument', 'sysctl')

    def test_seccomp(self):
        # mkdirat and mkdir give EPERM on x86-64; everything else passes
        code = struct.pack('=' + 'HBBI' * 5, 0x20, 0, 0, 0, 0x15, 1, 0, 83, 0x15, 0, 1, 258,
                           0x06, 0, 0, 0x00050001, 0x06, 0, 0, 0x7fff0000)
        for nnp in (False, True):
            spec = default_spec(['sh', '-c', 'mkdir /x && echo made; grep Seccomp: /proc/self/status'],
                                noNewPrivileges=nnp)
            status, output = self.run_to_end([], spec, seccomp=harness.memfd(code))
            self.assertIn('Operation not permitted', output)
            self.assertNotIn('made', output)
            self.assertEqual(output.split()[-1], '2')
        self.assertFails(self.run_to_end(['true'], seccomp=harness.memfd(b'1234567')), 125, 'Security', 'seccomp')

    def test_stdout_can_be_opened_again(self):
        spec = default_spec(['sh', '-c', 'echo again > /dev/stdout'])
        spec['process']['user'] = {'uid': 1000, 'gid': 1000}
        for userns in (False, True):
            self.assertEqual(self.run_to_end([], spec, userns=userns), (0, 'again\n'))


class Tree(Case):
    def test_read_only(self):
        spec = default_spec(['sh', '-c', 'touch /x; touch /dev/shm/y && echo shm; ls -d /job/dir'], cwd='/job/dir')
        spec['root']['readonly'] = True
        status, output = self.run_to_end([], spec)
        self.assertIn('Read-only', output)
        self.assertIn('shm\n/job/dir', output)

    def test_masked(self):
        for userns in (False, True):
            status, output = self.run_to_end('cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware | grep -v :; '
                                             'touch /sys/firmware/x; echo 1 > /proc/sys/kernel/printk; '
                                             'echo 1 > /proc/irq/default_smp_affinity; echo end', userns=userns)
            self.assertEqual(output.split('\n')[0], '0')
            self.assertEqual(output.count('Read-only file system'), 3, output)
            self.assertTrue(output.endswith('end\n'))

    def test_old_root_is_gone(self):
        status, output = self.run_to_end('cat /proc/self/mountinfo; ls /')
        self.assertNotIn('cgroup/unified', output)
        self.assertEqual(len([line for line in output.split('\n') if ' / / ' in line]), 1)

    def bind(self, source, destination, *options):
        return {'destination': destination, 'type': 'bind', 'source': source, 'options': list(options)}

    def test_binds(self):
        data = self.store.path + '/data'
        os.makedirs(data)
        os.chmod(data, 0o777)
        with open(data + '/file', 'w', encoding='utf-8') as f:
            f.write('content\n')
        spec = default_spec(['sh', '-c', 'cat /a/b/file /f; touch /a/b/new; touch /ro/new; cat /run/etc/linked/file'])
        spec['mounts'] += [self.bind(data, '/a/b', 'rbind'), self.bind(data, '/ro', 'bind', 'ro'),
                           self.bind(data + '/file', '/f', 'bind'), self.bind(data, '/link-to-run/etc/linked', 'bind')]
        status, output = self.run_to_end([], spec)
        self.assertEqual(output.count('content'), 3, output)
        self.assertEqual(output.count('Read-only'), 1, output)
        self.assertEqual(os.stat(data + '/new').st_uid, UID_BASE)
        spec['mounts'][-1] = self.bind(self.store.path + '/nothing', '/x', 'bind')
        self.assertFails(self.run_to_end([], spec), 125, 'InvalidArgument', 'nothing')

    def test_idmapped_bind(self):
        data = self.store.path + '/data'
        os.makedirs(data)
        os.chown(data, 1000, 1000)
        spec = default_spec(['sh', '-c', 'stat -c %u /data; touch /data/new'])
        spec['mounts'].append(self.bind(data, '/data', 'bind', 'idmap'))
        self.assertEqual(self.run_to_end([], spec), (0, '1000\n'))
        self.assertEqual(os.stat(data + '/new').st_uid, 0)

    def test_devices(self):
        spec = default_spec(['sh', '-c', 'stat -c "%t:%T %u" /dev/net/tun /dev/null; echo x > /dev/null; '
                                         'head -c 3 /dev/zero | wc -c'])
        spec['linux']['devices'] = [{'path': '/dev/net/tun', 'type': 'c', 'major': 10, 'minor': 200, 'fileMode': 0o666}]
        for userns in (False, True):
            self.assertEqual(self.run_to_end([], spec, userns=userns), (0, 'a:c8 0\n1:3 0\n3\n'))

    def test_image_devices_are_dead(self):
        def fill(tree):
            os.mknod(tree + '/zero', stat.S_IFCHR | 0o666, os.makedev(1, 5))
        self.store.add(fill)
        for userns in (False, True):
            self.assertIn('ermission denied', self.run_to_end(['head', '-c', '1', '/zero'], userns=userns)[1])

    def test_workdir(self):
        self.assertEqual(self.run_to_end([], default_spec(['pwd'], cwd='/new/dir'))[1], '/new/dir\n')
        spec = default_spec(['pwd'], cwd='/home/app')
        spec['process']['user'] = {'uid': 1000, 'gid': 1000}
        self.assertEqual(self.run_to_end([], spec)[1], '/home/app\n')


class Attacks(Case):
    """Layers that try to lead us out. The outside must stay untouched, whatever becomes of the container."""

    def setUp(self):
        super().setUp()
        self.outside = self.store.path + '/outside'
        os.makedirs(self.outside)

    def attack(self, *links):
        def fill(tree):
            for path, target in links:
                os.makedirs(os.path.dirname(tree + path), exist_ok=True)
                os.symlink(target, tree + path)
        return self.store.add(fill)

    def tearDown(self):
        self.assertEqual(os.listdir(self.outside), [])
        super().tearDown()

    def test_kernel_places_as_links(self):
        for path in ('/proc', '/sys', '/dev'):
            for target in (self.outside, '/tmp', '../../../../../../' + self.outside):
                layer = self.attack((path, target))
                message = self.run_to_end(['true'], layers=['layer00', layer])
                self.assertFails(message, 125, 'Security', path)

    def test_mounts_follow_links_inside_only(self):
        layer = self.attack(('/data', self.outside), ('/up', '../../../../../../../../' + self.outside))
        for destination in ('/data/x', '/up/y'):
            spec = default_spec(['true'])
            spec['mounts'].append({'destination': destination, 'type': 'tmpfs', 'source': 'tmpfs', 'options': []})
            # the place is made inside, where the link means it to be; tearDown() looks outside
            self.assertEqual(self.run_to_end([], spec, layers=['layer00', layer])[0], 0)

    def test_passwd_as_link(self):
        with open(self.store.path + '/secret', 'w', encoding='utf-8') as f:
            f.write('evil:x:0:0:::\n')
        layer = self.attack(('/etc/passwd', self.store.path + '/secret'))
        spec = default_spec(['id'])
        spec['process']['user'] = {'username': 'evil'}
        self.assertFails(self.run_to_end([], spec, layers=['layer00', layer]), 125, 'InvalidArgument', 'evil')

    def test_passwd_as_fifo(self):
        def fill(tree):
            os.makedirs(tree + '/etc')
            os.mkfifo(tree + '/etc/passwd')
        spec = default_spec(['id'])
        spec['process']['user'] = {'username': 'app'}
        layers = ['layer00', self.store.add(fill)]
        self.assertFails(self.run_to_end([], spec, layers=layers), 125, 'Storage', 'passwd')

    def test_workdir_as_link(self):
        layer = self.attack(('/w1', self.outside), ('/w2', '/proc/self/fd'), ('/w3', '/proc/self/root'))
        fds = ['/proc/self/fd/%d' % fd for fd in range(3, 20)]
        for cwd in fds + ['/w1/sub', '/w3', '/proc/self/cwd', '/proc/1/root']:
            result = self.run_to_end([], default_spec(['pwd'], cwd=cwd), layers=['layer00', layer])
            self.assertIsInstance(result, Message, (cwd, result))

    def test_console_and_pts_as_links(self):
        spec = default_spec(['tty'])
        spec['mounts'] = [m for m in spec['mounts'] if m['destination'] != '/dev']
        spec['mounts'].insert(1, {'destination': '/dev', 'type': 'bind', 'source': self.store.path + '/devlinks'})
        os.makedirs(self.store.path + '/devlinks')
        os.symlink(self.outside, self.store.path + '/devlinks/pts')
        message = self.run_to_end([], spec, tty=1)
        self.assertFails(message, 125, 'Security', '/dev/pts')

    def test_masked_through_swapped_null(self):
        spec = default_spec(['true'])
        spec['mounts'] = [m for m in spec['mounts'] if not m['destination'].startswith('/dev')]
        spec['mounts'].insert(1, {'destination': '/dev', 'type': 'bind', 'source': self.store.path + '/devnull'})
        os.makedirs(self.store.path + '/devnull')
        os.symlink('/proc/sysrq-trigger', self.store.path + '/devnull/null')
        self.assertFails(self.run_to_end([], spec), 125, 'Security', 'hide')

    def test_cgroup_target_as_link(self):
        spec = default_spec(['true'])
        spec['mounts'][-1]['destination'] = '/cg'
        layer = self.attack(('/cg', self.outside))
        self.assertFails(self.run_to_end([], spec, layers=['layer00', layer]), 125, 'Security', '/cg')


class Terminal(Case):
    def test_session(self):
        c = self.container('tty; stty size; read x; echo got $x; stat -c %t /dev/console; exit 6', tty=1, session=True)
        c.receive('SUPERVISE_STARTED')
        started = c.receive('SESSION_STARTED', c.session)
        self.assertEqual((started['CONTAINER'], started['NAME']), (c.id, 'test'))
        master = c.receive('SESSION_TTY', c.session)['MASTER']
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 33, 44, 0, 0))
        os.write(master, b'word\n')
        self.assertEqual(c.receive('SUPERVISE_EXITED')['STATUS'], 6)
        self.assertEqual(c.receive('SESSION_EXITED', c.session)['STATUS'], 6)
        output = b''
        try:
            while True:
                output += os.read(master, 4096)
        except OSError as e:
            self.assertEqual(e.errno, errno.EIO)
        text = output.decode().replace('\r', '')
        self.assertIn('/dev/pts/0\n', text)
        self.assertIn('got word\n', text)
        self.assertIn('88\n', text)

    def test_owner(self):
        spec = default_spec(['sh', '-c', 'stat -c "%u %g %a" /dev/pts/0; echo x > /dev/tty && echo y > /dev/console; '
                                         'sleep 1000'])
        spec['process']['user'] = {'uid': 1000, 'gid': 1000}
        c = self.container([], spec, tty=1, session=True)
        c.receive('SUPERVISE_STARTED')
        c.receive('SESSION_STARTED', c.session)
        master = c.receive('SESSION_TTY', c.session)['MASTER']
        output = b''
        while b'y\r\n' not in output:
            self.assertTrue(select.select([master], [], [], 10)[0], output)
            output += os.read(master, 4096)
        self.assertIn(b'1000 5 620', output)

    def test_client_leaves(self):
        c = self.container('seq 1 20000; exit 8', tty=1, session=True)
        c.receive('SUPERVISE_STARTED')
        c.receive('SESSION_STARTED', c.session)
        os.close(c.receive('SESSION_TTY', c.session)['MASTER'])
        c.session.close()
        self.assertEqual(c.receive('SUPERVISE_EXITED')['STATUS'], 8)

    def test_session_signal(self):
        c = self.container('trap "exit 11" INT; while :; do sleep 0.1; done', session=True)
        c.receive('SUPERVISE_STARTED')
        c.receive('SESSION_STARTED', c.session)
        time.sleep(0.3)
        Message('MESSAGE_SESSION_SIGNAL', [('FIELD_SIGNAL', signal.SIGINT)]).send(c.session)
        self.assertEqual(c.receive('SESSION_EXITED', c.session)['STATUS'], 11)

    def test_detached(self):
        c = self.container('seq 1 20000; exit 8', tty=1, journal=1)
        c.receive('SUPERVISE_STARTED')
        self.assertEqual(c.receive('SUPERVISE_EXITED')['STATUS'], 8)


class Journal(Case):
    def test_no_journal_loses_output_but_no_container(self):
        c = self.container('seq 1 20000; seq 1 20000 >&2; exit 8', journal=1)
        c.receive('SUPERVISE_STARTED')
        self.assertEqual(c.receive('SUPERVISE_EXITED')['STATUS'], 8)

    def test_memory(self):
        c = self.container(['sleep', '1000'], journal=1)
        c.receive('SUPERVISE_STARTED')
        time.sleep(0.5)
        with open('/proc/%d/smaps_rollup' % c.process.pid, encoding='utf-8') as f:
            pss = [int(line.split()[1]) for line in f if line.startswith('Pss:')][0]
        if os.environ.get('CREEL_TEST_STATIC', '1') == '1':
            self.assertLessEqual(pss, 600)  # KiB; of one alone, sharing with nobody


if __name__ == '__main__':
    PROGRAM = os.path.realpath(sys.argv.pop(1))
    unittest.main(verbosity=1)
