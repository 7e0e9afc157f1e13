#!/usr/bin/env python3
"""Checks every #include below src/ against the rooms that the CMakeLists.txt files declare.

A room may include itself and the rooms it depends on, directly or through them; those are on lower layers. A service
never includes another service, only its api/. A third-party header appears in its home rooms only, and Asio's names
are used only where THIRD_PARTY allows its headers.

Usage: tools/check_layers.py [<root>]
"""

import dataclasses
import pathlib
import re
import sys

SERVICES = {"gateway", "orchestrator", "policy", "identity", "slm", "recall", "analytics"}

# Header pattern → rooms that may include it. The first match counts.
THIRD_PARTY = [
    (r"boost/json(/|\.hpp)", {"core", "cedar", "schema"}),
    (r"boost/redis(/|\.hpp)", {"redis"}),
    (r"boost/(asio|system)(/|\.hpp)", {"async", "http", "redis", "sql"}),
    (r"boost/(beast|url)(/|\.hpp)", {"http"}),
    (r"boost/", set()),
    (r"openssl/", {"crypto", "http"}),
    (r"sqlite3\.h", {"sql"}),
    (r"libpq-fe\.h", {"sql"}),
    (r"(llama|ggml|gguf|common|chat|sampling|json-schema-to-grammar)[\w-]*\.h|jinja/", {"llama"}),
    (r"(hs|ch)(_\w+)?\.h|hs/", {"scan"}),
    (r"writ_grammar\.h", {"grammar"}),
    (r"writ_rust\.h|writ_cedar\.h", {"cedar"}),
    (r"CLI/", {"cli"}),
    (r"date/", {"tools"}),
]
# Included everywhere: formatting, and the test libraries in tests.
ANYWHERE = re.compile(r"fmt/")
TESTS_ONLY = re.compile(r"(gtest|gmock|rapidcheck)(/|\.h)")
# System headers of C and POSIX have no folder or one of these; C++ headers have no dot.
SYSTEM = re.compile(r"[a-z0-9_]+|(sys|netinet|arpa|linux|net)/[\w.]+|[a-z0-9_]+\.h")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
ASIO_NAME = re.compile(r"(?<![\w:])(boost::)?asio::")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", re.S)


@dataclasses.dataclass
class Room:
    layer: int
    depends: list[str]


def declared(source: pathlib.Path) -> tuple[dict[str, Room], dict[str, set[str]]]:
    """The rooms, and per room what its tests may include besides."""
    rooms: dict[str, Room] = {}
    tests: dict[str, set[str]] = {}
    for file in sorted(source.rglob("CMakeLists.txt")):
        text = re.sub(r"#[^\n]*", "", file.read_text(encoding="utf-8"))
        for kind, body in re.findall(r"\b(writ_room|writ_test)\s*\(([^)]*)\)", text):
            words = body.split()
            groups: dict[str, list[str]] = {}
            group = "NAME_"
            for word in words[1:]:
                if re.fullmatch(r"[A-Z_]+", word):
                    group = word
                else:
                    groups.setdefault(group, []).append(word)
            if kind == "writ_room":
                rooms[words[0]] = Room(int(groups["LAYER"][0]), groups.get("DEPENDS", []))
            else:
                tests.setdefault(words[0], set()).update(groups.get("DEPENDS", []))
    return rooms, tests


def reachable(start: set[str], rooms: dict[str, Room]) -> set[str]:
    found: set[str] = set()
    waiting = [name for name in start if name in rooms]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [dep for dep in rooms[name].depends if dep in rooms]
    return found


def room_of(path: str, rooms: dict[str, Room]) -> str | None:
    parts = path.split("/")[:-1]
    while parts:
        if "/".join(parts) in rooms:
            return "/".join(parts)
        parts.pop()
    return None


def check_rooms(rooms: dict[str, Room]) -> list[str]:
    problems = []
    for name, room in rooms.items():
        for dep in room.depends:
            if dep not in rooms:
                problems.append(f"src/{name}/CMakeLists.txt: unknown room {dep}")
            elif rooms[dep].layer >= room.layer:
                problems.append(f"src/{name}/CMakeLists.txt: layer {room.layer} may not depend on {dep} (layer {rooms[dep].layer})")
            elif room.layer == 7 and dep.split("/")[0] in SERVICES and not dep.endswith("/api"):
                problems.append(f"src/{name}/CMakeLists.txt: a service depends on another one's api only, not on {dep}")
    return problems


def check_third_party(header: str, room: str, is_test: bool) -> str | None:
    if ANYWHERE.match(header) or (is_test and TESTS_ONLY.match(header)):
        return None
    for pattern, homes in THIRD_PARTY:
        if re.match(pattern, header):
            if room in homes:
                return None
            return f"<{header}> belongs to {', '.join(sorted(homes)) or 'no room yet'}, not to {room}"
    return None if SYSTEM.fullmatch(header) else f"<{header}> is not declared in tools/check_layers.py"


def is_for_tests(path: pathlib.Path, text: str) -> bool:
    """Tests, fakes, and what includes a test library."""
    if path.name.endswith("_test.cc") or path.name.startswith("fake_"):
        return True
    return any(TESTS_ONLY.match(header) for _, header in INCLUDE.findall(text))


def check_file(path: pathlib.Path, source: pathlib.Path, rooms: dict[str, Room], allowed: dict[str, set[str]], for_tests: dict[str, set[str]]) -> list[str]:
    name = path.relative_to(source).as_posix()
    room = room_of(name, rooms)
    if room is None:
        return [f"src/{name}: no room owns this file (no writ_room in its folder)"]
    problems = []
    text = path.read_text(encoding="utf-8")
    is_test = is_for_tests(path, text)
    for match in INCLUDE.finditer(text):
        bracket, header = match.groups()
        line = text.count("\n", 0, match.start(2)) + 1
        target = room_of(header, rooms) if bracket == '"' else None
        if target is not None:
            if not is_test and (source / header).is_file() and is_for_tests(source / header, (source / header).read_text("utf-8")):
                problems.append(f'src/{name}:{line}: "{header}" is for tests only')
            if target not in allowed[room] and not (is_test and target in for_tests[room]):
                problems.append(f'src/{name}:{line}: {room} includes "{header}" but does not depend on {target}')
        elif bracket == '"' and ((source / header).exists() or (path.parent / header).exists()):
            problems.append(f'src/{name}:{line}: "{header}" belongs to no room, or is not named from src/')
        elif (problem := check_third_party(header, room, is_test)) is not None:
            problems.append(f"src/{name}:{line}: {problem}")
    if room not in {"async", "http", "redis", "sql"}:
        code = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
        for match in ASIO_NAME.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            problems.append(f"src/{name}:{line}: names Asio; only async, http, redis and sql do")
    return problems


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    source = root / "src"
    rooms, tests = declared(source)
    problems = check_rooms(rooms)
    allowed = {name: reachable({name}, rooms) for name in rooms}
    for_tests = {name: reachable(tests.get(name, set()), rooms) for name in rooms}
    files = sorted(path for path in source.rglob("*") if path.suffix in (".h", ".cc"))
    for path in files:
        problems += check_file(path, source, rooms, allowed, for_tests)
    for problem in problems:
        print(problem)
    print(f"layers: {len(rooms)} rooms, {len(files)} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
