"""A receiver of callbacks on loopback that answers, or misbehaves, as a test says; what the tests of deliveries share."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import socket
import struct
import threading
import time

from ed25519 import verifies

OPENED = '[delivery]\nallowed_ranges = ["127.0.0.1/32", "127.0.0.2/32"]\ntimeout = 2\n'


class Call:
    def __init__(self, path, headers, body):
        self.path, self.body = path, body
        self.headers = {name.lower(): value for name, value in headers.items()}


class Receiver:
    """Answers in order, the last one for ever: a status, (status, {header: value}), or a function of the request handler."""

    def __init__(self, *answers, address="127.0.0.1"):
        self.answers, self.calls, self.connections = list(answers or [204]), [], 0
        self.changed, self.closing = threading.Condition(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = outer.arrived(Call(self.path, self.headers, body))
                with contextlib.suppress(OSError):  # a client that gave up
                    self.answer(answer)

            def answer(self, answer):
                if callable(answer):
                    self.close_connection = True
                    return answer(self)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def process_request(self, request, client_address):
                outer.connections += 1
                super().process_request(request, client_address)

            def handle_error(self, *_):  # resets are the point of some tests
                pass

        self.server = Server((address, 0), Handler)
        self.server.receiver = self
        self.port = self.server.server_port
        self.url = f"http://{address}:{self.port}/done"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def arrived(self, call):
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def wait(self, count=1, seconds_max=30):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, seconds_max), f"{len(self.calls)} calls, {count} expected"
            return self.calls[count - 1]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def stall(handler):
    """Never answers."""
    handler.server.receiver.closing.wait(60)


def trickle_headers(handler):
    """A header line that goes on and on, a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.receiver.closing.wait(0.05):
        handler.wfile.write(b"x")


def endless_body(status):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 %d Whatever\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while not handler.server.receiver.closing.is_set():
            handler.wfile.write(chunk)
    return answer


def reset(handler):
    """Ends the connection with a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler):
    """Ends the connection in the middle of the status line."""
    handler.wfile.write(b"HTTP/1.1 20")


def deliveries(server, key=None, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = server.api("GET", f"/v1/deliveries?page_size=1000&{query}", key=key)
    assert answer.status == 200, answer
    return answer.json()["deliveries"]


def delivery_of(server, job, until=lambda d: True, seconds_max=30, key=None):
    """The only delivery of the job, once it is as `until` says."""
    end = time.monotonic() + seconds_max
    while True:
        found = deliveries(server, key, job=job)
        assert len(found) <= 1, found
        if found and until(found[0]):
            return found[0]
        assert time.monotonic() < end, found
        time.sleep(0.02)


def attempted(count):
    return lambda d: d["attempts_made"] >= count


def in_state(state):
    return lambda d: d["state"] == state


def signatures(call):
    return dict(part.split(",", 1) for part in call.headers["webhook-signature"].split(" "))


def check_signatures(call, keys):
    """Both signatures verify as Standard Webhooks says, computed here."""
    content = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
    found = signatures(call)
    assert sorted(found) == ["v1", "v1a"], call.headers
    secret = base64.b64decode(keys["secret"].removeprefix("whsec_"), validate=True)
    public_key = base64.b64decode(keys["public_key"].removeprefix("whpk_"), validate=True)
    assert len(secret) == len(public_key) == 32
    assert base64.b64decode(found["v1"], validate=True) == hmac.new(secret, content, hashlib.sha256).digest()
    signature = base64.b64decode(found["v1a"], validate=True)
    assert verifies(public_key, signature, content) and not verifies(public_key, signature, content + b" ")
