# SPDX-License-Identifier: LGPL-2.1-or-later
"""A registry out of memory that does what a test says: stalls at a byte, lies, breaks off. Real ones are in registry.py."""

import http.server
import re
import socket
import threading

from ociwriter import sha256

WAIT_SEC = 60


class Stall:
    """A transfer that stands still. at: it has got there; go(): it goes on."""

    def __init__(self, after_bytes):
        self.after_bytes = after_bytes
        self.at = threading.Event()
        self._go = threading.Event()

    def wait(self, timeout=WAIT_SEC):
        assert self.at.wait(timeout), "the client did not come to the place where the registry stalls"

    def go(self):
        self._go.set()

    def hold(self):
        self.at.set()
        self._go.wait(WAIT_SEC)


class ScriptedRegistry:
    """serve(image, name) offers an Image or Index. stall(digest, n) stops behind n bytes of a blob; answer(pattern, ...)
    replaces answers to the paths that @pattern is found in; cut(digest, n) breaks the connection off."""

    def __init__(self):
        self.manifests = {}
        self.blobs = {}
        self.stalls = {}
        self.cuts = {}
        self.answers = []
        self.requests = []
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry._handle(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.host = f"127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self):
        for stall in self.stalls.values():
            stall.go()
        self._http.shutdown()
        self._http.server_close()

    def serve(self, image, name):
        repository, _, tag = name.partition(":")
        for blob in image.blobs():
            self.blobs[sha256(blob)] = blob
        for each in [*image.children(), image]:
            self.manifests[repository, each.digest] = (each.manifest, each.media_type)
        self.manifests[repository, tag or "latest"] = (image.manifest, image.media_type)
        return f"{self.host}/{name}"

    def stall(self, digest, after_bytes):
        self.stalls[digest] = Stall(after_bytes)
        return self.stalls[digest]

    def cut(self, digest, after_bytes):
        self.cuts[digest] = after_bytes

    def answer(self, pattern, status=200, body=b"", headers=None):
        self.answers.append((pattern, status, body, headers or {}))

    def _handle(self, handler):
        self.requests.append(f"{handler.command} {handler.path}")
        for pattern, status, body, headers in self.answers:
            if re.search(pattern, handler.path):
                return self._send(handler, status, body, headers)
        found = re.match(r"/v2/(.+)/(manifests|blobs)/([^/?]+)", handler.path)
        if handler.path.rstrip("/") == "/v2":
            return self._send(handler, 200, b"{}", {"Content-Type": "application/json"})
        if found and found[2] == "manifests" and (found[1], found[3]) in self.manifests:
            body, media_type = self.manifests[found[1], found[3]]
            return self._send(handler, 200, body, {"Content-Type": media_type, "Docker-Content-Digest": sha256(body)})
        if found and found[2] == "blobs" and found[3] in self.blobs:
            return self._send_blob(handler, found[3])
        return self._send(handler, 404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}', {})

    @staticmethod
    def _send(handler, status, body, headers):
        handler.send_response(status)
        for key, value in headers.items():
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)
        return None

    def _send_blob(self, handler, digest):
        data = self.blobs[digest]
        handler.send_response(200)
        handler.send_header("Content-Type", "application/octet-stream")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        stall, start = self.stalls.get(digest), 0
        try:
            if stall:
                handler.wfile.write(data[: stall.after_bytes])
                handler.wfile.flush()
                stall.hold()
                start = stall.after_bytes
            end = self.cuts.get(digest)
            handler.wfile.write(data[start:end])
            if end is not None:
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True
