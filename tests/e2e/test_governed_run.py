"""One governed run, with assertions on schema, decision, audit and metrics at every hop."""

from collections import Counter

import pytest

import audit_chain
from api import forced
from deployment import SERVICES, poll
from metrics import Rise, Samples

ACTIONS_OF_ERRAND = ["run.start"] + ["model.call", "model.output", "tool.call", "tool.result"] * 2 + ["model.call", "model.output"]


@pytest.fixture(scope="module")
def errand(api):
    """A run that calculates, remembers and answers: every service has its part in it."""
    started = api.start("errand", metadata={"purpose": "e2e"})
    events = api.durable_events(started["run_id"])
    return started, events


def decided(events):
    return [e["data"] for e in events if e["type"] == "decided"]


def test_the_run_goes_the_way_its_capsule_forces(errand):
    _, events = errand
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert [d["action"] for d in decided(events)] == ACTIONS_OF_ERRAND
    assert {d["decision"] for d in decided(events)} == {"allow"}
    assert [e["data"]["tool"] for e in events if e["type"] == "tool_result"] == ["calculator", "remember"]
    assert events[0]["type"] == "run_started" and events[-1]["type"] == "run_finished"
    assert events[-1]["data"]["status"] == "completed"


def test_every_answer_matches_its_declared_schema(api, openapi, errand):
    started, events = errand
    openapi.check_answer("gateway.start_session", started)
    for event in events:
        openapi.check_answer("gateway.events", event)
    openapi.check_answer("gateway.run", api.run(started["run_id"]))
    openapi.check_answer("gateway.session", api.get(f"/v1/sessions/{started['session_id']}"))
    openapi.check_answer("gateway.reviews", api.get("/v1/reviews"))
    openapi.check_answer("gateway.audit", api.get("/v1/audit", params={"run_id": started["run_id"]}))
    openapi.check_answer("gateway.budget", api.get("/v1/budget"))
    openapi.check_answer("gateway.verify_audit", api.post("/v1/audit/verify"))


def test_the_run_sums_up_its_events(api, errand):
    started, events = errand
    run = api.run(started["run_id"])
    outputs = [e["data"] for e in events if e["type"] == "model_output"]
    assert run["status"] == "completed"
    assert run["capsule"] == "errand@1"
    assert run["answer"] == outputs[-1]["text"] == events[-1]["data"]["answer"]
    assert run["last_seq"] == len(events)
    assert run["steps"] == 3
    assert run["usage"]["prompt"] == sum(o["usage"]["prompt"] for o in outputs)
    assert run["usage"]["completion"] == sum(o["usage"]["completion"] for o in outputs)
    assert "finished_at" in run and "review_id" not in run


def test_the_session_holds_the_conversation(api, errand):
    started, events = errand
    session = api.get(f"/v1/sessions/{started['session_id']}")
    assert session["runs"] == [started["run_id"]]
    assert session["metadata"] == {"purpose": "e2e"}
    assert session["messages"][0] == {"role": "user", "content": events[0]["data"]["prompt"], "run_id": started["run_id"]}
    assert [m["role"] for m in session["messages"] if m["role"] != "assistant"] == ["user", "tool", "tool"]


def test_arguments_and_results_match_the_tools(errand):
    _, events = errand
    calculated, remembered = [e["data"] for e in events if e["type"] == "tool_result"]
    begun = {e["data"]["call_id"]: e["data"] for e in events if e["type"] == "step_started" and e["data"]["kind"] == "tool"}
    assert set(begun[calculated["call_id"]]["arguments"]) == {"expression"}
    assert set(calculated.get("result") or calculated["error"]) in ({"result"}, {"error", "message"})
    arguments = begun[remembered["call_id"]]["arguments"]
    assert set(arguments) == {"key", "value"}
    assert remembered["result"] == {"saved": True, "key": arguments["key"]}


