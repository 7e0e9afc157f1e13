"""The schemas of the official JSON Schema Test Suite, fetched once through pip by version and checksum."""

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DRAFTS = {"draft4": "http://json-schema.org/draft-04/schema#", "draft6": "http://json-schema.org/draft-06/schema#", "draft7": "http://json-schema.org/draft-07/schema#", "draft2019-09": "https://json-schema.org/draft/2019-09/schema", "draft2020-12": "https://json-schema.org/draft/2020-12/schema"}


def archive() -> pathlib.Path:
    version = next(line.split()[0].partition("==")[2] for line in (HERE / "suite.txt").read_text().splitlines() if line.startswith("jsonschema=="))
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "writ" / "json-schema-test-suite"
    found = cache / f"jsonschema-{version}.tar.gz"
    if not found.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", "jsonschema", "--require-hashes", "--dest", folder, "-r", str(HERE / "suite.txt")], check=True)
            (pathlib.Path(folder) / found.name).rename(found)
    return found


def cases() -> list[dict]:
    """{id, draft, schema} of every group of cases, the optional ones and the formats included."""
    out = []
    with tarfile.open(archive()) as suite:
        for member in sorted(suite.getmembers(), key=lambda m: m.name):
            parts = member.name.split("/")
            if len(parts) < 5 or parts[1:3] != ["json", "tests"] or parts[3] not in DRAFTS or not member.name.endswith(".json"):
                continue
            for group in json.load(suite.extractfile(member)):
                schema = group["schema"]
                # The folder says which draft is meant; a schema that says nothing would be read as the newest.
                if isinstance(schema, dict) and "$schema" not in schema:
                    schema = {"$schema": DRAFTS[parts[3]], **schema}
                out.append({"id": f"{'/'.join(parts[3:])}: {group['description']}", "draft": parts[3], "schema": schema})
    return out
