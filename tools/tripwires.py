#!/usr/bin/env python3
"""Removes each guard of tests/tripwires/guards.json from a copy of the tree and sees that its test fails.

A row: `guard` (a sentence), `file`, `text` (occurs once in it), `instead` (what is left of it: "" removes it), `program` (a
test program of the asan preset) and `test` (a GoogleTest filter). First the tests must pass as they are; then, one guard at
a time, the program must still compile and the test must fail.

Usage: tools/tripwires.py [--list | --check] [--only <word>] [--jobs N]
  --list   the rows; --check only sees that each text is there once and each test exists (seconds, builds nothing)
  --only   rows whose guard or file contains the word
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = ROOT / "tests/tripwires/guards.json"
FIELDS = {"guard", "file", "text", "instead", "program", "test"}
TEST_PATIENCE = 300  # seconds; a removed guard may leave a test waiting


def rows(only: str) -> list[dict[str, str]]:
    found = json.loads(ROWS.read_text(encoding="utf-8"))
    return [row for row in found if only in row["guard"] or only in row["file"]]


def tests_of_the_tree() -> set[tuple[str, str]]:
    pattern = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)")
    sources = [*(ROOT / "src").rglob("*_test.cc"), *(ROOT / "src").rglob("*.h")]
    return {found for source in sources for found in pattern.findall(source.read_text(encoding="utf-8"))}


def problems_of(row: dict[str, str], tests: set[tuple[str, str]]) -> list[str]:
    """What makes a row unfit to be tried, without building anything."""
    if set(row) != FIELDS:
        return [f"has the fields {sorted(row)}, wants {sorted(FIELDS)}"]
    file = ROOT / row["file"]
    if not file.exists():
        return [f"{row['file']} is gone"]
    found = []
    count = file.read_text(encoding="utf-8").count(row["text"])
    if count != 1:
        found.append(f"its text is {count} times in {row['file']}")
    for name in row["test"].split(":"):
        suite, _, test = name.partition(".")
        if (suite, test) not in tests:
            found.append(f"no test is called {name}")
    return found


class Copy:
    """A clone of what is committed and changed here, with its own build folder; objects come from the shared ccache."""

    def __init__(self, folder: pathlib.Path, jobs: int):
        self.root, self.jobs = folder / "writ", jobs
        tracked = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                                 capture_output=True).stdout.decode().split("\0")
        for name in filter(None, tracked):
            if (ROOT / name).is_file():
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        configured = (ROOT / "build/asan/CMakeCache.txt").read_text(encoding="utf-8")
        deps = re.search(r"^WRIT_DEPS:PATH=(.*)$", configured, re.M)
        if not deps:
            sys.exit("tripwires: build/asan is not configured; run ./test unit first")
        shared = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "writ/ccache"
        self.env = os.environ | {"CCACHE_DIR": os.environ.get("CCACHE_DIR", str(shared)), "CCACHE_BASEDIR": str(self.root),
                                 "CCACHE_NOHASHDIR": "1", "CC": "clang-19", "CXX": "clang++-19",
                                 "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0"}
        self.run(["cmake", "--preset", "asan", f"-DWRIT_DEPS={deps[1]}"], check=True)

    def run(self, command: list[str], check: bool = False, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=self.root, env=self.env, check=check, timeout=timeout, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def build(self, programs: set[str]) -> str:
        """"" or what the compiler said."""
        done = self.run(["ninja", "-C", "build/asan", "-j", str(self.jobs), *sorted(programs)])
        return "" if done.returncode == 0 else done.stdout[-3000:]

    def passes(self, row: dict[str, str]) -> tuple[bool, str]:
        """Whether the row's tests ran and passed; a crash and a test that hangs have not passed."""
        try:
            done = self.run([f"build/asan/bin/{row['program']}", f"--gtest_filter={row['test']}"], timeout=TEST_PATIENCE)
        except subprocess.TimeoutExpired:
            return False, "it did not end"
        if "Running 0 tests" in done.stdout:
            return True, "no such test"  # a guard without its test counts as one that nothing holds
        return done.returncode == 0, done.stdout[-2000:]


def try_all(chosen: list[dict[str, str]], jobs: int) -> int:
    held = lost = 0
    with tempfile.TemporaryDirectory(prefix="tripwires-") as folder:
        copy = Copy(pathlib.Path(folder), jobs)
        if said := copy.build({row["program"] for row in chosen}):
            print(said)
            print("0 passed, 1 failed")
            return 1
        for row in chosen:
            ok, said = copy.passes(row)
            if not ok or said == "no such test":
                print(f"FAILED as it is: {row['guard']}: {said}")
                lost += 1
                continue
            file = copy.root / row["file"]
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(row["text"], row["instead"]), encoding="utf-8")
            if said := copy.build({row["program"]}):
                print(f"DOES NOT COMPILE without it: {row['guard']}\n{said}")
                lost += 1
            elif copy.passes(row)[0]:
                print(f"NOT HELD: {row['guard']} ({row['test']} passes without it)")
                lost += 1
            else:
                print(f"held: {row['guard']} by {row['test']}", flush=True)
                held += 1
            file.write_text(text, encoding="utf-8")
    print(f"{held} passed, {lost} failed")
    return 1 if lost else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args()
    chosen = rows(options.only)
    if options.list:
        for row in chosen:
            print(f"{row['file']}: {row['guard']} [{row['program']}: {row['test']}]")
        return 0
    tests = tests_of_the_tree()
    unfit = [f"{row.get('guard', '?')}: {problem}" for row in chosen for problem in problems_of(row, tests)]
    if unfit or options.check:
        print("\n".join(unfit + [f"tripwires: {len(chosen)} guards, {len(unfit)} problems"]))
        return 1 if unfit else 0
    return try_all(chosen, options.jobs)


if __name__ == "__main__":
    sys.exit(main())
