#!/usr/bin/env python3
"""Runs the examples of README.md: every ```sh block that follows a line `<!-- check -->`, in order, in the root.

`<!-- check: <regex> -->` also demands that the output matches. The data folder is a fresh one, so that examples start
as a newcomer does; blocks share it, and what they left running is stopped at the end.

Usage: tools/check_readme.py [<file>]
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

from reserved_port import ReservedPort

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- check(?:: (?P<expected>.*?))? -->\n```sh\n(?P<script>.*?)^```$", re.M | re.S)
SECONDS_MAX = 600  # one block; the first may wait for a build


def run(script: str, environment: dict[str, str]) -> tuple[int, str]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = shell.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            code = 124
        groups.append(shell.pid)
        output.seek(0)
        return code, output.read()


groups: list[int] = []


def main() -> int:
    file = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "README.md"
    blocks = list(BLOCK.finditer(file.read_text(encoding="utf-8")))
    if not blocks:
        print(f"{file.name}: no example is marked `<!-- check -->`")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory() as data:
        port = ReservedPort()
        environment = os.environ | {"WRIT_DATA_DIR": data, "PORT": str(port.number)}
        for block in blocks:
            code, output = run(block["script"], environment)
            expected = block["expected"]
            good = code == 0 and (expected is None or re.search(expected, output) is not None)
            failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {block['script'].strip().splitlines()[0]}")
            if not good:
                wanted = f", expected /{expected}/" if expected else ""
                print(f"exit code {code}{wanted}; output:\n{output}")
        for group in groups:
            try:
                os.killpg(group, signal.SIGTERM)
            except ProcessLookupError:
                pass
    print(f"readme: {len(blocks)} examples, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
