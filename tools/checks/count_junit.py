"""Prints `passed failed` for a JUnit report of pytest."""

import sys
import xml.etree.ElementTree


def main() -> int:
    root = xml.etree.ElementTree.parse(sys.argv[1]).getroot()
    suites = [root] if root.tag == "testsuite" else list(root)
    total = bad = skipped = 0
    for suite in suites:
        total += int(suite.get("tests"))
        bad += int(suite.get("failures")) + int(suite.get("errors"))
        skipped += int(suite.get("skipped"))
    print(total - bad - skipped, bad)
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
