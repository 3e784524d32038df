import pytest
from harness import running
from linked_world import CATALOGUE, Both
from regions_world import linked, without_regions


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """Three linked regions, and one server that holds all of it: what the three must say together."""
    folder = tmp_path_factory.mktemp("linked")
    (folder / "one").mkdir()
    with linked(folder, CATALOGUE, ("eu", "us", "ap"), "[exports]\nheal_time = 60\n") as world, running(folder / "one", catalogue=without_regions(CATALOGUE)) as one:
        yield Both(world, one)


@pytest.fixture
def well(both):
    """The same, all regions up and seen at the beginning."""
    both.world.all_well()
    return both
