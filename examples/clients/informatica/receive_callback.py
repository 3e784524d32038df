#!/usr/bin/env python3
"""Receives one callback of a finished export job, verifies its signature, prints the body.

    python3 receive_callback.py --secret whsec_... --url-file url.txt

The URL to give as callbackUrl is written to the file (or printed). With `--public-key whpk_...` the asymmetric signature
is verified too, by the openssl command. Exit code 1: a signature is missing, wrong, or older than five minutes.

The signature is that of Standard Webhooks: over `<webhook-id>.<webhook-timestamp>.<body>`. Only the standard library.
"""
import argparse
import base64
import hashlib
import hmac
import http.server
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS_OLD_MAX = 300
# What stands before the 32 bytes of an Ed25519 key in a public key file (RFC 8410).
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


class BadSignature(Exception):
    pass


def signed_bytes(headers, body: bytes) -> bytes:
    """What the sender signed; refuses what is too old to be fresh."""
    id_, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp", "")
    if not id_ or not timestamp.isdigit():
        raise BadSignature("webhook-id or webhook-timestamp is missing")
    if abs(time.time() - int(timestamp)) > SECONDS_OLD_MAX:
        raise BadSignature("it was signed more than five minutes ago")
    return f"{id_}.{timestamp}.".encode() + body


def signatures(headers, scheme: str) -> list[bytes]:
    """Those of a scheme; the header may hold several, with blanks between."""
    entries = [entry.partition(",") for entry in headers.get("webhook-signature", "").split()]
    try:
        return [base64.b64decode(text, validate=True) for name, _, text in entries if name == scheme]
    except ValueError as error:
        raise BadSignature(f"a {scheme} signature is no base64") from error


def verify_v1(headers, body: bytes, secret: str) -> None:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    right = hmac.new(key, signed_bytes(headers, body), hashlib.sha256).digest()
    if not any(hmac.compare_digest(right, given) for given in signatures(headers, "v1")):
        raise BadSignature("no v1 signature fits")


def verify_v1a(headers, body: bytes, public_key: str) -> None:
    message = signed_bytes(headers, body)
    with tempfile.TemporaryDirectory() as folder:
        key_file, message_file, signature_file = (Path(folder) / name for name in ("key", "message", "signature"))
        key_file.write_bytes(ED25519_PREFIX + base64.b64decode(public_key.removeprefix("whpk_")))
        message_file.write_bytes(message)
        for given in signatures(headers, "v1a"):
            signature_file.write_bytes(given)
            command = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", key_file, "-in", message_file, "-sigfile", signature_file]
            if subprocess.run(command, capture_output=True).returncode == 0:
                return
    raise BadSignature("no v1a signature fits")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            verify_v1(self.headers, body, self.server.options.secret)
            if self.server.options.public_key:
                verify_v1a(self.headers, body, self.server.options.public_key)
            print(body.decode(), flush=True)
            self.server.is_good = True
        except BadSignature as error:
            print(f"refused: {error}", file=sys.stderr)
            self.server.is_good = False
        self.send_response(204 if self.server.is_good else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description="Receive one callback and verify its signature.")
    parser.add_argument("--secret", required=True, help="whsec_..., from meterport deliveries keys")
    parser.add_argument("--public-key", help="whpk_..., from the same")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--url-file", help="file to write the URL to")
    options = parser.parse_args()
    with http.server.HTTPServer(("127.0.0.1", options.port), Handler) as server:
        server.options = options
        url = f"http://127.0.0.1:{server.server_port}/finished"
        if options.url_file:
            Path(options.url_file).write_text(url + "\n")
        else:
            print(url, flush=True)
        server.handle_request()
        return 0 if server.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
