"""Every command in README and docs is run: the `sh` blocks of a page, in order, as one script in a folder of its own that
looks like the repository."""
import os
import re
import socket
import subprocess

import pytest
from harness import BINARY, ROOT

PAGES = sorted(str(p.relative_to(ROOT)) for p in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"] if "```sh\n" in p.read_text())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.mark.docs
@pytest.mark.parametrize("page", PAGES)
def test_commands_of(page, tmp_path):
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / page).read_text(), re.S)
    script = "\n".join(blocks).replace("8080", str(free_port()))
    for name in ("examples", "docs", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "run").write_text("#!/bin/sh\n[ \"$1\" = --build-only ]\n")  # the build is this test's own
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "build/release").mkdir(parents=True)
    (tmp_path / "build/release/bin").symlink_to(BINARY.parent)
    # Job control, so that a page may write `&`, `%1` and `wait`; what is left running dies with the script.
    full = "set -eum -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + script
    done = subprocess.run(["bash", "-c", full], cwd=tmp_path, capture_output=True, text=True, timeout=300, env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0, f"{page}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.quick
def test_every_link_of_the_documents_leads_somewhere():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    broken = [f"{page.relative_to(ROOT)}: {target}" for page in pages for target in re.findall(r"\]\(([^)#\s]+)", page.read_text())
              if "://" not in target and not (page.parent / target).exists()]
    assert not broken, broken


@pytest.mark.quick
def test_every_test_that_a_page_names_is_there():
    broken = []
    for page in ROOT.glob("docs/**/*.md"):
        for file, name in re.findall(r"`([\w/.:]+\.py)::(\w+)", page.read_text()):
            path = ROOT / "tests" / file
            if not path.is_file() or not re.search(rf"^ *def {name}\(", path.read_text(), re.M):
                broken.append(f"{page.relative_to(ROOT)}: {file}::{name}")
    assert not broken, broken