def test_no_effect_comes_before_its_decision(errand):
    _, events = errand
    allowed = set()
    for event in events:
        data = event["data"]
        if event["type"] == "decided" and data["decision"] == "allow":
            allowed.add((data["action"], data.get("call_id", ""), data["step"]))
        elif event["type"] == "step_started" and data["kind"] == "tool":
            assert ("tool.call", data["call_id"], data["step"]) in allowed
        elif event["type"] == "model_output":
            assert {("model.call", "", data["step"]), ("model.output", "", data["step"])} <= allowed
        elif event["type"] == "tool_result":
            assert ("tool.result", data["call_id"], data["step"]) in allowed


def test_every_decided_event_has_its_audit_record(api, errand):
    started, events = errand
    records = api.audit(started["run_id"])
    decisions = {r["data"]["decision_id"]: r["data"] for r in records if r["kind"] == "decision"}
    for event in decided(events):
        record = decisions[event["decision_id"]]
        assert record["decision"] == event["decision"]
        assert record["request"]["action"] == event["action"]
        assert record["request"]["resource"] == event["resource"]
        assert record["policy_version"] == event["policy_version"]
        assert record["reasons"] == event["reasons"] and event["reasons"]
        assert record["request"]["context"]["run"]["id"] == started["run_id"]
        assert record["request"]["principal"] == {"type": "User", "id": "developer"}


def test_every_model_call_is_settled_once_at_what_it_used(api, errand):
    started, events = errand
    records = api.audit(started["run_id"])
    calls = [d["decision_id"] for d in decided(events) if d["action"] == "model.call"]
    settled = {r["data"]["decision_id"]: r["data"] for r in records if r["kind"] == "settle"}
    assert Counter(r["data"]["decision_id"] for r in records if r["kind"] == "settle") == Counter(calls)
    outputs = [e["data"]["usage"] for e in events if e["type"] == "model_output"]
    assert [settled[c]["tokens"] for c in calls] == [u["prompt"] + u["completion"] for u in outputs]
    assert all(s["overrun"] == 0 for s in settled.values())


def test_the_end_of_the_run_is_told_to_the_audit(api, errand):
    started, _ = errand
    [end] = poll(lambda: [r for r in api.audit(started["run_id"]) if r["kind"] == "run.finished"], "the audit knows the run's end", 10)
    assert end["data"]["status"] == "completed" and end["data"]["subject"] == "developer"


def test_the_whole_chain_holds(api, errand):
    audit_chain.check_chain(api.audit())
    report = api.post("/v1/audit/verify")
    assert report["ok"] and report["problems"] == []
    assert report["records"] == len(api.audit())


