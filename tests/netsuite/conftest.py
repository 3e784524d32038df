import pytest
from harness import running
from netsuite_client import NetSuite
from netsuite_world import CATALOGUE


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One server on the NetSuite world for all tests of a file that do not disturb each other."""
    with running(tmp_path_factory.mktemp("netsuite"), catalogue=CATALOGUE) as server:
        yield server


@pytest.fixture
def fresh(tmp_path):
    """A server of the test's own on the NetSuite world."""
    with running(tmp_path, catalogue=CATALOGUE) as server:
        yield server


@pytest.fixture(scope="module")
def client(world):
    """A token of account 1234567_SB1."""
    return NetSuite(world)


@pytest.fixture(scope="module")
def other(world):
    """A token of account 7654321."""
    return NetSuite(world, account="7654321", org="other")
