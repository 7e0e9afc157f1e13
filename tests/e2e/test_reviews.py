"""Reviewed actions: a run waits for a person with the right scope who is not its requester, through a crash."""

import pytest


@pytest.fixture
def parked(api):
    started = api.start("archivist")
    asked = api.until(started["run_id"], "review_requested")
    return started["run_id"], asked["data"]["review_id"], asked


def of_type(events, type_):
    return [e["data"] for e in events if e["type"] == type_]


def test_a_reviewed_tool_waits_and_is_listed(api, reviewer, openapi, parked):
    run_id, review_id, asked = parked
    run = api.run(run_id)
    assert (run["status"], run["review_id"]) == ("waiting_review", review_id)
    assert asked["data"]["tool"] == "remember" and asked["data"]["kind"] == "action" and asked["data"]["scope"] == "reviews:decide"
    [review] = [r for r in reviewer.get("/v1/reviews")["reviews"] if r["review_id"] == review_id]
    assert review["status"] == "open" and review["requested_by"] == "developer" and review["run_id"] == run_id
    assert review["arguments"] == asked["data"]["arguments"]
    assert [r["review_id"] for r in reviewer.get("/v1/reviews", params={"run_id": run_id})["reviews"]] == [review_id]


def test_nobody_answers_their_own_request(api, parked):
    run_id, review_id, _ = parked
    for answer in ("approve", "deny"):
        assert api.post(f"/v1/reviews/{review_id}/{answer}", {}, expect=403)["code"] == "own_request"
    assert api.run(run_id)["status"] == "waiting_review"


def test_without_the_scope_nobody_answers(api, platform, parked):
    run_id, review_id, _ = parked
    reader = platform.new_principal("reader", ["runs:read"])
    assert reader.post(f"/v1/reviews/{review_id}/approve", {}, expect=403)["code"] == "missing_scope"
    assert api.run(run_id)["status"] == "waiting_review"


def test_the_scope_is_the_one_that_the_rule_names(api, platform, reviewer):
    run_id = api.start("vault")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    assert asked["scope"] == "reviews:vault"
    assert reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {}, expect=403)["code"] == "missing_scope"
    keeper = platform.new_principal("keeper", ["reviews:decide", "reviews:vault"])
    keeper.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    assert api.finished(run_id)["status"] == "completed"


def test_each_rule_that_wants_a_review_has_its_own(api, platform, reviewer):
    run_id = api.start("treaty")["run_id"]
    event = api.until(run_id, "review_requested")
    first = event["data"]
    assert (first["rule"], first["scope"]) == ("e2e-treaty-first", "reviews:decide")
    reviewer.post(f"/v1/reviews/{first['review_id']}/approve", {})
    event = api.until(run_id, "review_requested", after=event["seq"])
    second = event["data"]
    assert (second["rule"], second["scope"]) == ("e2e-treaty-second", "reviews:vault")
    assert api.run(run_id)["status"] == "waiting_review"
    assert reviewer.post(f"/v1/reviews/{second['review_id']}/approve", {}, expect=403)["code"] == "missing_scope"
    keeper = platform.new_principal("treaty-keeper", ["reviews:decide", "reviews:vault"])
    # The keeper changes what is remembered: then who looked at the first text looks again.
    keeper.post(f"/v1/reviews/{second['review_id']}/approve", {"arguments": {"key": "peace", "value": "forever"}})
    third = api.until(run_id, "review_requested", after=event["seq"])["data"]
    assert third["rule"] == "e2e-treaty-first" and third["arguments"] == {"key": "peace", "value": "forever"}
    [listed] = [r for r in reviewer.get("/v1/reviews", params={"run_id": run_id})["reviews"] if r["status"] == "open"]
    assert listed["rule"] == "e2e-treaty-first"
    reviewer.post(f"/v1/reviews/{third['review_id']}/approve", {})
    assert api.finished(run_id)["status"] == "completed"
    [result] = of_type(api.durable_events(run_id), "tool_result")
    assert result["result"] == {"saved": True, "key": "peace"}
    decided = [d["decision"] for d in of_type(api.durable_events(run_id), "decided") if d["action"] == "tool.call"]
    assert decided == ["review", "review", "review", "allow"]


def test_an_approved_tool_is_decided_again_and_called(api, reviewer, parked):
    run_id, review_id, asked = parked
    review = reviewer.post(f"/v1/reviews/{review_id}/approve", {"note": "fine"})
    assert review["status"] == "approved" and review["answered_by"] == "reviewer"
    assert api.finished(run_id)["status"] == "completed"
    events = api.durable_events(run_id)
    assert [d["decision"] for d in of_type(events, "decided") if d["action"] == "tool.call"] == ["review", "allow"]
    [result] = of_type(events, "tool_result")
    assert result["result"] == {"saved": True, "key": asked["data"]["arguments"]["key"]}
    [answered] = of_type(events, "review_answered")
    assert (answered["answer"], answered["by"], answered["note"]) == ("approve", "reviewer", "fine")


