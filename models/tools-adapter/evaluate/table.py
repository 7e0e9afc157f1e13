"""Prints what `writ model eval --json` found as the rows of a Markdown table.

    python table.py scores/adapter.json [scores/base.json …]
"""
import json
import sys
from pathlib import Path


def share(s):
    return f"{s['percent']} % [{s['low']}, {s['high']}] {s['right']}/{s['of']}" if s["of"] else "–"


def main():
    print("| split | right cases | calls | answers reached |\n|---|---|---|---|")
    for file in sys.argv[1:]:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
        for row in found["splits"]:
            print(f"| {row['split']} | {share(row['cases'])} | {share(row['calls'])} | {share(row['answers'])} |")
        print(f"\n{found['played']} of {found['cases']} cases of {found['model']} in {found['seconds']:.0f} s on {found['cpu']}; {found['prompt_tokens']} tokens asked, "
              f"{found['completion_tokens']} answered\n")


if __name__ == "__main__":
    main()
