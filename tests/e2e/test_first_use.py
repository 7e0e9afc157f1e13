"""The first command on an empty data folder, whichever it is."""

import re
import subprocess

from deployment import Deployment


def asked(product, environment) -> subprocess.CompletedProcess:
    # With the tool forced, the run's shape does not depend on what the model would choose.
    return subprocess.run([product, "ask", "What is 2 + 2?", "--tool-choice", "calculator"], env=environment, capture_output=True, text=True, timeout=120)


def test_the_first_ask_shows_the_admin_key_once_and_it_administers(product, folders):
    deployment = Deployment("one", product, folders("first-use"))
    first = asked(product, deployment.environment())
    assert first.returncode in (0, 1), first.stderr  # how the tiny model ends it is not the matter here
    keys = re.findall(r"^admin key \(shown this once\): (writ_\S+)$", first.stderr, re.M)
    assert len(keys) == 1, first.stderr
    assert keys[0] not in first.stdout
    assert keys[0] not in asked(product, deployment.environment()).stderr
    deployment.admin_key = keys[0]
    try:
        deployment.start()
        assert deployment.admin.post("/v1/keys", {"subject": "second", "scopes": ["runs:read"], "tenant": "local"}, expect=201)["api_key"]
    finally:
        deployment.stop()


def test_an_unknown_command_is_named(product, folders):
    told = subprocess.run([product, "frobnicate"], env=Deployment("one", product, folders("unknown")).environment(), capture_output=True, text=True, timeout=60)
    assert told.returncode == 2
    assert told.stderr == "writ: there is no command frobnicate; `writ --help` lists them\n"
