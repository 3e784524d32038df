"""A real mail server for tests (tests/smtp_sink.js over the npm package smtp-server) and the mails it got."""
import base64
import email
import email.policy
import json
import subprocess
import threading
import time

from harness import ROOT

class Mail:
    """One accepted mail: envelope and message."""

    def __init__(self, told):
        self.sender, self.to, self.user, self.secure = told["from"], told["to"], told["user"], told["secure"]
        self.raw = base64.b64decode(told["raw"])
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)

    def part(self, kind):
        """The text of its "plain" or "html" part."""
        [part] = [p for p in self.message.walk() if p.get_content_type() == f"text/{kind}"]
        return part.get_content()


class SmtpSink:
    """Listens from the start to close(); see smtp_sink.js for the options."""

    def __init__(self, **options):
        self.mails, self.refusals = [], []
        self.process = subprocess.Popen(["node", str(ROOT / "tests/smtp_sink.js"), json.dumps({k: str(v) if k in ("key", "certificate") else v
                                                                                              for k, v in options.items()})],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line, "the mail server did not start; `scripts/setup test` installs it"
        self.port = json.loads(line)["port"]
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            if "mail" in told:
                self.mails.append(Mail(told["mail"]))
            else:
                self.refusals.append(told["refused"])

    def url(self, scheme="smtp", host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}"

    def wait(self, count=1, seconds_max=20):
        """The mails, once there are so many."""
        end = time.monotonic() + seconds_max
        while len(self.mails) < count:
            assert time.monotonic() < end, f"{len(self.mails)} of {count} mails came"
            time.sleep(0.02)
        return self.mails

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
        self.process.wait(timeout=20)
        self.reader.join()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def make_certificate(folder, host="localhost", address="127.0.0.1"):
    """(key file, certificate file), self-made for that host."""
    key, certificate = folder / f"{host}.key.pem", folder / f"{host}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out", str(certificate),
                    "-days", "2", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host},IP:{address}"], check=True, capture_output=True)
    return key, certificate
