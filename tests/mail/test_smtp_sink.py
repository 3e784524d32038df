"""The tests' own mail server does what the other tests rely on (a client of Python's stands in for Meterport)."""
import smtplib
import ssl

import pytest
from smtp_sink import SmtpSink, make_certificate

pytestmark = pytest.mark.quick
TEXT = "From: <a@acme.example>\r\nTo: <b@acme.example>\r\nSubject: x\r\n\r\nhello\r\n.\r\n"


def send(sink, **options):
    with smtplib.SMTP("localhost", sink.port, timeout=10) as client:
        if "context" in options:
            client.starttls(context=options["context"])
        if "user" in options:
            client.login(options["user"], options["password"])
        client.sendmail("a@acme.example", ["b@acme.example"], TEXT)


def test_a_mail_is_kept_with_its_envelope():
    with SmtpSink() as sink:
        send(sink)
        [mail] = sink.wait()
    assert (mail.sender, mail.to, mail.secure) == ("a@acme.example", ["b@acme.example"], False)
    assert mail.message["Subject"] == "x" and mail.raw == TEXT.encode()


def test_refusals_come_as_told():
    with SmtpSink(busy=2) as sink:
        for _ in range(2):
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                send(sink)
            assert refused.value.recipients["b@acme.example"][0] == 451
        send(sink)
        sink.wait()
    with SmtpSink(refuse=550) as sink, pytest.raises(smtplib.SMTPRecipientsRefused):
        send(sink)


def test_tls_and_log_in(folder):
    key, certificate = make_certificate(folder)
    with SmtpSink(key=key, certificate=certificate, user="meterport", password="s3cret") as sink:
        context = ssl.create_default_context(cafile=certificate)
        with pytest.raises(smtplib.SMTPSenderRefused):
            send(sink, context=context)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            send(sink, context=context, user="meterport", password="wrong")
        with pytest.raises(ssl.SSLCertVerificationError):
            send(sink, context=ssl.create_default_context())
        send(sink, context=context, user="meterport", password="s3cret")
        [mail] = sink.wait()
    assert mail.secure and mail.user == "meterport"
    with SmtpSink(key=key, certificate=certificate, implicit=True) as sink:
        with smtplib.SMTP_SSL("localhost", sink.port, context=context, timeout=10) as client:
            client.sendmail("a@acme.example", ["b@acme.example"], TEXT)
        sink.wait()
