#!/usr/bin/env python3
"""The structure as a test: arrows between modules as in src/modules.cmake, sizes inside the budget, no banned calls, no
left-over marks, headers that open with their contract."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
# Aims are 150 / 400 / 60; past these hard limits the check fails.
HEADER_LINES, SOURCE_LINES, FUNCTION_LINES = 220, 450, 75
BANNED = {
    r"\bstd::ofstream\b": "files go through base/file_system.h",
    r"\bstd::fstream\b": "files go through base/file_system.h",
    r"(?<![\w:])(?:std::)?rand\(\)": "base/random.h",
    r"\bstd::system\(": "no shell",
    r"\blocaltime\b": "times are UTC (base/instant.h)",
    r"\bstd::stod\(|\bstrtod\(|\bstd::stof\(": "no binary floating point near a quantity",
    r"\bdelete\s+\w": "unique_ptr owns",
}
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HEAVY = re.compile(r"#include [<\"](boost/|rocksdb/|duckdb\.h|soci/|simdjson\.h|isa-l|curl/|nlohmann/|CLI/|toml)")


def arrows() -> dict:
    """module folder -> modules it may include, from src/modules.cmake."""
    text = (SRC / "modules.cmake").read_text()
    names = {name: value.split() for name, value in re.findall(r"set\((\w+) ([^)]*)\)", text)}
    table = {}
    for module, rest in re.findall(r"meterport_module\((\S+)([^)]*)\)", text):
        uses = re.search(r"USES ((?:[\w${}/]+ ?)*)", rest)
        words = []
        for word in (uses.group(1).split() if uses else []):
            variable = re.fullmatch(r"\$\{(\w+)\}", word)
            if variable:
                words += names[variable.group(1)]
            elif word in ("LIBS", "FOLDER", "TEST_LIBS"):
                break
            else:
                words.append(word)
        table[module] = set(words)
    return table


def module_of(path: str, modules) -> str | None:
    return max((m for m in modules if path.startswith(m + "/")), key=len, default=None)


def functions(lines: list):
    """(first line, length) of each function body, by the style's closing brace in the opening's column."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and re.match(r"^(  )?[A-Za-z~].*\)( const)?( noexcept)?( override)?.* ?\{$", line) and not re.match(r"^\s*(namespace|class|struct|enum|union|extern|return|if|for|while|switch|else|auto|const auto)\b", line):
            start, indent = number, len(line) - len(line.lstrip())
        elif start is not None and line.rstrip() == " " * indent + "}":
            yield start, number - start + 1
            start = None


def heavy_public_headers(table: dict) -> list:
    """Heavy third-party headers that another module would have to read: those in, or reached from, a header that a file
    of another module includes. Inside a module they may stand in private headers."""
    includes, heavy, public = {}, {}, set()
    for path in SRC.rglob("*"):
        if path.suffix not in (".h", ".cpp"):
            continue
        name, text = str(path.relative_to(SRC)), path.read_text()
        includes[name] = re.findall(r'^#include "([^"]+)"', text, re.M)
        heavy[name] = [line for line in text.splitlines() if HEAVY.search(line)]
        if not name.endswith("_test.cpp") and not path.name.startswith("test_"):
            public |= {i for i in includes[name] if module_of(i, table) != module_of(name, table)}
    waiting = list(public)
    while waiting:
        for include in includes.get(waiting.pop(), []):
            if include not in public:
                public.add(include)
                waiting.append(include)
    return [f"src/{name}: heavy third-party header in a public header: {line}" for name in sorted(public) for line in heavy.get(name, [])]


def main() -> int:
    table, problems = arrows(), []
    listed = subprocess.run(["git", "ls-files", "src", "bench", "tests"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix not in (".h", ".cpp", ".py") or not path.exists():
            continue
        text = path.read_text()
        lines = text.splitlines()
        for number, line in enumerate(lines, 1):
            if MARKS.search(line):
                problems.append(f"{name}:{number}: left-over mark")
        if path.suffix == ".py":
            continue
        is_test = name.endswith("_test.cpp")
        limit = HEADER_LINES if path.suffix == ".h" else SOURCE_LINES * (2 if is_test else 1)
        if len(lines) > limit:
            problems.append(f"{name}: {len(lines)} lines, {limit} are allowed: is there a seam in it?")
        if not is_test and not name.endswith("_table.cpp"):
            for first, length in functions(lines):
                if length > FUNCTION_LINES:
                    problems.append(f"{name}:{first}: a function of {length} lines, {FUNCTION_LINES} are allowed")
            for pattern, reason in BANNED.items():
                for number, line in enumerate(lines, 1):
                    if re.search(pattern, line.split("//")[0]):
                        problems.append(f"{name}:{number}: banned ({reason}): {line.strip()}")
        if path.suffix == ".h":
            if not lines or not (lines[0].startswith("//") or lines[0] == "#pragma once"):
                problems.append(f"{name}: a header opens with its contract")
        if not name.startswith("src/"):
            continue
        inside = module_of(name.removeprefix("src/"), table)
        for number, line in enumerate(lines, 1):
            include = re.match(r'#include "([^"]+)"', line)
            if not include or inside is None:
                continue
            target = module_of(include.group(1), table)
            if target and target != inside and target not in table[inside]:
                problems.append(f"{name}:{number}: {inside} may not use {target}: {line}")
    problems += heavy_public_headers(table)
    print("\n".join(problems))
    print(f"structure: {len(listed)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
