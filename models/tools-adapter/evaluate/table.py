"""Prints what `writ model eval --json` found as a Markdown table; files of one model are added up.

    python table.py scores/adapter*.json
"""
import json
import sys
from pathlib import Path

Z = 1.959963984540054           # 95 % of a normal distribution are within as many standard deviations


def share(right, of):
    """A percentage with Wilson's 95 % interval."""
    if not of:
        return "–"
    p, n = right / of, of
    middle, half = (p + Z * Z / (2 * n)) / (1 + Z * Z / n), Z / (1 + Z * Z / n) * (p * (1 - p) / n + Z * Z / (4 * n * n)) ** .5
    return f"{100 * p:.1f} % [{100 * max(0, middle - half):.1f}, {100 * min(1, middle + half):.1f}] {right}/{of}"


def main():
    found, total = [json.loads(Path(f).read_text(encoding="utf-8")) for f in sys.argv[1:]], {}
    for one in found:
        for row in one["splits"]:
            for part in ("cases", "calls", "answers"):
                counts = total.setdefault(row["split"], {}).setdefault(part, [0, 0])
                counts[0] += row[part]["right"]
                counts[1] += row[part]["of"]
    print("| split | right cases | calls | answers reached |\n|---|---|---|---|")
    for split, parts in sorted(total.items()):
        print(f"| {split} | " + " | ".join(share(*parts[p]) for p in ("cases", "calls", "answers")) + " |")
    for one in found:
        print(f"\n{one['played']} of {one['cases']} cases of {one['model']} in {one['seconds']:.0f} s on {one['cpu']}; "
              f"{one['prompt_tokens']} tokens asked, {one['completion_tokens']} answered")


if __name__ == "__main__":
    main()
