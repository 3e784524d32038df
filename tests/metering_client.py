"""Clients of the Informatica metering export as they are in the wild (informatica.md, marks [C]), and the readers they read with."""
import csv
import io
import json
import re
import struct
import time
import urllib.request
import zipfile
import zlib
from datetime import datetime

from metering_world import AI_HEADER, ASSET_HEADER, DI_HEADER, PDO_HEADER, PROJECT_HEADER, SUMMARY_HEADER

# The columns that hold an instant or a day, and their one pattern (informatica.md section 7), by header.
JAVA, ISO, DAY = "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"
DATES = {SUMMARY_HEADER: (JAVA, ("Date", "BillingPeriodStartDate", "BillingPeriodEndDate")), PROJECT_HEADER: (ISO, ("Date",)), ASSET_HEADER: (ISO, ("Date",)),
         DI_HEADER: (JAVA, ("Start Time", "End Time", "Audit Time")), PDO_HEADER: (JAVA, ("Start Time", "End Time", "Audit Time")),
         AI_HEADER: (DAY, ("Date (in UTC)",))}
SHAPES = {JAVA: r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.(\d|\d{1,5}[1-9])", ISO: r"\d{4}-\d\d-\d\dT00:00:00Z", DAY: r"\d{4}-\d\d-\d\d"}
# Scales are least ones: a value that fits has exactly them, one with more digits ends with none that is needless.
DECIMALS = {SUMMARY_HEADER: {"MeterUsage": 10, "IPU": 12, "IPURate": 6}, PROJECT_HEADER: {"Consumption (IPUs)": 12},
            ASSET_HEADER: {"IPU Per Unit": 6, "Usage": 12, "Consumption (IPUs)": 12},
            AI_HEADER: {"Total Execution time (in hours)": 10, "Average Execution time (in seconds)": 5}}
DOUBLE = re.compile(r"-?(0\.0|\d{1,7}\.(\d|\d*[1-9])|[1-9]\.(\d|\d*[1-9])E-?[1-9]\d*)")


class Forward:
    """Bytes that can be read once, in small pieces."""

    def __init__(self, data, piece=11):
        self._left, self._at, self._piece = data, 0, piece

    def some(self):
        piece = self._left[self._at:self._at + self._piece]
        self._at += len(piece)
        return piece

    def exactly(self, size, before=b""):
        while len(before) < size:
            piece = self.some()
            assert piece, "the file ends too early"
            before += piece
        return before[:size], before[size:]


def forward_entries(data):
    """A ZIP's entries by its local headers and data descriptors alone; the central directory is not looked at."""
    source, rest = Forward(data), b""
    while True:
        signature, rest = source.exactly(4, rest)
        if signature != b"PK\x03\x04":
            assert signature in (b"PK\x01\x02", b"PK\x05\x06"), signature
            return
        head, rest = source.exactly(26, rest)
        _, flags, method, _, _, crc, packed, plain, name_size, extra_size = struct.unpack("<HHHHHIIIHH", head)
        assert flags & 0x08 and method == 8 and (crc, packed, plain) == (0, 0, 0), "sizes come after the data, which ends by itself"
        name, rest = source.exactly(name_size, rest)
        _, rest = source.exactly(extra_size, rest)
        inflate, content = zlib.decompressobj(-15), b""
        while not inflate.eof:
            content += inflate.decompress(rest or source.some())
            rest = b""
        (signature, crc, _, plain), rest = (lambda taken: (struct.unpack("<IIII", taken[0]), taken[1]))(source.exactly(16, inflate.unused_data))
        assert signature == 0x08074B50 and crc == zlib.crc32(content) and plain == len(content)
        yield name.decode(), content


def entries(data):
    """{name: bytes} of an export's ZIP, read in both ways."""
    streamed = dict(forward_entries(data))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {n: archive.read(n) for n in archive.namelist()} == streamed and archive.namelist() == list(streamed)
    return streamed


def strict_rows(content):
    """A CSV's rows, each cell held against section 7 by the file's header."""
    assert not content.startswith(b"\xef\xbb\xbf") and b"\r" not in content
    header = content.decode().split("\n")[0]
    assert header in DATES, header
    assert content.endswith(b"\n") == (len(content) > len(header)), "a final line end with rows, none without"
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    pattern, columns = DATES[header]
    for row in rows:
        assert len(row) == header.count(",") + 1 and None not in row and None not in row.values(), row
        for column in columns:
            if (text := row[column]) != "null":
                datetime.strptime(text, pattern)
                assert re.fullmatch(SHAPES[pattern], text), (column, text)
        for column, scale in DECIMALS.get(header, {}).items():
            assert row[column] == "null" or re.fullmatch(rf"-?\d+\.(\d{{{scale}}}|\d{{{scale},17}}[1-9])", row[column]), (column, row[column])
        for column in {"Metered Value", "Cores Used"} & set(row):
            assert row[column] == "null" or DOUBLE.fullmatch(row[column]), (column, row[column])
    return rows


class Sequential:
    """One session of plain HTTP: log in, post, poll, download, log out, as a script does it. `version`: of the log-in."""

    def __init__(self, server, user="admin", password=None, version=3):
        from harness import ADMIN_PASSWORD
        self.session = self.base = None
        body = {"username": user, "password": password or ADMIN_PASSWORD}
        if version == 3:
            answer = self.send("POST", server.url + "/saas/public/core/v3/login", body)
            self.base = [p for p in answer["products"] if p["name"] == "Integration Cloud"][0]["baseApiUrl"]
            self.session = answer["userInfo"]["sessionId"]
        else:
            answer = self.send("POST", server.url + "/ma/api/v2/user/login", {"@type": "login", **body})
            self.base, self.session = answer["serverUrl"], answer["icSessionId"]
        self.metering = self.base + "/public/core/v3/license/metering/"

    def send(self, method, url, body=None, raw=False, **headers):
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), method=method)
        for name, value in {"Accept": "application/json", "Content-Type": "application/json", **headers}.items():
            request.add_header(name, value)
        if self.session:
            request.add_header("INFA-SESSION-ID", self.session)
        with urllib.request.urlopen(request, timeout=120) as answer:
            assert answer.status == 200
            return answer.read() if raw else json.loads(answer.read())

    def post(self, resource="ExportMeteringData", **fields):
        return self.send("POST", self.metering + resource, fields)

    def poll(self, job_id, seconds_max=60):
        end = time.monotonic() + seconds_max
        while (job := self.send("GET", f"{self.metering}ExportMeteringData/{job_id}"))["status"] in ("CREATED", "PROCESSING"):
            assert time.monotonic() < end, job
            time.sleep(0.05)
        return job

    def download(self, job_id, **headers):
        return self.send("GET", f"{self.metering}ExportMeteringData/{job_id}/download", raw=True, **headers)

    def export(self, resource="ExportMeteringData", **fields):
        """{entry name: checked rows} of a job from its POST to its download."""
        made = self.post(resource, **fields)
        for name in ("startDate", "endDate", "createTime", "updateTime"):
            datetime.strptime(made[name], ISO)
        job = self.poll(made["jobId"])
        assert job["status"] == "SUCCESS", job
        return {name: strict_rows(content) for name, content in entries(self.download(job["jobId"])).items()}

    def log_out(self):
        assert self.send("POST", self.base + "/public/core/v3/logout", {}) == {}
