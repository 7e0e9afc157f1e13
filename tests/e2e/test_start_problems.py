"""What cannot start says why in one message, with the fix, and ends with 2; nothing is lost."""

import json
import shutil
import socket
import subprocess

import pytest

from deployment import ROOT, Deployment
from reserved_port import ReservedPort

TINY = ROOT / "models" / "tiny" / "writ-tiny.gguf"


@pytest.fixture
def fails(product, folders):
    """Runs `writ serve` (or another command) and gives what it said when it could not start."""

    def run(*arguments: str, data=None, **settings: str) -> str:
        deployment = Deployment("one", product, folders("start"))
        environment = deployment.environment(**settings)
        if data is not None:
            environment["WRIT_DATA_DIR"] = str(data)
        done = subprocess.run([product, *(arguments or ("serve",))], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
        told = [line for line in done.stderr.splitlines() if line.startswith("writ: ") and not line.startswith("writ: warning")]
        assert len(told) == 1, f"one message: {done.stderr}"
        for inside in ("terminate called", ".cc:", "what():", "Assertion"):
            assert inside not in done.stderr
        assert "is ready at" not in done.stdout
        return done.stderr

    return run


@pytest.fixture
def initialised(product, folders):
    deployment = Deployment("one", product, folders("initialised"))
    deployment.initialise()
    return deployment


def test_an_unknown_variable_is_an_error(fails):
    assert "WRIT_POLICY_REFRESHH" in fails(WRIT_POLICY_REFRESHH="5s")


def test_all_wrong_settings_are_told_at_once(fails):
    told = fails(PORT="many", WRIT_POLICY_REFRESH="5 apples", WRIT_SLM_SLOTS="0", WRIT_LOG_LEVEL="loud", WRIT_POLICY_URL="nowhere")
    for name in ("PORT", "WRIT_POLICY_REFRESH", "WRIT_SLM_SLOTS", "WRIT_LOG_LEVEL", "WRIT_POLICY_URL"):
        assert f"  {name}:" in told


def test_kubernetes_service_links_are_no_error(product, folders):
    deployment = Deployment("one", product, folders("links"), settings={"WRIT_POLICY_SERVICE_HOST": "10.0.0.1", "WRIT_POLICY_PORT": "tcp://10.0.0.1:80",
                                                                        "WRIT_POLICY_PORT_80_TCP_ADDR": "10.0.0.1"})
    try:
        deployment.start()
    finally:
        deployment.stop()


def test_a_taken_port_is_named(fails):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = fails(PORT=str(port))
    assert str(port) in told and "PORT" in told


def test_a_data_folder_that_cannot_be_written_is_named(fails, folders):
    file = folders("in-the-way") / "file"
    file.write_text("")
    told = fails(data=file / "data")
    assert str(file) in told and "WRIT_DATA_DIR" in told


def test_a_second_process_on_the_same_data_is_refused(product, fails, folders):
    first = Deployment("one", product, folders("first"))
    try:
        first.start()
        told = fails(data=first.data)
        assert str(first.data) in told or first.address() in told
        assert first.api().get("/v1/budget"), "the first goes on"
    finally:
        first.stop()


def test_a_missing_model_is_named(fails):
    told = fails(WRIT_SLM_DEFAULT_MODEL="gpt-nothing")
    assert "gpt-nothing" in told and "WRIT_SLM_DEFAULT_MODEL" in told
    assert "/nowhere/x.gguf" in fails(WRIT_SLM_MODELS="/nowhere/x.gguf")


def test_models_that_were_never_downloaded_are_told_with_the_fix(fails, folders):
    told = fails(WRIT_SLM_DEFAULT_MODEL="smollm2-135m-tools", WRIT_SLM_CACHE=str(folders("empty-cache")))
    assert "./run setup" in told


@pytest.mark.parametrize("damage", ["text", "cut", "flipped"])
def test_a_damaged_model_is_named(fails, folders, damage):
    models = folders("models")
    shutil.copytree(ROOT / "models" / "templates", models / "templates")
    shutil.copy(ROOT / "models" / "registry.json", models)
    (models / "tiny").mkdir()
    good = TINY.read_bytes()
    bad = {"text": b"no model", "cut": good[: len(good) // 2], "flipped": good[:-1000] + bytes(255 - b for b in good[-1000:])}[damage]
    file = models / "tiny" / "writ-tiny.gguf"
    file.write_bytes(bad)
    told = fails(WRIT_MODELS_DIR=str(models))
    assert "writ-tiny.gguf" in told and ("restore" in told or "./run setup" in told)


def test_a_damaged_model_of_ones_own_is_named(fails, folders):
    file = folders("own-model") / "mine.gguf"
    file.write_bytes(TINY.read_bytes()[:100_000])
    told = fails(WRIT_SLM_MODELS=str(file), WRIT_SLM_DEFAULT_MODEL="mine")
    assert str(file) in told


def test_a_service_on_an_empty_data_folder_says_what_to_run(fails):
    told = fails("serve", "--service", "identity-service")
    assert "writ init" in told


def test_a_service_that_does_not_know_where_another_is_says_which_variable(product, initialised, fails):
    told = fails("serve", "--service", "gateway-api", data=initialised.data)
    assert "WRIT_IDENTITY_URL" in told


def test_an_unknown_service_is_told_with_the_known_ones(fails):
    told = fails("serve", "--service", "billing")
    assert "billing" in told and "policy-engine" in told


def test_a_key_ring_under_another_secret_stops_the_start(product, initialised, fails):
    """It is never made anew: that would void every token and hide the mistake."""
    initialised.start()
    key = initialised.api().key
    initialised.stop()
    told = fails(data=initialised.data, WRIT_IDENTITY_JWT_SECRET="x" * 43)
    assert "key" in told
    initialised.start()
    try:
        assert initialised.api(key).get("/v1/budget"), "with the right secret all is as it was"
    finally:
        initialised.stop()


@pytest.mark.parametrize("change", ["rule", "signature", "signer"])
def test_a_forged_constitution_stops_the_start(initialised, fails, change):
    file = initialised.data / "policy" / "constitution.json"
    document = json.loads(file.read_text())
    if change == "rule":
        document["constitution"]["policies"] += "\n@id(\"all\") permit (principal, action, resource);"
    elif change == "signature":
        document["signature"] = document["signature"][::-1]
    else:
        (initialised.data / "policy" / "signers.json").write_text('{"keys": []}')
    file.write_text(json.dumps(document))
    told = fails(data=initialised.data)
    assert "constitution" in told


def test_a_bundle_with_a_wrong_rule_is_refused_by_line(fails, folders):
    bundle = folders("bundle") / "b"
    shutil.copytree(ROOT / "policies", bundle)
    (bundle / "wrong.cedar").write_text('@id("wrong")\npermit (principal, action == Action::"tool.cal", resource);\n')
    told = fails("init", "--bundle", str(bundle))
    assert "wrong" in told


def test_temporal_is_not_there_yet_and_says_so(fails):
    assert "TEMPORAL_ENABLED" in fails(TEMPORAL_ENABLED="true")


def test_a_broken_capsule_is_named(fails, folders):
    capsules = folders("capsules")
    (capsules / "bad.json").write_text('{"name": "bad", "version": 0}')
    told = fails(WRIT_ORCHESTRATOR_CAPSULES=str(capsules))
    assert "bad.json" in told and "/version" in told


def test_init_changes_nothing_that_is_there(product, initialised):
    files = {f: f.read_bytes() for f in initialised.data.rglob("*") if f.is_file()}
    again = subprocess.run([product, "init", "--json"], env=initialised.environment(), capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["files"] == [] and "admin_key" not in json.loads(again.stdout)
    assert {f: f.read_bytes() for f in initialised.data.rglob("*") if f.is_file()} == files


def test_secrets_are_for_their_owner_only(initialised):
    for file in [initialised.data, initialised.data / "local.key", *(initialised.data / "secrets").iterdir()]:
        assert file.stat().st_mode & 0o077 == 0, file


def test_no_secret_is_in_a_log(product, initialised):
    initialised.start()
    api = initialised.api()
    token = initialised.admin.post("/v1/tokens/issue", {"subject": "developer"})["access_token"]
    made = initialised.admin.post("/v1/keys", {"subject": "x", "scopes": ["runs:read"]}, expect=201)["api_key"]
    api.finished(api.start("talker", "A very private question")["run_id"])
    initialised.stop()
    log = initialised.processes["writ"].log.read_text()
    secrets = [f.read_text() for f in (initialised.data / "secrets").iterdir()] + [token, made, initialised.admin_key]
    assert not [s for s in secrets if s.strip() in log]
    assert "very private question" not in log


def test_port_zero_takes_a_free_one_and_a_named_port_is_taken(product, folders):
    port = ReservedPort()
    deployment = Deployment("one", product, folders("port"))
    try:
        deployment.start(PORT=str(port.number))
        assert deployment.address() == f"http://127.0.0.1:{port.number}"
    finally:
        deployment.stop()
