#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives the real creel-pull as creeld would, against a registry of its own with faults.

usage: pull-harness.py CREEL-PULL MESSAGE-HEADER [CASE...]
"""

import base64
import concurrent.futures
import contextlib
import gzip
import hashlib
import http.server
import json
import os
import re
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

PROGRAM = None
OCI_INDEX = 'application/vnd.oci.image.index.v1+json'
OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
OCI_CONFIG = 'application/vnd.oci.image.config.v1+json'
OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar'
DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json'
DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'
TIMEOUT = 20
MIB = 1024 * 1024


# The messages of src/proto/message.h; the numbers are read from there.

def read_enum(text, name):
    body = re.search(r'typedef enum %s \{(.*?)\} %s;' % (name, name), text, re.S).group(1)
    body = re.sub(r'/\*.*?\*/', '', body, flags=re.S)
    return {word.strip(): i for i, word in enumerate(w for w in body.split(',') if w.strip())}


class Protocol:
    def __init__(self, header):
        with open(header, encoding='utf-8') as f:
            text = f.read()
        self.types = read_enum(text, 'MessageType')
        self.fields = read_enum(text, 'MessageField')
        self.type_names = {v: k.removeprefix('MESSAGE_') for k, v in self.types.items()}
        self.field_names = {v: k.removeprefix('FIELD_') for k, v in self.fields.items()}
        self.first_number = self.fields['FIELD_INDEX']
        self.first_fd = self.fields['FIELD_STAGING']

    def encode(self, kind, **fields):
        fds, body = [], b''
        for name, value in fields.items():
            key = self.fields['FIELD_' + name]
            if key < self.first_number:
                data = value.encode()
            elif key < self.first_fd:
                data = struct.pack('<Q', value)
            else:
                data = struct.pack('<I', len(fds))
                fds.append(value)
            body += struct.pack('<HHI', key, 0, len(data)) + data
        return struct.pack('<IHH', 0x314c5243, self.types['MESSAGE_' + kind], len(fields)) + body, fds

    def decode(self, data, fds):
        magic, kind, n = struct.unpack_from('<IHH', data)
        assert magic == 0x314c5243
        at, result = 8, {'type': self.type_names[kind]}
        for _ in range(n):
            key, _zero, length = struct.unpack_from('<HHI', data, at)
            value = data[at + 8:at + 8 + length]
            at += 8 + length
            if key < self.first_number:
                value = value.decode()
            elif key < self.first_fd:
                value = struct.unpack('<Q', value)[0]
            else:
                value = fds[struct.unpack('<I', value)[0]]
            result[self.field_names[key]] = value
        assert at == len(data)
        return result


PROTOCOL = None


# A registry with faults

def sha256(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        registry = self.server.registry
        with registry.lock:
            registry.requests.append((self.command, self.path, dict(self.headers)))
            registry.active += 1
            registry.most_active = max(registry.most_active, registry.active)
        try:
            if not (registry.fault and registry.fault(self)):
                self.serve(registry)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with registry.lock:
                registry.active -= 1

    def answer(self, status, body=b'', headers=None, length=None):
        self.send_response(status)
        for key, value in (headers or {}).items():
            for v in value if isinstance(value, list) else [value]:
                self.send_header(key, v)
        self.send_header('Content-Length', str(len(body) if length is None else length))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def error(self, status, code, message, headers=None):
        self.answer(status, json.dumps({'errors': [{'code': code, 'message': message}]}).encode(), headers)

    def drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def serve(self, registry):
        kind, _, which = self.path.rpartition('/')
        if kind.endswith('/manifests') and which in registry.manifests:
            media_type, body = registry.manifests[which]
            self.answer(200, body, {'Content-Type': media_type, 'Docker-Content-Digest': sha256(body)})
        elif kind.endswith('/manifests'):
            self.error(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
        elif which in registry.blobs:
            body = registry.blobs[which]
            wanted = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range', ''))
            if wanted:
                start = int(wanted.group(1))
                self.answer(206, body[start:], {'Content-Range': f'bytes {start}-{len(body) - 1}/{len(body)}'})
            else:
                self.answer(200, body)
        else:
            self.error(404, 'BLOB_UNKNOWN', 'blob unknown to registry')


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


class Registry:
    def __init__(self, tls=None):
        self.manifests, self.blobs, self.requests = {}, {}, []
        self.fault, self.lock = None, threading.Lock()
        self.active = self.most_active = 0
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.registry = self
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.host = f'127.0.0.1:{self.port}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()

    def add_blob(self, data):
        self.blobs[sha256(data)] = data
        return sha256(data)

    def add_manifest(self, media_type, document, tag=None):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        for name in {sha256(body), tag} - {None}:
            self.manifests[name] = (media_type, body)
        return {'mediaType': media_type, 'digest': sha256(body), 'size': len(body)}

    def add_image(self, layers, tag=None, architecture='amd64', docker=False, types=None, config=None,
                  n_diff_ids=None, sizes=None):
        """@layers: contents as transferred; gzip by default."""
        n_diff_ids = len(layers) if n_diff_ids is None else n_diff_ids
        types = types or [DOCKER_LAYER if docker else OCI_LAYER + '+gzip'] * len(layers)
        sizes = sizes or [len(data) for data in layers]
        config = config or {'os': 'linux', 'architecture': architecture, 'config': {'Cmd': ['/bin/sh'], 'Env': ['A=b']},
                            'rootfs': {'type': 'layers', 'diff_ids': [sha256(b'd%d' % i) for i in range(n_diff_ids)]}}
        body = json.dumps(config).encode()
        document = {
            'schemaVersion': 2,
            'mediaType': DOCKER_MANIFEST if docker else OCI_MANIFEST,
            'config': {'mediaType': DOCKER_CONFIG if docker else OCI_CONFIG, 'digest': self.add_blob(body),
                       'size': len(body)},
            'layers': [{'mediaType': types[i], 'digest': self.add_blob(data), 'size': sizes[i]}
                       for i, data in enumerate(layers)],
        }
        return self.add_manifest(DOCKER_MANIFEST if docker else OCI_MANIFEST, document, tag)

    def add_index(self, entries, tag=None, docker=False):
        media_type = DOCKER_LIST if docker else OCI_INDEX
        return self.add_manifest(media_type, {'schemaVersion': 2, 'mediaType': media_type, 'manifests': entries}, tag)

    def paths(self, method='GET'):
        with self.lock:
            return [p for m, p, _ in self.requests if m == method]


# The creeld side

class Pull:
    def __init__(self, reference, platform='linux/amd64', plain=True, ca=None, credentials=None, known=None):
        self.staging = tempfile.mkdtemp(prefix='creel-pull-')
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = mine
        environment = dict(os.environ, ASAN_OPTIONS='detect_leaks=0', CREEL_LOG_LEVEL='info')

        def place():
            os.dup2(theirs.fileno(), 3)
            os.set_inheritable(3, True)

        self.process = subprocess.Popen([PROGRAM], preexec_fn=place, close_fds=False, env=environment,
                                        stdin=subprocess.DEVNULL)
        theirs.close()
        self.backlog, self.layers, self.progress = [], [], []
        fields = {'REFERENCE': reference, 'PLATFORM': platform}
        if known:
            fields['KNOWN_DIGEST'] = known
        if plain:
            fields['PLAIN_HTTP'] = 1
        opened = [os.open(self.staging, os.O_RDONLY | os.O_DIRECTORY)]
        fields['STAGING'] = opened[0]
        for name, data in (('CA', ca), ('CREDENTIALS', credentials)):
            if data is not None:
                fd = os.memfd_create(name)
                os.write(fd, data)
                opened.append(fd)
                fields[name] = fd
        self.send('PULL_START', **fields)
        for fd in opened:
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.socket.close()
        try:
            self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            shutil.rmtree(self.staging)

    def send(self, kind, **fields):
        data, fds = PROTOCOL.encode(kind, **fields)
        socket.send_fds(self.socket, [data], fds)

    def receive_any(self, timeout=TIMEOUT):
        self.socket.settimeout(timeout)
        data, fds, _, _ = socket.recv_fds(self.socket, 65536, 16)
        return PROTOCOL.decode(data, fds) if data else None

    def receive(self, kind, timeout=TIMEOUT):
        """The next message but for progress; it must be of this kind."""
        while True:
            m = self.receive_any(timeout)
            if m and m['type'] == 'PULL_PROGRESS':
                self.progress.append(m)
                continue
            assert m, f'the worker went away instead of sending {kind}, status {self.process.wait(TIMEOUT)}'
            assert m['type'] == kind, f'{m} instead of {kind}'
            return m

    def resolve(self):
        m = self.receive('PULL_RESOLVED')
        self.digest = m['DIGEST']
        self.record = None
        if 'RECORD' in m:
            with os.fdopen(m['RECORD']) as f:
                self.record = json.load(f)
        self.layers = [self.receive('PULL_LAYER') for _ in range(m['COUNT'])]
        assert [m['INDEX'] for m in self.layers] == list(range(len(self.layers)))
        return m

    def fetch(self, index):
        reader, writer = os.pipe()
        self.send('PULL_FETCH', INDEX=index, OUTPUT=writer)
        os.close(writer)
        return reader

    def fetch_all(self, indexes=None, timeout=TIMEOUT):
        """Contents by index, read at once from all pipes."""
        pipes = {self.fetch(i): i for i in (range(len(self.layers)) if indexes is None else indexes)}
        content = {i: b'' for i in pipes.values()}
        while pipes:
            ready, _, _ = select.select([*pipes, self.socket], [], [], timeout)
            assert ready, 'nothing happens'
            for fd in ready:
                if fd is self.socket:
                    m = self.receive_any()
                    assert m and m['type'] in ('PULL_PROGRESS', 'PULL_FETCHED'), m
                    (self.progress if m['type'] == 'PULL_PROGRESS' else self.backlog).append(m)
                    continue
                data = os.read(fd, MIB)
                if data:
                    content[pipes[fd]] += data
                else:
                    os.close(fd)
                    del pipes[fd]
        return content

    def fetched(self, n):
        """Waits until @n layers are reported complete."""
        while len(self.backlog) < n:
            self.backlog.append(self.receive('PULL_FETCHED'))
        return sorted(m['INDEX'] for m in self.backlog)

    def finish(self):
        """Closes the socket; the worker must leave quietly."""
        self.socket.close()
        status = self.process.wait(TIMEOUT)
        assert status == 0, f'exit status {status}'

    def failure(self, error, *parts):
        m = None
        while not m or m['type'] in ('PULL_PROGRESS', 'PULL_FETCHED', 'PULL_LAYER', 'PULL_RESOLVED'):
            m = self.receive_any()
            assert m, f'no failure was sent, status {self.process.wait(TIMEOUT)}'
        assert m['type'] == 'FAILED', m
        assert m['ERROR'] == error, m
        for part in parts:
            assert part in m['TEXT'], f'{part!r} not in {m["TEXT"]!r}'
        assert m['TEXT'].isprintable(), m
        assert self.process.wait(TIMEOUT) == 1
        if os.environ.get('PULL_HARNESS_VERBOSE'):
            print('  ', m['ERROR'], m['TEXT'])
        return m['TEXT']


def pulls(registry, name='team/app:1', **kwargs):
    return Pull(f'{registry.host}/{name}', **kwargs)


def refuses(registry, error, *parts, **kwargs):
    with pulls(registry, **kwargs) as p:
        return p.failure(error, *parts)


def noise(n, seed=1):
    return b''.join(hashlib.sha256(b'%d-%d' % (seed, i)).digest() for i in range(n // 32 + 1))[:n]


# Cases: the way it should go

def case_plain_image():
    layers = [gzip.compress(b'base'), b'plain tar', b'zstd']
    with Registry() as r:
        top = r.add_image(layers, '1', types=[OCI_LAYER + '+gzip', OCI_LAYER, OCI_LAYER + '+zstd'])
        with pulls(r) as p:
            p.resolve()
            assert p.digest == top['digest']
            assert [m['COMPRESSION'] for m in p.layers] == ['gzip', 'none', 'zstd']
            assert [m['BYTES'] for m in p.layers] == [len(x) for x in layers]
            assert [m['DIFF_ID'] for m in p.layers] == [sha256(b'd%d' % i) for i in range(3)]
            assert p.record['manifestDigest'] == top['digest'] and 'indexDigest' not in p.record
            assert sorted(os.listdir(p.staging)) == sorted(d.replace(':', '-') for d in p.record['blobs'])
            for d in p.record['blobs']:
                path = os.path.join(p.staging, d.replace(':', '-'))
                with open(path, 'rb') as f:
                    assert sha256(f.read()) == d
                assert os.stat(path).st_mode & 0o777 == 0o644
            assert p.fetch_all() == dict(enumerate(layers))
            assert p.fetched(3) == [0, 1, 2]
            for _ in range(2):
                p.send('PULL_SYNC')
                p.receive('PULL_SYNCED')
            p.finish()


def case_nothing_but_metadata():
    with Registry() as r:
        r.add_image([], '1')
        with pulls(r) as p:
            assert p.resolve()['COUNT'] == 0
            assert p.record['layers'] == []
            p.send('PULL_SYNC')
            p.receive('PULL_SYNCED')
            p.finish()


def case_index_and_platforms():
    with Registry() as r:
        entries = []
        for os_name, architecture, variant, layer in (
                ('unknown', 'unknown', None, b'attestation'), ('windows', 'amd64', None, b'windows'),
                ('linux', 'arm', 'v6', b'arm6'), ('linux', 'arm', 'v7', b'arm7'), ('linux', 'amd64', None, b'amd64'),
                ('linux', 'arm64', 'v8', b'arm64')):
            d = r.add_image([layer], architecture=architecture)
            d['platform'] = {'os': os_name, 'architecture': architecture, **({'variant': variant} if variant else {})}
            entries.append(d)
        top = r.add_index(entries, '1')
        for platform, layer in (('linux/amd64', b'amd64'), ('linux/arm64', b'arm64'), ('linux/arm/v7', b'arm7'),
                                ('linux/arm/v6', b'arm6')):
            with pulls(r, platform=platform) as p:
                p.resolve()
                assert p.digest == top['digest'] == p.record['indexDigest']
                assert len(p.record['blobs']) == 3
                assert p.fetch_all() == {0: layer}, platform
                p.finish()
        refuses(r, 'NoSuchImage', 'linux/riscv64', 'linux/arm64/v8', platform='linux/riscv64')


def case_nested_indexes():
    with Registry() as r:
        d = r.add_image([b'deep'])
        for depth in range(6):
            d['platform'] = {'os': 'linux', 'architecture': 'amd64'}
            d = r.add_index([d], f'deep{depth + 1}')
        with pulls(r, 'team/app:deep4') as p:
            p.resolve()
            assert len(p.record['blobs']) == 6
            p.finish()
        refuses(r, 'LimitsExceeded', 'nested', name='team/app:deep5')


def case_docker_schema2():
    with Registry() as r:
        d = r.add_image([b'x', b'y'], docker=True)
        d['platform'] = {'os': 'linux', 'architecture': 'amd64'}
        r.add_index([d], '1', docker=True)
        with pulls(r) as p:
            p.resolve()
            assert p.record['manifestMediaType'] == DOCKER_MANIFEST
            assert p.fetch_all([1]) == {1: b'y'}
            assert p.fetch_all([0]) == {0: b'x'}
            p.finish()


def case_by_digest():
    with Registry() as r:
        d = r.add_image([b'x'])
        with pulls(r, f'team/app@{d["digest"]}') as p:
            p.resolve()
            assert p.digest == d['digest']
            p.finish()


def case_unchanged():
    with Registry() as r:
        d = r.add_image([b'x'], '1')
        with pulls(r, known=d['digest']) as p:
            m = p.resolve()
            assert m['COUNT'] == 0 and 'RECORD' not in m and p.digest == d['digest']
            p.finish()
        assert r.paths() == [] and len(r.paths('HEAD')) == 1
        with pulls(r, known=sha256(b'old')) as p:
            assert p.resolve()['COUNT'] == 1
            p.finish()


def case_many_layers_few_connections():
    layers = [noise(100000, i) for i in range(20)]
    with Registry() as r:
        r.add_image(layers, '1')
        with pulls(r) as p:
            p.resolve()
            r.fault = lambda h: time.sleep(0.02)
            assert p.fetch_all() == dict(enumerate(layers))
            assert p.fetched(20) == list(range(20))
            p.finish()
        assert r.most_active <= 6, r.most_active


def case_full_pipe_holds_up_nobody_else():
    big, small = noise(8 * MIB, 1), noise(4 * MIB, 2)
    with Registry() as r:
        r.add_image([big, small], '1')
        with pulls(r) as p:
            p.resolve()
            slow = p.fetch(0)
            assert p.fetch_all([1]) == {1: small}
            content = b''
            while data := os.read(slow, 65536):
                content += data
            os.close(slow)
            assert content == big
            assert p.fetched(2) == [0, 1]
            p.finish()


def case_reader_goes_away():
    with Registry() as r:
        r.add_image([noise(8 * MIB, 1), b'other'], '1')
        with pulls(r) as p:
            p.resolve()
            fd = p.fetch(0)
            os.read(fd, 1)
            os.close(fd)
            assert p.fetch_all([1]) == {1: b'other'}
            assert p.fetched(1) == [1]
            p.send('PULL_SYNC')
            p.receive('PULL_SYNCED')
            p.finish()


def case_cancel_midway():
    with Registry() as r:
        r.add_image([noise(8 * MIB)], '1')
        with pulls(r) as p:
            p.resolve()
            fd = p.fetch(0)
            os.read(fd, 1)
            p.finish()
            os.close(fd)


def case_progress_is_bounded():
    data = noise(6 * MIB)
    with Registry() as r:
        r.add_image([data], '1')
        with pulls(r) as p:
            p.resolve()
            start = time.monotonic()
            assert p.fetch_all() == {0: data}
            p.fetched(1)
            assert 1 <= len(p.progress) <= 2 + (time.monotonic() - start) * 10
            values = [m['BYTES'] for m in p.progress]
            assert values == sorted(values) and values[-1] <= len(data)
            p.finish()


def case_rights_are_gone():
    with Registry() as r:
        r.add_image([b'x'], '1')
        with pulls(r) as p:
            p.resolve()
            with open(f'/proc/{p.process.pid}/status', encoding='ascii') as f:
                status = dict(line.rstrip('\n').split(':\t', 1) for line in f)
            assert int(status['CapEff'], 16) == int(status['CapPrm'], 16) == 0, status
            assert status['NoNewPrivs'] == '1'
            if os.geteuid() == 0:
                assert int(status['CapBnd'], 16) == 0
                assert os.stat(f'/proc/{p.process.pid}/ns/mnt').st_ino != os.stat('/proc/self/ns/mnt').st_ino
            p.finish()


# Cases: logging in

def challenge(h, value):
    h.error(401, 'UNAUTHORIZED', 'no', {'WWW-Authenticate': value})
    return True


AUTH = base64.b64encode(b'anna:secret').decode()


def bearer(registry, tokens, need_login=False):
    """A fault that lets only these tokens pass."""
    def fault(h):
        if h.path.startswith('/token?'):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(h.path).query)
            assert query['service'] == ['the registry'] and query['scope'] == ['repository:team/app:pull'], query
            if need_login and h.headers.get('Authorization') != 'Basic ' + AUTH:
                h.error(401, 'UNAUTHORIZED', 'who are you')
            else:
                tokens.append(f'token{len(tokens)}')
                h.answer(200, json.dumps({'access_token' if len(tokens) % 2 else 'token': tokens[-1]}).encode())
            return True
        if tokens and h.headers.get('Authorization') == 'Bearer ' + tokens[-1]:
            return False
        h.error(401, 'UNAUTHORIZED', 'no', {'WWW-Authenticate': [
            'Negotiate', f'Basic realm="x", Bearer realm="http://{registry.host}/token",service="the registry", '
                         'scope="repository:team/app:pull"']})
        return True
    return fault


def credentials(key, auth=AUTH):
    return json.dumps({'auths': {'elsewhere:1': {'auth': 'eDp5'}, key: {'auth': auth}}}).encode()


def case_bearer_anonymous_and_expiry():
    with Registry() as r:
        tokens = []
        r.add_image([b'x', b'y'], '1')
        r.fault = bearer(r, tokens)
        with pulls(r) as p:
            p.resolve()
            assert p.fetch_all([0]) == {0: b'x'}
            tokens.append('expired')
            assert p.fetch_all([1]) == {1: b'y'}
            assert len(tokens) == 3
            p.finish()


def case_bearer_with_credentials():
    with Registry() as r:
        r.add_image([b'x'], '1')
        r.fault = bearer(r, [], need_login=True)
        with pulls(r, credentials=credentials(r.host)) as p:
            p.resolve()
            assert p.fetch_all() == {0: b'x'}
            p.finish()
        with pulls(r, credentials=credentials(f'{r.host}/team')) as p:
            p.resolve()
            p.finish()
        refuses(r, 'AuthenticationRequired', r.host, 'asks for a login')
        refuses(r, 'AuthenticationRequired', 'anna', credentials=credentials(r.host, 'YW5uYTp3cm9uZw=='))
        refuses(r, 'InvalidArgument', 'auth.json', credentials=b'{"auths": []}')


def case_basic():
    with Registry() as r:
        r.add_image([b'x'], '1')

        def fault(h):
            if h.headers.get('Authorization') == 'Basic ' + AUTH:
                return False
            h.error(401, 'UNAUTHORIZED', 'no', {'WWW-Authenticate': 'Basic realm="Registry"'})
            return True
        r.fault = fault
        with pulls(r, credentials=credentials('http://' + r.host + '/v1/')) as p:
            p.resolve()
            assert p.fetch_all() == {0: b'x'}
            p.finish()
        refuses(r, 'AuthenticationRequired', 'asks for a login')
        refuses(r, 'AuthenticationRequired', 'bert', credentials=credentials(r.host, 'YmVydDp4'))


def case_denied_and_strange_challenges():
    with Registry() as r:
        r.fault = lambda h: h.error(403, 'DENIED', 'requested \x1b[31maccess\r\nis denied') or True
        refuses(r, 'AuthenticationRequired', 'denies access', 'denied: requested  [31maccess  is denied')
        r.fault = lambda h: challenge(h, 'Negotiate')
        refuses(r, 'AuthenticationRequired', 'not supported')
        r.fault = lambda h: challenge(h, 'Bearer realm="file:///etc/passwd"')
        refuses(r, 'Registry', 'no address')
        r.fault = lambda h: (h.answer(200, b'{"token": "a\\r\\nX: y"}') if h.path.startswith('/token') else
                             challenge(h, f'Bearer realm="http://{r.host}/token"')) or True
        refuses(r, 'Registry', 'without a token')


def case_redirect_keeps_the_login_at_home():
    with Registry() as r, Registry() as cdn:
        cdn.blobs = r.blobs
        r.add_image([b'x' * 1000], '1')
        check = bearer(r, [])

        def fault(h):
            if check(h):
                return True
            if '/blobs/' in h.path:
                h.answer(307, b'', {'Location': f'http://{cdn.host}{h.path}?signature=abc'})
                return True
            return False
        r.fault = fault

        def strip(h):
            h.path = h.path.partition('?')[0]
        cdn.fault = strip
        with pulls(r) as p:
            p.resolve()
            assert p.fetch_all() == {0: b'x' * 1000}
            p.finish()
        assert len(cdn.requests) == 2
        assert all('Authorization' not in headers for _, _, headers in cdn.requests)
        # A challenge from there must not be answered with our login.
        cdn.fault = lambda h: challenge(h, 'Basic realm="x"')
        refuses(r, 'Registry', 'redirects to a server that refuses', credentials=credentials(r.host))
        assert all('Authorization' not in headers for _, _, headers in cdn.requests)


# Cases: broken transfers

def case_cut_off_and_resumed():
    data = noise(3 * MIB)
    for ignore_range in (False, True):
        with Registry() as r:
            r.add_image([data], '1')
            cuts = [100000, 2 * MIB]

            def fault(h):
                if ignore_range and 'Range' in h.headers:
                    del h.headers['Range']
                if '/blobs/' not in h.path or not h.path.endswith(sha256(data)) or not cuts:
                    return False
                start = int(h.headers.get('Range', 'bytes=0-')[6:-1])
                end = cuts.pop(0)
                if start:
                    h.answer(206, data[start:end], {'Content-Range': f'bytes {start}-{len(data) - 1}/{len(data)}'},
                             len(data) - start)
                else:
                    h.answer(200, data[:end], length=len(data))
                h.drop()
                return True
            r.fault = fault
            with pulls(r) as p:
                p.resolve()
                assert p.fetch_all() == {0: data}
                assert p.fetched(1) == [0]
                p.finish()
            assert len([h for _, path, h in r.requests if path.endswith(sha256(data))]) == 3


def case_cut_off_for_good():
    data = noise(50000)
    with Registry() as r:
        r.add_image([data], '1', sizes=[len(data) + 5])
        with pulls(r) as p:
            p.resolve()
            p.fetch(0)
            p.failure('Registry', 'announces 50000 bytes where the manifest says 50005')

        def fault(h):
            if not h.path.endswith(sha256(data)):
                return False
            h.answer(200, data[:10000], length=len(data) + 5)
            h.drop()
            return True
        r.fault = fault
        with pulls(r) as p:
            p.resolve()
            p.fetch(0)
            p.failure('Registry', 'only 10000 of 50005 bytes', sha256(data))


def case_wrong_range():
    data = noise(50000)
    with Registry() as r:
        r.add_image([data], '1')

        def fault(h):
            if not h.path.endswith(sha256(data)):
                return False
            if 'Range' in h.headers:
                h.answer(206, data[7:], {'Content-Range': 'bytes 7-49999/50000'})
            else:
                h.answer(200, data[:10000], length=len(data))
                h.drop()
            return True
        r.fault = fault
        with pulls(r) as p:
            p.resolve()
            p.fetch(0)
            p.failure('Registry', 'another range')


def chunked_forever(h):
    h.send_response(200)
    h.send_header('Transfer-Encoding', 'chunked')
    h.end_headers()
    while True:
        h.wfile.write(b'10000\r\n' + bytes(65536) + b'\r\n')


def case_endless_bodies():
    data = noise(50000)
    with Registry() as r:
        r.add_image([data], '1')
        r.fault = lambda h: h.path.endswith(sha256(data)) and (chunked_forever(h) or True)
        with pulls(r) as p:
            p.resolve()
            p.fetch(0)
            p.failure('Registry', 'more than the 50000 bytes')
        r.fault = lambda h: chunked_forever(h) or True
        refuses(r, 'Registry', 'larger than')


def case_busy():
    with Registry() as r:
        r.add_image([b'x'], '1')
        busy = {'/v2/team/app/manifests/1': 2, '/v2/team/app/blobs/' + sha256(b'x'): 2}

        def fault(h):
            if not busy.get(h.path):
                return False
            busy[h.path] -= 1
            h.error(429 if busy[h.path] else 503, 'TOOMANYREQUESTS', 'slow down', {'Retry-After': '0'})
            return True
        r.fault = fault
        with pulls(r) as p:
            p.resolve()
            assert p.fetch_all() == {0: b'x'}
            p.finish()
        assert not any(busy.values())
        r.fault = lambda h: h.error(429, 'TOOMANYREQUESTS', 'You have reached your limit',
                                    {'Retry-After': '3600'}) or True
        refuses(r, 'Registry', 'You have reached your limit', 'try again later')


def case_cancel_while_waiting():
    with Registry() as r:
        r.fault = lambda h: h.error(429, 'TOOMANYREQUESTS', 'slow down', {'Retry-After': '60'}) or True
        with pulls(r) as p:
            while not r.paths():
                time.sleep(0.01)
            p.finish()


def case_layer_is_gone():
    with Registry() as r:
        r.add_image([b'x', b'y'], '1')
        del r.blobs[sha256(b'y')]
        with pulls(r) as p:
            p.resolve()
            p.fetch(1)
            p.failure('Registry', sha256(b'y'), '404', 'blob unknown', 'push it again')


# Cases: what cannot be used

def case_nobody_there():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        host = f'127.0.0.1:{s.getsockname()[1]}'
        with Pull(f'{host}/app:1') as p:
            p.failure('Network', host, 'connection refused', 'is it running?')
    with Pull('registry.invalid/app:1') as p:
        p.failure('Network', 'registry.invalid', 'does not resolve')


def case_no_such_image():
    with Registry() as r:
        refuses(r, 'NoSuchImage', f'{r.host}/team/app:1', 'manifest unknown', 'check the name and the tag')


def case_no_registry():
    with Registry() as r:
        r.fault = lambda h: h.answer(200, b'<html>Welcome</html>', {'Content-Type': 'text/html'}) or True
        refuses(r, 'Registry', 'not a JSON document')
        r.fault = lambda h: h.answer(418, b'{"errors": 5}') or True
        refuses(r, 'Registry', 'status 418')
        r.fault = lambda h: h.answer(302, b'', {'Location': h.path}) or True
        refuses(r, 'Registry', 'redirects without end')
        r.fault = lambda h: h.answer(302, b'', {'Location': 'file:///etc/passwd'}) or True
        refuses(r, 'Security', 'not https')
    with socket.create_server(('127.0.0.1', 0)) as s:
        def serve():
            for _ in range(1):
                c, _ = s.accept()
                c.recv(65536)
                c.sendall(b'SSH-2.0-OpenSSH_9.2\r\n')
                c.close()
        threading.Thread(target=serve, daemon=True).start()
        with Pull(f'127.0.0.1:{s.getsockname()[1]}/app:1') as p:
            p.failure('Registry', 'does not speak HTTP')


def case_wrong_digests():
    with Registry() as r:
        r.add_image([b'x'], '1')
        other = r.add_image([b'y'])
        wanted = sha256(b'something else')
        r.manifests[wanted] = r.manifests[other['digest']]
        text = refuses(r, 'Registry', wanted, other['digest'], name=f'team/app@{wanted}')
        assert 'wrong manifest' in text

        media_type, body = r.manifests['1']
        headers = {'Content-Type': media_type, 'Docker-Content-Digest': wanted}
        r.fault = lambda h: '/manifests/' in h.path and (h.answer(200, body, headers) or True)
        refuses(r, 'Registry', wanted, 'wrong manifest')
        r.fault = None
        config = json.loads(body)['config']['digest']
        r.blobs[config] = b'{}'
        refuses(r, 'Registry', config, sha256(b'{}'), 'wrong configuration')


def case_documents_of_other_kinds():
    with Registry() as r:
        r.add_manifest('application/vnd.docker.distribution.manifest.v1+prettyjws',
                       {'schemaVersion': 1, 'name': 'x', 'fsLayers': []}, '1')
        refuses(r, 'Registry', 'schema 1')
        chart = {'mediaType': 'application/vnd.cncf.helm.config.v1+json', 'digest': sha256(b''), 'size': 0}
        r.add_manifest(OCI_MANIFEST, {'schemaVersion': 2, 'config': chart, 'layers': []}, '1')
        refuses(r, 'Registry', 'artifact')
        r.add_manifest(OCI_INDEX, {'schemaVersion': 2, 'manifests': [], 'layers': []}, '1')
        refuses(r, 'Registry', 'at once')
        r.add_image([b'x'], '1', types=[OCI_LAYER + '+gzip+encrypted'])
        refuses(r, 'Registry', '+encrypted', sha256(b'x'))
        r.add_image([b'x', b'y'], '1', n_diff_ids=1)
        refuses(r, 'Registry', 'lists 1 layers, its manifest 2')
        r.add_image([b'x'], '1', architecture='s390x')
        refuses(r, 'NoSuchImage', 'linux/s390x', 'linux/amd64')
        r.add_image([b'x'], '1', config={'os': 'linux'})
        refuses(r, 'Registry', 'configuration', 'malformed')


def case_bad_arguments():
    with Pull('Not A Reference') as p:
        p.failure('InvalidArgument', "'Not A Reference' is no image reference", 'lower-case')
    with Pull('localhost:1/app:1', platform='linux') as p:
        p.failure('InvalidArgument', 'linux/amd64')
    with Pull('localhost:1/app:1', known='sha256:12') as p:
        p.failure('InvalidArgument', 'known digest')
    with Registry() as r:
        r.add_image([b'x'], '1')
        with pulls(r) as p:
            p.resolve()
            p.fetch(1)
            p.failure('System', 'layer 1')


# TLS

def case_tls():
    openssl = shutil.which('openssl')
    if not openssl:
        return 'no openssl to make a certificate with'
    with tempfile.TemporaryDirectory() as d:
        subprocess.run([openssl, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', f'{d}/key', '-out', f'{d}/crt', '-days', '2', '-subj', '/CN=test', '-addext',
                        'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f'{d}/crt', f'{d}/key')
        with open(f'{d}/crt', 'rb') as f:
            ca = f.read()
    with Registry(context) as r, Registry() as plain:
        r.add_image([b'x'], '1')
        with pulls(r, plain=False, ca=ca) as p:
            p.resolve()
            assert p.fetch_all() == {0: b'x'}
            p.finish()
        refuses(r, 'Security', 'not trusted', plain=False)
        refuses(plain, 'Network', 'TLS handshake', plain=False)
        r.fault = lambda h: h.answer(302, b'', {'Location': f'http://{plain.host}{h.path}'}) or True
        refuses(r, 'Security', 'not https', plain=False, ca=ca)
        r.fault = lambda h: challenge(h, f'Bearer realm="http://{plain.host}/token"')
        refuses(r, 'Security', 'plain HTTP', plain=False, ca=ca)
        assert plain.requests == []
    return None


def run(name):
    start = time.monotonic()
    try:
        skipped = globals()[name]()
    except Exception:
        return name, 'FAILED', time.monotonic() - start, traceback.format_exc()
    return name, 'skipped' if skipped else 'ok', time.monotonic() - start, skipped or ''


def main():
    global PROGRAM, PROTOCOL
    PROGRAM, header, *cases = sys.argv[1:]
    PROTOCOL = Protocol(header)
    cases = ['case_' + c for c in cases] or [name for name in globals() if name.startswith('case_')]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for name, result, seconds, detail in pool.map(run, cases):
            print(f'{result:8} {seconds:6.2f}s {name.removeprefix("case_")}', flush=True)
            if detail:
                print(detail, flush=True)
            failed += result == 'FAILED'
    print(f'{len(cases) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