def test_a_denied_review_is_told_to_the_model(api, reviewer, parked):
    run_id, review_id, _ = parked
    assert reviewer.post(f"/v1/reviews/{review_id}/deny", {"note": "not today"})["status"] == "denied"
    assert api.finished(run_id)["status"] == "completed"
    events = api.durable_events(run_id)
    assert of_type(events, "tool_result") == []
    assert [d["decision"] for d in of_type(events, "decided") if d["action"] == "tool.call"] == ["review"]


def test_edited_arguments_are_what_is_called(api, reviewer, parked):
    run_id, review_id, _ = parked
    reviewer.post(f"/v1/reviews/{review_id}/approve", {"arguments": {"key": "colour", "value": "teal"}})
    api.finished(run_id)
    events = api.durable_events(run_id)
    [result] = of_type(events, "tool_result")
    assert result["result"] == {"saved": True, "key": "colour"}
    # What was saved is found by another run, whose key a reviewer gives.
    second = api.start("archivist", tool_choice={"type": "function", "function": {"name": "recall"}})["run_id"]
    asked = api.until(second, "review_requested")["data"]
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {"arguments": {"key": "colour"}})
    result = api.until(second, "tool_result")["data"]
    assert result["result"] == {"found": True, "key": "colour", "value": "teal"}
    api.finished(second)


def test_edited_arguments_must_match_the_tools_schema(api, reviewer, parked):
    run_id, review_id, _ = parked
    answer = reviewer.post(f"/v1/reviews/{review_id}/approve", {"arguments": {"key": 7, "extra": True}}, expect=400)
    assert answer["code"] == "bad_arguments"
    assert {p["pointer"] for p in answer["problems"]} == {"/arguments/key", "/arguments/value", "/arguments/extra"}
    assert api.run(run_id)["status"] == "waiting_review"


def test_a_review_is_answered_once(api, reviewer, parked):
    run_id, review_id, _ = parked
    reviewer.post(f"/v1/reviews/{review_id}/deny", {})
    assert reviewer.post(f"/v1/reviews/{review_id}/approve", {}, expect=409)["code"] == "review_answered"
    api.finished(run_id)


def test_retry_and_done_are_not_for_an_action(reviewer, parked):
    _, review_id, _ = parked
    assert reviewer.post(f"/v1/reviews/{review_id}/retry", {}, expect=400)["code"] == "bad_answer"
    assert reviewer.post(f"/v1/reviews/{review_id}/done", {"result": {}}, expect=400)["code"] == "bad_answer"


def test_the_start_of_a_run_can_be_reviewed(api, reviewer):
    run_id = api.start("ceremony")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    assert api.finished(run_id)["status"] == "completed"


def test_a_model_call_of_a_run_can_be_reviewed(platform, reviewer):
    watched = platform.new_principal("watched", ["runs:write", "runs:read"])
    run_id = watched.start("talker", "Hello")["run_id"]
    asked = watched.until(run_id, "review_requested")["data"]
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    assert watched.finished(run_id)["status"] == "completed"


def test_the_denied_start_of_a_run_ends_it(api, reviewer):
    run_id = api.start("ceremony")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    reviewer.post(f"/v1/reviews/{asked['review_id']}/deny", {"note": "no"})
    run = api.finished(run_id)
    assert run["status"] == "denied" and run["reason"].startswith("review_denied")


def test_a_review_survives_the_death_of_its_service(own_platform):
    platform = own_platform().start()
    api, reviewer = platform.api(), platform.new_principal("reviewer", ["reviews:decide"])
    run_id = api.start("archivist")["run_id"]
    asked = api.until(run_id, "review_requested")["data"]
    platform.kill("orchestrator")
    platform.restart("orchestrator")
    assert api.run(run_id)["status"] == "waiting_review"
    assert api.post(f"/v1/reviews/{asked['review_id']}/approve", {}, expect=403)["code"] == "own_request"
    reviewer.post(f"/v1/reviews/{asked['review_id']}/approve", {})
    assert api.finished(run_id)["status"] == "completed"
    [result] = of_type(api.durable_events(run_id), "tool_result")
    assert result["result"] == {"saved": True, "key": asked["arguments"]["key"]}


def test_a_review_that_nobody_answers_is_denied_in_time(own_platform):
    platform = own_platform(settings={"WRIT_ORCHESTRATOR_REVIEW_EXPIRY": "1s"}).start()
    api = platform.api()
    run_id = api.start("archivist")["run_id"]
    assert api.finished(run_id)["status"] == "completed"
    [answered] = of_type(api.durable_events(run_id), "review_answered")
    assert answered["answer"] == "deny" and "by" not in answered
