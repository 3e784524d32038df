#!/usr/bin/env python3
"""A 10 MB request over the NetSuite wire (about 150,000 usages, a tenth of them bad): answered, settled, its status read.

    scripts/build release && bench/operations.py [--requests 5] [--bytes 10000000]

Prints medians and the memory that streaming the status cost. The client (signing, Python) runs on the same cores.
"""
import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("tests", "tests/durability"):
    sys.path.insert(0, str(ROOT / folder))
from harness import Memory, running  # noqa: E402
from netsuite_client import NetSuite, await_operation, totals  # noqa: E402
from netsuite_world import CATALOGUE  # noqa: E402
from test_operations import Request  # noqa: E402


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--requests", type=int, default=5)
    options.add_argument("--bytes", type=int, default=10_000_000)
    arguments = options.parse_args()
    request = Request(arguments.bytes, seed=7)
    answered, settled, read, growth = [], [], [], []
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), catalogue=CATALOGUE) as server:
        client = NetSuite(server)
        for _ in range(arguments.requests):
            begin = time.monotonic()
            number = client.send(request.body).json()["requestId"]
            answered.append(time.monotonic() - begin)
            await_operation(server, number)
            settled.append(time.monotonic() - begin)
            totals(server)  # waits until it is loaded, so that the loader's memory is not taken for the answer's
            memory, begin = Memory(server), time.monotonic()
            answer = client.ask(number)
            read.append(time.monotonic() - begin)
            growth.append(memory.peak_growth())
    print(f"{len(request.items)} usages, {len(request.body)} bytes, {len(request.expected_failures)} of them bad")
    print(f"answered after {statistics.median(answered):.2f} s, settled after {statistics.median(settled):.2f} s "
          f"({len(request.items) / statistics.median(settled):,.0f} usages/s)")
    print(f"status of {len(answer.body)} bytes read in {statistics.median(read):.2f} s, memory grew by at most {max(growth) / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
