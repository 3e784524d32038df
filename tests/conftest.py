import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from acme_world import ACME  # noqa: E402
from harness import running  # noqa: E402

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
