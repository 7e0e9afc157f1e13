"""Secrets are their owner's, keys are shown once, and what a terminal is shown has no teeth."""

import json
import os
import re
import shutil
import subprocess

import pytest

from deployment import Deployment

TEETH = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.fixture
def initialised(product, folders):
    deployment = Deployment("one", product, folders("private"))
    deployment.initialise()
    yield deployment
    deployment.stop()


def run(product, deployment, *arguments, **settings) -> subprocess.CompletedProcess:
    return subprocess.run([product, *arguments], env=deployment.environment(**settings), capture_output=True, text=True, timeout=120)


def refused(product, deployment) -> str:
    done = run(product, deployment, "serve")
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    return done.stderr


@pytest.mark.parametrize("file", ["secrets/identity", "local.key", "identity/bootstrap.json"])
@pytest.mark.parametrize("mode", [0o644, 0o620])
def test_a_secret_that_others_reach_stops_the_start_with_its_fix(product, initialised, file, mode):
    (initialised.data / file).chmod(mode)
    told = refused(product, initialised)
    assert f"chmod 600 {initialised.data / file}" in told
    found = run(product, initialised, "doctor", "--json")
    assert found.returncode == 1
    assert any(str(initialised.data / file) in c["check"] and not c["ok"] for c in json.loads(found.stdout)["checks"])


def test_a_data_folder_that_others_write_to_stops_the_start_and_one_they_look_into_is_warned_of(product, initialised):
    initialised.data.chmod(0o777)
    assert f"chmod 700 {initialised.data}" in refused(product, initialised)
    initialised.data.chmod(0o755)
    initialised.start()
    assert f"chmod 700 {initialised.data}" in initialised.processes["writ"].log.read_text()


def test_a_link_where_a_secret_is_stops_the_start(product, initialised, folders):
    elsewhere = folders("elsewhere") / "key"
    shutil.move(initialised.data / "secrets" / "policy", elsewhere)
    os.symlink(elsewhere, initialised.data / "secrets" / "policy")
    assert "symbolic link" in refused(product, initialised)


def test_the_key_is_shown_by_the_first_start_only(product, folders):
    deployment = Deployment("one", product, folders("key"))
    deployment.admin_key = "unknown"
    deployment.folder.mkdir(parents=True, exist_ok=True)
    try:
        deployment.start()
        key = (deployment.data / "local.key").read_text().strip()
        log = deployment.processes["writ"].log
        assert f"key: {key}\n" in log.read_text()
        deployment.stop()
        log.write_text("")
        deployment.start()
        again = log.read_text()
        assert "writ_" not in again
        assert f"key: kept in {deployment.data / 'local.key'}" in again
    finally:
        deployment.stop()


def test_doctor_finds_nothing_wrong_with_a_new_folder_and_names_a_taken_port(product, initialised):
    well = run(product, initialised, "doctor", "--json")
    assert well.returncode == 0, well.stdout
    checks = {c["check"]: c for c in json.loads(well.stdout)["checks"]}
    assert {"settings", "private", "data_folder", "disk", "port", "processor", "server", "model writ-tiny"} <= set(checks)
    initialised.start()
    port = initialised.address().rsplit(":", 1)[1]
    other = run(product, initialised, "doctor", WRIT_DATA_DIR=str(initialised.folder / "other"), PORT=port)
    assert other.returncode == 1 and "set PORT to another" in other.stdout
    assert not (initialised.folder / "other").exists(), "it changes nothing"


def test_what_a_setting_or_a_file_is_called_reaches_no_terminal_raw(product, initialised, folders):
    evil = "x\x1b[2J\u202e\u200b\u009b31m"
    told = run(product, initialised, "serve", WRIT_SLM_DEFAULT_MODEL=evil)
    assert told.returncode == 2 and not TEETH.search(told.stderr), repr(told.stderr)
    told = run(product, initialised, "frobnicate\x1b[2J")
    assert not TEETH.search(told.stderr), repr(told.stderr)
    told = run(product, initialised, "ask", "hi", "--model", evil)
    assert not TEETH.search(told.stderr + told.stdout), repr(told.stderr)


def test_what_a_person_wrote_is_in_the_audit_list_as_json_escapes(product, initialised):
    initialised.start()
    asked = run(product, initialised, "ask", "say \u202e\x1b[2J\u200b", "--model", "m\u202e\u009b")
    listed = run(product, initialised, "audit", "list", "--limit", "1000")
    for text in (asked.stdout, asked.stderr, listed.stdout, initialised.processes["writ"].log.read_text()):
        assert not TEETH.search(text), repr(TEETH.search(text))
    assert [json.loads(line) for line in listed.stdout.splitlines()]
