"""What ./run does once the server is built: the main job on real data, and the commands that it prints to go on with."""
import json
import os
import signal
import subprocess
import sys

import pytest
from harness import BINARY, ROOT


@pytest.mark.docs
@pytest.mark.quick
def test_the_first_run_prints_figures_and_commands_that_work(folder):
    run = subprocess.Popen([sys.executable, str(ROOT / "scripts/first_run.py"), "--data", str(folder / "data")], stdout=subprocess.PIPE, text=True,
                           env={**os.environ, "METERPORT_BINARY": str(BINARY)})
    try:
        said = []
        for line in run.stdout:
            said.append(line.strip())
            if line.startswith("serving"):
                break
        assert any(line.startswith("999 stored") or ": 1,000 rows: 999 stored" in line for line in said), said
        post, export = [line for line in said if line.startswith("curl ")]
        stored = json.loads(subprocess.run(post, shell=True, stdout=subprocess.PIPE, check=True).stdout)
        assert stored["stored"] == 1, stored
        job = json.loads(subprocess.run(export, shell=True, stdout=subprocess.PIPE, check=True).stdout)
        assert job["kind"] == "summary" and job["state"] in ("CREATED", "PROCESSING", "SUCCESS"), job
    finally:
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == 0
