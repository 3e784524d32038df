"""A region in Python: signs calls and answers as docs/formats/region-calls.md has it, and can do it wrong in any way a test wants."""
import base64
import contextlib
import hashlib
import http.server
import json
import secrets
import threading
import time

import ed25519
from harness import Answer

CALL = '("@method" "@path" "@query" "content-digest" "meterport-from" "meterport-to")'
ANSWER = '("@status" "content-length" "content-digest" "signature";req;key="call")'


def base64_of(data):
    return base64.b64encode(data).decode()


def digest_of(body):
    return f"sha-256=:{base64_of(hashlib.sha256(body).digest())}:"


class Key:
    def __init__(self, seed):
        self.seed = hashlib.sha256(seed.encode()).digest()
        self.public = ed25519.public_key(self.seed)
        self.text = "ed25519:" + base64.urlsafe_b64encode(self.public).decode().rstrip("=")

    def sign(self, text):
        return base64_of(ed25519.sign(self.seed, text.encode()))


def key_bytes(text):
    return base64.urlsafe_b64decode(text.removeprefix("ed25519:") + "=")


class Call:
    """One signed call, before it is sent: what is signed and what is sent can be changed apart."""

    def __init__(self, key, source, target, method, path, body=b"", created=None, nonce=None):
        self.method, self.path, self.body = method, path, body if isinstance(body, bytes) else json.dumps(body).encode()
        route, _, query = path.partition("?")
        created = int(time.time()) if created is None else created
        parameters = f'{CALL};created={created};nonce="{nonce or secrets.token_hex(16)}";keyid="{key.text}";alg="ed25519"'
        base = (f'"@method": {method}\n"@path": {route}\n"@query": ?{query}\n"content-digest": {digest_of(self.body)}\n'
                f'"meterport-from": {source}\n"meterport-to": {target}\n"@signature-params": {parameters}')
        self.signature = key.sign(base)
        self.headers = {"Content-Digest": digest_of(self.body), "Meterport-From": source, "Meterport-To": target, "Signature-Input": f"call={parameters}",
                        "Signature": f"call=:{self.signature}:"}

    def send(self, server):
        return server.call(self.method, self.path, self.body or None, self.headers)


def is_signed_answer(answer, call, key_text):
    """True when the answer is that key's, to that call, and whole."""
    headers, [name, _, parameters] = answer.headers, answer.headers["signature-input"].partition("=")
    base = (f'"@status": {answer.status}\n"content-length": {headers["content-length"]}\n"content-digest": {headers["content-digest"]}\n'
            f'"signature";req;key="call": :{call.signature}:\n"@signature-params": {parameters}')
    signature = base64.b64decode(headers["signature"].removeprefix("answer=:").removesuffix(":"))
    return (name == "answer" and parameters.startswith(ANSWER + ";created=") and parameters.endswith(f';keyid="{key_text}";alg="ed25519"')
            and headers["content-digest"] == digest_of(answer.body) and ed25519.verifies(key_bytes(key_text), signature, base.encode()))


def answer_headers(key, call_signature, status, body, digest=None, length=None):
    parameters = f'{ANSWER};created={int(time.time())};keyid="{key.text}";alg="ed25519"'
    digest, length = digest or digest_of(body), len(body) if length is None else length
    base = (f'"@status": {status}\n"content-length": {length}\n"content-digest": {digest}\n"signature";req;key="call": :{call_signature}:\n'
            f'"@signature-params": {parameters}')
    return {"Content-Length": str(length), "Content-Digest": digest, "Signature-Input": f"answer={parameters}", "Signature": f"answer=:{key.sign(base)}:"}


class FakeRegion:
    """An HTTP server that other regions call. `answers` maps a path to a function of the request that gives (status, body) or a raw bytes answer."""

    def __init__(self, name, key):
        self.name, self.key, self.calls, self.answers = name, key, [], {}
        region = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                region.calls.append((self.command, self.path, dict(self.headers), body))
                region.answer(self, body)
            do_GET = do_POST = do

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def ping(self, **changed):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return json.dumps({"name": self.name, "version": "9.9", "now": now, "catalogue_position": 1, "more": "of a newer version", **changed}).encode()

    def answer(self, handler, body):
        path = handler.path.partition("?")[0]
        signature = handler.headers["Signature"].removeprefix("call=:").removesuffix(":")
        standard = {"/peer/v1/ping": self.ping(), "/peer/v1/catalogue": b'{"position":1,"file":null}'}
        made = self.answers.get(path, lambda *_: (200, standard.get(path, b"{}")))(handler, signature)
        if made is None:
            return
        status, content, *headers = made
        headers = headers[0] if headers else answer_headers(self.key, signature, status, content)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        # A caller that has seen enough closes the connection.
        with contextlib.suppress(OSError):
            handler.wfile.write(content)


__all__ = ["Answer", "Call", "FakeRegion", "Key", "answer_headers", "digest_of", "is_signed_answer"]
