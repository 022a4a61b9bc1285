# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real docker-registry on a free loopback port, and a small client that puts images into it."""

import base64
import http.client
import json
import re
import shutil
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from ociwriter import sha256
from tokens import TokenServer

START_TIMEOUT_SEC = 30


class Registry:
    """Started by start(), ended by stop(). With @tls it has a certificate of its own CA (self.ca_file) for localhost,
    127.0.0.1 and ::1; with @users ({name: password}) it asks for basic authentication, and with @tokens as well for tokens
    of a server of its own (self.tokens, see tokens.py)."""

    def __init__(self, tls=False, users=None, tokens=False, address="127.0.0.1", port=0):
        self.tls = tls
        self.tokens = None
        self._wants_tokens = tokens
        self.users = dict(users or {})
        self.address = address
        self.port = port
        self.dir = None
        self.ca_file = None
        self.lines = []
        self._process = None
        self._listening = threading.Event()

    @property
    def host(self):
        """host:port, as it stands in image references."""
        return f"{'localhost' if self.tls else self.address}:{self.port}"

    def reference(self, name):
        return f"{self.host}/{name}"

    def start(self):
        self.dir = Path(tempfile.mkdtemp(prefix="registry-"))
        config = {
            "version": 0.1,
            "log": {"level": "info", "accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(self.dir / "data")}, "delete": {"enabled": True}},
            "http": {"addr": f"{self.address}:{self.port}", "secret": "lab"},
        }
        if self.tls:
            make_certificates(self.dir)
            self.ca_file = self.dir / "ca.crt"
            config["http"]["tls"] = {"certificate": str(self.dir / "server.crt"), "key": str(self.dir / "server.key")}
        if self._wants_tokens:
            self.tokens = TokenServer(self.dir, self.users)
            config["auth"] = self.tokens.config()
        elif self.users:
            for name, password in self.users.items():
                create = [] if (self.dir / "htpasswd").exists() else ["-c"]
                subprocess.run(
                    ["htpasswd", "-B", "-b", *create, str(self.dir / "htpasswd"), name, password],
                    check=True,
                    capture_output=True,
                )
            config["auth"] = {"htpasswd": {"realm": "lab", "path": str(self.dir / "htpasswd")}}
        # JSON is YAML.
        (self.dir / "config.yml").write_text(json.dumps(config))

        self._process = subprocess.Popen(
            ["docker-registry", "serve", str(self.dir / "config.yml")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read_log, daemon=True).start()
        if not self._listening.wait(START_TIMEOUT_SEC) or self.port == 0:
            log = "\n".join(self.lines)
            self.stop()
            raise RuntimeError(f"docker-registry did not start listening:\n{log}")
        return self

    def _read_log(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            found = re.search(r"listening on \S*:(\d+)", line)
            if found:
                self.port = int(found[1])
                self._listening.set()
        self._listening.set()

    def stop(self):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self.tokens:
            self.tokens.stop()
            self.tokens = None
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def requests(self, pattern=""):
        """The access log's lines that match @pattern, such as 'GET .*/blobs/'."""
        return [line for line in self.lines if re.search(r'"(GET|HEAD|PUT|POST|PATCH|DELETE) ', line) and re.search(pattern, line)]

    # The client

    def request(self, method, path, body=None, headers=None, user=None):
        """Returns (status, headers, body). @user defaults to the first of the registry's users."""
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60)
        else:
            connection = http.client.HTTPConnection(self.address, self.port, timeout=60)
        headers = dict(headers or {})
        user = user or next(iter(self.users), None)
        if self.tokens:
            repository = re.match(r"/v2/(.+?)/(?:blobs|manifests|tags)/", path)
            access = [{"type": "repository", "name": repository[1], "actions": ["pull", "push", "delete"]}] if repository else []
            headers["Authorization"] = f"Bearer {self.tokens.mint(access)}"
        elif user:
            token = base64.b64encode(f"{user}:{self.users[user]}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def push(self, image, name):
        """Puts an Image or Index of ociwriter in; @name is "repo", "repo:tag" or "repo@digest". Returns the full reference."""
        repository, _, tag = name.partition(":") if "@" not in name else name.partition("@")
        for blob in image.blobs():
            self.push_blob(repository, blob)
        for child in image.children():
            self.push_manifest(repository, child.digest, child.manifest, child.media_type)
        self.push_manifest(repository, tag or "latest", image.manifest, image.media_type)
        return self.reference(name)

    def push_blob(self, repository, data):
        digest = sha256(data)
        if self.request("HEAD", f"/v2/{repository}/blobs/{digest}")[0] == 200:
            return
        status, headers, body = self.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
        expect(status, 202, body)
        where = urlsplit(headers["Location"])
        query = "&".join(filter(None, [where.query, urlencode({"digest": digest})]))
        status, _, body = self.request(
            "PUT", f"{where.path}?{query}", body=data, headers={"Content-Type": "application/octet-stream"}
        )
        expect(status, 201, body)

    def push_manifest(self, repository, tag, data, media_type):
        status, _, body = self.request("PUT", f"/v2/{repository}/manifests/{tag}", body=data, headers={"Content-Type": media_type})
        expect(status, 201, body)

    def blob_file(self, digest):
        """Where the registry keeps a blob, for tests that damage one."""
        algorithm, _, value = digest.partition(":")
        return self.dir / "data/docker/registry/v2/blobs" / algorithm / value[:2] / value / "data"


def expect(status, wanted, body):
    if status != wanted:
        raise RuntimeError(f"registry answered {status} instead of {wanted}: {body.decode(errors='replace')}")


def make_certificates(directory):
    """A CA (ca.crt) and a server's certificate and key signed by it."""
    (directory / "extensions").write_text(
        "subjectAltName=DNS:localhost,DNS:registry.test,IP:127.0.0.1,IP:::1\n"
        "keyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth\n"
        "authorityKeyIdentifier=keyid\n"
    )
    ca_use = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for argv in (
        ["req", "-x509", *key, *ca_use, "-subj", "/CN=Lab CA", "-days", "3650", "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
        + ["-days", "3650", "-extfile", "extensions", "-out", "server.crt"],
    ):
        subprocess.run(["openssl", *argv], cwd=directory, check=True, capture_output=True)
