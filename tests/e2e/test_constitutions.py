"""The life of a constitution: signed, taken up, kept, never gone back on; and what people are told of it."""

import datetime
import json
import subprocess

import pytest

from deployment import make_bundle, poll


class Policy:
    """`writ policy` on a deployment's data folder."""

    def __init__(self, deployment, folder):
        self.deployment, self.folder = deployment, folder

    def __call__(self, *arguments, expect: int = 0) -> str:
        done = subprocess.run([self.deployment.binary, "policy", *map(str, arguments)], env=self.deployment.environment(), capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout if expect == 0 else done.stdout + done.stderr

    def json(self, *arguments, expect: int = 0) -> dict:
        return json.loads(self(*arguments, "--json", expect=expect))

    def bundle(self, name: str, **limits):
        folder = self.folder / name
        if not folder.exists():
            made = make_bundle(folder)
            text = json.loads((made / "limits.json").read_text())
            (made / "limits.json").write_text(json.dumps(text | limits))
        return folder

    @property
    def file(self):
        return self.deployment.data / "policy" / "constitution.json"


@pytest.fixture
def served(own_platform, tmp_path, shape):
    if shape != "one":
        pytest.skip("policy-engine is the same in both shapes")
    platform = own_platform(settings={"WRIT_POLICY_REFRESH": "1s"}).start()
    return platform, Policy(platform, tmp_path)


def detail(platform) -> dict:
    return platform.readiness()[1]["checks"]["policy.constitution"]["detail"]


def in_an_hour() -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_signing_tells_what_became_of_it(served):
    platform, policy = served
    assert detail(platform)["version"] == 1
    told = policy.json("sign", policy.bundle("two", max_tokens_per_call=2000))
    assert (told["version"], told["state"]) == (2, "active")
    assert detail(platform)["version"] == 2
    later = policy.json("sign", policy.bundle("three", max_tokens_per_call=1900), "--valid-from", in_an_hour())
    assert (later["version"], later["state"]) == (3, "pending")
    assert [p["version"] for p in detail(platform)["pending"]] == [3] and detail(platform)["version"] == 2
    for version in (1, 2, 3):
        assert "versions never go back" in policy("sign", policy.folder / "two", "--constitution-version", version, expect=1)
    kinds = [r["kind"] for r in platform.admin.get("/v1/audit", params={"tenant": "writ", "limit": 200})["records"]]
    assert [k for k in kinds if k.startswith("constitution.")] == ["constitution.activated", "constitution.activated", "constitution.pending"]


def test_an_older_text_stays_refused_over_a_restart(served):
    platform, policy = served
    first = policy.file.read_bytes()
    policy("sign", policy.bundle("two", max_tokens_per_call=2000))
    policy.file.write_bytes(first)
    refused = poll(lambda: detail(platform).get("refused"), "the older text is refused")
    assert refused["code"] == "constitution_version"
    platform.kill("policy")
    platform.restart("policy")
    assert detail(platform)["version"] == 2 and detail(platform)["refused"]["code"] == "constitution_version"
    history = policy.json("history")
    assert [(c["version"], c["state"]) for c in history["constitutions"]] == [(2, "active"), (1, "superseded")]
    assert len(history["refused"]) == 1
    assert "constitution_refused" in platform.process_of("policy").log.read_text()


def test_what_was_signed_is_shown_compared_and_rolled_back_to(served):
    platform, policy = served
    policy("sign", policy.bundle("two", max_tokens_per_call=2000))
    assert policy.json("show")["constitution"]["max_tokens_per_call"] == 2000
    assert policy.json("show", 1)["constitution"]["version"] == 1
    assert "max_tokens_per_call: 2000" in policy("show") and "permit (" in policy("show")
    assert "/max_tokens_per_call: 4096 -> 2000" in policy("diff", 1, 2) or "-> 2000" in policy("diff", 1)
    assert [m["pointer"] for m in policy.json("diff", 1)["members"]] == ["/max_tokens_per_call"]
    back = policy.json("rollback", 1)
    assert (back["version"], back["state"]) == (3, "active")
    assert policy("diff", 1, 3) == "they say the same\n"
    assert [c["version"] for c in policy.json("history")["constitutions"]] == [3, 2, 1]
    lines = policy("history").splitlines()
    assert lines[0].split()[:2] == ["3", "active"] and lines[2].split()[:2] == ["1", "superseded"]
    assert "no constitution of version 9 was ever accepted" in policy("show", 9, expect=1)
    assert "no constitution of version 9 was ever accepted" in policy("rollback", 9, expect=1)


def test_without_a_server_it_is_written_and_taken_up_at_the_next_start(served):
    platform, policy = served
    platform.kill("policy")
    told = policy.json("sign", policy.bundle("two", max_tokens_per_call=2000))
    assert (told["version"], told["state"]) == (2, "written")
    assert [c["version"] for c in policy.json("history")["constitutions"]] == [1]
    platform.restart("policy")
    assert detail(platform)["version"] == 2


def test_a_damaged_file_is_refused_shown_and_mended_by_the_next_signing(served):
    platform, policy = served
    policy.file.write_text('{"constitution": {}}')
    poll(lambda: detail(platform).get("refused"), "it is refused")
    assert detail(platform)["version"] == 1
    kinds = [r["kind"] for r in platform.admin.get("/v1/audit", params={"tenant": "writ", "limit": 200})["records"]]
    assert kinds.count("constitution.refused") == 1
    assert policy.json("history")["refused"][0]["code"] == "bad_constitution"
    told = policy.json("sign", policy.bundle("two", max_tokens_per_call=2000))
    assert told["state"] == "active" and "refused" not in detail(platform)
