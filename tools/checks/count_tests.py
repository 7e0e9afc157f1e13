"""Prints `passed failed` for a folder of GoogleTest JSON files and the ctest.xml of the run that made them.

A program that left no JSON counts as one test; one that failed after all its tests passed (a leak, a crash at exit) adds
one failure.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    programs = {case.get("name"): case.get("status") for case in xml.etree.ElementTree.parse(folder / "ctest.xml").iter("testcase")}
    passed = failed = 0
    for name, status in programs.items():
        ok = status == "run"
        if status in ("disabled", "notrun") and ok is False:
            failed += 1
            continue
        file = folder / f"{name}.json"
        try:
            report = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            passed, failed = passed + ok, failed + (not ok)
            continue
        tests = [test for suite in report["testsuites"] for test in suite["testsuite"] if test["status"] == "RUN"]
        bad = sum(bool(test.get("failures")) for test in tests)
        skipped = sum(test.get("result") == "SKIPPED" for test in tests)
        passed += len(tests) - bad - skipped
        failed += bad if bad or ok else 1
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
