#!/usr/bin/env python3
"""Runs clang-tidy over our sources and remembers clean results by content.

A room's sources are checked as one unit, so that headers are parsed once; when a room does not compile as one unit
(two files with the same local name), its files are checked one by one. A unit is skipped when it, all our headers it
includes, .clang-tidy, the compile command and clang-tidy itself are as in an earlier clean run.

Usage: tools/tidy.py --build <build folder> --cache <folder> [--jobs N] [<path>…]
Only sources below the given paths are checked (default: src).
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
# Instantiates libraries; holds no code of ours.
LIBRARY_SOURCES = re.compile(r"/boost_\w+\.cc$")


class Unit:
    """Files that are checked in one go, with the compile flags of the first."""

    def __init__(self, name: str, files: list[pathlib.Path], flags: list[str]):
        self.name, self.files, self.flags = name, files, flags

    def key(self, base: bytes) -> str:
        digest = hashlib.sha256(base)
        digest.update("\0".join(self.flags).encode())
        seen: set[pathlib.Path] = set()
        waiting = list(self.files)
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            seen.add(path)
            content = path.read_bytes()
            waiting += [header for name in INCLUDE.findall(content) if (header := ROOT / "src" / name.decode()).exists()]
        for path in sorted(seen):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
        return digest.hexdigest()[:32]


def flags_of(command: dict) -> list[str]:
    """The compile flags without compiler, launcher, input and output."""
    words = command.get("arguments") or shlex.split(command["command"])
    words = words[next(i for i, word in enumerate(words) if "clang" in word) + 1 :]
    flags, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in ("-o", "-c", "-MF", "-MT", "-MQ"):
            skip = word != "-c"
        elif word == command["file"] or word in ("-MD", "-MMD", "-Winvalid-pch"):
            continue
        elif not word.startswith("-fsanitize"):
            flags.append(word)
    return flags


def units(build: pathlib.Path, paths: list[pathlib.Path]) -> list[Unit]:
    groups: dict[tuple[str, ...], list[pathlib.Path]] = collections.defaultdict(list)
    for command in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        file = pathlib.Path(command["file"])
        if not any(file.is_relative_to(path) for path in paths) or LIBRARY_SOURCES.search(str(file)):
            continue
        kind = "tests" if file.name.endswith("_test.cc") else "sources"
        folder = file.parent.relative_to(ROOT).as_posix()
        groups[(folder, kind, *flags_of(command))].append(file)
    result = []
    for (folder, kind, *flags), files in groups.items():
        # A unit of more than a dozen files is slow to check and keeps one core busy at the end.
        files = sorted(set(files))
        for start in range(0, len(files), 12):
            result.append(Unit(f"{folder} {kind}" + (f" {start // 12 + 1}" if len(files) > 12 else ""), files[start : start + 12], flags))
    return sorted(result, key=lambda unit: -sum(file.stat().st_size for file in unit.files))


def run_tidy(source: pathlib.Path, flags: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        [TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(source), "--", *flags, "-Wno-everything"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.returncode, done.stdout


def check(unit: Unit, scratch: pathlib.Path) -> tuple[bool, str]:
    if len(unit.files) == 1:
        code, output = run_tidy(unit.files[0], unit.flags)
        return code == 0, output
    joined = scratch / (re.sub(r"\W+", "_", unit.name) + f"_{os.getpid()}_{hash(tuple(unit.flags)) & 0xFFFF:x}.cc")
    joined.write_text("".join(f'#include "{file}"  // NOLINT\n' for file in unit.files), encoding="utf-8")
    code, output = run_tidy(joined, unit.flags)
    if "clang-diagnostic-error" not in output:
        return code == 0, output
    good, text = True, ""
    for file in unit.files:  # same local names in two files: one by one
        code, output = run_tidy(file, unit.flags)
        good, text = good and code == 0, text + output
    return good, text


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--sources", action="store_true", help="leave the tests out")
    parser.add_argument("paths", nargs="*", type=pathlib.Path, default=[ROOT / "src"])
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, check=True).stdout
    base = version + (ROOT / ".clang-tidy").read_bytes()
    todo = []
    clean = failed = 0
    seen: set[str] = set()
    for unit in units(options.build.resolve(), [path.resolve() for path in options.paths]):
        if options.sources and " tests" in unit.name:
            continue
        marker = options.cache / unit.key(base)
        if marker.exists():
            marker.touch()
            clean += 1
        else:
            todo.append((unit, marker))
    print(f"tidy: {clean} units unchanged, {len(todo)} to check")

    def one(item: tuple[Unit, pathlib.Path]) -> tuple[Unit, pathlib.Path, bool, str, float]:
        start = time.monotonic()
        good, output = check(item[0], options.cache)
        return *item, good, output, time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for unit, marker, good, output, seconds in pool.map(one, todo):
            print(f"tidy: {unit.name} ({len(unit.files)} files, {seconds:.0f} s): {'clean' if good else 'PROBLEMS'}", flush=True)
            if good:
                marker.touch()
                clean += 1
            else:
                failed += 1
                # A finding in a header shows in every unit that includes it: once is enough.
                for finding in re.split(r"\n(?=/[^\n]*(?:warning|error): )", output):
                    if finding not in seen:
                        seen.add(finding)
                        print(finding, flush=True)
    for leftover in options.cache.glob("*.cc"):
        leftover.unlink()
    print(f"tidy: {clean} units clean, {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
