"""What /openapi.json says is what is served: schemathesis makes requests of it, with and without keys, and finds nothing.

Not a part of the suite beside it: it has packages of its own (requirements-schemathesis.txt) and runs in `./test --all`.
"""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).resolve().parent
SECONDS = 20  # of each run, on a busy machine
SEED = 20_261_130
NO_RATES = {"limits": {"rates": [], "unlimited_rates": True}}  # one principal asks as fast as it can


@pytest.fixture(scope="module", params=["one"])
def served(request, product, folders):
    from deployment import Deployment

    # Short answers: what is looked at is their shape.
    deployment = Deployment(request.param, product, folders("served"), settings={"WRIT_GATEWAY_MAX_TOKENS": "4"}, bundle=NO_RATES)
    try:
        yield deployment.start()
    finally:
        deployment.stop()


def run(served, key: str | None) -> None:
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", HERE / "schemathesis.toml", "--no-color", "run",
               served.address() + "/openapi.json", f"--seed={SEED}", f"--max-time={SECONDS}", "--max-examples=8", "--workers=1",
               "--warnings=off", "--no-shrink", "--phases=examples,coverage,fuzzing", "--generation-database=none"]
    if key:
        command += ["-H", f"Authorization: Bearer {key}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS * 6)
    lines = [line[:300] for line in done.stdout.splitlines()]
    assert done.returncode == 0, "\n".join(lines[-400:]) + done.stderr[-2000:]


@pytest.mark.parametrize("who", ["nobody", "the developer", "the administrator"])
def test_schemathesis_finds_nothing(served, who):
    key = {"nobody": None, "the developer": served.api().key, "the administrator": served.admin_key}[who]
    run(served, key)
    assert httpx.get(served.address() + "/health").status_code == 200


def test_both_shapes_serve_the_same_document(served, product, folders):
    from deployment import Deployment

    split = Deployment("split", product, folders("served-split"), bundle=NO_RATES)
    try:
        split.start()
        one, other = (httpx.get(d.address() + "/openapi.json").json() for d in (served, split))
        assert one == other
    finally:
        split.stop()
