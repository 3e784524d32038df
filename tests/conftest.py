import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from acme_world import ACME  # noqa: E402
from harness import running  # noqa: E402


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that passed leaves nothing behind: each data directory holds a preallocated segment of 64 MiB."""
    report = (yield).get_result()
    item.has_failed = getattr(item, "has_failed", False) or report.failed
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.when == "teardown" and folder and not item.has_failed:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def acme_catalogue():
    return ACME


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def server(tmp_path):
    """A fresh server on the Acme catalogue."""
    with running(tmp_path, catalogue=ACME) as s:
        yield s


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server on the Acme catalogue for all tests of a file that do not disturb each other."""
    with running(tmp_path_factory.mktemp("shared"), catalogue=ACME) as s:
        yield s
