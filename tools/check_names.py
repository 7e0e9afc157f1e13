#!/usr/bin/env python3
"""Checks that .clang-tidy enforces our naming: in tests/tidy/names.cc exactly the lines marked `// wrong` have findings,
both in a file of its own and in one that is joined with others, as tools/tidy.py does it.

Usage: tools/check_names.py
"""

import pathlib
import re
import sys
import tempfile

from tidy import ROOT, run_tidy

SAMPLE = ROOT / "tests/tidy/names.cc"
FINDING = re.compile(r"/src/names\.cc:(\d+):.*\[readability-identifier-naming")


def main() -> int:
    lines = SAMPLE.read_text(encoding="utf-8").split("\n")
    wanted = {number for number, line in enumerate(lines, 1) if line.endswith("// wrong")}
    problems = 0
    with tempfile.TemporaryDirectory() as folder:
        alone = pathlib.Path(folder) / "src/names.cc"
        alone.parent.mkdir()
        alone.write_bytes(SAMPLE.read_bytes())
        joined = pathlib.Path(folder) / "joined.cc"
        joined.write_text(f'#include "{alone}"  // NOLINT\n', encoding="utf-8")
        for how, source in (("alone", alone), ("joined", joined)):
            code, output = run_tidy(source, ["-std=c++23"])
            found = {int(number) for number in FINDING.findall(output)}
            for number in sorted(found ^ wanted):
                problems += 1
                print(f"{SAMPLE.relative_to(ROOT)}:{number} ({how}): {'not found' if number in wanted else 'found'}: {lines[number - 1].strip()}")
            if code == 0:
                problems += 1
                print(f"clang-tidy ended with success ({how})")
    print(f"names: {len(wanted)} wrong names, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
