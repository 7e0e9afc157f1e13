#!/usr/bin/env python3
"""Runs clang-tidy over our sources and tests and remembers clean results by content.

Headers of libraries cost far more than our own lines, so about forty files are joined into one unit. A file's unit is
chosen by its name: a new file changes one unit only, and files of one room, which share a namespace and so might
clash, are mostly apart. A unit that does not compile as one is halved. A unit is skipped when it, all our headers it
includes, .clang-tidy, the compile command and clang-tidy itself are as in an earlier clean run.

Usage: tools/tidy.py --build <build folder> --cache <folder> [--jobs N] [<path>…]
Only files below the given paths are checked (default: src).
"""

import argparse
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
# On one core, 41 files take 47 s and 1.6 GiB as one unit; fewer files pay for the same headers again (docs/decisions/0007).
FILES_PER_UNIT = 42


class Unit:
    """Files that are checked in one go, with the compile flags of all of them."""

    def __init__(self, name: str, files: list[pathlib.Path], flags: list[str]):
        self.name, self.files, self.flags = name, files, flags

    def halves(self) -> "list[Unit]":
        middle = len(self.files) // 2
        return [Unit(f"{self.name}{mark}", files, self.flags)
                for mark, files in (("a", self.files[:middle]), ("b", self.files[middle:]))]

    def key(self, base: bytes) -> str:
        digest = hashlib.sha256(base)
        digest.update("\0".join(self.flags).replace(str(ROOT), "").encode())  # a second clone is no other code
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


def union_of_flags(commands: list[dict]) -> list[str]:
    """Every flag once, in order; two values of one macro cannot be in one unit."""
    union: dict[tuple[str, ...], None] = {}
    macros: dict[str, str] = {}
    for command in commands:
        words = iter(flags_of(command))
        for word in words:
            if word.startswith("-D") and macros.setdefault(word.partition("=")[0], word) != word:
                sys.exit(f"tidy: {command['file']} is compiled with another value of {word.partition('=')[0][2:]}")
            union[(word, next(words)) if word in ("-isystem", "-include") else (word,)] = None
    return [word for flag in union for word in flag]


def units(build: pathlib.Path, paths: list[pathlib.Path]) -> list[Unit]:
    commands: dict[str, dict[pathlib.Path, dict]] = {"sources": {}, "tests": {}}
    for command in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        file = pathlib.Path(command["file"])
        if any(file.is_relative_to(path) for path in paths) and not LIBRARY_SOURCES.search(str(file)):
            commands["tests" if file.name.endswith("_test.cc") else "sources"].setdefault(file, command)
    result = []
    for kind, by_file in commands.items():
        count = max(1, round(len(by_file) / FILES_PER_UNIT))
        dealt: list[list[pathlib.Path]] = [[] for _ in range(count)]
        for file in sorted(by_file):
            name = file.relative_to(ROOT).as_posix().encode()
            dealt[int.from_bytes(hashlib.sha256(name).digest()[:8]) % count].append(file)
        result += [Unit(f"{kind} {number}", files, union_of_flags([by_file[file] for file in files]))
                   for number, files in enumerate(dealt, 1) if files]
    return sorted(result, key=lambda unit: -sum(file.stat().st_size for file in unit.files))


def run_tidy(source: pathlib.Path, flags: list[str]) -> tuple[int, str]:
    done = subprocess.run(
        [TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(source), "--", *flags, "-Wno-everything"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.returncode, done.stdout


def check(unit: Unit, scratch: pathlib.Path) -> tuple[bool, str]:
    joined = scratch / (re.sub(r"\W+", "_", unit.name) + f"_{os.getpid()}.cc")
    joined.write_text("".join(f'#include "{file}"  // NOLINT\n' for file in unit.files), encoding="utf-8")
    code, output = run_tidy(joined, unit.flags)
    joined.unlink()
    if "clang-diagnostic-error" not in output or len(unit.files) == 1:
        return code == 0, output
    first = next(line for line in output.split("\n") if "clang-diagnostic-error" in line)
    print(f"tidy: {unit.name} is halved, because two of its files clash: {first}", flush=True)
    done = [check(half, scratch) for half in unit.halves()]
    return all(good for good, _ in done), "".join(text for _, text in done)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("paths", nargs="*", type=pathlib.Path, default=[ROOT / "src"])
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, check=True).stdout
    base = version + (ROOT / ".clang-tidy").read_bytes()
    todo = []
    clean = failed = 0
    seen: set[str] = set()
    for unit in units(options.build.resolve(), [path.resolve() for path in options.paths]):
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
    print(f"tidy: {clean} units clean, {failed} with problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
