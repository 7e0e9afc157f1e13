#!/usr/bin/env python3
"""Checks every text file of the repository: no path of one particular machine, no host name of a package registry, no
source file past the length limit, no header without its opening sentence.

Usage: tools/check_tree.py
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX = 400  # past that a file owns a second noun

# Folders of people and work places. /tmp, /etc, /usr, /proc and the like exist everywhere.
MACHINE_PATH = re.compile(r"(?<![\w.$}~>/-])/(root|home/\w{2,}|work|Users|mnt|srv)/[\w.]")
REGISTRY = re.compile(r"\b(pypi|pythonhosted|crates|npmjs|golang|maven|debian|huggingface|docker|ghcr|quay|rustup)\.(org|io|com|co|rs|net)\b")
# What commands show goes through one place: docs/decisions/0017-shown-text.md.
OUTPUT = re.compile(r"\b(printf|fprintf|fputs|fputc|puts|putchar|fwrite|vprintf|perror)\s*\(|\bstd::(cout|cerr|clog)\b|\bfmt::print\b")
# Lock files are written by cargo and pip; a registry's address in them is a name, not a place we chose.
LOCK_FILES = {"Cargo.lock", "package-lock.json", "go.sum", "poetry.lock"}
# Evidence of runs.
IGNORED = re.compile(r"^tests/histories/")


def files() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return sorted(name.decode() for name in listed.split(b"\0") if name)


def problems_in(name: str) -> list[str]:
    path = ROOT / name
    if not path.is_file() or path.is_symlink() or path.name in LOCK_FILES or IGNORED.match(name):
        return []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return []
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if MACHINE_PATH.search(line):
            problems.append(f"{name}:{number}: names a path of one machine: {line.strip()[:100]}")
        if REGISTRY.search(line):
            problems.append(f"{name}:{number}: names a registry's host: {line.strip()[:100]}")
    if name.startswith("src/cli/") and path.suffix == ".cc" and not path.stem.endswith("_test") and path.name != "terminal.cc":
        for number, line in enumerate(text.split("\n"), 1):
            if OUTPUT.search(line):
                problems.append(f"{name}:{number}: writes past cli/terminal.h, which makes foreign text harmless: {line.strip()[:80]}")
    if name.startswith("src/") and path.suffix in (".h", ".cc"):
        if (count := text.count("\n")) > LINES_MAX:
            problems.append(f"{name}: {count} lines, more than {LINES_MAX}: look for the second noun inside")
        if path.suffix == ".h" and not text.startswith("// "):
            problems.append(f"{name}: a header opens with one sentence that says what it owns")
    return problems


def main() -> int:
    names = files()
    problems = [problem for name in names for problem in problems_in(name)]
    for problem in problems:
        print(problem)
    print(f"tree: {len(names)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
