"""docs/reference/seeds.md has a row for each field, status, header, parameter and rule; a row without a test fails."""
import re

import pytest
from harness import ROOT

PAGE = ROOT / "docs/reference/seeds.md"


@pytest.mark.quick
def test_every_row_names_a_test_that_exists():
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in PAGE.read_text().splitlines() if line.startswith("| ") and "---" not in line]
    rows = [r for r in rows if r[0] != "what the page says"]
    assert len(rows) > 40
    for row in rows:
        named = re.findall(r"`([\w/]+\.(?:py|cpp))::(\w+)`", row[-1])
        assert named, f"no test: {row}"
        for file, function in named:
            path = ROOT / ("tests/" + file if file.endswith(".py") else file)
            form = f"def {function}(" if file.endswith(".py") else f", {function})"
            assert form in path.read_text(), f"{file}::{function} does not exist"
