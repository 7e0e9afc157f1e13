#!/usr/bin/env python3
"""Writes docs/generated/ from what the product says about itself: one table per part of `writ describe`, and openapi.json.

Usage: tools/generate_docs.py [--check] [--binary build/release/bin/writ]
  --check   compare with what is there and change nothing; exit 1 when something differs
"""

import argparse
import difflib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "generated"
NOTE = "<!-- Written by tools/generate_docs.py from `writ describe`; do not edit. -->\n"


def ask(binary: pathlib.Path, command: str) -> object:
    done = subprocess.run([binary, command], stdout=subprocess.PIPE, check=True, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    return json.loads(done.stdout)


def cell(value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, (str, int, float)) for item in value):
        value = ", ".join(str(item) for item in value)
    elif isinstance(value, (dict, list, bool)):
        value = json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def table(title: str, rows: object) -> str:
    """A Markdown table whose columns are the rows' keys, in the order in which they first appear."""
    if isinstance(rows, dict):
        rows = [{"name": key, **(value if isinstance(value, dict) else {"value": value})} for key, value in rows.items()]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return f"{NOTE}# {title}\n\n```json\n{json.dumps(rows, indent=2, ensure_ascii=False)}\n```\n"
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(cell(row.get(column)) for column in columns)} |" for row in rows]
    return f"{NOTE}# {title}\n\n" + "\n".join(lines) + "\n"


def generated(binary: pathlib.Path) -> dict[str, str]:
    description = ask(binary, "describe")
    files = {f"{part}.md": table(part.replace("_", " ").capitalize(), rows) for part, rows in description.items()}
    files["openapi.json"] = json.dumps(ask(binary, "openapi"), indent=2, ensure_ascii=False) + "\n"
    return files


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/bin/writ")
    options = parser.parse_args()
    files = generated(options.binary.resolve())
    present = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*")} if FOLDER.exists() else {}
    if not options.check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in present.keys() - files.keys():
            (FOLDER / name).unlink()
        for name, text in files.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name in sorted(present.keys() | files.keys()) if present.get(name) != files.get(name)]
    for name in stale:
        before, after = present.get(name, "").splitlines(), files.get(name, "").splitlines()
        print("\n".join(list(difflib.unified_diff(before, after, f"docs/generated/{name}", "writ says", lineterm="", n=1))[:40]))
    if stale:
        print(f"generated docs: {', '.join(stale)} differ; run tools/generate_docs.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
