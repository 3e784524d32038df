#!/usr/bin/env python3
"""Runs clang-tidy-19 with the enforced list over src/ and bench/, two at a time, skipping files whose preprocessed
dependencies passed before (by content hash, kept in .cache/tidy)."""
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/tidy"


def dependencies(ninja_deps: str) -> dict:
    """object -> project files it was built from, as ninja recorded them."""
    found, current = {}, None
    for line in ninja_deps.splitlines():
        if line and not line.startswith(" "):
            current = line.split(":")[0]
            found[current] = []
        elif line.strip() and current and str(ROOT) in os.path.realpath(os.path.join(BUILD, line.strip())):
            found[current].append(os.path.realpath(os.path.join(BUILD, line.strip())))
    return found


def main() -> int:
    global BUILD
    BUILD = Path(sys.argv[1]).resolve()
    CACHE.mkdir(parents=True, exist_ok=True)
    commands = [c for c in json.loads((BUILD / "compile_commands.json").read_text())
                if "/src/" in c["file"] and not c["file"].endswith("_test.cpp") and "/generated/" not in c["file"]]
    deps = dependencies(subprocess.run(["ninja", "-C", str(BUILD), "-t", "deps"], capture_output=True, text=True).stdout)
    config = (ROOT / ".clang-tidy").read_bytes()

    def check(command):
        digest = hashlib.sha256(config + command["command"].encode())
        for name in sorted(deps.get(re.search(r" -o (\S+)", command["command"])[1], [command["file"]])):
            digest.update(Path(name).read_bytes())
        mark = CACHE / digest.hexdigest()
        if mark.exists():
            return ""
        done = subprocess.run(["clang-tidy-19", "-p", str(BUILD), "--quiet", command["file"]], capture_output=True, text=True)
        if done.returncode == 0:
            mark.touch()
            return ""
        return done.stdout + done.stderr

    with ThreadPoolExecutor(2) as pool:
        problems = [text for text in pool.map(check, commands) if text]
    print("\n".join(problems))
    print(f"clang-tidy: {len(commands)} files, {len(problems)} with findings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
