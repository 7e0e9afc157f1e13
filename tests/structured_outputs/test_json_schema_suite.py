"""Every schema of the official suite is either refused with a JSON pointer, or whatever its grammar lets through is valid.

The answers are random walks over the masks of the product's own checks and compilation (grammar_sample_answers); the judge is
another implementation of JSON Schema. Environment: E2E_SAMPLER the program, E2E_ANSWERS answers for each schema (10).
"""

import collections
import json
import os
import pathlib
import subprocess

import jsonschema_rs
import pytest
from cases import DRAFTS, cases

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLER = pathlib.Path(os.environ.get("E2E_SAMPLER", ROOT / "build/asan/bin/grammar_sample_answers"))
VALIDATORS = {"draft4": jsonschema_rs.Draft4Validator, "draft6": jsonschema_rs.Draft6Validator, "draft7": jsonschema_rs.Draft7Validator, "draft2019-09": jsonschema_rs.Draft201909Validator, "draft2020-12": jsonschema_rs.Draft202012Validator}


def resolves(schema, pointer: str) -> bool:
    at = schema
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(at, list):
            at = at[int(token)]
        elif isinstance(at, dict) and token in at:
            at = at[token]
        else:
            return False
    return True


@pytest.fixture(scope="session")
def outcomes() -> list[tuple[dict, dict]]:
    asked = cases()
    lines = "".join(json.dumps({"id": case["id"], "schema": case["schema"]}) + "\n" for case in asked)
    ran = subprocess.run([SAMPLER, os.environ.get("E2E_ANSWERS", "10"), "400", os.environ.get("E2E_SEED", "1")], input=lines, capture_output=True, text=True, timeout=1200, check=True)
    answered = [json.loads(line) for line in ran.stdout.split("\n") if line]
    assert len(answered) == len(asked), ran.stderr[-2000:]
    return list(zip(asked, answered, strict=True))


def test_every_refusal_points_to_a_place_of_the_schema(outcomes):
    refused = [(case, out) for case, out in outcomes if "refused" in out]
    for case, out in refused:
        assert out["kind"] == "invalid", (case["id"], out)
        assert out["refused"], (case["id"], out)
        for problem in out["refused"]:
            assert resolves(case["schema"], problem["pointer"]), (case["id"], problem)
    assert refused, "nothing was refused: the suite has keywords that cannot be enforced"


def test_every_answer_is_valid(outcomes):
    wrong, judged = [], 0
    for case, out in outcomes:
        if "answers" not in out or not isinstance(case["schema"], (dict, bool)):
            continue
        validator = VALIDATORS[case["draft"]](case["schema"], validate_formats=True)
        for text in out["answers"]:
            judged += 1
            if not validator.is_valid(json.loads(text)):
                wrong.append((case["id"], text, case["schema"]))
        assert not out["failures"], (case["id"], out["failures"], case["schema"])
    assert not wrong, f"{len(wrong)} of {judged}: {wrong[:20]}"
    assert judged > 1000


def test_the_counts_are_the_ones_that_the_documentation_has(outcomes):
    counts = collections.defaultdict(lambda: [0, 0])
    for case, out in outcomes:
        counts[case["draft"]]["answers" not in out] += 1
    rows = [f"| {draft} | {sum(counts[draft])} | {counts[draft][0]} | {counts[draft][1]} |" for draft in DRAFTS]
    documented = (ROOT / "docs/structured-outputs.md").read_text()
    assert [row for row in rows if row not in documented] == [], "\n".join(rows)
