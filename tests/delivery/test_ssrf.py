"""What callbacks must never reach: a listener on loopback is named in every way there is, and hears nothing."""
import pytest
from harness import running
from webhook_receiver import Receiver, attempted, delivery_of, in_state

SPELLINGS = ["127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0x7F.0x0.0x0.0x1", "017700000001", "0177.0.0.1", "0177.0.0.01", "0",
             "0.0.0.0", "127.255.255.254", "localhost", "LOCALHOST", "localhost.", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
             "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "%6c%6f%63alhost", "%31%32%37.0.0.1"]
ELSEWHERE = ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200",
             "10.0.0.1", "10.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257", "100.64.0.1", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "224.0.0.1",
             "255.255.255.255", "[ff02::1]"]
NO_URL = ["not a url", "ftp://127.0.0.1:{port}/", "gopher://127.0.0.1:{port}/", "file:///etc/passwd", "dict://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://",
          "http://:{port}/", "http://./", "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://ana:secret@127.0.0.1:{port}/", "http://example.com@127.0.0.1:{port}/",
          "http://127.0.0.1:{port}@example.com/", "https://MyExportJobStatus.com", "https://myexportjobstatus.com./"]


@pytest.fixture(scope="module")
def listener():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    from acme_world import ACME
    with running(tmp_path_factory.mktemp("closed"), catalogue=ACME, config="[delivery]\ntimeout = 2\n") as server:
        yield server


def start(server, url):
    answer = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": "acme", "callback_url": url})
    assert answer.status == 202, answer
    return answer.json()["id"]


@pytest.mark.quick
@pytest.mark.parametrize("host", SPELLINGS)
def test_loopback_is_refused_in_every_spelling(closed, listener, host):
    job = start(closed, f"http://{host}:{listener.port}/done")
    delivery = delivery_of(closed, job, lambda d: d["state"] == "refused" or d["attempts_made"] > 0)
    # What no resolver takes for an address is a name that does not resolve (now).
    assert delivery["state"] == "refused" or "does not resolve" in delivery["last_error"], delivery
    assert delivery["last_status"] is None and delivery["last_error"]
    if host not in ("127.0.0.1.", "localhost.", "%6c%6f%63alhost", "%31%32%37.0.0.1"):
        assert delivery["last_error"].endswith("is not public"), delivery
    assert listener.connections == 0


@pytest.mark.quick
@pytest.mark.parametrize("host", ELSEWHERE)
def test_private_link_local_and_metadata_addresses_are_refused(closed, host):
    delivery = delivery_of(closed, start(closed, f"http://{host}/latest/meta-data"), in_state("refused"))
    assert delivery["last_error"].endswith("is not public") and delivery["last_status"] is None and delivery["attempts_made"] == 1


@pytest.mark.quick
@pytest.mark.parametrize("url", NO_URL)
def test_what_is_no_plain_http_url_is_refused_at_once(closed, listener, url):
    delivery = delivery_of(closed, start(closed, url.format(port=listener.port)), in_state("refused"))
    assert delivery["attempts_made"] == 0 and delivery["last_error"] and "secret" not in str(delivery)
    assert closed.api("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 200
    again = delivery_of(closed, delivery["job"], attempted(1))
    assert again["state"] == "refused" and again["last_error"] == delivery["last_error"], "judged again, and as before"
    assert listener.connections == 0


@pytest.mark.quick
def test_an_opened_range_opens_nothing_else(folder, acme_catalogue):
    config = '[delivery]\nallowed_ranges = ["127.0.0.1/32"]\ntimeout = 2\n'
    with running(folder, catalogue=acme_catalogue, config=config) as server, Receiver() as opened, Receiver(address="127.0.0.2") as shut:
        assert delivery_of(server, start(server, opened.url), in_state("delivered"))
        assert delivery_of(server, start(server, f"http://0x7f.1:{opened.port}/done"), in_state("delivered")), "the same address"
        assert delivery_of(server, start(server, f"http://[::ffff:127.0.0.1]:{opened.port}/"), lambda d: d["attempts_made"] > 0)["state"] != "refused"
        assert delivery_of(server, start(server, shut.url), in_state("refused"))["last_error"] == "the address of 127.0.0.2 is not public"
        assert shut.connections == 0
