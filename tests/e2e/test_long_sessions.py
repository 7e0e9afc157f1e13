"""Sessions that are longer than the model's context, messages that are longer, and capsules whose text changed."""

import json
import shutil
from pathlib import Path

CAPSULES = Path(__file__).parent / "capsules"


def say_next(api, session: str, prompt: str, **more) -> str:
    return api.post(f"/v1/sessions/{session}/messages", {"prompt": prompt} | more, expect=201)["run_id"]


def of_type(events, type_):
    return [e["data"] for e in events if e["type"] == type_]


def test_a_session_lives_on_beyond_the_context(api):
    started = api.start("talker", "word " * 100)
    api.finished(started["run_id"])
    left_out: list[int] = []
    for n in range(25):
        run_id = say_next(api, started["session_id"], f"{n} " + "word " * 100)
        run = api.finished(run_id)
        assert "context_overflow" not in (run.get("reason") or ""), run
        left_out += [t["exchanges"] for t in of_type(api.durable_events(run_id), "context_trimmed")]
    assert left_out and left_out == sorted(left_out), "the oldest are left out, and it is said"
    last = api.finished(say_next(api, started["session_id"], "Hi"))
    assert last["status"] == "completed" or not last["reason"].startswith("context_overflow"), last


def test_a_message_longer_than_the_context_is_refused_by_name_and_the_session_goes_on(api):
    started = api.start("talker", "Hello")
    api.finished(started["run_id"])
    run = api.finished(say_next(api, started["session_id"], "word " * 12_000))
    assert run["status"] == "failed" and run["reason"].startswith("context_overflow"), run
    assert "context of" in run["reason"] and "shorten it" in run["reason"]
    run = api.finished(say_next(api, started["session_id"], "Hi"))
    assert not (run.get("reason") or "").startswith("context_overflow"), run


def test_a_capsule_that_was_edited_under_its_version_is_refused(own_platform, folders):
    capsules = folders("capsules") / "c"
    shutil.copytree(CAPSULES, capsules)
    platform = own_platform(settings={"WRIT_ORCHESTRATOR_CAPSULES": str(capsules)}).start()
    api, reviewer = platform.api(), platform.new_principal("reviewer", ["reviews:decide"])
    started = api.start("archivist")
    asked = api.until(started["run_id"], "review_requested")["data"]
    file = capsules / "archivist.json"
    text = json.loads(file.read_text())
    file.write_text(json.dumps(text | {"system_prompt": "Something else."}))
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    assert api.post("/v1/sessions", {"prompt": "x", "capsule": "archivist"}, expect=409)["code"] == "capsule_changed"
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    run = api.finished(started["run_id"])
    assert run["status"] == "failed" and run["reason"].startswith("capsule_changed"), run
    assert "new version" in run["reason"]
    file.write_text(json.dumps(text, indent=1))  # the same text in another layout is the same capsule
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    run_id = say_next(api, started["session_id"], "Go on", tool_choice="none")
    assert api.finished(run_id)["status"] == "completed"
    hashes = {r["data"]["request"]["capsule_hash"] for r in api.audit(run_id) if r["kind"] == "decision"}
    assert len(hashes) == 1 and len(hashes.pop()) == 64
