"""Keeps the hashes in registry.json in step with the files in this folder.

    python registry.py            # write the hashes and sizes of the files that are here
    python registry.py --check    # compare only; exit 1 if one differs
"""
import argparse
import hashlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FILE = FOLDER / "registry.json"


def refreshed(models):
    """The registry with the facts of the committed files. A base model from elsewhere keeps its own."""
    for model in models:
        for key, sha256, size in (("file", "sha256", "bytes"), ("adapter", "adapter_sha256", "adapter_bytes")):
            path = FOLDER / model.get(key, "")
            if path.is_file():
                data = path.read_bytes()
                model |= {sha256: hashlib.sha256(data).hexdigest(), size: len(data)}
            elif key in model and not (key == "file" and model["source"]["type"] != "repository"):
                sys.exit(f"{model['id']}: no file {path}")
    return models


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--check", action="store_true")
    a = ap.parse_args()
    text = FILE.read_text(encoding="utf-8")
    new = json.dumps(refreshed(json.loads(text)), indent=2, ensure_ascii=False) + "\n"
    if a.check:
        sys.exit(0 if new == text else "registry.json does not match the files")
    FILE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