def test_the_counters_of_every_service_rise_by_what_the_run_explains(own_platform):
    platform = own_platform().start()
    api = platform.api()
    api.get("/v1/budget")  # the key is exchanged; what follows is the run alone
    rise = Rise(platform)
    started = api.start("errand")
    run_id = started["run_id"]
    events = api.durable_events(run_id)
    poll(lambda: any(r["kind"] == "run.finished" for r in api.audit(run_id)), "the audit knows the run's end", 10)
    records = api.audit(run_id)
    rise.now()

    outputs = [e["data"]["usage"] for e in events if e["type"] == "model_output"]
    asked = Counter((r["data"]["request"]["action"], r["data"]["decision"]) for r in records if r["kind"] == "decision")
    prompt, completion = sum(u["prompt"] for u in outputs), sum(u["completion"] for u in outputs)
    told = [r for r in records if r["kind"] not in ("decision", "settle", "release")]

    assert rise.by("policy_decisions_total", "action", "decision") == dict(asked)
    assert rise.of("policy_settled_tokens_total") == prompt + completion
    assert rise.of("policy_overrun_tokens_total") == 0
    assert rise.of("gen_ai_server_tokens_total", type="input") == prompt
    assert rise.of("gen_ai_server_tokens_total", type="output") == completion
    assert rise.of("gen_ai_server_request_duration_seconds_count") == len(outputs)
    assert rise.of("orchestrator_runs_started_total") == 1
    assert rise.by("orchestrator_runs_finished_total", "status") == {("completed",): 1}
    assert rise.by("orchestrator_steps_total", "kind") == {("start",): 1, ("model",): 3, ("tool",): 2}
    assert rise.of("orchestrator_tool_calls_total") == 2
    assert rise.of("orchestrator_step_restarts_total") == rise.of("orchestrator_dependency_waits_total") == 0

    done = rise.by("requests_total", "service_name", "operation", "outcome")
    expected = {
        ("gateway-api", "gateway.start_session"): 1, ("gateway-api", "gateway.events"): 1,
        ("orchestrator", "orchestrator.start"): 1, ("orchestrator", "orchestrator.watch"): 1,
        # The start, models, tools, the judgement of each result; between processes a proof for each service that is asked.
        ("identity-service", "identity.resolve"): 1 + 3 + 2 + 2 + (3 if platform.shape == "split" else 0),
        ("policy-engine", "policy.evaluate"): sum(asked.values()) - len(outputs),
        ("policy-engine", "policy.finish"): len(outputs),
        ("slm-service", "slm.count"): 3, ("slm-service", "slm.chat"): 3,
        ("recall-service", "recall.put"): 1,
    }
    for (service, operation), times in expected.items():
        assert {k: v for k, v in done.items() if k[:2] == (service, operation)} == {(service, operation, "ok"): times}
    # Reads of the audit and other administration are told there, too.
    assert sum(v for k, v in done.items() if k[1] == "policy.append_audit") >= len(told) > 0
    # What the run does not explain: looks by this test, and the feeds that every process follows.
    looks = {"gateway.audit", "gateway.run", "policy.list_audit", "policy.inspect", "policy.constitution", "policy.keys", "policy.append_audit",
             "slm.models", "identity.exchange", "identity.jwks", "identity.revocations", "identity.token", "ops.metrics", "ops.health", "ops.ready"}
    assert {k[1] for k in done} <= {operation for _, operation in expected} | looks
    assert {k[2] for k in done} == {"ok"}


def test_each_service_has_its_own_metrics(platform):
    for role, service in SERVICES.items():
        assert Samples(platform.metrics_text(role)).total("service_healthy", service_name=service) == 1


def test_a_session_goes_on_with_the_next_message(api):
    first = api.start("talker", "Hello")
    api.finished(first["run_id"])
    second = api.post(f"/v1/sessions/{first['session_id']}/messages", {"prompt": "And then?"}, expect=201)
    assert second["session_id"] == first["session_id"] and second["run_id"] != first["run_id"]
    one, two = api.finished(first["run_id"]), api.finished(second["run_id"])
    assert two["usage"]["prompt"] > one["usage"]["prompt"], "the second run has read the first"
    assert api.get(f"/v1/sessions/{first['session_id']}")["runs"] == [first["run_id"], second["run_id"]]


def test_one_run_of_a_session_at_a_time(api):
    parked = api.start("archivist")
    api.until(parked["run_id"], "review_requested")
    answer = api.post(f"/v1/sessions/{parked['session_id']}/messages", {"prompt": "And then?"}, expect=409)
    assert answer["code"] == "run_active"
    api.post(f"/v1/runs/{parked['run_id']}/cancel")


def test_the_same_idempotency_key_starts_one_session(api):
    first = api.start("talker", idempotency_key="e2e-once")
    again = api.start("talker", idempotency_key="e2e-once")
    assert (again["session_id"], again["run_id"]) == (first["session_id"], first["run_id"])
    other = api.request("POST", "/v1/sessions", json={"prompt": "Something else", "capsule": "talker"}, headers={"Idempotency-Key": "e2e-once"})
    assert other.status_code == 409, other.text


def test_a_client_may_force_the_first_tool(api):
    started = api.start("errand", tool_choice=forced("remember"))
    called = [e["data"]["tool"] for e in api.durable_events(started["run_id"]) if e["type"] == "tool_result"]
    assert called == ["remember", "remember"], "the first by the client, the second by the capsule"
