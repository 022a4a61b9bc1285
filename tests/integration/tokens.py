# SPDX-License-Identifier: LGPL-2.1-or-later
"""A token server for registries that ask for "Bearer" authentication, as Docker Hub and most others do.

Distribution specification, "token authentication": the registry answers 401 with the server's address and the scope that
is missing; the client asks here, with or without a password, and comes back with a signed token.
"""

import base64
import http.server
import json
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SERVICE = "lab-registry"
ISSUER = "lab-tokens"


class TokenServer:
    """Anybody may pull what starts with "public/"; users may do everything. @lifetime_sec is that of each token;
    self.requests holds (user or None, scopes) of every request that was answered."""

    def __init__(self, directory, users, lifetime_sec=300):
        self.dir = Path(directory)
        self.users = users
        self.lifetime_sec = lifetime_sec
        self.requests = []
        argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={ISSUER}", "-days", "3650"]
        subprocess.run(
            [*argv, "-keyout", self.dir / "token.key", "-out", self.dir / "token.crt"], check=True, capture_output=True
        )
        pem = (self.dir / "token.crt").read_text().splitlines()
        self._certificate = "".join(line for line in pem if not line.startswith("-----"))
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                pass

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.realm = f"http://127.0.0.1:{self._http.server_address[1]}/token"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self):
        self._http.shutdown()
        self._http.server_close()

    def config(self):
        """The "auth" part of the registry's configuration."""
        bundle = str(self.dir / "token.crt")
        return {"token": {"realm": self.realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": bundle}}

    def answer(self, handler):
        user = None
        given = handler.headers.get("Authorization", "")
        if given.startswith("Basic "):
            user, _, password = base64.b64decode(given[6:]).decode().partition(":")
            if self.users.get(user) != password:
                handler.send_response(401)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
        scopes = parse_qs(urlsplit(handler.path).query).get("scope", [])
        self.requests.append((user, scopes))
        token = self.mint([self._grant(user, *scope.split(":")) for scope in scopes])
        body = json.dumps({"token": token, "access_token": token, "expires_in": self.lifetime_sec}).encode()
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    @staticmethod
    def _grant(user, kind, name, actions):
        wanted = actions.split(",")
        allowed = wanted if user else [a for a in wanted if a == "pull" and name.startswith("public/")]
        return {"type": kind, "name": name, "actions": allowed}

    def mint(self, access):
        """A token (RFC 7519) that the registry accepts for @access."""
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [self._certificate]}
        claims = {"iss": ISSUER, "sub": "lab", "aud": SERVICE, "jti": str(time.time_ns()), "access": access}
        claims |= {"iat": now, "nbf": now - 10, "exp": now + self.lifetime_sec}
        signed = b".".join(encode_part(json.dumps(part).encode()) for part in (header, claims))
        argv = ["openssl", "dgst", "-sha256", "-sign", self.dir / "token.key"]
        signature = subprocess.run(argv, input=signed, check=True, stdout=subprocess.PIPE).stdout
        return (signed + b"." + encode_part(signature)).decode()


def encode_part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")
